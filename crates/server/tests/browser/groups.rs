//! Groups from the first scan to the list of who has the post. An account is linked, its groups are read and chosen,
//! a picture is posted, and receipts come; people in no group are told another way. The account dies before the next
//! post and is linked again. A person posts by hand on a phone.

use std::time::Duration;

use anyhow::{Result, ensure};
use domain::time::{Clock, WallClock};
use sandbox::{Sandbox, samples::ACCOUNT, waha};

use crate::harness::{Browser, Theme, Width, button, link};
use crate::program::Program;
use crate::walk::Walk;

const WORKSHOP: &str = "Excel for Working Professionals";
/// A session that the stand-in has not linked already.
const SESSION: &str = "front-desk";
/// The first person is in the group, the second in none.
const PEOPLE: &str = "Name,Phone
Asha Rao,90000 00001
Thomas Kurian,90000 00077
";
/// A green picture of 8 by 4 points.
const PNG: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x08\x00\x00\x00\x04\x08\x02\x00\x00\x00\x3c\xaf\xe9\
\xa7\x00\x00\x00\x11\x49\x44\x41\x54\x78\xda\x63\x10\xa8\x09\xc1\x8a\x18\xa8\x27\x01\x00\x70\x2f\x1c\x01\x85\xe0\x3a\x7f\x00\x00\x00\x00\x49\x45\
\x4e\x44\xae\x42\x60\x82";

/// The phones of members get every post at once, and some open it.
async fn phones() -> Result<Sandbox> {
    let mut config = sandbox::Config { epoch_ms: WallClock.now().0, ..sandbox::Config::default() };
    config.faults.outcomes.sent = true;
    (config.faults.outcomes.delivered, config.faults.outcomes.read) = (1.0, 0.5);
    Ok(Sandbox::start(config).await?)
}

async fn connect(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/integrations").await?;
    walk.page.click("Connect WAHA").await?;
    let page = &walk.page;
    page.fill("Name", "Front desk").await?;
    page.fill("Name at the gateway", SESSION).await?;
    page.fill("API key", waha::DEFAULT_KEY).await?;
    page.click(button("Add account")).await?;
    page.wait_text("Account added").await?;
    walk.open("/settings/accounts").await?;
    walk.review("accounts").await?;
    walk.page.click(link("Open")).await?;
    walk.page.click("I have read this, and take the risk for our number").await?;
    walk.page.click("Go on").await?;
    scan(walk).await?;
    walk.page.click("Sync Groups").await?;
    walk.page.wait_text("groups read").await?;
    walk.review("account").await
}

/// The page of the account shows a code, a phone scans it, and the page says so by itself. The page reloads every few
/// seconds, so a review of it would not finish.
async fn scan(walk: &Walk) -> Result<()> {
    walk.page.click("Link by QR code").await?;
    walk.page.wait_for("document.querySelector('svg.m-qr')").await?;
    ensure!(walk.sandbox.waha_scan(SESSION, ACCOUNT), "a code shows");
    walk.page.wait_text("It posts.").await
}

async fn choose(walk: &mut Walk) -> Result<()> {
    let page = &walk.page;
    page.click("Excel batch 7, morning").await?;
    page.click("Save").await?;
    page.wait_text("1 group chosen").await?;
    walk.review("groups").await
}

async fn post(walk: &mut Walk) -> Result<()> {
    walk.page.click(link("Post in groups")).await?;
    walk.page.wait_text("1 of").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("excel-tonight.png");
    std::fs::write(&file, PNG)?;
    // The text is typed while the page with the other form is loading.
    let typing = "(() => {
        document.querySelector('input[name=form][value=media]').click();
        const text = document.querySelector('[name=text]');
        text.focus();
        text.value = '*Tonight* {workshop_title}';
        text.dispatchEvent(new Event('input', { bubbles: true }));
        return true;
    })()";
    walk.page.eval::<bool>(typing).await?;
    walk.page.wait_for("document.querySelector('[name=file]')").await?;
    walk.page.upload("Upload a file", &[&file]).await?;
    walk.page.wait_text("kept here").await?;
    let typed: String = walk.page.eval("document.querySelector('[name=text]').value").await?;
    ensure!(typed == "*Tonight* {workshop_title}", "what was typed is lost: {typed:?}");
    walk.page.wait_for("document.querySelector('.m-bubble__img')?.naturalWidth === 8").await?;
    walk.page.select("Order", "Largest group first").await?;
    walk.page.select("Gap between groups", "At least 30 s").await?;
    walk.page.wait_text("30 s at least").await?;
    walk.review("tab").await?;
    walk.page.click("Review and post").await?;
    walk.page.wait_text("to 1 group").await?;
    walk.review("question").await?;
    confirm(walk).await?;
    walk.page.wait_url("/broadcasts/").await?;
    walk.page.wait_text("1 group, each counted once").await?;
    walk.page.wait_text("members in these groups").await?;
    walk.review("broadcast").await?;
    walk.page.click(link("Excel batch 7, morning").nth(0)).await?;
    walk.page.wait_text("In the group").await?;
    walk.review("drawer").await
}

/// Presses the button that confirms the question.
async fn confirm(walk: &Walk) -> Result<()> {
    let words: String =
        walk.page.eval("document.querySelector('.m-ask__acts button').innerText.trim()").await?;
    walk.page.click(button(&words)).await
}

/// Compares the registrants with the members of the group.
async fn members(walk: &mut Walk, workshop: &str) -> Result<()> {
    walk.open(&format!("{workshop}/members")).await?;
    walk.page.click("Sync members").await?;
    walk.page.wait_text("Send the invite link by WhatsApp Personal (1)").await?;
    walk.page.wait_text("Thomas Kurian").await?;
    walk.review("members").await
}

/// The phone unlinks the account before a post is due. The strip says so on every page, and the account is linked
/// again as it was before.
async fn dies(walk: &mut Walk, workshop: &str) -> Result<()> {
    walk.open(&format!("/?channel=group&workshop={}", workshop.rsplit('/').next().unwrap_or_default()))
        .await?;
    walk.page.fill("Text", "Starting now: {join_link}").await?;
    walk.page.click("Later").await?;
    walk.page.wait_for("document.querySelector('[name=at]')").await?;
    let soon: String =
        walk.page.eval("new Date(Date.now() + 5.5 * 3600e3 + 20 * 60e3).toISOString().slice(0, 16)").await?;
    walk.page.fill("Day and time", &soon).await?;
    walk.page.click("Review and schedule").await?;
    walk.page.wait_text("Schedule for 1 group").await?;
    confirm(walk).await?;
    walk.page.wait_url("/broadcasts/").await?;
    walk.sandbox.waha_fail(SESSION, 401);
    walk.open("/settings/accounts").await?;
    walk.page.click(link("Open")).await?;
    walk.page.wait_text("Link it again; its groups and plans stay.").await?;
    until(walk, "/people", true).await?;
    walk.review("strip").await?;
    walk.open("/settings/accounts").await?;
    walk.page.click(link("Open")).await?;
    scan(walk).await?;
    until(walk, "/people", false).await
}

/// Reloads a page until the strip above it says that the account cannot post, or no longer says so.
async fn until(walk: &Walk, path: &str, says: bool) -> Result<()> {
    for _ in 0..40 {
        walk.open(path).await?;
        if walk.page.text().await?.contains("Front desk cannot post: 1 group waits.") == says {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    anyhow::bail!("the strip does not change: {}", walk.page.text().await?)
}

/// A group that no account is in: a person copies text and file and marks what was posted.
async fn by_hand(walk: &mut Walk, workshop: &str) -> Result<()> {
    walk.open(&format!("{workshop}/groups")).await?;
    let page = &walk.page;
    page.fill("Name", "Old students").await?;
    page.fill("Members", "96").await?;
    page.click("Add the group").await?;
    page.wait_text("96 members").await?;
    walk.open(&format!("/?channel=group&workshop={}", workshop.rsplit('/').next().unwrap_or_default()))
        .await?;
    let page = &walk.page;
    // The other group of the workshop belongs to the account, which posts there by itself.
    page.eval::<bool>("(document.querySelector('.m-pick__row [name=group]:checked').click(), true)").await?;
    page.wait_text("Who posts").await?;
    page.fill("Text", "Join: {join_link}").await?;
    page.click("Review and ask").await?;
    page.wait_text("in 1 group?").await?;
    confirm(walk).await?;
    walk.page.wait_text("Take the text").await?;
    walk.review("hand").await?;
    walk.page.click("Posted: Old students").await?;
    walk.page.wait_text("1 of 1 posted").await?;
    walk.review("posted").await
}

async fn from_scan_to_hand(name: &'static str, look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let sandbox = phones().await?;
    let program = Program::serve_with_mail(&sandbox).await?;
    let mut walk = Walk::begin_with(&browser, name, look, sandbox, program).await?;
    walk.page.set_patience(Duration::from_secs(60));
    walk.set_up().await?;
    walk.add_workshop(WORKSHOP, "https://meet.example/excel").await?;
    let url = walk.page.url().await?;
    let workshop =
        url.trim_start_matches(&walk.program.url).split(['?', '#']).next().unwrap_or_default().to_owned();
    walk.upload(PEOPLE).await?;
    walk.page.click("Check the rows").await?;
    walk.page.click("Import 2 people").await?;
    walk.page.wait_text("Open workshop").await?;
    connect(&mut walk).await?;
    walk.open(&format!("{workshop}/groups")).await?;
    choose(&mut walk).await?;
    post(&mut walk).await?;
    members(&mut walk, &workshop).await?;
    dies(&mut walk, &workshop).await?;
    by_hand(&mut walk, &workshop).await?;
    walk.end().await
}

#[tokio::test]
async fn groups_are_linked_posted_to_and_lost_and_found_on_a_laptop() -> Result<()> {
    from_scan_to_hand("groups-laptop", (Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn groups_are_linked_posted_to_and_lost_and_found_on_a_phone_in_the_dark() -> Result<()> {
    from_scan_to_hand("groups-phone", (Width::Phone, Theme::Dark)).await
}
