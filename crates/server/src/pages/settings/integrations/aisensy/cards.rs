//! An account of AiSensy on cards and on its page, and the test of it.

use domain::{channel::Channel, role::Permission, text::line, whatsapp::WhatsappTemplate};
use maud::{Markup, html};
use providers::{Account, AisensySettings};
use serde::Deserialize;
use serde_json::Value;
use store::{StoreError, integrations::Integration};

use super::{
    super::{
        super::{when, when_short},
        Face, Fact, href, key_row, pace_row, page, tested_row,
    },
    LOGO,
    health::{Health, Verdict},
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
        button::{Button, Link},
        chip::Tone,
        field::Field,
        format::{grouped, rupees},
        head::{Card, KeyValues},
        icons::Icon,
        note::Note,
    },
};

/// Longest campaign name that is asked about.
const CAMPAIGN_CHARS_MAX: usize = 200;
/// Topics of the webhook that carry something for us (providers/aisensy.md §4.3).
const TOPICS: &[&str] = &[
    "message.status.updated",
    "message.sender.user",
    "contact.campaign.sent",
    "contact.campaign.delivered",
    "contact.campaign.read",
];

/// The account on cards and heads.
pub(in super::super) fn face(member: &Member, integration: &Integration) -> Face {
    let health = Health::of(integration);
    Face {
        logo: LOGO,
        provider: "AiSensy",
        channel: Channel::WhatsappPersonal.title(),
        chip: health.chip(),
        alert: health.alert(),
        facts: card_facts(member, integration, &health),
    }
}

fn card_facts(member: &Member, integration: &Integration, health: &Health) -> Vec<Fact> {
    let mut rows =
        vec![key_row(member, integration, "api_key", "API key"), receipts_row(member, integration)];
    rows.push(pace_row(integration, "people"));
    if let Some(credit) = health.project.as_ref().and_then(|project| project.credit) {
        let at = health.tested_at.map(|at| when(member, at));
        rows.push(("Wallet".into(), html! { (rupees(credit)) }, at));
    }
    rows.push(tested_row(member, health.tested_at, || health.said().0));
    rows
}

fn takes_receipts(integration: &Integration) -> bool {
    integration.hints.get("webhook_secret").is_some_and(Value::is_string)
}

fn receipts_row(member: &Member, integration: &Integration) -> Fact {
    let last = integration.last_receipt_at.map(|at| format!("Last one {}", when_short(member, at)));
    if takes_receipts(integration) {
        ("Receipts".into(), html! { "On" }, Some(last.unwrap_or_else(|| "None seen yet".into())))
    } else {
        ("Receipts".into(), html! { "Off" }, Some("“Handed over” is the last state".into()))
    }
}

/// What the page of an account shows besides the account.
#[derive(Default)]
struct Told {
    campaign: String,
    campaign_error: Option<String>,
}

/// The cards of its page.
pub(in super::super) async fn cards(
    app: &App,
    member: &Member,
    integration: &Integration,
) -> Result<Markup, StoreError> {
    let health = Health::of(integration);
    let campaign = match health.campaign.is_empty() {
        false => health.campaign.clone(),
        true => first_campaign(member).await?,
    };
    Ok(cards_saying(app, member, integration, &Told { campaign, campaign_error: None }))
}

fn cards_saying(app: &App, member: &Member, integration: &Integration, told: &Told) -> Markup {
    let health = Health::of(integration);
    html! {
        (Card::new("account", "Account", account_facts(member, integration)).padded())
        (test_card(member, integration, &health, told))
        (receipts_card(app, member, integration))
    }
}

/// The campaign of the first template that names one.
async fn first_campaign(member: &Member) -> Result<String, StoreError> {
    let templates = member.org.templates(Channel::WhatsappPersonal).await?;
    let named = templates.into_iter().filter_map(|template| {
        let body: WhatsappTemplate = serde_json::from_value(template.body).ok()?;
        Some(body.campaign).filter(|campaign| !campaign.is_empty())
    });
    Ok(named.into_iter().next().unwrap_or_default())
}

fn account_facts(member: &Member, integration: &Integration) -> KeyValues {
    let settings: AisensySettings = serde_json::from_value(integration.settings.clone()).unwrap_or_default();
    let project =
        if settings.project_id.is_empty() { "As the key names it".to_owned() } else { settings.project_id };
    let used = format!("{} calls today", grouped(integration.calls_today));
    KeyValues {
        rows: vec![
            key_row(member, integration, "api_key", "API key"),
            key_row(member, integration, "project_password", "Project password"),
            key_row(member, integration, "webhook_secret", "Webhook secret"),
            ("Project".into(), html! { (project) }, None),
            ("Source".into(), html! { (settings.source) }, Some("What AiSensy notes on new contacts".into())),
            pace_row(integration, "people"),
            ("Used".into(), html! { (used) }, None),
        ],
        inset: false,
    }
}

fn test_card(member: &Member, integration: &Integration, health: &Health, told: &Told) -> Card {
    let mut rows = Vec::new();
    if let Some(at) = health.tested_at {
        let (said, about) = health.said();
        rows.push(("Campaign".into(), html! { (said) }, (!about.is_empty()).then_some(about)));
        if let Some(project) = &health.project {
            rows.extend(project.rows());
        } else if !health.project_words.is_empty() {
            rows.push(("Project".into(), html! { (health.project_words) }, None));
        }
        rows.push(("Tested".into(), html! { (when(member, at)) }, Some(format!("By {}", health.tested_by))));
    }
    let body = html! {
        div class="m-stack" {
            @if rows.is_empty() { p class="m-p" { "This account was never tested." } }
            @else { (KeyValues { rows, inset: false }) }
            @if member.may(Permission::Manage) {
                form class="m-stack" method="post" action={ (href(integration.id)) "/test" } {
                    (member.csrf())
                    (Field::text("campaign", "Campaign to ask about").value(&told.campaign).error(told.campaign_error.clone())
                        .help("The exact name of a Live API campaign in AiSensy: the campaign’s name, not the template’s. The test sends no message and costs nothing."))
                    div class="m-acts" { (Button::new("Test connection").icon(Icon::Test).busy("Asking AiSensy…")) }
                }
            }
        }
    };
    Card::new("test", "Test connection", body).padded()
}

fn receipts_card(app: &App, member: &Member, integration: &Integration) -> Card {
    let may = member.may(Permission::Integrations);
    let url = app.config.url(&format!("/callbacks/{}", integration.callback_key));
    let body = html! {
        div class="m-stack" {
            (KeyValues { rows: vec![receipts_row(member, integration), key_row(member, integration, "webhook_secret", "Webhook secret")], inset: false })
            p class="m-p" { "Receipts say what became of a message: delivered, read or failed, and bring in replies such as STOP. They need a webhook in AiSensy, which higher plans have. Without one, “handed over” is the last state a message reaches." }
            @if may {
                (Field::text("webhook_url", "Webhook address").value(&url).tune(|input| input.readonly = true)
                    .help("Paste it in AiSensy under Manage, Webhooks. Whoever knows it can still not forge a receipt: each one has to be signed with the shared secret."))
                @if !app.config.is_https() {
                    (Note::new(Tone::Act, "AiSensy cannot reach this address.", format!("It needs https and a public name; this server calls itself {}. Set public_url in its configuration.", app.config.public_url)))
                }
                div class="m-field" {
                    p class="m-label" { "Topics to tick" }
                    ul class="m-p" { @for topic in TOPICS { li { code { (topic) } } } }
                }
                @if !takes_receipts(integration) {
                    (Note::new(Tone::Act, "No shared secret yet.", "Posts are refused until the secret that AiSensy shows for the webhook is stored here.")
                        .action(Link::new("Store secret", format!("{}/keys", href(integration.id)))))
                }
            } @else { p class="m-hint" { "An admin sees the webhook’s address here." } }
        }
    };
    Card::new("receipts", "Receipts", body).padded()
}
/// What the test form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct TestForm {
    campaign: String,
}

/// Asks AiSensy, keeps what it said.
pub(in super::super) async fn test(
    app: &App,
    member: &Member,
    integration: &Integration,
    form: TestForm,
) -> PageResult {
    let typed = line(&form.campaign);
    let campaign = if typed.is_empty() { first_campaign(member).await? } else { typed };
    let refuse = |words: &str| {
        let told = Told { campaign: form.campaign.clone(), campaign_error: Some(words.to_owned()) };
        page(member, integration, cards_saying(app, member, integration, &told)).map(unprocessable)
    };
    if campaign.chars().count() > CAMPAIGN_CHARS_MAX {
        return refuse("No campaign has such a long name. Copy the name alone.");
    }
    let account = match app.accounts.open_integration(integration) {
        Ok(account) => account,
        Err(words) => return refuse(&words),
    };
    let Account::Aisensy(aisensy) = &account else {
        return refuse("This is no AiSensy account; no campaign can be asked about.");
    };
    if campaign.is_empty() && !aisensy.has_project() {
        return refuse(
            "Type the name of a Live API campaign: a key alone proves nothing until it is asked about one.",
        );
    }
    let ask_campaign =
        async { if campaign.is_empty() { None } else { Some(aisensy.probe(&app.out, &campaign).await) } };
    let ask_project =
        async { if aisensy.has_project() { Some(aisensy.project(&app.out).await) } else { None } };
    let (probe, project) = futures::join!(ask_campaign, ask_project);
    let health = Health::from_answers(campaign, probe, project, member);
    let value = serde_json::to_value(&health).map_err(|error| Problem::fault(error.to_string()))?;
    member.org.set_health(integration.id, &value).await?;
    let words = match (health.verdict, &health.project) {
        (Verdict::Live, _) => "AiSensy answered: the campaign is live.",
        (Verdict::NotAsked, Some(_)) => "AiSensy answered for the project.",
        _ => "Tested. See what AiSensy said.",
    };
    Ok(see_other_saying(app, &format!("{}#test", href(integration.id)), words))
}
