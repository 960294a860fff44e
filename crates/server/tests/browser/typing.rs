//! A press right after typing is not lost: the page brings its parts up to date under it, and the press still does its work.

use anyhow::{Result, ensure};

use crate::harness::{Browser, Theme, Width};
use crate::program::Program;
use crate::walk::no_quiet_hours;

#[tokio::test]
async fn a_press_right_after_typing_does_its_work_with_what_was_typed() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.goto(&program.link).await?;
    page.click("Sign in").await?;
    no_quiet_hours(&page, &program).await?;
    page.goto(&format!("{}/?channel=personal", program.url)).await?;
    page.select("Source of value 1", "The same text for everybody").await?;
    page.wait_for("document.querySelector('[name=fixed-1]')").await?;
    // The field keeps the focus: it changes when the mouse goes down on what is pressed.
    page.fill("Text", "Friends").await?;
    page.click("Later").await?;
    page.wait_for("document.querySelector('[name=at]')").await?;
    page.wait_for("document.querySelector('[name=fixed-1]')?.value === 'Friends'").await?;
    page.click("Now").await?;
    page.wait_for("!document.querySelector('[name=at]')").await?;
    page.fill("Text", "Neighbours").await?;
    page.click("Review and send").await?;
    page.wait_text("Good morning Neighbours").await?;
    let asked = page.text().await?;
    ensure!(asked.contains("people now?"), "the question does not stand there: {asked}");
    page.assert_quiet().await
}
