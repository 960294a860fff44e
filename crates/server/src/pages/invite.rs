//! Joining an organisation by an invitation.

use axum::{extract::State, response::IntoResponse};
use domain::role::Role;
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{AccessLink, LinkKind};

use super::{
    login::{door, start_session, used_up},
    setup::{PersonErrors, check_person, password_field},
    unprocessable,
};
use crate::{
    app::App,
    http::{
        auth::Token,
        error::{PageResult, Problem},
        extract::{Form, Path, Visitor},
        notice::see_other_saying,
    },
    ui::{
        button::{Button, Size},
        field::Field,
    },
};

/// What the form sends; a person who has an account sends neither.
#[derive(Default, Deserialize)]
pub struct Join {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// Who follows the invitation.
enum Guest {
    /// Has no account: chooses a name and a password.
    New,
    /// Is signed in with the invited address.
    SignedIn,
    /// Has an account but is not signed in with it.
    HasAccount,
}

async fn link(app: &App, token: &str) -> Result<AccessLink, Problem> {
    let hash = Token::parse(token).ok_or_else(used_up)?.hash();
    app.store.access().link(LinkKind::Invitation, &hash, app.clock.now()).await?.ok_or_else(used_up)
}

async fn guest(app: &App, visitor: &Visitor, link: &AccessLink) -> Result<Guest, Problem> {
    let email = link.email.as_deref().unwrap_or_default();
    if visitor.signed_in.as_ref().is_some_and(|who| who.user.email == email) {
        return Ok(Guest::SignedIn);
    }
    let known = app.store.access().user_by_email(email).await?.is_some();
    Ok(if known { Guest::HasAccount } else { Guest::New })
}

/// `GET /invite/{token}`
pub async fn form(State(app): State<App>, visitor: Visitor, Path(token): Path<String>) -> PageResult {
    let link = link(&app, &token).await?;
    let guest = guest(&app, &visitor, &link).await?;
    Ok(page(&visitor, &link, &token, &guest, &Join::default(), &PersonErrors::default()).into_response())
}

/// `POST /invite/{token}`
pub async fn accept(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(form): Form<Join>,
) -> PageResult {
    let link = link(&app, &token).await?;
    let access = app.store.access();
    let now = app.clock.now();
    let guest = guest(&app, &visitor, &link).await?;
    match (&guest, &visitor.signed_in) {
        (Guest::SignedIn, Some(who)) => {
            access.accept_as(&link, who, now).await?;
            let words = format!("Welcome to {}.", link.organization_name.unwrap_or_default());
            Ok(see_other_saying(&app, "/", &words))
        }
        (Guest::New, _) => {
            let email = link.email.as_deref().unwrap_or_default();
            match check_person(&form.name, email, &form.password) {
                Ok(name) => {
                    let hash = app.passwords.hash(&form.password).await;
                    let user = access.accept_as_new(&link, name.as_str(), &hash, now).await?;
                    start_session(&app, &user, "/").await
                }
                Err(errors) => Ok(unprocessable(page(&visitor, &link, &token, &guest, &form, &errors))),
            }
        }
        (Guest::HasAccount | Guest::SignedIn, _) => {
            Ok(page(&visitor, &link, &token, &guest, &form, &PersonErrors::default()).into_response())
        }
    }
}

fn page(
    visitor: &Visitor,
    link: &AccessLink,
    token: &str,
    guest: &Guest,
    form: &Join,
    errors: &PersonErrors,
) -> Markup {
    let organisation = link.organization_name.as_deref().unwrap_or_default();
    let email = link.email.as_deref().unwrap_or_default();
    let role = link.role.map(Role::title).unwrap_or_default();
    let join = || Button { wide: true, size: Size::Large, ..Button::primary(format!("Join {organisation}")) };
    let fields = match guest {
        Guest::New => html! {
            form class="m-door__fields" method="post" {
                (visitor.csrf)
                (Field::email("email", "E-mail").autocomplete("username").value(email).tune(|input| input.readonly = true))
                (Field::text("name", "Your name").autocomplete("name").value(&form.name).error(errors.name.clone()).required())
                (password_field("password", "Password", errors.password.clone()))
                (join())
            }
        },
        Guest::SignedIn => html! {
            form class="m-door__fields" method="post" { (visitor.csrf) (join()) }
        },
        Guest::HasAccount => html! {
            div class="m-door__fields" {
                p class="m-p" { "You have an account as " b { (email) } ". Sign in with it, then join." }
                (Button { wide: true, size: Size::Large, ..Button::primary_link("Sign in to join", format!("/sign-in?next=/invite/{token}")) })
            }
        },
    };
    let text = format!("You are invited as {role}. The invitation is for {email}.");
    door(visitor, &format!("Join {organisation}"), &text, fields).render()
}
