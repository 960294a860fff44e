//! An account of Fast2SMS on cards and on its page, and the test of it.

use domain::{
    channel::Channel,
    role::Permission,
    sms::{EntityId, SenderId, ValueLimits},
};
use maud::{Markup, html};
use providers::{Account, Fast2smsSettings};
use store::integrations::Integration;

use super::{
    super::{
        super::{charges, when, when_short},
        Face, Fact, href, key_row, pace_row, page, tested_row,
    },
    LOGO,
    health::SmsHealth,
    settings_of,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::Member,
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{
        button::Button,
        chip::Tone,
        field::Field,
        format::{counted, grouped, rupees},
        head::{Card, KeyValues},
        icons::Icon,
        note::Note,
    },
};

/// The account on cards and heads.
pub(in super::super) fn face(member: &Member, integration: &Integration) -> Face {
    let health = SmsHealth::of(integration);
    let mut facts = vec![
        key_row(member, integration, "api_key", "API key"),
        wallet_row(member, &health),
        header_row(&settings_of(integration)),
    ];
    facts.push(pace_row(integration, "messages"));
    facts.push(receipts_row(member, integration));
    facts.push(tested_row(member, health.tested_at, || health.said()));
    Face {
        logo: LOGO,
        provider: "Fast2SMS",
        channel: Channel::Sms.title(),
        chip: health.chip(),
        alert: health.alert(),
        facts,
    }
}

fn wallet_row(member: &Member, health: &SmsHealth) -> Fact {
    let (value, more) = match (health.balance, health.tested_at) {
        (Some(balance), Some(at)) => (rupees(balance), Some(format!("Asked {}", when(member, at)))),
        _ => ("Not known".to_owned(), Some("A test asks for it".to_owned())),
    };
    ("Wallet".into(), html! { (value) }, more)
}

fn header_row(settings: &Fast2smsSettings) -> Fact {
    let header = settings.default_sender.as_ref().map_or("Each template’s own", SenderId::as_str).to_owned();
    ("Header".into(), html! { (header) }, Some(settings.default_route.title().to_owned()))
}

/// When it may send: its own hours, or whatever law and quiet hours leave.
fn hours_row(member: &Member, settings: &Fast2smsSettings) -> Fact {
    let zone = &member.organization.zone;
    let (value, more) = match settings.hours {
        Some(hours) => {
            (hours.to_string(), format!("In {}. What else limits sending limits it too", zone.name()))
        }
        None => ("Any".to_owned(), "Promotion from 10:00 AM to 9:00 PM, outside your quiet hours".to_owned()),
    };
    ("Hours".into(), html! { (value) }, Some(more))
}

fn limits_row(limits: ValueLimits) -> Fact {
    let ValueLimits { text, alphanumeric, link } = limits;
    let value = format!("Up to {text} characters");
    (
        "Values".into(),
        html! { (value) },
        Some(format!("{alphanumeric} in {{#alphanumeric#}}, {link} in links")),
    )
}

fn receipts_row(member: &Member, integration: &Integration) -> Fact {
    match integration.last_receipt_at {
        Some(at) => ("Last receipt".into(), html! { (when(member, at)) }, None),
        None => ("Last receipt".into(), html! { "None seen yet" }, None),
    }
}

/// The cards of its page; `refused` says why it could not be asked.
pub(in super::super) fn cards(
    app: &App,
    member: &Member,
    integration: &Integration,
    refused: Option<&str>,
) -> Markup {
    let health = SmsHealth::of(integration);
    html! {
        (Card::new("account", "Account", account_facts(member, integration)).padded())
        (test_card(member, integration, &health, refused))
        (Card::new("charges", "What was charged", html! {
            div class="m-stack" {
                p class="m-p" { "Per day and per broadcast, beside what was estimated before sending." }
                div class="m-acts" { (Button::link("See charges", format!("{}?account={}", charges::HREF, integration.id))) }
            }
        }).padded())
        (receipts_card(app, member, integration))
    }
}

fn account_facts(member: &Member, integration: &Integration) -> KeyValues {
    let settings = settings_of(integration);
    let entity = settings.entity_id.as_ref().map_or("Each template’s own", EntityId::as_str).to_owned();
    KeyValues {
        rows: vec![
            key_row(member, integration, "api_key", "API key"),
            header_row(&settings),
            ("Entity id".into(), html! { (entity) }, None),
            (
                "Numbers per request".into(),
                html! { "Up to " (grouped(settings.numbers_per_request)) },
                Some("A text with personal values goes to one number each".into()),
            ),
            pace_row(integration, "messages"),
            hours_row(member, &settings),
            limits_row(settings.limits),
            (
                "Used".into(),
                html! { (counted(integration.calls_today, "message", "messages")) " today" },
                None,
            ),
        ],
        inset: false,
    }
}

fn test_card(member: &Member, integration: &Integration, health: &SmsHealth, refused: Option<&str>) -> Card {
    let mut rows = Vec::new();
    if let Some(at) = health.tested_at {
        let lasts = health.sms_count.map(|n| format!("Fast2SMS counts {} with it", counted(n, "SMS", "SMS")));
        rows.push(("Result".into(), html! { (health.said()) }, None));
        if let Some(balance) = health.balance {
            rows.push(("Wallet".into(), html! { (rupees(balance)) }, lasts));
        }
        rows.push(("Tested".into(), html! { (when(member, at)) }, Some(format!("By {}", health.tested_by))));
    }
    let body = html! {
        div class="m-stack" {
            @if let Some(words) = refused { (Note::new(Tone::Fail, "It could not be asked.", words)) }
            @if rows.is_empty() { p class="m-p" { "This account was never tested." } }
            @else { (KeyValues { rows, inset: false }) }
            @if member.may(Permission::Manage) {
                form class="m-stack" method="post" action={ (href(integration.id)) "/test" } {
                    (member.csrf())
                    p class="m-hint" { "Asks Fast2SMS for the wallet: that proves the key. It sends nothing and costs nothing." }
                    div class="m-acts" { (Button::new("Test connection").icon(Icon::Test).busy("Asking Fast2SMS…")) }
                }
            }
        }
    };
    Card::new("test", "Test connection", body).padded()
}

fn receipts_card(app: &App, member: &Member, integration: &Integration) -> Card {
    let url = app.config.url(&format!("/callbacks/{}", integration.callback_key));
    let last = integration.last_receipt_at.map(|at| format!("The last one came {}.", when_short(member, at)));
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Receipts say what became of an SMS, and what it cost. " @if let Some(last) = last { (last) } @else { "None came yet." } }
            p class="m-p" { "Without a webhook Munadi asks Fast2SMS by itself, again and again for a day after sending. With one, receipts come at once." }
            @if member.may(Permission::Integrations) {
                (Field::text("webhook_url", "Webhook address").value(&url).tune(|input| input.readonly = true)
                    .help("Enter it at Fast2SMS where webhooks are made. Fast2SMS signs nothing: this address is the secret, so show it to nobody."))
                (KeyValues { inset: false, rows: vec![
                    ("Service".into(), html! { "SMS" }, None),
                    ("Template".into(), html! { "Custom" }, Some("Leave its members as they are".into())),
                    ("Method".into(), html! { "POST" }, None),
                    ("Content type".into(), html! { "JSON" }, None),
                    ("Event".into(), html! { "All delivery events" }, None),
                ] })
                @if !app.config.is_https() {
                    (Note::new(Tone::Act, "Fast2SMS may not reach this address.", format!("It needs a public name, and https to keep the address secret; this server calls itself {}. Set public_url in its configuration. Until then Munadi asks by itself.", app.config.public_url)))
                }
            } @else { p class="m-hint" { "An admin sees the webhook’s address here." } }
        }
    };
    Card::new("receipts", "Receipts", body).padded()
}

/// Asks Fast2SMS for the wallet, keeps what it said.
pub(in super::super) async fn test(app: &App, member: &Member, integration: &Integration) -> PageResult {
    let refuse = |words: &str| {
        page(member, integration, cards(app, member, integration, Some(words))).map(unprocessable)
    };
    let account = match app.accounts.open_integration(integration) {
        Ok(Account::Fast2sms(account)) => account,
        Ok(Account::Aisensy(_)) => return refuse("This is no account of Fast2SMS."),
        Err(words) => return refuse(&words),
    };
    let health = SmsHealth::from_answer(account.wallet(&app.out).await, member);
    let value = serde_json::to_value(&health).map_err(|error| Problem::fault(error.to_string()))?;
    member.org.set_health(integration.id, &value).await?;
    let words = match health.balance {
        Some(balance) => format!("Fast2SMS answered: {} in the wallet.", rupees(balance)),
        None => "Tested. See what Fast2SMS said.".to_owned(),
    };
    Ok(see_other_saying(app, &format!("{}#test", href(integration.id)), &words))
}
