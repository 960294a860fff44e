//! How the vendor judges a request: the key first, then everything in the order of its own codes
//! (`providers/src/fast2sms/NOTES.md` §2.5).

use std::collections::{BTreeSet, HashSet};

use super::account::{Account, Config, Route, Sender, Template};
use super::codes::BAD_SCHEDULE;
use super::dlt::{self, Rules};
use super::habits::{BadNumbers, Habits};
use super::segments::{self, Counted};
use super::send_request::{self, SendRequest};
use super::times;
use crate::world;

/// A request that was good: what goes out, to whom, for how much.
pub(super) struct Order {
    pub(super) route: Route,
    /// The header; empty on routes without one.
    pub(super) sender: String,
    /// What the message was made from: message id, template id or the route's name.
    pub(super) label: String,
    pub(super) text: String,
    pub(super) counted: Counted,
    /// Whether the operators will refuse it.
    pub(super) rejected: bool,
    pub(super) promotional: bool,
    pub(super) phones: Vec<u64>,
    /// Numbers left out without a word.
    pub(super) dropped: usize,
    /// Price for each number, in 1/10,000 rupee.
    pub(super) cost: i64,
}

impl Order {
    /// Price for all numbers, in 1/10,000 rupee.
    pub(super) fn total(&self) -> i64 {
        times(self.cost, self.phones.len())
    }
}

/// What is known while a request is judged.
pub(super) struct Validation<'a> {
    pub(super) config: &'a Config,
    pub(super) account: &'a Account,
    pub(super) habits: &'a Habits,
    /// Whether a number was written to so recently that it counts as spam.
    pub(super) is_recent: &'a dyn Fn(u64) -> bool,
}

/// What earlier texts of the same request already took.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) spent: i64,
    pub(super) phones: HashSet<u64>,
}

/// A text that could be made.
struct Made {
    text: String,
    label: String,
    rejected: bool,
    promotional: bool,
    blacklisted: bool,
}

impl Validation<'_> {
    /// Judges one text to one list of numbers.
    ///
    /// # Errors
    /// The first code, in the order of the vendor's table, that fits.
    pub(super) fn validate(&self, asked: &SendRequest, taken: &mut Taken) -> Result<Order, u16> {
        self.check_missing(asked)?;
        let has_sender = wants_sender(&asked.route);
        let sender = self.account.senders.iter().find(|one| has_sender && one.sender_id == asked.sender);
        let route = self.check_values(asked, has_sender && sender.is_none())?;
        let listed = self.phones(&asked.numbers)?;
        check(self.account.address_allowed, 414)?;
        check(self.account.enabled, 415)?;
        let made = self.make(route, asked, sender);
        let as_unicode = route == Route::Q && asked.language.as_deref() == Some("unicode");
        // A text that cannot be made is still too dear for an empty wallet.
        let text = made.as_ref().map_or("", |made| made.text.as_str());
        let counted = segments::count(text, as_unicode, self.habits.tight_unicode);
        let cost = self.config.price(route).saturating_mul(counted.segments);
        check(self.account.wallet - taken.spent >= times(cost, listed.good.len()), 416)?;
        check(route != Route::Q || as_unicode || !counted.unicode, 417)?;
        let made = made?;
        check(!made.blacklisted, 500)?;
        self.check_refused(&listed.good)?;
        let fresh = self.fresh(&listed.good, taken)?;
        self.check_otp(route, asked, fresh.good.len())?;
        check(self.account.recharged, 999)?;
        let order = Order {
            route,
            sender: if has_sender { asked.sender.clone() } else { String::new() },
            label: made.label,
            text: made.text,
            counted,
            rejected: made.rejected,
            promotional: made.promotional,
            phones: fresh.good,
            dropped: listed.dropped + fresh.dropped,
            cost,
        };
        taken.spent += order.total();
        taken.phones.extend(&order.phones);
        Ok(order)
    }

    /// 401–405. Without a route, everything that the usual one needs is missed.
    fn check_missing(&self, asked: &SendRequest) -> Result<(), u16> {
        let message = if asked.route == "otp" { &asked.values } else { &asked.message };
        check(!wants_sender(&asked.route) || !asked.sender.is_empty(), 401)?;
        check(!message.is_empty(), 402)?;
        check(!asked.route.is_empty(), 403)?;
        check(asked.route != "q" || asked.language.as_deref() != Some(""), 404)?;
        check(!asked.numbers.is_empty(), 405)?;
        check(is_time(&asked.schedule_time), BAD_SCHEDULE)
    }

    /// 406–410.
    fn check_values(&self, asked: &SendRequest, sender_unknown: bool) -> Result<Route, u16> {
        check(!sender_unknown || self.account.any_template, 406)?;
        let words = format!("{} {}", asked.message, asked.values).to_lowercase();
        let refused = |word: &String| !word.is_empty() && words.contains(&word.to_lowercase());
        check(!self.account.refused_words.iter().any(refused), 407)?;
        let route = Route::named(&asked.route).ok_or(408_u16)?;
        check(self.account.routes.contains(&route), 409)?;
        let known = asked.language.as_deref().is_none_or(|one| matches!(one, "english" | "unicode"));
        check(route != Route::Q || known, 410)?;
        Ok(route)
    }

    /// 411: the numbers of a list.
    fn phones(&self, list: &str) -> Result<Sorted, u16> {
        let account = self.account;
        let is_good = |phone: &u64| {
            let digits = phone.to_string();
            let ends = |ending: &String| !ending.is_empty() && digits.ends_with(ending.as_str());
            !account.invalid_endings.iter().any(ends)
                && !account.invalid.iter().any(|one| world::digits(one) == Some(*phone))
        };
        sort(
            list.split(',').map(|text| send_request::phone(text).filter(is_good)),
            self.habits.bad_numbers,
            411,
        )
    }

    /// 427 and others that one number of a list earns for all.
    fn check_refused(&self, phones: &[u64]) -> Result<(), u16> {
        let refused = &self.account.refused_endings;
        let code = |phone: &u64| {
            let digits = phone.to_string();
            refused.iter().find(|(ending, _)| digits.ends_with(ending.as_str())).map(|(_, code)| *code)
        };
        if refused.is_empty() { Ok(()) } else { phones.iter().find_map(code).map_or(Ok(()), Err) }
    }

    /// 995: who was not written to just before, or earlier in this request.
    fn fresh(&self, phones: &[u64], taken: &Taken) -> Result<Sorted, u16> {
        if self.habits.repeat_window_ms == 0 {
            return Ok(Sorted { good: phones.to_vec(), dropped: 0 });
        }
        let mut seen = HashSet::new();
        let fresh = phones.iter().map(|phone| {
            let again = !seen.insert(*phone) || taken.phones.contains(phone) || (self.is_recent)(*phone);
            (!again).then_some(*phone)
        });
        sort(fresh, self.habits.repeats, 995)
    }

    /// 996–998.
    fn check_otp(&self, route: Route, asked: &SendRequest, phones: usize) -> Result<(), u16> {
        if route != Route::Otp {
            return Ok(());
        }
        check(self.account.verified, 996)?;
        check(asked.values.bytes().all(|byte| byte.is_ascii_digit()), 997)?;
        check(phones == 1, 998)
    }

    /// 424–426: the final text.
    fn make(&self, route: Route, asked: &SendRequest, sender: Option<&Sender>) -> Result<Made, u16> {
        let plain = |text: String, label: &str| Made {
            text,
            label: label.to_owned(),
            rejected: false,
            promotional: false,
            blacklisted: false,
        };
        match (route, sender) {
            (Route::Dlt, _) if self.account.any_template => Ok(plain(asked.values.clone(), &asked.message)),
            (Route::DltManual, _) if self.account.any_template => Ok(plain(asked.message.clone(), "manual")),
            (Route::Q, _) => Ok(plain(asked.message.clone(), "q")),
            (Route::Otp, _) => Ok(plain(format!("Your OTP: {}", asked.values), "otp")),
            (Route::Dlt, Some(sender)) => self.make_dlt(asked, sender),
            (Route::DltManual, Some(sender)) => self.make_manual(asked, sender),
            (Route::Dlt | Route::DltManual, None) => Err(406),
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            allowed_links: &self.account.allowed_links,
            strict_alphanumeric: self.habits.strict_alphanumeric,
        }
    }

    fn make_dlt(&self, asked: &SendRequest, sender: &Sender) -> Result<Made, u16> {
        let mut managed = sender.templates.iter().filter(|one| one.in_manager);
        let template = managed.find(|one| one.message_id == asked.message).ok_or(424_u16)?;
        let values = values(&asked.values);
        let links = values.iter().filter_map(|value| dlt::link_in(value)).collect::<BTreeSet<_>>();
        check(links.iter().all(|link| dlt::is_allowed(link, &self.account.allowed_links)), 426)?;
        let (text, fits) = dlt::fill(&template.text, &values, &self.rules());
        // The operators take no value that shows nothing, and none that breaks the line.
        let breaks = values.iter().any(|value| value.trim().is_empty() || value.contains(['\n', '\r']));
        let entity_fits = asked.entity_id.is_empty() || asked.entity_id == self.account.entity_id;
        Ok(Made {
            text,
            label: template.message_id.clone(),
            rejected: !fits || !entity_fits || breaks,
            promotional: template.promotional,
            blacklisted: sender.blacklisted || template.blacklisted,
        })
    }

    fn make_manual(&self, asked: &SendRequest, sender: &Sender) -> Result<Made, u16> {
        let fits = |one: &&Template| dlt::matches(&one.text, &asked.message, &self.rules());
        let template = if asked.template_id.is_empty() {
            // Whoever names no template must have put it into the DLT Manager.
            let mut managed = sender.templates.iter().filter(|one| one.in_manager);
            Some(managed.find(fits).ok_or(425_u16)?)
        } else {
            check(is_dlt_id(&asked.template_id), 425)?;
            sender.templates.iter().find(|one| one.template_id == asked.template_id)
        };
        let managed = template.is_some_and(|one| one.in_manager);
        check(managed || !asked.entity_id.is_empty(), 425)?;
        check(asked.entity_id.is_empty() || is_dlt_id(&asked.entity_id), 425)?;
        let entity_fits = asked.entity_id.is_empty() || asked.entity_id == self.account.entity_id;
        Ok(Made {
            text: asked.message.clone(),
            label: template.map_or(&asked.template_id, |one| &one.template_id).clone(),
            rejected: !entity_fits || !template.as_ref().is_some_and(fits),
            promotional: template.is_some_and(|one| one.promotional),
            blacklisted: sender.blacklisted || template.is_some_and(|one| one.blacklisted),
        })
    }
}

fn check(good: bool, code: u16) -> Result<(), u16> {
    if good { Ok(()) } else { Err(code) }
}

fn wants_sender(route: &str) -> bool {
    !matches!(route, "q" | "otp")
}

/// `DD-MM-YYYY-HH-MM`, or seconds of the Unix epoch; empty for at once (§2.2).
fn is_time(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |at: usize, digits: usize| {
        let part: &str = parts.get(at)?;
        part.parse::<u16>().ok().filter(|_| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
    };
    match parts[..] {
        [""] => true,
        [seconds] => seconds.len() == 10 && seconds.bytes().all(|b| b.is_ascii_digit()),
        _ => {
            parts.len() == 5
                && number(0, 2).is_some_and(|day| (1..=31).contains(&day))
                && number(1, 2).is_some_and(|month| (1..=12).contains(&month))
                && number(2, 4).is_some()
                && number(3, 2).is_some_and(|hour| hour < 24)
                && number(4, 2).is_some_and(|minute| minute < 60)
        }
    }
}

/// 19 digits, as the ids of templates and entities are.
fn is_dlt_id(text: &str) -> bool {
    text.len() == 19 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The values between the bars. One bar too many at the end does no harm (§2.2).
fn values(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('|').unwrap_or(text);
    if text.is_empty() { Vec::new() } else { text.split('|').collect() }
}

/// A list of numbers without the bad ones.
struct Sorted {
    good: Vec<u64>,
    dropped: usize,
}

fn sort(phones: impl Iterator<Item = Option<u64>>, bad: BadNumbers, code: u16) -> Result<Sorted, u16> {
    let mut sorted = Sorted { good: Vec::new(), dropped: 0 };
    for phone in phones {
        match (phone, bad) {
            (Some(phone), _) => sorted.good.push(phone),
            (None, BadNumbers::Drop) => sorted.dropped += 1,
            (None, BadNumbers::RefuseAll) => return Err(code),
        }
    }
    check(!sorted.good.is_empty(), code)?;
    Ok(sorted)
}
