//! Where short links lead: a registrant's own to their workshop's join link, a named one to its target. The target always comes from the
//! store, so that no address can be made that leads elsewhere.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    link::LinkName,
    time::Zone,
    workshop::{RegistrantStatus, WorkshopStatus},
};
use maud::{Render, html};
use store::{
    StoreError,
    work::{JoinTarget, Opened},
};

use super::opt_out::PublicVisitor;
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::Path,
    },
    short_links::{CODE_CHARS, SAMPLE_CODE, is_a_person},
    ui::public_page::PublicPage,
};

/// `GET /j/{code}`: a registrant's own link. Their workshop's join link is looked up at this moment.
pub async fn own(
    State(app): State<App>,
    caller: PublicVisitor,
    method: Method,
    headers: HeaderMap,
    Path(code): Path<String>,
) -> PageResult {
    if code == SAMPLE_CODE {
        let words = ("This is the link of a preview", "यह केवल नमूने का लिंक है");
        return Ok(says(
            &caller,
            "Munadi",
            words,
            "In a message each person gets a link of their own, which leads to their workshop.",
        ));
    }
    let fits = code.len() == CODE_CHARS && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let target = if fits { app.store.links().own(&code).await } else { Err(StoreError::Missing) };
    let target = match target {
        Ok(target) => target,
        Err(StoreError::Missing) => return nowhere(&app, &caller),
        Err(error) => return Err(error.into()),
    };
    if is_a_person(&method, &headers) {
        app.links.opened(Opened::Own(code));
    }
    if let Some(words) = closed(&target) {
        return Ok(words_for(&caller, &target, words));
    }
    match redirect(&target.join_link) {
        Some(answer) => Ok(answer),
        None => Ok(not_yet(&caller, &target)),
    }
}

/// `GET /l/{name}`: a named link.
pub async fn named(
    State(app): State<App>,
    caller: PublicVisitor,
    method: Method,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> PageResult {
    let Some(name) = LinkName::from_address(&name) else { return nowhere(&app, &caller) };
    let target = match app.store.links().named(&name).await {
        Ok(target) => target,
        Err(StoreError::Missing) => return nowhere(&app, &caller),
        Err(error) => return Err(error.into()),
    };
    if is_a_person(&method, &headers) {
        app.links.opened(Opened::Named(name.as_str().to_owned()));
    }
    redirect(&target).map_or_else(|| nowhere(&app, &caller), Ok)
}

/// A link that leads nowhere gets the same answer, whatever the reason; whoever tries many waits.
fn nowhere(app: &App, caller: &PublicVisitor) -> PageResult {
    app.links.bad.count(caller.address(), app.clock.now()).map_err(Problem::too_many)?;
    let words = ("This link leads nowhere", "यह लिंक अब काम नहीं करता");
    let more = "Check that it was copied whole. Whoever sent it can send another.";
    let mut answer = says(caller, "Munadi", words, more);
    *answer.status_mut() = StatusCode::NOT_FOUND;
    Ok(answer)
}

/// The way on; `None` where there is no address yet. Only web addresses are led to.
fn redirect(to: &str) -> Option<Response> {
    let to = to.trim();
    let is_web = to.starts_with("https://") || to.starts_with("http://");
    // An address with letters beyond ASCII is sent as its UTF-8 bytes, percent-encoded.
    let mut address = String::with_capacity(to.len());
    for byte in to.bytes() {
        if byte.is_ascii_graphic() {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    let location = HeaderValue::from_str(&address).ok().filter(|_| is_web)?;
    let mut answer = StatusCode::FOUND.into_response();
    answer.headers_mut().insert(header::LOCATION, location);
    Some(quiet(answer))
}

/// Kept by nobody, and listed nowhere. That the page it leads to is not told this address is said of every answer.
fn quiet(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    answer
}

/// Why nobody is led on: in English and in Hindi.
fn closed(target: &JoinTarget) -> Option<(&'static str, &'static str)> {
    match (target.workshop, target.registrant) {
        (WorkshopStatus::Cancelled, _) => Some(("This workshop was cancelled", "यह वर्कशॉप रद्द हो गई है")),
        (_, RegistrantStatus::Cancelled | RegistrantStatus::Refunded) => {
            Some(("Your registration was cancelled", "आपका पंजीकरण रद्द हो गया है"))
        }
        _ => None,
    }
}

fn words_for(caller: &PublicVisitor, target: &JoinTarget, words: (&str, &str)) -> Response {
    let more = format!("“{}”. Ask {} if you think that this is wrong.", target.title, target.organization);
    says(caller, &target.organization, words, &more)
}

fn not_yet(caller: &PublicVisitor, target: &JoinTarget) -> Response {
    let zone = Zone::parse(&target.zone).unwrap_or_else(|_| Zone::india());
    let starts = format!("{}, {}", zone.long_date(target.starts_at), zone.plain_time(target.starts_at));
    let more = format!("“{}” starts on {starts}. Open this same link again shortly before.", target.title);
    says(caller, &target.organization, ("The link is not ready yet", "लिंक अभी तैयार नहीं है"), &more)
}

fn says(caller: &PublicVisitor, from: &str, (title, title_hi): (&str, &str), more: &str) -> Response {
    let page = PublicPage {
        title: title.to_owned(),
        title_hi: title_hi.to_owned(),
        from: from.to_owned(),
        theme: caller.theme(),
        done: false,
        body: html! { p class="m-p" { (more) } },
        foot: String::new(),
    };
    quiet(page.render().into_response())
}
