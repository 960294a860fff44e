//! One's own account: name, password, other browsers, theme.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use domain::name::{NAME_CHARS_MAX, PersonName};
use maud::{Markup, Render, html};
use serde::Deserialize;

use super::{
    login::door,
    setup::{check_person, password_field},
    unprocessable,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Person},
        notice::{see_other, see_other_saying},
    },
    ui::{
        button::{Button, Csrf},
        field::Field,
        head::{Card, Head},
        shell::{Crumb, Section, Theme},
    },
};

/// A theme is remembered for a year.
const THEME_SECONDS: i64 = 365 * 24 * 60 * 60;

/// What went wrong in one of the forms.
#[derive(Default)]
struct Errors {
    name: Option<String>,
    current: Option<String>,
    new: Option<String>,
}

/// `GET /account`
pub async fn show(person: Person, member: Result<Member, Problem>) -> Markup {
    page(&person, member.ok().as_ref(), &Errors::default())
}

/// What the name form sends.
#[derive(Deserialize)]
pub struct Rename {
    name: String,
}

/// `POST /account/name`
pub async fn rename(
    State(app): State<App>,
    person: Person,
    member: Result<Member, Problem>,
    Form(form): Form<Rename>,
) -> PageResult {
    let Some(name) = PersonName::parse(&form.name) else {
        let words = match form.name.chars().count() {
            n if n > NAME_CHARS_MAX => format!("{n} of {NAME_CHARS_MAX} characters. Shorten the name."),
            _ => "Your name, as others will see it.".to_owned(),
        };
        let errors = Errors { name: Some(words), ..Errors::default() };
        return Ok(unprocessable(page(&person, member.ok().as_ref(), &errors)));
    };
    app.store.access().rename_user(person.signed_in.user.id, name.as_str()).await?;
    Ok(see_other_saying(&app, "/account", "Name saved."))
}

/// What the password form sends; `current` is missing while there is none.
#[derive(Deserialize)]
pub struct ChangePassword {
    #[serde(default)]
    current: String,
    new: String,
}

/// `POST /account/password`: every other session of this person ends.
pub async fn change_password(
    State(app): State<App>,
    person: Person,
    member: Result<Member, Problem>,
    Form(form): Form<ChangePassword>,
) -> PageResult {
    let user = &person.signed_in.user;
    let access = app.store.access();
    let refused = |errors| Ok(unprocessable(page(&person, member.as_ref().ok(), &errors)));
    if let Err(errors) = check_person(&user.name, &user.email, &form.new)
        && errors.password.is_some()
    {
        return refused(Errors { new: errors.password, ..Errors::default() });
    }
    if let Some(text) = access.password_of(user.id).await? {
        // A stranger at an open browser must not be able to guess the password either.
        let subject = format!("change of password {}", user.email);
        let subjects = [(subject.clone(), super::login::ACCOUNT_PATIENCE)];
        if let Some(wait_ms) = access.attempt(&subjects, app.clock.now()).await? {
            return Err(Problem::too_many(wait_ms));
        }
        if !app.passwords.verify(&form.current, Some(&text)).await {
            return refused(Errors {
                current: Some("This is not your password.".into()),
                ..Errors::default()
            });
        }
        access.attempt_succeeded(&[subject], &[]).await?;
    }
    let hash = app.passwords.hash(&form.new).await;
    access
        .set_password(user.id, Some(&hash), Some(person.signed_in.session), &user.name, app.clock.now())
        .await?;
    Ok(see_other_saying(&app, "/account", "Password changed. Other browsers were signed out."))
}

/// `POST /account/sessions/end-others`
pub async fn end_others(State(app): State<App>, person: Person) -> PageResult {
    let ended = app.store.access().end_other_sessions(&person.signed_in).await?;
    let words = match ended {
        0 => "No other browser was signed in.".to_owned(),
        1 => "One other browser was signed out.".to_owned(),
        n => format!("{n} other browsers were signed out."),
    };
    Ok(see_other_saying(&app, "/account", &words))
}

/// What the theme button sends.
#[derive(Deserialize)]
pub struct ChooseTheme {
    theme: String,
}

/// `POST /theme`: back to the page it came from.
pub async fn theme(State(app): State<App>, headers: HeaderMap, Form(form): Form<ChooseTheme>) -> Response {
    let theme = Theme::named(&form.theme).word();
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}={theme}; Path=/; SameSite=Lax; Max-Age={THEME_SECONDS}{secure}", Theme::COOKIE);
    let came_from = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(own_path);
    let mut response = see_other(crate::http::auth::safe_next(came_from));
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The path of a whole address.
fn own_path(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.find('/').map(|at| &rest[at..])
}

fn page(person: &Person, member: Option<&Member>, errors: &Errors) -> Markup {
    let body = cards(person, errors);
    match member {
        Some(member) => {
            let mut page =
                member.page(Section::Settings, "Your account", html! { (Head::new("Your account")) (body) });
            page.crumbs = vec![Crumb::here("Your account")];
            page.render()
        }
        None => {
            let text = "You belong to no organisation yet. Ask an admin for an invitation.";
            let mut door = door(&person.visitor, "Your account", text, body);
            door.hint = Some(sign_out(&person.visitor.csrf));
            door.render()
        }
    }
}

fn sign_out(csrf: &Csrf) -> Markup {
    html! { form method="post" action="/sign-out" { (csrf) (Button::new("Sign out")) } }
}

fn cards(person: &Person, errors: &Errors) -> Markup {
    let user = &person.signed_in.user;
    let csrf = &person.visitor.csrf;
    html! {
        (Card::new("you", "You", html! {
            form class="m-door__fields" method="post" action="/account/name" {
                (csrf)
                (Field::text("name", "Name").autocomplete("name").value(&user.name).error(errors.name.clone()).required())
                p class="m-hint" { "You sign in as " (user.email) "." }
                (Button::new("Save name"))
            }
        }).padded())
        (Card::new("password", if user.has_password { "Change password" } else { "Choose a password" }, html! {
            form class="m-door__fields" method="post" action="/account/password" {
                (csrf)
                input type="hidden" name="username" value=(user.email) autocomplete="username";
                @if user.has_password {
                    (Field::password("current", "Current password").autocomplete("current-password").error(errors.current.clone()).required())
                }
                (password_field("new", "New password", errors.new.clone()))
                p class="m-hint" { "All other browsers in which you are signed in will be signed out." }
                (Button::primary(if user.has_password { "Change password" } else { "Save password" }))
            }
        }).padded())
        (Card::new("browsers", "Other browsers", html! {
            form class="m-door__fields" method="post" action="/account/sessions/end-others" {
                (csrf)
                p class="m-p" { "Left a shared computer without signing out? End every session but this one." }
                (Button::new("Sign out everywhere else"))
            }
        }).padded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_a_referrer_is_used() {
        assert_eq!(own_path("https://evil.example/a?b"), Some("/a?b"));
        assert_eq!(own_path("https://evil.example"), None);
        assert_eq!(own_path("nothing"), None);
    }
}
