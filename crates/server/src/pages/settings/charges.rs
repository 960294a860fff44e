//! What the provider said it charged for SMS, per day and per broadcast, against what was estimated.

use axum::response::IntoResponse;
use domain::{
    broadcast::BroadcastStatus, channel::Channel, ids::IntegrationId, message::MessageState, money::Money,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    broadcasts::{Broadcast, BroadcastFilter},
    integrations::Integration,
};

use super::prices;
use crate::{
    http::{
        error::PageResult,
        extract::{Member, Query},
    },
    pages::settings_page,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        field::{Choice, Field},
        format::{counted, grouped, rupees},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Crumb,
        table::{Column, Place, Row, Table, name},
    },
};

pub(super) const HREF: &str = "/settings/charges";
/// Broadcasts that are looked at, the newest ones: some months of an organisation with a few a day.
const BROADCASTS: i64 = 300;
/// Above this share of the estimate, in hundredths, a difference is worth a look.
const NOTABLE_PERCENT: i64 = 5;

/// Which account. An old or wrong value shows all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    account: String,
}

/// Money of some broadcasts together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    /// Label of the day, such as `Tue 13 Oct`.
    day: String,
    broadcasts: i64,
    messages: i64,
    charged: Money,
    expected: Money,
}

impl Sum {
    fn add(&mut self, broadcast: &Broadcast) {
        self.broadcasts += 1;
        self.messages += charged_messages(broadcast);
        self.charged = Money(self.charged.0.saturating_add(broadcast.actual_cost().0));
        self.expected = Money(self.expected.0.saturating_add(broadcast.expected_cost().0));
    }
}

/// Messages that the provider took, as far as is known.
fn charged_messages(broadcast: &Broadcast) -> i64 {
    let taken = |count: &&store::broadcasts::Count| {
        matches!(count.state, MessageState::Sent | MessageState::Delivered | MessageState::Read)
            || (count.state == MessageState::Failed && count.cost.0 > 0)
    };
    broadcast.counts.iter().filter(taken).map(|count| count.n).sum()
}

/// `GET /settings/charges`
pub async fn show(member: Member, Query(which): Query<Which>) -> PageResult {
    let mut accounts = member.org.integrations().await?;
    accounts.retain(|account| {
        providers::registry::vendor(&account.kind).is_some_and(|vendor| vendor.callback().tells_cost)
    });
    let filter = BroadcastFilter { channel: Some(Channel::Sms), ..BroadcastFilter::default() };
    let mut broadcasts = member.org.broadcasts(&filter, BROADCASTS).await?;
    let is_cut = i64::try_from(broadcasts.len()).is_ok_and(|n| n == BROADCASTS);
    let chosen = which.account.parse::<IntegrationId>().ok();
    if let Some(id) = chosen.filter(|id| accounts.iter().any(|account| account.id == *id)) {
        broadcasts.retain(|broadcast| broadcast.integration == id);
    }
    let body = html! {
        (Head::new("What was charged").meta("SMS. The provider’s own words, without GST, beside the estimate that was shown before sending.")
            .action(Button::link("Prices", prices::HREF)))
        @if accounts.len() > 1 { (account_choice(&accounts, &which.account)) }
        @if let Some(account) = accounts.iter().find(|account| accounts.len() == 1 || Some(account.id) == chosen) {
            p class="m-hint" { "The wallet’s balance stands at the account: " a class="m-link" href={ "/settings/integrations/" (account.id) } { (account.name) } "." }
        }
        @if is_cut { (Note::new(Tone::Rest, "", format!("The newest {} broadcasts.", grouped(BROADCASTS)))) }
        (Card::new("days", "By day", days_table(&days(&member, &broadcasts))))
        (Card::new("broadcasts", "By broadcast", broadcasts_table(&member, &broadcasts)))
    };
    let mut page = settings_page(&member, "What was charged", prices::HREF, body);
    page.crumbs.insert(1, Crumb::to("Prices", prices::HREF));
    Ok(page.render().into_response())
}

fn account_choice(accounts: &[Integration], current: &str) -> Markup {
    let mut options = vec![Choice::new("", "All accounts", current)];
    options.extend(accounts.iter().map(|one| Choice::new(one.id.to_string(), &one.name, current)));
    html! {
        form method="get" action=(HREF) class="m-row2" {
            (Field::select("account", "Account", options).autosubmit())
            (Button { without_script_only: true, ..Button::new("Show") })
        }
    }
}

/// Sums per local day of the first call, the newest first.
fn days(member: &Member, broadcasts: &[Broadcast]) -> Vec<Sum> {
    let began = |broadcast: &Broadcast| broadcast.started_at.unwrap_or(broadcast.starts_at);
    let mut sorted: Vec<&Broadcast> =
        broadcasts.iter().filter(|broadcast| broadcast.started_at.is_some()).collect();
    sorted.sort_by_key(|broadcast| std::cmp::Reverse(began(broadcast)));
    let mut days: Vec<Sum> = Vec::new();
    for broadcast in sorted {
        let day = member.organization.zone.date(began(broadcast), member.now);
        if days.last().is_none_or(|last| last.day != day) {
            days.push(Sum { day, ..Sum::default() });
        }
        if let Some(last) = days.last_mut() {
            last.add(broadcast);
        }
    }
    days
}

/// How far what was charged lies from the estimate; what is still being sent is not compared.
fn difference(charged: Money, expected: Money, is_over: bool) -> Markup {
    let off = charged.0.saturating_sub(expected.0);
    let notable = off.saturating_abs().saturating_mul(100) > expected.0.saturating_mul(NOTABLE_PERCENT);
    html! {
        @if !is_over { span class="m-sub" { "Still sending" } }
        @else if charged.0 == 0 { span class="m-sub" { "Nothing told" } }
        @else if !notable { (Chip { tone: Tone::Done, icon: Icon::Ok, word: "As estimated".into() }) }
        @else if off > 0 { (Chip { tone: Tone::Act, icon: Icon::Warning, word: format!("{} more", rupees(off)) }) }
        @else { (Chip { tone: Tone::Rest, icon: Icon::Check, word: format!("{} less", rupees(off.saturating_neg())) }) }
    }
}

fn days_table(days: &[Sum]) -> Table {
    let row = |day: &Sum| {
        Row::new(vec![
            html! { b { (day.day) } span class="m-sub" { (counted(day.broadcasts, "broadcast", "broadcasts")) } },
            html! { (grouped(day.messages)) },
            html! { (rupees(day.charged.0)) },
            html! { (rupees(day.expected.0)) },
        ])
    };
    Table {
        caption: "Charged by day".into(),
        columns: vec![
            Column::new("Day", Place::Title),
            Column::new("Messages", Place::Number),
            Column::new("Charged", Place::Number),
            Column::new("Estimate", Place::Number),
        ],
        rows: days.iter().map(row).collect(),
        empty: "No SMS was sent yet.".into(),
    }
}

fn broadcasts_table(member: &Member, broadcasts: &[Broadcast]) -> Table {
    let zone = &member.organization.zone;
    let row = |broadcast: &Broadcast| {
        let began = broadcast.started_at.unwrap_or(broadcast.starts_at);
        let note = format!("{} · {}", broadcast.workshop_title, zone.date(began, member.now));
        let is_over = matches!(broadcast.status, BroadcastStatus::Completed | BroadcastStatus::Cancelled);
        Row::new(vec![
            name(&format!("/broadcasts/{}", broadcast.id), &broadcast.title, &note),
            difference(broadcast.actual_cost(), broadcast.expected_cost(), is_over),
            html! { (rupees(broadcast.actual_cost().0)) },
            html! { (rupees(broadcast.expected_cost().0)) },
        ])
    };
    Table {
        caption: "Charged by broadcast".into(),
        columns: vec![
            Column::new("Broadcast", Place::Title),
            Column::new("Difference", Place::State),
            Column::new("Charged", Place::Number),
            Column::new("Estimate", Place::Number),
        ],
        rows: broadcasts.iter().map(row).collect(),
        empty: "No SMS was sent yet.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_only_where_it_is_worth_a_look() {
        let told =
            |charged, expected, is_over| difference(Money(charged), Money(expected), is_over).into_string();
        assert!(told(10_400, 10_000, true).contains("As estimated"));
        assert!(told(20_000, 10_000, true).contains("₹1.00 more"));
        assert!(told(5_000, 10_000, true).contains("₹0.50 less"));
        assert!(told(5_000, 10_000, false).contains("Still sending"));
        assert!(
            told(0, 10_000, true).contains("Nothing told"),
            "an account that tells no cost is not free of charge"
        );
    }
}
