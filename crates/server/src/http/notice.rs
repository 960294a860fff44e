//! A sentence that the next page says once: "Invited meera@udaan.example."

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::cookies::Jar;
use crate::{app::App, seal::hmac_sha256, ui::toast::Toast};

/// A notice not fetched within so many seconds is not said any more.
const SECONDS: i64 = 60;
/// Bytes of the proof that we wrote it.
const PROOF_BYTES: usize = 16;
/// Characters of a notice: a cookie holds 4 KB, and a provider's words may be long.
const WORDS_MAX: usize = 600;
/// Before the words of what was done.
const DONE: char = '+';
/// Before the words of what did not work.
const FAILED: char = '-';

/// Goes to a page of ours after a form.
pub fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

/// Goes to a page of ours, which then says that this was done.
pub fn see_other_saying(app: &App, path: &str, words: &str) -> Response {
    telling(app, path, DONE, words)
}

/// Goes to a page of ours, which then says that this did not work, and goes on saying it until somebody closes it.
pub fn see_other_failed(app: &App, path: &str, words: &str) -> Response {
    telling(app, path, FAILED, words)
}

fn telling(app: &App, path: &str, kind: char, words: &str) -> Response {
    let words: String = std::iter::once(kind).chain(words.chars().take(WORDS_MAX)).collect();
    let text = URL_SAFE_NO_PAD.encode(words);
    let value = format!("{text}.{}", hex::encode(proof(app, &text)));
    let mut response = see_other(path);
    response.headers_mut().append(header::SET_COOKIE, Jar::Notice.set(&app.config, &value, Some(SECONDS)));
    response
}

/// The notice that came with a request.
pub fn read(app: &App, headers: &HeaderMap) -> Option<Toast> {
    let (text, given) = Jar::Notice.read(&app.config, headers)?.split_once('.')?;
    let ours: bool = proof(app, text).as_slice().ct_eq(&hex::decode(given).ok()?).into();
    if !ours {
        return None;
    }
    let words = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    match words.strip_prefix(FAILED) {
        Some(words) => Some(Toast::failed(words)),
        None => Some(Toast::done(words.strip_prefix(DONE).unwrap_or(&words))),
    }
}

fn proof(app: &App, text: &str) -> [u8; PROOF_BYTES] {
    let mac = hmac_sha256(&app.keys.form_key(), &[b"notice", text.as_bytes()]);
    *mac.first_chunk().expect("a mac has 32 bytes")
}
