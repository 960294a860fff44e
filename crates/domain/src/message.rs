//! States of a message and the one function that decides where an attempt takes it.

use rand::Rng;

use crate::{
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    retry::Retry,
    time::Millis,
};

crate::text_enum! {
    /// The state of a message, from the plan to its end.
    MessageState, "message state" {
        /// Planned, not yet tried or to be tried again.
        Waiting = "waiting",
        /// The intent is committed; bytes may have left.
        InFlight = "in_flight",
        /// The provider took it; "handed over" on screens.
        Sent = "sent",
        /// A receipt proved that it arrived.
        Delivered = "delivered",
        /// A receipt proved that it was read.
        Read = "read",
        /// Refused, or a late refusal by receipt.
        Failed = "failed",
        /// Left out for a reason before any call.
        Skipped = "skipped",
        /// Its last useful moment passed before it could go.
        Expired = "expired",
        /// A person cancelled it before it was tried.
        Cancelled = "cancelled",
        /// May have gone out; nobody knows. Never resent by the program.
        Unknown = "unknown",
    }
}

impl MessageState {
    /// Nothing more will happen to it by the program alone.
    pub fn is_settled(self) -> bool {
        !matches!(self, MessageState::Waiting | MessageState::InFlight)
    }

    /// How well it proves that somebody was told: of several messages the one with the most answers for the person.
    pub fn proof(self) -> u8 {
        match self {
            MessageState::Read => 9,
            MessageState::Delivered => 8,
            MessageState::Sent => 7,
            MessageState::Unknown => 6,
            MessageState::InFlight => 5,
            MessageState::Waiting => 4,
            MessageState::Failed => 3,
            MessageState::Skipped => 2,
            MessageState::Expired => 1,
            MessageState::Cancelled => 0,
        }
    }

    /// The word on screens.
    pub fn title(self) -> &'static str {
        match self {
            MessageState::Waiting => "Waiting",
            MessageState::InFlight => "In flight",
            MessageState::Sent => "Handed over",
            MessageState::Delivered => "Delivered",
            MessageState::Read => "Read",
            MessageState::Failed => "Failed",
            MessageState::Skipped => "Skipped",
            MessageState::Expired => "Expired",
            MessageState::Cancelled => "Cancelled",
            MessageState::Unknown => "Unknown",
        }
    }
}

crate::text_enum! {
    /// Why a recipient is left out before any call.
    SkipReason, "reason for leaving out" {
        /// The registration has no number.
        NoPhone = "no_phone",
        /// The typed text is no number that this channel can reach.
        InvalidPhone = "invalid_phone",
        /// A landline: it can be called, and gets no text.
        Landline = "landline",
        /// An earlier recipient of this broadcast has the same number.
        Duplicate = "duplicate",
        /// On the list of people who must not be contacted.
        Suppressed = "suppressed",
        /// Promotion without consent.
        NoConsent = "no_consent",
        /// A required value is empty or would be refused.
        BadValue = "bad_value",
        /// The registration was cancelled or refunded after planning.
        NotRegistered = "not_registered",
        /// Something proved meanwhile that an earlier rung of the reach ladder had reached them.
        ReachedBefore = "reached_before",
        /// The reach ladder would cost more for this person than it may.
        PersonCap = "person_cap",
        /// The reach ladder would cost more in all than it may.
        LadderCap = "ladder_cap",
    }
}

impl SkipReason {
    /// Reasons that are known when a broadcast is planned, and never later.
    pub const BY_PLANNING: [SkipReason; 5] = [
        SkipReason::NoPhone,
        SkipReason::InvalidPhone,
        SkipReason::Landline,
        SkipReason::Duplicate,
        SkipReason::BadValue,
    ];
    /// Reasons that are mostly known then, and may also arise until the message goes.
    pub const MOSTLY_BY_PLANNING: [SkipReason; 2] = [SkipReason::Suppressed, SkipReason::NoConsent];
}

/// What happens to a row after one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The provider took it over.
    Sent {
        /// The provider's id of the message, where the answer carried one.
        provider_id: Option<String>,
        /// The provider's charge, where the answer carried it.
        cost: Option<Money>,
    },
    /// The message ended for this recipient.
    Failed(ProviderAnswer),
    /// The message goes back into the queue.
    Waiting {
        /// Not tried before this instant.
        from: Millis,
        /// The provider's answer to the attempt.
        said: ProviderAnswer,
    },
    /// The message goes back into the queue, and no call was made for it.
    HandBack {
        /// Not tried before this instant.
        from: Millis,
        /// The provider's answer to the attempt.
        said: ProviderAnswer,
    },
    /// The message goes back into the queue, and the whole broadcast stops until somebody has mended the cause.
    Pause(ProviderAnswer),
    /// Its last useful moment would pass before another try.
    Expired(ProviderAnswer),
    /// The message may have gone out; nobody knows.
    Unknown(ProviderAnswer),
}

/// Where one attempt takes a message. No other code decides this.
///
/// `attempt` counts from 1 and includes the attempt that just ended.
pub fn after_attempt(
    outcome: Outcome,
    attempt: i64,
    retry: &Retry,
    deadline: Millis,
    now: Millis,
    rng: &mut impl Rng,
) -> Next {
    match outcome {
        Outcome::Accepted { provider_id, cost } => Next::Sent { provider_id, cost },
        Outcome::Refused(said) => Next::Failed(said),
        Outcome::AccountStopped(said) | Outcome::Misconfigured(said) => Next::Pause(said),
        // It may have gone out. A second call could tell a person twice.
        Outcome::Unknown(said) => Next::Unknown(said),
        Outcome::NotNow { said, once: true, .. } if attempt > 1 => Next::Failed(said),
        // Nobody is at fault who could be named: it is tried as long as it is of use.
        Outcome::NotNow { said, wait_ms, slow_down: _, once: _ } => {
            let from = retry
                .wait_ms(attempt, deadline.since(now), rng)
                .map(|own| now.plus(own.max(wait_ms.unwrap_or(0))));
            match from.filter(|from| *from < deadline) {
                None => Next::Expired(said),
                Some(from) => Next::Waiting { from, said },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::SmallRng};

    fn after(outcome: Outcome, attempt: i64) -> Next {
        let mut rng = SmallRng::seed_from_u64(7);
        after_attempt(outcome, attempt, &Retry::default(), Millis(1_000_000), Millis(0), &mut rng)
    }

    #[test]
    fn an_unknown_outcome_is_never_tried_again() {
        for attempt in 1..10 {
            assert_eq!(
                after(Outcome::Unknown(ProviderAnswer::default()), attempt),
                Next::Unknown(ProviderAnswer::default())
            );
        }
    }

    fn not_now(wait_ms: Option<i64>) -> Outcome {
        Outcome::NotNow {
            said: ProviderAnswer::default(),
            wait_ms,
            slow_down: wait_ms.is_some(),
            once: false,
        }
    }

    #[test]
    fn retry_after_is_honoured_and_too_long_a_wait_ends_the_message() {
        let Next::Waiting { from, .. } = after(not_now(Some(60_000)), 1) else { panic!("waits") };
        assert!(from.0 >= 60_000);
        assert_eq!(after(not_now(Some(2_000_000)), 1), Next::Expired(ProviderAnswer::default()));
    }

    #[test]
    fn what_may_work_later_waits_up_to_twice_as_long_each_time_and_never_over_five_minutes() {
        let bounds = [
            (1, 2_000),
            (2, 4_000),
            (3, 8_000),
            (4, 16_000),
            (5, 32_000),
            (6, 64_000),
            (9, 300_000),
            (900, 300_000),
        ];
        for (attempt, most_ms) in bounds {
            let Next::Waiting { from, .. } = after(not_now(None), attempt) else {
                panic!("waits after {attempt}")
            };
            assert!((1..=most_ms).contains(&from.0), "{} ms after {attempt}", from.0);
        }
    }

    #[test]
    fn it_is_tried_until_two_seconds_before_its_last_useful_moment_whatever_is_drawn() {
        for seed in 0..200 {
            let mut rng = SmallRng::seed_from_u64(seed);
            let (deadline, mut now, mut attempt) = (Millis(3_600_000), Millis(0), 1);
            while let Next::Waiting { from, .. } =
                after_attempt(not_now(None), attempt, &Retry::default(), deadline, now, &mut rng)
            {
                assert!(now < from && from < deadline, "seed {seed}: {now:?} {from:?}");
                (now, attempt) = (from, attempt + 1);
            }
            assert!(
                deadline.since(now) <= 2_000,
                "seed {seed}: the last try was {} ms early",
                deadline.since(now)
            );
            assert!(attempt < 200, "seed {seed}: {attempt} tries");
        }
    }

    #[test]
    fn what_may_be_tried_once_more_fails_after_the_second_try() {
        let again = || Outcome::NotNow {
            said: ProviderAnswer::default(),
            wait_ms: Some(120_000),
            slow_down: false,
            once: true,
        };
        let Next::Waiting { from, .. } = after(again(), 1) else { panic!("waits") };
        assert!(from.0 >= 120_000);
        assert_eq!(after(again(), 2), Next::Failed(ProviderAnswer::default()));
        assert_eq!(after(again(), 3), Next::Failed(ProviderAnswer::default()));
    }

    #[test]
    fn an_account_that_cannot_send_pauses_and_keeps_the_row() {
        assert_eq!(
            after(Outcome::AccountStopped(ProviderAnswer::default()), 1),
            Next::Pause(ProviderAnswer::default())
        );
        assert_eq!(
            after(Outcome::Misconfigured(ProviderAnswer::default()), 1),
            Next::Pause(ProviderAnswer::default())
        );
    }
}
