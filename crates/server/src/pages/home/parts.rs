//! The composer's parts: who, what, when; the preview and the checks beside them.

use domain::{
    channel::Category,
    checks::Severity as Found,
    ids::WorkshopId,
    sending_hours::OpenHours,
    sms::{SmsTemplate, segments, why_unicode},
    template::Message,
    time::Millis,
};
use maud::{Markup, html};
use store::workshops::Workshop;

use super::{calls, choices::Choices, composer_state::ComposerState, paths, people, values::variables};
use crate::{
    http::extract::Member,
    ui::{
        bar::Key,
        checks::{Checks, Finding, Severity},
        composer::ComposerPart,
        field::{Choice, Field, OptionGroup, Segmented, Shown},
        forecast::Forecast,
        format::{capital, counted, grouped, phone, relative, span},
        preview::{Bubble, Part, Preview, Step, Stepper},
        recipient_summary::{RecipientSummary, SummaryPart},
    },
};

/// Who, what, when.
pub(super) fn all(member: &Member, choices: &Choices, composer: &ComposerState) -> Vec<ComposerPart> {
    let part = |title: &str, body| ComposerPart { title: title.to_owned(), summary: None, open: true, body };
    vec![
        part("Who", who(member, choices, composer)),
        part("What", what(choices, composer)),
        part("When", when(member, composer)),
    ]
}

/// "7:00 PM" today, "Tue 13 Oct, 7:00 PM" else.
pub(super) fn moment(member: &Member, at: Millis) -> String {
    member.organization.zone.moment(at, member.now)
}

/// "today 7:00 PM", "Tue 13 Oct, 7:00 PM".
fn starts(member: &Member, workshop: &Workshop) -> String {
    let (day, next) = member.organization.zone.day(member.now);
    let at = moment(member, workshop.starts_at);
    if (day..next).contains(&workshop.starts_at) { format!("today {at}") } else { at }
}

pub(super) fn workshops(member: &Member, choices: &Choices, chosen: WorkshopId) -> Field {
    let current = chosen.to_string();
    let choice = |workshop: &Workshop| {
        let label = format!("{}, {}", workshop.title, starts(member, workshop));
        Choice::new(workshop.id.to_string(), label, &current)
    };
    let group = |name: &str, of: &[Workshop]| OptionGroup {
        name: Some(name.to_owned()),
        options: of.iter().map(choice).collect(),
    };
    let mut groups = Vec::new();
    let listed = choices.coming.iter().chain(&choices.past).any(|workshop| workshop.id == chosen);
    if let (false, Some(workshop)) = (listed, &choices.workshop) {
        groups.push(group("Chosen", std::slice::from_ref(workshop)));
    }
    if !choices.coming.is_empty() {
        groups.push(group("Coming", &choices.coming));
    }
    if !choices.past.is_empty() {
        groups.push(group("Over", &choices.past));
    }
    Field::select_grouped("workshop", "Workshop", groups).autosubmit()
}

fn who(member: &Member, choices: &Choices, composer: &ComposerState) -> Markup {
    html! {
        div class="m-row2" {
            (workshops(member, choices, composer.review.draft.workshop.id))
            (Shown { label: "Told about", value: html! { (composer.review.draft.template.purpose.title()) " " a class="m-link" href=(super::super::settings::purposes::HREF) { "Change" } } })
        }
        (people::chooser(member, composer))
        (summary(composer))
    }
}

/// The people, by what keeps the message from them.
fn summary(composer: &ComposerState) -> RecipientSummary {
    let (a, id) = (&composer.review.audience, composer.review.draft.workshop.id);
    let part = |key, label: &str, n, which| SummaryPart {
        key,
        label: label.to_owned(),
        n,
        href: paths::registrants(id, which),
    };
    let mut parts = vec![
        part(Key::Done, "With phone, will get it", a.reachable, ""),
        part(Key::Skipped, "Missing phone", a.missing_phone, "no_phone"),
        part(Key::Failed, "Invalid", a.invalid, "invalid_phone"),
        part(Key::Expired, "Duplicate", a.duplicate, "duplicate"),
        part(Key::Cancelled, "Suppressed", a.suppressed, "suppressed"),
    ];
    if a.landline > 0 {
        parts.push(part(Key::Failed, "Landline", a.landline, "landline"));
    }
    if a.no_consent > 0 {
        parts.push(part(Key::Unknown, "No consent", a.no_consent, "no_consent"));
    }
    if a.bad_value > 0 {
        parts.push(part(Key::Unknown, "Empty value", a.bad_value, "no_name"));
    }
    let mail = format!("{} with e-mail, {} without", grouped(a.with_email), grouped(a.total - a.with_email));
    RecipientSummary {
        parts,
        reachable: a.reachable,
        aside: Some((mail, paths::registrants(id, ""))),
        verb: "will get it",
        current: None,
    }
}

fn what(choices: &Choices, composer: &ComposerState) -> Markup {
    let current = composer.review.draft.template.id.to_string();
    let templates = choices
        .templates
        .iter()
        .map(|(template, _)| Choice::new(template.id.to_string(), &template.name, &current))
        .collect();
    let accounts: Vec<Choice> = choices
        .accounts
        .iter()
        .map(|account| {
            Choice::new(account.id.to_string(), &account.name, &composer.review.draft.account.id.to_string())
        })
        .collect();
    let several = accounts.len() > 1;
    let category = kind(&composer.review.draft.message);
    html! {
        div class="m-row2" {
            (Field::select("template", template_word(&composer.review.draft.message), templates).autosubmit())
            @if several {
                (Field::select("account", "Account", accounts).autosubmit())
            } @else {
                (Shown { label: "Category", value: html! { (category) } })
            }
        }
        @if let Some(purpose) = &choices.no_template_for {
            p class="m-error" { "No template here is for “" (purpose.title()) "”. This one is for something else: these people may have been told that before." }
        }
        p class="m-hint" { (known_as(&composer.review.draft.message)) @if several { " · " (category) } }
        @if let Message::Call(_) = &composer.review.draft.message { (calls::talk(composer)) }
        @else if !composer.review.draft.message.places().is_empty() { (variables(composer)) }
        @if let Message::Sms(template) = &composer.review.draft.message { (length(composer, template)) }
    }
}

/// What a template of the message is called.
fn template_word(message: &Message) -> &'static str {
    match message {
        Message::Whatsapp(_) | Message::Sms(_) | Message::Group(_) => "Template",
        Message::Call(_) => "Script",
    }
}

/// What kind of message it is, as people say it on that channel.
pub(super) fn kind(message: &Message) -> String {
    match message {
        Message::Whatsapp(template) => {
            format!("{}, {}", capital(template.category.word()), language(&template.language))
        }
        Message::Sms(template) => match template.category {
            Category::Marketing => "Promotional, 10:00 AM to 9:00 PM".to_owned(),
            Category::Utility | Category::Authentication => "Service".to_owned(),
        },
        Message::Group(_) => "Post".to_owned(),
        Message::Call(script) => format!("Call in {}", script.language.title()),
    }
}

/// What the provider knows it by.
fn known_as(message: &Message) -> Markup {
    match message {
        Message::Whatsapp(template) => html! { "Campaign " code { (template.campaign) } },
        Message::Sms(template) => html! {
            (template.route.title())
            @if let Some(id) = &template.message_id { " " code { (id) } }
            @if let Some(id) = &template.template_id { ", template " code { (id) } }
            @if let Some(sender) = &template.sender { " · from " code { (sender) } }
        },
        Message::Group(_) => html! {},
        Message::Call(script) => html! { "Spoken in " (script.language.title()) },
    }
}

/// How long the text is for the person of the preview, and for all.
fn length(composer: &ComposerState, template: &SmsTemplate) -> Markup {
    let shown = composer.shown.as_ref().and_then(|shown| shown.content.as_ref().ok());
    let content = shown.cloned().unwrap_or_else(|| domain::template::Content::for_preview([]));
    let text = template.text(&content);
    let one = segments(&text);
    let sms = counted(one.count, "SMS", "SMS");
    html! {
        p class="m-hint" data-live-id="sms-length" {
            (sms) ", " (grouped(one.units)) " characters, "
            (grouped(one.units_left())) " left"
            @if let Some(c) = why_unicode(&text) { " · “" (c) "” makes it Unicode: 70 characters for one SMS, not 160" }
        }
    }
}

/// A language's name for the codes that workshops in India use most; any other code as it is.
fn language(code: &str) -> &str {
    match code.split(['_', '-']).next().unwrap_or(code) {
        "en" => "English",
        "hi" => "Hindi",
        "mr" => "Marathi",
        "ta" => "Tamil",
        "te" => "Telugu",
        "bn" => "Bengali",
        "gu" => "Gujarati",
        "kn" => "Kannada",
        "ml" => "Malayalam",
        _ => code,
    }
}

/// What happens when the hours end, where there are such hours.
fn hours(member: &Member, composer: &ComposerState) -> Markup {
    let category = composer.review.draft.message.category();
    let promotes = category == Category::Marketing;
    // A broadcast that waits for the end of the quiet hours waits for the account as well.
    let chosen = promotes || !composer.review.draft.wait_out_quiet;
    html! {
        @if let Some(words) = hours_limits(composer.review.own_hours, category).filter(|_| chosen) {
            (after_hours(composer, &words))
        }
        @if !promotes { (quiet_hours(member, composer)) }
    }
}

/// The hours that law and account keep, in words; `None` when neither has any.
pub(super) fn hours_limits(own: Option<OpenHours>, category: Category) -> Option<String> {
    match (category, own) {
        (Category::Marketing, None) => Some("Promotion goes out from 10:00 AM to 9:00 PM only.".to_owned()),
        (Category::Marketing, Some(own)) => Some(format!(
            "Promotion goes out from 10:00 AM to 9:00 PM only, and this account sends from {own}."
        )),
        (Category::Utility | Category::Authentication, own) => {
            own.map(|own| format!("This account sends from {own} only."))
        }
    }
}

/// The choice for whoever has not got it when the hours end.
fn after_hours(composer: &ComposerState, words: &str) -> Markup {
    let current = composer.review.draft.after.word();
    let choices = vec![
        Choice::new("cancel", "Cancel the rest", current),
        Choice::new("wait", "Go on when they begin again", current),
    ];
    let name = "after".to_owned();
    let legend = match (composer.review.draft.message.category(), composer.review.own_hours) {
        (Category::Marketing, None) => "When the hours of promotion end at 9:00 PM",
        _ => "When the hours end",
    };
    html! {
        div class="m-when" {
            p class="m-hint" { (words) " Whoever has not got it by then:" }
            (Segmented { name, legend: legend.to_owned(), choices, autosubmit: true })
        }
    }
}

/// What happens in the organisation's quiet hours, where a reminder would touch them.
fn quiet_hours(member: &Member, composer: &ComposerState) -> Markup {
    let (quiet, zone) = (member.organization.quiet_hours, &member.organization.zone);
    let touches = quiet.covers(zone, composer.review.draft.timing.start)
        || quiet.covers(zone, composer.review.forecast.done_at);
    if !touches && !composer.review.draft.wait_out_quiet {
        return html! {};
    }
    let current = if composer.review.draft.wait_out_quiet { "wait" } else { "send" };
    let choices = vec![
        Choice::new("wait", "Wait until they end", current),
        Choice::new("send", "Send anyway", current),
    ];
    html! {
        div class="m-when" {
            (Segmented { name: "quiet".to_owned(), legend: "In your quiet hours".to_owned(), choices, autosubmit: true })
            p class="m-hint" { "It falls into your quiet hours." }
        }
    }
}

fn when(member: &Member, composer: &ComposerState) -> Markup {
    let current = if composer.state.later { "later" } else { "now" };
    let choices = vec![Choice::new("now", "Now", current), Choice::new("later", "Later", current)];
    let zone = &member.organization.zone;
    let at = if composer.state.at.is_empty() || composer.at_error.is_none() {
        zone.local_form(composer.review.draft.timing.start)
    } else {
        composer.state.at.clone()
    };
    let until = if composer.until_error.is_some() {
        composer.state.until.clone()
    } else {
        zone.local_form(composer.review.draft.timing.deadline)
    };
    let until = Field::datetime("until", "Not sent after")
        .value(until)
        .error(composer.until_error.clone())
        .autosubmit();
    let starts = if composer.state.later {
        format!("{}.", capital(&relative(composer.review.draft.timing.start.0, member.now.0)))
    } else {
        "Ten seconds after you confirm, in which you can take it back.".to_owned()
    };
    html! {
        div class="m-when" {
            (Segmented { name: "when".to_owned(), legend: "When to send".to_owned(), choices, autosubmit: true })
            @if composer.state.later {
                (Field::datetime("at", "Day and time").hide_label().value(at).error(composer.at_error.clone()).autosubmit())
            }
            p class="m-hint" { (starts) " What is still waiting at the last useful moment is not sent any more." }
        }
        div class="m-row2" {
            (until)
            (Shown { label: "Workshop starts", value: html! { (moment(member, composer.review.draft.workshop.starts_at)) } })
        }
        (hours(member, composer))
        (calls::minutes(composer))
        (forecast(member, composer))
    }
}

fn forecast(member: &Member, composer: &ComposerState) -> Forecast {
    let (done, starts) = (composer.review.forecast.done_at, composer.review.draft.workshop.starts_at);
    let ahead = starts > member.now;
    let done_note = if !ahead {
        "estimate".to_owned()
    } else if done <= starts {
        format!("{} before start", span(starts.since(done)))
    } else {
        format!("{} after start", span(done.since(starts)))
    };
    let (pace, pace_note) = calls::pace(composer).unwrap_or_else(|| {
        let pace = format!("{} /s", composer.review.draft.account.pace.per_second);
        (pace, "this account’s limit".to_owned())
    });
    Forecast {
        messages: composer.review.units,
        about: composer.review.about(),
        units: 1,
        unit_price: Some(composer.review.unit.0),
        cost: Some(composer.review.forecast.cost.0),
        pace,
        pace_note,
        done_by: moment(member, done),
        done_note,
        late: done > composer.review.draft.timing.deadline || (ahead && done > starts),
        wallet_after: composer.review.wallet.map(|wallet| (wallet - composer.review.forecast.cost).0),
    }
}

/// What a person of the preview is called.
pub(super) fn name(shown: &::compose::PreviewedPerson) -> &str {
    if shown.name.is_empty() { "No name" } else { &shown.name }
}

/// The message as one person will see it.
pub(super) fn preview(member: &Member, composer: &ComposerState) -> Preview {
    let to = |person| Step::To(format!("{}#preview", composer.state.with_person(person).href("/")));
    let stepper = composer.shown.as_ref().map(|shown| Stepper {
        name: name(shown).to_owned(),
        detail: phone(&shown.phone),
        of: "person",
        position: shown.position,
        total: if shown.all_read { shown.of } else { composer.review.audience.reachable.max(shown.of) },
        previous: (shown.position > 1).then(|| to(shown.position - 1)),
        next: (shown.position < shown.of).then(|| to(shown.position + 1)),
    });
    Preview {
        stepper,
        medium: composer.state.channel.rules().medium,
        sender: match &composer.review.draft.message {
            Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => member.organization.name.clone(),
            Message::Sms(template) => {
                template.sender.as_ref().map_or_else(|| "No header".to_owned(), ToString::to_string)
            }
        },
        foot: "",
        sender_note: match &composer.review.draft.message {
            Message::Whatsapp(_) => "Business account".to_owned(),
            Message::Sms(_) => "Text message".to_owned(),
            Message::Group(_) => "Group".to_owned(),
            Message::Call(_) => "Phone call".to_owned(),
        },
        bubble: Some(bubble(member, composer)),
    }
}

pub(super) fn bubble(member: &Member, composer: &ComposerState) -> Bubble {
    let message = &composer.review.draft.message;
    let registered = match message {
        Message::Whatsapp(template) => &template.body,
        Message::Sms(template) => &template.text,
        Message::Group(post) => &post.text,
        Message::Call(script) => &script.text,
    };
    let text = match composer.shown.as_ref().map(|shown| &shown.content) {
        Some(Ok(content)) => message.preview(content).into_iter().map(Part::from).collect(),
        Some(Err(words)) => vec![Part::Wrong(format!("{words}. This person is left out."))],
        None if registered.is_empty() => vec![],
        None => vec![Part::Fixed(registered.clone())],
    };
    let bubble = Bubble::of(message, text, member.organization.zone.time(composer.review.draft.timing.start));
    let filled = composer.shown.as_ref().and_then(|shown| shown.content.as_ref().ok());
    match (message, filled) {
        (Message::Sms(_), Some(content)) => {
            Bubble { footer: counted(message.segments(content), "SMS", "SMS"), ..bubble }
        }
        (Message::Sms(_) | Message::Whatsapp(_) | Message::Group(_) | Message::Call(_), _) => bubble,
    }
}

/// What was found, and what is in order.
pub(super) fn checks(member: &Member, composer: &ComposerState) -> Checks {
    let mut all = Checks::default();
    for (finding, words) in composer.review.findings.iter().zip(composer.words(member)) {
        let severity = match finding.severity() {
            Found::Error => Severity::Error,
            Found::Warning => Severity::Warning,
            Found::Passed => {
                all.passed.push(words.title);
                continue;
            }
        };
        let action = finding.people().map(|(people, n)| {
            let list = paths::registrants(composer.review.draft.workshop.id, paths::which(people));
            (format!("Show {}", grouped(n)), list)
        });
        all.findings.push(Finding { severity, title: words.title, why: words.why, action });
    }
    all
}

/// "1,231 people".
pub(super) fn people(n: i64) -> String {
    counted(n, "person", "people")
}
