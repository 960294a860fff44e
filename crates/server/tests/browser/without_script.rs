//! The main path for people without our script, and with the keyboard alone.

use anyhow::{Result, bail};

use crate::harness::{Browser, Page, Theme, Width, button, link};
use crate::program::Program;
use crate::walk::no_quiet_hours;

const PEOPLE: &str = "Name,Phone\nAsha Rao,90000 00901\nRavi Menon,12\nDivya Nair,+91 90000 00903\n";
/// A workshop of the demonstration without registrants.
const WORKSHOP: &str = "Canva Masterclass";
/// The most presses of a key from one end of a page to the other.
const TABS_MAX: usize = 160;

async fn import(page: &Page, program: &Program) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("people.csv");
    std::fs::write(&file, PEOPLE)?;
    page.goto(&format!("{}/workshops", program.url)).await?;
    page.click(WORKSHOP).await?;
    page.click(link("Import people").nth(0)).await?;
    page.upload("File", &[&file]).await?;
    page.click(button("Upload")).await?;
    page.wait_url("/columns").await?;
    page.click("Check the rows").await?;
    page.wait_text("1 row to fix").await?;
    page.fill("Phone number, row 3", "90000 00902").await?;
    page.click("Save corrections").await?;
    page.wait_text("All rows are corrected").await?;
    page.click("Import 3 people").await?;
    page.click("Open workshop").await?;
    page.wait_text("Asha Rao").await
}

/// Loads the page of the broadcast again, as people without script do, until it has ended.
async fn finished(page: &Page) -> Result<()> {
    for _ in 0..60 {
        let text = page.text().await?;
        if text.contains("Completed") {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        page.goto(&page.url().await?).await?;
    }
    bail!("the broadcast does not end: {}", page.text().await?)
}

#[tokio::test]
async fn from_import_to_the_end_of_a_broadcast_without_script() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.set_script(false).await?;
    page.goto(&program.link).await?;
    page.click("Sign in").await?;
    no_quiet_hours(&page, &program).await?;
    import(&page, &program).await?;
    page.click("Send Message Now").await?;
    page.select("Template", "Seat confirmed").await?;
    page.click("Update").await?;
    page.click("Review and send").await?;
    page.wait_text("to 3 people now?").await?;
    page.click(button("Send to 3 people")).await?;
    page.wait_url("/broadcasts/").await?;
    finished(&page).await?;
    page.wait_text("3 people, each counted once").await?;
    page.wait_text("1–3 of 3").await?;
    // A message has its own page where there is no drawer.
    page.click(link("Asha Rao")).await?;
    page.wait_text("What happened").await?;
    page.assert_quiet().await
}

/// Moves the focus forward until it is on something of that name.
async fn tab_to(page: &Page, name: &str) -> Result<()> {
    for _ in 0..TABS_MAX {
        page.press("Tab").await?;
        if page.focused().await? == name {
            return Ok(());
        }
    }
    bail!("{TABS_MAX} tabs do not lead to “{name}”; the last was “{}”", page.focused().await?)
}

#[tokio::test]
async fn signing_in_and_confirming_need_only_a_keyboard() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.goto(&program.link).await?;
    tab_to(&page, "Sign in").await?;
    page.press("Enter").await?;
    page.wait_text("Workshop notification").await?;
    no_quiet_hours(&page, &program).await?;
    page.goto(&format!("{}/?channel=personal", program.url)).await?;
    tab_to(&page, "Review and send").await?;
    page.press("Enter").await?;
    page.wait_for("document.querySelector('dialog[open]')").await?;
    let people: String =
        page.eval("document.querySelector('dialog[open] h2').innerText.match(/([0-9,]+) pe/)[1]").await?;
    // Escape closes the dialog and returns the focus.
    page.press("Escape").await?;
    page.wait_for("!document.querySelector('dialog[open]')").await?;
    assert_eq!(page.focused().await?, "Review and send");
    page.press("Enter").await?;
    page.wait_for("document.querySelector('dialog[open]')").await?;
    tab_to(&page, &format!("Send to {people} people")).await?;
    page.press("Enter").await?;
    page.wait_url("/broadcasts/").await?;
    // A message opens in the drawer, and Escape closes it and returns the focus. A person without a number is counted
    // and not told.
    page.wait_text("people, each counted once").await?;
    page.wait_for("document.querySelector('.m-rowlink')").await?;
    let name: String = page.eval("document.querySelector('.m-people .m-rowlink').innerText").await?;
    tab_to(&page, &name).await?;
    page.press("Enter").await?;
    page.wait_for("document.querySelector('dialog[open] .m-time')").await?;
    page.press("Escape").await?;
    page.wait_for("!document.querySelector('dialog')").await?;
    assert_eq!(page.focused().await?, name);
    page.assert_quiet().await
}
