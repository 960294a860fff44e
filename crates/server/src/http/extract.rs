//! What handlers take: who calls, and what they sent. A value that cannot be read is a 400 or 404 page, never a 500.

use std::ops::Deref;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use compose::OwnLinks;
use maud::Markup;
use serde::de::DeserializeOwned;
use store::SignedIn;

use super::{caller::Caller, error::Problem, frame};
use crate::{
    app::App,
    ui::{
        attention::Length,
        button::Csrf,
        shell::{Crumb, Frame, Page, Section, Theme},
    },
};

/// The caller of a page, signed in or not.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The user and session; `None` where nobody is signed in.
    pub signed_in: Option<SignedIn>,
    /// The token for the forms of the page.
    pub csrf: Csrf,
    /// The theme of the page.
    pub theme: Theme,
    /// The network address, for the throttle.
    pub address: String,
    /// What the token is bound to: the session, or the random bits of a visitor.
    pub(super) bound_to: String,
}

/// A person who is signed in, perhaps without an organisation.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user, the session and its place.
    pub signed_in: SignedIn,
    /// The caller as a visitor, with token and theme.
    pub visitor: Visitor,
}

/// The caller who asks for a page, and the frame around the page.
#[derive(Clone, Debug)]
pub struct Member {
    /// The member who asks, and what they may do.
    pub caller: Caller,
    /// The parts that are the same on every page of this request.
    pub frame: Frame,
    /// The links that previews show. They stop no messages and count no openings.
    pub link_samples: OwnLinks,
}

impl Deref for Member {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Member {
    /// Token for the forms of the page.
    pub fn csrf(&self) -> &Csrf {
        &self.frame.csrf
    }

    /// A page in the shell. Add `crumbs`, `foot`, `live` where they differ.
    pub fn page(&self, section: Section, title: impl Into<String>, body: Markup) -> Page<'_> {
        let title = title.into();
        let mut crumbs = vec![Crumb::to(section.word(), section.href())];
        if title == section.word() {
            crumbs.clear();
        }
        crumbs.push(Crumb::here(&title));
        Page {
            frame: &self.frame,
            title,
            section,
            crumbs,
            body,
            foot: None,
            live: None,
            attention: Length::First,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Problem> {
        let missing = || Problem::fault("a handler of a route for anyone asks for a visitor");
        parts.extensions.get::<Visitor>().cloned().ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Person, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let signed_in = visitor.signed_in.clone().ok_or_else(Problem::not_signed_in)?;
        Ok(Person { signed_in, visitor })
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Member, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let frame = frame::load(app, &caller, &visitor, &parts.headers).await?;
        let link_samples = app.composer.sample_links(caller.organization.id);
        Ok(Member { caller, frame, link_samples })
    }
}

/// Parts of the path, such as an id. What cannot be one is simply not there.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found.map(|path| Path(path.0)).map_err(|_| Problem::not_found())
    }
}

/// The query. Unknown names are ignored: links get old.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found.map(|query| Query(query.0)).map_err(|error| {
            Problem::bad_request(format!(
                "The address has a part that cannot be read: {}.",
                error.body_text()
            ))
        })
    }
}

/// A form of a page. Field errors belong to the handler: take text here and check it there.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Form<T>, Problem> {
        axum::extract::Form::<T>::from_request(request, state).await.map(|form| Form(form.0)).map_err(
            |error| {
                if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                    Problem::too_large()
                } else {
                    Problem::bad_request(format!(
                        "The form has a part that cannot be read: {}.",
                        error.body_text()
                    ))
                }
            },
        )
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Problem> {
        axum::extract::Json::<T>::from_request(request, state).await.map(|json| Json(json.0)).map_err(
            |error| {
                if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                    Problem::too_large()
                } else {
                    Problem::bad_request(error.body_text())
                }
            },
        )
    }
}
