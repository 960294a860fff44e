//! Stands before every route: who calls, may they, does the form come from us.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Query, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::role::{Permission, Role};
use store::SignedIn;

use super::{
    auth::{Token, safe_next},
    caller::Caller,
    cookies::{self, Jar},
    csrf,
    error::{Kind, Problem},
    extract::Visitor,
    notice,
    rule::{Needs, Rule},
};
use crate::{
    app::{App, SESSION_LIFE},
    seal::random_bytes,
    ui::{button::Csrf, shell::Theme},
};

/// The door cookie lasts as long as somebody may leave a sign-in form open.
const DOOR_SECONDS: i64 = 24 * 60 * 60;

/// Field of a form that says where it was written: an address with a query.
pub const WRITTEN_AT: &str = "written-at";
/// Parameter of that address when somebody comes back to it who was signed out: nothing was sent.
pub const UNSENT: &str = "unsent";

/// The gate of one route. What went wrong behind it goes on as it is, with what whoever shows it has to know.
pub async fn gate(State((app, rule)): State<(App, Rule)>, request: Request, next: Next) -> Response {
    let told_before = Jar::Notice.read(&app.config, request.headers()).is_some();
    let mut seen = RequestFacts { kind: rule.kind, visitor: None, caller: None };
    let mut door = None;
    let passed = pass(&app, rule, request, next, &mut seen, &mut door);
    let mut response = match tokio::time::timeout(rule.timeout, passed).await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => {
            Problem::unavailable(format!("{} took longer than {:?}", rule.path, rule.timeout)).into_response()
        }
    };
    if let Some(door) = door {
        let cookie = Jar::OutsidePage.set(&app.config, &door, Some(DOOR_SECONDS));
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    // A redirect shows no page: the notice waits for the next one.
    if told_before && seen.caller.is_some() && !response.status().is_redirection() {
        response.headers_mut().append(header::SET_COOKIE, Jar::Notice.clear(&app.config));
    }
    response.extensions_mut().insert(seen);
    response
}

/// What the gate knows about a request, for the page that shows what went wrong.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// Who reads the answer.
    pub kind: Kind,
    /// The visitor, where the session was looked up.
    pub visitor: Option<Visitor>,
    /// The member who asked; `None` for everybody else.
    pub caller: Option<Caller>,
}

async fn pass(
    app: &App,
    rule: Rule,
    mut request: Request,
    next: Next,
    seen: &mut RequestFacts,
    door: &mut Option<String>,
) -> Result<Response, Problem> {
    if rule.needs == Needs::Anyone {
        return Ok(next.run(request).await);
    }
    let direct = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = address(app, request.headers(), direct);
    let visitor = visitor(app, request.headers(), address, door).await?;
    seen.visitor = Some(visitor.clone());
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let caller = visitor.signed_in.as_ref().and_then(|who| caller(app, who));
    seen.caller.clone_from(&caller);
    if let Some(refusal) = refusal(rule, &visitor, caller.as_ref(), &request) {
        if writes && visitor.signed_in.is_none() && rule.kind != Kind::Json {
            return Ok(back_to_what_was_typed(rule, request, refusal?).await);
        }
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
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    request.extensions_mut().insert(visitor);
    let response = next.run(request).await;
    if let Some(caller) = seen.caller.as_ref().filter(|_| writes) {
        app.composer.attention_changed(caller.organization.id);
    }
    if rule.changes_access {
        app.engine.access_changed();
    }
    Ok(response)
}

async fn visitor(
    app: &App,
    headers: &HeaderMap,
    address: String,
    new_door: &mut Option<String>,
) -> Result<Visitor, Problem> {
    let token = Jar::Session.read(&app.config, headers).and_then(Token::parse);
    let signed_in = match &token {
        Some(token) => app.store.access().session(&token.hash(), SESSION_LIFE, app.clock.now()).await?,
        None => None,
    };
    let bound_to = match (&signed_in, &token) {
        (Some(_), Some(token)) => format!("session {}", token.hash()),
        _ => {
            let known = Jar::OutsidePage.read(&app.config, headers).filter(|door| door.len() == 32);
            let door = known.map(str::to_owned).unwrap_or_else(|| {
                let fresh = hex::encode(random_bytes::<16>());
                *new_door = Some(fresh.clone());
                fresh
            });
            format!("door {door}")
        }
    };
    let csrf = Csrf(csrf::token(&app.keys.form_key(), &bound_to));
    Ok(Visitor { signed_in, csrf, theme: theme(headers), address, bound_to })
}

/// Refuses or redirects whoever may not use the route.
fn refusal(
    rule: Rule,
    visitor: &Visitor,
    caller: Option<&Caller>,
    request: &Request,
) -> Option<Result<Response, Problem>> {
    let Some(who) = &visitor.signed_in else {
        return (rule.needs != Needs::Public).then(|| to_sign_in(rule, request));
    };
    match (rule.needs, caller) {
        (Needs::Anyone | Needs::Public | Needs::SignedIn, _) => None,
        (Needs::SuperAdmin, _) if who.user.super_admin => None,
        (Needs::SuperAdmin, _) => {
            Some(Err(Problem::forbidden("Only the host of this installation may do this.")))
        }
        (Needs::Role(permission), Some(caller)) => caller.require(permission).err().map(Err),
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

/// Somebody was signed out while they wrote: a form that says where it was written leads back there, and nothing of it is done.
async fn back_to_what_was_typed(rule: Rule, request: Request, otherwise: Response) -> Response {
    let Some(form) = csrf::find(request, rule.body_max).await else { return otherwise };
    let Ok(bytes) = axum::body::to_bytes(form.request.into_body(), rule.body_max).await else {
        return otherwise;
    };
    // A form is written as a query is.
    let uri = std::str::from_utf8(&bytes).ok().and_then(|text| format!("/?{text}").parse::<Uri>().ok());
    let pairs = uri.and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    let written = pairs.iter().find(|(name, _)| name == WRITTEN_AT).map(|(_, at)| at.as_str());
    match written.map(|at| safe_next(Some(at))) {
        Some(at) if at.len() > 1 => {
            notice::see_other(&format!("/sign-in?next={}", escaped(&format!("{at}&{UNSENT}=yes"))))
        }
        _ => otherwise,
    }
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

fn caller(app: &App, who: &SignedIn) -> Option<Caller> {
    let (organization, role) = who.place.as_ref()?;
    let org = app.store.org(who.actor()?);
    let (organization, role) = (organization.clone(), *role);
    let asks = compose::Caller { org, organization, role, now: app.clock.now() };
    Some(Caller { asks, user: who.user.clone(), signed_in: who.clone() })
}

/// The theme of the cookie; without one the browser decides.
pub fn theme(headers: &HeaderMap) -> Theme {
    Theme::named(cookies::value(headers, Theme::COOKIE).unwrap_or_default())
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

/// The user that these headers sign in, for requests without a route: the page of an unknown address keeps its reader's
/// menu.
pub async fn seen_by(app: &App, headers: &HeaderMap) -> Option<RequestFacts> {
    let visitor = visitor(app, headers, String::new(), &mut None).await.ok()?;
    let caller = visitor.signed_in.as_ref().and_then(|who| caller(app, who));
    Some(RequestFacts { kind: Kind::Page, visitor: Some(visitor), caller })
}

/// The answer where no route is.
pub async fn nothing_here() -> Problem {
    let words = "There is no page at this address. It may be mistyped, or an old link.";
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is no such page", words)
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
