//! What KooKoo is told to do next (NOTES.md §2).

use domain::call::{Language, Turn, next_turn};
use quick_xml::escape::escape;

use crate::{
    account::Body,
    voice::{Line, Step},
};

/// For a caller whom nobody knows: somebody who calls the shown number back.
const NEUTRAL: &str = "Thank you for calling. Goodbye.";

pub(super) fn answer(speed: i64, step: &Step, line: Option<&Line<'_>>) -> Body {
    let inner = match line {
        None => closing(NEUTRAL, Language::English, speed),
        Some(line) => {
            let language = line.said.language;
            match next_turn(line.script, line.said, line.so_far, step.heard.as_deref()) {
                Turn::Ask { text, wait_s } => format!(
                    r##"<collectdtmf l="1" t="#" o="{}">{}</collectdtmf>"##,
                    i64::from(wait_s) * 1_000,
                    spoken(&text, language, speed)
                ),
                Turn::Close { text, .. } => closing(&text, language, speed),
            }
        }
    };
    let sid = step.call.map(|call| call.to_string()).unwrap_or_default();
    let text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><response sid="{}">{inner}</response>"#,
        escape(&sid)
    );
    Body { content_type: "text/xml; charset=utf-8", bytes: text.into_bytes() }
}

fn closing(text: &str, language: Language, speed: i64) -> String {
    format!("{}<hangup/>", spoken(text, language, speed))
}

fn spoken(text: &str, language: Language, speed: i64) -> String {
    if text.is_empty() {
        return String::new();
    }
    let lang = match language {
        Language::English => "EN",
        Language::Hindi => "HI",
    };
    format!(r#"<playtext lang="{lang}" speed="{speed}">{}</playtext>"#, escape(text))
}
