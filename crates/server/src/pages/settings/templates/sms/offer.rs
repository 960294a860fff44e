//! Templates that are known elsewhere, at the provider or in a file of an operator's portal, beside what is here:
//! shown first, then taken.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    channel::Category,
    sms::{DltTemplateId, EntityId, MessageId, SenderId, SmsRoute, SmsTemplate, Tag, Variable, tags_in},
    template::{Part, Source},
    text::line,
};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use store::{StoreError, templates::Template};

use super::{
    super::values::{NAME_CHARS_MAX, VALUES_MAX},
    CHANNEL, body_of,
    form::{CATEGORIES, SMS_CHARS_MAX, SmsForm, registered, sms_category, unmapped},
    marked::Marked,
};
use crate::{
    http::extract::Member,
    ui::{
        chip::{Chip, Tone},
        field::{Checkbox, Choice, Field},
        format::cut,
        icons::Icon,
        table::{Column, Place, Row, Table},
    },
};

/// Templates that one import takes.
pub(super) const IMPORT_MAX: usize = 200;
/// Characters of a name that is made of a text.
const NAME_OF_TEXT: usize = 48;

/// A template as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// May be empty.
    pub(super) name: String,
    pub(super) sender: Option<SenderId>,
    pub(super) entity_id: Option<EntityId>,
    pub(super) template_id: Option<DltTemplateId>,
    pub(super) message_id: Option<MessageId>,
    /// Where it says so.
    pub(super) category: Option<Category>,
    pub(super) text: String,
    /// What cannot be read of it, in words; empty when all can.
    pub(super) wrong: String,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Can be taken.
    New,
    /// Here already, under this name.
    Known(String),
    /// Why it cannot.
    Unfit(String),
}

/// What is found, and where each stands.
pub(super) struct Offer {
    pub(super) found: Found,
    pub(super) standing: Standing,
}

impl Found {
    /// What its tick is called.
    fn key(&self) -> String {
        let id = self.message_id.as_ref().map(ToString::to_string);
        id.or_else(|| self.template_id.as_ref().map(ToString::to_string)).unwrap_or_default()
    }

    /// As it comes back from a browser: a category that SMS have, and a text that a database keeps.
    pub(super) fn plain(self) -> Found {
        Found {
            category: self.category.filter(|one| CATEGORIES.contains(one)),
            text: registered(&self.text),
            ..self
        }
    }

    fn unfit(&self) -> Option<String> {
        if !self.wrong.is_empty() {
            return Some(self.wrong.clone());
        }
        if self.message_id.is_none() && self.template_id.is_none() {
            return Some("Neither message id nor DLT content-template id".into());
        }
        if self.text.trim().is_empty() {
            return Some("The text is empty".into());
        }
        if self.text.chars().count() > SMS_CHARS_MAX {
            return Some(format!("The text is longer than {SMS_CHARS_MAX} characters"));
        }
        let places = tags_in(&self.text).len();
        (places > VALUES_MAX).then(|| format!("{places} places for values; {VALUES_MAX} are the most"))
    }

    /// Its own name, or the beginning of its text.
    fn title(&self) -> String {
        let name = line(&self.name);
        if !name.is_empty() {
            return name.chars().take(NAME_CHARS_MAX).collect();
        }
        let draft = SmsForm { text: self.text.clone(), ..SmsForm::default() }.draft();
        let dots = domain::template::Content {
            values: vec!["…".to_owned(); tags_in(&self.text).len()],
            ..domain::template::Content::default()
        };
        cut(&line(&draft.text(&dots)), NAME_OF_TEXT)
    }

    /// The template that it makes. A value after a greeting is the first name; where the others come from nobody can guess, and
    /// nothing is sent until somebody says so.
    fn template(&self, category: Category) -> SmsTemplate {
        SmsTemplate {
            limits: domain::sms::ValueLimits::default(),
            route: if self.message_id.is_some() { SmsRoute::Dlt } else { SmsRoute::DltManual },
            sender: self.sender.clone(),
            message_id: self.message_id.clone(),
            template_id: self.template_id.clone(),
            entity_id: self.entity_id.clone(),
            category: self.category.unwrap_or(category),
            variables: guessed(&self.text),
            text: self.text.clone(),
        }
    }
}

/// The values of a text with what can be guessed of them.
fn guessed(text: &str) -> Vec<Variable> {
    let tags = tags_in(text);
    let empty = SmsForm { text: text.to_owned(), ..SmsForm::default() }.draft();
    // Numbers in the places, so that the pieces say where each stands.
    let numbers = domain::template::Content {
        values: (0..tags.len()).map(|n| n.to_string()).collect(),
        ..domain::template::Content::default()
    };
    let mut before = String::new();
    let mut variables = Vec::new();
    let mut tags = tags.into_iter();
    for part in empty.preview(&numbers) {
        match part {
            Part::Fixed(text) => before = text,
            Part::Filled(_) => {
                let Some(tag) = tags.next() else { break };
                let first_name = greets(&before) && matches!(tag, Tag::Var | Tag::Alphanumeric);
                let n = variables.len() + 1;
                variables.push(Variable {
                    label: if first_name { "first name".into() } else { format!("value {n}") },
                    tag,
                    source: if first_name { Source::RegistrantFirstName } else { unmapped() },
                    fallback: String::new(),
                });
                before.clear();
            }
        }
    }
    variables
}

/// Whether a text ends in a word that a name follows.
fn greets(before: &str) -> bool {
    let word = before.split_whitespace().last().unwrap_or_default().trim_end_matches(',').to_lowercase();
    ["hi", "hello", "hey", "dear", "namaste", "नमस्ते", "नमस्कार"].contains(&word.as_str())
}

/// Compares with what is here: a message id or a register's id that a template has already is known.
pub(super) fn compared(found: Vec<Found>, known: &[Template]) -> Vec<Offer> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for template in known {
        let Some(body) = body_of(template) else { continue };
        let own = body.message_id.map(|id| id.to_string()).into_iter();
        for id in own.chain(body.template_id.map(|id| id.to_string())) {
            ids.insert(id, template.name.clone());
        }
    }
    let mut seen = BTreeSet::new();
    found
        .into_iter()
        .map(|found| {
            let of_message = found.message_id.as_ref().and_then(|id| ids.get(id.as_str()));
            let of_text = found.template_id.as_ref().and_then(|id| ids.get(id.as_str()));
            let standing = match (of_message.or(of_text), found.unfit()) {
                (Some(name), _) => Standing::Known(name.clone()),
                (None, Some(why)) => Standing::Unfit(why),
                (None, None) if !seen.insert(found.key()) => Standing::Unfit("Listed twice".into()),
                (None, None) => Standing::New,
            };
            Offer { found, standing }
        })
        .collect()
}

/// What is wrong with the choice, or how many were taken.
pub(super) type Taken = Result<i64, String>;

/// Takes what is ticked.
pub(super) async fn take(
    member: &Member,
    offers: &[Offer],
    typed: &BTreeMap<String, String>,
) -> Result<Taken, StoreError> {
    let is_ticked = |one: &&Offer| {
        one.standing == Standing::New && typed.contains_key(&format!("take-{}", one.found.key()))
    };
    let ticked: Vec<&Offer> = offers.iter().filter(is_ticked).take(IMPORT_MAX).collect();
    if ticked.is_empty() {
        return Ok(Err("Tick at least one template.".into()));
    }
    let chosen = typed.get("category").and_then(|word| word.parse().ok());
    let chosen = chosen.filter(|one| CATEGORIES.contains(one));
    if chosen.is_none() && ticked.iter().any(|one| one.found.category.is_none()) {
        return Ok(Err("Choose whether they are Service or Promotional.".into()));
    }
    let mut names: BTreeSet<String> =
        member.org.templates(CHANNEL).await?.into_iter().map(|one| one.name).collect();
    let mut taken = 0;
    for offer in ticked {
        let template = offer.found.template(chosen.unwrap_or(Category::Marketing));
        let body = serde_json::to_value(&template).expect("a template is plain JSON");
        let name = free_name(&offer.found.title(), &names);
        match member.org.add_template(CHANNEL, &name, &body, member.now).await {
            Ok(_) => taken += 1,
            // Somebody else took the name in this moment; a second try shows it as it stands then.
            Err(StoreError::Taken) => {}
            Err(error) => return Err(error),
        }
        names.insert(name);
    }
    Ok(Ok(taken))
}

/// The name, or the name with the first number that is free.
fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let name = if name.is_empty() { "Template" } else { name };
    let numbered = |n: usize| {
        let ending = format!(" {n}");
        let kept: String = name.chars().take(NAME_CHARS_MAX - ending.len()).collect();
        kept + &ending
    };
    std::iter::once(name.to_owned())
        .chain((2..).map(numbered))
        .find(|one| !taken.contains(one))
        .unwrap_or_default()
}

/// What becomes of each, with ticks, and the category of those that do not say theirs.
pub(super) fn choice(offers: &[Offer], typed: &BTreeMap<String, String>, first: bool) -> (Table, Markup) {
    let table = Table {
        caption: "Templates that were found".into(),
        columns: vec![
            Column::new("Template", Place::Title),
            Column::new("State", Place::State),
            Column::new("Text", Place::Line),
        ],
        rows: offers.iter().map(|offer| row(offer, typed, first)).collect(),
        empty: "There are no templates.".into(),
    };
    let current = typed.get("category").map_or("", String::as_str);
    let mut options = vec![Choice::new("", "Choose…", current)];
    options.extend(CATEGORIES.iter().map(|one| Choice::new(one.word(), sms_category(*one), current)));
    let asks = offers.iter().any(|one| one.standing == Standing::New && one.found.category.is_none());
    let category = html! { @if asks {
        (Field::select("category", "Category", options)
            .help("As registered, for all that are ticked and do not say theirs. It can be changed in each afterwards."))
    } };
    (table, category)
}

fn row(offer: &Offer, typed: &BTreeMap<String, String>, first: bool) -> Row {
    let found = &offer.found;
    let take = format!("take-{}", found.key());
    let ids = [
        found.message_id.as_ref().map(|id| format!("Message id {id}")),
        found.template_id.as_ref().map(|id| format!("DLT {id}")),
        found.sender.as_ref().map(|id| format!("Header {id}")),
        found.category.map(|one| sms_category(one).to_owned()),
    ];
    let ids = ids.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let title = html! {
        @if offer.standing == Standing::New {
            (Checkbox::new(&take, found.title(), first || typed.contains_key(&take)))
        } @else { b { (found.title()) } }
        span class="m-sub" { (ids) }
    };
    let (state, why) = match &offer.standing {
        Standing::New => (Chip { tone: Tone::Run, icon: Icon::Plus, word: "New".into() }, None),
        Standing::Known(name) => {
            let chip = Chip { tone: Tone::Done, icon: Icon::Check, word: "Here already".into() };
            (chip, Some(format!("as {name}")))
        }
        Standing::Unfit(why) => {
            let chip = Chip { tone: Tone::Act, icon: Icon::Warning, word: "Cannot be used".into() };
            (chip, Some(why.clone()))
        }
    };
    let text = cut(&found.text, 300);
    Row::new(vec![
        title,
        html! { (state) @if let Some(why) = why { span class="m-sub" { (why) } } },
        html! { (Marked(&text)) },
    ])
}
