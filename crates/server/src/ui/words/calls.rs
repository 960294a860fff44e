//! What is said about the script of a call.

use domain::call::{Language, ScriptFinding, ScriptText};

/// What was found, in a title and a sentence; the sentence is empty where there is nothing to do.
pub fn finding(found: &ScriptFinding, provider: &str) -> (String, String) {
    let (title, why) = match found {
        ScriptFinding::Empty(at) => {
            (format!("Nothing is said {}", place(*at)), "Type what people hear there.".to_owned())
        }
        ScriptFinding::Unknown { place: at, name } => (
            format!("{{{name}}} {} means nothing", place(*at)),
            "Nobody would hear it. Use one of the placeholders that are listed.".to_owned(),
        ),
        ScriptFinding::Link(at) => (
            format!("A link stands {}", place(*at)),
            "Nobody can hear a link. Let a key send it by message.".to_owned(),
        ),
        ScriptFinding::TooLong { seconds, most } => (
            format!("It takes about {seconds} seconds"),
            format!("People listen for {most}. Say less before the question."),
        ),
        ScriptFinding::QuestionWithoutKeys => {
            ("It asks, and there are no keys".to_owned(), "Add a key, or empty the question.".to_owned())
        }
        ScriptFinding::Twice(digit) => {
            (format!("Key {digit} is there twice"), "Give each key a digit of its own.".to_owned())
        }
        ScriptFinding::NotNamed(digit) => {
            (format!("The question does not name key {digit}"), format!("Say what {digit} does."))
        }
        ScriptFinding::CallsAgain(digit) => (
            format!("Key {digit} sends no message to the person"),
            "Choose a template of WhatsApp Personal or of SMS.".to_owned(),
        ),
        ScriptFinding::Rounds(_) => {
            ("The question is asked too often, or never".to_owned(), "Ask it once or twice.".to_owned())
        }
        ScriptFinding::Wait(_) => {
            ("A key is waited for too long, or too short".to_owned(), "Wait for 3 to 6 seconds.".to_owned())
        }
        ScriptFinding::NoStopKey => (
            "No key ends the calls".to_owned(),
            "People have to be offered one. Let a key do “No more calls”.".to_owned(),
        ),
        ScriptFinding::NoCaller => {
            ("Nobody says who calls".to_owned(), "Name {organisation} in the first sentence.".to_owned())
        }
        ScriptFinding::NoOwnText => (
            format!("{provider} says the same to everybody"),
            "Take the names out of the script, or choose another account.".to_owned(),
        ),
        ScriptFinding::ClosingsElsewhere => (
            format!("{provider} speaks closing words of its own"),
            "The ones of this script are not heard: enter them in its own flow.".to_owned(),
        ),
        ScriptFinding::NoKeys => {
            (format!("{provider} tells no keys"), "Take the keys out, or choose another account.".to_owned())
        }
        ScriptFinding::Language(language) => {
            (format!("{provider} does not speak {}", tongue(*language)), "Choose another account.".to_owned())
        }
        ScriptFinding::LeftOut(signs) => {
            let signs: Vec<String> = signs.iter().map(|sign| format!("“{sign}”")).collect();
            let why = format!("{provider} takes them for the end of a text. Write the sentence without.");
            (format!("{} are left out", signs.join(" and ")), why)
        }
        ScriptFinding::SameForAll(at) => (
            format!("The recording {} says the same to everybody", place(*at)),
            "Values of its text are not heard. Let the text be spoken where names and times differ."
                .to_owned(),
        ),
        ScriptFinding::NoRecordings => (
            format!("{provider} plays no recordings"),
            "It speaks their texts with its own voice.".to_owned(),
        ),
        ScriptFinding::NotTogether(first, then) => (
            format!("{provider} cannot play a recording beside a spoken text"),
            format!(
                "What is said {} and {} is spoken. Record both, or neither.",
                place(*first),
                place(*then)
            ),
        ),
    };
    (title, why)
}

fn place(at: ScriptText) -> String {
    match at {
        ScriptText::Text => "in the text".to_owned(),
        ScriptText::Question => "in the question".to_owned(),
        ScriptText::WrongKey => "after a wrong key".to_owned(),
        ScriptText::NoKey => "at the end without a key".to_owned(),
        ScriptText::Closing(digit) => format!("after key {digit}"),
    }
}

fn tongue(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::Hindi => "Hindi",
    }
}
