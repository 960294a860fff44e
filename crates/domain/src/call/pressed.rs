//! Reads which key was pressed from the form in which a provider writes it.

use super::{CallScript, Digit};

/// The answer to a question that asks for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// No key was pressed.
    Nothing,
    /// Only keys that the script does not have were pressed.
    Other,
    /// The first key of the script that was pressed.
    Key(Digit),
}

/// Reads what a provider says was pressed (docs/facts/calls.md §12). The text may stand in quotes, end with `#`, hold
/// several rounds with hyphens between them, or be one of several words for nothing. The first key that the script
/// has counts.
pub fn pressed(said: &str, script: &CallScript) -> Pressed {
    // One provider writes `-1` for no key. Split at the hyphen it would be read as nothing and the key 1.
    if said.trim_matches(['"', ' ']) == "-1" {
        return Pressed::Nothing;
    }
    let mut other = false;
    for part in said.split('-') {
        let plain = part.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”'));
        let plain = plain.trim_end_matches('#').trim();
        if matches!(plain.to_ascii_lowercase().as_str(), "" | "null" | "none" | "nil" | "undefined") {
            continue;
        }
        for c in plain.chars().filter(|c| !c.is_whitespace()) {
            match Digit::of_char(c).and_then(|digit| script.key(digit)) {
                Some(key) => return Pressed::Key(key.digit),
                None => other = true,
            }
        }
    }
    if other { Pressed::Other } else { Pressed::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::Language, channel::Channel, ids::TemplateId, time::Millis};

    #[test]
    fn a_key_is_read_however_it_is_written() {
        let script = CallScript::usual(Language::English, Channel::Sms, TemplateId::new(Millis(0)));
        let key = |n| Pressed::Key(Digit::new(n).unwrap());
        // The forms are those of docs/facts/calls.md §3.5, §3.6 and §12.
        for (said, expected) in [
            ("1", key(1)),
            ("\"1\"", key(1)),
            ("'9'", key(9)),
            (" 2# ", key(2)),
            ("\"2#\"", key(2)),
            ("1-2", key(1)),
            ("5-2", key(2)),
            ("null-9", key(9)),
            ("77 1", key(1)),
            ("", Pressed::Nothing),
            ("\"\"", Pressed::Nothing),
            ("null", Pressed::Nothing),
            ("None", Pressed::Nothing),
            ("-1", Pressed::Nothing),
            ("\"-1\"", Pressed::Nothing),
            ("#", Pressed::Nothing),
            ("5", Pressed::Other),
            ("*", Pressed::Other),
            ("\u{966}", Pressed::Other),
        ] {
            assert_eq!(pressed(said, &script), expected, "{said:?}");
        }
    }
}
