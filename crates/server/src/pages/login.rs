//! Signing in by password or by a one-time link, and signing out.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::time::SECOND;
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{LinkKind, SignInLimits, User};
use subtle::ConstantTimeEq;

use crate::{
    app::{App, SESSION_LIFE},
    http::{
        auth::{Token, safe_next},
        cookies::Jar,
        error::{PageResult, Problem},
        extract::{Form, Path, Person, Query, Visitor},
        notice::see_other,
        throttle::wider,
    },
    pages::foot,
    password,
    seal::{hmac_sha256, random_bytes},
    ui::{
        button::{Button, Size},
        field::Field,
        outside_page::OutsidePage,
    },
};

/// Wrong passwords for one account from one place (an address, a known device) before each costs time.
pub(super) const ACCOUNT_PATIENCE: SignInLimits = SignInLimits { free_failures: 5 };
/// Wrong passwords from one address: an office shares one.
const ADDRESS_PATIENCE: SignInLimits = SignInLimits { free_failures: 30 };
/// Wrong passwords from one larger network, such as a rented /48.
const NETWORK_PATIENCE: SignInLimits = SignInLimits { free_failures: 240 };
/// Wrong passwords for one account from everywhere. Guesses from many places are slowed down. A device on which the
/// person signed in before is not slowed, so that nobody is locked out by the guesses of others.
const EVERYWHERE_PATIENCE: SignInLimits = SignInLimits { free_failures: 100 };
/// A device is known for so long after the last sign-in with it.
const DEVICE_SECONDS: i64 = 365 * 24 * 60 * 60;
/// Said for a wrong password and for an unknown address alike.
const WRONG: &str =
    "E-mail and password do not fit together. Check both, or ask an admin for a sign-in link.";

/// The query of the sign-in page.
#[derive(Default, Deserialize)]
pub struct Next {
    next: Option<String>,
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct SignIn {
    email: String,
    password: String,
    next: Option<String>,
}

/// `GET /sign-in`
pub async fn form(State(app): State<App>, visitor: Visitor, Query(query): Query<Next>) -> PageResult {
    let next = safe_next(query.next.as_deref());
    if visitor.signed_in.is_some() {
        return Ok(see_other(next));
    }
    if !app.store.access().has_users().await? {
        return Ok(not_set_up(&visitor).into_response());
    }
    Ok(page(&visitor, "", next, None).into_response())
}

/// `POST /sign-in`
pub async fn sign_in(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> PageResult {
    let next = safe_next(form.next.as_deref());
    let email = form.email.trim();
    let refused = |status, words: &str| {
        Ok((status, page(&visitor, email, next, Some(words.to_owned()))).into_response())
    };
    let device = Jar::Device.read(&app.config, &headers);
    match check_password(&app, &visitor, device, email, &form.password).await? {
        Checked::Fits(user) => start_session(&app, &user, next).await,
        Checked::Wrong => refused(StatusCode::UNAUTHORIZED, WRONG),
        Checked::Wait(wait_ms) => {
            let problem = Problem::too_many(wait_ms);
            let mut response: Response = refused(problem.status, &problem.words)?;
            let seconds = (wait_ms + SECOND - 1) / SECOND;
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
    }
}

enum Checked {
    Fits(User),
    Wrong,
    Wait(i64),
}

/// Where an attempt comes from, as failures are counted: what is about this account alone, and what is about the place.
struct Subjects {
    account: Vec<(String, SignInLimits)>,
    place: Vec<(String, SignInLimits)>,
}

impl Subjects {
    fn of(app: &App, visitor: &Visitor, device: Option<&str>, email: &str) -> Subjects {
        let email = email.to_lowercase();
        let mut account = Vec::new();
        let mut place = Vec::new();
        match device.filter(|device| is_known(app, device, &email)) {
            // Only this device's own failures count.
            Some(device) => account.push((format!("account {email} on {}", &device[..32]), ACCOUNT_PATIENCE)),
            None => {
                account.push((format!("account {email} from {}", visitor.address), ACCOUNT_PATIENCE));
                account.push((format!("account {email}"), EVERYWHERE_PATIENCE));
                place.push((format!("address {}", visitor.address), ADDRESS_PATIENCE));
                place.extend(wider(&visitor.address).map(|all| (format!("address {all}"), NETWORK_PATIENCE)));
            }
        }
        Subjects { account, place }
    }
}

/// A value that proves later that this person signed in with this device.
fn device_of(app: &App, email: &str) -> String {
    let name = hex::encode(random_bytes::<16>());
    let proof = device_proof(app, &name, &email.to_lowercase());
    format!("{name}{proof}")
}

fn device_proof(app: &App, name: &str, email: &str) -> String {
    hex::encode(hmac_sha256(&app.keys.form_key(), &[b"device", name.as_bytes(), email.as_bytes()]))
}

fn is_known(app: &App, device: &str, email: &str) -> bool {
    let Some((name, proof)) = device.split_at_checked(32) else { return false };
    bool::from(device_proof(app, name, email).as_bytes().ct_eq(proof.as_bytes()))
}

/// Looks at a password, throttled by account and by place. Takes as long for an address that nobody has.
async fn check_password(
    app: &App,
    visitor: &Visitor,
    device: Option<&str>,
    email: &str,
    password: &str,
) -> Result<Checked, Problem> {
    let access = app.store.access();
    if password.len() > password::BYTES_MAX || email.len() > 254 {
        return Ok(Checked::Wrong);
    }
    let subjects = Subjects::of(app, visitor, device, email);
    let all = [subjects.account.clone(), subjects.place.clone()].concat();
    if let Some(wait_ms) = access.attempt(&all, app.clock.now()).await? {
        return Ok(Checked::Wait(wait_ms));
    }
    let found = access.user_by_email(email).await?;
    let text = found.as_ref().and_then(|(_, text)| text.as_deref());
    let fits = app.passwords.verify(password, text).await;
    match found {
        Some((user, _)) if fits => {
            let names = |of: &'_ [(String, SignInLimits)]| {
                of.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
            };
            let (afresh, others) = (names(&subjects.account), names(&subjects.place));
            access.attempt_succeeded(&afresh, &others).await?;
            Ok(Checked::Fits(user))
        }
        _ => Ok(Checked::Wrong),
    }
}

/// Starts a session and goes to a page of ours. A session that the browser held before is another's business.
pub(super) async fn start_session(app: &App, user: &User, next: &str) -> PageResult {
    let token = Token::new();
    app.store.access().start_session(user, &token.hash(), SESSION_LIFE, app.clock.now()).await?;
    let mut response = see_other(next);
    let seconds = SESSION_LIFE.total_ms / SECOND;
    response
        .headers_mut()
        .append(header::SET_COOKIE, Jar::Session.set(&app.config, token.text(), Some(seconds)));
    let device = device_of(app, &user.email);
    response
        .headers_mut()
        .append(header::SET_COOKIE, Jar::Device.set(&app.config, &device, Some(DEVICE_SECONDS)));
    Ok(response)
}

/// `POST /sign-out`
pub async fn sign_out(State(app): State<App>, person: Person) -> PageResult {
    app.store.access().end_session(person.signed_in.session).await?;
    let mut response = see_other("/sign-in");
    response.headers_mut().append(header::SET_COOKIE, Jar::Session.clear(&app.config));
    Ok(response)
}

/// `GET /sign-in/{token}`: asks for one press, so that a mail program that looks at links does not use it up.
pub async fn link(State(app): State<App>, visitor: Visitor, Path(token): Path<String>) -> PageResult {
    let hash = Token::parse(&token).ok_or_else(used_up)?.hash();
    app.store.access().link(LinkKind::SignIn, &hash, app.clock.now()).await?.ok_or_else(used_up)?;
    let form = html! {
        form class="m-door__fields" method="post" {
            (visitor.csrf)
            (Button { wide: true, size: Size::Large, ..Button::primary("Sign in") })
        }
    };
    let text = "This link works once, for the person it was made for.";
    Ok(door(&visitor, "Sign in", text, form).render().into_response())
}

/// `POST /sign-in/{token}`
pub async fn use_link(State(app): State<App>, Path(token): Path<String>) -> PageResult {
    let access = app.store.access();
    let now = app.clock.now();
    let hash = Token::parse(&token).ok_or_else(used_up)?.hash();
    let link = access.link(LinkKind::SignIn, &hash, now).await?.ok_or_else(used_up)?;
    let user = access.use_sign_in_link(&link, now).await?;
    let next = if user.has_password || app.config.demonstrates { "/" } else { "/account#password" };
    start_session(&app, &user, next).await
}

/// The answer to a one-time link that is unknown, used or too old; which of them is nobody's business.
pub(super) fn used_up() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "link_used",
        "This link cannot be used any more",
        "Each link works once and for a limited time. Ask whoever gave it to you for a new one.",
    )
}

/// Nobody can sign in yet: where the way in stands.
fn not_set_up(visitor: &Visitor) -> Markup {
    let form = html! {
        p class="m-p" { "The program wrote a link when it started: into the terminal, or into the log of its service. Open that link to create the first organisation." }
        p class="m-p" { "It works once and for a day. Each start writes a new one." }
    };
    door(
        visitor,
        "This server is not set up yet",
        "Nobody can sign in before its first organisation exists.",
        form,
    )
    .render()
}

fn page(visitor: &Visitor, email: &str, next: &str, error: Option<String>) -> Markup {
    let form = html! {
        form class="m-door__fields" method="post" action="/sign-in" {
            (visitor.csrf)
            input type="hidden" name="next" value=(next);
            (Field::email("email", "E-mail").autocomplete("username").value(email).required())
            (Field::password("password", "Password").autocomplete("current-password").required())
            (Button { wide: true, size: Size::Large, ..Button::primary("Sign in") })
        }
    };
    let hint = html! { "No account, or no password any more? Ask an admin of your organisation for a link." };
    OutsidePage {
        error,
        hint: Some(hint),
        ..door(visitor, "Sign in", "with the e-mail address you were invited with", form)
    }
    .render()
}

/// A page outside, without errors.
pub(super) fn door(visitor: &Visitor, title: &str, text: &str, form: Markup) -> OutsidePage {
    OutsidePage {
        title: title.to_owned(),
        text: text.to_owned(),
        theme: visitor.theme,
        steps: None,
        error: None,
        form,
        hint: None,
        foot: foot(),
        wide: false,
    }
}
