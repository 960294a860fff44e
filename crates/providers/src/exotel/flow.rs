//! What the flow is told: prompt and question, a sign that the key was heard, the closing words (NOTES.md §4).

use domain::call::{Turn, next_turn};
use serde_json::json;

use crate::{
    account::Body,
    voice::{Line, Step, StepKind},
};

/// For a caller whom nobody knows: somebody who calls the shown number back.
const NEUTRAL: &str = "Thank you for calling. Goodbye.";

pub(super) fn answer(step: &Step, line: Option<&Line<'_>>) -> Body {
    match step.at {
        StepKind::Opening => prompt(line),
        StepKind::Noted => text("OK"),
        StepKind::Closing | StepKind::Next => text(&closing(step, line)),
    }
}

/// Text and question; Exotel asks again by itself. Without keys one silent second ends the question.
fn prompt(line: Option<&Line<'_>>) -> Body {
    let (opening, again, wait_s, rounds) = match line {
        Some(line) if !line.script.keys.is_empty() => (
            line.said.opening(),
            line.said.again(false),
            line.script.wait_s,
            line.script.rounds.saturating_sub(1),
        ),
        Some(line) => (line.said.text.clone(), String::new(), 1, 0),
        None => (NEUTRAL.to_owned(), String::new(), 1, 0),
    };
    let mut body = json!({
        "gather_prompt": { "text": opening },
        "max_input_digits": 1,
        "finish_on_key": "",
        "input_timeout": wait_s,
        "repeat_menu": rounds,
    });
    if rounds > 0 {
        body["repeat_gather_prompt"] = json!({ "text": again });
    }
    Body { content_type: "application/json", bytes: body.to_string().into_bytes() }
}

/// The words for the key that came with the step before, or with this one.
fn closing(step: &Step, line: Option<&Line<'_>>) -> String {
    let Some(line) = line else { return NEUTRAL.to_owned() };
    // Both rounds are over when this is asked.
    let so_far = domain::call::SoFar { asked: line.script.rounds, ..line.so_far };
    let heard = step.heard.as_deref().unwrap_or("");
    match next_turn(line.script, line.said, so_far, Some(heard)) {
        Turn::Close { text, key } if key.is_some() || !line.script.keys.is_empty() => text,
        // The text was spoken by the prompt.
        Turn::Close { .. } => line.said.no_key.clone(),
        Turn::Ask { .. } => line.said.no_key.clone(),
    }
}

/// The content type has to be exactly this (§4).
fn text(words: &str) -> Body {
    Body { content_type: "text/plain", bytes: words.as_bytes().to_vec() }
}
