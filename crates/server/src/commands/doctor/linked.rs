//! How the phones that gateways hold stand, as the program asked last.

use domain::time::{MINUTE, Millis};
use store::{StoreError, work::Work};

use super::Report;
use crate::ui::format::counted;

/// A program that runs asks every account within this time.
const ASKED_WITHIN_MS: i64 = 15 * MINUTE;

pub(super) async fn linked_accounts(work: &Work, now: Millis, report: &mut Report) -> Result<(), StoreError> {
    const ABOUT: &str = "WhatsApp accounts";
    let all = work.linked_standings().await?;
    // Most installations have none.
    if all.is_empty() {
        return Ok(());
    }
    let (ready, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.linked.posts(now));
    let words =
        format!("{} linked, {} ready to post", counted(all.len(), "account is", "accounts are"), ready.len());
    if let Some(first) = others.iter().max_by_key(|one| one.waiting) {
        let due = match first.waiting {
            0 => String::new(),
            n => format!(", and {} for it", counted(n, "post waits", "posts wait")),
        };
        let state = match first.linked.silent_since {
            Some(_) => "its gateway does not answer".to_owned(),
            None => format!("it is {}", first.linked.state.word().word().replace('_', " ")),
        };
        let todo = "see Settings, WhatsApp accounts; link it again there, or start its gateway";
        report.warn(ABOUT, format!("{words}; “{}”: {state}{due}", first.name), todo);
    } else if all.iter().all(|one| now.since(one.asked_at) > ASKED_WITHIN_MS) {
        report.warn(
            ABOUT,
            format!("{words}, but nobody asked lately"),
            "start munadi serve: it asks every five minutes",
        );
    } else {
        report.ok(ABOUT, words);
    }
    Ok(())
}
