//! A first SMS: from the key of the account to what each message cost.

use std::time::Duration;

use anyhow::{Result, ensure};
use sandbox::fast2sms;

use crate::harness::{Browser, Target, Theme, Width, button, link};
use crate::walk::{Walk, open_values};

/// The title has 28 characters: it fits into a value, and makes an SMS in Hindi two.
const WORKSHOP: &str = "Spreadsheets for Office Work";
/// What the form of a template is filled with: the text that the operators know and the DLT Manager does not list.
const REGISTERED: &str = "Dear {#var#}, your seat in {#var#} is confirmed. -Example Academy";
const REGISTERED_ID: &str = "1100000000000000009";
pub(crate) const BY_FORM: &str = "Seat confirmed";
/// The text `111111` as the list of the DLT Manager shows it.
const FILLED: &str = "Hi …, … starts at …. -Example Academy";
/// The endings of the numbers are those by which the stand-in decides what becomes of a message.
const PEOPLE: &str = "Name,Phone
Asha Rao,90000 00201
Ravi Menon,90000 00202
आशा कुमारी,90000 00203
Divya Nair,90000 09901
Imran Shaikh,90000 09905
Kavita Joshi,90000 09907
Omar Farooq,+971 50 123 4567
";
const REGISTRANTS: usize = 7;
/// Everybody but Omar, whom no Indian SMS reaches.
const REACHED: usize = 6;
/// One segment each, and two for the name that makes the text Unicode.
const SEGMENTS: i64 = 7;

/// The account, its wallet, and the way of its receipts.
async fn connect(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/integrations").await?;
    walk.page.click("Connect Fast2SMS").await?;
    fill_account(walk).await
}

/// The form of the account.
pub(crate) async fn fill_account(walk: &mut Walk) -> Result<()> {
    walk.review("account-form").await?;
    let page = &walk.page;
    page.fill("Name", "Udaan SMS").await?;
    page.fill("API key", fast2sms::DEFAULT_KEY).await?;
    page.fill("Default header", fast2sms::DEFAULT_SENDER).await?;
    page.fill("Entity id", fast2sms::DEFAULT_ENTITY).await?;
    page.click(button("Add account")).await?;
    page.wait_text("Account added").await?;
    let url: String = page.eval("document.getElementById('webhook_url').value").await?;
    ensure!(url.starts_with(&walk.program.url), "receipts would go to {url}");
    let webhooks = vec![fast2sms::Webhook::to(&url)];
    ensure!(walk.sandbox.fast2sms().set_webhooks(fast2sms::DEFAULT_ACCOUNT, webhooks));
    page.click("Test connection").await?;
    // The stand-in's account begins with this credit.
    page.wait_text("₹10,000.00").await?;
    page.wait_text("Key and wallet answered").await?;
    walk.review("account").await
}

/// Takes a text of the DLT Manager, whose values need a source before it can be sent.
async fn fill_templates(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/templates/sms").await?;
    walk.page.click(link("Fill from Fast2SMS").nth(0)).await?;
    walk.page.wait_text("6 new templates of 6").await?;
    walk.review("fill").await?;
    let page = &walk.page;
    page.select("Category", "Service").await?;
    page.click("Add ticked templates (6)").await?;
    page.wait_text("6 templates added").await?;
    walk.review("templates").await?;
    let page = &walk.page;
    page.click(link(FILLED)).await?;
    page.select(Target::from("Comes from").nth(1), "Title").await?;
    page.select(Target::from("Comes from").nth(2), "Start time").await?;
    page.fill(Target::from("When it is empty, say").nth(0), "there").await?;
    page.click("Save template").await?;
    page.wait_text("Template saved").await
}

/// A text that only the register knows, with a place for each person's name.
pub(crate) async fn write_template(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/templates/sms/new").await?;
    let page = &walk.page;
    page.fill("Name", BY_FORM).await?;
    page.select("Way of sending", "DLT, by text").await?;
    page.fill("DLT content-template id", REGISTERED_ID).await?;
    // A space at the end is part of what is registered, and seen.
    page.fill("Text", &format!("{REGISTERED} ")).await?;
    page.click("Check").await?;
    page.wait_text("1 space that is easily lost").await?;
    walk.review("template-unseen").await?;
    let page = &walk.page;
    page.fill("Text", REGISTERED).await?;
    page.click("Check").await?;
    page.wait_text("Nothing unseen in it").await?;
    page.select(Target::from("Comes from").nth(0), "First name").await?;
    page.select(Target::from("Comes from").nth(1), "Title").await?;
    page.wait_text("1 SMS").await?;
    walk.review("template").await?;
    walk.page.click("Save template").await?;
    walk.page.wait_text("Template saved").await
}

/// Imports the workshop's people, with nothing to correct.
async fn import(walk: &mut Walk) -> Result<()> {
    walk.upload(PEOPLE).await?;
    let page = &walk.page;
    page.click("Check the rows").await?;
    page.click(format!("Import {REGISTRANTS} people").as_str()).await?;
    page.wait_text("Open workshop").await
}

/// Composes on the SMS tab: length and cost follow what is chosen, before any question.
async fn compose(walk: &mut Walk) -> Result<()> {
    walk.open("/?channel=sms").await?;
    let page = &walk.page;
    page.select("Template", BY_FORM).await?;
    page.wait_text("confirmed. -Example Academy").await?;
    page.wait_text(&format!("{REACHED} people")).await?;
    page.wait_text(&format!("{SEGMENTS} × ₹0.25")).await?;
    // Without the Hindi name nothing needs Unicode.
    open_values(page).await?;
    page.select("Source of value 1", "Organisation · Name").await?;
    page.wait_text(&format!("{REACHED} × ₹0.25")).await?;
    page.wait_text_gone("Unicode for 1 person").await?;
    page.select("Template", FILLED).await?;
    page.wait_text(&format!("{SEGMENTS} × ₹0.25")).await?;
    for words in [
        "₹1.75 estimate",
        "Messages are charged as 1 to 2 SMS",
        "Unicode for 1 person",
        "1 number is outside India",
        "no errors",
    ] {
        page.wait_text(words).await?;
    }
    walk.review("tab").await
}

async fn send(walk: &mut Walk) -> Result<()> {
    let page = &walk.page;
    page.click("Review and send").await?;
    page.wait_text(&format!("to {REACHED} people now?")).await?;
    let asked: String = page.eval("document.querySelector('dialog[open]').innerText").await?;
    for words in ["₹2.07 with GST", "7 SMS × ₹0.25 = ₹1.75", "1 left out, each with a reason", "3 warnings"]
    {
        ensure!(asked.contains(words), "the question does not say “{words}”: {asked}");
    }
    ensure!(walk.sandbox.fast2sms().ledger().messages == 0, "something went out before the second step");
    walk.review("confirm").await?;
    let page = &walk.page;
    page.click(button(&format!("Send to {REACHED} people")).within("dialog[open]")).await?;
    page.wait_url("/broadcasts/").await?;
    walk.review("broadcast").await
}

/// Follows the broadcast to its end on one and the same document.
async fn watch(walk: &mut Walk) -> Result<()> {
    walk.page.eval::<bool>("window.sameDocument = true").await?;
    walk.page.set_patience(Duration::from_secs(40));
    walk.page.wait_text_gone("Take it back").await?;
    walk.page.wait_text("Completed").await?;
    walk.sandbox.flush_receipts().await;
    // These are the endings that the stand-in gives the numbers, and Omar. “Sent” is the provider's word for less
    // than delivered.
    let figures = "Object.fromEntries([...document.querySelectorAll('.m-cell')].map(cell =>
        [cell.querySelector('.m-cell__label').innerText.trim(), cell.querySelector('.m-cell__n').innerText]))";
    walk.page
        .wait_for(&format!(
            "(f => f.Delivered === '3' && f.Failed === '2' && f['Handed over'] === '1' && f.Skipped === '1')({figures})"
        ))
        .await?;
    ensure!(!walk.page.text().await?.contains("Read"), "an SMS is never known to be read");
    let books = walk.sandbox.fast2sms().ledger();
    ensure!(books.messages == 6 && books.segments == SEGMENTS, "{books:?}");
    ensure!(walk.page.eval::<bool>("window.sameDocument === true").await?, "the page was loaded again");
    walk.review("broadcast-finished").await
}

/// The cost of a row stands before the two columns of calls, each of which adds two quotes.
const COST_FROM_END: usize = 5;

/// The broadcast, the export and the charges agree with the stand-in's books, to the paisa.
async fn costs(walk: &mut Walk) -> Result<()> {
    let books = walk.sandbox.fast2sms().ledger();
    // ₹0.20 was charged for each of seven segments, and that of the blocked number was given back.
    ensure!((books.charged, books.refunded) == (14_000, 2_000), "{books:?}");
    let page = &walk.page;
    page.wait_text("₹1.20 actual, ₹1.75 estimate").await?;
    let cells: Vec<String> = page
        .eval("[...document.querySelectorAll('.m-people tbody tr')].map(row => row.lastElementChild.innerText.trim())")
        .await?;
    ensure!(cells == ["₹0.20", "₹0.20", "₹0.40", "₹0.20", "₹0.00", "₹0.20", ""], "{cells:?}");
    let file = walk.export().await?;
    let exported: i64 =
        file.lines().filter_map(|line| fast2sms::parse_rupees(line.rsplit('"').nth(COST_FROM_END)?)).sum();
    ensure!(file.lines().count() == REGISTRANTS + 1 && exported == books.net(), "{file}");
    walk.open("/settings/charges").await?;
    walk.page.wait_text("₹0.55 less ₹1.20 ₹1.75").await?;
    walk.review("charges").await
}

async fn from_key_to_cost(look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut walk = Walk::begin(&browser, "sms", look).await?;
    walk.set_up().await?;
    connect(&mut walk).await?;
    fill_templates(&mut walk).await?;
    write_template(&mut walk).await?;
    walk.add_workshop(WORKSHOP, "").await?;
    import(&mut walk).await?;
    compose(&mut walk).await?;
    send(&mut walk).await?;
    watch(&mut walk).await?;
    costs(&mut walk).await?;
    walk.end().await
}

#[tokio::test]
async fn from_the_key_of_an_account_to_the_cost_of_each_sms_on_a_laptop() -> Result<()> {
    from_key_to_cost((Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn from_the_key_of_an_account_to_the_cost_of_each_sms_on_a_phone_in_the_dark() -> Result<()> {
    from_key_to_cost((Width::Phone, Theme::Dark)).await
}
