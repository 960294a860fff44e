//! A first call: from the account over a script to the list of who pressed what.
//!
//! No phone may ring from 9 PM to 9 AM in India. At such an hour the walk ends with the question that names the hour
//! of the first call, and no phone rings.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use domain::{
    call::CallingHours,
    time::{Clock, MINUTE, WallClock},
};
use sandbox::{
    Sandbox,
    voice::{Callee, Does, kookoo},
};

use crate::harness::{Browser, Target, Theme, Width, button, link};
use crate::program::Program;
use crate::walk::Walk;

const WORKSHOP: &str = "Excel for Working Professionals";
const SCRIPT: &str = "Ten minutes before";
/// The last digit of a number says what its phone does.
const PEOPLE: &str = "Name,Phone
Asha Rao,90000 00301
Ravi Menon,90000 00302
Divya Nair,90000 00305
";

/// Phones that press 1, press 9, and are busy.
async fn phones() -> Result<Sandbox> {
    let mut config = sandbox::Config { epoch_ms: WallClock.now().0, ..sandbox::Config::default() };
    let does = BTreeMap::from([
        ("1".to_owned(), Callee::who(Does::Presses { key: '1', after_s: 1 })),
        ("2".to_owned(), Callee::who(Does::Presses { key: '9', after_s: 1 })),
        ("5".to_owned(), Callee::who(Does::Busy)),
    ]);
    config.voice.by_ending.extend(does);
    Ok(Sandbox::start(config).await?)
}

/// Adds the account. The form is made from the vendor's description, and the account is tested without a call.
async fn connect(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/integrations").await?;
    walk.page.click("Connect Ozonetel KooKoo").await?;
    walk.review("account-form").await?;
    let page = &walk.page;
    page.fill("Name", "Front desk").await?;
    page.fill("API key", kookoo::KEY).await?;
    page.fill("Price of a pulse", "0.60").await?;
    page.click(button("Add account")).await?;
    page.wait_text("Account added").await?;
    page.click("Test connection").await?;
    page.wait_text("KooKoo answered").await?;
    ensure!(walk.sandbox.telephones().calls().is_empty(), "a test of the account calls nobody");
    walk.review("account").await
}

async fn write_script(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/templates/ivr").await?;
    walk.page.click(link("Add script").nth(0)).await?;
    walk.page.wait_text("Press 2 to choose another day").await?;
    walk.review("script-new").await?;
    let page = &walk.page;
    page.fill("Name", SCRIPT).await?;
    page.fill("Question", "Press 1 if you will come, 9 for no more calls.").await?;
    page.fill("Key 1", "1").await?;
    page.select(Target::from("Does").nth(0), "Nothing: they will come").await?;
    page.fill(Target::from("Then says").nth(0), "Thank you. See you there.").await?;
    page.click("Update preview").await?;
    page.wait_text("Will come").await?;
    page.wait_text("Everything of this script").await?;
    walk.review("script").await?;
    walk.page.click("Save template").await?;
    walk.page.wait_text("Template saved").await
}

async fn import(walk: &mut Walk) -> Result<()> {
    walk.upload(PEOPLE).await?;
    let page = &walk.page;
    page.click("Check the rows").await?;
    page.click("Import 3 people").await?;
    page.wait_text("Open workshop").await
}

async fn compose(walk: &mut Walk) -> Result<()> {
    walk.open("/?channel=ivr").await?;
    let page = &walk.page;
    for words in
        ["3 people", "Minutes to call 3 people", "Calling hours", "Thank you. See you there.", "no errors"]
    {
        page.wait_text(words).await?;
    }
    walk.review("tab").await?;
    walk.page.click("Review and call").await?;
    walk.page.wait_text("to 3 people").await?;
    walk.review("confirm").await
}

/// By day the phones ring, and the page says what each of them did.
async fn call(walk: &mut Walk) -> Result<()> {
    let page = &mut walk.page;
    page.set_patience(Duration::from_secs(60));
    let confirm: String =
        page.eval("document.querySelector('dialog[open] [type=submit]').innerText.trim()").await?;
    page.click(button(&confirm).within("dialog[open]")).await?;
    page.wait_url("/broadcasts/").await?;
    page.wait_text("What people pressed").await?;
    // A person whose line was busy waits for a second call half an hour later.
    for (stage, n) in [("pressed_1", 1), ("pressed_9", 1), ("busy", 0), ("waiting", 1)] {
        page.wait_for(&format!(
            "document.querySelector('.m-calls a[href$=\"/calls/{stage}\"] .m-cell__n')?.innerText.trim() === '{n}'"
        ))
        .await?;
    }
    page.wait_text("1 person is tried again").await?;
    page.wait_text("Tried once. The line was busy").await?;
    let calls = walk.sandbox.telephones().calls();
    ensure!(calls.iter().filter(|call| call.pressed == Some('9')).count() == 1, "{calls:?}");
    walk.review("broadcast").await?;
    walk.page.click("Show (1): Never call again").await?;
    walk.page.wait_text("Ravi Menon").await?;
    walk.review("who-pressed-nine").await?;
    walk.page.click("Ravi Menon").await?;
    walk.page.wait_text("Pressed 9").await?;
    walk.review("story").await?;
    walk.open("/?channel=ivr").await?;
    walk.page.wait_text("What people pressed").await?;
    walk.review("tab-after").await
}

async fn first_call(browser: &Browser, name: &'static str, look: (Width, Theme)) -> Result<()> {
    let sandbox = phones().await?;
    let program = Program::serve_with_mail(&sandbox).await?;
    let mut walk = Walk::begin_with(browser, name, look, sandbox, program).await?;
    walk.set_up().await?;
    walk.add_workshop(WORKSHOP, "https://meet.example/excel").await?;
    import(&mut walk).await?;
    connect(&mut walk).await?;
    write_script(&mut walk).await?;
    compose(&mut walk).await?;
    let hours = CallingHours::default();
    let now = WallClock.now();
    // A walk that begins in the last minutes of the calling hours would not see its end.
    match hours.covers(now) && hours.covers(now.plus(5 * MINUTE)) {
        true => call(&mut walk).await?,
        false if hours.covers(now) => {}
        false => {
            walk.page.wait_text("9:00").await?;
            ensure!(walk.sandbox.telephones().calls().is_empty(), "nobody is rung at night");
        }
    }
    walk.end().await
}

#[tokio::test]
async fn a_first_call_on_a_laptop() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    first_call(&browser, "call-laptop", (Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn a_first_call_on_a_phone_in_the_dark() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    first_call(&browser, "call-phone", (Width::Phone, Theme::Dark)).await
}
