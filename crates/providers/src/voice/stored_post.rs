//! A post about a call as it is stored: with the path and the query that belong to it, and without the password that proved it.

use serde::{Deserialize, Serialize};

use super::{CallbackRequest, hook::NO_HEADERS};

/// A post whose origin is proven, in the form in which it is stored and read again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredPost {
    /// The path behind the account's key.
    pub path: String,
    /// The query, as it came.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The content type of the body.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// The body as text. Bytes that are not text are lost.
    pub body: String,
}

impl StoredPost {
    /// Keeps a post whose proof was checked.
    pub fn of(hook: &CallbackRequest<'_>) -> StoredPost {
        StoredPost {
            path: hook.path.to_owned(),
            query: hook.query.to_owned(),
            content_type: hook.content_type.to_owned(),
            body: String::from_utf8_lossy(hook.body).into_owned(),
        }
    }

    /// The post as JSON, as it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("four texts are always JSON")
    }

    /// Reads what [`to_json`](StoredPost::to_json) wrote; anything else is the body of a post without a path.
    pub fn read(stored: &str) -> StoredPost {
        serde_json::from_str(stored)
            .unwrap_or_else(|_| StoredPost { body: stored.to_owned(), ..StoredPost::default() })
    }

    /// The post as it came; its password was checked then.
    pub fn hook(&self) -> CallbackRequest<'_> {
        CallbackRequest {
            path: &self.path,
            query: &self.query,
            content_type: &self.content_type,
            header: NO_HEADERS,
            proven: true,
            body: self.body.as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_read_again_as_it_came_and_without_its_password() {
        let hook = CallbackRequest {
            path: "a/b/status",
            query: "From=1",
            content_type: "application/json",
            header: &|_| Some("Basic c2VjcmV0".to_owned()),
            proven: false,
            body: b"{\"Status\":\"busy\"}",
        };
        let stored = StoredPost::of(&hook).to_json();
        assert!(!stored.contains("c2VjcmV0"), "{stored}");
        let kept = StoredPost::read(&stored);
        let again = kept.hook();
        assert_eq!((again.path, again.query, again.body), (hook.path, hook.query, hook.body));
        assert!(again.proven);
        assert_eq!(StoredPost::read("From=1").hook().body, b"From=1");
    }
}
