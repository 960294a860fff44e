//! The form with a post's file as a browser sends it: fields alone, or fields and a file. The file is kept here under
//! an address of our own.

use axum::{
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    http::{StatusCode, header},
    response::IntoResponse,
};
use domain::{
    post::{MediaKind, OWN_FILE_DIGITS, OWN_FILES},
    post_media::{FoundFile, MediaProblem, PICTURE_BYTES_MAX, examine, kind_of, mime_of},
    role::Permission,
    text::line,
};
use sha2::{Digest, Sha256};
use store::{StoreError, post_files::NewPostFile};
use tokio::sync::Semaphore;

use super::{KIND, NAME, URL, settle};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
    },
    seal::random_bytes,
};

/// The largest form, in bytes. It has room for more than the largest file, so that the error for a slightly larger
/// file can stand beside its field.
pub const FORM_BYTES_MAX: usize = 24 * 1024 * 1024;
/// The largest field that is not a file, in bytes.
const FIELD_BYTES_MAX: usize = 64 * 1024;
/// The number of uploads that are in memory at once; further ones wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// The longest name of a file, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Browsers and gateways may keep a file for ever, because the file at an address never changes.
const CACHE: &str = "public, max-age=31536000, immutable";

/// The fields of a form, as names and values.
type Pairs = Vec<(String, String)>;

/// What the browser sent.
pub struct Posted {
    /// The fields.
    pairs: Pairs,
    /// The uploaded file; `None` where none was chosen.
    file: Option<Brought>,
}

/// An uploaded file.
struct Brought {
    name: String,
    /// The bytes of the file. A file that is too large is cut.
    bytes: Vec<u8>,
    /// The full length of the file, in bytes.
    len: u64,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Posted, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let Form(pairs) = Form::<Pairs>::from_request(request, state).await?;
            return Ok(Posted { pairs, file: None });
        }
        let multipart = Multipart::from_request(request, state)
            .await
            .map_err(|_| Problem::bad_request("The form cannot be read. Go back, and send it again."))?;
        let _permit = AT_ONCE.acquire().await.map_err(|error| Problem::fault(error.to_string()))?;
        read(multipart).await
    }
}

async fn read(mut multipart: Multipart) -> Result<Posted, Problem> {
    let mut posted = Posted { pairs: Vec::new(), file: None };
    while let Some(mut field) = multipart.next_field().await.map_err(broke_off)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let max = match file_name {
            Some(_) => usize::try_from(PICTURE_BYTES_MAX).unwrap_or(usize::MAX),
            None => FIELD_BYTES_MAX,
        };
        let (mut bytes, mut len) = (Vec::new(), 0_u64);
        while let Some(piece) = field.chunk().await.map_err(broke_off)? {
            len += piece.len() as u64;
            let room = max.saturating_sub(bytes.len()).min(piece.len());
            bytes.extend_from_slice(&piece[..room]);
        }
        match file_name {
            // A browser sends the file field that nobody filled as an empty file without a name.
            Some(file) if len > 0 || !file.is_empty() => {
                posted.file = Some(Brought { name: file, bytes, len });
            }
            Some(_) => {}
            None => posted.pairs.push((name, String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    Ok(posted)
}

fn broke_off(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let words = "A file that is uploaded here has at most 16 MB. Go back, and choose a smaller one, or give the address of one that lies \
                     elsewhere.";
        return Problem::new(error.status(), "file_too_large", "This file is too large", words);
    }
    Problem::bad_request(
        "The upload broke off before the file was here. Nothing was stored. Go back, and send it again.",
    )
}

/// The form's fields, in which the uploaded file replaces the one before; and why the uploaded file was refused.
pub(in crate::pages) async fn take(
    member: &Member,
    posted: Posted,
) -> Result<(Pairs, Option<MediaProblem>), Problem> {
    let Posted { mut pairs, file } = posted;
    settle(&mut pairs);
    let Some(file) = file.filter(|_| member.may(Permission::Send)) else { return Ok((pairs, None)) };
    let said = pairs.iter().rev().find(|(name, _)| name == KIND);
    let said = said.and_then(|(_, kind)| kind.parse().ok()).unwrap_or(MediaKind::Image);
    let kind = kind_of(said, &file.bytes);
    let first: Vec<u8> = file.bytes.iter().copied().take(domain::post_media::FIRST_BYTES).collect();
    let met = FoundFile { status: 200, bytes: Some(file.len), first };
    if let Err(problem) = examine(kind, &met) {
        return Ok((pairs, Some(problem)));
    }
    if file.len > PICTURE_BYTES_MAX {
        return Ok((pairs, Some(MediaProblem::TooLarge { bytes: file.len, max: PICTURE_BYTES_MAX })));
    }
    let name = shown_name(&file.name);
    let new = NewPostFile {
        sha256: hex::encode(Sha256::digest(&file.bytes)),
        address: hex::encode(random_bytes::<{ OWN_FILE_DIGITS / 2 }>()),
        mime: mime_of(&file.bytes),
        file: file.bytes,
    };
    let Some(address) = member.org.keep_post_file(new, member.now).await? else {
        return Ok((pairs, Some(MediaProblem::NoRoom)));
    };
    pairs.retain(|(field, _)| ![URL, NAME, KIND].contains(&field.as_str()));
    let mut say = |field: &str, value: String| pairs.push((field.to_owned(), value));
    say(URL, format!("{OWN_FILES}{address}/{}", plain_name(&name)));
    say(KIND, kind.word().to_owned());
    say(NAME, name);
    Ok((pairs, None))
}

/// The name as people see it, without the folders that some browsers send.
fn shown_name(name: &str) -> String {
    let last = line(name.rsplit(['/', '\\']).next().unwrap_or_default());
    let name: String = last.chars().take(NAME_CHARS_MAX).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

/// The name as the last part of an address, with only characters that need no escape. Its ending tells gateways the
/// type of the file.
fn plain_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    name.chars().map(plain).collect()
}

/// `GET /files/{address}/{name}`: serves the gateway that fetches the file. Whoever knows the address can fetch it.
pub async fn serve(State(app): State<App>, Path((address, _)): Path<(String, String)>) -> PageResult {
    let file = match app.store.post_file_at(&address).await {
        Ok(file) => file,
        Err(StoreError::Missing) => return Err(Problem::not_found()),
        Err(error) => return Err(error.into()),
    };
    // Browsers show pictures and videos only and download everything else, so that an uploaded page never runs as one
    // of ours.
    let shown = file.mime.starts_with("image/") || file.mime.starts_with("video/");
    let headers = [
        (header::CONTENT_TYPE, file.mime),
        (header::CONTENT_DISPOSITION, if shown { "inline" } else { "attachment" }.to_owned()),
        (header::ETAG, format!("\"{}\"", file.sha256)),
        (header::CACHE_CONTROL, CACHE.to_owned()),
    ];
    Ok((headers, file.file).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_shown_as_it_is_and_goes_into_an_address_in_plain_letters() {
        assert_eq!(shown_name("C:\\Users\\me\\Excel tonight.jpg"), "Excel tonight.jpg");
        assert_eq!(shown_name("../../etc/passwd"), "passwd");
        assert_eq!(shown_name(""), "file");
        assert_eq!(plain_name("एक्सेल tonight (1).jpg").rsplit('-').next(), Some(".jpg"));
        assert!(
            plain_name("a/b?c#d\r\n.png").bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        );
    }
}
