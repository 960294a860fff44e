//! What needs a person now: the matters of an organisation and how each of its accounts stands, derived from what the store holds and
//! from what the vendors said last. Nobody is waited for, and no row of a message is read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{
    attention::{AboutAccount, Matter, OngoingBroadcast, in_order},
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::{IntegrationId, OrganizationId},
    money::Money,
    reason::Reason,
    retry::OFTEN,
    sequence::RowState,
    time::{HOUR, Millis},
};
use providers::{AccountStanding, Status};
use store::{
    Org, Organization, StoreError,
    attention::{RECEIPTS_DUE_MS, SILENCE_SHOWN_MS, UnsettledBroadcast},
    integrations::{Account as Stored, Integration},
    linked::LinkedAccount,
    plans::PlanMatter,
};

use crate::{AccountState, Composer};

/// Derived matters serve every page of an organisation for this time, unless something changed meanwhile.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// Organisations whose matters are kept; beyond, all are derived anew.
const KEPT_MAX: usize = 1_000;
/// Fewer messages without a receipt prove no silence: phones may be off.
const SILENT_LEAST: i64 = 5;

/// What needs somebody now, and the states of the accounts.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The matters, the most pressing first.
    pub matters: Vec<Matter>,
    /// The state of each account.
    pub accounts: HashMap<IntegrationId, AccountState>,
}

/// What was derived lately, per organisation.
pub(crate) type Noticed = Mutex<HashMap<OrganizationId, (Instant, Arc<Attention>)>>;

impl Composer {
    /// What needs a person of this organisation now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn attention(
        &self,
        org: &Org,
        organization: &Organization,
    ) -> Result<Arc<Attention>, StoreError> {
        if let Some(known) = self.noticed(organization.id) {
            return Ok(known);
        }
        let now = self.clock.now();
        let derived = Arc::new(self.derive(org, organization, now).await?);
        if let Ok(mut kept) = self.noticed.lock() {
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert(organization.id, (Instant::now(), derived.clone()));
        }
        Ok(derived)
    }

    /// Says that somebody changed something in this organisation: what was derived before is no longer shown.
    pub fn attention_changed(&self, organization: OrganizationId) {
        if let Ok(mut kept) = self.noticed.lock() {
            kept.remove(&organization);
        }
    }

    /// How an account stands, as far as is known here: the same on every page that shows it. Nothing goes out through it while somebody
    /// has stopped all sending.
    pub fn account_state(&self, account: &Integration) -> AccountState {
        let stopped = self.noticed.lock().ok().and_then(|kept| {
            let (_, known) = kept.get(&account.organization)?;
            known.matters.iter().find_map(|matter| match matter {
                Matter::SendingStopped { by, at, .. } => {
                    Some(AccountState::Stopped { by: by.clone(), at: *at })
                }
                _ => None,
            })
        });
        stopped.unwrap_or_else(|| self.own_state(account))
    }

    /// How an account stands by itself: what is told about a stop of all sending still goes out through it.
    pub fn own_state(&self, account: &Integration) -> AccountState {
        let low = self.noticed.lock().is_ok_and(|kept| {
            let known =
                kept.get(&account.organization).and_then(|(_, known)| known.accounts.get(&account.id));
            known == Some(&AccountState::LowBalance)
        });
        let state = AccountState::of(account, self.known(account).as_ref(), low, self.clock.now());
        let refused = self.proven_by_campaign(account) == Some(AccountStanding::Refused);
        match state {
            AccountState::Told(AccountStanding::Ready | AccountStanding::NotProven)
            | AccountState::NotTested
                if refused =>
            {
                AccountState::Told(AccountStanding::Refused)
            }
            state => state,
        }
    }

    fn noticed(&self, organization: OrganizationId) -> Option<Arc<Attention>> {
        let kept = self.noticed.lock().ok()?;
        let (at, known) = kept.get(&organization)?;
        (at.elapsed() < KEPT_FOR).then(|| known.clone())
    }

    async fn derive(
        &self,
        org: &Org,
        organization: &Organization,
        now: Millis,
    ) -> Result<Attention, StoreError> {
        let open = org.broadcasts_to_look_at(now).await?;
        let accounts = org.integrations().await?;
        let mut attention = Attention::default();
        let waiting: i64 = open.iter().map(|open| open.waiting).sum();
        if let Some((at, by)) = &organization.stopped {
            attention.matters.push(Matter::SendingStopped { by: by.clone(), at: *at, waiting });
        }
        for account in &accounts {
            self.look_at(account, &open, now, &mut attention);
        }
        attention.matters.extend(open.iter().filter_map(paused));
        attention.matters.extend(open.iter().filter_map(in_doubt));
        attention.matters.extend(open.iter().filter_map(|open| post_due(open, now)));
        if organization.stopped.is_none() {
            attention.matters.extend(open.iter().filter_map(|one| late(one, &open, &accounts, now)));
        }
        // An organisation without a linked account is asked nothing.
        if open.iter().any(|open| open.broadcast.channel == Channel::WhatsappGroup && open.asked.is_none()) {
            let linked = org.linked_accounts().await?;
            let not_ready = linked.iter().filter(|linked| !linked.posts(now));
            let about = |linked: &LinkedAccount| accounts.iter().find(|account| account.id == linked.account);
            attention
                .matters
                .extend(not_ready.filter_map(|linked| not_ready_for(about(linked)?, &open, now)));
        }
        attention.matters.extend(org.plan_matters(now).await?.into_iter().filter_map(step));
        for (workshop, title, starts_at, old) in org.old_times(now).await? {
            attention.matters.push(Matter::OldTime {
                workshop,
                workshop_title: title,
                told: old.starts_at,
                starts_at,
                n: old.people,
            });
        }
        let n = org.posts_to_look_at().await?;
        if n > 0 {
            attention.matters.push(Matter::NotUnderstood { n });
        }
        let kept = org.registrations_kept(now).await?.into_iter().map(|kept| Matter::Kept {
            workshop: kept.workshop,
            workshop_title: kept.workshop_title,
            import: kept.import,
            n: kept.n,
        });
        attention.matters.extend(kept);
        attention.matters = in_order(attention.matters);
        Ok(attention)
    }

    /// How an account stands, and what about it needs somebody.
    fn look_at(&self, account: &Integration, open: &[UnsettledBroadcast], now: Millis, to: &mut Attention) {
        let own: Vec<&UnsettledBroadcast> =
            open.iter().filter(|open| open.broadcast.account == account.id).collect();
        let waiting = own.iter().map(|open| open.waiting).sum();
        if waiting > 0 && account.stopped_at.is_none() {
            let refusals = own.iter().filter(|open| is_of_provider(open)).filter_map(|open| open.stopped_at);
            self.ask_behind(account, refusals.max());
        }
        let known = self.known(account);
        let low = short_of(&own, known.as_ref());
        let state = AccountState::of(account, known.as_ref(), low.is_some(), now);
        let about =
            || AboutAccount { id: account.id, name: account.name.clone(), kind: account.kind.clone() };
        match &state {
            AccountState::Stopped { by, at } if waiting > 0 => {
                to.matters.push(Matter::AccountStopped { account: about(), by: by.clone(), at: *at, waiting })
            }
            AccountState::KeyNeeded => {
                to.matters.push(Matter::AccountRefused { account: about(), said: String::new(), waiting });
            }
            state if state.is_refused() => {
                let said = known.map(|status| status.said).unwrap_or_default();
                to.matters.push(Matter::AccountRefused { account: about(), said, waiting });
            }
            _ => {}
        }
        if account.stopped_at.is_none() && !state.is_refused() {
            to.matters.extend(not_taking(&own, about));
        }
        // Where a broadcast stands still for it already, that is the matter.
        let stands = own.iter().any(|open| open.status == BroadcastStatus::Paused && is_of_provider(open));
        if let Some((balance, needed)) = low.filter(|_| !stands) {
            to.matters.push(Matter::WalletLow { account: about(), balance, needed });
        }
        if let Some((handed_over, since)) =
            silent(account, &own, now).filter(|_| self.takes_receipts(account))
        {
            to.matters.push(Matter::ReceiptsSilent { account: about(), handed_over, since });
        }
        to.accounts.insert(account.id, state);
    }

    fn takes_receipts(&self, account: &Integration) -> bool {
        let stored = Stored {
            id: account.id,
            organization: account.organization,
            kind: account.kind.clone(),
            settings: account.settings.clone(),
            sealed: account.sealed.clone(),
        };
        self.accounts.open(&stored).is_ok_and(|account| account.can().takes_receipts)
    }
}

/// What its provider does not take for more than a moment.
fn not_taking(own: &[&UnsettledBroadcast], about: impl Fn() -> AboutAccount) -> Option<Matter> {
    let put_off: Vec<&&UnsettledBroadcast> = own.iter().filter(|open| open.tries >= OFTEN).collect();
    let deadline = put_off.iter().map(|open| open.deadline).min()?;
    let waiting = put_off.iter().map(|open| open.waiting).sum();
    Some(Matter::NotTaking { account: about(), waiting, deadline })
}

/// A step that does not go; `None` where nobody can do anything about it.
fn step(of: PlanMatter) -> Option<Matter> {
    let missed = of.state == RowState::Missed;
    (missed || of.why.needs_somebody()).then_some(Matter::Step {
        row: of.row,
        name: of.label,
        workshop: of.workshop,
        workshop_title: of.title,
        due: of.due,
        until: of.until,
        why: of.why,
        said: of.words,
        state: of.state,
    })
}

/// What is left and what is needed, when that is more.
fn short_of(own: &[&UnsettledBroadcast], known: Option<&Status>) -> Option<(Money, Money)> {
    let balance = known?.balance?;
    let needed: Money = own.iter().map(|open| open.cost_to_come()).sum();
    (needed > balance).then_some((balance, needed))
}

fn is_of_provider(open: &UnsettledBroadcast) -> bool {
    matches!(open.stop_code, Reason::Provider(_))
}

fn paused(open: &UnsettledBroadcast) -> Option<Matter> {
    let stands = open.status == BroadcastStatus::Paused && open.waiting > 0;
    stands.then(|| Matter::Paused {
        broadcast: open.broadcast.clone(),
        why: open.stop_code.clone(),
        said: open.stop_text.clone(),
        by: open.stopped_by.clone(),
        at: open.stopped_at.unwrap_or(open.starts_at),
        waiting: open.waiting,
        deadline: open.deadline,
    })
}

/// Posts are looked at so long before they are due.
const SOON_MS: i64 = HOUR;

/// Posts that are due, or soon will be, of an account that cannot post.
fn not_ready_for(account: &Integration, open: &[UnsettledBroadcast], now: Millis) -> Option<Matter> {
    let under_way = |open: &&UnsettledBroadcast| {
        matches!(open.status, BroadcastStatus::Scheduled | BroadcastStatus::InProgress)
    };
    let due = |open: &&UnsettledBroadcast| {
        open.waiting > 0 && open.starts_at <= now.plus(SOON_MS) && now < open.deadline
    };
    let own = open.iter().filter(|open| open.broadcast.account == account.id).filter(under_way).filter(due);
    let (waiting, deadline) =
        own.fold((0, Millis(i64::MAX)), |(n, first), open| (n + open.waiting, first.min(open.deadline)));
    (waiting > 0).then(|| Matter::AccountNotReady {
        account: AboutAccount { id: account.id, name: account.name.clone(), kind: account.kind.clone() },
        waiting,
        deadline,
    })
}

/// A post whose moment has come, and that a person is to make.
fn post_due(open: &UnsettledBroadcast, now: Millis) -> Option<Matter> {
    let under_way = matches!(open.status, BroadcastStatus::Scheduled | BroadcastStatus::InProgress);
    let due = under_way && open.starts_at <= now && now < open.deadline && open.waiting > 0;
    let asked = open.asked.clone().filter(|_| due)?;
    Some(Matter::PostDue {
        broadcast: open.broadcast.clone(),
        asked,
        waiting: open.waiting,
        deadline: open.deadline,
    })
}

fn in_doubt(open: &UnsettledBroadcast) -> Option<Matter> {
    (open.unknown > 0).then(|| Matter::Unknown { broadcast: open.broadcast.clone(), n: open.unknown })
}

/// Handed over and never reported, when receipts should have begun to come.
fn silent(account: &Integration, own: &[&UnsettledBroadcast], now: Millis) -> Option<(i64, Millis)> {
    let due = own.iter().filter(|open| {
        open.reported == 0
            && open.started_at.is_some_and(|at| {
                let age = now.since(at);
                let heard = account.last_receipt_at.is_some_and(|last| last >= at);
                !heard && age > RECEIPTS_DUE_MS && age < SILENCE_SHOWN_MS
            })
    });
    let (n, since) = due
        .fold((0, now), |(n, since), open| (n + open.handed_over, since.min(open.started_at.unwrap_or(now))));
    (n >= SILENT_LEAST).then_some((n, since))
}

/// A broadcast under way or to come that would not be done when its workshop begins.
fn late(
    open: &UnsettledBroadcast,
    all: &[UnsettledBroadcast],
    accounts: &[Integration],
    now: Millis,
) -> Option<Matter> {
    if !matches!(open.status, BroadcastStatus::Scheduled | BroadcastStatus::InProgress) {
        return None;
    }
    let account = accounts.iter().find(|account| account.id == open.broadcast.account)?;
    if account.stopped_at.is_some() {
        return None;
    }
    let begins = open.starts_at.max(now).max(account.held_until);
    // Smaller ones are served first.
    let ahead: i64 = all
        .iter()
        .filter(|other| other.broadcast.account == account.id && other.broadcast.id != open.broadcast.id)
        .filter(|other| other.status == BroadcastStatus::InProgress && other.waiting < open.waiting)
        .map(|other| other.waiting)
        .sum();
    // A call may carry many people with one text: how long that takes is not known here.
    let took_ms = match open.is_shared {
        true => 0,
        false => open.waiting.saturating_add(ahead).saturating_mul(1_000) / account.pace.per_second.max(1),
    };
    let going = OngoingBroadcast {
        broadcast: open.broadcast.clone(),
        waiting: open.waiting,
        workshop_starts_at: open.workshop_starts_at,
        deadline: open.deadline,
        done_at: begins.plus(took_ms),
    };
    going.late(now)
}
