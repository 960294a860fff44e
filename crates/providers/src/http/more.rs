//! Calls with several headers of one's own, forms, and the beginning of a file.

use std::time::Duration;

use reqwest::{
    Method,
    header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, RANGE},
};

use super::{ANSWER_BYTES_MAX, Answer, Endpoint, Http, LISTING_BYTES_MAX, NoResponse, silence};

impl Http {
    /// Posts a form, with further headers.
    ///
    /// # Errors
    /// As [`post`](Http::post).
    pub async fn post_form(
        &self,
        to: &Endpoint,
        form: &[(&'static str, String)],
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Answer, NoResponse> {
        let mut request = self.request(Method::POST, to.0.clone(), None)?;
        // A form is written as the query of an address is.
        let mut url = to.0.clone();
        url.query_pairs_mut().clear().extend_pairs(form.iter().map(|(name, value)| (*name, value.as_str())));
        let body = url.query().unwrap_or_default().as_bytes().to_vec();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        request.headers_mut().extend(headers);
        *request.body_mut() = Some(body.into());
        self.answer(request, ANSWER_BYTES_MAX).await
    }

    /// Makes a call with several headers of one's own; a body is JSON.
    ///
    /// # Errors
    /// As [`post`](Http::post).
    pub async fn request_with(
        &self,
        method: Method,
        to: &Endpoint,
        query: &[(&str, &str)],
        body: Option<Vec<u8>>,
        headers: Vec<(HeaderName, HeaderValue)>,
        patience: Duration,
    ) -> Result<Answer, NoResponse> {
        let mut url = to.0.clone();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.request(method, url, None)?;
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        request.headers_mut().extend(headers);
        *request.timeout_mut() = Some(patience);
        self.answer(request, LISTING_BYTES_MAX).await
    }
}

/// The beginning of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseStart {
    /// The HTTP status code.
    pub status: u16,
    /// The size of the whole in bytes, where the server says so.
    pub bytes: Option<u64>,
    /// The first bytes of the body.
    pub first: Vec<u8>,
}

impl Http {
    /// Whether nothing but this machine is called, as in a rehearsal.
    pub fn stays_here(&self) -> bool {
        self.this_machine_only
    }

    /// Gets no more than the first bytes of what lies there, and learns how long it is. Asks for a part, and puts up with the whole: then the
    /// connection is given up after the beginning.
    ///
    /// # Errors
    /// As [`post`](Http::post).
    pub async fn begin(
        &self,
        from: &Endpoint,
        most: usize,
        patience: Duration,
    ) -> Result<ResponseStart, NoResponse> {
        let mut request = self.request(Method::GET, from.0.clone(), None)?;
        let part = format!("bytes=0-{}", most.saturating_sub(1));
        request.headers_mut().insert(RANGE, HeaderValue::from_str(&part).expect("digits fit a header"));
        *request.timeout_mut() = Some(patience);
        let mut response = self.client.execute(request).await.map_err(silence)?;
        let status = response.status().as_u16();
        let of_part = |value: &HeaderValue| value.to_str().ok()?.rsplit('/').next()?.parse().ok();
        let bytes = match status {
            206 => response.headers().get(CONTENT_RANGE).and_then(of_part),
            _ => response.content_length(),
        };
        let mut first = Vec::new();
        while first.len() < most {
            match response.chunk().await.map_err(silence)? {
                Some(chunk) => first.extend_from_slice(&chunk),
                None => break,
            }
        }
        first.truncate(most);
        Ok(ResponseStart { status, bytes, first })
    }
}
