//! What needs a person, from the moment it goes wrong until it is settled: a workshop that is moved, a person who
//! cannot be reached, a person without a number, and a wallet that runs empty. The last is told by e-mail and through
//! the account that still works.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};
use domain::time::{Clock, WallClock};
use sandbox::{Sandbox, fast2sms};

use crate::harness::{Browser, Target, Theme, Width, button, link};
use crate::program::Program;
use crate::walk::Walk;

/// Short enough for a value of an SMS.
const WORKSHOP: &str = "Excel for Office Work";
const REMINDER: &str = "Workshop reminder";
const ALERT: &str = "Team alert";
const TEXT: &str = crate::sms::BY_FORM;
/// The number of the manager's own phone, with which nobody registers.
const MANAGER: &str = "919000099999";
/// Eight people can be reached, two are not on WhatsApp, and one has no number.
const PEOPLE: &str = "Name,Phone
Asha Rao,90000 00301
Ravi Menon,90000 00302
Divya Nair,90000 00303
Imran Shaikh,90000 00304
Kavita Joshi,90000 00305
Arjun Singh,90000 00306
Neel Desai,90000 00307
Zoya Ali,90000 00308
Farah Khan,90000 00381
Omkar Patil,90000 00382
Meena Pillai,
";
/// The people with a number, at first.
const WITH_NUMBER: usize = 10;
/// The number that the person without one gets later.
const CORRECTED: &str = "90000 00311";
/// The SMS that the wallet pays for before it is empty.
const PAID: usize = 3;

/// Adds the accounts, the templates and the workshop with its people, and chooses who is alerted.
async fn set_up(walk: &mut Walk) -> Result<()> {
    crate::path::connect(walk).await?;
    walk.open("/settings/integrations/new/fast2sms").await?;
    crate::sms::fill_account(walk).await?;
    whatsapp_template(
        walk,
        REMINDER,
        "workshop_today",
        "Hi {{1}}, {{2}} begins at {{3}}.",
        &["First name", "Title", "Start time"],
    )
    .await?;
    whatsapp_template(
        walk,
        ALERT,
        "team_alert",
        "{{1}}, {{2}} people. Open {{3}} to see what to do.",
        &["Matter", "Count", "Short link"],
    )
    .await?;
    crate::sms::write_template(walk).await?;
    purposes(walk).await?;
    alerts(walk).await?;
    walk.add_workshop(WORKSHOP, "https://meet.example/udaan-excel").await?;
    walk.upload(PEOPLE).await?;
    let page = &walk.page;
    page.click("Check the rows").await?;
    page.click(button("Import 11 people")).await?;
    page.wait_text("Open workshop").await?;
    page.click("Open workshop").await?;
    page.wait_text("Meena Pillai").await
}

async fn whatsapp_template(
    walk: &Walk,
    name: &str,
    campaign: &str,
    text: &str,
    sources: &[&str],
) -> Result<()> {
    walk.open("/settings/templates/new").await?;
    let page = &walk.page;
    page.fill("Name", name).await?;
    page.fill("Campaign name", campaign).await?;
    page.fill("Text", text).await?;
    page.click("Update values and preview").await?;
    for (at, source) in sources.iter().enumerate() {
        page.select(Target::from("Comes from").nth(at), source).await?;
    }
    if sources[0] == "First name" {
        page.fill(Target::from("When it is empty, say").nth(0), "there").await?;
    }
    page.click("Save template").await?;
    page.wait_text("Template saved").await
}

/// Gives the SMS another purpose than the reminder, so that people who have one can be told the other.
async fn purposes(walk: &Walk) -> Result<()> {
    walk.open("/settings/purposes").await?;
    let at: usize = walk
        .page
        .eval(&format!(
            "[...document.querySelectorAll('tbody tr')].findIndex(row => row.innerText.includes({TEXT:?}))"
        ))
        .await?;
    walk.page.select(Target::from("Told about").nth(at), "Something of its own").await?;
    walk.page.click("Save").await?;
    walk.page.wait_text("Saved.").await
}

/// Alerts go to the manager by e-mail and by WhatsApp, at any hour.
async fn alerts(walk: &Walk) -> Result<()> {
    walk.open("/settings/alerts").await?;
    let page = &walk.page;
    page.click("E-mail to Meera Iyer").await?;
    page.click("WhatsApp to Meera Iyer").await?;
    page.fill("Number of Meera Iyer", MANAGER.trim_start_matches("91")).await?;
    page.fill("From", "00:00").await?;
    page.fill("Until", "00:00").await?;
    page.select("WhatsApp template", ALERT).await?;
    page.click(button("Save")).await?;
    page.wait_text("Saved.").await
}

/// Confirms what the composer holds, by the button that names these people.
async fn confirm(walk: &Walk, label: &str) -> Result<()> {
    let page = &walk.page;
    page.click(if label.starts_with("Schedule") { "Review and schedule" } else { "Review and send" }).await?;
    page.wait_for("document.querySelector('dialog[open]')").await?;
    page.click(button(label).within("dialog[open]")).await?;
    page.wait_url("/broadcasts/").await
}

/// The messages to registered people on any channel. The manager's alerts do not count.
fn told(walk: &Walk) -> usize {
    walk.sandbox.world().len() - walk.sandbox.world().count(MANAGER)
}

/// Waits until a count of the stand-in's reaches what is expected.
async fn until(what: &str, mut count: impl FnMut() -> usize, expected: usize) -> Result<()> {
    for _ in 0..400 {
        if count() >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(count() == expected, "{what}: {} instead of {expected}", count());
    Ok(())
}

/// The broadcast is scheduled, then the workshop moves. Nobody is told the old time, and the same people get the new
/// one.
async fn moved(walk: &mut Walk) -> Result<()> {
    walk.page.click("Send Message Now").await?;
    walk.page.select("Template", REMINDER).await?;
    walk.page.click("Later").await?;
    walk.page.wait_for("document.querySelector('[name=at]')").await?;
    let at: String =
        walk.page.eval("new Date(Date.now() + (1 + 5.5) * 3600e3).toISOString().slice(0, 16)").await?;
    walk.page.wait_url("when=later").await?;
    walk.page.fill("Day and time", &at).await?;
    walk.page.wait_text(&format!("{WITH_NUMBER} people")).await?;
    confirm(walk, &format!("Schedule for {WITH_NUMBER} people")).await?;
    walk.page.wait_text("Scheduled").await?;
    walk.open("/workshops").await?;
    walk.page.click(WORKSHOP).await?;
    walk.page.click("Edit").await?;
    for name in ["starts", "ends"] {
        let moved: String = walk
            .page
            .eval(&format!(
                "(() => {{ const at = document.querySelector('[name={name}]').value; \
                 return new Date(Date.parse(at + 'Z') + 3600e3).toISOString().slice(0, 16); }})()"
            ))
            .await?;
        walk.page.fill(if name == "starts" { "Starts" } else { "Ends" }, &moved).await?;
    }
    walk.page.click("Save workshop").await?;
    walk.page.wait_text("1 broadcast with the old time stopped").await?;
    walk.open("/people").await?;
    walk.page.wait_text("Workshop moved").await?;
    walk.review("moved").await?;
    walk.page.click(button(&format!("Cancel and write again ({WITH_NUMBER})"))).await?;
    walk.page.wait_text("is cancelled").await?;
    ensure!(told(walk) == 0, "somebody got the old time");
    walk.page.wait_text(&format!("{WITH_NUMBER} people")).await?;
    confirm(walk, &format!("Send to {WITH_NUMBER} people")).await?;
    until("told the new time", || told(walk), WITH_NUMBER).await?;
    walk.sandbox.flush_receipts().await;
    walk.page.wait_text("Not on WhatsApp").await
}

/// People who are not on WhatsApp get an SMS, with its price on the button.
async fn by_sms(walk: &mut Walk) -> Result<()> {
    walk.page.wait_text_gone("Sending").await?;
    walk.review("not-on-whatsapp").await?;
    walk.page.click("Send by SMS (2) · ₹0.50").await?;
    // The only SMS is about something else: nothing is chosen for whoever sends it.
    walk.page.wait_text("No template here is for").await?;
    walk.review("no-template-for-it").await?;
    walk.page.click(link(TEXT)).await?;
    walk.page.wait_text("2 people").await?;
    confirm(walk, "Send to 2 people").await?;
    let ledger = || usize::try_from(walk.sandbox.fast2sms().ledger().messages).unwrap_or(usize::MAX);
    until("SMS to those two", ledger, 2).await
}

/// The person who was left out for want of a number gets one, and is told.
async fn corrected(walk: &mut Walk) -> Result<()> {
    walk.open("/workshops").await?;
    walk.page.click(WORKSHOP).await?;
    walk.page.click(link("Add number")).await?;
    walk.page.fill("Phone", CORRECTED).await?;
    walk.page.click("Save").await?;
    walk.page.click(link("Tell this person now").nth(0)).await?;
    walk.page.select("Template", REMINDER).await?;
    walk.page.wait_text("1 person").await?;
    confirm(walk, "Send to 1 person").await?;
    // The number includes the two SMS.
    until("everybody with a number", || told(walk), WITH_NUMBER + 2 + 1).await?;
    ensure!(walk.sandbox.world().count("919000000311") == 1, "the corrected number has its message");
    ensure!(walk.sandbox.world().repeated_phones(9).is_empty(), "somebody was told twice");
    Ok(())
}

/// The wallet runs empty. Every page says so, the manager is told by e-mail and through the other account, and Resume
/// continues the broadcast.
async fn without_credit(walk: &mut Walk) -> Result<()> {
    let fast2sms = walk.sandbox.fast2sms();
    let before = fast2sms.ledger().messages;
    let price = fast2sms.get().price(fast2sms::Route::DltManual);
    fast2sms.set_wallet(fast2sms::DEFAULT_ACCOUNT, i64::try_from(PAID)? * price);
    walk.open("/?channel=sms").await?;
    walk.page.select("Template", TEXT).await?;
    // Two of them have the message already.
    let people = WITH_NUMBER + 1 - 2;
    walk.page.wait_text(&format!("{people} people")).await?;
    confirm(walk, &format!("Send to {people} people")).await?;
    walk.page.set_patience(Duration::from_secs(60));
    let left = people - PAID;
    let words = format!("{left} people wait");
    walk.page.wait_text(&words).await?;
    walk.review("without-credit").await?;
    for path in [
        "/",
        "/workshops",
        "/people",
        "/broadcasts",
        "/settings/integrations",
        "/settings/audit",
        "/attention",
        "/account",
    ] {
        walk.open(path).await?;
        walk.page.wait_text(&words).await?;
    }
    // The alert about the moved workshop came before. Every matter is told once in each way.
    let about_credit =
        || walk.sandbox.inbox().mails().iter().filter(|mail| mail.text.contains(&words)).count();
    until("alerts by e-mail", about_credit, 1).await?;
    let by_both = || usize::from(walk.sandbox.inbox().mails().len() == walk.sandbox.world().count(MANAGER));
    until("the same alerts by WhatsApp", by_both, 1).await?;
    ensure!(
        walk.sandbox.fast2sms().ledger().messages - before == u64::try_from(PAID)?,
        "the wallet paid for more"
    );
    // A stand-in sells no credit on the vendor's own page, so the link leads to the account's page.
    walk.page.click(link("Top up").nth(0)).await?;
    walk.page.wait_url("/settings/integrations/").await?;
    walk.sandbox.fast2sms().set_wallet(fast2sms::DEFAULT_ACCOUNT, 1_000 * fast2sms::PER_RUPEE);
    walk.page.click(button(&format!("Resume ({left})"))).await?;
    walk.page.wait_text("Resumed where it stood").await?;
    let sent = || usize::try_from(walk.sandbox.fast2sms().ledger().messages - before).unwrap_or(usize::MAX);
    until("SMS after the top-up", sent, people).await?;
    walk.open("/people").await?;
    walk.page.wait_text_gone(&words).await?;
    until("the same alerts by WhatsApp", by_both, 1).await?;
    let mails = walk.sandbox.inbox().mails();
    let matters: BTreeSet<&str> = mails.iter().map(|mail| mail.text.as_str()).collect();
    ensure!(about_credit() == 1 && matters.len() == mails.len(), "each matter told once: {matters:#?}");
    Ok(())
}

async fn what_needs_a_person(look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut stand_ins = sandbox::Config { epoch_ms: WallClock.now().0, ..sandbox::Config::default() };
    stand_ins.faults.outcomes.code_by_ending =
        ["381", "382"].map(|ending| (ending.to_owned(), "131026".to_owned())).into();
    let sandbox = Sandbox::start(stand_ins).await?;
    let program = Program::serve_with_mail(&sandbox).await?;
    let mut walk = Walk::begin_with(&browser, "matters", look, sandbox, program).await?;
    walk.set_up().await?;
    set_up(&mut walk).await?;
    moved(&mut walk).await?;
    by_sms(&mut walk).await?;
    corrected(&mut walk).await?;
    without_credit(&mut walk).await?;
    walk.end().await
}

#[tokio::test]
async fn what_goes_wrong_is_told_and_settled_from_any_page_on_a_laptop() -> Result<()> {
    what_needs_a_person((Width::Desk, Theme::Light)).await
}
