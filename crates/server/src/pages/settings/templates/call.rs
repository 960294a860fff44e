//! Templates of calls: a script of plain fields. Its places are words between braces and map themselves.

use domain::{
    call::{Action, CallScript, Digit, Finding, Key, Language, Place, ROUNDS, WAIT_S, examine, placeholders},
    channel::{Category, Channel},
    ids::TemplateId,
    template::Message,
    text::lines,
};
use maud::{Markup, html};

use super::{
    form::Form,
    kind::{Around, Beside, FormCard, Kind, Say, Words},
    offer::Found,
    page::tall,
};
use crate::ui::{
    button::Button,
    field::{Choice, Field},
    icons::Icon,
    words::calls,
};

/// The templates of calls.
pub(super) struct Call;

/// Keys that the form has room for.
const KEYS: usize = 4;

const WORDS: Words = Words {
    channel: Channel::IvrCall,
    home: "/settings/templates/ivr",
    fill: "",
    fill_from: "",
    import: "",
    list: "Scripts of calls",
    about: "What IVR Call says, which keys people may press, and what each does.",
    new: "Add script",
    edit: "Edit script",
    view: "Script",
    empty_title: "Say what people hear",
    empty_text: || {
        "A script greets people by name, says when their workshop starts and asks for a key. It speaks English or Hindi.".to_owned()
    },
    name_taken: "Another script has this name. Choose one of its own.",
    removal: "It goes out of the lists.",
    no_values: "Values stand in the texts as words between braces: {first_name}, {workshop_title}, {workshop_date}, {start_time}, {organisation}. They need no mapping.",
    place_inside: "A placeholder cannot stand inside a value.",
    name_example: "Reminder call, ten minutes before",
    text_field: "text",
    extra_column: "Keys",
    buttons: 0,
    asked_about: "",
};

/// The words of what a key does.
const ACTIONS: &[(&str, &str)] = &[
    ("", "No such key"),
    ("confirm", "Nothing: they will come"),
    ("message", "Send a message now"),
    ("another_date", "They want another date"),
    ("stop_calls", "No more calls"),
];

fn field_of(place: Place, script: &CallScript) -> String {
    match place {
        Place::Text => "text".to_owned(),
        Place::Question => "question".to_owned(),
        Place::WrongKey => "wrong_key".to_owned(),
        Place::NoKey => "no_key".to_owned(),
        Place::Closing(digit) => key_field("closing", digit, script),
    }
}

fn key_field(name: &str, digit: Digit, script: &CallScript) -> String {
    let at = script.keys.iter().position(|key| key.digit == digit).unwrap_or(0);
    format!("key_{name}_{}", at + 1)
}

fn script(message: &Message) -> Option<&CallScript> {
    match message {
        Message::Call(script) => Some(script),
        Message::Whatsapp(_) | Message::Sms(_) | Message::Group(_) => None,
    }
}

/// Key `n` of the form, from 1; `None` for a row that is empty.
fn key(form: &Form, n: usize) -> Option<Key> {
    let get = |name: &str| form.get(&format!("key_{name}_{n}"));
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

impl Kind for Call {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn kept(&self, text: &str) -> String {
        lines(text)
    }

    /// Its places map themselves.
    fn places(&self, _text: &str) -> usize {
        0
    }

    fn sign(&self, message: &Message, n: usize) -> String {
        let places = message.places();
        let label = places.get(n.saturating_sub(1)).map_or("", |slot| &*slot.label);
        let word = placeholders().find(|(_, known)| *known == label);
        word.map_or_else(|| label.to_owned(), |(word, _)| format!("{{{word}}}"))
    }

    fn categories(&self) -> &'static [Category] {
        &[Category::Utility]
    }

    fn category(&self, _category: Category) -> &'static str {
        "Reminder"
    }

    /// The usual script; its first key sends nothing until somebody says what.
    fn blank(&self, _around: &Around) -> Form {
        let mut usual =
            CallScript::usual(Language::English, Channel::Sms, TemplateId::new(domain::time::Millis(0)));
        usual.keys[0].action = Action::Confirm;
        usual.keys[0].closing = "Thank you. See you there.".to_owned();
        usual.question = "Press 1 if you will come, 2 to choose another day, 9 for no more calls.".to_owned();
        Form::of(self, "", &usual.into())
    }

    fn fields(&self, message: &Message) -> Vec<(String, String)> {
        let Some(script) = script(message) else { return Vec::new() };
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
            let mut put = |name: &str, value: String| fields.push((format!("key_{name}_{n}"), value));
            put("digit", key.digit.to_string());
            put("action", key.action.word().to_owned());
            put("closing", key.closing.clone());
            if let Action::Message { channel, template } = key.action {
                put("template", format!("{channel} {template}"));
            }
        }
        fields
    }

    fn draft(&self, form: &Form) -> Message {
        let text = |name: &str| form.get(name).to_owned();
        let number = |name: &str, usual: u8| form.get(name).parse().unwrap_or(usual);
        Message::Call(CallScript {
            language: form.get("language").parse().unwrap_or(Language::English),
            text: text("text"),
            question: text("question"),
            keys: (1..=KEYS).filter_map(|n| key(form, n)).collect(),
            rounds: number("rounds", *ROUNDS.end()),
            wait_s: number("wait_s", *WAIT_S.end()),
            wrong_key: text("wrong_key"),
            no_key: text("no_key"),
            extra: serde_json::Map::new(),
        })
    }

    fn check(&self, form: &Form, say: Say<'_>) {
        let Message::Call(script) = self.draft(form) else { return };
        for n in 1..=KEYS {
            let get = |name: &str| form.get(&format!("key_{name}_{n}"));
            if get("action").is_empty() {
                continue;
            }
            if get("digit").parse::<Digit>().is_err() {
                say(&format!("key_digit_{n}"), Some("One digit, 0 to 9.".to_owned()));
            }
            if get("action") == "message" && key(form, n).is_none() {
                say(&format!("key_template_{n}"), Some("Choose what is sent.".to_owned()));
            }
        }
        for found in examine(&script, None).iter().filter(|found| found.is_error()) {
            let field = match found {
                Finding::Empty(at) | Finding::Unknown { place: at, .. } | Finding::Link(at) => {
                    field_of(*at, &script)
                }
                Finding::Twice(digit) => key_field("digit", *digit, &script),
                Finding::CallsAgain(digit) => key_field("template", *digit, &script),
                Finding::Rounds(_) => "rounds".to_owned(),
                Finding::Wait(_) => "wait_s".to_owned(),
                _ => "question".to_owned(),
            };
            let (title, why) = calls::finding(found, "The provider");
            say(&field, Some(format!("{title}. {why}")));
        }
    }

    fn cards(&self, form: &Form, around: &Around, may: bool) -> [Vec<FormCard>; 2] {
        let chosen = |name: &str, all: &[(&str, &str)]| -> Vec<Choice> {
            all.iter().map(|(word, label)| Choice::new(*word, *label, form.get(name))).collect()
        };
        let languages: Vec<(&str, &str)> =
            Language::ALL.iter().map(|language| (language.word(), language.title())).collect();
        let card = |id, title, lines| FormCard { id, title, lines, below: html! {} };
        let text = FormCard {
            below: update(may),
            ..card(
                "text-card",
                "What people hear",
                vec![
                    vec![
                        Field::text("name", "Name").placeholder(WORDS.name_example).required(),
                        Field::select("language", "Language", chosen("language", &languages)),
                    ],
                    vec![
                        tall("text", "Greeting and reminder")
                            .help("Who calls comes first. Times and numbers are spoken as words."),
                    ],
                    vec![
                        tall("question", "Question").help("Which key does what; asked again after silence."),
                    ],
                    vec![
                        Field::select("rounds", "Ask", chosen("rounds", &[("2", "Twice"), ("1", "Once")])),
                        Field::select(
                            "wait_s",
                            "Wait for a key",
                            chosen(
                                "wait_s",
                                &[
                                    ("6", "6 seconds"),
                                    ("5", "5 seconds"),
                                    ("4", "4 seconds"),
                                    ("3", "3 seconds"),
                                ],
                            ),
                        ),
                    ],
                    vec![
                        Field::text("wrong_key", "After a wrong key"),
                        Field::text("no_key", "At the end without a key"),
                    ],
                ],
            )
        };
        let mut lines = Vec::new();
        for n in 1..=KEYS {
            let name = |part: &str| format!("key_{part}_{n}");
            let sends = form.get(&name("action")) == "message";
            lines.push(vec![
                Field::text(name("digit"), format!("Key {n}")).at_most(1).placeholder("1"),
                Field::select(name("action"), "Does", chosen(&name("action"), ACTIONS)).autosubmit(),
            ]);
            let closing = Field::text(name("closing"), "Then says");
            lines.push(match sends {
                true => {
                    let current = form.get(&name("template"));
                    let mut options = vec![Choice::new("", "Choose…", current)];
                    options.extend(around.messages.iter().map(|(channel, id, title)| {
                        Choice::new(
                            format!("{channel} {id}"),
                            format!("{}: {title}", channel.title()),
                            current,
                        )
                    }));
                    vec![Field::select(name("template"), "Sends", options), closing]
                }
                false => vec![closing],
            });
        }
        [vec![text], vec![card("keys-card", "Keys", lines)]]
    }

    fn beside(&self, page: &Beside<'_>) -> Markup {
        let Some(script) = script(page.draft) else { return html! {} };
        html! { p class="m-hint" { "About " (script.talk_s()) " seconds for somebody who presses a key." } }
    }

    fn problems(&self, message: &Message) -> Vec<String> {
        let Some(script) = script(message) else { return Vec::new() };
        let errors = examine(script, None).into_iter().filter(Finding::is_error);
        errors.map(|found| calls::finding(&found, "The provider").0).collect()
    }

    fn listed(&self, message: &Message) -> (String, String) {
        let Some(script) = script(message) else { return Default::default() };
        let keys: Vec<String> = script.keys.iter().map(|key| key.digit.to_string()).collect();
        let keys = if keys.is_empty() { "None".to_owned() } else { keys.join(", ") };
        (script.text.lines().next().unwrap_or_default().to_owned(), keys)
    }

    fn sender(&self, _message: &Message, organisation: &str) -> (String, &'static str) {
        (organisation.to_owned(), "Phone call")
    }

    fn known_by(&self, name: &str, _message: &Message) -> Vec<String> {
        vec![name.to_owned()]
    }

    /// None is found elsewhere: no provider keeps scripts.
    fn unfit(&self, _found: &Found) -> Option<String> {
        Some("Not for calls".into())
    }
}

fn update(may: bool) -> Markup {
    let button = Button::new("Update preview").icon(Icon::Retry).submit("do", "update").unchecked();
    html! { @if may { div class="m-acts" { (button) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let mut form = Form::of(&Call, "Reminder", &usual().into());
        for (name, value) in pairs {
            form.set(name, value);
        }
        form
    }

    fn usual() -> CallScript {
        CallScript::usual(Language::Hindi, Channel::Sms, TemplateId::new(domain::time::Millis(1)))
    }

    #[test]
    fn a_form_makes_its_script_and_back() {
        assert_eq!(form(&[]).check(&Call).unwrap(), Message::from(usual()));
    }

    #[test]
    fn what_cannot_be_said_is_told_beside_its_field() {
        let wrong = |pairs: &[(&str, &str)]| -> Vec<String> {
            form(pairs).check(&Call).unwrap_err().into_keys().collect()
        };
        assert_eq!(wrong(&[("text", "")]), ["text"]);
        assert_eq!(wrong(&[("text", "{organisation} {wrkshop}")]), ["text"]);
        assert_eq!(wrong(&[("key_closing_2", "www.example.in")]), ["key_closing_2"]);
        assert_eq!(wrong(&[("key_digit_1", "x")]), ["key_digit_1"]);
        assert_eq!(wrong(&[("key_template_1", "")]), ["key_template_1"]);
        assert_eq!(wrong(&[("key_digit_2", "1")]), ["key_digit_1"]);
    }
}
