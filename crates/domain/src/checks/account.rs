//! The account that would send, and what it may spend.

use super::{CheckInput, Finding};

pub(super) fn check(what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    if let Some((by, at)) = what.sending_stopped {
        all.push(Finding::SendingStopped { by: by.to_owned(), at });
    }
    if let Some((by, at)) = what.account_stopped {
        all.push(Finding::AccountStopped { by: by.map(str::to_owned), at });
    }
    if let Some(words) = what.account_unopened {
        all.push(Finding::AccountUnopened { words: words.to_owned() });
    }
    match what.balance {
        Some(balance) if balance < what.cost => all.push(Finding::WalletLow { balance, cost: what.cost }),
        Some(_) => all.push(Finding::WalletEnough),
        None => {}
    }
    match what.tier_left {
        Some(allowed) if what.audience.reachable > allowed => all.push(Finding::OverTier { allowed }),
        Some(_) => all.push(Finding::WithinTier),
        None => {}
    }
    let (calls, per_day) = what.calls;
    if per_day > 0 && calls + what.audience.reachable > per_day {
        all.push(Finding::OverCeiling { per_day });
    }
    if let Some(unit) = what.usual_price {
        all.push(Finding::UsualPrice { unit });
    }
}
