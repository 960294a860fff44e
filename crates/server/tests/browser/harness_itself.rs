//! The harness finds what it claims to find. A browser test that passes on nothing proves nothing.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::Result;

use crate::harness::{Browser, Page, Theme, Width, button, link, tab, text};

/// Serves a site of a few pages on a free port until the test program ends.
fn site() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream) {
    // A browser may open a connection without sending a request.
    let Some((path, body)) = request(&mut stream) else { return };
    let (status, policy, page) = match path.as_str() {
        "/form" => ("200 OK", "", FORM.to_owned()),
        "/welcome" => ("200 OK", "", format!("<h1>Welcome</h1><p>{}</p>", body.replace('&', " "))),
        "/upload" => ("200 OK", "", format!("<h1>Received</h1><pre>{body}</pre>")),
        "/loud" => ("200 OK", "", LOUD.to_owned()),
        "/strict" => ("200 OK", "Content-Security-Policy: default-src 'self'\r\n", STRICT.to_owned()),
        "/barriers" => ("200 OK", "", BARRIERS.to_owned()),
        "/late" => ("200 OK", "", LATE.to_owned()),
        "/twice" => ("200 OK", "", TWICE.to_owned()),
        "/colours" => ("200 OK", "", COLOURS.to_owned()),
        "/over" => ("200 OK", "", OVER.to_owned()),
        "/wide" => ("200 OK", "", "<h1>Wide</h1><div id=board style='width: 900px'>board</div>".to_owned()),
        _ => ("404 Not Found", "", "<h1>Not found</h1>".to_owned()),
    };
    let page = format!(
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>\
         <title>{path}</title><main>{page}</main></html>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{policy}Content-Length: {}\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // The browser may have left.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
}

/// The path and the body of a request.
fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |line: &str| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok();
        if body.len() >= head.lines().find_map(header).unwrap_or(0) {
            return Some((head.split(' ').nth(1)?.to_owned(), body.to_owned()));
        }
    }
}

const FORM: &str = r#"<h1>Sign in</h1>
<form method=post action=/welcome>
  <label>E-mail <input type=email name=email value=old@example.org></label>
  <label for=day>Day</label> <input type=date id=day name=day>
  <label>Channel <select name=channel><option>SMS</option><option value=call>IVR  Call</option></select></label>
  <label><input type=checkbox name=agree value=yes> I agree</label>
  <button>Sign in</button>
</form>
<form method=post action=/upload enctype=multipart/form-data>
  <label>People <input type=file name=people></label>
  <button>Import</button>
</form>
<p hidden>not for you</p>"#;

const LOUD: &str = "<h1>Loud</h1><img src=/missing.png alt=gone>
<script>console.error('shouted', 7); setTimeout(() => { throw new Error('thrown later') });
fetch('http://elsewhere.example/').catch(() => {});</script>";

const STRICT: &str = "<h1>Strict</h1><p style='color: red'>red</p><script>document.title = 'run'</script>";

const BARRIERS: &str =
    "<h1>Barriers</h1><input name=nameless><p style='color: #ccc; background: #fff'>faint</p>";

/// The first two texts overlap. Of the others nobody sees two at once: one is cut off, one is hidden, and one is in a
/// fixed bar.
const OVER: &str = "<h1>Over</h1><style>div { position: relative; height: 3rem } b, i { position: absolute; left: 0; top: 0 }</style>
<div><b>Handed over</b><i>Delivered</i></div>
<div style='overflow: hidden; width: 5rem; white-space: nowrap'>A long title that is cut off</div><p style='margin: -3rem 0 0 6rem'>beside it</p>
<div><b>Shown</b><i style='visibility: hidden'>hidden</i></div>
<div>Below the bar</div><p style='position: fixed; bottom: 0; left: 0'>In the bar</p>";

const LATE: &str =
    "<h1>Late</h1><dialog open style='position: fixed; inset: 0; width: 100%; height: 100%'>wait</dialog>
<button onclick=\"document.querySelector('h1').textContent = 'Done'\">Go on</button>
<script>setTimeout(() => document.querySelector('dialog').close(), 300)</script>";

const TWICE: &str = "<h1>Twice</h1>
<div role=tablist><button role=tab onclick=\"document.querySelector('h1').textContent = 'Tab'\">Remove</button></div><div id=a><button>Remove</button></div><div id=b>
<button onclick=\"document.querySelector('h1').textContent = 'B is gone'\">Remove</button></div>";

const COLOURS: &str = "<style>:root { color-scheme: light dark } p::before { content: 'light' }
@media (prefers-color-scheme: dark) { p::before { content: 'dark' } }</style><h1>Colours</h1><p></p>
<a href=/form>To the form</a>";

/// What a page says when it fails, the whole chain of it.
fn problem<T>(result: Result<T>) -> String {
    format!("{:#}", result.err().expect("this had to fail"))
}

#[track_caller]
fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

async fn open(browser: &Browser, path: &str) -> Result<Page> {
    let page = browser.page(Width::Desk, Theme::Light).await?;
    page.goto(&format!("{}{path}", site())).await?;
    Ok(page)
}

#[tokio::test]
async fn a_form_is_filled_by_its_labels_and_sent() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/form").await?;
    assert!(!page.text().await?.contains("not for you"));
    page.fill("E-mail", "asha@example.org").await?;
    page.fill("Day", "2026-12-01").await?;
    page.select("Channel", "IVR Call").await?;
    page.click("I agree").await?;
    page.assert_accessible().await?;
    page.click(button("Sign in")).await?;
    // This does not wait: a click that leads to another page has ended there.
    assert!(page.url().await?.ends_with("/welcome"));
    page.wait_text("email=asha%40example.org day=2026-12-01 channel=call agree=yes").await?;
    page.assert_quiet().await
}

#[tokio::test]
async fn a_form_is_filled_with_the_keyboard_alone() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/form").await?;
    page.press("Tab").await?;
    assert_eq!(page.focused().await?, "E-mail");
    page.fill("E-mail", "").await?;
    page.press("Shift+Tab").await?;
    page.press("Tab").await?;
    page.press("Enter").await?;
    page.wait_url("/welcome").await?;
    page.wait_text("email= day= channel=SMS").await
}

#[tokio::test]
async fn a_file_is_uploaded() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/form").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("people.csv");
    std::fs::write(&file, "name,phone\nAsha,+919000000001\n")?;
    page.upload("People", &[&file]).await?;
    page.click("Import").await?;
    page.wait_text("filename=\"people.csv\"").await?;
    page.wait_text("Asha,+919000000001").await?;
    page.assert_quiet().await
}

#[tokio::test]
async fn what_goes_wrong_behind_a_page_is_found() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/loud").await?;
    page.wait_text("Loud").await?;
    page.expect_problem("http://elsewhere.example/: net::ERR").await?;
    let said = problem(page.assert_quiet().await);
    assert_says(
        &said,
        &[
            "harness_itself.rs",
            "console error: shouted 7",
            "Error: thrown later",
            "answer 404: GET",
            "/missing.png",
        ],
    );
    assert!(!said.contains("elsewhere"), "a problem that was expected is told again: {said}");

    let page = open(&browser, "/strict").await?;
    let said = problem(page.assert_quiet().await);
    assert_says(&said, &["inline style", "inline script", "Content Security Policy"]);
    Ok(())
}

#[tokio::test]
async fn axe_finds_a_field_without_a_label_and_faint_text() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/barriers").await?;
    assert_says(
        &problem(page.assert_accessible().await),
        &["label:", "nameless", "color-contrast:", "faint"],
    );
    // Axe has to run under a policy that forbids foreign scripts.
    let page = open(&browser, "/strict").await?;
    page.assert_accessible().await
}

#[tokio::test]
async fn texts_over_one_another_are_found_and_others_are_not() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/over").await?;
    let said = problem(page.assert_apart().await);
    assert_says(&said, &["printed over one another: “Handed over” and “Delivered”"]);
    assert_eq!(said.matches("” and “").count(), 1, "{said}");
    open(&browser, "/form").await?.assert_apart().await
}

#[tokio::test]
async fn a_click_waits_until_nothing_covers_its_target() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let page = open(&browser, "/late").await?;
    page.click("Go on").await?;
    page.wait_text("Done").await?;
    page.wait_text_gone("Late").await
}

#[tokio::test]
async fn of_two_alike_the_test_says_which() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let mut page = open(&browser, "/twice").await?;
    page.click(button("Remove").within("#b")).await?;
    page.wait_text("B is gone").await?;
    page.click(tab("Remove")).await?;
    page.wait_text("Tab").await?;
    page.click(button("Remove").nth(0)).await?;
    page.click(text("Tab")).await?;
    page.set_patience(Duration::from_millis(200));
    assert_says(&problem(page.click("Remove").await), &["there are 3", "click “Remove”"]);
    assert_says(
        &problem(page.click("Delete").await),
        &["there is none; there are: tab “Remove”, button “Remove”"],
    );
    Ok(())
}

#[tokio::test]
async fn a_page_is_seen_in_light_and_dark_on_a_laptop_and_a_phone() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let site = site();
    let page = browser.page(Width::Phone, Theme::Dark).await?;
    page.goto(&format!("{site}/colours")).await?;
    let shown = "getComputedStyle(document.querySelector('p'), '::before').content";
    assert_eq!(page.eval::<String>(shown).await?, "\"dark\"");
    assert_eq!(page.eval::<(u32, u32)>("[innerWidth, innerHeight]").await?, (390, 844));
    page.theme(Theme::Light).await?;
    page.resize(Width::Desk).await?;
    assert_eq!(page.eval::<String>(shown).await?, "\"light\"");
    assert_eq!(page.eval::<(u32, u32)>("[innerWidth, innerHeight]").await?, (1440, 900));
    page.click(link("To the form")).await?;
    page.wait_for("document.title === '/form'").await?;

    page.resize(Width::Phone).await?;
    page.assert_fits().await?;
    page.goto(&format!("{site}/wide")).await?;
    assert_says(&problem(page.assert_fits().await), &["id=\"board\""]);

    let folder = tempfile::tempdir()?;
    let (window, whole) = (folder.path().join("window.png"), folder.path().join("whole.png"));
    page.screenshot(&window).await?;
    page.screenshot_whole(&whole).await?;
    for file in [window, whole] {
        assert!(std::fs::read(file)?.starts_with(b"\x89PNG"));
    }
    Ok(())
}

#[tokio::test]
async fn two_pages_are_two_people_and_script_can_be_off() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let site = site();
    let one = browser.page(Width::Desk, Theme::Light).await?;
    let other = browser.page(Width::Desk, Theme::Light).await?;
    one.set_cookie(&site, "who", "one").await?;
    other.set_script(false).await?;
    one.goto(&format!("{site}/late")).await?;
    other.goto(&format!("{site}/loud")).await?;
    assert_eq!(one.eval::<String>("document.cookie").await?, "who=one");
    assert_eq!(other.eval::<String>("document.cookie").await?, "");
    other.expect_problem("missing.png").await?;
    other.assert_quiet().await?;
    other.goto(&format!("{site}/form")).await?;
    other.click("Sign in").await?;
    other.wait_text("email=old%40example.org").await
}
