//! Templates that are known elsewhere, at the provider or in a file of an operator's portal, beside what is here: shown first,
//! then taken.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    channel::Category,
    sms::{DltTemplateId, EntityId, MessageId, SenderId, SmsRoute},
    template::{Content, Part},
    text::line,
};
use maud::{Markup, html};
use providers::{
    account::{VendorTemplate, VendorTemplates},
    field::Field as VendorField,
};
use serde::{Deserialize, Serialize};
use store::StoreError;

use super::{
    form::{Errors, Form, NAME_CHARS_MAX},
    kind::Kind,
};
use crate::{
    http::extract::Member,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        field::{Checkbox, Choice, Field},
        format::{counted, cut},
        head::Card,
        icons::Icon,
        marked::Marked,
        note::Note,
        table::{Column, Place, Row, Table},
    },
};

/// Templates that one import takes.
const IMPORT_MAX: usize = 200;
/// Characters of a name that is made of a text.
const NAME_OF_TEXT: usize = 48;

/// A template as it was found at a provider or in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    /// The provider's id of it, where it has no other.
    pub(super) id: String,
    /// The name of the template; may be empty.
    pub(super) name: String,
    pub(super) sender: Option<SenderId>,
    pub(super) entity_id: Option<EntityId>,
    pub(super) template_id: Option<DltTemplateId>,
    pub(super) message_id: Option<MessageId>,
    /// The category; `None` where the source does not say.
    pub(super) category: Option<Category>,
    /// The language; may be empty.
    pub(super) language: String,
    pub(super) text: String,
    pub(super) has_media: bool,
    /// What cannot be read of it, or forbids taking it, in words; empty when nothing does.
    pub(super) wrong: String,
}

impl From<VendorTemplate> for Found {
    fn from(there: VendorTemplate) -> Found {
        let approved = there.status.is_empty() || there.status.eq_ignore_ascii_case("approved");
        let wrong = match (approved, there.rejected_reason.as_str()) {
            (true, _) => String::new(),
            (false, "") => "Not approved".to_owned(),
            (false, reason) => format!("Not approved: {reason}"),
        };
        Found {
            id: there.id,
            name: there.name,
            sender: there.sender,
            entity_id: there.entity_id,
            template_id: there.template_id,
            message_id: there.message_id,
            category: there.category.to_ascii_lowercase().parse().ok(),
            language: there.language,
            text: there.text,
            has_media: there.has_media,
            wrong,
        }
    }
}

impl Found {
    /// What its tick is called.
    fn key(&self) -> String {
        let id = self.message_id.as_ref().map(ToString::to_string);
        id.or_else(|| self.template_id.as_ref().map(ToString::to_string)).unwrap_or_else(|| self.id.clone())
    }

    /// The form of the template that it makes. Where a value comes from is guessed only where the text tells; nothing is sent
    /// until somebody has said the others.
    fn form(&self, kind: &dyn Kind, category: Category) -> Form {
        let mut form = Form::default();
        let route = if self.message_id.is_some() { SmsRoute::Dlt } else { SmsRoute::DltManual };
        form.set("route", route.word());
        form.set("category", self.category.unwrap_or(category).word());
        form.set("language", if self.language.is_empty() { "en" } else { &self.language });
        form.set("sender", &as_typed(self.sender.as_ref()));
        form.set("entity_id", &as_typed(self.entity_id.as_ref()));
        form.set("template_id", &as_typed(self.template_id.as_ref()));
        form.set("message_id", &as_typed(self.message_id.as_ref()));
        form.set(kind.words().text_field, &self.text);
        for (n, guess) in (1..).zip(kind.guess(&self.text)) {
            if let Some((label, source)) = guess {
                form.set_value(n, label, &source, "");
            }
        }
        form
    }

    /// Its own name, or the beginning of its text.
    fn title(&self, kind: &dyn Kind) -> String {
        let name = line(&self.name);
        if !name.is_empty() {
            return name.chars().take(NAME_CHARS_MAX).collect();
        }
        let values = vec!["…".to_owned(); kind.places(&self.text)];
        let parts = kind.draft(&self.form(kind, Category::Utility)).preview(&Content::for_preview(values));
        let text: String = parts
            .into_iter()
            .map(|part| match part {
                Part::Fixed(text) | Part::Filled(text) => text,
            })
            .collect();
        cut(&line(&text), NAME_OF_TEXT)
    }
}

pub(super) fn as_typed(id: Option<&impl ToString>) -> String {
    id.map(ToString::to_string).unwrap_or_default()
}

/// Whether a found template can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// The template is new and can be taken.
    New,
    /// The template is here already, under this name.
    Known(String),
    /// The template cannot be taken, for this reason.
    Unfit(String),
}

/// What is found, where each stands, and what has to be said of each before it can be taken.
pub(super) struct Offers<'k> {
    kind: &'k dyn Kind,
    all: Vec<(Found, Standing)>,
    /// Fields that the vendor wants of a template and does not tell itself, with what can be chosen.
    asked: Vec<(&'static VendorField, Vec<String>)>,
}

impl<'k> Offers<'k> {
    /// What an account has.
    pub(super) async fn listed(
        member: &Member,
        kind: &'k dyn Kind,
        listing: VendorTemplates,
        fields: &'static [VendorField],
    ) -> Result<Offers<'k>, StoreError> {
        let choices = |key| listing.choices.iter().find(|(known, _)| *known == key);
        let asked = fields.iter().filter(|field| !field.missing.is_empty());
        let asked =
            asked.map(|field| (field, choices(field.key).map(|(_, all)| all.clone()).unwrap_or_default()));
        let asked = asked.collect();
        let found = listing.templates.into_iter().map(Found::from).collect();
        Ok(Offers { asked, ..Offers::found(member, kind, found).await? })
    }

    /// Compares what was found with what is here.
    pub(super) async fn found(
        member: &Member,
        kind: &'k dyn Kind,
        found: Vec<Found>,
    ) -> Result<Offers<'k>, StoreError> {
        let mut known = BTreeMap::new();
        for template in member.org.templates(kind.channel()).await? {
            let Some(message) = kind.message(&template) else { continue };
            let marks = kind.known_by(&template.name, &message).into_iter();
            known.extend(marks.map(|mark| (mark, template.name.clone())));
        }
        Ok(Offers { kind, all: compared(kind, found, &known), asked: Vec::new() })
    }

    fn untaken(&self) -> impl Iterator<Item = &Found> {
        self.all.iter().filter(|(_, standing)| *standing == Standing::New).map(|(found, _)| found)
    }

    /// Those that can be taken, to be carried to the next page.
    pub(super) fn carried(&self) -> String {
        let new: Vec<&Found> = self.untaken().collect();
        serde_json::to_string(&new).expect("templates are plain JSON")
    }

    /// Takes what is ticked, or says by field what is wrong with the choice; what is wrong with all of it stands under no name.
    pub(super) async fn take(
        &self,
        member: &Member,
        typed: &BTreeMap<String, String>,
    ) -> Result<Result<i64, Errors>, StoreError> {
        let is_ticked = |found: &&Found| typed.contains_key(&format!("take-{}", found.key()));
        let ticked: Vec<&Found> = self.untaken().filter(is_ticked).take(IMPORT_MAX).collect();
        let all_wrong = |words: &str| Ok(Err(Errors::from([(String::new(), words.to_owned())])));
        if ticked.is_empty() {
            return all_wrong("Tick at least one template.");
        }
        let kind = self.kind;
        let chosen = typed.get("category").and_then(|word| word.parse().ok());
        let chosen = chosen.filter(|one| kind.categories().contains(one));
        if chosen.is_none() && ticked.iter().any(|found| found.category.is_none()) {
            let words: Vec<&str> = kind.categories().iter().map(|one| kind.category(*one)).collect();
            return all_wrong(&format!("Choose whether they are {}.", words.join(" or ")));
        }
        let mut errors = Errors::new();
        let mut forms = Vec::new();
        for found in ticked {
            let mut form = found.form(kind, chosen.unwrap_or(Category::Marketing));
            for (field, _) in &self.asked {
                let name = format!("{}-{}", field.key, found.key());
                let text = typed.get(&name).map_or("", String::as_str);
                match field.read(&vec![(field.key.to_owned(), text.to_owned())]) {
                    Ok(_) => form.set(field.key, &line(text)),
                    Err(wrong) => errors.extend(wrong.into_iter().map(|wrong| (name.clone(), wrong.words))),
                }
            }
            forms.push((found.title(kind), form));
        }
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        Ok(Ok(self.add(member, forms).await?))
    }

    async fn add(&self, member: &Member, forms: Vec<(String, Form)>) -> Result<i64, StoreError> {
        let here = member.org.templates(self.kind.channel()).await?;
        let mut names: BTreeSet<String> = here.into_iter().map(|one| one.name).collect();
        let mut taken = 0;
        for (title, form) in forms {
            let name = free_name(&title, &names);
            let body = self.kind.draft(&form).to_json();
            match member.org.add_template(self.kind.channel(), &name, &body, member.now).await {
                Ok(_) => taken += 1,
                // Somebody else took the name in this moment; a second try shows it as it stands then.
                Err(StoreError::Taken) => {}
                Err(error) => return Err(error),
            }
            names.insert(name);
        }
        Ok(taken)
    }
}

/// What is known by one of its marks is here already; what is listed twice is offered once.
fn compared(kind: &dyn Kind, found: Vec<Found>, known: &BTreeMap<String, String>) -> Vec<(Found, Standing)> {
    let mut seen = BTreeSet::new();
    let stands = |found: &Found| {
        let message = kind.draft(&found.form(kind, Category::Utility));
        let here = kind.known_by(&found.title(kind), &message).into_iter().find_map(|mark| known.get(&mark));
        match (
            here,
            Some(found.wrong.clone()).filter(|wrong| !wrong.is_empty()).or_else(|| kind.unfit(found)),
        ) {
            (Some(name), _) => Standing::Known(name.clone()),
            (None, Some(why)) => Standing::Unfit(why),
            (None, None) if !seen.insert(found.key()) => Standing::Unfit("Listed twice".into()),
            (None, None) => Standing::New,
        }
    };
    let standings: Vec<Standing> = found.iter().map(stands).collect();
    found.into_iter().zip(standings).collect()
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

/* ---------- The choice ---------- */

/// The form in which somebody chooses; nothing typed yet when `typed` is empty.
pub(super) struct ChoiceForm<'a> {
    pub(super) member: &'a Member,
    pub(super) offers: &'a Offers<'a>,
    pub(super) action: String,
    /// A hidden field that the form carries: its name and value.
    pub(super) hidden: (&'static str, String),
    /// The words behind the number of templates that were found.
    pub(super) whence: String,
    pub(super) typed: &'a BTreeMap<String, String>,
    pub(super) errors: &'a Errors,
    /// Another way, shown where there is nothing to take: its words and its address.
    pub(super) otherwise: Option<(&'static str, String)>,
}

impl ChoiceForm<'_> {
    pub(super) fn page(&self) -> Markup {
        let offers = self.offers;
        let (new, kind) = (offers.untaken().count(), offers.kind);
        let asks_category = offers.untaken().any(|found| found.category.is_none());
        let title = format!(
            "{} of {}{}",
            counted(new, "new template", "new templates"),
            offers.all.len(),
            self.whence
        );
        let current = self.typed.get("category").map_or("", String::as_str);
        let mut categories = vec![Choice::new("", "Choose…", current)];
        categories.extend(
            kind.categories().iter().map(|one| Choice::new(one.word(), kind.category(*one), current)),
        );
        let (name, value) = &self.hidden;
        html! {
            @if let Some(words) = self.errors.get("") { (Note::new(Tone::Fail, "Nothing was added.", words)) }
            @else if !self.errors.is_empty() { (Note::new(Tone::Fail, "Nothing was added.", "Something is missing for the ticked templates.")) }
            form method="post" action=(self.action) class="m-stack" {
                (self.member.csrf())
                input type="hidden" name=(name) value=(value);
                @if new > 0 { label class="m-tick-all" hidden { input type="checkbox" data-tick-all autocomplete="off"; "Tick all" } }
                (Card::new("offers", title, self.table()))
                @if new > 0 {
                    @if asks_category {
                        (Field::select("category", "Category", categories)
                            .help("As registered, for all that are ticked and do not say theirs. It can be changed in each afterwards."))
                    }
                    div class="m-acts" { (Button::link("Cancel", kind.words().home)) (Button::primary("Add ticked templates").icon(Icon::Download).ticked("take-").busy("Adding…")) }
                } @else if let Some((words, href)) = &self.otherwise { div class="m-acts" { (Button::link(*words, href)) } }
            }
        }
    }

    fn table(&self) -> Table {
        let mut columns = vec![
            Column::new("Template", Place::Title),
            Column::new("State", Place::State),
            Column::new("Text", Place::Line),
        ];
        columns.extend(self.offers.asked.iter().map(|(field, _)| Column::new(field.label, Place::Line)));
        Table {
            caption: "Templates that were found".into(),
            columns,
            rows: self.offers.all.iter().map(|(found, standing)| self.row(found, standing)).collect(),
            empty: "There are no templates.".into(),
        }
    }

    fn row(&self, found: &Found, standing: &Standing) -> Row {
        let (kind, take) = (self.offers.kind, format!("take-{}", found.key()));
        let facts = [
            found.message_id.as_ref().map(|id| format!("Message id {id}")),
            found.template_id.as_ref().map(|id| format!("DLT {id}")),
            found.sender.as_ref().map(|id| format!("Header {id}")),
            found.category.map(|one| kind.category(one).to_owned()),
            Some(found.language.clone()).filter(|code| !code.is_empty()),
        ];
        let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        // Ticked at first where nothing else has to be said of each.
        let first = self.typed.is_empty() && self.offers.asked.is_empty();
        let is_new = *standing == Standing::New;
        let title = html! {
            @if is_new { (Checkbox { id: take.clone(), ..Checkbox::new(&take, found.title(kind), first || self.typed.contains_key(&take)) }) }
            @else { b { (found.title(kind)) } }
            span class="m-sub" { (facts) }
        };
        let chip = |tone, icon, word: &str| Chip { tone, icon, word: word.into() };
        let (state, why) = match standing {
            Standing::New => (chip(Tone::Run, Icon::Plus, "New"), None),
            Standing::Known(name) => {
                (chip(Tone::Done, Icon::Check, "Here already"), Some(format!("as {name}")))
            }
            Standing::Unfit(why) => (chip(Tone::Act, Icon::Warning, "Cannot be used"), Some(why.clone())),
        };
        let mut cells = vec![
            title,
            html! { (state) @if let Some(why) = why { span class="m-sub" { (why) } } },
            html! {
                (Marked(&cut(&found.text, 300)))
                @if found.has_media && is_new { span class="m-sub" { "Has a picture, video or document: type its address after the import" } }
            },
        ];
        cells.extend(self.offers.asked.iter().map(|(field, choices)| {
            html! { @if is_new { (self.asked(found, field, choices)) } }
        }));
        Row::new(cells)
    }

    /// A field that the vendor wants of a template: chosen where the vendor tells what there is, and typed elsewhere.
    fn asked(&self, found: &Found, field: &VendorField, choices: &[String]) -> Markup {
        let name = format!("{}-{}", field.key, found.key());
        let same = choices.iter().find(|one| **one == found.name).map_or("", String::as_str);
        let current = self.typed.get(&name).map_or(same, String::as_str);
        let drawn = if choices.is_empty() {
            Field::text(&name, field.label).value(current)
        } else {
            let mut options = vec![Choice::new("", "Choose…", current)];
            options.extend(choices.iter().map(|one| Choice::new(one, one, current)));
            Field::select(&name, field.label, options)
        };
        drawn.error(self.errors.get(&name).cloned()).bare()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{sms::Sms, whatsapp::Whatsapp},
        *,
    };

    fn there(name: &str, status: &str, text: &str) -> VendorTemplate {
        VendorTemplate {
            id: "1".into(),
            name: name.into(),
            status: status.into(),
            category: "UTILITY".into(),
            text: text.into(),
            ..VendorTemplate::default()
        }
    }

    #[test]
    fn known_and_unapproved_templates_are_not_offered() {
        let known = BTreeMap::from([("reminder".to_owned(), "reminder".to_owned())]);
        let of = |name: &str, status: &str, text: &str| {
            compared(&Whatsapp, vec![there(name, status, text).into()], &known).remove(0).1
        };
        let unfit = |why: &str| Standing::Unfit(why.to_owned());
        assert_eq!(of("reminder", "APPROVED", "Hi {{1}}"), Standing::Known("reminder".into()));
        assert_eq!(of("other", "REJECTED", "Hi {{1}}"), unfit("Not approved"));
        assert_eq!(of("other", "APPROVED", "Hi {{999}}"), unfit("Text cannot be read"));
        assert_eq!(of("other", "APPROVED", "Hi {{1}} {{2}}"), Standing::New);
    }

    #[test]
    fn no_source_of_a_value_is_guessed_but_a_name_after_a_greeting() {
        let made = |kind: &dyn Kind, text: &str| {
            let found = Found::from(there("a", "", text));
            kind.draft(&found.form(kind, Category::Utility))
        };
        let facts =
            domain::template::Facts { name: "Asha Test".into(), ..domain::template::Facts::default() };
        let approved = made(&Whatsapp, "Hi {{1}} {{2}}");
        assert_eq!(approved.places().len(), 2);
        assert!(approved.each(&facts).iter().all(Result::is_err));
        let registered = made(&Sms, "Dear {#var#}, {#var#} starts");
        let filled: Vec<bool> = registered.each(&facts).iter().map(Result::is_ok).collect();
        assert_eq!(filled, [true, false]);
    }
}
