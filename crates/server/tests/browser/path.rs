//! The first evening with Munadi: from the set-up link to the list of who got what.

use anyhow::{Result, ensure};
use sandbox::{Webhook, aisensy};

use crate::harness::{Browser, Target, Theme, Width, button};
use crate::walk::Walk;

const WEBHOOK_SECRET: &str = "shared-secret-of-this-test";
const BODY: &str = "Hi {{1}}, your seat for {{2}} on {{3}} is confirmed.";
const WORKSHOP: &str = "Excel for Working Professionals";
/// There are ten people: one has an unreadable number that is corrected, and one keeps a wrong number.
const PEOPLE: &str = "Full name,Mobile,E-mail
Asha Rao,90000 00101,asha@example.in
Ravi Menon,+91 90000 00102,ravi@example.in
Divya Nair,09000000103,divya@example.in
Imran Shaikh,12,imran@example.in
Kavita Joshi,90000-00105,kavita@example.in
Arjun Singh,90000 00106,
आशा कुमारी,90000 00107,aasha@example.in
Farah Khan,90000 00108,farah@example.in
Neel Desai,not given,neel@example.in
Zoya Ali,90000 00110,zoya@example.in
";
/// Rows that become registrants: all but one.
const IMPORTED: usize = 9;

/// The account, and the way of its receipts.
pub(crate) async fn connect(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/integrations").await?;
    walk.page.click("Connect AiSensy").await?;
    let page = &walk.page;
    page.fill("Name", "Udaan main").await?;
    page.fill("Campaign API key", aisensy::DEFAULT_KEY).await?;
    page.fill("Project id", aisensy::DEFAULT_PROJECT).await?;
    page.fill("Project API password", aisensy::DEFAULT_PASSWORD).await?;
    page.fill("Webhook shared secret", WEBHOOK_SECRET).await?;
    page.click(button("Add account")).await?;
    page.wait_text("Account added").await?;
    let url: String = page.eval("document.getElementById('webhook_url').value").await?;
    ensure!(url.starts_with(&walk.program.url), "receipts would go to {url}");
    walk.sandbox.set_webhooks(vec![Webhook { url, secret: WEBHOOK_SECRET.to_owned() }]);
    page.fill("Campaign to ask about", "seat_confirmed").await?;
    page.click("Test connection").await?;
    page.wait_text("Live").await?;
    walk.review("integration").await
}

async fn write_template(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/templates/new").await?;
    let page = &walk.page;
    page.fill("Name", "Seat confirmed").await?;
    page.fill("Campaign name", "seat_confirmed").await?;
    page.fill("Text", BODY).await?;
    page.click("Update values and preview").await?;
    for (at, source) in ["First name", "Title", "Date"].into_iter().enumerate() {
        // Each choice updates the preview.
        page.select(Target::from("Comes from").nth(at), source).await?;
    }
    page.fill(Target::from("When it is empty, say").nth(0), "there").await?;
    walk.review("template").await?;
    walk.page.click("Save template").await?;
    walk.page.wait_text("Template saved").await
}

async fn import(walk: &mut Walk) -> Result<()> {
    walk.upload(PEOPLE).await?;
    walk.review("columns").await?;
    walk.page.click("Check the rows").await?;
    walk.page.wait_text("2 rows to fix").await?;
    walk.review("rows").await?;
    let page = &walk.page;
    page.fill("Phone number, row 5", "90000 00104").await?;
    page.click("Save corrections").await?;
    // The button counts the rows that are good now, with the corrected one.
    page.click(format!("Import {IMPORTED} people").as_str()).await?;
    page.wait_text("Open workshop").await?;
    walk.review("imported").await?;
    walk.page.click("Open workshop").await?;
    walk.page.wait_text("Asha Rao").await?;
    walk.review("workshop").await
}

async fn send(walk: &mut Walk) -> Result<()> {
    walk.page.click("Send Message Now").await?;
    walk.review("home").await?;
    walk.page.click("Review and send").await?;
    walk.page.wait_text(&format!("to {IMPORTED} people now?")).await?;
    walk.review("confirm").await?;
    walk.page.click(button(&format!("Send to {IMPORTED} people")).within("dialog[open]")).await?;
    walk.page.wait_url("/broadcasts/").await?;
    walk.review("broadcast").await
}

/// Follows the broadcast to its end on one and the same document.
async fn watch(walk: &mut Walk) -> Result<()> {
    walk.page.eval::<bool>("window.sameDocument = true").await?;
    walk.page.set_patience(std::time::Duration::from_secs(40));
    walk.page.wait_text_gone("Take it back").await?;
    for _ in 0..300 {
        if walk.sandbox.world().len() >= IMPORTED {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    walk.page.wait_text_gone("Sending").await?;
    walk.page.wait_text_gone("Scheduled").await?;
    walk.sandbox.flush_receipts().await;
    // Filters, foot and rows change, too, and so does a message that is opened over them.
    walk.page.wait_text(&format!("All {IMPORTED}")).await?;
    walk.page.wait_text(&format!("1–{IMPORTED} of {IMPORTED}")).await?;
    let going = "[...document.querySelectorAll('.m-people tbody .m-col-state')].filter(cell => /Waiting|In flight/.test(cell.innerText))";
    walk.page.wait_for(&format!("{going}.length === 0")).await?;
    walk.page.wait_for("document.querySelector('[data-live-id=running]').hidden").await?;
    ensure!(walk.page.eval::<bool>("window.sameDocument === true").await?, "the page was loaded again");
    let texts = walk.sandbox.world().messages(0, 100);
    ensure!(texts.len() == IMPORTED, "{} messages reached phones", texts.len());
    walk.review("broadcast-finished").await
}

/// The file has a line for everybody.
async fn export(walk: &Walk) -> Result<()> {
    let file = walk.export().await?;
    ensure!(file.lines().count() == IMPORTED + 1, "not a line for each:\n{file}");
    for name in ["Asha Rao", "Imran Shaikh", "आशा कुमारी"] {
        ensure!(file.contains(name), "{name} is not in:\n{file}");
    }
    Ok(())
}

async fn from_set_up_to_export(look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut walk = Walk::begin(&browser, "path", look).await?;
    walk.review("set-up").await?;
    walk.set_up().await?;
    walk.review("home-empty").await?;
    connect(&mut walk).await?;
    write_template(&mut walk).await?;
    walk.add_workshop(WORKSHOP, "https://meet.example/udaan-excel").await?;
    walk.review("workshop-empty").await?;
    import(&mut walk).await?;
    send(&mut walk).await?;
    watch(&mut walk).await?;
    export(&walk).await?;
    walk.end().await
}

#[tokio::test]
async fn from_set_up_to_export_on_a_laptop() -> Result<()> {
    from_set_up_to_export((Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn from_set_up_to_export_on_a_phone_in_the_dark() -> Result<()> {
    from_set_up_to_export((Width::Phone, Theme::Dark)).await
}
