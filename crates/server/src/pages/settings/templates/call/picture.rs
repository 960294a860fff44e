//! The cards beside the form of a script: the conversation as a picture, the findings, and what each provider can do
//! with it.

use domain::{
    call::{Action, CallAbilities, CallScript, Keys, ScriptText, ShownPart, examine},
    channel::Channel,
    template::{Facts, Part as Piece},
};
use maud::{Render, html};
use providers::{Vendor, registry};

use super::super::kind::Around;
use crate::{
    pages::settings::recordings,
    ui::{
        checks::{Finding as Check, Severity},
        conversation::{Branch, Conversation, SpokenLine},
        format::cut,
        head::Card,
        icons::Icon,
        listen::Listen,
        preview::Part,
        words::calls,
    },
};

/// The longest name of a template in the picture, in characters.
const NAME_CHARS: usize = 40;

/// The call as one person would hear it.
pub(in crate::pages) fn conversation(
    script: &CallScript,
    facts: &Facts,
    names: &dyn Fn(&Action) -> Option<String>,
) -> Conversation {
    let mut opening = vec![said(script, ScriptText::Text, "Text", facts)];
    if script.keys.is_empty() {
        return Conversation { opening, leaves: vec![] };
    }
    opening.push(said(script, ScriptText::Question, "Question", facts));
    let key = |key: &domain::call::Key| {
        let (name, icon, action) = outcome(&key.action, names);
        let said = said(script, ScriptText::Closing(key.digit), "", facts);
        Branch { key: Some(key.digit.get()), name: name.to_owned(), said, icon, action }
    };
    let mut leaves: Vec<Branch> = script.keys.iter().map(key).collect();
    leaves.push(Branch {
        key: None,
        name: format!("Silence, {} s", script.wait_s),
        said: said(script, ScriptText::NoKey, "", facts),
        icon: Icon::Ok,
        action: match script.rounds {
            0 | 1 => "Counts as told if they heard the text".to_owned(),
            _ => "Asked once more first; counts as told if they heard the text".to_owned(),
        },
    });
    Conversation { opening, leaves }
}

fn said(script: &CallScript, place: ScriptText, name: &str, facts: &Facts) -> SpokenLine {
    let part = |shown| match shown {
        ShownPart::Known(Piece::Fixed(text)) => Part::Fixed(text),
        ShownPart::Known(Piece::Filled(text)) => Part::Filled(text),
        ShownPart::Unknown(text) => Part::Wrong(text),
    };
    let text = script.shown(place, facts).into_iter().map(part).collect();
    let recording = script.recorded(place).map(|recorded| Listen {
        name: if name.is_empty() { "what is said".to_owned() } else { name.to_lowercase() },
        src: recordings::sound_href(recorded.id),
    });
    SpokenLine { name: name.to_owned(), seconds: script.seconds_at(place), text, recording }
}

/// What a key does: its word, its icon, and what happens.
fn outcome(action: &Action, names: &dyn Fn(&Action) -> Option<String>) -> (&'static str, Icon, String) {
    match action {
        Action::Confirm => ("Will come", Icon::Check, "Nothing more happens".to_owned()),
        Action::Message { channel, .. } => {
            let named =
                names(action).map_or_else(String::new, |name| format!(" “{}”", cut(&name, NAME_CHARS)));
            ("Message", Icon::of(*channel), format!("Sends{named} by {} now", channel.title()))
        }
        Action::AnotherDate => {
            ("Another date", Icon::People, "On the list of those who want another date".to_owned())
        }
        Action::StopCalls => ("Never again", Icon::Cancel, "Is not called again".to_owned()),
    }
}

/// The name of the template that a key sends; `None` where the page does not know it.
pub(super) fn name_of(around: &Around, action: &Action) -> Option<String> {
    let Action::Message { channel, template } = action else { return None };
    let found = around.messages.iter().find(|(on, id, _)| on == channel && id == template);
    found.map(|(_, _, name)| name.clone())
}

/// The card of findings that hold for every provider; `None` where there are none.
pub(super) fn minded(script: &CallScript) -> Option<Card> {
    let found = examine(script, None);
    if found.is_empty() {
        return None;
    }
    let checks = found.iter().map(|one| {
        let (title, why) = calls::finding(one, "The provider");
        let severity = if one.is_error() { Severity::Error } else { Severity::Warning };
        Check { severity, title, why, action: None }
    });
    let mut checks: Vec<Check> = checks.collect();
    checks.sort_by_key(|check| check.severity);
    let list = html! { ul class="m-checks__list" { @for check in checks { (check) } } };
    Some(Card { class: "m-checks", ..Card::new("minded", "To mind", list) })
}

/// The card of what each provider can do, and what of this script it cannot. It is shown before a provider is chosen.
pub(super) fn providers(script: &CallScript, around: &Around) -> Card {
    let connected =
        |vendor: &&'static dyn Vendor| around.accounts.iter().any(|one| one.kind == vendor.kind());
    let (own, others): (Vec<_>, Vec<_>) = registry::serving(Channel::IvrCall).partition(connected);
    let row = |vendor: &&'static dyn Vendor, connected: bool| {
        let abilities = vendor.calls()?;
        let own = examine(script, None);
        let found: Vec<_> =
            examine(script, Some(abilities)).into_iter().filter(|one| !own.contains(one)).collect();
        Some(html! {
            li class="m-able" {
                p class="m-able__name" { b { (vendor.name()) } @if connected { span class="m-sub" { "connected" } } }
                p class="m-sub" { (keys(abilities)) }
                @for one in &found {
                    @let (title, why) = calls::finding(one, "It");
                    p class={ "m-able__no" @if one.is_error() { " is-fail" } } { @if one.is_error() { (Icon::Error) } @else { (Icon::Warning) } span { b { (title) ". " } (why) } }
                }
                @if found.is_empty() { p class="m-able__yes" { (Icon::Check) "Everything of this script" } }
            }
        })
    };
    let list = html! {
        ul class="m-ables" {
            @for vendor in &own { @if let Some(row) = row(vendor, true) { (row) } }
            @for vendor in &others { @if let Some(row) = row(vendor, false) { (row) } }
        }
    };
    Card::new("providers", "Who can place it", list.render())
}

fn keys(abilities: &CallAbilities) -> String {
    let keys = match abilities.keys {
        Keys::During => "Answers each key while they listen",
        Keys::Notice => "Tells which key was pressed",
        Keys::Never => "Tells no keys",
    };
    let asked = if abilities.looks_up { "can be asked about a call" } else { "cannot be asked about a call" };
    let delay = match abilities.start_delay_ms {
        0 => String::new(),
        ms => format!("; rings {} after the request at the earliest", crate::ui::format::span(ms)),
    };
    format!("{keys}; {asked}{delay}.")
}
