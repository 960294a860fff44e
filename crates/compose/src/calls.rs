//! What calls cost and when the last of them is over: by their account's channels, pace and rate, and by how long they are.

use std::sync::Arc;

use domain::{
    call::{CallScript, RINGS_S, Rate, finish_ms},
    forecast::Forecast,
    money::Money,
    template::Message,
    time::{DAY, Millis},
};
use providers::{Account, voice::Voice};
use store::StoreError;

use crate::{Caller, Draft, account::list_price};

/// The account's calls of the last week say how long the next ones are.
const LATELY_MS: i64 = 7 * DAY;
/// A pulse where the account does not say.
const PULSE_S: i64 = 60;

/// A script, the account that would place it, and how long its calls are.
pub(crate) struct Calls<'a> {
    voice: &'a dyn Voice,
    rate: Rate,
    /// Nobody entered what a pulse costs.
    pub(crate) usual_price: bool,
    /// How long a phone rings and somebody talks, in seconds.
    length_s: (i64, i64),
}

impl<'a> Calls<'a> {
    /// Of a draft that is a call; `None` for every other message, and while the account cannot be opened.
    pub(crate) async fn of(
        caller: &Caller,
        draft: &Draft,
        account: Option<&'a Arc<dyn Account>>,
    ) -> Result<Option<Calls<'a>>, StoreError> {
        let Message::Call(script) = &draft.message else { return Ok(None) };
        let Some(voice) = account.and_then(|account| account.voice()) else { return Ok(None) };
        let known = caller.org.call_lengths(draft.account.id, caller.now.plus(-LATELY_MS)).await?;
        let usual = || Rate { pulse_s: PULSE_S, pulse: list_price(&draft.message, &draft.account) };
        Ok(Some(Calls {
            voice,
            rate: voice.rate().unwrap_or_else(usual),
            usual_price: voice.rate().is_none(),
            length_s: known.unwrap_or_else(|| expected(script)),
        }))
    }

    /// What a call costs that is picked up and heard to its end.
    pub(crate) fn price(&self) -> Money {
        self.rate.cost(Some(self.length_s.1))
    }

    /// What calls to so many people cost at most, and when the last is over; so many are booked before them.
    pub(crate) fn forecast(&self, people: i64, ahead: i64, begins: Millis) -> Forecast {
        let (lines, unit) = (self.voice.lines(), self.price());
        let (ring_s, talk_s) = self.length_s;
        let took = finish_ms(people.saturating_add(ahead), lines.at_once, lines.per_minute, ring_s, talk_s);
        let waits = self.voice.abilities().start_delay_ms;
        Forecast { unit, cost: unit.times(people), done_at: begins.plus(took).plus(waits) }
    }
}

/// What is expected before any call told better.
fn expected(script: &CallScript) -> (i64, i64) {
    (RINGS_S, script.talk_s())
}
