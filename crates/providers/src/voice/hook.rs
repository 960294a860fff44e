//! Requests to a callback of calls, in any of the forms that providers use (GET, HEAD and POST; query, form, multipart
//! and JSON).

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{form, lenient, post};

/// Looks a header up by its name in lower case.
pub type Header<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// A post without headers.
pub const NO_HEADERS: Header<'static> = &|_| None;

/// A request to our callback.
#[derive(Clone, Copy)]
pub struct CallbackRequest<'a> {
    /// What follows the account's key in the path, without a slash at its beginning.
    pub path: &'a str,
    /// The query, as it came.
    pub query: &'a str,
    /// Of the body; may be empty or wrong.
    pub content_type: &'a str,
    /// Looks a header up by its name in lower case: a password or a signature may stand in any.
    pub header: Header<'a>,
    /// Its password was checked before: it is read again from where it was stored.
    pub proven: bool,
    /// The body, as it came.
    pub body: &'a [u8],
}

/// Neither numbers nor secrets: providers put both into queries.
impl std::fmt::Debug for CallbackRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hook({}, {} bytes)", self.content_type, self.body.len())
    }
}

impl CallbackRequest<'_> {
    /// Query and body together; of a name that both have, the body's. `None` for a body that is there and cannot be read.
    pub fn members(&self) -> Option<Members> {
        let mut all = Map::new();
        for (name, value) in form::members(self.query).unwrap_or_default() {
            put(&mut all, &name, Value::String(value));
        }
        if !self.body.iter().all(u8::is_ascii_whitespace) {
            let Value::Object(body) = first_object(post::parse(self.body)) else { return None };
            for (name, value) in body {
                put(&mut all, &name, value);
            }
        }
        Some(Members(all))
    }

    /// A key under which this is stored once: of the kind and what tells one report from the next, or of all bytes where one of
    /// these is missing. Hashed, so that it can be kept when a number is erased.
    pub fn key(&self, kind: &str, parts: &[Option<String>]) -> String {
        let mut hash = Sha256::new();
        hash.update(kind);
        if !parts.is_empty() && parts.iter().all(Option::is_some) {
            for part in parts.iter().flatten() {
                hash.update("\n");
                hash.update(part);
            }
        } else {
            for part in [self.path.as_bytes(), b"?", self.query.as_bytes(), b"\n", self.body] {
                hash.update(part);
            }
        }
        format!("call:{}", hex::encode(hash.finalize()))
    }
}

/// Some put a single report into a list.
fn first_object(body: Value) -> Value {
    match body {
        Value::Array(items) => items.into_iter().find(Value::is_object).unwrap_or_default(),
        body => body,
    }
}

/// Deepest name such as `Legs[0][Status]`.
const DEPTH_MAX: usize = 4;
/// Most names of one level; no report has a tenth.
const NAMES_MAX: usize = 400;

/// Puts `Legs[0][Status]` where JSON would have it. A form knows no lists: its numbers are names.
fn put(all: &mut Map<String, Value>, name: &str, value: Value) {
    let (first, rest) = name.split_once('[').unwrap_or((name, ""));
    let path: Vec<&str> =
        rest.split('[').map(|part| part.trim_end_matches(']')).filter(|part| !part.is_empty()).collect();
    if path.is_empty() || path.len() > DEPTH_MAX {
        if all.len() < NAMES_MAX {
            all.insert(name.to_owned(), value);
        }
        return;
    }
    let mut object = all;
    let mut key = first;
    for next in path {
        if object.len() >= NAMES_MAX {
            return;
        }
        let inner = object.entry(key).or_insert_with(|| Value::Object(Map::new()));
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        let Value::Object(deeper) = inner else { return };
        object = deeper;
        key = next;
    }
    object.insert(key.to_owned(), value);
}

/// What a provider told, by names.
#[derive(Clone, PartialEq)]
pub struct Members(Map<String, Value>);

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Members {
    /// Of an object that was read otherwise; of anything else none.
    pub fn of(value: Value) -> Members {
        Members(match value {
            Value::Object(all) => all,
            _ => Map::new(),
        })
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of these names that is there, in any case of letters.
    pub fn get(&self, names: &[&str]) -> Option<&Value> {
        let exact = names.iter().find_map(|name| self.0.get(*name));
        exact.or_else(|| {
            names.iter().find_map(|name| {
                self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            })
        })
    }

    /// As text, whether it came as text or number; `None` for what is empty or the word for nothing.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        let text = lenient::text(self.get(names)?)?;
        (!is_nothing(&text)).then_some(text)
    }

    /// As it was written, empty or not; `None` where the name is missing.
    pub fn raw(&self, names: &[&str]) -> Option<String> {
        self.get(names).map(|value| lenient::text(value).unwrap_or_default())
    }

    /// As a whole number; `33` and `33.4` are both in use.
    pub fn integer(&self, names: &[&str]) -> Option<i64> {
        let text = self.text(names)?;
        text.parse().ok().or_else(|| text.split_once('.').and_then(|(whole, _)| whole.parse().ok()))
    }

    /// The values of an object or a list of that name, in order; a form's `[0]`, `[1]` count as a list.
    pub fn list(&self, names: &[&str]) -> Vec<Members> {
        let inner = |value: &Value| Members::of(value.clone());
        match self.get(names) {
            Some(Value::Array(items)) => items.iter().map(inner).collect(),
            Some(Value::Object(members))
                if members.keys().all(|key| key.bytes().all(|b| b.is_ascii_digit())) =>
            {
                members.values().map(inner).collect()
            }
            Some(object @ Value::Object(_)) => vec![inner(object)],
            Some(Value::String(json)) => match serde_json::from_str(json) {
                Ok(Value::Array(items)) => items.iter().map(inner).collect(),
                Ok(object @ Value::Object(_)) => vec![inner(&object)],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// Words that providers write where there is nothing.
fn is_nothing(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "null" | "none" | "nil" | "undefined")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(query: &str, kind: &str, body: &str) -> Option<Members> {
        CallbackRequest {
            path: "",
            query,
            content_type: kind,
            header: NO_HEADERS,
            proven: false,
            body: body.as_bytes(),
        }
        .members()
    }

    #[test]
    fn a_report_is_read_in_every_form_that_providers_use() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"CallSid\"\r\n\r\nc1\r\n--b\r\nContent-Disposition: form-data; name=\"Legs[0][Status]\"\r\n\r\ncompleted\r\n--b--\r\n";
        for (query, body) in [
            ("CallSid=c1&Legs%5B0%5D%5BStatus%5D=completed", ""),
            ("", "CallSid=c1&Legs[0][Status]=completed"),
            ("", multipart),
            ("", r#"{"CallSid":"c1","Legs":[{"Status":"completed"}]}"#),
            ("", r#"[{"CallSid":"c1","Legs":[{"Status":"completed"}]}]"#),
            ("", "{\"callsid\":\"c1\",\"Legs\":\"[{\\\"Status\\\":\\\"completed\\\"}]\"}"),
            ("CallSid=old", r#"{"CallSid":"c1","Legs":{"0":{"Status":"completed"}}}"#),
        ] {
            let read = members(query, "", body).unwrap();
            assert_eq!(read.text(&["CallSid"]).as_deref(), Some("c1"), "{query}{body}");
            let legs = read.list(&["Legs"]);
            assert_eq!(legs.len(), 1, "{query}{body}");
            assert_eq!(legs[0].text(&["Status"]).as_deref(), Some("completed"), "{query}{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_none_and_nothing_is_nothing() {
        for broken in ["{\"CallSid\":", "\u{0}\u{1}", "just words", "[1,2]", "null"] {
            assert!(members("", "application/json", broken).is_none(), "{broken:?}");
        }
        let read = members("a=null&b=None&c=&d=7.9&e=-1", "", " ").unwrap();
        assert_eq!((read.text(&["a"]), read.text(&["b"]), read.text(&["c"])), (None, None, None));
        assert_eq!((read.raw(&["c"]).as_deref(), read.raw(&["x"])), (Some(""), None));
        assert_eq!((read.integer(&["d"]), read.integer(&["E"])), (Some(7), Some(-1)));
        assert!(members("", "", "").unwrap().is_empty());
        let deep = format!("a{}=1", "[0]".repeat(50));
        assert!(members(&deep, "", "").is_some(), "a deep name is a name");
    }

    #[test]
    fn a_key_is_that_of_what_tells_reports_apart_and_shows_no_number() {
        let hook = |query| CallbackRequest {
            path: "p",
            query,
            content_type: "",
            header: NO_HEADERS,
            proven: false,
            body: b"",
        };
        let parts = [Some("c1".to_owned()), Some("ended".to_owned())];
        assert_eq!(hook("a=1").key("status", &parts), hook("a=2").key("status", &parts));
        assert_ne!(hook("a=1").key("status", &parts), hook("a=1").key("step", &parts));
        let missing = [Some("c1".to_owned()), None];
        assert_ne!(hook("a=1").key("status", &missing), hook("a=2").key("status", &missing));
        assert!(!hook("From=09000000001").key("status", &[]).contains("9000000001"));
    }
}
