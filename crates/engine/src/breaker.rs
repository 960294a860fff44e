//! A breaker per integration. Calls in a row that end badly hold the integration back: a provider that is down is not
//! hammered, and its waiting rows do not become unknown one after the other.

use std::collections::HashMap;

use domain::{
    ids::IntegrationId,
    outcome::Outcome,
    time::{MINUTE, Millis, SECOND},
};

/// Bad endings in a row that open it.
const FAILURES_MAX: u32 = 5;
/// First hold; doubles with each further opening.
const HOLD_FIRST_MS: i64 = 2 * SECOND;
/// No hold is longer.
const HOLD_LONGEST_MS: i64 = 2 * MINUTE;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    openings: u32,
}

/// What this process has seen of its integrations. Holds are kept in the store, for every process.
#[derive(Debug, Default)]
pub(crate) struct Breakers(HashMap<IntegrationId, State>);

impl Breakers {
    /// Looks at an ending; until when the integration is to be held back, if it is.
    pub(crate) fn after(
        &mut self,
        integration: IntegrationId,
        outcome: &Outcome,
        now: Millis,
    ) -> Option<Millis> {
        let state = self.0.entry(integration).or_default();
        match outcome {
            Outcome::Accepted { .. } => {
                *state = State::default();
                None
            }
            // The provider answers, and knows what it does.
            Outcome::Refused(_) | Outcome::AccountStopped(_) | Outcome::Misconfigured(_) => {
                state.failures = 0;
                None
            }
            Outcome::NotNow { wait_ms, slow_down: true, .. } => {
                Some(now.plus(wait_ms.unwrap_or(SECOND).max(SECOND / 2)))
            }
            Outcome::NotNow { .. } | Outcome::Unknown(_) => {
                state.failures += 1;
                if state.failures < FAILURES_MAX {
                    return None;
                }
                state.failures = 0;
                let hold = HOLD_FIRST_MS.saturating_mul(1_i64 << state.openings.min(16)).min(HOLD_LONGEST_MS);
                state.openings += 1;
                Some(now.plus(hold))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::outcome::ProviderAnswer;

    #[test]
    fn r29_it_opens_on_failures_in_a_row_and_closes_on_success() {
        let (mut breakers, id) = (Breakers::default(), IntegrationId::new(Millis(0)));
        let doubt = Outcome::Unknown(ProviderAnswer::default());
        for _ in 1..FAILURES_MAX {
            assert_eq!(breakers.after(id, &doubt, Millis(0)), None);
        }
        assert_eq!(breakers.after(id, &doubt, Millis(0)), Some(Millis(HOLD_FIRST_MS)));
        for _ in 1..FAILURES_MAX {
            assert_eq!(breakers.after(id, &doubt, Millis(0)), None);
        }
        assert_eq!(breakers.after(id, &doubt, Millis(0)), Some(Millis(2 * HOLD_FIRST_MS)));
        breakers.after(id, &Outcome::Accepted { provider_id: None, cost: None }, Millis(0));
        assert_eq!(breakers.after(id, &doubt, Millis(0)), None);
    }

    #[test]
    fn a_request_to_slow_down_is_honoured_at_once() {
        let (mut breakers, id) = (Breakers::default(), IntegrationId::new(Millis(0)));
        let slow = Outcome::NotNow {
            said: ProviderAnswer::default(),
            wait_ms: Some(7_000),
            slow_down: true,
            once: false,
        };
        assert_eq!(breakers.after(id, &slow, Millis(0)), Some(Millis(7_000)));
    }
}
