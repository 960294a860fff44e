//! A script as form fields, and back. The form chooses a recording by its id. Address and length are looked up in the
//! library and never taken from the form.

use std::collections::BTreeMap;

use domain::{
    call::{Action, CallScript, Digit, Key, Language, ROUNDS, Recorded, ScriptText, WAIT_S},
    ids::{RecordingId, TemplateId},
};
use store::recordings::Recording;

use super::super::form::Form;

/// The number of digit keys on a telephone, and the most rows that the form has.
const KEYS_MAX: usize = 10;
/// The number of rows of keys that the form has at least.
const KEYS_LEAST: usize = 4;
/// The endings of the fields that hold a recording's address and its length in milliseconds.
const ADDRESS: &str = "_address";
const LENGTH: &str = "_ms";

/// The choices of what a key does: the stored word, and its label.
pub(super) const ACTIONS: &[(&str, &str)] = &[
    ("", "No such key"),
    ("confirm", "Nothing: they will come"),
    ("message", "Send a message now"),
    ("another_date", "They want another date"),
    ("stop_calls", "No more calls"),
];

/// The name of a field in row `n` of the keys, counted from 1.
pub(super) fn key_field(name: &str, n: usize) -> String {
    format!("key_{name}_{n}")
}

/// The number of rows of keys: up to the last one that is filled in, and one more where there is room.
pub(super) fn rows(form: &Form) -> usize {
    let filled = (1..=KEYS_MAX).rev().find(|n| !form.get(&key_field("action", *n)).is_empty());
    filled.map_or(KEYS_LEAST, |n| n + 1).clamp(KEYS_LEAST, KEYS_MAX)
}

/// The first filled row with this digit; row 1 where there is none.
fn row_of(form: &Form, digit: Digit) -> usize {
    let is = |n: &usize| {
        form.get(&key_field("digit", *n)).parse() == Ok(digit)
            && !form.get(&key_field("action", *n)).is_empty()
    };
    (1..=KEYS_MAX).find(is).unwrap_or(1)
}

/// The name of the field with the text at that place.
pub(super) fn text_field(form: &Form, place: ScriptText) -> String {
    match place {
        ScriptText::Text => "text".to_owned(),
        ScriptText::Question => "question".to_owned(),
        ScriptText::WrongKey => "wrong_key".to_owned(),
        ScriptText::NoKey => "no_key".to_owned(),
        ScriptText::Closing(digit) => key_field("closing", row_of(form, digit)),
    }
}

/// The name of a field in the row of this digit.
pub(super) fn field_of_key(form: &Form, name: &str, digit: Digit) -> String {
    key_field(name, row_of(form, digit))
}

/// The digit field of the last row with this digit: the row that has it once too often.
pub(super) fn twice(form: &Form, digit: Digit) -> String {
    let is = |n: &usize| form.get(&key_field("digit", *n)).parse() == Ok(digit);
    key_field("digit", (1..=KEYS_MAX).rev().find(is).unwrap_or(1))
}

/// The names of all text fields, each with the name of the field that chooses its recording.
pub(super) fn texts(form: &Form) -> Vec<(String, String)> {
    let fixed =
        ["text", "question", "wrong_key", "no_key"].map(|text| (text.to_owned(), recording_field(text)));
    let closings = (1..=rows(form)).map(|n| key_field("closing", n));
    let closings = closings.map(|text| {
        let field = recording_field(&text);
        (text, field)
    });
    fixed.into_iter().chain(closings).collect()
}

/// The name of the field that chooses the recording in place of a text.
pub(super) fn recording_field(text: &str) -> String {
    format!("recording_{text}")
}

/// The key of row `n`, counted from 1; `None` for a row that is empty or cannot be read.
pub(super) fn key(form: &Form, n: usize) -> Option<Key> {
    let get = |name: &str| form.get(&key_field(name, n));
    let action = match get("action") {
        "confirm" => Action::Confirm,
        "another_date" => Action::AnotherDate,
        "stop_calls" => Action::StopCalls,
        "message" => {
            let (channel, template) = get("template").split_once(' ')?;
            let template: TemplateId = template.parse().ok()?;
            Action::Message { channel: channel.parse().ok()?, template }
        }
        _ => return None,
    };
    Some(Key { digit: get("digit").parse().ok()?, closing: get("closing").to_owned(), action })
}

/// The form fields of a script, as names and values.
pub(super) fn fields(script: &CallScript) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = [
        ("language", script.language.word().to_owned()),
        ("text", script.text.clone()),
        ("question", script.question.clone()),
        ("wrong_key", script.wrong_key.clone()),
        ("no_key", script.no_key.clone()),
        ("rounds", script.rounds.to_string()),
        ("wait_s", script.wait_s.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for (n, key) in (1..).zip(&script.keys) {
        let mut put = |name: &str, value: String| fields.push((key_field(name, n), value));
        put("digit", key.digit.to_string());
        put("action", key.action.word().to_owned());
        put("closing", key.closing.clone());
        if let Action::Message { channel, template } = key.action {
            put("template", format!("{channel} {template}"));
        }
    }
    for (place, recorded) in &script.recordings {
        let text = match place {
            ScriptText::Closing(digit) => {
                let at = script.keys.iter().position(|key| key.digit == *digit);
                at.map_or_else(String::new, |at| key_field("closing", at + 1))
            }
            ScriptText::Text | ScriptText::Question | ScriptText::WrongKey | ScriptText::NoKey => {
                place.to_string()
            }
        };
        let field = recording_field(&text);
        fields.push((format!("{field}{ADDRESS}"), recorded.address.clone()));
        fields.push((format!("{field}{LENGTH}"), recorded.length_ms.to_string()));
        fields.push((field, recorded.id.to_string()));
    }
    fields
}

/// The script, as far as the form can be read.
pub(super) fn draft(form: &Form) -> CallScript {
    let text = |name: &str| form.get(name).to_owned();
    let number = |name: &str, usual: u8| form.get(name).parse().unwrap_or(usual);
    CallScript {
        language: form.get("language").parse().unwrap_or(Language::English),
        text: text("text"),
        question: text("question"),
        keys: (1..=KEYS_MAX).filter_map(|n| key(form, n)).collect(),
        rounds: number("rounds", *ROUNDS.end()),
        wait_s: number("wait_s", *WAIT_S.end()),
        wrong_key: text("wrong_key"),
        no_key: text("no_key"),
        recordings: recordings(form),
        extra: serde_json::Map::new(),
    }
}

fn recordings(form: &Form) -> BTreeMap<ScriptText, Recorded> {
    let fixed = [ScriptText::Text, ScriptText::Question, ScriptText::WrongKey, ScriptText::NoKey];
    let fixed = fixed.map(|place| (place, place.to_string()));
    let closings = (1..=KEYS_MAX)
        .filter_map(|n| Some((ScriptText::Closing(key(form, n)?.digit), key_field("closing", n))));
    let all = fixed.into_iter().chain(closings);
    all.filter_map(|(place, text)| Some((place, recorded(form, &recording_field(&text))?))).collect()
}

fn recorded(form: &Form, field: &str) -> Option<Recorded> {
    let address = form.get(&format!("{field}{ADDRESS}"));
    if address.is_empty() {
        return None;
    }
    let length_ms = form.get(&format!("{field}{LENGTH}")).parse().ok()?;
    Some(Recorded { id: form.get(field).parse().ok()?, address: address.to_owned(), length_ms })
}

/// Takes the chosen recordings' address and length from the library, whatever the form sent.
pub(super) fn look_up(form: &mut Form, library: &[Recording]) {
    for (_, field) in texts(form) {
        let chosen = form.get(&field).parse::<RecordingId>().ok();
        let found = library.iter().find(|one| Some(one.id) == chosen);
        let (address, length) =
            found.map_or_else(Default::default, |one| (one.address.clone(), one.length_ms.to_string()));
        form.set(&format!("{field}{ADDRESS}"), &address);
        form.set(&format!("{field}{LENGTH}"), &length);
    }
}

/// Whether the field names a recording that is no longer in the library.
pub(super) fn is_gone(form: &Form, field: &str) -> bool {
    !form.get(field).is_empty() && recorded(form, field).is_none()
}
