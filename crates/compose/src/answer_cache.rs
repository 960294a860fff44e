//! What providers said lately about a campaign and an account. Pages do not wait for providers: they show what is known, and the question
//! is put again in the background.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    checks::Probe,
    ids::IntegrationId,
    template::Message,
    time::{MINUTE, Millis, SECOND},
};
use providers::{Account, AccountStanding, Status};
use store::integrations::Integration;

use crate::Composer;

/// An answer is as good as new for so long.
const FRESH_MS: i64 = MINUTE;
/// Silence is asked about again sooner, and so is what prevents sending: somebody may have mended it at the vendor.
const SILENCE_MS: i64 = 10 * SECOND;
/// An older answer is still shown for so long while a new one is fetched.
const STALE_MS: i64 = 10 * MINUTE;
/// Answers kept; beyond, all are forgotten and asked for again.
const KEPT_MAX: usize = 1_000;

/// How long somebody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A page that must be quick; an older answer will do.
    Page,
    /// A decision: the answer has to be a fresh one.
    Decision,
    /// A person asked for a new answer.
    Anew,
}

impl Wait {
    fn longest(self) -> Duration {
        match self {
            Wait::Page => Duration::from_millis(250),
            Wait::Decision => Duration::from_secs(3),
            Wait::Anew => Duration::from_secs(10),
        }
    }
}

/// Which account, with which secrets: replaced ones make a new question.
type AccountKey = (IntegrationId, Millis);

/// Recent answers of all accounts of the program.
#[derive(Debug, Default)]
pub struct AnswerCache {
    probes: Cache<(AccountKey, String), Probe>,
    accounts: Cache<AccountKey, Status>,
}

#[derive(Debug)]
struct Cache<K, V>(Mutex<HashMap<K, (Millis, V)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Cache(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn get(&self, key: &K) -> Option<(Millis, V)> {
        self.0.lock().ok()?.get(key).cloned()
    }

    fn put(&self, key: K, now: Millis, value: V) {
        if let Ok(mut kept) = self.0.lock() {
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert(key, (now, value));
        }
    }

    fn forget(&self, key: &K) {
        if let Ok(mut kept) = self.0.lock() {
            kept.remove(key);
        }
    }
}

/// What to do about a kept answer.
enum Look<V> {
    Use(V),
    UseAndAsk(V),
    Ask,
}

fn look<V>(kept: Option<(Millis, V)>, open: impl Fn(&V) -> bool, wait: Wait, now: Millis) -> Look<V> {
    let Some((at, value)) = kept else { return Look::Ask };
    let age = now.since(at);
    let fresh = if open(&value) { SILENCE_MS } else { FRESH_MS };
    match wait {
        Wait::Anew => Look::Ask,
        Wait::Page | Wait::Decision if age < fresh => Look::Use(value),
        Wait::Page if age < STALE_MS => Look::UseAndAsk(value),
        Wait::Page | Wait::Decision => Look::Ask,
    }
}

/// What the provider says about what would be sent; [`Probe::Silent`] when it takes too long.
pub(crate) async fn probe(
    composer: &Composer,
    of: &Integration,
    account: &Arc<dyn Account>,
    message: &Message,
    wait: Wait,
) -> Probe {
    let key = ((of.id, of.secrets_set_at), message.name_there().to_owned());
    let open = |probe: &Probe| match probe {
        Probe::Answered { live, .. } => !live,
        Probe::KeyRefused(_) | Probe::Refused(_) | Probe::Silent(_) => true,
    };
    let look = look(composer.lately.probes.get(&key), open, wait, composer.clock.now());
    if let Look::Use(probe) = look {
        return probe;
    }
    let (asker, account, message) = (composer.clone(), account.clone(), message.clone());
    let asking = tokio::spawn(async move {
        let probe = account.probe(&asker.http, &message).await;
        asker.lately.probes.put(key, asker.clock.now(), probe.clone());
        probe
    });
    match look {
        Look::UseAndAsk(probe) => probe,
        Look::Use(_) | Look::Ask => match tokio::time::timeout(wait.longest(), asking).await {
            Ok(Ok(probe)) => probe,
            // It goes on asking: the next page has the answer.
            Ok(Err(_)) | Err(_) => Probe::Silent("It has not answered yet".to_owned()),
        },
    }
}

/// What an account tells about itself; `None` when it takes too long.
pub(crate) async fn status(
    composer: &Composer,
    of: &Integration,
    account: &Arc<dyn Account>,
    wait: Wait,
) -> Option<Status> {
    let key = (of.id, of.secrets_set_at);
    let open = |status: &Status| match status.standing {
        AccountStanding::NotProven | AccountStanding::Ready => false,
        AccountStanding::NoMoney
        | AccountStanding::NotLive
        | AccountStanding::NotActive
        | AccountStanding::Refused
        | AccountStanding::Silent => true,
    };
    let look = look(composer.lately.accounts.get(&key), open, wait, composer.clock.now());
    if let Look::Use(status) = look {
        return Some(status);
    }
    let (asker, account) = (composer.clone(), account.clone());
    let asking = tokio::spawn(async move {
        let status = account.status(&asker.http, "").await;
        asker.lately.accounts.put(key, asker.clock.now(), status.clone());
        status
    });
    match look {
        Look::UseAndAsk(status) => Some(status),
        Look::Use(_) | Look::Ask => tokio::time::timeout(wait.longest(), asking).await.ok()?.ok(),
    }
}

impl Composer {
    /// What an account said last, without asking anybody: in this process, else at the test that is kept with the account. `None` where
    /// it was never asked.
    pub fn known(&self, of: &Integration) -> Option<Status> {
        let lately = self.lately.accounts.get(&(of.id, of.secrets_set_at)).map(|(_, status)| status);
        // Silence proves nothing about the account: what it said before stands.
        let mut known =
            lately.filter(|status| status.standing != AccountStanding::Silent).or_else(|| kept(of));
        // A vendor that tells nothing of an account proves its key by what it says about a campaign.
        if known.as_ref().is_none_or(|status| status.standing == AccountStanding::NotProven)
            && self.proven_by_campaign(of) == Some(AccountStanding::Ready)
        {
            known.get_or_insert_default().standing = AccountStanding::Ready;
        }
        known
    }

    /// What the vendor last proved of an account's key when it was asked about something that would be sent. That a campaign does not exist
    /// proves nothing of the key: it stands at the template and at its step.
    pub(crate) fn proven_by_campaign(&self, of: &Integration) -> Option<AccountStanding> {
        let which = (of.id, of.secrets_set_at);
        let probes = self.lately.probes.0.lock().ok()?;
        let own = probes.iter().filter(|((key, _), _)| *key == which).map(|(_, asked)| asked);
        let proof = |(at, probe): &(Millis, Probe)| match probe {
            Probe::Answered { .. } => Some((*at, AccountStanding::Ready)),
            Probe::KeyRefused(_) => Some((*at, AccountStanding::Refused)),
            Probe::Refused(_) | Probe::Silent(_) => None,
        };
        own.filter_map(proof).max_by_key(|(at, _)| *at).map(|(_, standing)| standing)
    }

    /// Forgets what an account said before somebody tested it: whoever looks next asks it.
    pub fn was_tested(&self, of: &Integration) {
        self.lately.accounts.forget(&(of.id, of.secrets_set_at));
    }

    /// Asks an account anew in the background whose wallet does not pay for a step, unless somebody did a moment ago: it is filled at the vendor,
    /// who tells nobody.
    pub(crate) fn ask_for_money(&self, of: &Integration) {
        self.ask_behind(of, Some(self.clock.now().plus(-SILENCE_MS)));
    }

    /// Asks an account about itself in the background when nobody did lately, or when it refused something since: an answer from before
    /// a refusal is about another wallet. Whoever looks next finds the answer.
    pub fn ask_behind(&self, of: &Integration, refused_at: Option<Millis>) {
        let last = self.lately.accounts.get(&(of.id, of.secrets_set_at));
        let last = last.map(|(at, status)| (at, status.standing == AccountStanding::Silent));
        let Some(wait) = wait_behind(last, refused_at, self.clock.now()) else { return };
        let (asker, of) = (self.clone(), of.clone());
        tokio::spawn(async move { asker.open(&of, wait).await });
    }
}

/// How an account is asked in the background: `None` while its last answer will do. `last` is when it answered, and whether that was silence.
fn wait_behind(last: Option<(Millis, bool)>, refused_at: Option<Millis>, now: Millis) -> Option<Wait> {
    let Some((at, silent)) = last else { return Some(Wait::Decision) };
    if refused_at.is_some_and(|refused_at| at < refused_at) {
        // What it said before the refusal may be fresh, and is wrong.
        return Some(Wait::Anew);
    }
    let fresh = if silent { SILENCE_MS } else { FRESH_MS };
    (now.since(at) >= fresh).then_some(Wait::Decision)
}

/// What the last test of an account proved, as it is kept with the account.
fn kept(of: &Integration) -> Option<Status> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Cache {
        tested_at: Option<Millis>,
        status: Status,
    }
    let kept: Cache = serde_json::from_value(of.health.clone()).ok()?;
    kept.tested_at.map(|_| kept.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_a_refusal_is_asked_anew_however_fresh_it_is() {
        let now = Millis(100 * SECOND);
        let at = |ago: i64| Some((now.plus(-ago), false));
        let refused = Some(now.plus(-5 * SECOND));
        assert_eq!(wait_behind(at(6 * SECOND), refused, now), Some(Wait::Anew));
        assert_eq!(wait_behind(at(4 * SECOND), refused, now), None, "it answered since");
        assert_eq!(wait_behind(at(FRESH_MS), None, now), Some(Wait::Decision));
        assert_eq!(wait_behind(at(FRESH_MS - 1), None, now), None);
        assert_eq!(wait_behind(Some((now.plus(-SILENCE_MS), true)), None, now), Some(Wait::Decision));
        assert_eq!(wait_behind(None, None, now), Some(Wait::Decision));
    }

    #[test]
    fn an_old_answer_will_do_for_a_page_and_not_for_a_decision() {
        let of =
            |open: bool, age: i64, wait| match look(Some((Millis(0), "live")), |_| open, wait, Millis(age)) {
                Look::Use(_) => "use",
                Look::UseAndAsk(_) => "use and ask",
                Look::Ask => "ask",
            };
        let look = |age, wait| of(false, age, wait);
        assert_eq!((look(FRESH_MS - 1, Wait::Page), look(FRESH_MS - 1, Wait::Decision)), ("use", "use"));
        assert_eq!((look(FRESH_MS, Wait::Page), look(FRESH_MS, Wait::Decision)), ("use and ask", "ask"));
        assert_eq!((look(STALE_MS, Wait::Page), look(0, Wait::Anew)), ("ask", "ask"));
        let open = |age, wait| of(true, age, wait);
        assert_eq!((open(SILENCE_MS - 1, Wait::Page), open(SILENCE_MS, Wait::Page)), ("use", "use and ask"));
        assert_eq!(open(SILENCE_MS, Wait::Decision), "ask", "a refusal may be mended by now");
    }
}
