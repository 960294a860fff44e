//! The first start: a one-time link makes the first organisation and its admin. There is no default password.

use axum::{extract::State, response::IntoResponse};
use domain::{email::Email, name::PersonName};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{LinkKind, NewUser};

use super::{
    login::{door, start_session, used_up},
    organisation::{OrganisationErrors, OrganisationForm},
    unprocessable,
};
use crate::{
    app::App,
    http::{
        auth::Token,
        error::{PageResult, Problem},
        extract::{Form, Path, Visitor},
    },
    password,
    ui::{
        button::{Button, Size},
        field::Field,
        outside_page::OutsidePage,
    },
};

/// What the form sends.
#[derive(Default, Deserialize)]
pub struct SetUp {
    #[serde(flatten)]
    organisation: OrganisationForm,
    name: String,
    email: String,
    password: String,
}

/// What is wrong with a person's fields.
#[derive(Default)]
pub(super) struct PersonErrors {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) password: Option<String>,
}

/// Checks a person's name and new password.
pub(super) fn check_person(name: &str, email: &str, password: &str) -> Result<PersonName, PersonErrors> {
    let parsed = PersonName::parse(name);
    let password = password::check_new(password, email);
    match (parsed, password) {
        (Some(name), Ok(())) => Ok(name),
        (parsed, password) => Err(PersonErrors {
            name: parsed.is_none().then(|| "Your name, as others will see it.".to_owned()),
            email: None,
            password: password.err().map(|error| error.to_string()),
        }),
    }
}

async fn link(app: &App, token: &str) -> Result<store::AccessLink, Problem> {
    let hash = Token::parse(token).ok_or_else(used_up)?.hash();
    app.store.access().link(LinkKind::SetUp, &hash, app.clock.now()).await?.ok_or_else(used_up)
}

/// `GET /set-up/{token}`
pub async fn form(State(app): State<App>, visitor: Visitor, Path(token): Path<String>) -> PageResult {
    link(&app, &token).await?;
    let blank = SetUp { organisation: OrganisationForm::blank(), ..SetUp::default() };
    Ok(page(&visitor, &blank, &OrganisationErrors::default(), &PersonErrors::default()).into_response())
}

/// `POST /set-up/{token}`
pub async fn set_up(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(form): Form<SetUp>,
) -> PageResult {
    let link = link(&app, &token).await?;
    let organisation = form.organisation.check();
    let email = Email::parse(&form.email);
    let person = check_person(&form.name, &form.email, &form.password);
    let (organisation, email, name) = match (organisation, email, person) {
        (Ok(organisation), Ok(email), Ok(name)) => (organisation, email, name),
        (organisation, email, person) => {
            let mut errors = person.err().unwrap_or_default();
            errors.email = email.err().map(|error| error.to_string());
            let page = page(&visitor, &form, &organisation.err().unwrap_or_default(), &errors);
            return Ok(unprocessable(page));
        }
    };
    let admin = NewUser {
        email: email.as_str().to_owned(),
        name: name.as_str().to_owned(),
        password_hash: Some(app.passwords.hash(&form.password).await),
        super_admin: true,
    };
    let user = app.store.access().set_up(&link, &organisation, &admin, app.clock.now()).await?;
    tracing::info!("set-up is done; the set-up link cannot be used again");
    start_session(&app, &user, "/").await
}

fn page(visitor: &Visitor, form: &SetUp, organisation: &OrganisationErrors, person: &PersonErrors) -> Markup {
    let fields = html! {
        form class="m-door__fields" method="post" {
            (visitor.csrf)
            (form.organisation.fields(organisation, false))
            div class="m-two" {
                (Field::text("name", "Your name").autocomplete("name").value(&form.name).error(person.name.clone()).required())
                (Field::email("email", "Your e-mail").autocomplete("username").value(&form.email).error(person.email.clone()).required())
            }
            (password_field("password", "Password", person.password.clone()))
            (Button { wide: true, size: Size::Large, ..Button::primary("Create organisation") })
        }
    };
    let text = "Your organisation, and you as its first admin. This link works once.";
    OutsidePage { wide: true, ..door(visitor, "Set up Munadi", text, fields) }.render()
}

/// A field for a new password.
pub(super) fn password_field(name: &str, label: &str, error: Option<String>) -> Field {
    Field::password(name, label)
        .autocomplete("new-password")
        .tune(|input| input.minlength = u32::try_from(password::CHARS_MIN).ok())
        .help(format!("At least {} characters. Several words are easy to remember.", password::CHARS_MIN))
        .error(error)
        .required()
}
