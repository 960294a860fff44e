//! Proof that a form came from one of our pages: a token in it, and what the browser says about where it came from.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, header},
};
use futures::{StreamExt, stream};
use subtle::ConstantTimeEq;

use crate::{
    config::Config,
    seal::{hmac_sha256, random_bytes},
};

/// Bytes of the random part that makes each page's token differ, so that a compressed page tells nothing about it.
const SALT_BYTES: usize = 8;
/// In a file upload the token must come within so many bytes: it is the form's first field.
const PEEK_BYTES: usize = 4 * 1024;
/// Name of the field.
pub const FIELD: &str = "csrf";
/// Header that scripts may use instead.
pub const HEADER: &str = "x-csrf-token";

/// A token for a form of this session, or of this visitor.
pub fn token(key: &[u8], bound_to: &str) -> String {
    let salt: [u8; SALT_BYTES] = random_bytes();
    format!("{}{}", hex::encode(salt), hex::encode(mac(key, &salt, bound_to)))
}

/// Whether a token was made for this session or visitor.
pub fn fits(key: &[u8], bound_to: &str, token: &str) -> bool {
    let Ok(bytes) = hex::decode(token) else { return false };
    let Some((salt, given)) = bytes.split_first_chunk::<SALT_BYTES>() else { return false };
    mac(key, salt, bound_to).as_slice().ct_eq(given).into()
}

fn mac(key: &[u8], salt: &[u8], bound_to: &str) -> [u8; 32] {
    hmac_sha256(key, &[b"form", salt, bound_to.as_bytes()])
}

/// Whether the browser says that the request comes from a page of ours. Silence (an old browser, a tool) is no refusal:
/// the token decides then.
pub fn comes_from_us(config: &Config, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site"))
        && !matches!(site, "same-origin" | "none")
    {
        return false;
    }
    match text(header::ORIGIN) {
        None => true,
        Some(origin) if origin.eq_ignore_ascii_case(&config.public_url) => true,
        // Reached by another name than the configured one, such as localhost.
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST)
        }
    }
}

/// What was found in a request: the token, and the request as it was.
pub struct FoundToken {
    /// The token, if there is one.
    pub token: Option<String>,
    /// The request with its whole body.
    pub request: Request<Body>,
}

/// Looks for the token. A form is read whole, up to `body_max`; of an upload only the first bytes.
/// `None` when the body is longer than that or breaks off.
pub async fn find(request: Request<Body>, body_max: usize) -> Option<FoundToken> {
    let header_token = request.headers().get(HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned);
    if header_token.is_some() {
        return Some(FoundToken { token: header_token, request });
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, body_max).await.ok()?;
        let token = in_form(&bytes);
        return Some(FoundToken { token, request: Request::from_parts(parts, Body::from(bytes)) });
    }
    if kind.starts_with("multipart/form-data") {
        let (parts, body) = request.into_parts();
        let mut chunks = body.into_data_stream();
        let mut seen = Vec::new();
        while seen.len() < PEEK_BYTES && in_upload(&seen).is_none() {
            match chunks.next().await {
                Some(chunk) => seen.extend_from_slice(&chunk.ok()?),
                None => break,
            }
        }
        let token = in_upload(&seen);
        let whole = stream::once(async { Ok(Bytes::from(seen)) }).chain(chunks);
        return Some(FoundToken { token, request: Request::from_parts(parts, Body::from_stream(whole)) });
    }
    Some(FoundToken { token: None, request })
}

/// Tokens are hex: nothing in them is ever escaped.
fn in_form(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == FIELD)
        .map(|(_, v)| v.to_owned())
}

/// The value of the form's first field, when that is the token and all of it is there.
fn in_upload(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(PEEK_BYTES)];
    let text = String::from_utf8_lossy(bytes);
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let names_token = head.contains("; name=\"csrf\"") && !head.contains("filename");
    let (value, _) = rest.split_once("\r\n")?;
    names_token.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_session_only() {
        let made = token(b"key", "session one");
        assert!(fits(b"key", "session one", &made));
        assert!(!fits(b"key", "session two", &made));
        assert!(!fits(b"other key", "session one", &made));
        assert_ne!(made, token(b"key", "session one"), "each page has another one");
        for bad in ["", "zz", "00", &made[1..], &made[2..]] {
            assert!(!fits(b"key", "session one", bad), "{bad}");
        }
    }

    fn upload(first_field: &str) -> Request<Body> {
        let chunk = |text: String| Ok::<_, std::io::Error>(Bytes::from(text));
        let body = stream::iter([
            chunk(format!("--b\r\nContent-Disposition: form-data; name=\"{first_field}\"\r\n")),
            chunk("\r\nabc.def\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n".into()),
            chunk("phone\r\n".repeat(10_000)),
            chunk("--b--\r\n".into()),
        ]);
        Request::post("/")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(Body::from_stream(body))
            .unwrap()
    }

    #[tokio::test]
    async fn an_upload_keeps_every_byte_when_its_token_is_read() {
        let expected = axum::body::to_bytes(upload("csrf").into_body(), usize::MAX).await.unwrap();
        let found = find(upload("csrf"), 10).await.unwrap();
        assert_eq!(found.token.as_deref(), Some("abc.def"));
        assert_eq!(axum::body::to_bytes(found.request.into_body(), usize::MAX).await.unwrap(), expected);
        assert_eq!(find(upload("other"), 10).await.unwrap().token, None);
    }
}
