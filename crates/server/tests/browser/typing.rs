//! A press right after typing is not lost: the page updates its parts under the press, and the press still does its
//! work.

use anyhow::{Result, ensure};

use crate::harness::{Browser, Page, Theme, Width, button};
use crate::program::Program;
use crate::walk::{no_quiet_hours, open_values};

#[tokio::test]
async fn a_press_right_after_typing_does_its_work_with_what_was_typed() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.goto(&program.link).await?;
    page.click("Sign in").await?;
    no_quiet_hours(&page, &program).await?;
    page.goto(&format!("{}/?channel=personal", program.url)).await?;
    open_values(&page).await?;
    page.select("Source of value 1", "The same text for everybody").await?;
    page.wait_for("document.querySelector('[name=fixed-1]')").await?;
    // The field keeps the focus and changes only when the mouse goes down on the button.
    page.fill("Text", "Friends").await?;
    page.click("Later").await?;
    page.wait_for("document.querySelector('[name=at]')").await?;
    page.wait_for("document.querySelector('[name=fixed-1]')?.value === 'Friends'").await?;
    page.click("Now").await?;
    page.wait_for("!document.querySelector('[name=at]')").await?;
    page.fill("Text", "Neighbours").await?;
    page.click("Review and send").await?;
    // Which template is offered depends on the hour; each greets.
    page.wait_text("Neighbours").await?;
    let asked = page.text().await?;
    ensure!(asked.contains("people now?"), "the question does not stand there: {asked}");
    page.assert_quiet().await
}

#[tokio::test]
async fn what_is_typed_on_one_tab_is_there_again_after_another_tab_or_another_page() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.goto(&program.link).await?;
    page.click("Sign in").await?;
    no_quiet_hours(&page, &program).await?;
    page.goto(&format!("{}/?channel=personal", program.url)).await?;
    open_values(&page).await?;
    page.select("Source of value 1", "The same text for everybody").await?;
    page.wait_for("document.querySelector('[name=fixed-1]')").await?;
    page.fill("Text", "Friends").await?;
    page.click("Later").await?;
    page.wait_for("document.querySelector('[name=at]')").await?;
    // The text is typed last, and the field still has the focus when another tab is pressed.
    page.fill("Text", "Neighbours").await?;
    press(&page, ".m-tabs a[href*='channel=sms']").await?;
    page.wait_for("new URLSearchParams(location.search).get('channel') === 'sms'").await?;
    page.wait_for("document.querySelector('[name=at]')").await?;
    page.click("Now").await?;
    page.wait_for("!document.querySelector('[name=at]')").await?;
    press(&page, ".m-tabs a[href*='channel=group']").await?;
    page.wait_for("document.querySelector('[name=text]')").await?;
    page.fill("Text", "We start soon.\nBring a pen.").await?;
    press(&page, ".m-tabs a[href*='channel=personal']").await?;
    page.wait_for("document.querySelector('[name=fixed-1]')?.value === 'Neighbours'").await?;
    // All tabs share one time: the last choice holds.
    ensure!(page.eval::<bool>("!document.querySelector('[name=at]')").await?, "Now was chosen last");
    press(&page, ".m-tabs a[href*='channel=group']").await?;
    let typed = "document.querySelector('[name=text]')?.value === 'We start soon.\\nBring a pen.'";
    page.wait_for(typed).await?;
    // The person looks at another page meanwhile.
    press(&page, "a[href='/people']").await?;
    page.wait_url("/people").await?;
    press(&page, "a[href='/']").await?;
    page.wait_for(typed).await?;
    page.assert_quiet().await
}

#[tokio::test]
async fn marks_stand_around_what_is_selected_and_the_preview_shows_them() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.goto(&program.link).await?;
    page.click("Sign in").await?;
    page.goto(&format!("{}/?channel=group", program.url)).await?;
    page.fill("Text", "We start soon").await?;
    let reads = async |text: &str| {
        page.wait_for(&format!("document.querySelector('[name=text]').value === '{text}'")).await
    };
    // A double press on a word selects the space behind it too, which stays outside the mark.
    let select = "(() => {
        const text = document.querySelector('[name=text]');
        text.focus();
        text.setSelectionRange(3, 9);
        return true;
    })()";
    page.eval::<bool>(select).await?;
    page.click(button("Bold")).await?;
    reads("We *start* soon").await?;
    page.press("Control+b").await?;
    reads("We start soon").await?;
    page.click(button("Italic")).await?;
    reads("We _start_ soon").await?;
    page.assert_accessible().await?;
    // The page is brought up to date when the text and its bar are left.
    page.press("Tab").await?;
    page.wait_for("document.querySelector('.m-bubble__text i')?.innerText === 'start'").await?;
    reads("We _start_ soon").await?;
    page.goto(&format!("{}/settings/templates/group/new", program.url)).await?;
    page.fill("Text", "We start soon").await?;
    page.eval::<bool>(select).await?;
    page.click(button("Monospace")).await?;
    reads("We ```start``` soon").await?;
    page.assert_quiet().await
}

/// Presses the first link that the selector finds, as a keyboard would: the field that was typed in keeps the focus.
async fn press(page: &Page, link: &str) -> Result<()> {
    page.wait_for(&format!("document.readyState === 'complete' && document.querySelector(\"{link}\")"))
        .await?;
    page.eval::<bool>(&format!("(document.querySelector(\"{link}\").click(), true)")).await?;
    Ok(())
}
