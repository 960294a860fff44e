//! What went wrong, for people, for programs and for the log.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use store::StoreError;

use crate::seal::random_bytes;

/// The answer of a page or a form.
pub type PageResult = Result<Response, Problem>;

/// Why a request failed.
///
/// A handler returns it. One layer of the pages turns it into a page or JSON, in the theme and frame of the request.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status of the answer.
    pub status: StatusCode,
    /// The word for programs, such as `not_found`. It does not change.
    pub code: &'static str,
    /// The heading of the page.
    pub title: String,
    /// The sentences for people: the fact, then the way out.
    pub words: String,
    /// Words for the log only; `None` where nothing is to be logged.
    pub log: Option<Box<str>>,
    /// Stands on the page and in the log, so that one leads to the other.
    pub reference: Box<str>,
    /// The seconds after which a new attempt makes sense; `None` where that is not known.
    pub retry_after_s: Option<i64>,
}

impl Problem {
    /// A problem with its words.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: impl Into<String>,
        words: impl Into<String>,
    ) -> Problem {
        Problem {
            status,
            code,
            title: title.into(),
            words: words.into(),
            log: None,
            reference: hex::encode(random_bytes::<4>()).into(),
            retry_after_s: None,
        }
    }

    /// There is no such thing, or not for this person.
    pub fn not_found() -> Problem {
        let words = "It may have been removed, or it belongs to another organisation.";
        Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", words)
    }

    /// A form or a query that cannot be read. `words` say what and how to go on.
    pub fn bad_request(words: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", "This could not be read", words)
    }

    /// The form is not one of ours, or it is too old.
    pub fn form_too_old() -> Problem {
        let words = "Nothing was changed. Go back, load the page again, and repeat the last step. If it happens again, check that your browser keeps cookies.";
        Problem::new(StatusCode::FORBIDDEN, "form_expired", "This form has expired", words)
    }

    /// This role may not do that.
    pub fn forbidden(words: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "Your role does not allow this", words)
    }

    /// Nobody is signed in, where no sign-in page can be shown.
    pub fn not_signed_in() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "Sign in first",
            "This needs somebody who is signed in.",
        )
    }

    /// Too many attempts.
    pub fn too_many(wait_ms: i64) -> Problem {
        let seconds = (wait_ms + 999) / 1000;
        let words = format!("Too many attempts. Try again {}.", in_words(seconds));
        let problem =
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Wait a moment", words);
        Problem { retry_after_s: Some(seconds), ..problem }
    }

    /// A fault of ours; `log` is for the log only.
    pub fn fault(log: impl Into<String>) -> Problem {
        let words = "This is a fault of Munadi, not yours. What you did just now may not have been saved: look before you repeat it. Messages already planned are not affected.";
        let problem =
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "Something went wrong here", words);
        Problem { log: Some(log.into().into()), ..problem }
    }

    /// It took too long, or the database does not answer.
    pub fn unavailable(log: impl Into<String>) -> Problem {
        let words = "Munadi cannot reach its database, or it took too long. Try again in a minute. Messages already planned stay safe.";
        let problem =
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available right now", words);
        Problem { log: Some(log.into().into()), retry_after_s: Some(30), ..problem }
    }

    /// There is no room to write anything down.
    pub fn disk_full(log: impl Into<String>) -> Problem {
        let words = "The disk of this installation is full: nothing can be saved, and nothing is sent. Ask whoever runs the server to free some space; then everything goes on by itself. What was saved before is safe.";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "disk_full", "The disk is full", words);
        Problem { log: Some(log.into().into()), retry_after_s: Some(30), ..problem }
    }

    /// More than the page takes.
    pub fn too_large() -> Problem {
        let words = "What was sent is larger than this page takes. Split it, and try again.";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large", words)
    }
}

/// `in 5 s`, `in 3 min`.
fn in_words(seconds: i64) -> String {
    if seconds < 90 { format!("in {seconds} s") } else { format!("in {} min", (seconds + 59) / 60) }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            full if full.is_full() => Problem::disk_full(full.to_string()),
            StoreError::Missing => Problem::not_found(),
            StoreError::Stale => Problem::new(
                StatusCode::CONFLICT,
                "changed_meanwhile",
                "It was changed meanwhile",
                "Somebody else was faster, or its state no longer allows this. Load the page again to see how it stands.",
            ),
            StoreError::Taken => Problem::new(
                StatusCode::CONFLICT,
                "exists_already",
                "It exists already",
                "Something with this name or address exists. Go back and choose another.",
            ),
            StoreError::TookTooLong => Problem {
                retry_after_s: Some(30),
                ..Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "took_too_long",
                    "This takes too long",
                    "The database was still looking when the time of this page was over. Look for something narrower, or try again when less is going on. Sending is not affected.",
                )
            },
            StoreError::BeingPlanned => Problem {
                retry_after_s: Some(60),
                ..Problem::new(
                    StatusCode::CONFLICT,
                    "being_planned",
                    "A broadcast is being prepared",
                    "Its list of people is being written, and whoever is in it stays. Pause or cancel it if it was not meant for them, then go back and try again in a minute.",
                )
            },
            StoreError::Busy => Problem {
                retry_after_s: Some(30),
                ..Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "busy",
                    "Two long exports are running",
                    "No more run at once, so that sending goes on. This one waited and none of them ended. Try again in a minute.",
                )
            },
            StoreError::Forbidden => Problem::forbidden("Ask an admin of your organisation."),
            StoreError::Down(_) | StoreError::Undone(_) | StoreError::Newer { .. } => {
                Problem::unavailable(error.to_string())
            }
            StoreError::Corrupt { .. } | StoreError::Address(_) | StoreError::Migrate(_) => {
                Problem::fault(error.to_string())
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.words.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Who reads an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person in a browser.
    Page,
    /// A program that reads JSON.
    Json,
}
