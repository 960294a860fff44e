//! The phones, and what each of them really got.
//!
//! This is the truth that a test compares a report with. Nothing is ever merged: the same text sent
//! twice is two messages, because that is what a person would see.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};

/// The last state of an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The vendor accepted the message.
    Accepted,
    /// The message left the vendor.
    Sent,
    /// The message was refused after acceptance.
    Failed,
    /// The message reached the phone.
    Delivered,
    /// The person opened the message.
    Read,
}

/// One accepted message.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Word of the vendor that took it.
    pub vendor: &'static str,
    /// The vendor's account it was sent from.
    pub account: Arc<str>,
    /// The vendor's id, as the send call answered (or would have).
    pub id: Box<str>,
    /// The recipient: digits with country code.
    #[serde(serialize_with = "as_digits")]
    pub phone: u64,
    /// The recipient's name as the sender gave it.
    pub name: Box<str>,
    /// The vendor's campaign or template it was sent with.
    pub campaign: Arc<str>,
    /// Text or parameters, joined by ` | `; empty if the world keeps no texts.
    pub text: Box<str>,
    /// Whether an answer that says *accepted* was written. False after a cut or a stall.
    pub answered: bool,
    /// The last state of the message.
    pub status: Status,
    /// Code of the last failure.
    pub failure_code: Option<Box<str>>,
    /// When it was accepted, in milliseconds UTC, as are all instants below.
    pub accepted_at: i64,
    /// When it was delivered, in UTC milliseconds.
    pub delivered_at: Option<i64>,
    /// When it was read, in UTC milliseconds.
    pub read_at: Option<i64>,
    /// When it failed, in UTC milliseconds.
    pub failed_at: Option<i64>,
    /// Fingerprint of the whole message, kept even when the text is not.
    #[serde(skip)]
    pub(crate) fingerprint: u64,
}

fn as_digits<S: Serializer>(phone: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(phone)
}

/// The place of a message in the world. It dies with the next reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    era: u64,
    pub(crate) index: usize,
    /// Which message to its phone it is, from 0. Unlike `index` it does not depend on the others.
    pub(crate) nth: u64,
}

#[derive(Default)]
struct Inner {
    era: u64,
    messages: Vec<Message>,
    phones: HashMap<u64, Vec<u32>>,
    asked: HashMap<u64, u64>,
    per_second: BTreeMap<i64, u64>,
    names: HashSet<Arc<str>>,
}

/// All phones. Cheap enough for some millions of messages; share it freely between threads.
#[derive(Default)]
pub struct World {
    inner: Mutex<Inner>,
    keep_text: bool,
    calls: AtomicU64,
    refused: AtomicU64,
    in_flight: AtomicU64,
    in_flight_max: AtomicU64,
}

/// The world in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Send calls received, whatever became of them.
    pub calls: u64,
    /// Send calls that were not accepted, by an answer or by a cut.
    pub refused: u64,
    /// Messages that the vendors accepted.
    pub messages: usize,
    /// Phones with at least one message.
    pub phones: usize,
    /// Phones with more than one message of any kind.
    pub phones_with_more_than_one: usize,
    /// Phones that got more than one message of the same campaign.
    pub phones_with_repeats: usize,
    /// Messages beyond the first of one campaign to one phone.
    pub repeats: usize,
    /// Messages that a phone had already got word for word from the same campaign.
    pub same_text_repeats: usize,
    /// Messages whose acceptance was never answered.
    pub unanswered: usize,
    /// Most send calls in flight at once.
    pub in_flight_max: u64,
    /// Most messages accepted within one second of the clock.
    pub busiest_second: u64,
    /// The same figures for each campaign.
    pub by_campaign: BTreeMap<String, CampaignSummary>,
}

/// One campaign in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CampaignSummary {
    /// Messages that the vendors accepted.
    pub messages: usize,
    /// Phones with at least one of them.
    pub phones: usize,
    /// Phones with more than one of them.
    pub phones_with_more_than_one: usize,
    /// Messages whose last state is *delivered*.
    pub delivered: usize,
    /// Messages whose last state is *read*.
    pub read: usize,
    /// Messages whose last state is *failed*.
    pub failed: usize,
}

impl World {
    pub(crate) fn new(keep_text: bool) -> World {
        World { keep_text, ..World::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of accepted messages.
    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// Whether nobody has got anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of messages this phone got. Any spelling of the number will do.
    pub fn count(&self, phone: &str) -> usize {
        let Some(phone) = digits(phone) else { return 0 };
        self.lock().phones.get(&phone).map_or(0, Vec::len)
    }

    /// All messages this phone got, oldest first.
    pub fn of_phone(&self, phone: &str) -> Vec<Message> {
        let Some(phone) = digits(phone) else { return Vec::new() };
        let inner = self.lock();
        let indexes = inner.phones.get(&phone).map_or(&[][..], Vec::as_slice);
        indexes.iter().map(|index| inner.messages[*index as usize].clone()).collect()
    }

    /// Messages in order of acceptance, from the `skip`th, at most `limit`.
    pub fn messages(&self, skip: usize, limit: usize) -> Vec<Message> {
        self.lock().messages.iter().skip(skip).take(limit).cloned().collect()
    }

    /// Phones that got more than one message of the same campaign, sorted, at most `limit`.
    pub fn repeated_phones(&self, limit: usize) -> Vec<String> {
        let inner = self.lock();
        let mut phones: Vec<u64> = inner
            .phones
            .iter()
            .filter(|(_, indexes)| has_repeat(&inner.messages, indexes))
            .map(|(phone, _)| *phone)
            .collect();
        phones.sort_unstable();
        phones.iter().take(limit).map(u64::to_string).collect()
    }

    /// The world in numbers. Walks over everything: not for a hot loop.
    pub fn summary(&self) -> Summary {
        let inner = self.lock();
        let mut summary = Summary {
            calls: self.calls.load(Ordering::SeqCst),
            refused: self.refused.load(Ordering::SeqCst),
            in_flight_max: self.in_flight_max.load(Ordering::SeqCst),
            messages: inner.messages.len(),
            phones: inner.phones.len(),
            busiest_second: inner.per_second.values().copied().max().unwrap_or(0),
            ..Summary::default()
        };
        let mut campaigns: HashMap<&Arc<str>, CampaignSummary> = HashMap::new();
        for message in &inner.messages {
            let campaign = campaigns.entry(&message.campaign).or_default();
            campaign.messages += 1;
            campaign.delivered += usize::from(message.status == Status::Delivered);
            campaign.read += usize::from(message.status == Status::Read);
            campaign.failed += usize::from(message.status == Status::Failed);
            summary.unanswered += usize::from(!message.answered);
        }
        for indexes in inner.phones.values() {
            let own = || indexes.iter().map(|index| &inner.messages[*index as usize]);
            summary.phones_with_more_than_one += usize::from(indexes.len() > 1);
            let mut times: HashMap<&Arc<str>, usize> = HashMap::new();
            for message in own() {
                *times.entry(&message.campaign).or_default() += 1;
            }
            summary.phones_with_repeats += usize::from(times.values().any(|count| *count > 1));
            summary.repeats += times.values().map(|count| count - 1).sum::<usize>();
            let texts: HashSet<u64> = own().map(|message| message.fingerprint).collect();
            summary.same_text_repeats += indexes.len() - texts.len();
            for (name, count) in times {
                let campaign = campaigns.entry(name).or_default();
                campaign.phones += 1;
                campaign.phones_with_more_than_one += usize::from(count > 1);
            }
        }
        summary.by_campaign =
            campaigns.into_iter().map(|(name, numbers)| (name.to_string(), numbers)).collect();
        summary
    }

    /// Forgets all phones and numbers.
    pub fn reset(&self) {
        let mut inner = self.lock();
        *inner = Inner { era: inner.era + 1, ..Inner::default() };
        for count in [&self.calls, &self.refused, &self.in_flight_max] {
            count.store(0, Ordering::SeqCst);
        }
    }

    /// Counts a send call for as long as the guard lives.
    pub(crate) fn call(&self) -> InFlight<'_> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.in_flight_max.fetch_max(now, Ordering::SeqCst);
        InFlight(self)
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }

    /// How often a call named this phone before; counts this one.
    pub(crate) fn ask(&self, phone: u64) -> u64 {
        let mut inner = self.lock();
        let asked = inner.asked.entry(phone).or_default();
        *asked += 1;
        *asked - 1
    }

    /// One text per name, so that a campaign's name is stored once and not with each message.
    pub(crate) fn name(&self, name: &str) -> Arc<str> {
        let mut inner = self.lock();
        if let Some(known) = inner.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        inner.names.insert(name.clone());
        name
    }

    /// Takes a message in and says where it stands.
    pub(crate) fn accept(&self, mut message: Message) -> Place {
        if !self.keep_text {
            message.text = Box::default();
        }
        let mut inner = self.lock();
        let index = inner.messages.len();
        *inner.per_second.entry(message.accepted_at.div_euclid(1000)).or_default() += 1;
        let slot = u32::try_from(index).expect("memory ends long before four billion messages");
        let of_phone = inner.phones.entry(message.phone).or_default();
        let nth = of_phone.len() as u64;
        of_phone.push(slot);
        inner.messages.push(message);
        Place { era: inner.era, index, nth }
    }

    /// Changes one message and returns it; nothing when the world was reset since.
    pub(crate) fn change(&self, place: Place, change: impl FnOnce(&mut Message)) -> Option<Message> {
        let mut inner = self.lock();
        if inner.era != place.era {
            return None;
        }
        let message = inner.messages.get_mut(place.index)?;
        change(message);
        Some(message.clone())
    }

    /// Walks over messages from `start`, forwards or backwards, until `visit` has had enough.
    pub(crate) fn visit(&self, backwards: bool, mut visit: impl FnMut(usize, &Message) -> bool) {
        let inner = self.lock();
        let mut each = |(index, message)| visit(index, message);
        let all = inner.messages.iter().enumerate();
        if backwards {
            let _ = all.rev().all(&mut each);
        } else {
            let _ = { all }.all(&mut each);
        }
    }
}

fn has_repeat(messages: &[Message], indexes: &[u32]) -> bool {
    let mut seen = HashSet::new();
    indexes.len() > 1 && !indexes.iter().all(|index| seen.insert(&messages[*index as usize].campaign))
}

/// A send call in flight.
pub(crate) struct InFlight<'a>(&'a World);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The digits of a number with its country code, read as vendors do: ten digits
/// are Indian, a doubled `91` and an impossible Indian number are nothing.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let odd = text.chars().any(|c| !c.is_ascii_digit() && !"+- ().".contains(c));
    let indian = |rest: &str| rest.len() == 10 && matches!(rest.as_bytes()[0], b'6'..=b'9');
    let full = match digits.strip_prefix("91") {
        _ if odd || digits.starts_with('0') => return None,
        _ if digits.len() == 10 && !text.starts_with('+') => {
            if !indian(&digits) {
                return None;
            }
            format!("91{digits}")
        }
        Some(rest) if indian(rest) => digits,
        Some(_) => return None,
        None if (8..=15).contains(&digits.len()) => digits,
        None => return None,
    };
    full.parse().ok()
}
