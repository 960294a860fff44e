//! Stands before every route: who calls, may they, does the form come from us. Behind it: what went wrong, in the right form.

use std::{
    any::Any,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    time::Duration,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use domain::role::{Permission, Role};
use futures::FutureExt;
use store::SignedIn;

use super::{
    auth::Token,
    cookies::{self, Jar},
    csrf,
    error::{Kind, Problem, present},
    extract::{Member, Visitor},
    notice,
    router::{Needs, Rule},
};
use crate::{
    app::{App, SESSION_LIFE},
    live::watched::{Pulse, clock_words},
    seal::random_bytes,
    ui::{
        button::Csrf,
        shell::{Frame, OrganisationChoice, Theme},
    },
};

/// The door cookie lasts as long as somebody may leave a sign-in form open.
const DOOR_SECONDS: i64 = 24 * 60 * 60;

/// The gate of one route.
pub async fn gate(State((app, rule)): State<(App, Rule)>, request: Request, next: Next) -> Response {
    let theme = theme(request.headers());
    let mut look = Look { kind: rule.kind, theme, frame: None, door: None, notice_read: false };
    let answer = match tokio::time::timeout(rule.timeout, pass(&app, rule, request, next, &mut look)).await {
        Ok(answer) => answer,
        Err(_) => Err(Problem::unavailable(format!("{} took longer than {:?}", rule.path, rule.timeout))),
    };
    let mut response = match answer {
        Ok(response) => response,
        Err(problem) => present(&problem, look.kind, look.theme, look.frame.as_ref()),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let presented = present(&problem, look.kind, look.theme, look.frame.as_ref());
        // Cookies that the handler set go along.
        let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response = presented;
        cookies.into_iter().for_each(|cookie| {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        });
    }
    if let Some(door) = look.door {
        response
            .headers_mut()
            .append(header::SET_COOKIE, Jar::Door.set(&app.config, &door, Some(DOOR_SECONDS)));
    }
    // A redirect shows no page: the notice waits for the next one.
    if look.notice_read && !response.status().is_redirection() {
        response.headers_mut().append(header::SET_COOKIE, Jar::Notice.clear(&app.config));
    }
    response
}

/// How a problem of this request is shown, and which cookies change.
struct Look {
    kind: Kind,
    theme: Theme,
    frame: Option<Frame>,
    door: Option<String>,
    notice_read: bool,
}

async fn pass(
    app: &App,
    rule: Rule,
    mut request: Request,
    next: Next,
    look: &mut Look,
) -> Result<Response, Problem> {
    if rule.needs == Needs::Anyone {
        return Ok(next.run(request).await);
    }
    let direct = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = address(app, request.headers(), direct);
    let visitor = visitor(app, request.headers(), address, look).await?;
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let member = match &visitor.signed_in {
        Some(who) => member(app, who, &visitor, request.headers(), look).await?,
        None => None,
    };
    if let Some(refusal) = refusal(rule, &visitor, member.as_ref(), &request) {
        return refusal;
    }
    if writes {
        let told = csrf::comes_from_us(&app.config, request.headers());
        let found = csrf::find(request, rule.body_max).await.ok_or_else(Problem::too_large)?;
        let fits =
            found.token.is_some_and(|token| csrf::fits(&app.keys.form_key(), &visitor.bound_to, &token));
        if !told || !fits {
            return Err(Problem::form_too_old());
        }
        request = found.request;
    }
    if let Some(member) = member {
        request.extensions_mut().insert(member);
    }
    request.extensions_mut().insert(visitor);
    let response = next.run(request).await;
    if rule.changes_access {
        app.engine.access_changed();
    }
    Ok(response)
}

async fn visitor(
    app: &App,
    headers: &HeaderMap,
    address: String,
    look: &mut Look,
) -> Result<Visitor, Problem> {
    let token = Jar::Session.read(&app.config, headers).and_then(Token::parse);
    let signed_in = match &token {
        Some(token) => app.store.access().session(&token.hash(), SESSION_LIFE, app.clock.now()).await?,
        None => None,
    };
    let bound_to = match (&signed_in, &token) {
        (Some(_), Some(token)) => format!("session {}", token.hash()),
        _ => {
            let known = Jar::Door.read(&app.config, headers).filter(|door| door.len() == 32);
            let door = known.map(str::to_owned).unwrap_or_else(|| {
                let fresh = hex::encode(random_bytes::<16>());
                look.door = Some(fresh.clone());
                fresh
            });
            format!("door {door}")
        }
    };
    let csrf = Csrf(csrf::token(&app.keys.form_key(), &bound_to));
    Ok(Visitor { signed_in, csrf, theme: look.theme, address, bound_to })
}

/// Refuses or redirects whoever may not use the route.
fn refusal(
    rule: Rule,
    visitor: &Visitor,
    member: Option<&Member>,
    request: &Request,
) -> Option<Result<Response, Problem>> {
    let Some(who) = &visitor.signed_in else {
        return (rule.needs != Needs::Public).then(|| to_sign_in(rule, request));
    };
    match (rule.needs, member) {
        (Needs::Anyone | Needs::Public | Needs::SignedIn, _) => None,
        (Needs::SuperAdmin, _) if who.user.super_admin => None,
        (Needs::SuperAdmin, _) => {
            Some(Err(Problem::forbidden("Only the host of this installation may do this.")))
        }
        (Needs::Role(permission), Some(member)) => member.require(permission).err().map(Err),
        (Needs::Role(_), None) => Some(Err(Problem::forbidden(
            "You belong to no organisation here. Ask an admin of yours for an invitation.",
        ))),
    }
}

/// Which roles may do that, in words: "Your role here is Viewer. This needs Admin or Manager."
pub fn who_may(role: Role, permission: Permission) -> String {
    let titles: Vec<&str> =
        Role::ALL.iter().filter(|other| other.may(permission)).map(|other| other.title()).collect();
    format!(
        "Your role here is {}. This needs {}. Ask an admin of your organisation.",
        role.title(),
        titles.join(" or ")
    )
}

fn to_sign_in(rule: Rule, request: &Request) -> Result<Response, Problem> {
    if rule.kind == Kind::Json {
        return Err(Problem::not_signed_in());
    }
    let next = match (request.method(), request.uri().path_and_query()) {
        (&Method::GET, Some(path)) if path.as_str() != "/" => format!("?next={}", escaped(path.as_str())),
        _ => String::new(),
    };
    Ok(notice::see_other(&format!("/sign-in{next}")))
}

/// A path as the value of a query parameter.
fn escaped(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

async fn member(
    app: &App,
    who: &SignedIn,
    visitor: &Visitor,
    headers: &HeaderMap,
    look: &mut Look,
) -> Result<Option<Member>, Problem> {
    let (Some((organization, role)), Some(actor)) = (&who.place, who.actor()) else { return Ok(None) };
    let now = app.clock.now();
    let zone = &organization.zone;
    let choices = app.store.access().organizations_of(&who.user).await?;
    let org = app.store.org(actor);
    let pulse = Pulse::load(app, &org, now).await?;
    let toast = notice::read(app, headers);
    look.notice_read = toast.is_some();
    let frame = Frame {
        organisation: organization.name.clone(),
        zone: format!("{} · {}", zone.abbreviation(now), zone.name()),
        organisations: choices
            .into_iter()
            .map(|choice| OrganisationChoice {
                current: choice.id == organization.id,
                id: choice.id.to_string(),
                name: choice.name,
            })
            .collect(),
        user: who.user.name.clone(),
        role: if who.user.super_admin { "Super admin".to_owned() } else { role.title().to_owned() },
        operates: who.user.super_admin || role.may(Permission::Operate),
        heartbeat_ms: pulse.heartbeat_ms,
        running: pulse.running,
        clock: clock_words(zone, now),
        theme: visitor.theme,
        csrf: visitor.csrf.clone(),
        keys: cookies::value(headers, "keys") != Some("off"),
        toasts: toast.into_iter().collect(),
    };
    look.frame = Some(frame.clone());
    Ok(Some(Member {
        org,
        organization: organization.clone(),
        role: *role,
        user: who.user.clone(),
        signed_in: who.clone(),
        frame,
        opt_out_sample: app.opt_out.links.sample(organization.id),
        now,
    }))
}

/// The theme of the cookie, or else what the browser hints.
pub fn theme(headers: &HeaderMap) -> Theme {
    let hint = || headers.get("sec-ch-prefers-color-scheme").and_then(|hint| hint.to_str().ok());
    Theme::named(cookies::value(headers, Theme::COOKIE).or_else(hint).unwrap_or_default().trim_matches('"'))
}

/// Who calls, for the throttle: an IPv4 address, or the /64 that one customer of an IPv6 network has.
pub fn address(app: &App, headers: &HeaderMap, direct: Option<IpAddr>) -> String {
    let forwarded = || {
        // The last entry is the one that our own proxy wrote.
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let ip = if app.config.behind_proxy { forwarded().or(direct) } else { direct };
    match ip.map(|ip: IpAddr| ip.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Turns a panic anywhere into a page with a reference, and problems outside any route into pages.
pub async fn outermost(request: Request<Body>, next: Next) -> Response {
    let theme = theme(request.headers());
    let path = request.uri().path();
    let machine = ["/api/", "/callbacks/", "/healthz"].iter().any(|start| path.starts_with(start));
    let kind = if machine { Kind::Json } else { Kind::Page };
    // The whole path may hold a token: only its first part is told.
    let place = path.split('/').nth(1).unwrap_or_default().to_owned();
    let method = request.method().clone();
    let started = std::time::Instant::now();
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let problem = Problem::fault(format!("a handler of /{place} panicked: {}", panic_words(&*panic)));
            present(&problem, kind, theme, None)
        }
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = present(&problem, kind, theme, None);
    }
    tracing::debug!(
        method = %method, status = response.status().as_u16(), took_ms = started.elapsed().as_millis() as u64,
        "{method} /{place} {}", response.status().as_u16()
    );
    response
}

fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}

/// The answer where no route is.
pub async fn nothing_here() -> Problem {
    Problem::not_found()
}

/// The answer where the route does not take this method.
pub async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This page cannot be used like that",
        "Open it from the page that links to it.",
    )
}

/// Default longest time for a handler.
pub const TIMEOUT: Duration = Duration::from_secs(30);
