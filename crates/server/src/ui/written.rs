//! A text as WhatsApp shows it: `*bold*`, `_italic_`, `~struck out~`, ```` ```same width``` ````, lists and quotes. What a value became is
//! marked, and its own stars and lines mean nothing.

use maud::{Markup, Render, html};

use super::preview::Part;

/// Around what a value became; nobody types these.
const VALUE: (char, char) = ('\u{E000}', '\u{E001}');

/// Pieces of a text, shown with WhatsApp's formatting.
pub struct Written<'a>(
    /// The pieces.
    pub &'a [Part],
);

/// Lines that belong together.
enum Block<'t> {
    Lines(Vec<&'t str>),
    List(Vec<&'t str>),
    Quote(Vec<&'t str>),
}

impl Render for Written<'_> {
    fn render(&self) -> Markup {
        let text: String = self.0.iter().map(flat).collect();
        html! {
            @for block in blocks(&text) {
                @match block {
                    Block::Lines(lines) => p class="m-bubble__text" { (rows(&lines)) },
                    Block::List(lines) => ul class="m-bubble__list" { @for line in lines { li { span { (inline(line)) } } } },
                    Block::Quote(lines) => blockquote class="m-bubble__quote" { (rows(&lines)) },
                }
            }
        }
    }
}

fn flat(part: &Part) -> String {
    let bare = |text: &str| text.replace([VALUE.0, VALUE.1], "");
    match part {
        Part::Fixed(text) => bare(text),
        // A value's lines are one: WhatsApp shows them, and no list begins in the middle of it.
        Part::Filled(text) | Part::Wrong(text) => {
            format!("{}{}{}", VALUE.0, bare(text).replace('\n', " "), VALUE.1)
        }
    }
}

fn rows(lines: &[&str]) -> Markup {
    html! { @for (at, line) in lines.iter().enumerate() { @if at > 0 { "\n" } (inline(line)) } }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for line in text.lines() {
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        let quote = line.strip_prefix("> ");
        match (blocks.last_mut(), item, quote) {
            (Some(Block::List(lines)), Some(item), _) => lines.push(item),
            (_, Some(item), _) => blocks.push(Block::List(vec![item])),
            (Some(Block::Quote(lines)), None, Some(quote)) => lines.push(quote),
            (_, None, Some(quote)) => blocks.push(Block::Quote(vec![quote])),
            (Some(Block::Lines(lines)), None, None) => lines.push(line),
            (_, None, None) => blocks.push(Block::Lines(vec![line])),
        }
    }
    blocks
}

/// The signs that come in pairs, with the element between them.
const PAIRS: [(&str, &str); 4] = [("```", "code"), ("*", "b"), ("_", "i"), ("~", "s")];

fn inline(text: &str) -> Markup {
    let mut out = Vec::new();
    let (mut rest, mut plain_from) = (text, 0);
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        if first == VALUE.0
            && let Some(end) = rest.find(VALUE.1)
        {
            out.push(html! { (text[plain_from..at]) mark { (rest[VALUE.0.len_utf8()..end]) } });
            rest = &rest[end + VALUE.1.len_utf8()..];
            plain_from = text.len() - rest.len();
            continue;
        }
        if let Some((sign, element, len)) = pair(text, at) {
            let inside = &rest[sign.len()..sign.len() + len];
            let inside = if element == "code" {
                html! { (inside.replace([VALUE.0, VALUE.1], "")) }
            } else {
                inline(inside)
            };
            out.push(html! { (text[plain_from..at]) (wrapped(element, &inside)) });
            rest = &rest[2 * sign.len() + len..];
            plain_from = text.len() - rest.len();
            continue;
        }
        rest = &rest[first.len_utf8()..];
    }
    html! { @for piece in &out { (piece) } (text[plain_from..]) }
}

fn wrapped(element: &str, inside: &Markup) -> Markup {
    match element {
        "b" => html! { b { (inside) } },
        "i" => html! { i { (inside) } },
        "s" => html! { s { (inside) } },
        _ => html! { code { (inside) } },
    }
}

/// The pair that begins there: its sign, its element, and how long what stands between is. A sign opens at the beginning of a word and
/// closes at the end of one.
fn pair(text: &str, at: usize) -> Option<(&'static str, &'static str, usize)> {
    let (before, here) = text.split_at(at);
    let opens = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let (sign, element) = PAIRS.into_iter().find(|(sign, _)| here.starts_with(sign))?;
    let inside = &here[sign.len()..];
    if !opens || inside.starts_with(char::is_whitespace) {
        return None;
    }
    let mut from = 0;
    while let Some(end) = inside[from..].find(sign).map(|found| from + found) {
        let (within, after) = (&inside[..end], &inside[end + sign.len()..]);
        let whole = within.matches(VALUE.0).count() == within.matches(VALUE.1).count();
        let closes = after.chars().next().is_none_or(|c| !c.is_alphanumeric());
        if end > 0 && whole && closes && !within.ends_with(char::is_whitespace) {
            return Some((sign, element, end));
        }
        from = end + sign.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: &[Part], expected: &str) {
        assert_eq!(Written(parts).render().into_string(), expected);
    }

    fn fixed(text: &str) -> Part {
        Part::Fixed(text.to_owned())
    }

    #[test]
    fn signs_in_pairs_format_what_stands_between_them_and_others_stay() {
        let p = |inside: &str| format!(r#"<p class="m-bubble__text">{inside}</p>"#);
        for (text, inside) in [
            ("*Bold* and _italic_", "<b>Bold</b> and <i>italic</i>"),
            ("*_both_* ~gone~", "<b><i>both</i></b> <s>gone</s>"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("snake_case_name", "snake_case_name"),
            ("*not closed", "*not closed"),
            ("* *", "* *"),
            ("```a *b*```", "<code>a *b*</code>"),
            ("**", "**"),
            ("<b>", "&lt;b&gt;"),
            ("*एक्सेल* आज", "<b>एक्सेल</b> आज"),
        ] {
            // A line that begins with a star and a space is a list; all others are lines.
            if !text.starts_with("* ") {
                check(&[fixed(text)], &p(inside));
            }
        }
    }

    #[test]
    fn lists_quotes_and_lines_stay_apart() {
        check(
            &[fixed("One\nTwo\n- a\n- b\n> said\nEnd")],
            "<p class=\"m-bubble__text\">One\nTwo</p><ul class=\"m-bubble__list\"><li><span>a</span></li><li><span>b</span></li></ul>\
             <blockquote class=\"m-bubble__quote\">said</blockquote><p class=\"m-bubble__text\">End</p>",
        );
    }

    #[test]
    fn a_value_is_marked_and_its_own_signs_format_nothing() {
        let value = Part::Filled("a*b* <i>".to_owned());
        check(
            &[fixed("*At "), value, fixed("*")],
            r#"<p class="m-bubble__text"><b>At <mark>a*b* &lt;i&gt;</mark></b></p>"#,
        );
    }
}
