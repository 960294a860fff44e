//! Fast2SMS as seen from outside (`providers/src/fast2sms/NOTES.md`): its accounts, its books, its judgement.
//!
//! The HTTP faces are in `send` (bulkV2, custom), `manager` (wallet, DLT Manager) and `dlr` (delivery
//! reports by request), the webhooks in `receipt`. What the document leaves open is a setting, in
//! [`Habits`] or in [`Account`]. Nothing is ever deduplicated but by 995: a number that was written to
//! within two minutes is refused.
//!
//! A message is judged key first (412, 413), then in the order of the vendor's codes. It is charged when it is
//! accepted. The operators' scrubbing decides what becomes of it, then the last digits of its number, then the shares
//! in `Faults::outcomes`:
//!
//! | number ends in | becomes | costs |
//! |---|---|---|
//! | 9901 | `Failed` | yes |
//! | 9902 | `Undelivered` | yes |
//! | 9903 | `Expired` | yes |
//! | 9904 | `Rejected` | yes |
//! | 9905 | `Blocked` | given back |
//! | 9906 | `DND` if the template is promotional, else `Delivered` | given back for `DND` |
//! | 9907 | `Sent`, and nothing more | yes |
//! | 9908 | `Pending` for ever | yes |
//! | 9909 | `Failed`, and `Delivered` after that | yes |
//! | anything else | as the shares say; without any, `Delivered` | yes |
//!
//! [`Habits::endings`] holds this rule and can be replaced.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::Shared;
use crate::world::{Message, Place, Status};

pub mod account;
mod codes;
pub(crate) mod control;
pub(crate) mod dlr;
mod dlt;
mod face;
mod habits;
mod ledger;
pub(crate) mod manager;
pub(crate) mod receipt;
mod segments;
pub(crate) mod send;
mod send_request;
mod validate;

pub use crate::rupees::{PER_RUPEE, parse_rupees, rupees};
pub use account::{
    Account, ApiKey, Config, DEFAULT_ACCOUNT, DEFAULT_ENTITY, DEFAULT_KEY, DEFAULT_SENDER, Route, Sender,
    Template, Webhook, WebhookContentType, WebhookEvent, WebhookMethod, WebhookTemplate,
};
pub use face::FACE;
pub use habits::{BadNumbers, DetailsIn, Fate, Habits, MessageAs};
pub use ledger::Ledger;

use send_request::SendRequest;
use validate::{Order, Taken, Validation};

/// Length of a request id in the vendor's samples (§2.4).
const REQUEST_ID_LENGTH: usize = 15;
/// India keeps this much ahead of UTC, all year.
const IST_AHEAD_MS: i64 = (5 * 60 + 30) * 60_000;
const HOUR_MS: i64 = 3_600_000;

/// One accepted request. Its messages are identified by its id and their number.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// The vendor's id, one for the whole request.
    pub id: Box<str>,
    /// Account it was sent from.
    pub account: Arc<str>,
    /// When it was accepted, in milliseconds UTC.
    pub accepted_at: i64,
    /// One part for `bulkV2`, one for each entry of `custom`.
    pub parts: Vec<Part>,
}

/// One text to one list of numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The route that it went by.
    pub route: Route,
    /// Header; empty on routes without one.
    pub sender: Box<str>,
    /// The sender's own words, echoed in webhooks.
    pub udf: [Box<str>; 3],
    /// The length of the text: septets, or UTF-16 units.
    pub units: usize,
    /// Whether it was sent as UCS-2.
    pub unicode: bool,
    /// The segments that each number is charged for.
    pub segments: i64,
    /// Charged for each number, in 1/10,000 rupee.
    pub cost: i64,
    /// Whether the text is promotional. Otherwise it is a service message.
    pub promotional: bool,
    /// Whether the operators refuse it.
    pub rejected: bool,
    /// Numbers with country code, in the order of the request, without the dropped ones.
    pub phones: Vec<u64>,
    /// The message of each of them in the world.
    #[serde(skip)]
    pub(crate) places: Vec<Place>,
}

impl Part {
    /// The vendor's word for the alphabet.
    pub(crate) fn language(&self) -> &'static str {
        if self.unicode { "unicode" } else { "english" }
    }
}

#[derive(Default)]
struct State {
    config: Config,
    requests: HashMap<Box<str>, Arc<Request>>,
    /// When an account wrote to a number last.
    last: HashMap<(Arc<str>, u64), i64>,
    books: BTreeMap<String, Ledger>,
    /// How often the report of a request was asked for.
    asked: HashMap<Box<str>, u64>,
}

/// The running vendor. Its accounts can be changed at any time.
pub struct Fast2sms {
    state: Mutex<State>,
    start: Config,
}

impl Fast2sms {
    pub(crate) fn new(config: Config) -> Fast2sms {
        let state = State { config: config.clone(), ..State::default() };
        Fast2sms { state: Mutex::new(state), start: config }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its accounts and settings as they are now.
    pub fn get(&self) -> Config {
        self.lock().config.clone()
    }

    /// Changes accounts and settings.
    pub fn change<T>(&self, change: impl FnOnce(&mut Config) -> T) -> T {
        change(&mut self.lock().config)
    }

    /// The account of that name.
    pub fn account(&self, id: &str) -> Option<Account> {
        self.lock().config.accounts.iter().find(|one| one.id == id).cloned()
    }

    /// Changes the account of that name, if there is one.
    pub fn change_account<T>(&self, id: &str, change: impl FnOnce(&mut Account) -> T) -> Option<T> {
        self.change(|config| config.accounts.iter_mut().find(|one| one.id == id).map(change))
    }

    /// Wallet of an account, in 1/10,000 rupee.
    pub fn wallet(&self, account: &str) -> Option<i64> {
        self.lock().config.accounts.iter().find(|one| one.id == account).map(|one| one.wallet)
    }

    /// Sets the wallet of an account, in 1/10,000 rupee; false if there is no such account.
    pub fn set_wallet(&self, account: &str, amount: i64) -> bool {
        self.change_account(account, |one| one.wallet = amount).is_some()
    }

    /// Where delivery reports of an account are posted from now on; false if there is no such account.
    pub fn set_webhooks(&self, account: &str, webhooks: Vec<Webhook>) -> bool {
        self.change_account(account, |one| one.webhooks = webhooks).is_some()
    }

    /// The books of all accounts together.
    pub fn ledger(&self) -> Ledger {
        let mut sum = Ledger::default();
        self.lock().books.values().for_each(|books| sum.add(books));
        sum
    }

    /// The books of one account; empty if it did nothing.
    pub fn ledger_of(&self, account: &str) -> Ledger {
        self.lock().books.get(account).cloned().unwrap_or_default()
    }

    /// An accepted request by its id.
    pub fn request(&self, id: &str) -> Option<Arc<Request>> {
        self.lock().requests.get(id).cloned()
    }

    /// How often the delivery report of a request was asked for by its account.
    pub fn times_asked(&self, id: &str) -> u64 {
        self.lock().asked.get(id).copied().unwrap_or(0)
    }

    /// A request whose report its account asks for, which is counted.
    pub(crate) fn ask(&self, account: &str, id: &str) -> Option<Arc<Request>> {
        let mut state = self.lock();
        let known = state.requests.get(id).filter(|known| *known.account == *account).cloned()?;
        *state.asked.entry(known.id.clone()).or_default() += 1;
        state.books.entry(account.to_owned()).or_default().reports += 1;
        Some(known)
    }

    /// Back to how it was started, but for the webhooks.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        let before = std::mem::replace(&mut *state, State { config: self.start.clone(), ..State::default() });
        for account in &mut state.config.accounts {
            let known = before.config.accounts.iter().find(|one| one.id == account.id);
            if let Some(known) = known {
                account.webhooks.clone_from(&known.webhooks);
            }
        }
    }

    /// Name of the account that a key opens.
    ///
    /// # Errors
    /// 412 or 413.
    pub(crate) fn open(&self, key: &str) -> Result<Account, u16> {
        let state = self.lock();
        find(&state.config, key).map(|at| state.config.accounts[at].clone())
    }

    /// Checks a request, charges it and takes its messages in, all in one step, so that no wallet can be overdrawn.
    /// Either all of its texts are taken or none.
    fn submit(
        &self,
        shared: &Shared,
        key: &str,
        texts: &[SendRequest],
        answered: bool,
    ) -> Result<Arc<Request>, u16> {
        let mut state = self.lock();
        let result = state.submit(shared, key, texts, answered);
        if let Err(code) = result {
            let account = find(&state.config, key).map(|at| state.config.accounts[at].id.clone());
            let books = state.books.entry(account.unwrap_or_default()).or_default();
            *books.refusals.entry(code).or_default() += 1;
        }
        drop(state);
        if let Ok(request) = &result {
            receipt::plan(shared, request);
        }
        result
    }

    /// Gives the price of a message back.
    pub(crate) fn refund(&self, account: &str, cost: i64) {
        let mut state = self.lock();
        let books = state.books.entry(account.to_owned()).or_default();
        books.refunded += cost;
        books.refunds += 1;
        if let Some(account) = state.config.accounts.iter_mut().find(|one| one.id == account) {
            account.wallet += cost;
        }
    }
}

impl State {
    fn submit(
        &mut self,
        shared: &Shared,
        key: &str,
        texts: &[SendRequest],
        answered: bool,
    ) -> Result<Arc<Request>, u16> {
        let at = find(&self.config, key)?;
        trip(shared, &mut self.config.accounts[at], key, texts);
        find(&self.config, key)?;
        let now = shared.now();
        let account = shared.world.name(&self.config.accounts[at].id);
        let orders = self.validate(shared, at, &account, texts, now)?;
        let id = request_id(shared, orders.iter().any(|order| order.route == Route::Otp));
        let mut request = Request { id, account, accepted_at: now, parts: Vec::with_capacity(orders.len()) };
        for (order, asked) in orders.into_iter().zip(texts) {
            self.charge(&request.account, at, &order, now);
            let part = accept(shared, &request, order, asked, answered);
            request.parts.push(part);
        }
        let request = Arc::new(request);
        self.requests.insert(request.id.clone(), request.clone());
        self.books.entry(request.account.to_string()).or_default().requests += 1;
        Ok(request)
    }

    fn validate(
        &self,
        shared: &Shared,
        at: usize,
        account: &Arc<str>,
        texts: &[SendRequest],
        now: i64,
    ) -> Result<Vec<Order>, u16> {
        let faults = shared.faults.get();
        let is_recent = |phone: u64| {
            let last = self.last.get(&(account.clone(), phone));
            last.is_some_and(|last| {
                now < last.saturating_add_unsigned(faults.habits.fast2sms.repeat_window_ms)
            })
        };
        let validation = Validation {
            config: &self.config,
            account: &self.config.accounts[at],
            habits: &faults.habits.fast2sms,
            is_recent: &is_recent,
        };
        let mut taken = Taken::default();
        texts.iter().map(|asked| validation.validate(asked, &mut taken)).collect()
    }

    /// Takes the money and writes it down.
    fn charge(&mut self, account: &Arc<str>, at: usize, order: &Order, now: i64) {
        let total = order.total();
        self.config.accounts[at].wallet -= total;
        let books = self.books.entry(account.to_string()).or_default();
        let messages = order.phones.len() as u64;
        books.messages += messages;
        books.segments += times(order.counted.segments, order.phones.len());
        books.charged += total;
        books.dropped += order.dropped as u64;
        if order.promotional && !is_promotional_hour(now) {
            books.promotional_outside_hours += messages;
        }
        for phone in &order.phones {
            self.last.insert((account.clone(), *phone), now);
        }
    }
}

/// So much for each of so many.
fn times(each: i64, number: usize) -> i64 {
    i64::try_from(number).map_or(i64::MAX, |number| each.saturating_mul(number))
}

/// Promotional texts go out from 10:00 to 21:00 in India (§10).
fn is_promotional_hour(now: i64) -> bool {
    let hour = (now + IST_AHEAD_MS).div_euclid(HOUR_MS).rem_euclid(24);
    (10..21).contains(&hour)
}

/// Gives each number of an order its message.
fn accept(shared: &Shared, request: &Request, order: Order, asked: &SendRequest, answered: bool) -> Part {
    let campaign = shared.world.name(&order.label);
    let fingerprint = shared.faults.chance().bits(&order.label, &order.text, 0);
    let accept = |phone: &u64| {
        shared.faults.count_accepted();
        shared.world.accept(Message {
            vendor: "fast2sms",
            account: request.account.clone(),
            id: request.id.clone(),
            phone: *phone,
            name: Box::default(),
            campaign: campaign.clone(),
            text: order.text.as_str().into(),
            answered,
            status: Status::Accepted,
            failure_code: None,
            accepted_at: request.accepted_at,
            delivered_at: None,
            read_at: None,
            failed_at: None,
            fingerprint,
        })
    };
    Part {
        places: order.phones.iter().map(accept).collect(),
        route: order.route,
        sender: order.sender.into(),
        udf: if order.route.is_dlt() { asked.udf.clone().map(Into::into) } else { Default::default() },
        units: order.counted.units,
        unicode: order.counted.unicode,
        segments: order.counted.segments,
        cost: order.cost,
        promotional: order.promotional,
        rejected: order.rejected,
        phones: order.phones,
    }
}

/// Lets the account break down when its time has come.
fn trip(shared: &Shared, account: &mut Account, key: &str, texts: &[SendRequest]) {
    let faults = shared.faults.get();
    let accepted = shared.faults.accepted();
    let due =
        |after: Option<u64>, what| after.is_some_and(|after| accepted >= after) && shared.faults.once(what);
    if due(faults.no_credit_after, "sms_no_credit_after") {
        account.wallet = 0;
    }
    if due(faults.campaign_paused_after, "sms_campaign_paused_after") {
        let used = |one: &Template| {
            texts.iter().any(|asked| asked.message == one.message_id || asked.template_id == one.template_id)
        };
        let templates = account.senders.iter_mut().flat_map(|sender| &mut sender.templates);
        templates.filter(|one| used(one)).for_each(|one| one.blacklisted = true);
    }
    if due(faults.key_disabled_after, "sms_key_disabled_after") {
        account.keys.iter_mut().filter(|one| one.key == key).for_each(|one| one.disabled = true);
    }
}

/// Index of the account that a key opens.
fn find(config: &Config, key: &str) -> Result<usize, u16> {
    let known = config.accounts.iter().enumerate().find_map(|(at, account)| {
        account.keys.iter().find(|one| one.key == key && !key.is_empty()).map(|one| (at, one.disabled))
    });
    match known {
        Some((at, false)) => Ok(at),
        Some((_, true)) => Err(413),
        None => Err(412),
    }
}

/// 15 small letters and digits; a one-time code's starts with `O` (§2.4).
fn request_id(shared: &Shared, is_otp: bool) -> Box<str> {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let nth = shared.ids.next();
    let draw = |part: &str| u128::from(shared.ids.chance().bits("request", part, nth));
    let mut bits = (draw("high") << 64) | draw("low");
    let mut id = String::with_capacity(REQUEST_ID_LENGTH);
    if is_otp {
        id.push('O');
    }
    while id.len() < REQUEST_ID_LENGTH {
        id.push(char::from(LETTERS[(bits % 36) as usize]));
        bits /= 36;
    }
    id.into()
}
