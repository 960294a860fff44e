//! What the flow is told: prompt and question, a sign that the key was heard, the closing words (NOTES.md §4).

use domain::call::{ScriptText, next_lines};
use serde_json::{Value, json};

use crate::{
    account::Body,
    voice::{Step, StepKind, StoredCall},
};

/// For a caller whom nobody knows: somebody who calls the shown number back.
const NEUTRAL: &str = "Thank you for calling. Goodbye.";

pub(super) fn answer(step: &Step, line: Option<&StoredCall<'_>>) -> Body {
    match step.at {
        StepKind::Opening => prompt(line),
        StepKind::Noted => text("OK"),
        StepKind::Closing | StepKind::Next => text(&closing(step, line)),
    }
}

/// Text and question; Exotel asks again by itself. Without keys one silent second ends the question.
fn prompt(line: Option<&StoredCall<'_>>) -> Body {
    let (opening, again, wait_s, rounds) = match line {
        Some(line) if !line.script.keys.is_empty() => (
            prompted(line, &[ScriptText::Text, ScriptText::Question]),
            prompted(line, &[ScriptText::Question]),
            line.script.wait_s,
            line.script.rounds.saturating_sub(1),
        ),
        Some(line) => (prompted(line, &[ScriptText::Text]), json!({}), 1, 0),
        None => (json!({ "text": NEUTRAL }), json!({}), 1, 0),
    };
    let mut body = json!({
        "gather_prompt": opening,
        "max_input_digits": 1,
        "finish_on_key": "",
        "input_timeout": wait_s,
        "repeat_menu": rounds,
    });
    if rounds > 0 {
        body["repeat_gather_prompt"] = again;
    }
    Body { content_type: "application/json", bytes: body.to_string().into_bytes() }
}

/// A prompt is a text or the address of a recording (§4): one file holds the recordings of all its lines.
fn prompted(line: &StoredCall<'_>, places: &[ScriptText]) -> Value {
    match line.sound(places) {
        Some(address) => json!({ "audio_url": address }),
        None => json!({ "text": line.said.lines(places) }),
    }
}

/// The words for the key that came with the step before, or with this one; or the address of their recording.
fn closing(step: &Step, line: Option<&StoredCall<'_>>) -> String {
    let Some(line) = line else { return NEUTRAL.to_owned() };
    // Both rounds are over when this is asked.
    let so_far = domain::call::CallProgress { asked: line.script.rounds, ..line.so_far };
    let heard = step.heard.as_deref().unwrap_or("");
    let next = next_lines(line.script, so_far, Some(heard));
    // Without keys the text was spoken by the prompt.
    let spoke = next.asks || (next.key.is_none() && line.script.keys.is_empty());
    let places = if spoke { vec![ScriptText::NoKey] } else { next.places };
    line.sound(&places).unwrap_or_else(|| line.said.lines(&places))
}

/// The content type has to be exactly this (§4).
fn text(words: &str) -> Body {
    Body { content_type: "text/plain", bytes: words.as_bytes().to_vec() }
}
