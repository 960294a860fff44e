//! What KooKoo is told to do next (NOTES.md §2).

use domain::call::{Language, ScriptText, next_lines};
use quick_xml::escape::escape;

use crate::{
    account::Body,
    voice::{Step, StoredCall},
};

/// For a caller whom nobody knows: somebody who calls the shown number back.
const NEUTRAL: &str = "Thank you for calling. Goodbye.";

pub(super) fn answer(speed: i64, step: &Step, line: Option<&StoredCall<'_>>) -> Body {
    let inner = match line {
        None => ending(&spoken(NEUTRAL, Language::English, speed)),
        Some(line) => {
            let next = next_lines(line.script, line.so_far, step.heard.as_deref());
            let heard = heard(line, &next.places, speed);
            if next.asks {
                let wait_ms = i64::from(line.script.wait_s) * 1_000;
                format!(r##"<collectdtmf l="1" t="#" o="{wait_ms}">{heard}</collectdtmf>"##)
            } else {
                ending(&heard)
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

fn ending(heard: &str) -> String {
    format!("{heard}<hangup/>")
}

/// Lines as they come: what is recorded is played, what is not is spoken (§2).
fn heard(line: &StoredCall<'_>, places: &[ScriptText], speed: i64) -> String {
    let language = line.said.language;
    let recorded = |place: &&ScriptText| line.sound(&[**place]).is_some();
    if !places.iter().any(|place| recorded(&place)) {
        return spoken(&line.said.lines(places), language, speed);
    }
    let one = |place: &ScriptText| match line.sound(&[*place]) {
        Some(address) => format!("<playaudio>{}</playaudio>", escape(&address)),
        None => spoken(line.said.at(*place), language, speed),
    };
    places.iter().map(one).collect()
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
