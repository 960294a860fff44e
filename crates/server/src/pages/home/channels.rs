//! The four tabs, what stands on those that nothing sends on, and the card of the account behind the chosen one.

use domain::{channel::Channel, role::Permission, template::Message, told::Purpose};
use maud::{Markup, Render, html};
use providers::{AccountStanding, Vendor, vendor::CallbackProof};
use store::{integrations::Integration, templates::Template, work::Ceiling};

use super::{
    calls,
    choices::{Choices, Opened},
    compose::Compose,
    paths, vendor,
};
use crate::{
    app::App,
    http::{extract::Member, top_up},
    pages::settings::{
        integrations::{logo, shown_number, state_chip},
        templates,
    },
    ui::{
        button::Button,
        chip::{Chip, State, Tone},
        empty::{Empty, Way},
        format::{form_value, grouped, relative, rupees},
        head::{Card, Fact},
        icons::Icon,
        status_card::{Logo, LogoColour, StatusCard},
        table::name,
        tabs::{Tab, Tabs},
    },
};

/// The id of the form behind the button *Test*.
pub(super) const CHECK_FORM: &str = "test-account";

/// The tabs; `standings` says how each channel that sends stands.
pub(super) fn tabs(state: &Compose, standings: &[(Channel, (Tone, String))]) -> Tabs {
    let standing = |channel: Channel| standings.iter().find(|(with, _)| *with == channel);
    let tab = |channel: &Channel| Tab {
        icon: Icon::of(*channel),
        long: channel.title().to_owned(),
        short: channel.short_title().to_owned(),
        href: if *channel == state.channel { state.href("/") } else { state.on(*channel).href("/") },
        current: *channel == state.channel,
        state: Some(
            standing(*channel).map_or((Tone::Rest, "Not available".to_owned()), |(_, state)| state.clone()),
        ),
    };
    Tabs { label: "Channel", tabs: Channel::ALL.iter().map(tab).collect() }
}

/// What a channel does that this version does not send on, and the way that works.
pub(super) fn not_available(state: &Compose) -> Empty {
    let rules = state.channel.rules();
    let works = Channel::to_people().map(|channel| {
        let link = Button::link(format!("Send on {}", channel.title()), state.on(channel).href("/"));
        link.icon(Icon::of(channel))
    });
    Empty {
        icon: Icon::of(state.channel),
        title: rules.invitation.to_owned(),
        text: rules.not_available.unwrap_or_default().to_owned(),
        actions: works.take(1).collect(),
        ways: vec![],
    }
}

/// The one thing that is missing before anything can be composed.
pub(super) fn missing(
    member: &Member,
    state: &Compose,
    account: bool,
    template: bool,
    workshop: bool,
) -> Empty {
    let channel = state.channel;
    let vendor = vendor::of(channel, None);
    let empty = |icon, title: &str, text: &str, permission, button: Button| Empty {
        icon,
        title: title.to_owned(),
        text: if member.may(permission) {
            text.to_owned()
        } else {
            format!("{text} Ask somebody whose role allows it.")
        },
        actions: if member.may(permission) { vec![button] } else { vec![] },
        ways: vec![],
    };
    let (title, text) = templates::none_yet(channel).unwrap_or_default();
    match (account, template, workshop) {
        (false, _, _) if vendor::several(channel) && member.may(Permission::Integrations) => Empty {
            icon: Icon::of(channel),
            title: channel.rules().invitation.to_owned(),
            text: "Choose the provider that places the calls. Each says what it needs, and what it can do."
                .to_owned(),
            actions: vec![],
            ways: providers::registry::serving(channel).map(way).collect(),
        },
        (false, _, _) => empty(
            Icon::of(channel),
            channel.rules().invitation,
            vendor.map_or("", |vendor| vendor.introduction().invitation),
            Permission::Integrations,
            Button::primary_link(format!("Connect {}", vendor::name(channel, None)), connect(channel))
                .icon(Icon::Plug),
        ),
        (true, false, _) => empty(
            Icon::Edit,
            title,
            &text,
            Permission::Manage,
            Button::primary_link("Add a template", templates::new_page(channel)).icon(Icon::Plus),
        ),
        (true, true, false) => empty(
            Icon::Workshop,
            "Nothing to announce yet",
            "Enter a workshop and its registrants, and tell them here.",
            Permission::Manage,
            Button::primary_link("Add a workshop", paths::NEW_WORKSHOP).icon(Icon::Plus),
        ),
        (true, true, true) => empty(
            Icon::Question,
            "Nothing to compose",
            "Choose a workshop.",
            Permission::Read,
            Button::link("All workshops", paths::WORKSHOPS),
        ),
    }
}

/// The templates to choose from where a link wanted one for something that none is for.
pub(super) fn choose_template(member: &Member, choices: &Choices, state: &Compose) -> Markup {
    let channel = state.channel;
    let wanted = choices.no_template_for.as_ref().map(Purpose::title).unwrap_or_default();
    // What tells the team of alerts is no message to people.
    let is_alert = |message: &Message| message.sources().any(|source| source.is_of_alerts());
    let others = choices.templates.iter().filter(|(_, message)| !is_alert(message));
    let to = |template: &Template| {
        let with = Compose { template: Some(template.id), ..state.clone() };
        let purpose = state
            .purpose
            .as_ref()
            .map_or(String::new(), |one| format!("&purpose={}", form_value(one.word())));
        format!("{}{purpose}#compose", with.href("/"))
    };
    Card::new("compose", format!("No template here is for “{wanted}”"), html! {
        div class="m-stack" {
            p class="m-p" { "Add one for it, or choose another one below: these people may have been told that before." }
            @if member.may(Permission::Manage) {
                div class="m-acts" { (Button::primary_link("Add a template", templates::new_page(channel)).icon(Icon::Plus)) }
            }
            ul class="m-runlist" { @for (template, _) in others {
                li class="m-runws" { (name(&to(template), &template.name, &template.purpose.title())) }
            } }
        }
    })
    .padded()
    .render()
}

/// A vendor whose account can be connected.
fn way(vendor: &'static dyn Vendor) -> Way {
    Way {
        logo: logo(vendor),
        title: vendor.name().to_owned(),
        note: vendor.introduction().invitation.to_owned(),
        href: format!("{}/new/{}", paths::INTEGRATIONS, vendor.kind()),
    }
}

/// How the channel stands, in one word: as the account does, wherever it is shown.
pub(super) fn standing(app: &App, account: Option<&Integration>, opened: Option<&Opened>) -> Chip {
    let (Some(account), Some(opened)) = (account, opened) else { return State::NotSetUp.chip() };
    if opened.account.is_err() && !account.sealed.is_empty() {
        return State::Disconnected.chip();
    }
    state_chip(&app.composer.account_state(account))
}

/// The account's card.
pub(super) fn status(
    app: &App,
    member: &Member,
    channel: Channel,
    account: Option<&Integration>,
    opened: Option<&Opened>,
    ceiling: Option<&Ceiling>,
    chip: Chip,
) -> StatusCard {
    let vendor = vendor::of(channel, account);
    let name = vendor::name(channel, account);
    let configure = Button::link("Configure", paths::INTEGRATIONS).icon(Icon::Settings);
    let undecided = account.is_none() && vendor::several(channel);
    let letters = vendor.filter(|_| !undecided).map_or("–", |vendor| vendor.introduction().letters);
    let (Some(account), Some(opened), Some(vendor)) = (account, opened, vendor) else {
        return StatusCard {
            logo: Logo { letters, colour: LogoColour::Grey },
            name: if undecided { channel.title() } else { name }.to_owned(),
            chip,
            note: "No account is connected".to_owned(),
            facts: vec![],
            actions: if member.may(Permission::Integrations) { vec![configure] } else { vec![] },
        };
    };
    let mut actions = Vec::new();
    if member.may(Permission::Send) {
        if app.composer.account_state(account).wants_credit() {
            actions.push(top_up::button(app, &account.kind, account.id));
        }
        actions.push(Button::new("Test").icon(Icon::Test).form(CHECK_FORM).busy("Asking…"));
    }
    actions.push(configure.to(paths::integration(account.id)));
    StatusCard {
        logo: logo(vendor),
        name: format!("{name} · {}", account.name),
        chip,
        note: note(vendor, opened),
        facts: facts(member, name, account, opened, ceiling),
        actions,
    }
}

/// The address at which an account for the channel is connected: the form of the only vendor that serves it, otherwise
/// the choice of vendors.
fn connect(channel: Channel) -> String {
    let mut vendors = providers::registry::serving(channel);
    match (vendors.next(), vendors.next()) {
        (Some(only), None) => format!("{}/new/{}", paths::INTEGRATIONS, only.kind()),
        _ => paths::INTEGRATIONS.to_owned(),
    }
}

/// The number that people see, and how what became of messages is learnt.
fn note(vendor: &dyn Vendor, opened: &Opened) -> String {
    let number = opened.status.as_ref().map_or("", |status| status.number.as_str());
    if let Some(calls) = opened.account.as_deref().ok().and_then(|account| calls::note(account, number)) {
        return calls;
    }
    let looks_up = opened.account.as_ref().is_ok_and(|account| account.can().looks_up);
    let receipts = match (opened.takes_receipts(), vendor.callback().proof) {
        (true, CallbackProof::Address) if looks_up => "delivery is reported, and asked for",
        (true, _) => "receipts on",
        (false, _) => "no receipts: messages end at “handed over”",
    };
    match opened.status.as_ref().map(|status| status.number.as_str()).filter(|number| !number.is_empty()) {
        Some(number) => format!("{} · {receipts}", shown_number(number)),
        None => receipts.to_owned(),
    }
}

fn facts(
    member: &Member,
    vendor: &str,
    account: &Integration,
    opened: &Opened,
    ceiling: Option<&Ceiling>,
) -> Vec<Fact> {
    let mut facts = vec![wallet(vendor, opened)];
    if let Some(calls) = opened.account.as_deref().ok().and_then(calls::facts) {
        facts.extend(calls);
        return facts;
    }
    let own = ceiling.filter(|ceiling| ceiling.allowed > 0);
    if let Some(own) = own {
        // The provider may allow fewer than the account is set to.
        let allowed = opened.people_a_day().map_or(own.allowed, |people| people.min(own.allowed));
        facts.push(Fact::new("Used in 24 h", format!("{} of {}", grouped(own.used), grouped(allowed))));
    } else if let Some(people) = opened.people_a_day() {
        let people = if people == i64::MAX { "unlimited".to_owned() } else { grouped(people) };
        facts.push(Fact::new("People in 24 h", people).note("allowed by the provider"));
    }
    facts.push(Fact::new("Pace", format!("{} /s", account.pace.per_second)));
    let zone = &member.organization.zone;
    facts.push(match account.last_receipt_at {
        Some(at) => Fact::new("Last receipt", zone.time(at)).note(relative(at.0, member.now.0)),
        None if opened.takes_receipts() => Fact::new("Last receipt", "–").note("none has come yet"),
        None => Fact::new("Last receipt", "n/a").note("no webhook secret"),
    });
    facts
}

/// What is left, or why that is not known.
fn wallet(vendor: &str, opened: &Opened) -> Fact {
    let unknown = |why: String| Fact::new("Wallet", "n/a").note(why);
    let silent = || unknown(format!("{vendor} has not answered yet"));
    let Some(status) = &opened.status else { return silent() };
    match (status.balance, status.standing) {
        (Some(balance), _) => Fact::new("Wallet", rupees(balance.0)),
        (None, AccountStanding::Silent) => silent(),
        (None, _) => unknown(status.balance_note.chars().take(60).collect()),
    }
}
