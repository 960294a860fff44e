//! An upload to the library: it is received, converted for the telephone and checked.

use audio::{AudioError, Converted};
use axum::extract::Multipart;
use domain::{call::Language, text::line};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::recordings::NewRecording;
use tokio::sync::Semaphore;

use super::{NAME_CHARS_MAX, sound::ADDRESS_BYTES};
use crate::{http::error::Problem, pages::length_error, seal::random_bytes};

/// The largest form, in bytes: the file and the fields beside it.
pub const UPLOAD_BYTES_MAX: usize = audio::BYTES_MAX + 64 * 1024;
/// The number of uploads that are in memory at once; further ones wait. Each takes up to three times its bytes while
/// it is converted.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// The number of characters that are read of a field. A longer name is cut and then refused as too long.
const FIELD_CHARS_MAX: usize = 500;

/// The fields of the upload, as typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) language: String,
}

/// What is wrong with the upload, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) name: Option<String>,
    pub(super) file: Option<String>,
}

/// Receives an upload and makes a recording of it, or says what is wrong with it.
pub(super) async fn receive(multipart: Multipart) -> Result<(Typed, Result<NewRecording, Wrong>), Problem> {
    let _permit = AT_ONCE.acquire().await.map_err(|error| Problem::fault(error.to_string()))?;
    let (typed, file) = read(multipart).await?;
    let name_error = name_error(&typed.name);
    let converted = match file {
        None => Err("Choose a recording, or record one here.".to_owned()),
        Some(file) => convert(file).await.map_err(|error| error.to_string()),
    };
    Ok(match (name_error, converted) {
        (None, Ok(converted)) => {
            let new = made(&typed, converted);
            (typed, Ok(new))
        }
        (name, converted) => (typed, Err(Wrong { name, file: converted.err() })),
    })
}

/// What is wrong with a recording's name; `None` where it is good.
pub(super) fn name_error(name: &str) -> Option<String> {
    length_error(name, NAME_CHARS_MAX, "A recording needs a name.")
}

async fn read(mut multipart: Multipart) -> Result<(Typed, Option<Vec<u8>>), Problem> {
    let (mut typed, mut file) = (Typed::default(), None);
    while let Some(mut field) = multipart.next_field().await.map_err(broke_off)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let mut bytes = Vec::new();
            while let Some(piece) = field.chunk().await.map_err(broke_off)? {
                bytes.extend_from_slice(&piece);
            }
            file = file.or((!bytes.is_empty()).then_some(bytes));
            continue;
        }
        let text = line(&field.text().await.map_err(broke_off)?);
        let text: String = text.chars().take(FIELD_CHARS_MAX).collect();
        match name.as_str() {
            "name" => typed.name = text,
            "language" => typed.language = text,
            _ => {}
        }
    }
    Ok((typed, file))
}

fn broke_off(error: axum::extract::multipart::MultipartError) -> Problem {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            error.status(),
            "file_too_large",
            "This recording is too large",
            AudioError::TooLarge.to_string(),
        );
    }
    Problem::bad_request(
        "The upload broke off before the recording was here. Nothing was stored. Upload it again.",
    )
}

/// Converts the sound on a thread of its own, because a minute of sound would hold up other requests. A decoder that
/// panics counts as a file that cannot be read.
async fn convert(bytes: Vec<u8>) -> Result<Converted, AudioError> {
    let work = tokio::task::spawn_blocking(move || audio::convert(&bytes));
    work.await.unwrap_or(Err(AudioError::NotRead))
}

fn made(typed: &Typed, converted: Converted) -> NewRecording {
    NewRecording {
        name: typed.name.clone(),
        language: typed.language.parse().unwrap_or(Language::English),
        sha256: hex::encode(Sha256::digest(&converted.wav)),
        address: hex::encode(random_bytes::<ADDRESS_BYTES>()),
        length_ms: converted.length_ms,
        loudness: hundredths(converted.was.loudness),
        gain: hundredths(converted.gain_db),
        findings: json!(converted.findings),
        wav: converted.wav,
    }
}

/// A measure in hundredths, as the store keeps it.
fn hundredths(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "loudness and its change are within a few hundred")]
    let whole = (value * 100.0).round() as i64;
    whole
}
