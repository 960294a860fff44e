//! The four tabs, what stands on those that nothing sends on, and the card of the account behind WhatsApp Personal.

use domain::{
    channel::Channel,
    checks::{Check, Severity},
    role::Permission,
};
use providers::{Account, NotTold};
use store::integrations::Integration;

use super::{compose::Compose, paths, shelf::Opened, vendor};
use crate::{
    accounts::FAST2SMS,
    http::extract::Member,
    ui::{
        button::Button,
        chip::{Chip, State, Tone},
        empty::Empty,
        format::{grouped, phone, relative, rupees},
        head::Fact,
        icons::Icon,
        status_card::{Logo, LogoColour, StatusCard},
        tabs::{Tab, Tabs},
    },
};

/// The id of the form behind the button *Test*.
pub(super) const CHECK_FORM: &str = "test-account";

fn icon(channel: Channel) -> Icon {
    match channel {
        Channel::WhatsappGroup => Icon::Group,
        Channel::WhatsappPersonal => Icon::Personal,
        Channel::Sms => Icon::Sms,
        Channel::IvrCall => Icon::Call,
    }
}

/// The tabs; `current` is the state of the chosen channel, `other` that of the other one that sends.
pub(super) fn tabs(state: &Compose, current: (Tone, String), other: (Tone, String)) -> Tabs {
    let tab = |channel: &Channel| Tab {
        icon: icon(*channel),
        long: channel.title().to_owned(),
        short: channel.short_title().to_owned(),
        href: if *channel == state.channel { state.href("/") } else { state.on(*channel).href("/") },
        current: *channel == state.channel,
        state: Some(match (channel.sends(), *channel == state.channel) {
            (true, true) => current.clone(),
            (true, false) => other.clone(),
            (false, _) => (Tone::Rest, "Not available".to_owned()),
        }),
    };
    Tabs { label: "Channel", tabs: Channel::ALL.iter().map(tab).collect() }
}

/// What a channel does that this version does not send on, and the way that works.
pub(super) fn not_available(state: &Compose) -> Empty {
    let (title, text) = match state.channel {
        Channel::WhatsappGroup => (
            "Post once to the groups of a workshop",
            "One message to each WhatsApp group that belongs to the workshop, through a gateway on your own server, with how many members it reached. This version of Munadi does not post to groups.",
        ),
        Channel::IvrCall => (
            "Call people who missed the message",
            "A recorded voice reads the reminder and asks for a key: 1 to attend, 2 to opt out. This version of Munadi does not place calls.",
        ),
        Channel::WhatsappPersonal => ("Write to each registrant on WhatsApp", ""),
        Channel::Sms => ("Reach people without WhatsApp", ""),
    };
    Empty {
        icon: icon(state.channel),
        title: title.to_owned(),
        text: text.to_owned(),
        actions: vec![
            Button::link("Send on WhatsApp Personal", state.on(Channel::WhatsappPersonal).href("/"))
                .icon(Icon::Personal),
        ],
        ways: vec![],
    }
}

/// The one thing that is missing before anything can be composed.
pub(super) fn missing(
    member: &Member,
    channel: Channel,
    account: bool,
    template: bool,
    workshop: bool,
) -> Empty {
    let vendor = vendor::of(channel);
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
    match (account, template, workshop) {
        (false, _, _) => empty(
            vendor.icon,
            match channel {
                Channel::Sms => "Reach people without WhatsApp",
                _ => "Write to each registrant on WhatsApp",
            },
            vendor.invitation,
            Permission::Integrations,
            Button::primary_link(format!("Connect {}", vendor.name), paths::INTEGRATIONS).icon(Icon::Plug),
        ),
        (true, false, _) => empty(
            Icon::Edit,
            "Say what your templates say",
            match channel {
                Channel::Sms => {
                    "A template holds the registered text, its ids, and where each of its values comes from."
                }
                _ => "A template names a live campaign of AiSensy and where each of its values comes from.",
            },
            Permission::Manage,
            Button::primary_link("Add a template", vendor.new_template).icon(Icon::Plus),
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

/// How the channel stands, in one word.
pub(super) fn standing(account: Option<&Integration>, opened: Option<&Opened>, checks: &[Check]) -> Chip {
    let (Some(account), Some(opened)) = (account, opened) else { return State::NotSetUp.chip() };
    if account.stopped_at.is_some() {
        return Chip { tone: Tone::Act, icon: Icon::Pause, word: "Stopped".to_owned() };
    }
    if opened.account.is_err() {
        return State::Disconnected.chip();
    }
    let found = |title: &str| checks.iter().any(|c| c.severity == Severity::Error && c.title == title);
    if found("AiSensy refuses this campaign") || found("Fast2SMS refuses this account") {
        return Chip { tone: Tone::Fail, icon: Icon::Error, word: "Refused".to_owned() };
    }
    if found("The wallet is too low") {
        return State::LowBalance.chip();
    }
    if opened.facts().is_some_and(|facts| !matches!(facts.status.as_str(), "" | "ACTIVE")) {
        return State::Setup.chip();
    }
    State::Ready.chip()
}

/// The account's card.
pub(super) fn status(
    member: &Member,
    channel: Channel,
    account: Option<&Integration>,
    opened: Option<&Opened>,
    chip: Chip,
) -> StatusCard {
    let vendor = vendor::of(channel);
    let configure = Button::link("Configure", paths::INTEGRATIONS).icon(Icon::Settings);
    let (Some(account), Some(opened)) = (account, opened) else {
        return StatusCard {
            logo: Logo { letters: vendor.letters, colour: LogoColour::Grey },
            name: vendor.name.to_owned(),
            chip,
            note: "No account is connected".to_owned(),
            facts: vec![],
            actions: if member.may(Permission::Integrations) { vec![configure] } else { vec![] },
        };
    };
    let mut actions = Vec::new();
    if member.may(Permission::Send) {
        actions.push(Button::new("Test").icon(Icon::Test).form(CHECK_FORM).busy("Asking…"));
    }
    actions.push(configure.to(paths::integration(account.id)));
    StatusCard {
        logo: Logo { letters: vendor.letters, colour: LogoColour::Violet },
        name: format!("{} · {}", vendor.name, account.name),
        chip,
        note: note(opened),
        facts: facts(member, account, opened),
        actions,
    }
}

fn note(opened: &Opened) -> String {
    if let Ok(Account::Fast2sms(_)) = &opened.account {
        return "delivery is reported, and asked for".to_owned();
    }
    let receipts = if opened.takes_receipts() {
        "receipts on"
    } else {
        "no receipts: messages end at “handed over”"
    };
    match opened.facts().map(|facts| facts.wa_number.as_str()).filter(|number| !number.is_empty()) {
        Some(number) => {
            let number = format!("+{}", number.trim_start_matches('+'));
            format!("{} · {receipts}", phone(&number))
        }
        None => receipts.to_owned(),
    }
}

fn facts(member: &Member, account: &Integration, opened: &Opened) -> Vec<Fact> {
    let mut facts = Vec::new();
    match &opened.wallet {
        Some(Ok(wallet)) => facts.push(Fact::new("Wallet", rupees(wallet.balance.0))),
        Some(Err(NotTold::Refused(said))) => {
            facts.push(Fact::new("Wallet", "n/a").note(said.text.chars().take(60).collect::<String>()));
        }
        Some(Err(_)) => facts.push(Fact::new("Wallet", "n/a").note("Fast2SMS has not answered yet")),
        None if account.kind == FAST2SMS => {
            facts.push(Fact::new("Wallet", "n/a").note("Fast2SMS has not answered yet"));
        }
        None => whatsapp_facts(opened, &mut facts),
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

/// Wallet and tier of a WhatsApp number.
fn whatsapp_facts(opened: &Opened, facts: &mut Vec<Fact>) {
    match (&opened.project, opened.facts()) {
        (_, Some(project)) => {
            if let Some(credit) = project.credit {
                facts.push(Fact::new("Wallet", rupees(credit.0)));
            }
            let tier = match project.tier_limit {
                Some(i64::MAX) => Some("unlimited".to_owned()),
                Some(people) => Some(grouped(people)),
                None => None,
            };
            if let Some(tier) = tier {
                facts.push(Fact::new("People in 24 h", tier).note("allowed by WhatsApp"));
            }
        }
        (Some(Err(NotTold::Refused(said))), None) => {
            facts.push(Fact::new("Wallet", "n/a").note(said.text.chars().take(60).collect::<String>()));
        }
        (Some(_), None) => facts.push(Fact::new("Wallet", "n/a").note("AiSensy has not answered yet")),
        (None, None) => {
            facts.push(Fact::new("Wallet", "n/a").note("needs the project password"));
        }
    }
}
