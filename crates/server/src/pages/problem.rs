//! The one layer in which an error becomes a page, or JSON for programs. The page has the theme and frame of the
//! request, and a reference that is also in the log.

use std::{any::Any, panic::AssertUnwindSafe};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use maud::{Markup, Render, html};
use serde_json::json;

use crate::{
    app::App,
    http::{
        error::{Kind, Problem},
        frame,
        gate::{self, RequestFacts},
    },
    ui::{
        attention::Length,
        button::Button,
        outside_page::OutsidePage,
        shell::{Crumb, Frame, Page, Section, Theme},
    },
};

/// Around everything: shows what went wrong behind it, a panic among that.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = looks(request.headers());
    let path = request.uri().path();
    let machine = ["/api/", "/callbacks/", "/healthz"].iter().any(|start| path.starts_with(start));
    let usual =
        RequestFacts { kind: if machine { Kind::Json } else { Kind::Page }, visitor: None, caller: None };
    // The whole path may hold a token: only its first part is told.
    let place = path.split('/').nth(1).unwrap_or_default().to_owned();
    let method = request.method().clone();
    let started = std::time::Instant::now();
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => Problem::fault(format!("a handler of /{place} panicked: {}", panic_words(&*panic)))
            .into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let seen = match response.extensions_mut().remove::<RequestFacts>() {
            Some(seen) => seen,
            None if machine => usual,
            None => gate::seen_by(&app, &headers).await.unwrap_or(usual),
        };
        let shown = show(&app, &problem, &seen, &headers).await;
        // Cookies that the handler set go along.
        let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response = shown;
        for cookie in cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    tracing::debug!(
        method = %method, status = response.status().as_u16(), took_ms = started.elapsed().as_millis() as u64,
        "{method} /{place} {}", response.status().as_u16()
    );
    response
}

/// The headers by which a page looks as it does.
fn looks(headers: &HeaderMap) -> HeaderMap {
    headers.get(header::COOKIE).map(|cookie| (header::COOKIE, cookie.clone())).into_iter().collect()
}

/// A frame that cannot be read must not hide what went wrong.
async fn show(app: &App, problem: &Problem, seen: &RequestFacts, headers: &HeaderMap) -> Response {
    let frame = match (&seen.caller, &seen.visitor, seen.kind) {
        (Some(caller), Some(visitor), Kind::Page) => frame::load(app, caller, visitor, headers).await.ok(),
        (_, _, Kind::Page | Kind::Json) => None,
    };
    present(problem, seen.kind, gate::theme(headers), frame.as_ref())
}

fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}

/// A problem as it is sent, and logged when it is a fault.
fn present(problem: &Problem, kind: Kind, theme: Theme, frame: Option<&Frame>) -> Response {
    log(problem);
    let mut response = match kind {
        Kind::Json => (problem.status, Json(json!({ "error": { "code": problem.code, "message": problem.words, "reference": problem.reference } }))).into_response(),
        Kind::Page => (problem.status, page(problem, theme, frame)).into_response(),
    };
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn log(problem: &Problem) {
    if let Some(detail) = &problem.log {
        tracing::error!(reference = %problem.reference, code = problem.code, "{detail}");
    }
}

fn page(problem: &Problem, theme: Theme, frame: Option<&Frame>) -> Markup {
    let reference = problem.status.is_server_error().then_some(&problem.reference);
    match frame {
        Some(frame) => {
            let body = html! {
                section class="m-card m-ask" aria-labelledby="problem" {
                    h1 class="m-ask__title" id="problem" { (problem.title) }
                    p class="m-p" { (problem.words) }
                    @if let Some(reference) = reference { p class="m-hint" { "Reference " code { (reference) } } }
                    div class="m-ask__acts" { (Button::link("Home", "/")) }
                }
            };
            Page {
                frame,
                title: problem.title.clone(),
                section: Section::Workshops,
                crumbs: vec![Crumb::here(&problem.title)],
                body,
                foot: None,
                live: None,
                attention: Length::First,
            }
            .render()
        }
        None => OutsidePage {
            title: problem.title.clone(),
            text: problem.words.clone(),
            theme,
            steps: None,
            error: None,
            form: html! { div class="m-door__fields" { (Button::link("Home", "/")) } },
            hint: reference.map(|reference| html! { "Reference " code { (reference) } }),
            foot: super::foot(),
            wide: false,
        }
        .render(),
    }
}
