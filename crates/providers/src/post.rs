//! The forms in which a post may come: JSON, a form, multipart, XML. All become the members that the
//! JSON form would have.

use quick_xml::{Reader, escape::unescape, events::Event};
use serde_json::{Map, Value};

/// The members of a post; null when it has none of the forms.
pub(crate) fn parse(raw: &[u8]) -> Value {
    if let Ok(body) = serde_json::from_slice(raw) {
        return body;
    }
    let Ok(text) = std::str::from_utf8(raw) else { return Value::Null };
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes() {
        [b'<', ..] => xml(text).unwrap_or_default(),
        [b'-', b'-', ..] => multipart(text).unwrap_or_default(),
        _ => crate::form::members(text).map(members).unwrap_or_default(),
    }
}

/// Names and texts; a list in one of them is JSON text.
fn members(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    let member = |text: String| match text.starts_with('[') {
        true => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        false => Value::String(text),
    };
    Value::Object(
        pairs.into_iter().map(|(name, value)| (name, member(value))).collect::<Map<String, Value>>(),
    )
}

/// Parts of `multipart/form-data`. Its first line is the boundary, so that the header is not needed.
fn multipart(text: &str) -> Option<Value> {
    let boundary = text.lines().next()?.trim_end();
    let parts = text.split(boundary).filter_map(|part| {
        let (head, body) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let name = head.split_once("name=\"")?.1.split_once('"')?.0;
        Some((name.to_owned(), body.trim().to_owned()))
    });
    let parts: Vec<(String, String)> = parts.collect();
    (!parts.is_empty()).then(|| members(parts))
}

/// Elements in elements that are read; a report has three.
const XML_DEPTH_MAX: usize = 8;

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Element {
    fn value(self) -> Value {
        if self.members.is_empty() {
            Value::String(self.text.trim().to_owned())
        } else {
            Value::Object(self.members)
        }
    }

    /// Several of one name are a list.
    fn add(&mut self, name: String, value: Value) {
        match self.members.get_mut(&name) {
            Some(Value::Array(all)) => all.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                self.members.insert(name, value);
            }
        }
    }
}

/// What stands in the outermost element. Nothing outside of the text is ever fetched.
pub(crate) fn xml(text: &str) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if open.len() < XML_DEPTH_MAX => {
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::Text(piece) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&piece);
                }
            }
            Event::CData(piece) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&piece);
                }
            }
            Event::GeneralRef(name) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&unescape(&format!("&{};", &*name)).ok()?);
                }
            }
            Event::End(_) => {
                let element = open.pop()?;
                let Some(outer) = open.last_mut() else {
                    return Some(element.value()).filter(Value::is_object);
                };
                let name = element.name.clone();
                outer.add(name, element.value());
            }
            Event::Start(_) | Event::Eof => return None,
            Event::Empty(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}
