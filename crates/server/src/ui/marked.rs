//! A registered text with everything in it that cannot be seen: operators compare it character by character
//! (docs/facts/india.md §1.1).

use maud::{Markup, Render, html};

/// A text whose unseen characters are shown.
pub struct Marked<'t>(pub &'t str);

/// One stretch of it.
#[derive(Debug, PartialEq, Eq)]
enum Stretch<'t> {
    Plain(&'t str),
    /// What stands for it, and what it is.
    Unseen(&'static str, String),
    /// The end of a line.
    Break,
}

/// What a character that cannot be seen is shown as, and its name.
fn unseen(c: char) -> Option<(&'static str, String)> {
    let named = |sign, name: &str| Some((sign, name.to_owned()));
    match c {
        '\u{a0}' => named("⍽", "no-break space"),
        '\u{202f}' => named("⍽", "narrow no-break space"),
        '\u{200b}' => named("◌", "zero-width space"),
        '\u{200c}' => named("◌", "zero-width non-joiner"),
        '\u{200d}' => named("◌", "zero-width joiner"),
        '\u{2060}' => named("◌", "word joiner"),
        '\u{feff}' => named("◌", "byte order mark"),
        '\u{ad}' => named("◌", "soft hyphen"),
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            named("◌", "mark of writing direction")
        }
        '\t' => named("⇥", "tab"),
        c if c.is_control() => Some(("◌", format!("control character U+{:04X}", u32::from(c)))),
        c if c.is_whitespace() && c != ' ' && c != '\n' => {
            Some(("⍽", format!("space U+{:04X}", u32::from(c))))
        }
        _ => None,
    }
}

fn stretches(text: &str) -> Vec<Stretch<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut before = '\n';
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let after = text[end..].chars().next().unwrap_or('\n');
        // A space that hides: at an end of a line, or behind another.
        let hides = c == ' ' && (before == '\n' || before == ' ' || after == '\n');
        let stretch = match unseen(c) {
            _ if c == '\n' => Some(Stretch::Break),
            _ if hides => Some(Stretch::Unseen("␣", "space".to_owned())),
            Some((sign, name)) => Some(Stretch::Unseen(sign, name)),
            None => None,
        };
        if let Some(stretch) = stretch {
            if from < at {
                found.push(Stretch::Plain(&text[from..at]));
            }
            found.push(stretch);
            from = end;
        }
        before = c;
    }
    if from < text.len() {
        found.push(Stretch::Plain(&text[from..]));
    }
    found
}

/// The unseen characters in words, the rarer first: "1 no-break space, 2 spaces that are easily lost". Empty when there
/// are none.
pub fn in_words(text: &str) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for stretch in stretches(text) {
        let Stretch::Unseen(_, name) = stretch else { continue };
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by_key(|(name, _)| name == "space");
    let words = |(name, count): &(String, usize)| match (name.as_str(), *count) {
        ("space", 1) => "1 space that is easily lost".to_owned(),
        ("space", n) => format!("{n} spaces that are easily lost"),
        (name, 1) => format!("1 {name}"),
        (name, n) => format!("{n} × {name}"),
    };
    counts.iter().map(words).collect::<Vec<_>>().join(", ")
}

impl Render for Marked<'_> {
    fn render(&self) -> Markup {
        html! {
            @for stretch in stretches(self.0) {
                @match stretch {
                    Stretch::Plain(text) => (text),
                    Stretch::Unseen(sign, name) => mark class="m-unseen" title=(name) { (sign) },
                    Stretch::Break => { span class="m-unseen m-unseen--break" title="line break" { "↵" } br; }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_at_an_end_or_behind_another_is_shown() {
        assert_eq!(in_words("Hi you"), "");
        assert_eq!(in_words("Hi you "), "1 space that is easily lost");
        assert_eq!(in_words("Hi  you \n Bye"), "3 spaces that are easily lost");
        assert_eq!(
            Marked("Hi ").render().into_string(),
            r#"Hi<mark class="m-unseen" title="space">␣</mark>"#
        );
    }

    #[test]
    fn characters_without_a_shape_are_named() {
        assert_eq!(
            in_words("a\u{a0}b\u{200b}c\u{200b} "),
            "1 no-break space, 2 × zero-width space, 1 space that is easily lost"
        );
        assert_eq!(in_words("a\u{2009}b"), "1 × space U+2009".replace("× ", ""));
    }

    #[test]
    fn nothing_of_a_text_is_left_out() {
        let text = " a\tb\r\n\u{feff}नमस्ते  ";
        let marked = Marked(text).render().into_string();
        for part in ["a", "b", "नमस्ते", "⇥", "◌", "↵"] {
            assert!(marked.contains(part), "{part} in {marked}");
        }
    }

    #[test]
    fn every_kind_of_unseen_character_has_a_sign_and_a_name() {
        for (c, sign, name) in [
            ('\u{a0}', "⍽", "no-break space"),
            ('\u{202f}', "⍽", "narrow no-break space"),
            ('\u{3000}', "⍽", "space U+3000"),
            ('\u{200b}', "◌", "zero-width space"),
            ('\u{200c}', "◌", "zero-width non-joiner"),
            ('\u{200d}', "◌", "zero-width joiner"),
            ('\u{2060}', "◌", "word joiner"),
            ('\u{feff}', "◌", "byte order mark"),
            ('\u{ad}', "◌", "soft hyphen"),
            ('\u{200f}', "◌", "mark of writing direction"),
            ('\u{202e}', "◌", "mark of writing direction"),
            ('\u{2069}', "◌", "mark of writing direction"),
            ('\t', "⇥", "tab"),
            ('\r', "◌", "control character U+000D"),
            ('\u{7f}', "◌", "control character U+007F"),
        ] {
            let text = format!("a{c}b");
            assert_eq!(
                stretches(&text),
                [Stretch::Plain("a"), Stretch::Unseen(sign, name.to_owned()), Stretch::Plain("b")],
                "U+{:04X}",
                u32::from(c)
            );
        }
        for c in ['a', 'अ', '₹', '😀', '’'] {
            assert_eq!(unseen(c), None, "{c}");
        }
    }

    #[test]
    fn a_text_is_shown_as_text_and_never_as_markup() {
        let shown = Marked("<b>{#var#}</b> & \nmore").render().into_string();
        assert!(shown.starts_with("&lt;b&gt;{#var#}&lt;/b&gt; &amp;<mark"), "{shown}");
        assert!(shown.contains("↵") && shown.contains("<br>more"), "{shown}");
    }

    #[test]
    fn spaces_at_both_ends_of_each_line_are_shown() {
        let space = || Stretch::Unseen("␣", "space".to_owned());
        assert_eq!(
            stretches(" a b \n c"),
            [space(), Stretch::Plain("a b"), space(), Stretch::Break, space(), Stretch::Plain("c")]
        );
        assert_eq!(stretches(""), []);
    }

    proptest::proptest! {
        #[test]
        fn each_character_is_shown_once(text in "[a ₹अ\\t\\n\\r\u{a0}\u{200b}]{0,40}") {
            let shown: usize = stretches(&text)
                .iter()
                .map(|stretch| match stretch {
                    Stretch::Plain(plain) => plain.chars().count(),
                    Stretch::Unseen(..) | Stretch::Break => 1,
                })
                .sum();
            proptest::prop_assert_eq!(shown, text.chars().count());
        }
    }
}
