//! A sequence around a workshop: a tag that proposes it, its plan before anything runs, running it, moving the workshop, one person, the end.

use anyhow::{Result, ensure};

use crate::harness::{Browser, Theme, Width, button, link};
use crate::path::connect;
use crate::walk::Walk;

const WORKSHOP: &str = "Excel for Working Professionals";
const PEOPLE: &str = "Full name,Mobile
Asha Rao,90000 00101
Ravi Menon,+91 90000 00102
आशा कुमारी,90000 00107
";

/// Makes a sequence from a starter, and a tag that carries it.
async fn write(walk: &mut Walk) -> Result<()> {
    walk.open("/settings/sequences").await?;
    walk.review("sequences-empty").await?;
    walk.page.fill("Name", "Evening").await?;
    walk.page.select("Begin with", "Masterclass, English: 5 steps").await?;
    walk.page.click("Add sequence").await?;
    walk.page.wait_text("Sequence added").await?;
    walk.review("sequence").await?;
    walk.page.click(link("Masterclass hour before")).await?;
    walk.page.fill("Called", "One hour to go").await?;
    walk.review("step").await?;
    walk.page.click("Save step").await?;
    walk.page.wait_text("One hour to go").await?;
    walk.open("/settings/tags").await?;
    walk.page.click(link("Edit tag “Masterclass”")).await?;
    walk.page.select("Sequence", "Evening").await?;
    walk.page.fill("What workshops with it are", "Evenings with questions").await?;
    walk.review("tag").await?;
    walk.page.click("Save tag").await?;
    walk.page.wait_text("Evenings with questions").await
}

/// Makes the tag first, so that the workshop gets it.
async fn tag(walk: &Walk) -> Result<()> {
    walk.open("/settings/tags").await?;
    let any: bool = walk.page.eval("document.querySelector('table.m-list-table') !== null").await?;
    if any {
        return Ok(());
    }
    walk.page.fill("Tag", "Masterclass").await?;
    walk.page.click("Add tag").await?;
    walk.page.wait_text("Tag “Masterclass” added.").await
}

async fn run(walk: &mut Walk) -> Result<()> {
    walk.page.click(link("Plan")).await?;
    walk.page.wait_text("Proposed by the tag").await?;
    walk.review("plan-proposed").await?;
    walk.page.click("Run sequence").await?;
    walk.page.wait_text("Whoever registers later gets the newest useful message once.").await?;
    walk.review("plan-question").await?;
    let words: String =
        walk.page.eval("document.querySelector('.m-ask__acts button').innerText.trim()").await?;
    walk.page.click(button(&words)).await?;
    walk.page.wait_text("The sequence runs.").await?;
    walk.review("plan").await
}

/// Moves the workshop by half an hour, and looks at what that changes.
async fn shift(walk: &mut Walk) -> Result<()> {
    walk.page.click(link("Move workshop")).await?;
    let later = |field: &str| {
        format!(
            "(() => {{ const at = new Date(document.getElementById('{field}').value + 'Z'); at.setMinutes(at.getMinutes() + 30); return at.toISOString().slice(0, 16); }})()"
        )
    };
    let starts: String = walk.page.eval(&later("starts")).await?;
    let ends: String = walk.page.eval(&later("ends")).await?;
    walk.page.fill("Starts", &starts).await?;
    walk.page.fill("Ends", &ends).await?;
    walk.page.click("Show what changes").await?;
    walk.page.wait_text("30 min later").await?;
    walk.page.wait_text("What went out keeps its time.").await?;
    walk.review("move").await?;
    let words: String = walk
        .page
        .eval("document.querySelector('form[method=post][action$=\"/move\"] button').innerText.trim()")
        .await?;
    walk.page.click(button(&words)).await?;
    walk.page.wait_text("Moved to").await
}

async fn one_person(walk: &mut Walk) -> Result<()> {
    walk.page.fill("Name or number", "asha").await?;
    walk.page.press("Enter").await?;
    walk.page.click(link("Asha Rao")).await?;
    walk.page.wait_text("What Asha Rao gets").await?;
    // Nobody has made the starter's campaigns at the provider yet, and each step says so.
    walk.page.wait_text("The provider would refuse it: Campaign does not exist").await?;
    walk.page.wait_text("Step “Masterclass day before” will not go").await?;
    walk.review("plan-person").await?;
    walk.page.click(link("Everyone")).await
}

/// Edits a step while a plan follows the sequence: the plan's change is reviewed with a tick and counts, then confirmed.
async fn edit_while_it_runs(walk: &mut Walk) -> Result<()> {
    let plan = walk.page.url().await?;
    walk.open("/settings/sequences").await?;
    walk.page.click(link("Evening")).await?;
    walk.page.click(link("One hour to go")).await?;
    walk.page
        .eval::<bool>("(() => { document.querySelector('[name=amount]').value = '2'; return true; })()")
        .await?;
    walk.page.click("Save step").await?;
    walk.page.wait_text("keeps version").await?;
    walk.page.click(link("Review for 1 workshop")).await?;
    walk.page.wait_text("1 moved").await?;
    // What the ticked plans add up to follows the ticks.
    let sum = "document.querySelector('[data-sum=moved]').innerText";
    let tick = "(document.querySelector('input[name=plan]').click(), true)";
    for (after, expected) in [(1, "0"), (2, "1")] {
        walk.page.eval::<bool>(tick).await?;
        let shown: String = walk.page.eval(sum).await?;
        ensure!(shown == expected, "after {after} clicks the moved steps are {shown}");
    }
    walk.review("plans-review").await?;
    walk.page.click(button("Let the ticked plans follow (1)")).await?;
    walk.page.wait_text("1 plan follows the change.").await?;
    let plan = plan.split('?').next().unwrap_or_default();
    walk.page.goto(plan).await?;
    walk.page.wait_text("2 hours before the start").await
}

async fn cancel(walk: &mut Walk) -> Result<()> {
    let rows: usize = walk.page.eval("document.querySelectorAll('#steps [data-row]').length").await?;
    ensure!(rows == 5, "{rows} steps");
    let all: String =
        walk.page.eval("document.querySelector('a[href$=\"/plan/cancel\"]').innerText.trim()").await?;
    ensure!(all.starts_with("Cancel All ("), "{all}");
    walk.page.click(link(&all)).await?;
    walk.review("plan-cancel").await?;
    let words: String =
        walk.page.eval("document.querySelector('.m-ask__acts button').innerText.trim()").await?;
    walk.page.click(button(&words)).await?;
    walk.page.wait_text("Run sequence").await
}

async fn from_tag_to_cancel(look: (Width, Theme)) -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut walk = Walk::begin(&browser, "sequences", look).await?;
    walk.set_up().await?;
    connect(&mut walk).await?;
    tag(&walk).await?;
    write(&mut walk).await?;
    walk.add_workshop(WORKSHOP, "https://meet.example/udaan-excel").await?;
    walk.upload(PEOPLE).await?;
    walk.page.click("Check the rows").await?;
    walk.page.click("Import 3 people").await?;
    walk.page.wait_text("Open workshop").await?;
    walk.page.click("Open workshop").await?;
    walk.page.wait_text("Asha Rao").await?;
    run(&mut walk).await?;
    shift(&mut walk).await?;
    one_person(&mut walk).await?;
    edit_while_it_runs(&mut walk).await?;
    cancel(&mut walk).await?;
    walk.end().await
}

#[tokio::test]
async fn a_sequence_runs_moves_and_is_cancelled_on_a_laptop() -> Result<()> {
    from_tag_to_cancel((Width::Desk, Theme::Light)).await
}

#[tokio::test]
async fn a_sequence_runs_moves_and_is_cancelled_on_a_phone_in_the_dark() -> Result<()> {
    from_tag_to_cancel((Width::Phone, Theme::Dark)).await
}
