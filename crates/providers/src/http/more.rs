//! Calls with several headers of one's own, and forms.

use std::time::Duration;

use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};

use super::{ANSWER_BYTES_MAX, Answer, Endpoint, Http, LISTING_BYTES_MAX, Silence};

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
    ) -> Result<Answer, Silence> {
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
    ) -> Result<Answer, Silence> {
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
