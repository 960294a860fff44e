//! What an input node is told to do (NOTES.md §2).

use domain::call::{Turn, next_turn};
use serde_json::{Value, json};

use super::MyOperatorSettings;
use crate::{
    account::Body,
    voice::{Line, Step},
};

/// For a caller whom nobody knows.
const NEUTRAL: &str = "Thank you for calling. Goodbye.";

pub(super) fn answer(settings: &MyOperatorSettings, step: &Step, line: Option<&Line<'_>>) -> Body {
    let body = match line {
        None => end(NEUTRAL),
        Some(line) => match next_turn(line.script, line.said, line.so_far, step.heard.as_deref()) {
            // The node that gets the key waits for it; what it is told to jump to is its id (A).
            Turn::Ask { text, .. } if !settings.digit_node.is_empty() => json!({
                "action": "tts", "value": text, "operation": "jump-node", "operation-data": settings.digit_node,
            }),
            // Without a node for the key nobody would hear it: the reminder is all that can be said.
            Turn::Ask { .. } => end(&line.said.text),
            Turn::Close { text, .. } => end(&text),
        },
    };
    Body { content_type: "application/json", bytes: body.to_string().into_bytes() }
}

fn end(text: &str) -> Value {
    json!({ "action": "tts", "value": text, "operation": "hangup" })
}
