//! Templates of calls: a script, its keys and what each key does. Placeholders are words between braces and need no
//! mapping.

pub(in crate::pages) mod picture;
mod typed;

use domain::{
    call::{CallScript, Digit, Language, ScriptFinding, examine, placeholders},
    channel::{Category, Channel},
    ids::TemplateId,
    template::Message,
    text::lines,
    time::Millis,
};
use maud::{Markup, html};

use self::typed::{ACTIONS, field_of_key, key, key_field, recording_field, rows, text_field, texts, twice};
use super::{
    form::Form,
    kind::{Around, Beside, FormCard, Kind, Say, Words},
    offer::Found,
};
use crate::{
    pages::settings::recordings,
    ui::{
        button::{Button, Link},
        conversation::Conversation,
        field::{Choice, Field, OptionGroup},
        format::{clock, counted},
        head::Card,
        icons::Icon,
        words::calls,
    },
};

/// The template form for calls.
pub(super) struct Call;

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
    takes_marks: false,
    extra_column: "Keys",
    buttons: 0,
    asked_about: "",
};

fn script(message: &Message) -> Option<&CallScript> {
    match message {
        Message::Call(script) => Some(script),
        Message::Whatsapp(_) | Message::Sms(_) | Message::Group(_) => None,
    }
}

impl Kind for Call {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn kept(&self, text: &str) -> String {
        lines(text)
    }

    /// A script's placeholders need no mapping.
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

    /// The usual script in the chosen language. Without a template that a key could send, the script has no key 1.
    fn blank(&self, around: &Around) -> Form {
        let language: Language = around.language.parse().unwrap_or(Language::English);
        let link = around.messages.first().map(|(channel, id, _)| (*channel, *id));
        let (channel, id) = link.unwrap_or((Channel::Sms, TemplateId::new(Millis(0))));
        let mut usual = CallScript::usual(language, channel, id);
        if link.is_none() {
            usual.keys.remove(0);
            usual.question = match language {
                Language::English => "Press 2 to choose another day, 9 for no more calls.",
                Language::Hindi => "दूसरे दिन के लिए 2 दबाइए, और आगे कॉल न चाहें तो 9 दबाइए।",
            }
            .to_owned();
        }
        Form::of(self, "", &usual.into())
    }

    fn fields(&self, message: &Message) -> Vec<(String, String)> {
        script(message).map(typed::fields).unwrap_or_default()
    }

    fn draft(&self, form: &Form) -> Message {
        Message::Call(typed::draft(form))
    }

    fn look_up(&self, form: &mut Form, around: &Around) {
        typed::look_up(form, &around.recordings);
    }

    fn check(&self, form: &Form, say: Say<'_>) {
        for n in 1..=rows(form) {
            let get = |name: &str| form.get(&key_field(name, n));
            if get("action").is_empty() {
                continue;
            }
            if get("digit").parse::<Digit>().is_err() {
                say(&key_field("digit", n), Some("One digit, 0 to 9.".to_owned()));
            } else if get("action") == "message" && key(form, n).is_none() {
                say(&key_field("template", n), Some("Choose what is sent.".to_owned()));
            }
        }
        for (_, field) in texts(form) {
            let gone = "It is not in the library any more. Choose another one, or let the text be spoken.";
            say(&field, typed::is_gone(form, &field).then(|| gone.to_owned()));
        }
        for found in examine(&typed::draft(form), None).iter().filter(|found| found.is_error()) {
            let (title, why) = calls::finding(found, "The provider");
            say(&field_of(found, form), Some(format!("{title}. {why}")));
        }
    }

    fn cards(&self, form: &Form, around: &Around, may: bool) -> [Vec<FormCard>; 2] {
        [vec![heard(form, around, may), pressed(form, around)], vec![]]
    }

    fn picture(&self, page: &Beside<'_>) -> Markup {
        let Some(script) = script(page.draft) else { return html! {} };
        let names = |action: &_| picture::name_of(page.around, action);
        let talk: Conversation = picture::conversation(script, page.facts, &names);
        let length = counted(script.talk_s(), "second", "seconds");
        let aside = html! { span class="m-hint" { "About " (length) " for somebody who presses a key" } };
        html! { (Card::new("picture", "The call", talk).aside(aside).padded()) }
    }

    fn beside(&self, page: &Beside<'_>) -> Markup {
        let Some(script) = script(page.draft) else { return html! {} };
        html! {
            @if let Some(minded) = picture::minded(script) { (minded) }
            (picture::providers(script, page.around))
        }
    }

    fn problems(&self, message: &Message) -> Vec<String> {
        let Some(script) = script(message) else { return Vec::new() };
        let errors = examine(script, None).into_iter().filter(ScriptFinding::is_error);
        errors.map(|found| calls::finding(&found, "The provider").0).collect()
    }

    fn listed(&self, message: &Message) -> (String, String) {
        let Some(script) = script(message) else { return Default::default() };
        let keys: Vec<String> = script.keys.iter().map(|key| key.digit.to_string()).collect();
        let keys = if keys.is_empty() { "None".to_owned() } else { keys.join(", ") };
        (script.text.lines().next().unwrap_or_default().to_owned(), keys)
    }

    fn sender(&self, _message: &Message, organisation: &str) -> (String, &'static str) {
        (organisation.to_owned(), "Phone call, as it is spoken")
    }

    fn known_by(&self, name: &str, _message: &Message) -> Vec<String> {
        vec![name.to_owned()]
    }

    /// No provider keeps scripts, so none is found there.
    fn unfit(&self, _found: &Found) -> Option<String> {
        Some("Not for calls".into())
    }
}

/// The field of the form beside which a finding is shown.
fn field_of(found: &ScriptFinding, form: &Form) -> String {
    match found {
        ScriptFinding::Empty(at) | ScriptFinding::Unknown { place: at, .. } | ScriptFinding::Link(at) => {
            text_field(form, *at)
        }
        ScriptFinding::Twice(digit) => twice(form, *digit),
        ScriptFinding::CallsAgain(digit) => field_of_key(form, "template", *digit),
        ScriptFinding::Rounds(_) => "rounds".to_owned(),
        ScriptFinding::Wait(_) => "wait_s".to_owned(),
        ScriptFinding::TooLong { .. }
        | ScriptFinding::QuestionWithoutKeys
        | ScriptFinding::NotNamed(_)
        | ScriptFinding::NoStopKey
        | ScriptFinding::NoCaller
        | ScriptFinding::NoOwnText
        | ScriptFinding::ClosingsElsewhere
        | ScriptFinding::NoKeys
        | ScriptFinding::Language(_)
        | ScriptFinding::LeftOut(_)
        | ScriptFinding::SameForAll(_)
        | ScriptFinding::NoRecordings
        | ScriptFinding::NotTogether(..) => "question".to_owned(),
    }
}

fn chosen(form: &Form, name: &str, all: &[(&str, &str)]) -> Vec<Choice> {
    all.iter().map(|(word, label)| Choice::new(*word, *label, form.get(name))).collect()
}

/// The card with the script's texts and with how often and how long the question waits.
fn heard(form: &Form, around: &Around, may: bool) -> FormCard {
    let languages: Vec<(&str, &str)> =
        Language::ALL.iter().map(|language| (language.word(), language.title())).collect();
    let waits = [("6", "6 seconds"), ("5", "5 seconds"), ("4", "4 seconds"), ("3", "3 seconds")];
    let recorded = |text: &str| recorded(form, around, text);
    let mut lines = vec![
        vec![
            Field::text("name", "Name").placeholder(WORDS.name_example).required(),
            Field::select("language", "Language", chosen(form, "language", &languages)).autosubmit(),
        ],
        vec![Field::area("text", "Greeting and reminder", "").help("Who calls comes first. Times and numbers are spoken as words.")],
        recorded("text"),
        vec![Field::area("question", "Question", "").help("Which key does what; asked again after silence. Empty, with no keys: the call says its text and ends.")],
        recorded("question"),
        vec![
            Field::select("rounds", "Ask", chosen(form, "rounds", &[("2", "Twice"), ("1", "Once")])),
            Field::select("wait_s", "Wait for a key", chosen(form, "wait_s", &waits)),
        ],
        vec![Field::text("wrong_key", "After a wrong key, say"), Field::text("no_key", "At the end without a key, say")],
        [recorded("wrong_key"), recorded("no_key")].concat(),
    ];
    lines.retain(|line| !line.is_empty());
    let update = Button::new("Update preview").icon(Icon::Retry).submit("do", "update").unchecked();
    let below = html! {
        @if around.recordings.is_empty() {
            p class="m-hint" { "Each text is spoken by the provider’s voice. A voice that people know can be recorded under " (Link::new("Recordings", recordings::HREF)) "." }
        }
        @if may {
            div class="m-acts" {
                @if around.id.is_none() { (Button::link("Begin in English", format!("{}/new", WORDS.home))) (Button::link("Begin in Hindi", format!("{}/new?language=hi", WORDS.home))) }
                (update)
            }
        }
    };
    FormCard { id: "text-card", title: "What people hear", lines, below }
}

/// The field that chooses a recording in place of a text. There is none while the library is empty and nothing was
/// chosen.
fn recorded(form: &Form, around: &Around, text: &str) -> Vec<Field> {
    let name = recording_field(text);
    let current = form.get(&name);
    if around.recordings.is_empty() && current.is_empty() {
        return vec![];
    }
    let label = match text {
        "text" => "Greeting and reminder, heard as",
        "question" => "Question, heard as",
        "wrong_key" => "After a wrong key, heard as",
        "no_key" => "Without a key, heard as",
        _ => "Heard as",
    };
    let mut groups = vec![OptionGroup {
        name: None,
        options: vec![Choice::new("", "Spoken by the provider’s voice", current)],
    }];
    for language in Language::ALL {
        let of = around.recordings.iter().filter(|one| one.language == *language);
        let option = |one: &store::recordings::Recording| {
            Choice::new(one.id.to_string(), format!("{} · {}", one.name, clock(one.length_ms)), current)
        };
        let options: Vec<Choice> = of.map(option).collect();
        if !options.is_empty() {
            groups.push(OptionGroup { name: Some(format!("Recorded in {}", language.title())), options });
        }
    }
    if groups.iter().flat_map(|group| &group.options).all(|option| !option.selected) {
        groups[0].options.push(Choice::new(current, "A recording that was removed", current));
    }
    vec![Field::select_grouped(name, label, groups).autosubmit()]
}

/// The card with the keys.
fn pressed(form: &Form, around: &Around) -> FormCard {
    let mut lines = Vec::new();
    for n in 1..=rows(form) {
        let name = |part: &str| key_field(part, n);
        let does = chosen(form, &name("action"), ACTIONS);
        lines.push(vec![
            Field::text(name("digit"), format!("Key {n}")).inputmode("numeric"),
            Field::select(name("action"), "Does", does).autosubmit(),
        ]);
        let closing = Field::text(name("closing"), "Then says");
        let recorded = recorded(form, around, &name("closing"));
        if form.get(&name("action")) == "message" {
            lines.push([vec![sent(form, around, &name("template"))], vec![closing]].concat());
            lines.push(recorded);
        } else if !form.get(&name("action")).is_empty() {
            lines.push([vec![closing], recorded].concat());
        }
    }
    lines.retain(|line| !line.is_empty());
    FormCard { id: "keys-card", title: "Keys", lines, below: html! {} }
}

/// The field that chooses which message a key sends.
fn sent(form: &Form, around: &Around, name: &str) -> Field {
    let current = form.get(name);
    let mut options = vec![Choice::new("", "Choose…", current)];
    options.extend(around.messages.iter().map(|(channel, id, title)| {
        Choice::new(format!("{channel} {id}"), format!("{}: {title}", channel.title()), current)
    }));
    let field = Field::select(name, "Sends", options).autosubmit();
    if around.messages.is_empty() {
        field.help("There is no template of WhatsApp Personal or of SMS yet.")
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        call::{Recorded, ScriptText},
        ids::RecordingId,
    };
    use serde_json::json;
    use store::recordings::Recording;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let mut form = Form::of(&Call, "Reminder", &usual().into());
        for (name, value) in pairs {
            form.set(name, value);
        }
        form
    }

    fn usual() -> CallScript {
        CallScript::usual(Language::Hindi, Channel::Sms, TemplateId(uuid::Uuid::from_u128(7)))
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
        assert_eq!(wrong(&[("key_digit_2", "1")]), ["key_digit_2"]);
        // An empty row does not renumber the rows after it.
        assert_eq!(wrong(&[("key_action_1", ""), ("key_closing_3", "")]), ["key_closing_3"]);
    }

    fn recording(id: i64) -> Recording {
        Recording {
            id: RecordingId::new(Millis(id)),
            name: "Reminder".into(),
            language: Language::Hindi,
            sha256: "00".into(),
            address: format!("address-{id}"),
            length_ms: 4_200,
            loudness: 0,
            gain: 0,
            findings: json!([]),
            created_by: "Meera".into(),
            created_at: Millis(0),
        }
    }

    #[test]
    fn a_recording_is_taken_from_the_library_and_from_nowhere_else() {
        let library = [recording(1), recording(2)];
        let id = library[1].id;
        let mut typed = form(&[
            ("recording_text", &id.to_string()),
            ("recording_text_address", "somebody-elses"),
            ("recording_text_ms", "1"),
            ("recording_key_closing_3", &RecordingId::new(Millis(3)).to_string()),
            ("recording_key_closing_3_address", "made-up"),
            ("recording_key_closing_3_ms", "5"),
        ]);
        typed::look_up(&mut typed, &library);
        let errors = typed.check(&Call).unwrap_err();
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["recording_key_closing_3"], "it is in no library");
        typed.set("recording_key_closing_3", "");
        typed::look_up(&mut typed, &library);
        let message = typed.check(&Call).unwrap();
        let Message::Call(script) = &message else { panic!("a script") };
        let expected = Recorded { id, address: "address-2".into(), length_ms: 4_200 };
        assert_eq!(script.recordings.iter().collect::<Vec<_>>(), [(&ScriptText::Text, &expected)]);
        // Stored, shown and saved again, the script is the same.
        let again = Form::of(&Call, "Reminder", &message);
        assert_eq!(
            (again.get("recording_text"), again.check(&Call).unwrap()),
            (id.to_string().as_str(), message)
        );
    }

    #[test]
    fn a_form_has_room_for_every_key_of_a_telephone() {
        let mut script = usual();
        for digit in [3, 4, 5, 6, 7, 8, 0] {
            let digit = Digit::new(digit).unwrap();
            script.keys.push(domain::call::Key { digit, ..script.keys[1].clone() });
        }
        let question: Vec<String> = (0..=9).map(|n| n.to_string()).collect();
        script.question = format!("Press {}.", question.join(", "));
        let stored = Message::from(script);
        let form = Form::of(&Call, "All", &stored);
        assert_eq!((rows(&form), form.check(&Call).unwrap()), (10, stored));
    }
}
