//! Every page of the program, found by following links as a person would, in every look.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result};
use domain::{
    call::CallingHours,
    time::{Clock, WallClock},
};
use munadi::{http::error::Kind, router};

use crate::harness::{Browser, Page, Target, Theme, Width, button};
use crate::program::Program;
use crate::review;
use crate::walk::{no_quiet_hours, open_values};

/// Paths that the crawl leaves out: a file; a page for somebody who is not signed in or behind a link that was sent,
/// which are visited separately; a redirect to another page; and the page of a plan that was played, for which the
/// crawl would have to wait.
const APART: &[&str] = &[
    "/assets/{file}",
    "/sign-in",
    "/j/{code}",
    "/l/{name}",
    "/workshops/{workshop}/tell",
    "/workshops/{workshop}/plan/rehearsal/ladders/{ladder}",
];

const LOOK: (Width, Theme) = (Width::Desk, Theme::Light);

/// Patterns of all pages.
fn patterns() -> BTreeSet<&'static str> {
    router::table()
        .into_iter()
        .filter(|route| route.method == "GET" && route.rule.kind == Kind::Page)
        .map(|route| route.rule.path)
        .filter(|path| !APART.contains(path) && !path.contains("{token}") && !is_no_page(path))
        .collect()
}

/// A download, or a stream.
fn is_no_page(path: &str) -> bool {
    path.ends_with(".csv") || path.ends_with("/export") || path.starts_with("/live")
}

/// The pattern of the route that answers a path. Of two that fit, it is the one with fewer parameters.
fn pattern_of(path: &str, patterns: &BTreeSet<&'static str>) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |pattern: &&&str| {
        let wanted: Vec<&str> = pattern.split('/').collect();
        wanted.len() == parts.len()
            && wanted.iter().zip(&parts).all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    patterns.iter().filter(fits).min_by_key(|pattern| pattern.matches('{').count()).copied()
}

/// Paths, with their questions, that links of the page lead to.
async fn links(page: &Page) -> Result<Vec<String>> {
    page.eval(
        "[...document.querySelectorAll('a[href]:not([download])')].filter(a => a.origin === location.origin)\
         .map(a => a.pathname + a.search)",
    )
    .await
}

/// What makes two addresses the same page: one visit of each page is enough, but each tab of a page is a page.
fn key(path: &str, pattern: &str) -> String {
    let is_tab = |part: &&str| ["channel=", "tab="].iter().any(|tab| part.starts_with(tab));
    let tab = path.split(['?', '&']).find(is_tab);
    format!("{pattern} {}", tab.unwrap_or_default())
}

async fn sign_in(page: &Page, program: &Program) -> Result<()> {
    page.goto(&program.link).await?;
    page.click("Sign in").await
}

/// Pauses the broadcast that the crawl reaches first, so that people wait in it: nothing of a completed broadcast can
/// be cancelled.
async fn pause_first_broadcast(page: &Page, program: &Program) -> Result<()> {
    page.goto(&format!("{}/broadcasts", program.url)).await?;
    // People who registered while the step was confirmed are told by a second broadcast. The first one stands below
    // it.
    page.eval::<bool>(
        "([...document.querySelectorAll('a')].filter(one => one.innerText.trim() === 'Seat confirmed').at(-1).click(), true)",
    )
    .await?;
    page.wait_url("/broadcasts/").await?;
    page.click("Pause").await?;
    page.wait_text("Paused.").await
}

/// Begins an import of three people, one of them unreadable, up to the page of its rows; returns that page's path.
async fn begin_import(page: &Page, program: &Program) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "Name,Phone\nAsha Rao,90000 00901\nRavi,12\nDivya Nair,+91 90000 00903\n")?;
    page.goto(&format!("{}/imports", program.url)).await?;
    page.upload("File", &[&file]).await?;
    page.click("Upload").await?;
    page.wait_url("/columns").await?;
    page.click("Check the rows").await?;
    page.wait_text("1 row to fix").await?;
    let url = page.url().await?;
    Ok(url.trim_start_matches(&program.url).split('#').next().unwrap_or_default().to_owned())
}

/// Where “Review and send” leads without script.
const CONFIRM: &str = "(() => {
    const button = document.querySelector('button[formaction=\"/compose/confirm\"]');
    const fields = new FormData(button.form);
    // At night the message would wait for the morning and come too late for a workshop of that night.
    fields.set('quiet', 'send');
    return '/compose/confirm?' + new URLSearchParams(fields);
})()";

/// Enters an agreement, an opt-out and a list of numbers, each up to its question; returns the paths of these pages.
async fn wishes(page: &Page, program: &Program) -> Result<Vec<String>> {
    let path =
        |url: String| url.trim_start_matches(&program.url).split('#').next().unwrap_or_default().to_owned();
    let leads_to = async |end: &str| -> Result<String> {
        let all = links(page).await?;
        all.into_iter().find(|path| path.ends_with(end)).with_context(|| format!("no link ends with {end}"))
    };
    page.goto(&format!("{}/people?q=90000+00901", program.url)).await?;
    page.click("Asha Rao").await?;
    page.fill("Where they agreed", "Form on our website").await?;
    page.fill("The words they agreed to", "Send me offers on WhatsApp and SMS").await?;
    page.click("Record agreement").await?;
    page.wait_text("Recorded: they agreed").await?;
    let person = path(page.url().await?);
    let withdraw = leads_to("/withdraw").await?;
    page.goto(&format!("{}/people/opted-out", program.url)).await?;
    page.fill("Phone", "90000 00901").await?;
    page.fill("Reason", "Asked on the phone").await?;
    page.click("Add number").await?;
    page.wait_text("opted out of everything").await?;
    let lift = leads_to("/remove").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("stop list.csv");
    std::fs::write(&file, "Mobile\n90000 00911\n90000 00912\n12345\n\"not, known\"\n")?;
    page.goto(&format!("{}/people/opted-out/import", program.url)).await?;
    page.upload("File", &[&file]).await?;
    page.fill("Reason", "Opt-outs of our previous provider").await?;
    page.click("Upload").await?;
    page.wait_text("Check the list").await?;
    let list = path(page.url().await?);
    Ok(vec![person, withdraw, lift, list, "/people/opted-out?show=lifted".to_owned()])
}

/// Makes a named link and a group that is posted to by hand; returns the paths of their pages and of the page for
/// posting.
async fn posts(page: &Page, program: &Program) -> Result<Vec<String>> {
    let found = async |start: &str, end: &str| -> Result<String> {
        let all = links(page).await?;
        let fits = |path: &String| {
            path.starts_with(start) && path.ends_with(end) && path.len() > start.len() + end.len()
        };
        all.into_iter().find(fits).with_context(|| format!("no link from {start} to {end}"))
    };
    page.goto(&format!("{}/settings/links", program.url)).await?;
    page.fill("Name", "zoom").await?;
    page.fill("Leads to", "https://meet.example/udaan").await?;
    page.click("Add link").await?;
    page.wait_text("is ready to be used").await?;
    let remove = found("/settings/links/", "/remove").await?;
    let change = remove.trim_end_matches("/remove").to_owned();
    // Today's workshop has groups of an account. Groups that are named by hand are posted to separately.
    page.goto(&format!("{}/workshops", program.url)).await?;
    page.click("Rust for Beginners").await?;
    page.wait_text("Registrants").await?;
    let workshop = page.url().await?.trim_start_matches(&program.url).to_owned();
    let workshop = workshop.split(['?', '#']).next().unwrap_or_default().to_owned();
    page.goto(&format!("{}{workshop}/groups", program.url)).await?;
    page.fill("Name", "Excel batch A").await?;
    page.click(button("Add the group")).await?;
    page.wait_text("Excel batch A").await?;
    let group = found("/groups/", "").await?;
    let id = workshop.trim_start_matches("/workshops/");
    page.goto(&format!("{}/?channel=group&workshop={id}", program.url)).await?;
    page.fill("Text", "We start at {start_time}.").await?;
    page.click("Review and ask").await?;
    page.click("Ask for 1 group").await?;
    page.wait_url("/post").await?;
    let post = page.url().await?.trim_start_matches(&program.url).to_owned();
    Ok(vec![remove, change, group, post])
}

/// Uploads a report of who attended, before it is taken over; returns the path of its page.
async fn attendance(page: &Page, program: &Program) -> Result<String> {
    page.goto(&format!("{}/workshops", program.url)).await?;
    let all = links(page).await?;
    let one = |path: &&String| path.starts_with("/workshops/") && path.len() == "/workshops/".len() + 36;
    let workshop = all.iter().find(one).context("there is no workshop")?.clone();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("report.csv");
    let people =
        "Name,Email,Join Time,Leave Time\nSomebody Else,else@example.com,2027-01-20 19:00,2027-01-20 20:00\n";
    std::fs::write(&file, people)?;
    page.goto(&format!("{}{workshop}/attendance", program.url)).await?;
    page.upload("Report", &[&file]).await?;
    page.click("Look at it").await?;
    page.wait_text("Check the report").await?;
    Ok(page.url().await?.trim_start_matches(&program.url).to_owned())
}

/// Whether the open page offers to run a sequence.
const OFFERS_A_RUN: &str = "[...document.querySelectorAll('a, button')].some(one => one.textContent.trim().toLowerCase() === 'run sequence')";

/// Runs a sequence for a workshop and changes it afterwards; returns the paths of its pages.
async fn sequence(page: &Page, program: &Program) -> Result<Vec<String>> {
    let path =
        |url: String| url.trim_start_matches(&program.url).split('#').next().unwrap_or_default().to_owned();
    let leads_to = async |end: &str| -> Result<String> {
        let all = links(page).await?;
        all.into_iter().find(|path| path.ends_with(end)).with_context(|| format!("no link ends with {end}"))
    };
    page.goto(&format!("{}/workshops", program.url)).await?;
    let all = links(page).await?;
    let is_workshop = |path: &&String| {
        path.starts_with("/workshops/")
            && path.matches('/').count() == 2
            && !path.contains(['?', '#'])
            && !path.ends_with("new")
    };
    let workshops: Vec<String> = all.iter().filter(is_workshop).cloned().collect();
    page.goto(&format!("{}/settings/sequences", program.url)).await?;
    page.fill("Name", "Masterclass").await?;
    page.select("Begin with", "Masterclass, English: 5 steps").await?;
    page.click("Add sequence").await?;
    page.wait_text("Sequence added").await?;
    let own = path(page.url().await?);
    let step = leads_to("/steps/thanks").await?;
    page.goto(&format!("{}{own}/ladders/new", program.url)).await?;
    page.select(Target::from("Sends").nth(0), "1-hour reminder").await?;
    page.click("Save ladder").await?;
    page.wait_text("Ladder saved.").await?;
    let ladder = leads_to("/ladders/reach").await?;
    // One workshop of the demonstration has a plan of its own. Which one comes first depends on the hour.
    let mut workshop = String::new();
    for one in workshops {
        let id = own.rsplit('/').next().unwrap_or_default();
        page.goto(&format!("{}{one}/plan?sequence={id}", program.url)).await?;
        if page.eval(OFFERS_A_RUN).await? {
            workshop = one;
            break;
        }
    }
    page.click("Run sequence").await?;
    page.wait_url("/plan/run").await?;
    let run = path(page.url().await?);
    page.eval::<bool>(
        "(document.querySelector('form[method=post][action$=\"/plan/run\"]').requestSubmit(), true)",
    )
    .await?;
    page.wait_text("The sequence runs.").await?;
    let all = links(page).await?;
    let is_row = |path: &&String| path.ends_with("/cancel") && path.matches('/').count() == 5;
    let row = all.iter().find(is_row).context("no step can be taken out")?.clone();
    let taken_out = all.iter().rfind(is_row).context("no step can be taken out")?;
    page.goto(&format!("{}{taken_out}", program.url)).await?;
    page.click("Take it out").await?;
    page.wait_text("Taken out of the plan.").await?;
    let put_back = leads_to("/put-back").await?;
    page.goto(&format!("{}{step}", program.url)).await?;
    page.fill("Called", "Thank you").await?;
    page.click("Save step").await?;
    page.wait_text("Step saved.").await?;
    let plan = format!("{workshop}/plan");
    Ok(vec![
        own.clone(),
        format!("{own}/steps/new"),
        format!("{own}/ladders/new"),
        ladder,
        format!("{plan}/ladders/reach"),
        step,
        format!("{own}/remove"),
        plan.clone(),
        run,
        format!("{plan}/cancel"),
        row,
        put_back,
        format!("{plan}/follow"),
        format!("/plans/review?sequence={}", own.rsplit('/').next().unwrap_or_default()),
    ])
}

/// Adds a recording to the library; returns the paths of its pages.
async fn recording(page: &Page, program: &Program) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("reminder.wav");
    std::fs::write(&file, tone(2_000))?;
    page.goto(&format!("{}/settings/recordings", program.url)).await?;
    page.fill("Name", "Reminder, Meera’s voice").await?;
    page.upload("File", &[&file]).await?;
    page.click("Keep recording").await?;
    page.wait_text("As a telephone plays it").await?;
    let own = page.url().await?.trim_start_matches(&program.url).to_owned();
    Ok(vec![own.clone(), format!("{own}/remove"), "/settings/recordings".to_owned()])
}

/// A tone of 500 Hz of that length in milliseconds, as a WAV file of 8 kHz.
pub(crate) fn tone(ms: u32) -> Vec<u8> {
    let bytes = 16 * ms;
    let mut file =
        [&b"RIFF"[..], &(36 + bytes).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes(), &[1, 0, 1, 0]]
            .concat();
    file.extend([8_000_u32.to_le_bytes(), 16_000_u32.to_le_bytes()].concat());
    file.extend([&[2, 0, 16, 0][..], b"data", &bytes.to_le_bytes()].concat());
    // Sixteen samples a wave: up and down.
    let wave: [i16; 16] = [
        0, 3_800, 7_000, 9_200, 10_000, 9_200, 7_000, 3_800, 0, -3_800, -7_000, -9_200, -10_000, -9_200,
        -7_000, -3_800,
    ];
    file.extend(wave.iter().cycle().take(8 * ms as usize).flat_map(|sample| sample.to_le_bytes()));
    file
}

/// The pages that links lead to only in passing, in a dialog or after an action.
async fn in_passing(page: &Page, program: &Program) -> Result<Vec<String>> {
    let import = begin_import(page, program).await?;
    page.click("Import 2 people").await?;
    page.wait_text("Undo import").await?;
    page.goto(&format!("{}/broadcasts", program.url)).await?;
    let all = links(page).await?;
    let is_broadcast = |path: &&String| path.starts_with("/broadcasts/") && path.matches('/').count() == 2;
    let broadcast = all.iter().find(is_broadcast).context("the demonstration has no broadcast")?;
    page.goto(&format!("{}/?channel=personal", program.url)).await?;
    let confirm: String = page.eval(CONFIRM).await?;
    let home = links(page).await?;
    let missing = home.iter().find(|path| path.contains("no_phone")).context("nobody is without a number")?;
    page.goto(&format!("{}{missing}", program.url)).await?;
    let numberless = links(page).await?;
    let numberless =
        numberless.into_iter().find(|path| path.contains("/registrants/") && !path.contains('?'));
    let mut paths = wishes(page, program).await?;
    paths.extend(posts(page, program).await?);
    paths.push(attendance(page, program).await?);
    paths.extend(sequence(page, program).await?);
    paths.extend(recording(page, program).await?);
    paths.extend(numberless);
    paths.extend([
        import.clone(),
        format!("{import}/undo"),
        format!("{broadcast}?state=skipped"),
        format!("{broadcast}/retry?state=failed"),
        confirm,
        // Alerts on a phone link to this page.
        "/a".to_owned(),
        "/nowhere".to_owned(),
    ]);
    Ok(paths)
}

#[tokio::test]
async fn every_page_is_accessible() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let page = browser.page(LOOK.0, LOOK.1).await?;
    let mut problems = Vec::new();
    for path in ["/sign-in", program.link.trim_start_matches(&program.url)] {
        page.goto(&format!("{}{path}", program.url)).await?;
        let name = if path == "/sign-in" { path } else { "/sign-in/link" };
        problems.extend(review::problems(&page, &format!("door {name}"), LOOK).await?);
    }
    sign_in(&page, &program).await?;
    pause_first_broadcast(&page, &program).await?;
    let import = begin_import(&page, &program).await?;
    let patterns = patterns();
    let mut seen = BTreeSet::new();
    let mut visited = BTreeSet::new();
    let mut queue = VecDeque::from(["/".to_owned(), import]);
    let mut unknown = BTreeMap::new();
    while let Some(path) = queue.pop_front() {
        let bare = path.split('?').next().unwrap_or_default();
        let Some(pattern) = pattern_of(bare, &patterns) else {
            if !is_no_page(bare) {
                unknown.insert(bare.to_owned(), path.clone());
            }
            continue;
        };
        if !seen.insert(key(&path, pattern)) {
            continue;
        }
        page.goto(&format!("{}{path}", program.url)).await?;
        visited.insert(pattern);
        // At night a confirmation says that the message would come too late.
        if bare == "/compose/confirm" && page.assert_quiet().await.is_err() {
            page.expect_problem("answer 422").await?;
        }
        queue.extend(links(&page).await?);
        let name = key(&path, pattern);
        problems.extend(review::problems(&page, &format!("page {}", name.trim()), LOOK).await?);
    }
    for path in in_passing(&page, &program).await? {
        page.goto(&format!("{}{path}", program.url)).await?;
        let pattern = pattern_of(path.split('?').next().unwrap_or_default(), &patterns);
        visited.extend(pattern);
        if path == "/nowhere" {
            page.expect_problem("answer 404").await?;
        }
        let name = format!("passing {}", pattern.unwrap_or("/nowhere"));
        problems.extend(review::problems(&page, name.trim(), LOOK).await?);
    }
    // At night nobody is called, so nobody of the demonstration is at any stage of a call.
    if !CallingHours::default().covers(WallClock.now()) {
        visited.insert("/broadcasts/{broadcast}/calls/{stage}");
    }
    for pattern in patterns.difference(&visited) {
        problems.push(format!("{pattern}: no link leads there"));
    }
    for path in unknown.keys() {
        problems.push(format!("{path}: a link leads there, but no page"));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n\n"));
    Ok(())
}

/// The first link of an opt-out that the page shows.
async fn opt_out_link(page: &Page) -> Result<Option<String>> {
    page.eval("(document.body.innerText.match(/http\\S+\\/o\\/[\\w-]{40}/) ?? [null])[0]").await
}

/// The links in a preview, and in a message that was confirmed.
async fn sent_links(page: &Page, program: &Program) -> Result<(String, String)> {
    page.goto(&format!("{}/?channel=personal", program.url)).await?;
    open_values(page).await?;
    page.select("Source of value 1", "Registrant · Opt-out link").await?;
    page.wait_text("/o/").await?;
    let sample = opt_out_link(page).await?.context("the preview shows no link")?;
    page.click("Review and send").await?;
    page.wait_for("document.querySelector('dialog[open]')").await?;
    let confirm: String =
        page.eval("document.querySelector('dialog[open] [type=submit]').innerText.trim()").await?;
    page.click(button(&confirm).within("dialog[open]")).await?;
    page.wait_url("/broadcasts/").await?;
    page.wait_for("document.querySelector('.m-people .m-rowlink')").await?;
    let all: Vec<String> =
        page.eval("[...document.querySelectorAll('.m-people .m-rowlink')].map(a => a.href)").await?;
    // A person who was left out has no text.
    for message in all {
        page.goto(&message).await?;
        if let Some(link) = opt_out_link(page).await? {
            return Ok((sample, link));
        }
    }
    anyhow::bail!("no message carries a link")
}

#[tokio::test]
async fn what_is_behind_a_link_that_was_sent_is_accessible() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let program = Program::demo().await?;
    let member = browser.page(LOOK.0, LOOK.1).await?;
    sign_in(&member, &program).await?;
    no_quiet_hours(&member, &program).await?;
    let (sample, link) = sent_links(&member, &program).await?;
    // The page opens on somebody else's phone, without session and cookie.
    let page = browser.page(LOOK.0, LOOK.1).await?;
    let mut problems = Vec::new();
    page.goto(&link).await?;
    page.wait_text("Stop messages on WhatsApp?").await?;
    problems.extend(review::problems(&page, "link open", LOOK).await?);
    page.click("Stop promotions only · सिर्फ़ प्रचार बंद करें").await?;
    page.wait_text("Promotions are stopped").await?;
    problems.extend(review::problems(&page, "link promotions-stopped", LOOK).await?);
    page.click("Stop everything on WhatsApp · सब बंद करें").await?;
    page.wait_text("Messages are stopped").await?;
    problems.extend(review::problems(&page, "link stopped", LOOK).await?);
    page.click("Undo · वापस लें").await?;
    page.wait_text("Stop messages on WhatsApp?").await?;
    page.goto(&sample).await?;
    page.wait_text("This is the link of a test").await?;
    problems.extend(review::problems(&page, "link sample", LOOK).await?);
    page.goto(&format!("{}/j/preview0000", program.url)).await?;
    page.wait_text("This is the link of a preview").await?;
    problems.extend(review::problems(&page, "short link of a preview", LOOK).await?);
    page.goto(&format!("{}/l/none-such", program.url)).await?;
    page.wait_text("This link leads nowhere").await?;
    page.expect_problem("answer 404").await?;
    problems.extend(review::problems(&page, "short link of nobody", LOOK).await?);
    page.goto(&format!("{}/o/{}", program.url, "A".repeat(40))).await?;
    page.wait_text("This link does not work").await?;
    page.expect_problem("answer 404").await?;
    problems.extend(review::problems(&page, "link of nobody", LOOK).await?);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n\n"));
    Ok(())
}
