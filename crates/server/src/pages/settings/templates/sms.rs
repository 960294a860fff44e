//! Templates of SMS: the registered text, character by character, and the ids that must not be confused.

use domain::{
    channel::{Category, Channel, Tariff},
    money::Money,
    sms::{
        Alphabet, DltTemplateId, EntityId, IdError, MessageId, SenderId, SmsRoute, SmsTemplate, Tag,
        ValueLimits, Variable, has_adjacent_places, near_misses, segments, tags_in, why_unicode,
    },
    template::{Content, Message, Part, Source},
};
use maud::{Markup, Render, html};
use providers::{
    Vendor,
    field::{self, FormValues},
    registry,
};

use super::{
    account::vendor_names,
    form::{Form, VALUES_MAX, numbered, too_long},
    kind::{Around, Beside, FormCard, Kind, Say, Words},
    offer::{Found, as_typed},
    page::tall,
};
use crate::ui::{
    button::{Button, Link},
    chip::Tone,
    field::{Choice, Field},
    format::{counted, cut, rupees, unit_price},
    head::{Card, KeyValues},
    icons::Icon,
    marked::{Marked, in_words},
    note::Note,
    words::findings::{self, Words as FindingWords},
};

/// The templates of SMS.
pub(super) struct Sms;

/// A registered text has so many characters at most.
const SMS_CHARS_MAX: usize = 2_000;
/// Service and promotional: the two that a workshop's operator has (docs/facts/india.md §1.2).
const CATEGORIES: &[Category] = &[Category::Utility, Category::Marketing];

const WORDS: Words = Words {
    channel: Channel::Sms,
    home: "/settings/templates/sms",
    fill: "/settings/templates/sms/fill",
    fill_from: "Fill from",
    import: "/settings/templates/sms/import",
    list: "SMS templates",
    about: "What SMS say. The text is registered with the operators; here it is kept, mapped and previewed.",
    new: "New SMS template",
    edit: "Edit SMS template",
    view: "SMS template",
    empty_title: "Keep the texts that you registered",
    empty_text: || {
        "Every SMS is compared with its registered text, character by character. A template keeps that text and its ids, and says where each value comes from.".to_owned()
    },
    name_taken: "Another SMS template has this name. Choose one of its own.",
    removal: "It goes out of the lists, and stays registered with the operators.",
    no_values: "The text has no {#var#}, so everybody gets the same.",
    place_inside: "A place for a value cannot stand inside a value.",
    name_example: "Workshop today, by name",
    text_field: "text",
    takes_marks: false,
    extra_column: "Way",
    buttons: 0,
    asked_about: "",
};

impl Kind for Sms {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn kept(&self, text: &str) -> String {
        registered(text)
    }

    fn places(&self, text: &str) -> usize {
        tags_in(text).len()
    }

    fn sign(&self, message: &Message, n: usize) -> String {
        format!("{{#{}#}}", tag(message, n))
    }

    fn rule(&self, message: &Message, n: usize) -> Option<String> {
        let Message::Sms(template) = message else { return None };
        let tag = tag(message, n);
        Some(format!("Place {n}: {}, {} characters at most.", tag.rule(), template.limits.of(tag)))
    }

    fn value_warning(&self, message: &Message, n: usize, value: &str) -> Option<&'static str> {
        let Message::Sms(template) = message else { return None };
        template.variables.get(n - 1)?.value_warning(value, &template.limits)
    }

    fn categories(&self) -> &'static [Category] {
        CATEGORIES
    }

    fn category(&self, category: Category) -> &'static str {
        match category {
            Category::Utility => "Service",
            Category::Marketing => "Promotional",
            Category::Authentication => "Codes",
        }
    }

    fn blank(&self, around: &Around) -> Form {
        let mut form = Form::default();
        // How the account sends new templates, where it has a field for that.
        let field = around.vendor.and_then(route_field);
        let stored =
            around.accounts.first().zip(field).map(|(account, field)| field.filled(&account.settings));
        let usual = || ways(&vendors(around)).first().copied().unwrap_or(SmsRoute::Dlt);
        let route = stored.and_then(|stored| stored.typed("route").parse().ok()).unwrap_or_else(usual);
        form.set("route", route.word());
        form.set("category", Category::Utility.word());
        form
    }

    fn fields(&self, message: &Message) -> Vec<(String, String)> {
        let Message::Sms(template) = message else { return Vec::new() };
        [
            ("route", template.route.word().to_owned()),
            ("category", template.category.word().to_owned()),
            ("sender", as_typed(template.sender.as_ref())),
            ("message_id", as_typed(template.message_id.as_ref())),
            ("template_id", as_typed(template.template_id.as_ref())),
            ("entity_id", as_typed(template.entity_id.as_ref())),
            ("text", template.text.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// An id that cannot be read is none.
    fn draft(&self, form: &Form) -> Message {
        let text = form.get("text");
        let variable = |(n, tag): (usize, Tag)| {
            let value = form.value(n);
            Variable {
                label: value.label(n),
                tag,
                source: value.source(),
                fallback: value.fallback.to_owned(),
            }
        };
        Message::Sms(SmsTemplate {
            limits: ValueLimits::default(),
            route: route(form),
            sender: form.get("sender").parse().ok(),
            message_id: form.get("message_id").parse().ok(),
            template_id: form.get("template_id").parse().ok(),
            entity_id: form.get("entity_id").parse().ok(),
            category: form.get("category").parse().unwrap_or(Category::Utility),
            text: text.to_owned(),
            variables: (1..=VALUES_MAX).zip(tags_in(text)).map(variable).collect(),
            extra: Default::default(),
        })
    }

    fn check(&self, form: &Form, say: Say<'_>) {
        let typed = |name: &str| form.get(name);
        let route = route(form);
        say("route", typed("route").parse::<SmsRoute>().is_err().then(|| "Choose one of the ways.".into()));
        let known = typed("category").parse().is_ok_and(|one: Category| CATEGORIES.contains(&one));
        say("category", (!known).then(|| "Choose Service or Promotional.".into()));
        say("sender", id_error::<SenderId>(typed("sender"), false));
        say("message_id", id_error::<MessageId>(typed("message_id"), route == SmsRoute::Dlt));
        say("template_id", id_error::<DltTemplateId>(typed("template_id"), route == SmsRoute::DltManual));
        say("entity_id", id_error::<EntityId>(typed("entity_id"), false));
        say("text", text_error(typed("text")));
    }

    fn cards(&self, form: &Form, around: &Around, may: bool) -> [Vec<FormCard>; 2] {
        let text = form.get("text");
        let hidden = in_words(text);
        let kept = html! {
            @if !text.is_empty() {
                div class="m-field" {
                    p class="m-label" { "As it is kept" }
                    p class="m-exact" { (Marked(text)) }
                    @for FindingWords { title, why } in spelling_warnings(text) { (Note::new(Tone::Act, format!("{title}."), why)) }
                    p class="m-hint" { @if hidden.is_empty() { "Nothing unseen in it." } @else { "Unseen in it: " (hidden) ". Compare with the portal." } }
                }
            }
            @if may { div class="m-acts" { (Button::new("Check").icon(Icon::Retry).submit("do", "check").unchecked()) } }
        };
        let field = tall("text", "Text").required().at_most(u32::try_from(SMS_CHARS_MAX).unwrap_or(u32::MAX))
            .help("Paste it from the portal, with {#var#} where the values stand. It is kept character by character, spaces at the end too.");
        let card = |id, title, lines| FormCard { id, title, lines, below: html! {} };
        let before = vec![
            card("way-card", "Template", way(self, form, around)),
            card("ids-card", "Ids", ids(form, around)),
            FormCard { below: kept, ..card("text-card", "Registered text", vec![vec![field]]) },
        ];
        [before, vec![]]
    }

    fn beside(&self, page: &Beside<'_>) -> Markup {
        let problems = if page.form.get("text").is_empty() { vec![] } else { self.problems(page.draft) };
        let problems: Vec<String> = problems.iter().map(|one| format!("{one}.")).collect();
        html! {
            (length(page))
            @if page.around.account.is_none() {
                (Note::new(Tone::Act, "No account to send through.", format!("Connect {} first.", vendor_names(Channel::Sms))).action(Link::new("Integrations", "/settings/integrations")))
            }
            @if !problems.is_empty() { (Note::new(Tone::Act, "Not ready to send.", problems.join(" "))) }
        }
    }

    fn problems(&self, message: &Message) -> Vec<String> {
        let Message::Sms(template) = message else { return Vec::new() };
        template.problems().iter().map(ToString::to_string).collect()
    }

    fn listed(&self, message: &Message) -> (String, String) {
        let Message::Sms(template) = message else { return Default::default() };
        (cut(&template.text, 60), template.route.title().to_owned())
    }

    fn sender(&self, message: &Message, _organisation: &str) -> (String, &'static str) {
        let named = match message {
            Message::Sms(template) if template.route != SmsRoute::Quick => template.sender.as_ref(),
            _ => None,
        };
        (named.map_or_else(|| "A random number".to_owned(), ToString::to_string), "Text message")
    }

    /// A message id or a register's id that a template has already.
    fn known_by(&self, _name: &str, message: &Message) -> Vec<String> {
        let Message::Sms(template) = message else { return Vec::new() };
        let message_id = template.message_id.as_ref().map(ToString::to_string);
        message_id.into_iter().chain(template.template_id.as_ref().map(ToString::to_string)).collect()
    }

    fn unfit(&self, found: &Found) -> Option<String> {
        if found.message_id.is_none() && found.template_id.is_none() {
            return Some("Neither message id nor DLT content-template id".into());
        }
        if found.text.trim().is_empty() {
            return Some("The text is empty".into());
        }
        if found.text.chars().count() > SMS_CHARS_MAX {
            return Some(format!("The text is longer than {SMS_CHARS_MAX} characters"));
        }
        let places = self.places(&found.text);
        (places > VALUES_MAX).then(|| format!("{places} places for values; {VALUES_MAX} are the most"))
    }

    /// A value after a greeting is the first name; where the others come from nobody can guess.
    fn guess(&self, text: &str) -> Vec<Option<(&'static str, Source)>> {
        let mut form = Form::default();
        form.set("text", text);
        let tags = tags_in(text);
        let mut before = String::new();
        let mut guesses = Vec::new();
        for part in self.draft(&form).preview(&numbered(tags.len())) {
            match part {
                Part::Fixed(text) => before = text,
                Part::Filled(_) => {
                    let takes_names = matches!(tags.get(guesses.len()), Some(Tag::Var | Tag::Alphanumeric));
                    let greeted = greets(&before) && takes_names;
                    guesses.push(greeted.then_some(("first name", Source::RegistrantFirstName)));
                    before.clear();
                }
            }
        }
        guesses
    }
}

/// A pasted text: a browser sends line breaks as two characters, and no database keeps a zero. Nothing else changes.
pub(super) fn registered(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}

/// The chosen way, or the usual one.
fn route(form: &Form) -> SmsRoute {
    form.get("route").parse().unwrap_or(SmsRoute::Dlt)
}

fn tag(message: &Message, n: usize) -> Tag {
    match message {
        Message::Sms(template) => template.variables.get(n.wrapping_sub(1)).map_or(Tag::Var, |one| one.tag),
        Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => Tag::Var,
    }
}

/// Whether a text ends in a word that a name follows.
fn greets(before: &str) -> bool {
    let word = before.split_whitespace().last().unwrap_or_default().trim_end_matches(',').to_lowercase();
    ["hi", "hello", "hey", "dear", "namaste", "नमस्ते", "नमस्कार"].contains(&word.as_str())
}

/// The domain's own words, as a sentence.
fn id_error<T: std::str::FromStr<Err = IdError>>(typed: &str, needed: bool) -> Option<String> {
    match typed.parse::<T>() {
        Ok(_) => None,
        Err(IdError::Empty) if needed => Some("This way of sending needs it.".into()),
        Err(IdError::Empty) => None,
        Err(error) => Some(format!("{error}.")),
    }
}

fn text_error(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Paste the registered text.".into());
    }
    if let Some(hidden) = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t') {
        return Some(format!(
            "It holds a control character, U+{:04X}. Copy the text from the portal again.",
            u32::from(hidden)
        ));
    }
    let places = tags_in(text).len();
    too_long(text, SMS_CHARS_MAX).or_else(|| {
        (places > VALUES_MAX)
            .then(|| format!("It has {places} places for values; {VALUES_MAX} are the most."))
    })
}

/// What operators take otherwise than it was meant.
fn spelling_warnings(text: &str) -> Vec<FindingWords> {
    let spellings = near_misses(text);
    let misses = (!spellings.is_empty()).then(|| findings::near_misses(&spellings));
    misses.into_iter().chain(has_adjacent_places(text).then(findings::adjacent_places)).collect()
}

/// The field in which a vendor's accounts say how new templates go.
fn route_field(vendor: &dyn Vendor) -> Option<&'static field::Field> {
    vendor.settings().iter().find(|field| field.key == "route")
}

/// The vendors of the channel's accounts; without one, the first that serves it.
fn vendors(around: &Around) -> Vec<&'static dyn Vendor> {
    let connected = around.accounts.iter().filter_map(|one| registry::vendor(&one.kind));
    let connected: Vec<_> = connected.collect();
    if connected.is_empty() { around.vendor.into_iter().collect() } else { connected }
}

/// The field of the number by which a vendor knows a text.
const MESSAGE_ID: &str = "message_id";

/// Whether one of these vendors knows texts by a number of its own.
fn names_messages(vendors: &[&dyn Vendor]) -> bool {
    vendors.iter().any(|vendor| vendor.template_fields().iter().any(|field| field.key == MESSAGE_ID))
}

/// The ways in which these vendors send: what their field of it offers, and all ways where one has no such field.
fn ways(vendors: &[&dyn Vendor]) -> Vec<SmsRoute> {
    let offers = |vendor: &&dyn Vendor, way: SmsRoute| match route_field(*vendor).map(|field| field.kind) {
        Some(field::FieldKind::Choice { options, .. }) => options.iter().any(|(word, _)| *word == way.word()),
        _ => true,
    };
    let offered = |way: &SmsRoute| vendors.iter().any(|vendor| offers(vendor, *way));
    SmsRoute::ALL.iter().copied().filter(offered).collect()
}

fn way(kind: &Sms, form: &Form, around: &Around) -> Vec<Vec<Field>> {
    // A stored template keeps its way, also where no account has it any more.
    let chosen = form.get("route").parse::<SmsRoute>().ok();
    let mut offered = ways(&vendors(around));
    offered.extend(chosen.filter(|one| !offered.contains(one)));
    let routes = offered.iter().map(|one| Choice::new(one.word(), one.title(), form.get("route"))).collect();
    let category = |one: &Category| Choice::new(one.word(), kind.category(*one), form.get("category"));
    let explained = match route(form) {
        SmsRoute::Dlt => {
            "The provider sends the text that it knows by the message id. The usual way.".to_owned()
        }
        SmsRoute::DltManual => "The whole text goes along with the ids of the register.".to_owned(),
        SmsRoute::Quick => {
            let price = around.vendor.map(|vendor| vendor.list_price(Tariff::Quick));
            let each = price.map_or(String::new(), |price| format!(", at {} each", unit_price(price.0)));
            format!("Any text from a random number, without registration{each}.")
        }
    };
    vec![
        vec![Field::text("name", "Name").placeholder(WORDS.name_example).required()],
        vec![
            Field::select("route", "Way of sending", routes).help(explained).autosubmit(),
            Field::select("category", "Category", CATEGORIES.iter().map(category).collect())
                .help("As registered. Service tells registrants about their workshop; an offer in the text makes it promotional."),
        ],
    ]
}

/// Three ids that are often taken for each other (docs/facts/india.md §1.1).
fn ids(form: &Form, around: &Around) -> Vec<Vec<Field>> {
    let (sender, entity) = match around.complete(Sms.draft(&Form::default())) {
        Message::Sms(own) => (as_typed(own.sender.as_ref()), as_typed(own.entity_id.as_ref())),
        Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => Default::default(),
    };
    let own = |field: Field, of_account: String| {
        if of_account.is_empty() { field } else { field.placeholder(of_account) }
    };
    let needed = |way, words: &str| {
        if route(form) == way { format!("{words} Needed this way.") } else { words.to_owned() }
    };
    let mut first =
        vec![own(Field::text("sender", "Header"), sender).help(
            "The sender id that people see: 3 to 6 letters, without -S or -P. Empty takes the account’s.",
        )];
    if names_messages(&vendors(around)) || !form.get(MESSAGE_ID).is_empty() {
        let field = Field::text(MESSAGE_ID, "Message id").placeholder("111111").inputmode("numeric");
        first.push(field.help(needed(SmsRoute::Dlt, "The short number in the provider’s DLT Manager.")));
    }
    vec![
        first,
        vec![
            Field::text("template_id", "DLT content-template id")
                .inputmode("numeric")
                .help(needed(SmsRoute::DltManual, "19 digits: the text’s id on the register.")),
            own(Field::text("entity_id", "Entity id"), entity)
                .inputmode("numeric")
                .help("19 digits: your business on the register. Empty takes the account’s."),
        ],
    ]
}

/// What one message is charged as. A value that would be refused is counted as its place stands.
fn length(page: &Beside<'_>) -> Markup {
    let Message::Sms(draft) = page.draft else { return html! {} };
    let each = page.draft.each(page.facts);
    let whole = each.iter().all(Result::is_ok);
    let signs = (1..).map(|n| Sms.sign(page.draft, n));
    let values = each.into_iter().zip(signs).map(|(value, sign)| value.unwrap_or(sign));
    let text = draft.text(&Content::for_preview(values));
    let measured = segments(&text);
    let usual = page.around.vendor.map_or(Money(0), |vendor| vendor.list_price(draft.tariff()));
    let each = page.price.unwrap_or(usual);
    let (alphabet, why) = match (measured.alphabet, why_unicode(&text)) {
        (Alphabet::Unicode, Some(c)) => {
            let whence = if draft.text.contains(c) { "in the text" } else { "in a value" };
            ("Unicode", Some(format!("because of “{c}” (U+{:04X}) {whence}", u32::from(c))))
        }
        (Alphabet::Unicode | Alphabet::Gsm7, _) => ("GSM-7", None),
    };
    let cost = each.times(i64::try_from(measured.count).unwrap_or(i64::MAX));
    let whose = if page.price.is_some() { "your price" } else { "list price, before GST" };
    let row = |name: &str, value: String, more| (name.to_owned(), html! { (value) }, more);
    let mut rows = vec![
        row(
            "Length",
            format!("{} characters", measured.units),
            Some(format!("{} more fit", measured.units_left())),
        ),
        row("Charged as", counted(measured.count, "SMS", "SMS"), None),
        row("Alphabet", alphabet.to_owned(), why),
        row("Cost", rupees(cost.0), Some(format!("{} each, {whose}", unit_price(each.0)))),
    ];
    if !whole {
        let words = "some values cannot be filled; their places are counted as they stand".to_owned();
        rows.push(row("Only about", "An estimate".to_owned(), Some(words)));
    }
    Card::new("length", format!("Length for {}", page.who), KeyValues { rows, inset: true }).render()
}

#[cfg(test)]
mod tests {
    use providers::{
        Account, Secrets, Urls,
        vendor::{About, OpenError},
    };
    use serde_json::Value;

    use super::*;

    /// A vendor that differs from one of the registry only in its description.
    struct Other(About);

    impl Vendor for Other {
        fn about(&self) -> &'static About {
            Box::leak(Box::new(self.0))
        }

        fn list_price(&self, _: Tariff) -> Money {
            Money(0)
        }

        fn open(&self, _: &Value, _: &Secrets, _: &Urls) -> Result<Box<dyn Account>, OpenError> {
            Err(OpenError::Secrets)
        }
    }

    const ONE: &[field::Field] = &[field::Field {
        key: "route",
        kind: field::FieldKind::Choice { options: &[("dlt_manual", "By text")], wrong: "" },
        ..field::TEXT
    }];

    #[test]
    fn a_template_goes_only_in_ways_that_a_connected_vendor_has() {
        let known = registry::serving(Channel::Sms).next().unwrap();
        let with = |settings| Other(About { settings, ..*known.about() });
        let (one, none) = (with(ONE), with(&[]));
        assert_eq!(ways(&[&one]), [SmsRoute::DltManual]);
        assert_eq!(ways(&[&none]), SmsRoute::ALL, "who has no field of it takes what is typed");
        assert_eq!(ways(&[&one, known]), SmsRoute::ALL, "one account of several has the way");
    }
}
