//! Provider accounts: connecting, testing, stopping, removing. A secret goes in and never comes out again. Every vendor's account
//! is drawn from the description of its vendor; nothing here names one.

mod cards;
pub(in crate::pages) mod default;
mod form;
mod health;

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{channel::Channel, ids::IntegrationId, role::Permission};
use maud::{Markup, Render, html};
use providers::{
    Vendor,
    registry::{self, VENDORS},
    vendor::Colour,
};
use store::{StoreError, integrations::Integration};

pub use cards::{show, test};
pub use default::set_default;
pub use form::{add, edit, keys, new, replace_keys, update};
pub use health::Health;
pub(crate) use health::{shown_number, state_chip};

use super::{when, when_short};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path},
        notice::see_other_saying,
    },
    pages::settings_page,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        dialog::Confirm,
        empty::{Empty, Way},
        head::{Card, Head, KeyValues},
        icons::Icon,
        integration_card::{IntegrationCard, Integrations},
        menu::{Menu, MenuItem},
        note::Note,
        shell::Crumb,
        status_card::{Logo, LogoColour},
    },
};

const HREF: &str = "/settings/integrations";
/// Longest name of an account: it must fit a card.
const NAME_CHARS_MAX: usize = 60;

pub(super) fn href(id: IntegrationId) -> String {
    format!("{HREF}/{id}")
}

/// Where an account of that vendor is added.
fn new_href(vendor: &dyn Vendor) -> String {
    format!("{HREF}/new/{}", vendor.kind())
}

/// The vendor of an account.
fn vendor_of(integration: &Integration) -> Result<&'static dyn Vendor, Problem> {
    let kind = &integration.kind;
    registry::vendor(kind).ok_or_else(|| Problem::fault(format!("an account of the unknown kind {kind}")))
}

/// The vendor that an address names.
fn vendor_named(kind: &str) -> Result<&'static dyn Vendor, Problem> {
    registry::vendor(kind).ok_or_else(Problem::not_found)
}

/// The letters that stand for a vendor.
pub(crate) fn logo(vendor: &dyn Vendor) -> Logo {
    let introduction = vendor.introduction();
    let colour = match introduction.colour {
        Colour::Violet => LogoColour::Violet,
        Colour::Green => LogoColour::Green,
        Colour::Blue => LogoColour::Blue,
        Colour::Amber => LogoColour::Amber,
    };
    Logo { letters: introduction.letters, colour }
}

/// Name, value and a quiet word of a list of facts.
type Fact = (String, Markup, Option<String>);

/// An account as cards and heads show it.
struct Face {
    vendor: &'static dyn Vendor,
    channel: String,
    chip: Chip,
    alert: Option<Note>,
    facts: Vec<Fact>,
    /// Where credit is bought, while it needs some.
    top_up: Option<Button>,
}

/// States that come before every test: somebody stopped the account, or it is held back for a while.
fn withheld(member: &Member, integration: &Integration, provider: &str) -> Option<Note> {
    if integration.sealed.is_empty() {
        let text = "The installation has new keys and cannot open what was stored. Nothing goes out until the secrets are entered again.";
        let mut note = Note::new(Tone::Fail, format!("The secrets of {provider} are lost."), text);
        if member.may(Permission::Integrations) {
            note = note.action(Button::link("Enter again", format!("{}/keys", href(integration.id))).small());
        }
        return Some(note);
    }
    if let Some(at) = integration.stopped_at {
        let by = integration.stopped_by.as_deref().unwrap_or("somebody");
        let text =
            format!("By {by}, {}. Nothing goes out; what waits keeps waiting.", when_short(member, at));
        return Some(Note::new(Tone::Fail, "Stopped.", text));
    }
    if integration.held_until > member.now {
        let until = when_short(member, integration.held_until);
        let text = format!("until {until}, because {provider} refused or did not answer.");
        return Some(Note::new(Tone::Act, "Held back", text));
    }
    None
}

fn chip(tone: Tone, icon: Icon, word: &str) -> Chip {
    Chip { tone, icon, word: word.into() }
}

/* ---------- Lists and details ---------- */

/// `GET /settings/integrations`
pub async fn list(State(app): State<App>, member: Member) -> PageResult {
    let integrations = member.org.integrations().await?;
    let may = member.may(Permission::Integrations);
    let mut head = Head::new("Integrations")
        .meta("Accounts that carry your messages. Keys are stored sealed and never shown again.");
    let more = may && !integrations.is_empty();
    if more {
        head = head.action(Button::link("Add account", "#add").icon(Icon::Plus));
    }
    let cards = integrations.iter().map(|one| card(&app, &member, one)).collect::<Result<_, _>>()?;
    let body = html! {
        (head)
        @if integrations.is_empty() { (none(&app, may)) }
        @else { (Integrations(cards)) }
        @if more { (add_card(&app)) }
        p class="m-hint" { (serves()) }
    };
    Ok(settings_page(&member, "Integrations", HREF, body).render().into_response())
}

/// What this version sends on, and through whom.
fn serves() -> String {
    let (sends, others): (Vec<Channel>, Vec<Channel>) =
        Channel::ALL.iter().partition(|channel| channel.sends());
    let sends: Vec<Channel> =
        sends.into_iter().filter(|channel| registry::serving(*channel).next().is_some()).collect();
    let sends = format!("This version sends on {}.", through(&sends));
    if others.is_empty() {
        return sends;
    }
    let others = others.iter().map(|channel| channel.title()).collect::<Vec<_>>().join(" and ");
    format!("{sends} Accounts for {others} cannot be connected in it.")
}

/// `SMS, through X, and WhatsApp Personal, through Y`.
fn through(channels: &[Channel]) -> String {
    let one = |channel: &Channel| {
        let vendors: Vec<&str> = registry::serving(*channel).map(Vendor::name).collect();
        format!("{}, through {}", channel.title(), vendors.join(" or "))
    };
    channels.iter().map(one).collect::<Vec<_>>().join(", and ")
}

/// The vendors whose accounts can be connected: those of channels that this version sends on, and of servers of one's own only where
/// one is listed.
fn offered(app: &App) -> impl Iterator<Item = &'static dyn Vendor> {
    let urls = &app.config.providers;
    VENDORS.iter().copied().filter(|vendor| {
        let somewhere = vendor.base_urls().iter().all(|url| !url.listed || !urls.listed(url.key).is_empty());
        somewhere && vendor.channels().iter().any(|channel| channel.sends())
    })
}

/// Whose account can be added, channel by channel.
fn add_card(app: &App) -> Card {
    let way = |vendor: &'static dyn Vendor| Way {
        logo: logo(vendor),
        title: vendor.name().to_owned(),
        note: cards::channels(vendor),
        href: new_href(vendor),
    };
    let mut vendors: Vec<&'static dyn Vendor> = offered(app).collect();
    vendors.sort_by_key(|vendor| Channel::ALL.iter().position(|channel| vendor.channels().contains(channel)));
    let ways = vendors.into_iter().map(way);
    Card::new("add", "Add an account", html! { ul class="m-ways" { @for way in ways { (way) } } }).padded()
}

fn none(app: &App, may: bool) -> Empty {
    let connect = |(at, vendor): (usize, &'static dyn Vendor)| {
        let (label, href) = (format!("Connect {}", vendor.name()), new_href(vendor));
        let button = if at == 0 { Button::primary_link(label, href) } else { Button::link(label, href) };
        button.icon(Icon::Plug)
    };
    Empty {
        icon: Icon::Plug,
        title: "Connect the account that sends".into(),
        text: if may {
            let sends: Vec<Channel> = Channel::to_people().collect();
            format!(
                "Messages go out through your own accounts: {}. You need the account’s API key; a webhook adds receipts.",
                through(&sends)
            )
        } else {
            "Messages go out through your organisation’s own accounts. An admin can connect them.".into()
        },
        actions: if may { offered(app).enumerate().map(connect).collect() } else { vec![] },
        ways: vec![],
    }
}

fn card(app: &App, member: &Member, integration: &Integration) -> Result<IntegrationCard, Problem> {
    let face = Face::of(app, member, integration)?;
    let own = href(integration.id);
    let may = member.may(Permission::Integrations);
    let mut actions: Vec<Button> = face.top_up.into_iter().collect();
    if member.may(Permission::Manage) {
        actions.push(Button::link("Test", format!("{own}#test")).icon(Icon::Test));
    }
    if may {
        actions.push(Button::link("Replace key", format!("{own}/keys")).icon(Icon::Key));
    }
    let mut items = vec![MenuItem::link("Details and receipts", &own)];
    if may {
        items.push(MenuItem::link("Edit", format!("{own}/edit")).icon(Icon::Edit));
    }
    if member.may(Permission::Send) {
        items.push(stop_item(member, integration));
    }
    if may {
        items.push(MenuItem::link("Remove", format!("{own}/remove")).icon(Icon::Trash).danger());
    }
    Ok(IntegrationCard {
        logo: logo(face.vendor),
        title: face.vendor.name().into(),
        href: Some(own.clone()),
        note: format!("{} · {}", integration.name, face.channel),
        chip: face.chip,
        alert: face.alert,
        facts: KeyValues { rows: face.facts, inset: false },
        actions,
        link: None,
        menu: Some(Menu { label: format!("More for {}", integration.name), items }),
    })
}

fn stop_item(member: &Member, integration: &Integration) -> MenuItem {
    let stopped = integration.stopped_at.is_some();
    let (label, icon) = if stopped { ("Release", Icon::Play) } else { ("Stop sending", Icon::Pause) };
    let action = format!("{}/{}", href(integration.id), if stopped { "release" } else { "stop" });
    MenuItem::post(label, action, member.csrf()).icon(icon)
}

/// A page below the list.
fn sub_page(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs.insert(1, Crumb::to("Integrations", HREF));
    page.render()
}

/* ---------- Stopping, removing ---------- */

/// `POST /settings/integrations/{id}/stop`
pub async fn stop(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    member.org.stop_integration(id, true, member.now).await?;
    let words = format!("{} is stopped. Nothing more goes out through it.", integration.name);
    Ok(see_other_saying(&app, &href(id), &words))
}

/// `POST /settings/integrations/{id}/release`
pub async fn release(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    member.org.stop_integration(id, false, member.now).await?;
    Ok(see_other_saying(&app, &href(id), &format!("{} sends again.", integration.name)))
}

/// `GET /settings/integrations/{id}/remove`
pub async fn confirm_removal(member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    Ok(removal_page(&member, &integration, None).into_response())
}

/// `POST /settings/integrations/{id}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<IntegrationId>) -> PageResult {
    let integration = member.org.integration(id).await?;
    match member.org.remove_integration(id, member.now).await {
        Ok(()) => {
            app.account_changes.note();
            Ok(see_other_saying(
                &app,
                HREF,
                &format!("{} is removed, and its keys are gone.", integration.name),
            ))
        }
        Err(StoreError::Stale) => {
            let words = "A broadcast that is scheduled, running or paused sends through this account. Let it end or cancel it, then remove the account.";
            Ok((StatusCode::CONFLICT, removal_page(&member, &integration, Some(words))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn removal_page(member: &Member, integration: &Integration, refused: Option<&str>) -> Markup {
    let own = href(integration.id);
    let confirm = Confirm {
        id: "remove".into(),
        title: format!("Remove {}?", integration.name),
        body: html! {
            @if let Some(words) = refused { (Note::new(Tone::Fail, "It is still needed.", words)) }
            p { "Its keys are deleted and its webhook address stops working. What was sent through it stays in the history. This cannot be undone." }
        },
        action: format!("{own}/remove"),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove account").busy("Removing…"),
        back: ("Keep it".into(), own),
    };
    sub_page(member, "Remove account", confirm.page())
}
