//! Titles under which a registration's status stands, and what Yes, a date or an amount means under them.

use super::titles::{contains_words, plain, without_zone};

/// A column of statuses of the registration or its payment.
pub(super) fn status_score(plain: &str) -> u32 {
    #[rustfmt::skip]
    const WHOLE: &[&str] = &[
        "status", "registration status", "order status", "approval status", "payment status", "स्थिति", "response type",
        "submission status", "form status",
    ];
    #[rustfmt::skip]
    const OF: &[&str] = &[
        "registration", "order", "payment", "approval", "ticket", "booking", "transaction", "txn", "trans", "attendee",
        "participant", "registrant", "participation", "guest", "subscription", "enrolment", "enrollment", "rsvp", "refund",
        "cancellation", "seat", "invoice", "financial", "purchase", "paid", "fee", "fees", "checkout", "link",
        "current", "overall", "event", "member", "membership", "application", "admission", "invite", "invitation", "customer",
        "student", "learner", "course", "workshop", "webinar", "razorpay", "cashfree", "instamojo", "payu", "stripe", "paypal",
        "paytm", "phonepe", "the", "of", "your", "final", "भुगतान", "पंजीकरण", "पेमेंट", "ऑर्डर",
    ];
    // "State" is a part of India, but for payments and orders.
    const STATE_OF: &[&str] =
        &["payment", "order", "transaction", "txn", "ticket", "booking", "registration", "refund"];
    if let Some(rank) = WHOLE.iter().position(|word| *word == plain) {
        return 100 - rank as u32;
    }
    let words: Vec<&str> = plain.split(' ').collect();
    let noun = |word: &&str| matches!(*word, "status" | "state" | "स्थिति" | "स्टेटस" | "result" | "outcome");
    let Some(at) = words.iter().position(noun) else { return 0 };
    let of: Vec<&str> = words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| *word).collect();
    let fits = |word: &&str| {
        OF.contains(word) && (words[at] == "status" || words[at].len() > 6 || STATE_OF.contains(word))
    };
    match !of.is_empty() && of.iter().all(fits) {
        true => 80,
        false => 0,
    }
}

/// "Stage", "Lead status": where a lead stands, which says nothing about a registration unless a word below it takes the place away.
pub(in crate::read) fn is_stage(title: &str) -> bool {
    #[rustfmt::skip]
    const STAGES: &[&str] = &[
        "stage", "deal stage", "lead stage", "pipeline stage", "sales stage", "opportunity stage", "lead status", "deal status",
        "contact status", "prospect status", "disposition", "call status", "call disposition",
    ];
    STAGES.contains(&plain(title).as_str())
}

/// "Total Paid", "Fees paid", "Payment": where figures stand below it, they are sums.
pub(in crate::read) fn names_an_amount(title: &str) -> bool {
    const MONEY: &[&str] = &[
        "paid",
        "fee",
        "fees",
        "amount",
        "amt",
        "total",
        "price",
        "cost",
        "sum",
        "payment",
        "inr",
        "rs",
        "राशि",
        "शुल्क",
        "फीस",
    ];
    let plain = plain(title);
    status_score(&plain) == 0 && MONEY.iter().any(|word| contains_words(&plain, word))
}

/// "Old status", "Previous payment status": where it stood before.
pub(in crate::read) fn is_former(title: &str) -> bool {
    let plain = plain(title);
    ["old", "previous", "prev", "former", "earlier"].iter().any(|word| contains_words(&plain, word))
}

/// Yes and no under a title such as "Paid" or "Cancelled".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum YesMeans {
    /// Yes is a place, no is none.
    Place,
    /// Yes (or a date) takes the place away, and no leaves it.
    Gone(super::StatusMeaning),
    /// An amount that was paid back or is still due: above nothing it is a question.
    AmountGone,
    /// Where a refund or a cancellation stands: what is well there takes the place away.
    StateGone(super::StatusMeaning),
}

/// What Yes means under a title that is a statement about the registration.
pub(in crate::read) fn yes_means(whole: &str) -> Option<YesMeans> {
    use super::StatusMeaning::{Cancelled, LeftOut, Refunded};
    #[rustfmt::skip]
    const PLACES: &[&str] = &[
        "paid", "payment done", "payment received", "payment completed", "payment complete", "payment made",
        "payment successful", "payment success", "payment confirmed", "payment verified", "payment", "fee paid", "fees paid",
        "payment confirmation", "payment status yes no", "amount received", "captured", "confirmed", "confirmation", "approved", "registered", "seat confirmed",
        "booking confirmed", "registration confirmed", "attending", "will you attend", "will you be attending",
        "are you attending", "are you coming", "will attend", "going", "rsvp", "coming", "accepted", "successful", "success",
        "will you join", "are you joining", "joining", "enrolled", "भुगतान", "भुगतान हो गया", "पेमेंट हो गया",
    ];
    #[rustfmt::skip]
    const CANCELLED: &[&str] = &[
        "cancelled", "canceled", "cancelled at", "canceled at", "cancelled on", "cancelled date", "cancellation date",
        "cancellation", "cancelled by", "voided", "void", "voided at", "withdrawn", "deleted", "deleted at", "transferred",
        "रद्द",
    ];
    #[rustfmt::skip]
    const REFUNDED: &[&str] = &[
        "refunded", "refunded at", "refunded on", "refunded date", "date refunded", "refund date", "refund", "refund requested", "refund issued", "chargeback",
        "disputed", "refund id", "रिफंड", "वापस", "disputed date", "dispute date", "disputed at", "disputed on", "dispute id", "dispute reason",
        "chargeback date", "chargeback id", "chargeback reason", "reversed at", "reversed on", "reversal date", "reversal id",
    ];
    #[rustfmt::skip]
    const LEFT_OUT: &[&str] = &[
        "failed", "payment failed", "waitlisted", "waitlist", "on waitlist", "wait listed", "declined", "rejected", "expired",
        "unpaid", "not attending", "i will not attend", "will not attend", "not coming", "i will not be attending", "cannot attend", "i cannot attend", "can t attend", "i am not coming", "won t attend", "pending", "payment pending", "invalid", "spam", "blocked by admin",
    ];
    let title = plain(whole);
    if is_amount_gone(&title) {
        return Some(YesMeans::AmountGone);
    }
    if let Some(gone) = state_of_what_is_gone(whole) {
        return Some(YesMeans::StateGone(gone));
    }
    let title = without_zone(&title);
    let title = title.strip_prefix("is ").or_else(|| title.strip_prefix("has ")).unwrap_or(title);
    let title = title.strip_prefix("been ").unwrap_or(title);
    let title = title.strip_suffix(" yes no").or_else(|| title.strip_suffix(" y n")).unwrap_or(title);
    let title = without_nouns(title);
    let is = |list: &[&str]| list.contains(&title);
    match () {
        () if is(PLACES) || asks_to_come(title) => Some(YesMeans::Place),
        () if is(CANCELLED) => Some(YesMeans::Gone(Cancelled)),
        () if is(REFUNDED) => Some(YesMeans::Gone(Refunded)),
        () if is(LEFT_OUT) => Some(YesMeans::Gone(LeftOut)),
        () => None,
    }
}

/// "Registration cancelled", "Ticket is refunded": what is said of a registration, a ticket or an order is said of the place.
fn without_nouns(title: &str) -> &str {
    #[rustfmt::skip]
    const NOUNS: &[&str] = &[
        "registration ", "order ", "booking ", "ticket ", "seat ", "enrolment ", "enrollment ", "your ", "the ", "participant ",
        "attendee ", "student ", "is ", "was ", "has been ",
    ];
    let mut rest = title;
    while let Some(shorter) = NOUNS.iter().find_map(|noun| rest.strip_prefix(noun)) {
        rest = shorter;
    }
    rest
}

/// "Refund Status", "Cancellation status", "Dispute state": how far that is. A title that names something else beside it ("Payment / refund
/// status") is about both.
fn state_of_what_is_gone(title: &str) -> Option<super::StatusMeaning> {
    use super::StatusMeaning::{Cancelled, Refunded};
    if title.contains(['/', '&', '|', ',', '+']) {
        return None;
    }
    let plain = plain(title);
    let words: Vec<&str> = plain.split(' ').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let is_state = has(&["status", "state", "result", "outcome", "स्थिति", "स्टेटस"]);
    if !is_state || has(&["and", "or", "policy"]) {
        return None;
    }
    if has(&[
        "refund",
        "refunds",
        "refunded",
        "chargeback",
        "dispute",
        "reversal",
        "रिफंड",
        "रिफ़ंड",
        "वापसी",
        "धनवापसी",
    ]) {
        return Some(Refunded);
    }
    has(&["cancellation", "cancelation", "cancel", "cancelled", "canceled", "withdrawal"])
        .then_some(Cancelled)
}

/// "Amount Refunded", "Balance Due", "Balance": money that went back, or that is missing.
fn is_amount_gone(plain: &str) -> bool {
    #[rustfmt::skip]
    const MISSING: &[&str] = &[
        "balance", "bal", "balance amount", "balance amt", "balance fee", "balance fees", "balance payment", "balance rs", "balance inr",
        "due", "dues", "बाकी", "बकाया",
    ];
    if MISSING.contains(&plain) {
        return true;
    }
    let words: Vec<&str> = plain.split(' ').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let money = ["amount", "amt", "balance", "sum", "fee", "fees", "total", "inr", "rs", "value", "राशि"];
    let gone = [
        "refund",
        "refunded",
        "due",
        "outstanding",
        "pending",
        "unpaid",
        "remaining",
        "owed",
        "disputed",
        "chargeback",
        "reversed",
        "बकाया",
    ];
    let other = ["date", "on", "at", "by", "status", "id", "reason", "time", "no", "mode"];
    has(&money) && has(&gone) && !has(&other)
}

/// What a merchant is paid out: no status of a registration.
pub(in crate::read) fn is_about_settlement(title: &str) -> bool {
    let plain = plain(title);
    ["settlement", "settled", "payout", "payouts", "disbursement"]
        .iter()
        .any(|word| contains_words(&plain, word))
}

/// A title about paying, coming, being confirmed or chosen, in words that no table holds. Yes and no under it decide
/// who has a place, and the program cannot tell how. What was before, and what somebody brings, is something else.
pub(in crate::read) fn asks_about_place(title: &str) -> bool {
    #[rustfmt::skip]
    const ABOUT: &[&str] = &[
        "pay", "paid", "payment", "fee", "fees", "attend", "attending", "attendance", "come", "coming", "join", "joining", "going", "rsvp",
        "confirm", "confirmed", "confirmation", "presence", "present", "seat", "seats", "booked", "booking", "select", "selected",
        "selection", "shortlisted", "shortlist", "approved", "eligible", "active", "admitted", "participate", "participating",
        "participation", "registered", "enrolled", "cancel", "cancelled", "canceled", "refund", "refunded", "valid", "accepted", "rejected",
        "भुगतान", "पेमेंट", "फीस", "शुल्क", "आ", "आएंगे", "आएँगे", "आओगे", "आना", "शामिल", "उपस्थित", "सीट", "पुष्टि", "चयनित", "चयन",
        "bhugtan", "fees", "fee", "paisa", "paise", "aa", "aaoge", "aayenge", "aaenge", "aana", "shamil", "upasthit", "bhari", "kiya",
    ];
    #[rustfmt::skip]
    const ELSE: &[&str] = &[
        "before", "previous", "previously", "earlier", "last", "past", "ever", "already", "did", "friend", "friends", "group", "whatsapp",
        "laptop", "policy", "policies", "terms", "conditions", "rules", "guidelines", "disclaimer", "refundable", "nonrefundable", "again", "next", "future", "newsletter", "certificate", "recording", "community", "link", "reminder", "pehle", "पहले", "पिछले",
    ];
    let plain = plain(title);
    let words: Vec<&str> = plain.split(' ').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    has(ABOUT) && !has(ELSE)
}

/// "Will you attend on 30 Nov?", "Can you make it to the session?": a no is no place.
fn asks_to_come(title: &str) -> bool {
    #[rustfmt::skip]
    const BEGINS: &[&str] = &[
        "will you attend", "will you be attending", "will you join", "will you be joining", "will you come", "will you be coming",
        "will you be there", "will you be able to attend", "will you be able to join", "are you attending", "are you coming",
        "are you joining", "are you able to attend", "are you able to join", "can you attend", "can you join", "can you come",
        "can you make it", "could you attend", "would you attend", "do you plan to attend", "are you planning to attend",
        "i will attend", "i will join", "i will be attending", "attending on", "attending the", "coming to the", "coming on",
        "क्या आप आएंगे", "क्या आप आएँगे", "क्या आप शामिल होंगे", "kya aap aayenge", "kya aap aaenge",
    ];
    BEGINS
        .iter()
        .any(|begin| title.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}
