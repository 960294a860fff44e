//! The settings of alerts: which members get them, by which ways, at which hours, with which templates. Each way can be
//! tried, and the page lists recent alerts.

use axum::{extract::State, response::IntoResponse};
use domain::{
    alert::{AlertState, Way},
    channel::Channel,
    phone::Phone,
    template::Message,
    time::{Millis, SECOND},
};
use maud::{Markup, Render, html};
use providers::http::Endpoint;
use serde::Deserialize;
use store::{
    StoreError,
    alerts::{AlertMember, AlertSettings, SentAlert},
    templates::Template,
};

use super::when_short;
use crate::{
    alerts::{self, phone::may_alert},
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member},
        notice::{see_other_failed, see_other_saying},
    },
    outbound::Secret,
    pages::{settings_page, unprocessable},
    ui::{
        button::{Button, Size},
        chip::{Chip, Tone},
        field::{Choice, Field},
        head::{Card, Head},
        icons::Icon,
        table::{Column, Place, Row, Table},
    },
};

/// The page.
pub(crate) const HREF: &str = "/settings/alerts";
/// Sends that are listed.
const LATELY: i64 = 30;
/// A try is waited for so long.
const TEST_WAIT_MS: i64 = 20 * SECOND;
/// Looks at a try that another process carries out.
const TEST_LOOK: std::time::Duration = std::time::Duration::from_millis(300);

/// What was typed, and what is wrong with it.
struct Typed {
    settings: AlertSettings,
    members: Vec<AlertMember>,
    errors: Vec<(String, String)>,
}

impl Typed {
    fn error(&self, field: &str) -> Option<String> {
        self.errors.iter().find(|(name, _)| name == field).map(|(_, words)| words.clone())
    }
}

/// `GET /settings/alerts`
pub async fn show(State(app): State<App>, member: Member) -> PageResult {
    let typed = stored(&member).await?;
    Ok(page(&app, &member, &typed).await?.into_response())
}

async fn stored(member: &Member) -> Result<Typed, StoreError> {
    let (settings, members) = (member.org.alert_settings().await?, member.org.alert_members().await?);
    Ok(Typed { settings, members, errors: Vec::new() })
}

/// `POST /settings/alerts`
pub async fn save(State(app): State<App>, member: Member, form: Form<Vec<(String, String)>>) -> PageResult {
    let typed = read(&app, &member, &form.0).await?;
    if !typed.errors.is_empty() {
        return Ok(unprocessable(page(&app, &member, &typed).await?));
    }
    member.org.set_alerts(&typed.settings, &typed.members, member.now).await?;
    Ok(see_other_saying(&app, HREF, "Saved."))
}

/// `POST /settings/alerts/secret`: another secret for the webhook; the one before signs nothing any more.
pub async fn another_secret(State(app): State<App>, member: Member) -> PageResult {
    let settings = member.org.alert_settings().await?;
    let settings = AlertSettings { webhook_nth: settings.webhook_nth + 1, ..settings };
    member.org.set_alerts(&settings, &[], member.now).await?;
    Ok(see_other_saying(&app, HREF, "Posts are signed with a new secret from now on."))
}

/// Which way is tried.
#[derive(Deserialize)]
pub struct Try {
    way: String,
}

/// `POST /settings/alerts/test`: a real alert to the one who asks.
pub async fn test(State(app): State<App>, member: Member, Form(form): Form<Try>) -> PageResult {
    let Ok(way) = form.way.parse::<Way>() else {
        return Ok(see_other_failed(&app, HREF, "Choose a way to test."));
    };
    let who = &member.organization.name;
    let why = format!("{} asked for it.", member.org.actor().name);
    let title = format!("This is a test of {who}’s alerts.");
    let id = match member.org.test_alert(way, &title, &why, "Test", member.now).await {
        Ok(id) => id,
        Err(StoreError::Missing) => return Ok(see_other_failed(&app, HREF, "Nobody can be told.")),
        Err(error) => return Err(error.into()),
    };
    alerts::deliver(&app).await?;
    let mut sent = ended(&member, id, way).await?;
    // Another process may have taken it.
    let until = app.clock.now().plus(TEST_WAIT_MS);
    while sent.as_ref().is_some_and(|sent| sent.state == AlertState::Sending) && app.clock.now() < until {
        tokio::time::sleep(TEST_LOOK).await;
        sent = ended(&member, id, way).await?;
    }
    let Some(sent) = sent else { return Ok(see_other_failed(&app, HREF, "The test is gone.")) };
    let name = title_of(way);
    let said = if sent.said.is_empty() { String::new() } else { format!(" {}.", sent.said) };
    Ok(match sent.state {
        AlertState::Sent => see_other_saying(&app, HREF, &format!("{name}: sent. Look whether it came.")),
        AlertState::Waiting | AlertState::Sending => {
            see_other_failed(&app, HREF, &format!("{name}: not yet.{said} It is tried again."))
        }
        AlertState::Unknown => {
            see_other_failed(&app, HREF, &format!("{name}: nobody knows whether it went out.{said}"))
        }
        AlertState::Failed | AlertState::Settled => {
            see_other_failed(&app, HREF, &format!("{name}: not sent.{said}"))
        }
    })
}

async fn ended(member: &Member, id: domain::ids::AlertId, way: Way) -> Result<Option<SentAlert>, StoreError> {
    let lately = member.org.alerts_lately(LATELY).await?;
    Ok(lately.into_iter().find(|sent| sent.alert == id && sent.way == way))
}

/// Reads the form: what cannot be read keeps its words and gets an error at its place.
async fn read(app: &App, member: &Member, form: &[(String, String)]) -> Result<Typed, StoreError> {
    let Typed { settings, members, .. } = stored(member).await?;
    let mut errors = Vec::new();
    let typed = |name: &str| {
        form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str()).trim()
    };
    let mut minute = |name: &str, before: i64| {
        let read = typed(name).split_once(':').and_then(|(hour, minute)| {
            let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
            ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
        });
        if read.is_none() {
            errors.push((name.to_owned(), "A time such as 08:00.".to_owned()));
        }
        read.unwrap_or(before)
    };
    let (from_minute, until_minute) =
        (minute("from", settings.from_minute), minute("until", settings.until_minute));
    let webhook_url = typed("webhook_url").to_owned();
    if let Some(words) = wrong_url(app, &webhook_url) {
        errors.push(("webhook_url".to_owned(), words));
    }
    let members = members
        .into_iter()
        .map(|one| {
            let (id, on) = (one.user, |what: &str| typed(&format!("{what}-{}", one.user)) == "on");
            let (by_whatsapp, by_sms) = (on("whatsapp"), on("sms"));
            let field = format!("phone-{id}");
            let phone = match typed(&field) {
                "" if by_whatsapp || by_sms => {
                    errors.push((field, "Type the number that is to ring.".to_owned()));
                    String::new()
                }
                "" => String::new(),
                text => match Phone::parse(text, member.organization.country) {
                    Ok(phone) => phone.as_str().to_owned(),
                    Err(error) => {
                        errors.push((field, error.to_string()));
                        text.to_owned()
                    }
                },
            };
            AlertMember { by_mail: on("mail"), by_whatsapp, by_sms, phone, ..one }
        })
        .collect();
    let settings = AlertSettings {
        from_minute,
        until_minute,
        webhook_url,
        whatsapp: typed("whatsapp_template").parse().ok(),
        sms: typed("sms_template").parse().ok(),
        ..settings
    };
    Ok(Typed { settings, members, errors })
}

/// What is wrong with the address of a webhook.
fn wrong_url(app: &App, url: &str) -> Option<String> {
    if url.is_empty() {
        return None;
    }
    match Endpoint::parse_target(url) {
        Err(_) => Some("An address such as https://chat.example.com/hooks/abc.".to_owned()),
        Ok(to) if to.is_https() || app.alerts.may_post_inside(to.host()) => None,
        Ok(_) => Some("The address has to begin with https://.".to_owned()),
    }
}

async fn page(app: &App, member: &Member, typed: &Typed) -> Result<Markup, StoreError> {
    let lately = member.org.alerts_lately(LATELY).await?;
    let whatsapp = member.org.templates(Channel::WhatsappPersonal).await?;
    let sms = member.org.templates(Channel::Sms).await?;
    let body = html! {
        (Head::new("Alerts").meta("What needs somebody goes out to these members, once for each matter, and never through the account that it is about."))
        form method="post" action=(HREF) class="m-stack" {
            (member.csrf())
            (Card::new("who", "Who is told", who(app, typed)))
            (Card::new("hours", "Hours", hours(typed)).padded())
            (Card::new("phone", "Messages to phones", templates(typed, &whatsapp, &sms)).padded())
            (Card::new("webhook", "Webhook", webhook(app, member, typed)).padded())
            div class="m-acts" { (Button::primary("Save").icon(Icon::Check)) }
        }
        (Card::new("test", "Test", tests(member)).padded())
        (Card::new("lately", "Sent lately", table(member, &lately)))
    };
    Ok(settings_page(member, "Alerts", HREF, body).render())
}

fn who(app: &App, typed: &Typed) -> Markup {
    let tick = |what: &str, one: &AlertMember, label: &str, on: bool| {
        let label = format!("{label} to {}", one.name);
        html! {
            label class="m-tickcell" {
                input type="checkbox" name=(format!("{what}-{}", one.user)) value="on" checked[on];
                span class="mui-visually-hidden" { (label) }
            }
        }
    };
    let row = |one: &AlertMember| {
        let field = format!("phone-{}", one.user);
        let phone = Field::phone(field.clone(), format!("Number of {}", one.name)).value(&one.phone);
        Row::new(vec![
            html! { b { (one.name) } span class="m-sub" { (one.email) } },
            tick("mail", one, "E-mail", one.by_mail),
            tick("whatsapp", one, "WhatsApp", one.by_whatsapp),
            tick("sms", one, "SMS", one.by_sms),
            html! { (phone.hide_label().placeholder("Number").error(typed.error(&field))) },
        ])
    };
    let table = Table {
        caption: "Members".into(),
        columns: vec![
            Column::new("Member", Place::Title),
            Column::new("E-mail", Place::Line),
            Column::new("WhatsApp", Place::Line),
            Column::new("SMS", Place::Line),
            Column::new("Number", Place::Line),
        ],
        rows: typed.members.iter().map(row).collect(),
        empty: "There is no member.".into(),
    };
    html! {
        @if !app.alerts.mails() {
            p class="m-hint m-pad" { "No e-mail goes out: this installation has no mail server. Its host sets one with smtp_host." }
        }
        (table)
    }
}

fn hours(typed: &Typed) -> Markup {
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, until) = (clock(typed.settings.from_minute), clock(typed.settings.until_minute));
    html! {
        div class="m-row2" {
            (Field::input("time", "from", "From").value(from).error(typed.error("from")))
            (Field::input("time", "until", "Until").value(until).error(typed.error("until")))
        }
        p class="m-hint" { "Outside these hours only what cannot wait goes out: people who would not be told in time. The same time twice means any hour." }
    }
}

fn templates(typed: &Typed, whatsapp: &[Template], sms: &[Template]) -> Markup {
    let choices = |all: &[Template], chosen: Option<domain::ids::TemplateId>| {
        let chosen = chosen.map(|id| id.to_string()).unwrap_or_default();
        let mut choices = vec![Choice::new("", "None", &chosen)];
        let fit = all.iter().filter(|template| is_alert(template));
        choices.extend(fit.map(|template| Choice::new(template.id.to_string(), &template.name, &chosen)));
        choices
    };
    html! {
        div class="m-row2" {
            (Field::select("whatsapp_template", "WhatsApp template", choices(whatsapp, typed.settings.whatsapp)))
            (Field::select("sms_template", "SMS template", choices(sms, typed.settings.sms)))
        }
        p class="m-hint" { "Templates with a value from “Alert” are listed: the matter, how many people it concerns, and a short link. Promotional ones are not." }
    }
}

/// Whether a template says what needs a person.
fn is_alert(template: &Template) -> bool {
    Message::from_json(template.channel, &template.body)
        .is_ok_and(|message| may_alert(&message) && message.sources().any(|source| source.is_of_alerts()))
}

fn webhook(app: &App, member: &Member, typed: &Typed) -> Markup {
    let secret = Secret::of(&app.keys, member.organization.id, typed.settings.webhook_nth);
    let url = Field::input("url", "webhook_url", "Address").value(&typed.settings.webhook_url);
    html! {
        (url.placeholder("https://chat.example.com/hooks/abc").error(typed.error("webhook_url"))
            .help("Each alert is posted there as JSON. Leave it empty for none."))
        details class="m-more" {
            summary class="m-link" { "Secret that posts are signed with" }
            p { code { (secret.text()) } }
            p class="m-hint" { "As Standard Webhooks has it: webhook-id, webhook-timestamp and webhook-signature. A repeated post has the same id." }
            (Button { size: Size::Small, ..Button::new("Make another secret").formaction(format!("{HREF}/secret")) })
        }
    }
}

fn tests(member: &Member) -> Markup {
    html! {
        p class="m-p" { "Sends a real alert to you, as you are saved above." }
        form method="post" action={ (HREF) "/test" } class="m-acts" {
            (member.csrf())
            @for way in Way::ALL {
                button class="mui-btn mui-btn--outline mui-btn--sm" type="submit" name="way" value=(way.word()) { "Test " (title_of(*way)) }
            }
        }
    }
}

fn table(member: &Member, lately: &[SentAlert]) -> Table {
    let row = |sent: &SentAlert| {
        let to = if sent.to.is_empty() { "Webhook".to_owned() } else { sent.to.clone() };
        Row::new(vec![
            html! { b { (sent.title) } },
            html! { (title_of(sent.way)) @if sent.way != Way::Webhook { " to " (to) } },
            state(member, sent),
            html! { (when_short(member, sent.changed_at)) },
        ])
    };
    Table {
        caption: "Alerts that went out lately".into(),
        columns: vec![
            Column::new("Matter", Place::Title),
            Column::new("Way", Place::Line),
            Column::new("State", Place::State),
            Column::new("When", Place::Line),
        ],
        rows: lately.iter().map(row).collect(),
        empty: "Nothing was sent yet.".into(),
    }
}

fn state(member: &Member, sent: &SentAlert) -> Markup {
    let later = |at: Millis| when_short(member, at);
    let (tone, icon, word) = match sent.state {
        AlertState::Waiting if sent.attempt == 0 => {
            (Tone::Rest, Icon::Wait, format!("Waits until {}", later(sent.next_at)))
        }
        AlertState::Waiting => {
            (Tone::Act, Icon::Wait, format!("Tried {}, again {}", sent.attempt, later(sent.next_at)))
        }
        AlertState::Sending => (Tone::Run, Icon::Wait, "Sending".to_owned()),
        AlertState::Sent => (Tone::Done, Icon::Check, "Sent".to_owned()),
        AlertState::Failed => (Tone::Fail, Icon::Warning, "Not sent".to_owned()),
        AlertState::Unknown => (Tone::Act, Icon::Question, "Unknown".to_owned()),
        AlertState::Settled => (Tone::Rest, Icon::Check, "Settled before".to_owned()),
    };
    let lost = sent.state == AlertState::Unknown && sent.said.is_empty();
    html! {
        (Chip { tone, icon, word })
        @if lost { span class="m-sub" { "The program ended while it was being sent." } }
        @else if !sent.said.is_empty() { span class="m-sub" { (sent.said) "." } }
    }
}

/// What a way is called.
pub(crate) fn title_of(way: Way) -> &'static str {
    match way {
        Way::Mail => "E-mail",
        Way::Webhook => "Webhook",
        Way::Whatsapp => "WhatsApp",
        Way::Sms => "SMS",
    }
}

/// `GET /a`: the short address that stands in messages to phones.
pub async fn short() -> axum::response::Response {
    crate::http::notice::see_other(crate::ui::attention::HREF)
}
