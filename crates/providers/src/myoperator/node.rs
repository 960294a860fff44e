//! What an input node is told to do (NOTES.md §2).

use domain::call::{NextPrompt, next_prompt};
use serde_json::{Value, json};

use super::MyOperatorSettings;
use crate::{
    account::Body,
    voice::{Step, StoredCall},
};

/// For a caller whom nobody knows.
const NEUTRAL: &str = "Thank you for calling. Goodbye.";

pub(super) fn answer(settings: &MyOperatorSettings, step: &Step, line: Option<&StoredCall<'_>>) -> Body {
    let body = match line {
        None => end(NEUTRAL),
        Some(line) => match next_prompt(line.script, line.said, line.so_far, step.heard.as_deref()) {
            // The node that gets the key waits for it; what it is told to jump to is its id (A).
            NextPrompt::Ask { text, .. } if !settings.digit_node.is_empty() => json!({
                "action": "tts", "value": text, "operation": "jump-node", "operation-data": settings.digit_node,
            }),
            // Without a node for the key nobody would hear it: the reminder is all that can be said.
            NextPrompt::Ask { .. } => end(&line.said.text),
            NextPrompt::Close { text, .. } => end(&text),
        },
    };
    Body { content_type: "application/json", bytes: body.to_string().into_bytes() }
}

fn end(text: &str) -> Value {
    json!({ "action": "tts", "value": text, "operation": "hangup" })
}
