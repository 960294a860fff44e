//! Serves the sound of a recording, whole or in parts. The players of browsers and providers ask for parts.

use std::ops::Range;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::RecordingId;
use store::{StoreError, recordings::Sound};

use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path},
    },
};

/// Providers may keep a recording for ever, because the sound at an address never changes.
const FOR_PROVIDERS: &str = "public, max-age=31536000, immutable";
/// Browsers of members keep a recording for an hour, so that its parts are not fetched again.
const FOR_MEMBERS: &str = "private, max-age=3600";
/// The length of an address's secret part, in bytes: 160 bits, written in hex.
pub(super) const ADDRESS_BYTES: usize = 20;
/// The ending of an address. Providers recognise the type of the file by it.
const ENDING: &str = ".wav";
/// Stands between two recordings in an address, for providers that play one file in a step.
const JOINT: char = '+';
/// The largest number of recordings in one address.
const TOGETHER_MAX: usize = 2;

/// `GET /recordings/{sound}`: serves the provider that plays it. Whoever knows the address can fetch it.
pub async fn serve(State(app): State<App>, headers: HeaderMap, Path(name): Path<String>) -> PageResult {
    let addresses: Vec<&str> = name.strip_suffix(ENDING).unwrap_or_default().split(JOINT).collect();
    if addresses.len() > TOGETHER_MAX || !addresses.iter().all(|address| is_address(address)) {
        return Err(Problem::not_found());
    }
    let mut sounds = Vec::with_capacity(addresses.len());
    for address in addresses {
        match app.store.sound_at(address).await {
            Ok(sound) => sounds.push(sound),
            Err(StoreError::Missing) => return Err(Problem::not_found()),
            Err(error) => return Err(error.into()),
        }
    }
    let sound =
        together(sounds).ok_or_else(|| Problem::fault("a recording is no file that can be played"))?;
    Ok(answer(sound, &headers, FOR_PROVIDERS))
}

/// Joins several recordings into one file; `None` where one of them cannot be read.
fn together(mut sounds: Vec<Sound>) -> Option<Sound> {
    if sounds.len() == 1 {
        return sounds.pop();
    }
    let wavs: Vec<&[u8]> = sounds.iter().map(|sound| sound.wav.as_slice()).collect();
    let names: Vec<&str> = sounds.iter().map(|sound| sound.sha256.as_str()).collect();
    Some(Sound { sha256: names.join("-"), wav: audio::joined(&wavs)? })
}

/// `GET /settings/recordings/{recording}/sound`: lets a member listen to it.
pub async fn listen(member: Member, headers: HeaderMap, Path(id): Path<RecordingId>) -> PageResult {
    let sound = member.org.recording_sound(id).await?;
    Ok(answer(sound, &headers, FOR_MEMBERS))
}

fn is_address(text: &str) -> bool {
    text.len() == ADDRESS_BYTES * 2 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The bytes that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<usize>),
    /// The range lies outside the file.
    Outside,
}

fn answer(sound: Sound, headers: &HeaderMap, cache: &'static str) -> Response {
    let Sound { sha256, wav } = sound;
    let tag = format!("\"{sha256}\"");
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // The client has parts of another file. It gets the whole of this one, because the parts would not fit together.
    let same = text(header::IF_RANGE).is_none_or(|seen| seen == tag);
    let wanted = text(header::RANGE).filter(|_| same).map_or(Wanted::Whole, |range| wanted(range, wav.len()));
    let all = wav.len();
    let (status, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, None),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
        Wanted::Outside => {
            let unsatisfied = [(header::CONTENT_RANGE, format!("bytes */{all}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, unsatisfied).into_response();
        }
    };
    let content_range = range.as_ref().map(|part| format!("bytes {}-{}/{all}", part.start, part.end - 1));
    let bytes = match range {
        Some(part) => wav[part].to_vec(),
        None => wav,
    };
    let fixed = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::CONTENT_LENGTH, bytes.len().to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, cache.to_owned()),
    ];
    let mut response = (status, fixed, Body::from(bytes)).into_response();
    if let Some(value) = content_range.and_then(|text| text.parse().ok()) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// Reads `bytes=0-99`, `bytes=100-` or `bytes=-100`. Several ranges in one header, and texts that are not a range,
/// get the whole file.
fn wanted(range: &str, all: usize) -> Wanted {
    let Some(spec) = range.trim().strip_prefix("bytes=") else { return Wanted::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Wanted::Whole };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| {
        // A number too large to be read stands for the end of the file.
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<usize>().unwrap_or(usize::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(all),
        (Some(first), None) if last.is_empty() => first..all,
        (None, Some(last)) if first.is_empty() => all.saturating_sub(last)..all,
        _ => return Wanted::Whole,
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_that_players_ask_for_are_cut_as_they_mean() {
        // The examples are those of RFC 9110 §14.1.2, for a file of 1,000 bytes.
        for (range, expected) in [
            ("bytes=0-499", Wanted::Part(0..500)),
            ("bytes=500-999", Wanted::Part(500..1_000)),
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=-500", Wanted::Part(500..1_000)),
            ("bytes=-1", Wanted::Part(999..1_000)),
            ("bytes=0-", Wanted::Part(0..1_000)),
            ("bytes=950-2000", Wanted::Part(950..1_000)),
            ("bytes=-2000", Wanted::Part(0..1_000)),
            ("bytes=0-99999999999999999999999", Wanted::Part(0..1_000)),
            ("bytes=1000-", Wanted::Outside),
            ("bytes=99999999999999999999999-", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=0-0,-1", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(range, 1_000), expected, "{range:?}");
        }
    }

    #[test]
    fn only_what_can_be_an_address_is_looked_for() {
        assert!(is_address(&"0f".repeat(20)));
        for bad in ["", "0f", &"0F".repeat(20), &"zz".repeat(20), &"0f".repeat(21)] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
