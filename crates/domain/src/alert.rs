//! Alerts: what needs a person, told to members outside the program. A way out says what one try proved; here it is
//! decided what follows.

use crate::{
    channel::Channel,
    time::{HOUR, MINUTE, Millis, SECOND},
};

crate::text_enum! {
    /// By what an alert goes out.
    Way, "way" {
        /// By e-mail to a member.
        Mail = "mail",
        /// By a post to an address of the organisation's.
        Webhook = "webhook",
        /// By WhatsApp to a member's number.
        Whatsapp = "whatsapp",
        /// By SMS to a member's number.
        Sms = "sms",
    }
}

impl Way {
    /// The channel whose accounts and templates it uses; `None` where it uses none.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Way::Mail | Way::Webhook => None,
            Way::Whatsapp => Some(Channel::WhatsappPersonal),
            Way::Sms => Some(Channel::Sms),
        }
    }
}

crate::text_enum! {
    /// Where one alert by one way to one member stands.
    AlertState, "state of an alert" {
        /// It goes out when its time comes.
        Waiting = "waiting",
        /// A process is sending it.
        Sending = "sending",
        /// It was taken: by the mail server, the webhook, the provider.
        Sent = "sent",
        /// It was refused, or no try succeeded.
        Failed = "failed",
        /// It may have gone out; nobody tries again.
        Unknown = "unknown",
        /// Its matter was settled before the alert went out.
        Settled = "settled",
    }
}

/// What one try proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertOutcome {
    /// The receiver accepted the alert.
    Sent,
    /// The receiver did not accept the alert, and another try may succeed.
    NotNow {
        /// What was said about it; no number and no text.
        said: String,
    },
    /// The alert was not tried, because it may not be sent yet. No try is counted.
    Postponed {
        /// The earliest moment of the next try.
        until: Millis,
    },
    /// The receiver refuses the alert and would refuse it again.
    Refused {
        /// What was said about it.
        said: String,
    },
    /// The receiver may have accepted the alert; nobody knows.
    Unknown {
        /// What was said about it.
        said: String,
    },
    /// What the alert is about is settled, or the alert is too old to be of use.
    Settled,
}

/// Waits between the tries, in milliseconds; after the last one it has failed.
const WAITS_MS: [i64; 5] = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];

/// Where a try takes an alert, and when it goes again if it waits. `attempt` counts this try, from 1. No other code
/// decides this.
pub fn after_try(ended: &AlertOutcome, attempt: i64, now: Millis) -> (AlertState, Millis) {
    match ended {
        AlertOutcome::Sent => (AlertState::Sent, now),
        AlertOutcome::Refused { .. } => (AlertState::Failed, now),
        // A second one could ring somebody twice.
        AlertOutcome::Unknown { .. } => (AlertState::Unknown, now),
        AlertOutcome::Settled => (AlertState::Settled, now),
        AlertOutcome::Postponed { until } => (AlertState::Waiting, *until),
        AlertOutcome::NotNow { .. } => {
            let nth = usize::try_from(attempt - 1).unwrap_or(usize::MAX);
            match WAITS_MS.get(nth) {
                Some(wait) => (AlertState::Waiting, now.plus(*wait)),
                None => (AlertState::Failed, now),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_tried_again_until_it_has_failed_and_never_after_a_doubt() {
        let now = Millis(0);
        let not_now = AlertOutcome::NotNow { said: "451".into() };
        let waits: Vec<(AlertState, i64)> = (1..=6)
            .map(|attempt| after_try(&not_now, attempt, now))
            .map(|(state, at)| (state, at.0 / SECOND))
            .collect();
        let waiting = |seconds| (AlertState::Waiting, seconds);
        assert_eq!(
            waits,
            [
                waiting(30),
                waiting(120),
                waiting(600),
                waiting(1_800),
                waiting(3_600),
                (AlertState::Failed, 0)
            ]
        );
        assert_eq!(after_try(&AlertOutcome::Unknown { said: String::new() }, 1, now).0, AlertState::Unknown);
        assert_eq!(after_try(&AlertOutcome::Refused { said: String::new() }, 1, now).0, AlertState::Failed);
    }
}
