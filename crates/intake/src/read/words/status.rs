//! What words in a column of statuses mean, in the words of payment providers, ticket shops, webinar tools, CRMs and people.
//!
//! Only a word that is known to mean a place counts as one. A word that different tools use differently ([`Known::Ask`]), and every
//! word that is not here, is a question to a person.

use serde::{Deserialize, Serialize};

use domain::workshop::RegistrantStatus;

use super::titles::plain;

/// What a word in a column of statuses means for a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusMeaning {
    /// Has a place.
    Registered,
    /// Never had one: did not pay, was not admitted, has not answered. The row is left out.
    LeftOut,
    /// Gave the place back.
    Cancelled,
    /// Got the money back.
    Refunded,
}

impl StatusMeaning {
    /// Every meaning, in the order in which forms list them.
    pub const ALL: [StatusMeaning; 4] = [
        StatusMeaning::Registered,
        StatusMeaning::LeftOut,
        StatusMeaning::Cancelled,
        StatusMeaning::Refunded,
    ];

    /// For forms, the store and the command line: `left_out`.
    pub fn word(self) -> &'static str {
        match self {
            StatusMeaning::Registered => "registered",
            StatusMeaning::LeftOut => "left_out",
            StatusMeaning::Cancelled => "cancelled",
            StatusMeaning::Refunded => "refunded",
        }
    }

    /// For screens: "Left out".
    pub fn title(self) -> &'static str {
        match self {
            StatusMeaning::Registered => "Registered",
            StatusMeaning::LeftOut => "Left out",
            StatusMeaning::Cancelled => "Cancelled",
            StatusMeaning::Refunded => "Refunded",
        }
    }

    /// What a word means by the tables alone; `None` when it is not known, or when tools use it differently.
    pub fn of(word: &str) -> Option<StatusMeaning> {
        match known(word)? {
            Known::Means(meaning) => Some(meaning),
            Known::Ask => None,
        }
    }

    /// Where the registration stands; `None` for a row that is left out.
    pub fn status(self) -> Option<RegistrantStatus> {
        match self {
            StatusMeaning::Registered => Some(RegistrantStatus::Registered),
            StatusMeaning::LeftOut => None,
            StatusMeaning::Cancelled => Some(RegistrantStatus::Cancelled),
            StatusMeaning::Refunded => Some(RegistrantStatus::Refunded),
        }
    }
}

impl std::str::FromStr for StatusMeaning {
    type Err = ();
    fn from_str(text: &str) -> Result<StatusMeaning, ()> {
        let text = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        StatusMeaning::ALL.into_iter().find(|meaning| meaning.word() == text).ok_or(())
    }
}

/// What the table knows of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Known {
    /// It means this wherever it was found.
    Means(StatusMeaning),
    /// Tools use it differently, or it does not tell whether somebody has a place.
    Ask,
}

/// The form in which a status is looked up and remembered: `USER_DROPPED`, `User dropped` and `userDropped` are one. A sign that says something
/// (`Paid ❌`, `Paid?`, `-1`) is part of it.
pub fn status_key(cell: &str) -> String {
    let key = plain(cell);
    if key.is_empty() {
        return cell.trim().to_lowercase();
    }
    match telling_signs(cell) {
        signs if signs.is_empty() => key,
        signs => format!("{key} {signs}"),
    }
}

/// The signs of a status by which it is another word. What only sets apart or adorns (`(Paid)`, `*Paid*`, `Paid ✅`) is none.
fn telling_signs(cell: &str) -> String {
    if cell.is_ascii() && !cell.bytes().any(|b| matches!(b, b'?' | b'!' | b'-' | b'+' | b'~' | b'^' | b'%')) {
        return String::new();
    }
    let chars: Vec<char> = cell.chars().take(200).collect();
    let tells = |(at, c): (usize, &char)| {
        let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        let behind_word = at > 0 && chars[at - 1].is_alphanumeric();
        match c {
            '-' | '\u{2212}' | '+' => next_is_digit && !behind_word,
            '?' | '!' | '~' | '^' | '%' | '\u{061F}' | '\u{FF1F}' | '\u{FF01}' => true,
            _ if c.is_ascii() || c.is_alphanumeric() || c.is_whitespace() => false,
            // Letters' own signs, joiners, dashes, quotes, dots.
            '\u{300}'..='\u{36F}' | '\u{900}'..='\u{DFF}' | '\u{2000}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '·' | '«' | '»' => false,
            // Rupee, money, ticks, thumbs up, applause: they adorn a yes.
            '₹' | '€' | '£' | '✅' | '✔' | '✓' | '☑' | '👍' | '💯' | '🎉' | '🙏' | '→' | '➡' => false,
            '\u{1F3FB}'..='\u{1F3FF}' => false,
            _ => true,
        }
    };
    chars.iter().enumerate().filter(|(at, c)| tells((*at, *c))).map(|(_, c)| *c).collect()
}

/// What one word or phrase means. Signs make a place a question; what refuses stays refused, but for a question mark.
fn known_whole(text: &str) -> Option<Known> {
    let key = status_key(text);
    if let Some(known) = look_up(&key) {
        return Some(known);
    }
    let signs = telling_signs(text);
    let asks = signs.is_empty() || signs.contains('?') || signs.contains('~');
    if asks {
        return None;
    }
    let bare = look_up(&plain(text));
    bare.filter(|known| !matches!(known, Known::Ask | Known::Means(StatusMeaning::Registered)))
}

/// What a status means. A text of several parts (`Failed: card declined`, `Paid / Refunded`) means a place only when each part does.
pub(in crate::read) fn known(cell: &str) -> Option<Known> {
    if let Some(known) = known_whole(cell) {
        return Some(known);
    }
    if !telling_signs(cell).is_empty() {
        // "Paid (?)": the sign may stand in a part of its own.
        return None;
    }
    let parts: Vec<&str> = cell.split([':', '/', '|', ',', ';', '(', ')', '–', '—', '→', '>']).collect();
    let parts: Vec<Option<Known>> = parts
        .iter()
        .map(|part| status_key(part))
        .filter(|key| !key.is_empty())
        .map(|key| look_up(&key))
        .collect();
    if parts.len() < 2 {
        return None;
    }
    let forbids = |known: &Known| !matches!(known, Known::Ask | Known::Means(StatusMeaning::Registered));
    // A refund after a payment is the later news.
    let forbidding = parts.iter().flatten().copied().filter(forbids).max_by_key(|known| match known {
        Known::Means(meaning) => *meaning,
        Known::Ask => StatusMeaning::Registered,
    });
    let all: Option<Vec<Known>> = parts.iter().copied().collect();
    match (forbidding, all) {
        (Some(forbidding), _) => Some(forbidding),
        (None, Some(all)) if all.contains(&Known::Ask) => Some(Known::Ask),
        (None, Some(all)) => all.first().copied(),
        (None, None) => None,
    }
}

/// What a caption above a list says of everybody below it: "Cancelled participants (3)", "WAITLIST".
pub(in crate::read) fn caption(cell: &str) -> Option<Known> {
    #[rustfmt::skip]
    const NOUNS: &[&str] = &[
        "participants", "participant", "registrants", "registrant", "attendees", "attendee", "people", "persons", "members", "students",
        "candidates", "users", "guests", "customers", "leads", "registrations", "orders", "payments", "entries", "names", "list", "lists",
        "report", "section", "group", "the", "all", "of", "following", "who", "have", "are", "seats", "tickets", "applicants", "s",
    ];
    if let Some(known) = known(cell) {
        return Some(known);
    }
    let plain = plain(cell);
    let words = plain.split(' ').filter(|word| !NOUNS.contains(word) && !word.chars().all(char::is_numeric));
    let rest = words.collect::<Vec<_>>().join(" ");
    match rest.is_empty() || rest.len() > 60 {
        true => None,
        false => look_up(&rest),
    }
}

/// Nouns that tools put before or behind the word that counts.
#[rustfmt::skip]
const AROUND: &[&str] = &[
    "payment", "order", "txn", "transaction", "registration", "booking", "ticket", "seat", "status", "is", "was", "has been",
    "wc", "subscription", "enrolment", "enrollment",
];

fn look_up(key: &str) -> Option<Known> {
    let find = |key: &str| WORDS.iter().find(|(word, ..)| *word == key).map(|(_, known, _)| *known);
    find(key).or_else(|| {
        let mut rest = key;
        loop {
            let shorter = AROUND.iter().find_map(|noun| {
                let before = rest.strip_prefix(noun).and_then(|rest| rest.strip_prefix(' '));
                before.or_else(|| rest.strip_suffix(noun).and_then(|rest| rest.strip_suffix(' ')))
            });
            rest = shorter?;
            if let Some(known) = find(rest) {
                return Some(known);
            }
        }
    })
}

#[allow(non_upper_case_globals, reason = "the table reads as prose")]
mod short {
    use super::{Known, StatusMeaning};
    pub(super) const Registered: Known = Known::Means(StatusMeaning::Registered);
    pub(super) const LeftOut: Known = Known::Means(StatusMeaning::LeftOut);
    pub(super) const Cancelled: Known = Known::Means(StatusMeaning::Cancelled);
    pub(super) const Refunded: Known = Known::Means(StatusMeaning::Refunded);
    pub(super) const Ask: Known = Known::Ask;
}
use short::{Ask, Cancelled, LeftOut, Refunded, Registered};

/// Word, meaning, where it was found.
#[rustfmt::skip]
pub(in crate::read) const WORDS: &[(&str, Known, &str)] = &[
    ("registered", Registered, "developer.goto.com GoToWebinar (registrant status)"),
    ("pre registered", Registered, "help.salesforce.com (campaign member status)"),
    ("active registration", Registered, "en: everyday word"),
    ("approved", Registered, "Zoom registration report, developers.zoom.us (registrants status)"),
    ("confirmed", Registered, "en: everyday word"),
    ("paid", Registered, "razorpay.com/docs/payments/orders (states)"),
    ("success", Registered, "cashfree.com/help/169 (transaction status)"),
    ("successful", Registered, "business.paytm.com/docs (transaction status)"),
    ("succeeded", Registered, "docs.stripe.com/payments/paymentintents/lifecycle"),
    ("completed", Registered, "developer.paypal.com/docs/api/payments/v2 (status)"),
    ("complete", Registered, "ti.to/docs/api/admin (ticket state)"),
    ("captured", Registered, "razorpay.com/docs/payments/payments (life cycle)"),
    ("capture", Registered, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("settled", Registered, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("settlement", Registered, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("credit", Registered, "instamojo-wrapper on pypi.org (payment status)"),
    ("credited", Registered, "en: everyday word"),
    ("enrolled", Registered, "en: everyday word"),
    ("enroled", Registered, "en: everyday word"),
    ("booked", Registered, "en: everyday word"),
    ("reserved seat", Registered, "en: everyday word"),
    ("attending", Registered, "Eventbrite attendee report, eventbrite.com/platform/api (attendee status)"),
    ("checked in", Registered, "Eventbrite attendee report, eventbrite.com/platform/api (attendee status)"),
    ("going", Registered, "docs.luma.com (approval_status)"),
    ("accepted", Registered, "developers.google.com/calendar (responseStatus)"),
    ("joined", Registered, "en: everyday word"),
    ("attended", Registered, "knowledge.hubspot.com (marketing event and meeting outcomes)"),
    ("present", Registered, "en: everyday word"),
    ("responded", Ask, "help.salesforce.com (campaign member status)"),
    ("payment received", Registered, "en: everyday word"),
    ("received", Registered, "en: everyday word"),
    ("fully paid", Registered, "en: everyday word"),
    ("paid in full", Registered, "en: everyday word"),
    ("txn success", Registered, "business.paytm.com/docs (transaction status)"),
    ("payment confirmed", Registered, "docs.cielo.com.br (transaction status)"),
    ("charged", Registered, "en: everyday word"),
    ("admitted", Registered, "en: everyday word"),
    ("rsvp yes", Registered, "meetup.com help (RSVP export)"),
    ("verified", Ask, "docs.moyasar.com/payment-status-reference"),
    ("valid", Registered, "tickettailor.com help (issued ticket status)"),
    ("free", Registered, "en: everyday word"),
    ("complimentary", Registered, "en: everyday word"),
    ("free registration", Registered, "en: everyday word"),
    ("failed", LeftOut, "razorpay.com/docs/payments/payments (life cycle)"),
    ("failure", LeftOut, "cashfree.com/help/169 (transaction status)"),
    ("fail", LeftOut, "en: everyday word"),
    ("payment failed", LeftOut, "razorpay.com/docs/payments/payments (life cycle)"),
    ("failed by bank", LeftOut, "docs.payu.in/docs/actions-for-a-transaction"),
    ("unsuccessful", LeftOut, "CCAvenue integration guide (order_status)"),
    ("not successful", LeftOut, "en: everyday word"),
    ("error", LeftOut, "developer.phonepe.com/v1/reference/check-status-api"),
    ("payment error", LeftOut, "developer.phonepe.com/v1/reference/check-status-api"),
    ("txn failure", LeftOut, "business.paytm.com/docs (transaction status)"),
    ("declined", LeftOut, "docs.luma.com (approval_status)"),
    ("payment declined", LeftOut, "developer.phonepe.com/v1/reference/check-status-api"),
    ("rejected", LeftOut, "mercadopago developers (payment status)"),
    ("refused", LeftOut, "en: everyday word"),
    ("deny", LeftOut, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("not approved", LeftOut, "en: everyday word"),
    ("disapproved", LeftOut, "en: everyday word"),
    ("not accepted", LeftOut, "en: everyday word"),
    ("bounced", LeftOut, "docs.payu.in/reference-link/payment-state-explanations"),
    ("dropped", LeftOut, "docs.payu.in/reference-link/payment-state-explanations"),
    ("user dropped", LeftOut, "cashfree.com/help/169 (transaction status)"),
    ("user drooped", LeftOut, "cashfree.com/help/169 (transaction status)"),
    ("dropped off", LeftOut, "en: everyday word"),
    ("drop off", LeftOut, "en: everyday word"),
    ("abandoned", LeftOut, "help.shopify.com (abandoned checkouts)"),
    ("abandoned cart", LeftOut, "help.shopify.com (abandoned checkouts)"),
    ("abandoned checkout", LeftOut, "help.shopify.com (abandoned checkouts)"),
    ("aborted", LeftOut, "CCAvenue integration guide (order_status)"),
    ("not attempted", LeftOut, "cashfree.com/docs/api-reference/payments/enums"),
    ("attempted", LeftOut, "razorpay.com/docs/payments/orders (states)"),
    ("created", LeftOut, "razorpay.com/docs/payments/payments (life cycle)"),
    ("new", Ask, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("initiated", LeftOut, "docs.moyasar.com/payment-status-reference"),
    ("payment initiated", LeftOut, "en: everyday word"),
    ("initiated not paid", LeftOut, "en: everyday word"),
    ("started", Ask, "en: everyday word"),
    ("in progress", Ask, "docs.payu.in/reference-link/payment-state-explanations"),
    ("in process", LeftOut, "mercadopago developers (payment status)"),
    ("processing", Ask, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("under process", LeftOut, "en: everyday word"),
    ("pending", LeftOut, "Zoom registration report, developers.zoom.us (registrants status)"),
    ("pending payment", LeftOut, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("payment pending", LeftOut, "developer.phonepe.com/v1/reference/check-status-api"),
    ("pending approval", LeftOut, "docs.luma.com (approval_status)"),
    ("approval pending", LeftOut, "en: everyday word"),
    ("pending confirmation", LeftOut, "en: everyday word"),
    ("pending verification", LeftOut, "en: everyday word"),
    ("pending from pay later", LeftOut, "docs.civicrm.org (participant statuses)"),
    ("pay later", LeftOut, "docs.civicrm.org (participant statuses)"),
    ("awaiting payment", LeftOut, "en: everyday word"),
    ("awaiting approval", LeftOut, "docs.civicrm.org (participant statuses)"),
    ("awaiting confirmation", LeftOut, "en: everyday word"),
    ("awaited", LeftOut, "CCAvenue integration guide (order_status)"),
    ("awaiting", LeftOut, "en: everyday word"),
    ("waiting", LeftOut, "dev.wix.com (guest attendance status mapping)"),
    ("waiting for approval", LeftOut, "developer.goto.com GoToWebinar (registrant status)"),
    ("waitlist", LeftOut, "docs.luma.com (approval_status)"),
    ("wait list", LeftOut, "docs.luma.com (approval_status)"),
    ("waitlisted", LeftOut, "en: everyday word"),
    ("wait listed", LeftOut, "en: everyday word"),
    ("waiting list", LeftOut, "en: everyday word"),
    ("in waitlist", LeftOut, "dev.wix.com (guest attendance status mapping)"),
    ("on waitlist", LeftOut, "docs.civicrm.org (participant statuses)"),
    ("on waiting list", LeftOut, "en: everyday word"),
    ("standby", LeftOut, "en: everyday word"),
    ("unpaid", LeftOut, "Eventbrite attendee report, eventbrite.com/platform/api (attendee status)"),
    ("not paid", LeftOut, "en: everyday word"),
    ("payment not received", LeftOut, "en: everyday word"),
    ("payment not done", LeftOut, "en: everyday word"),
    ("payment due", LeftOut, "en: everyday word"),
    ("due", LeftOut, "en: everyday word"),
    ("overdue", LeftOut, "en: everyday word"),
    ("past due", LeftOut, "docs.stripe.com/billing/subscriptions/overview (statuses)"),
    ("balance due", Ask, "en: everyday word"),
    ("outstanding", LeftOut, "en: everyday word"),
    ("open", LeftOut, "docs.stripe.com/invoicing/overview (statuses)"),
    ("draft", LeftOut, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("checkout draft", LeftOut, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("auto draft", LeftOut, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("incomplete", LeftOut, "ti.to/docs/api/admin (ticket state)"),
    ("not complete", LeftOut, "en: everyday word"),
    ("not completed", LeftOut, "en: everyday word"),
    ("incomplete expired", LeftOut, "docs.stripe.com/billing/subscriptions/overview (statuses)"),
    ("partially completed", Ask, "docs.civicrm.org (participant statuses)"),
    ("uncollectible", LeftOut, "docs.stripe.com/invoicing/overview (statuses)"),
    ("requires payment method", LeftOut, "docs.stripe.com/payments/paymentintents/lifecycle"),
    ("requires confirmation", LeftOut, "docs.stripe.com/payments/paymentintents/lifecycle"),
    ("requires action", LeftOut, "docs.stripe.com/payments/paymentintents/lifecycle"),
    ("requires capture", Ask, "docs.stripe.com/payments/paymentintents/lifecycle"),
    ("uncaptured", Ask, "docs.stripe.com/dashboard/basics (payment states)"),
    ("blocked", LeftOut, "docs.stripe.com/dashboard/basics (payment states)"),
    ("flagged", LeftOut, "cashfree.com/help/169 (transaction status)"),
    ("fraud", LeftOut, "en: everyday word"),
    ("suspected fraud", LeftOut, "en: everyday word"),
    ("high risk", LeftOut, "en: everyday word"),
    ("held", LeftOut, "developer.paypal.com/docs/api/payments/v2 (status)"),
    ("on hold", LeftOut, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("hold", LeftOut, "en: everyday word"),
    ("halted", LeftOut, "razorpay.com/docs/payments/subscriptions/states"),
    ("paused", Ask, "docs.stripe.com/billing/subscriptions/overview (statuses)"),
    ("trialing", Ask, "docs.stripe.com/billing/subscriptions/overview (statuses)"),
    ("timed out", LeftOut, "developer.phonepe.com/v1/reference/check-status-api"),
    ("timeout", LeftOut, "developer.phonepe.com/v1/reference/check-status-api"),
    ("time out", LeftOut, "en: everyday word"),
    ("session expired", LeftOut, "en: everyday word"),
    ("expired", LeftOut, "razorpay.com/docs/payments/payment-links (states)"),
    ("expire", LeftOut, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("lapsed", LeftOut, "en: everyday word"),
    ("link expired", LeftOut, "en: everyday word"),
    ("terminated", LeftOut, "cashfree.com/docs/api-reference/payments/enums"),
    ("termination requested", LeftOut, "cashfree.com/docs/api-reference/payments/enums"),
    ("invalid", LeftOut, "CCAvenue integration guide (order_status)"),
    ("invited", LeftOut, "docs.luma.com (approval_status)"),
    ("invite sent", LeftOut, "en: everyday word"),
    ("invitation sent", LeftOut, "en: everyday word"),
    ("not invited", LeftOut, "en: everyday word"),
    ("sent", Ask, "instamojo-wrapper on pypi.org (payment status)"),
    ("no response", LeftOut, "en: everyday word"),
    ("not responded", LeftOut, "en: everyday word"),
    ("needs action", LeftOut, "developers.google.com/calendar (responseStatus)"),
    ("awaiting response", LeftOut, "en: everyday word"),
    ("tentative", Ask, "developers.google.com/calendar (responseStatus)"),
    ("maybe", Ask, "meetup.com help (RSVP export)"),
    ("interested", Ask, "en: everyday word"),
    ("not interested", LeftOut, "en: everyday word"),
    ("not going", LeftOut, "docs.luma.com (approval_status)"),
    ("not attending", LeftOut, "Eventbrite attendee report, eventbrite.com/platform/api (attendee status)"),
    ("not coming", LeftOut, "en: everyday word"),
    ("not registered", LeftOut, "en: everyday word"),
    ("not enrolled", LeftOut, "en: everyday word"),
    ("not confirmed", LeftOut, "en: everyday word"),
    ("unconfirmed", LeftOut, "en: everyday word"),
    ("not joining", LeftOut, "en: everyday word"),
    ("ineligible", LeftOut, "en: everyday word"),
    ("not eligible", LeftOut, "en: everyday word"),
    ("disqualified", LeftOut, "en: everyday word"),
    ("not selected", LeftOut, "en: everyday word"),
    ("duplicate", LeftOut, "en: everyday word"),
    ("test", Ask, "en: everyday word"),
    ("spam", LeftOut, "en: everyday word"),
    ("junk", LeftOut, "en: everyday word"),
    ("junk lead", LeftOut, "help.zoho.com CRM (lead status)"),
    ("lost lead", LeftOut, "help.zoho.com CRM (lead status)"),
    ("not qualified", LeftOut, "help.zoho.com CRM (lead status)"),
    ("unqualified", LeftOut, "knowledge.hubspot.com (lead status)"),
    ("lost", LeftOut, "helpdesk.bitrix24.com (deal stages)"),
    ("deal lost", LeftOut, "helpdesk.bitrix24.com (deal stages)"),
    ("closed lost", LeftOut, "help.salesforce.com (opportunity stages)"),
    ("analyze failure", LeftOut, "helpdesk.bitrix24.com (deal stages)"),
    ("won", Ask, "helpdesk.bitrix24.com (deal stages)"),
    ("deal won", Ask, "helpdesk.bitrix24.com (deal stages)"),
    ("closed won", Ask, "help.salesforce.com (opportunity stages)"),
    ("trash", LeftOut, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("deleted", LeftOut, "Eventbrite attendee report, eventbrite.com/platform/api (attendee status)"),
    ("removed", LeftOut, "en: everyday word"),
    ("inactive", Ask, "en: everyday word"),
    ("active", Ask, "cashfree.com/docs/api-reference/payments/enums"),
    ("authorized", Ask, "razorpay.com/docs/payments/payments (life cycle)"),
    ("authorised", Ask, "razorpay.com/docs/payments/payments (life cycle)"),
    ("auth", Ask, "docs.payu.in/reference-link/payment-state-explanations"),
    ("authorize", Ask, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("authenticated", Ask, "razorpay.com/docs/payments/subscriptions/states"),
    ("partially paid", Ask, "razorpay.com/docs/payments/payment-links (states)"),
    ("partial", Ask, "en: everyday word"),
    ("partial payment", Ask, "en: everyday word"),
    ("part paid", Ask, "en: everyday word"),
    ("half paid", Ask, "en: everyday word"),
    ("advance paid", Ask, "en: everyday word"),
    ("emi", Ask, "en: everyday word"),
    ("scheduled", Ask, "knowledge.hubspot.com (marketing event and meeting outcomes)"),
    ("rescheduled", Ask, "knowledge.hubspot.com (marketing event and meeting outcomes)"),
    ("deferred", Ask, "en: everyday word"),
    ("postponed", Ask, "en: everyday word"),
    ("no show", Ask, "knowledge.hubspot.com (marketing event and meeting outcomes)"),
    ("noshow", Ask, "knowledge.hubspot.com (marketing event and meeting outcomes)"),
    ("absent", Ask, "en: everyday word"),
    ("did not attend", Ask, "en: everyday word"),
    ("not attended", Ask, "en: everyday word"),
    ("unattended", Ask, "en: everyday word"),
    ("left early", Ask, "en: everyday word"),
    ("transferred", Cancelled, "Eventbrite attendee report, eventbrite.com/platform/api (attendee status)"),
    ("transferred out", Cancelled, "en: everyday word"),
    ("transfered", Cancelled, "en: everyday word"),
    ("transferred to another", Cancelled, "en: everyday word"),
    ("cancelled", Cancelled, "woocommerce.github.io/code-reference (OrderStatus)"),
    ("canceled", Cancelled, "docs.stripe.com/payments/paymentintents/lifecycle"),
    ("cancel", Cancelled, "en: everyday word"),
    ("canceld", Cancelled, "en: everyday word"),
    ("cancled", Cancelled, "en: everyday word"),
    ("cancelled by user", Cancelled, "en: everyday word"),
    ("cancelled by host", Cancelled, "Zoom registration report, developers.zoom.us (registrants status)"),
    ("cancelled by self", Cancelled, "Zoom registration report, developers.zoom.us (registrants status)"),
    ("cancelled by attendee", Cancelled, "en: everyday word"),
    ("cancelled by registrant", Cancelled, "Zoom registration report, developers.zoom.us (registrants status)"),
    ("user cancelled", LeftOut, "docs.payu.in/reference-link/payment-state-explanations"),
    ("auto cancelled", Cancelled, "CCAvenue integration guide (order_status)"),
    ("cancelation", Cancelled, "en: everyday word"),
    ("cancellation", Cancelled, "en: everyday word"),
    ("cancellation requested", Cancelled, "en: everyday word"),
    ("cancel requested", Cancelled, "en: everyday word"),
    ("cancelled unpaid", Cancelled, "en: everyday word"),
    ("denied", Cancelled, "Zoom registration report, developers.zoom.us (registrants status)"),
    ("withdrawn", Cancelled, "en: everyday word"),
    ("withdrew", Cancelled, "en: everyday word"),
    ("withdraw", Cancelled, "en: everyday word"),
    ("unregistered", Cancelled, "en: everyday word"),
    ("de registered", Cancelled, "en: everyday word"),
    ("deregistered", Cancelled, "en: everyday word"),
    ("dropped out", Cancelled, "en: everyday word"),
    ("void", Cancelled, "cashfree.com/help/169 (transaction status)"),
    ("voided", Cancelled, "docs.moyasar.com/payment-status-reference"),
    ("revoked", Cancelled, "en: everyday word"),
    ("left", Cancelled, "en: everyday word"),
    ("unenrolled", Cancelled, "en: everyday word"),
    ("unsubscribed", Cancelled, "en: everyday word"),
    ("opted out", Cancelled, "en: everyday word"),
    ("rsvp no", Cancelled, "meetup.com help (RSVP export)"),
    ("refunded", Refunded, "razorpay.com/docs/payments/payments (life cycle)"),
    ("refund", Refunded, "en: everyday word"),
    ("full refund", Refunded, "en: everyday word"),
    ("fully refunded", Refunded, "en: everyday word"),
    ("partially refunded", Ask, "help.shopify.com (payment status of orders)"),
    ("partial refund", Ask, "docs.midtrans.com/en/after-payment/status-cycle"),
    ("refund done", Refunded, "en: everyday word"),
    ("refund given", Refunded, "en: everyday word"),
    ("refund initiated", Refunded, "en: everyday word"),
    ("refund processed", Refunded, "razorpay.com/docs/payments/payments (life cycle)"),
    ("refund pending", Refunded, "en: everyday word"),
    ("refund requested", Refunded, "en: everyday word"),
    ("refund in progress", Refunded, "en: everyday word"),
    ("refund failed", Ask, "razorpay.com/docs/payments/payments (life cycle)"),
    ("auto refund", Refunded, "docs.payu.in/reference-link/payment-state-explanations"),
    ("auto refunded", Refunded, "docs.payu.in/reference-link/payment-state-explanations"),
    ("auto reversed", Refunded, "CCAvenue integration guide (order_status)"),
    ("reversed", Refunded, "developer.paypal.com/docs/api/payments/v2 (status)"),
    ("reversal", Refunded, "en: everyday word"),
    ("chargeback", Refunded, "docs.payu.in/docs/actions-for-a-transaction"),
    ("charge back", Refunded, "en: everyday word"),
    ("charged back", Refunded, "mercadopago developers (payment status)"),
    ("chargedback", Refunded, "mercadopago developers (payment status)"),
    ("disputed", Refunded, "docs.stripe.com/dashboard/basics (payment states)"),
    ("dispute", Refunded, "docs.stripe.com/dashboard/basics (payment states)"),
    ("dispute lost", Refunded, "docs.stripe.com/dashboard/basics (payment states)"),
    ("money returned", Refunded, "en: everyday word"),
    ("returned", Refunded, "developer.paypal.com/docs/api/payments/v2 (status)"),
    ("amount refunded", Refunded, "en: everyday word"),
    ("पंजीकृत", Registered, "hi: everyday word"),
    ("पंजीकरण हो गया", Registered, "hi: everyday word"),
    ("सफल", Registered, "hi: everyday word"),
    ("भुगतान सफल", Registered, "hi: everyday word"),
    ("भुगतान हो गया", Registered, "hi: everyday word"),
    ("भुगतान किया", Registered, "hi: everyday word"),
    ("पुष्टि", Registered, "hi: everyday word"),
    ("पुष्टि हो गई", Registered, "hi: everyday word"),
    ("स्वीकृत", Registered, "hi: everyday word"),
    ("पूर्ण", Registered, "hi: everyday word"),
    ("उपस्थित", Registered, "hi: everyday word"),
    ("असफल", LeftOut, "hi: everyday word"),
    ("विफल", LeftOut, "hi: everyday word"),
    ("भुगतान विफल", LeftOut, "hi: everyday word"),
    ("भुगतान असफल", LeftOut, "hi: everyday word"),
    ("अस्वीकृत", LeftOut, "hi: everyday word"),
    ("लंबित", LeftOut, "hi: everyday word"),
    ("लम्बित", LeftOut, "hi: everyday word"),
    ("बाकी", LeftOut, "hi: everyday word"),
    ("भुगतान बाकी", LeftOut, "hi: everyday word"),
    ("भुगतान नहीं हुआ", LeftOut, "hi: everyday word"),
    ("प्रतीक्षा", LeftOut, "hi: everyday word"),
    ("प्रतीक्षा सूची", LeftOut, "hi: everyday word"),
    ("प्रतीक्षारत", LeftOut, "hi: everyday word"),
    ("अपूर्ण", LeftOut, "hi: everyday word"),
    ("अधूरा", LeftOut, "hi: everyday word"),
    ("समाप्त", LeftOut, "hi: everyday word"),
    ("अनुपस्थित", Ask, "hi: everyday word"),
    ("स्थगित", Ask, "hi: everyday word"),
    ("रद्द", Cancelled, "hi: everyday word"),
    ("रद्द किया", Cancelled, "hi: everyday word"),
    ("रद्द किया गया", Cancelled, "hi: everyday word"),
    ("कैंसिल", Cancelled, "hi: everyday word"),
    ("निरस्त", Cancelled, "hi: everyday word"),
    ("वापस", Refunded, "hi: everyday word"),
    ("रिफंड", Refunded, "hi: everyday word"),
    ("रिफ़ंड", Refunded, "hi: everyday word"),
    ("धनवापसी", Refunded, "hi: everyday word"),
    ("पैसा वापस", Refunded, "hi: everyday word"),
    ("राशि वापस", Refunded, "hi: everyday word"),
    ("safal", Registered, "hi: everyday word"),
    ("asafal", LeftOut, "hi: everyday word"),
    ("radd", Cancelled, "hi: everyday word"),
    ("bhugtan ho gaya", Registered, "hi: everyday word"),
    ("bhugtan baki", LeftOut, "hi: everyday word"),
    ("baki", LeftOut, "hi: everyday word"),
];
