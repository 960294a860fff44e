//! The page of one SMS template.

use std::sync::Arc;

use domain::{
    channel::Category,
    ids::TemplateId,
    money::Money,
    role::Permission,
    sms::{
        Alphabet, SmsProblem, SmsRoute, SmsTemplate, Tag, ValueLimits, has_adjacent_places, near_misses,
        segments, why_unicode,
    },
    template::{Content, Facts, Message, Part},
};
use maud::{Markup, html};
use providers::{Account, Vendor, field::Typed, registry};
use store::StoreError;

use super::{
    super::{
        account::{serving, vendor_names},
        sample::{People, facts, people, preview_for},
        values::{Errors, Value, sources, tall},
    },
    CHANNEL, HREF, below,
    form::{CATEGORIES, SMS_CHARS_MAX, SmsForm, sms_category, value},
    href,
    marked::{Marked, in_words},
};
use crate::{
    app::App,
    http::extract::Member,
    ui::{
        button::{Button, Link},
        chip::Tone,
        dialog::Confirm,
        field::{Choice, Field},
        format::{counted, rupees, unit_price},
        head::{Card, Head, KeyValues},
        icons::Icon,
        note::Note,
        preview::{Bubble, Part as Shown, Phone, Preview},
        words::findings::{self, Words},
    },
};

/// What the pages of a template show besides what was typed.
pub(super) struct Around {
    /// Of the template, once it is stored.
    id: Option<TemplateId>,
    pub(super) errors: Errors,
    /// What is to be said first.
    pub(super) told: Option<Note>,
    people: Option<People>,
    /// The first account that sends SMS: what it adds stands where a template names nothing.
    account: Option<Arc<dyn Account>>,
    route: SmsRoute,
    vendor: Option<&'static dyn Vendor>,
}

impl Around {
    pub(super) async fn load(
        app: &App,
        member: &Member,
        id: Option<TemplateId>,
    ) -> Result<Around, StoreError> {
        let accounts = serving(member, CHANNEL).await?;
        let first = accounts.first();
        let vendor = first.and_then(|one| registry::vendor(&one.kind)).or(registry::serving(CHANNEL).next());
        // How the account sends new templates, where it has a field for that.
        let fields = vendor.into_iter().flat_map(Vendor::settings);
        let route = first.and_then(|one| {
            let field = fields.into_iter().find(|field| field.key == "route")?;
            field.filled(&one.settings).typed("route").parse().ok()
        });
        Ok(Around {
            id,
            errors: Errors::new(),
            told: None,
            people: people(member).await?,
            account: first.and_then(|one| app.accounts.open_integration(one).ok()).map(Arc::from),
            route: route.unwrap_or(SmsRoute::Dlt),
            vendor,
        })
    }

    fn error(&self, name: &str) -> Option<String> {
        self.errors.get(name).cloned()
    }

    /// How new templates go.
    pub(super) fn default_route(&self) -> SmsRoute {
        self.route
    }

    /// What stands in the way of sending with it, through the account.
    pub(super) fn problems(&self, template: &SmsTemplate) -> Vec<SmsProblem> {
        self.filled_up(template).problems()
    }

    fn filled_up(&self, template: &SmsTemplate) -> SmsTemplate {
        let complete = self.account.as_ref().map(|account| account.complete(template.clone().into()));
        match complete {
            Some(Message::Sms(template)) => template,
            Some(Message::Whatsapp(_)) | None => template.clone(),
        }
    }

    /// A template that names nothing, with what the account adds.
    fn own(&self) -> SmsTemplate {
        self.filled_up(&SmsForm::blank(self.route).draft())
    }

    /// Longest values, as the account has them.
    pub(super) fn limits(&self) -> ValueLimits {
        self.own().limits
    }

    /// The usual price of one segment.
    fn list_price(&self, draft: &SmsTemplate) -> Money {
        self.vendor.map_or(Money(0), |vendor| vendor.list_price(draft.tariff()))
    }
}

pub(super) fn removal(member: &Member, name: &str, id: TemplateId) -> Confirm {
    Confirm {
        id: "remove".into(),
        title: format!("Remove {name}?"),
        body: html! { p { "It goes out of the lists, and stays registered with the operators. Broadcasts that were confirmed with it keep their copy." } },
        action: format!("{}/remove", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove template").busy("Removing…"),
        back: ("Keep it".into(), href(id)),
    }
}

pub(super) async fn page(member: &Member, form: &SmsForm, around: &Around) -> Result<Markup, StoreError> {
    let may = member.may(Permission::Manage);
    let title = match around.id {
        Some(_) if may => "Edit SMS template",
        Some(_) => "SMS template",
        None => "New SMS template",
    };
    let action = around.id.map_or_else(|| format!("{HREF}/new"), href);
    let (facts, who) = facts(member, &form.preview_as, around.people.as_ref());
    let draft = SmsTemplate { limits: around.limits(), ..form.draft() };
    let price = member.org.price(CHANNEL, draft.tariff(), member.now).await?;
    let mut head = Head::new(if form.name.is_empty() { title } else { &form.name });
    if let (Some(id), true) = (around.id, may) {
        head = head
            .action(Button::link("Duplicate", format!("{HREF}/new?from={id}")).icon(Icon::Copy))
            .action(Button::link("Remove", format!("{}/remove", href(id))).icon(Icon::Trash).opens("remove"));
    }
    let body = html! {
        (head)
        @if let Some(told) = &around.told { (told) }
        @if !around.errors.is_empty() {
            (Note::new(Tone::Fail, "Not saved yet.", format!("{} to mend below. What you typed is still here.", counted(around.errors.len(), "thing", "things"))))
        }
        form class="m-compose" method="post" action=(action) id="template" {
            (member.csrf())
            div class="m-stack" { (parts(form, around, &draft, &facts, &who, may)) }
            div class="m-aside" {
                @if may { (preview_for(&form.preview_as, around.people.as_ref())) }
                (shown(member, around, &draft, &facts))
                (length(&draft, &facts, &who, price, around.list_price(&draft)))
                (readiness(form, around, &draft))
            }
        }
        @if let (Some(id), true) = (around.id, may) { (removal(member, &form.name, id)) }
    };
    Ok(below(member, title, body))
}

fn parts(
    form: &SmsForm,
    around: &Around,
    draft: &SmsTemplate,
    facts: &Facts,
    who: &str,
    may: bool,
) -> Markup {
    html! {
        (Card::new("way-card", "Template", way(form, around, may)).padded())
        (Card::new("ids-card", "Ids", ids(form, around, may)).padded())
        (Card::new("text-card", "Registered text", text(form, around, may)).padded())
        (Card::new("values-card", "Values", values(form, around, draft, facts, who, may)).padded())
        @if may { div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Save template").submit("do", "save").unchecked().busy("Saving…").shortcut("mod+s")) } }
    }
}

fn way(form: &SmsForm, around: &Around, may: bool) -> Markup {
    let routes = SmsRoute::ALL.iter().map(|one| Choice::new(one.word(), one.title(), &form.route)).collect();
    let category = |one: &Category| Choice::new(one.word(), sms_category(*one), &form.category);
    let explained = match form.route() {
        SmsRoute::Dlt => "The provider sends the text that it knows by the message id. The usual way.",
        SmsRoute::DltManual => "The whole text goes along with the ids of the register.",
        SmsRoute::Quick => "Any text from a random number, without registration, at ₹5.00 each.",
    };
    html! {
        div class="m-stack" {
            (Field::text("name", "Name").value(&form.name).placeholder("Workshop today, by name").error(around.error("name")).required().disabled(!may))
            div class="m-row2" {
                (Field::select("route", "Way of sending", routes).error(around.error("route")).disabled(!may).help(explained).autosubmit())
                (Field::select("category", "Category", CATEGORIES.iter().map(category).collect()).error(around.error("category")).disabled(!may)
                    .help("As registered. Service tells registrants about their workshop; an offer in the text makes it promotional."))
            }
        }
    }
}

/// Three ids that are often taken for each other (providers/regulation-india.md §1.1).
fn ids(form: &SmsForm, around: &Around, may: bool) -> Markup {
    let own_ids = around.own();
    let own = |field: Field, of_account: Option<String>| match of_account {
        Some(id) => field.placeholder(id),
        None => field,
    };
    let needed = |route, words: &str| {
        if form.route() == route { format!("{words} Needed this way.") } else { words.to_owned() }
    };
    let sender =
        Field::text("sender", "Header").value(&form.sender).error(around.error("sender")).disabled(!may);
    let entity = Field::text("entity_id", "Entity id")
        .value(&form.entity_id)
        .error(around.error("entity_id"))
        .disabled(!may);
    html! {
        div class="m-stack" {
            div class="m-row2" {
                (own(sender, own_ids.sender.as_ref().map(ToString::to_string))
                    .help("The sender id that people see: 3 to 6 letters, without -S or -P. Empty takes the account’s."))
                (Field::text("message_id", "Message id").value(&form.message_id).placeholder("111111").inputmode("numeric").error(around.error("message_id")).disabled(!may)
                    .help(needed(SmsRoute::Dlt, "The short number in the provider’s DLT Manager.")))
            }
            div class="m-row2" {
                (Field::text("template_id", "DLT content-template id").value(&form.template_id).inputmode("numeric").error(around.error("template_id")).disabled(!may)
                    .help(needed(SmsRoute::DltManual, "19 digits: the text’s id on the register.")))
                (own(entity, own_ids.entity_id.as_ref().map(ToString::to_string)).inputmode("numeric")
                    .help("19 digits: your business on the register. Empty takes the account’s."))
            }
        }
    }
}

/// What operators take otherwise than it was meant.
fn spelling_warnings(text: &str) -> Vec<Words> {
    let spellings = near_misses(text);
    let misses = (!spellings.is_empty()).then(|| findings::near_misses(&spellings));
    misses.into_iter().chain(has_adjacent_places(text).then(findings::adjacent_places)).collect()
}

fn text(form: &SmsForm, around: &Around, may: bool) -> Markup {
    let hidden = in_words(&form.text);
    html! {
        div class="m-stack" {
            (tall(Field::area("text", "Text", &form.text)).error(around.error("text")).required().disabled(!may)
                .at_most(u32::try_from(SMS_CHARS_MAX).unwrap_or(u32::MAX))
                .help("Paste it from the portal, with {#var#} where the values stand. It is kept character by character, spaces at the end too."))
            @if !form.text.is_empty() {
                div class="m-field" {
                    p class="m-label" { "As it is kept" }
                    p class="m-exact" { (Marked(&form.text)) }
                    @for Words { title, why } in spelling_warnings(&form.text) { (Note::new(Tone::Act, format!("{title}."), why)) }
                    p class="m-hint" { @if hidden.is_empty() { "Nothing unseen in it." } @else { "Unseen in it: " (hidden) ". Compare with the portal." } }
                }
            }
            @if may { div class="m-acts" { (Button::new("Check").icon(Icon::Retry).submit("do", "check").unchecked()) } }
        }
    }
}

fn values(
    form: &SmsForm,
    around: &Around,
    draft: &SmsTemplate,
    facts: &Facts,
    who: &str,
    may: bool,
) -> Markup {
    if form.values.is_empty() {
        return html! { p class="m-p" { "The text has no {#var#}, so everybody gets the same." } };
    }
    let becomes = |at: usize| {
        let variable = draft.variables.get(at)?;
        Some(match value(variable, facts, draft.limits) {
            Ok(text) => {
                let doubt = variable
                    .doubt(&text, &draft.limits)
                    .map(|doubt| format!(". It {doubt}."))
                    .unwrap_or_default();
                format!("For {who}: {text}{doubt}")
            }
            Err(error) => format!("For {who}: {error}. They would be left out."),
        })
    };
    html! {
        div class="m-stack" {
            @for (at, row) in form.values.iter().enumerate() {
                (value_row(at + 1, row, draft.variables.get(at).map_or(Tag::Var, |one| one.tag), around, may, becomes(at)))
            }
        }
    }
}

fn value_row(n: usize, row: &Value, tag: Tag, around: &Around, may: bool, becomes: Option<String>) -> Markup {
    let label = format!("label_{n}");
    let (source, fixed, fallback) = (format!("source_{n}"), format!("fixed_{n}"), format!("fallback_{n}"));
    html! {
        div class="m-value" role="group" aria-label={ "Value " (n) } {
            div {
                p class="m-hint" { code class="m-ph" { "{#" (tag) "#}" } "Place " (n) ": " (tag.rule()) ", " (around.limits().of(tag)) " characters at most." }
                @if let Some(words) = &becomes { p class="m-hint" { (words) } }
            }
            div class="m-row2" {
                (Field::text(&label, "Meaning").value(&row.label).placeholder("first name").error(around.error(&label)).disabled(!may))
                (Field::select_grouped(&source, "Comes from", sources(&row.source, "Choose…")).error(around.error(&source)).disabled(!may).autosubmit())
            }
            div class="m-row2" {
                @if row.source == "fixed" || around.errors.contains_key(&fixed) {
                    (Field::text(&fixed, "Text for everybody").value(&row.fixed).error(around.error(&fixed)).disabled(!may))
                }
                (Field::text(&fallback, "When it is empty, say").value(&row.fallback).placeholder("there").error(around.error(&fallback)).disabled(!may)
                    .help("Empty leaves the person out."))
            }
        }
    }
}

/* ---------- Beside the form ---------- */

/// One person's values as far as they can be filled: what would be refused stays as the text has it.
fn filled(draft: &SmsTemplate, facts: &Facts) -> (Content, bool) {
    match draft.fill(facts) {
        Ok(content) => (content, true),
        Err(_) => {
            let tags = draft.variables.iter();
            let values = tags
                .map(|one| value(one, facts, draft.limits).unwrap_or_else(|_| format!("{{#{}#}}", one.tag)));
            (Content { values: values.collect(), ..Content::default() }, false)
        }
    }
}

fn shown(member: &Member, around: &Around, draft: &SmsTemplate, facts: &Facts) -> Preview {
    let (content, _) = filled(draft, facts);
    let wrong: Vec<bool> =
        draft.variables.iter().map(|one| value(one, facts, draft.limits).is_err()).collect();
    let mut place = wrong.into_iter();
    let text = draft
        .preview(&content)
        .into_iter()
        .map(|part| match part {
            Part::Fixed(text) => Shown::Fixed(text),
            Part::Filled(text) if place.next().unwrap_or(false) => Shown::Wrong(text),
            Part::Filled(text) => Shown::Filled(text),
        })
        .collect();
    let sender = around.filled_up(draft).sender.filter(|_| draft.route != SmsRoute::Quick);
    let bubble = Bubble { text, at: member.organization.zone.time(member.now), ..Bubble::default() };
    Preview {
        stepper: None,
        phone: Phone::Sms,
        sender: sender.map_or_else(|| "A random number".to_owned(), |one| one.to_string()),
        sender_note: "Text message".into(),
        bubble: (!draft.text.is_empty()).then_some(bubble),
    }
}

/// What one message is charged as.
fn length(draft: &SmsTemplate, facts: &Facts, who: &str, price: Option<Money>, usual: Money) -> Card {
    let (content, whole) = filled(draft, facts);
    let text = draft.text(&content);
    let measured = segments(&text);
    let each = price.unwrap_or(usual);
    let alphabet = match (measured.alphabet, why_unicode(&text)) {
        (Alphabet::Unicode, Some(c)) => {
            let fixed = draft.text.contains(c);
            let whence = if fixed { "in the text" } else { "in a value" };
            (html! { "Unicode" }, Some(format!("because of “{c}” (U+{:04X}) {whence}", u32::from(c))))
        }
        (Alphabet::Unicode | Alphabet::Gsm7, _) => (html! { "GSM-7" }, None),
    };
    let cost = each.times(i64::try_from(measured.count).unwrap_or(i64::MAX));
    let whose = if price.is_some() { "your price" } else { "list price, before GST" };
    let mut rows = vec![
        (
            "Length".to_owned(),
            html! { (measured.units) " characters" },
            Some(format!("{} more fit", measured.units_left())),
        ),
        ("Charged as".to_owned(), html! { (counted(measured.count, "SMS", "SMS")) }, None),
        ("Alphabet".to_owned(), alphabet.0, alphabet.1),
        (
            "Cost".to_owned(),
            html! { (rupees(cost.0)) },
            Some(format!("{} each, {whose}", unit_price(each.0))),
        ),
    ];
    if !whole {
        let words = "some values cannot be filled; their places are counted as they stand".to_owned();
        rows.push(("Only about".to_owned(), html! { "An estimate" }, Some(words)));
    }
    Card::new("length", format!("Length for {who}"), KeyValues { rows, inset: true })
}

/// What stands in the way of sending with it, in words.
fn readiness(form: &SmsForm, around: &Around, draft: &SmsTemplate) -> Markup {
    let problems = if form.text.is_empty() { vec![] } else { around.problems(draft) };
    html! {
        @if around.account.is_none() {
            (Note::new(Tone::Act, "No account to send through.", format!("Connect {} first.", vendor_names(CHANNEL))).action(Link::new("Integrations", "/settings/integrations")))
        }
        @if !problems.is_empty() {
            (Note::new(Tone::Act, "Not ready to send.", problems.iter().map(|one| format!("{one}.")).collect::<Vec<_>>().join(" ")))
        }
    }
}
