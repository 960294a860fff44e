//! The candidates of a batch of receipts, and what the receipts make of them one after the other. A receipt means the
//! message with the provider's id, otherwise the one that our reference names (the way back to a call that was never
//! answered), otherwise the one with the network's id from an earlier receipt, otherwise the latest attempt under the
//! campaign's name that has no id of its own. A receipt for a message in flight waits, ten minutes at most. A receipt
//! that fits none is kept as unmatched.

use std::collections::{BTreeMap, HashMap};

use domain::{
    ids::MessageRef,
    message::MessageState,
    money::Money,
    receipt::{ParsedReceipt, Proof, advance},
    time::Millis,
};
use store::work::{Applied, Candidate, ReceiptChange};

use super::{AGAIN_MS, CALL_MOST_MS, WAIT_MOST_MS, forms_of, nameless, number, request};

/// The candidates of a batch, and what its receipts make of them one after the other.
pub(super) struct CandidateSet {
    now: Millis,
    rows: Vec<Candidate>,
    /// Messages that an id of the provider was given for.
    by_id: HashMap<String, MessageRef>,
    by_message: HashMap<MessageRef, usize>,
    by_number: HashMap<String, Vec<usize>>,
    changes: BTreeMap<MessageRef, ReceiptChange>,
}

/// Why a receipt has no message.
enum Nowhere {
    /// It names nothing that could be looked for.
    Nothing,
    /// It names a request of several numbers, or none that is open.
    Request,
    /// The messages that it names are not known here.
    Nobody,
    /// There are messages to this number, and none is the one.
    Other,
    /// The message is there and its person was erased.
    Erased,
    /// The message may be one whose call has not ended.
    Waits(i64),
}

impl CandidateSet {
    pub(super) fn new(by_id: HashMap<String, MessageRef>, now: Millis) -> CandidateSet {
        CandidateSet {
            now,
            rows: Vec::new(),
            by_id,
            by_message: HashMap::new(),
            by_number: HashMap::new(),
            changes: BTreeMap::new(),
        }
    }

    /// Adds messages; those that are there stay as they are.
    pub(super) fn add(&mut self, rows: Vec<Candidate>) {
        for row in rows {
            if let Some(known) = self.by_message.get(&row.message) {
                self.rows[*known].alone |= row.alone;
                continue;
            }
            let at = self.rows.len();
            self.by_message.insert(row.message, at);
            self.by_number.entry(row.recipient.clone()).or_default().push(at);
            self.rows.push(row);
        }
    }

    /// The number of the message that a receipt was applied to, as the message has it.
    pub(super) fn recipient(&self, applied: &Applied) -> Option<String> {
        let Applied::To(message) = applied else { return None };
        self.by_message.get(message).map(|at| self.rows[*at].recipient.clone())
    }

    /// Whether no further candidate could be meant rather than the one that is there: our id or the provider's leads to
    /// it, and a number that comes along is its own.
    pub(super) fn is_sure_of(&self, reading: &ParsedReceipt) -> bool {
        match self.find(reading) {
            Ok(at) => reading.digits.is_none() || forms_of(reading).contains(&self.rows[at].recipient),
            Err(Nowhere::Erased) => true,
            Err(_) => false,
        }
    }

    /// Finds the message of a receipt and moves it; never guesses.
    pub(super) fn enter(&mut self, reading: &ParsedReceipt, received_at: Millis) -> Applied {
        let waits = |most: i64, or: &'static str| {
            if self.now.since(received_at) < most {
                Applied::Later(self.now.plus(AGAIN_MS))
            } else {
                Applied::Unmatched(or)
            }
        };
        match self.find(reading) {
            Ok(at) if self.rows[at].state == MessageState::InFlight => {
                waits(WAIT_MOST_MS, "the call that it belongs to never ended")
            }
            Ok(at) => self.turn(at, reading),
            Err(Nowhere::Waits(most)) if most == WAIT_MOST_MS => {
                waits(most, "the call that it belongs to never ended")
            }
            Err(Nowhere::Waits(most)) => {
                waits(most, "it names no number, and no request of one number alone")
            }
            Err(Nowhere::Nothing) => Applied::Unmatched("it names no number"),
            Err(Nowhere::Request) => {
                Applied::Unmatched("it names no number, and no request of one number alone")
            }
            Err(Nowhere::Nobody) => Applied::Unmatched("nothing was sent to this number lately"),
            Err(Nowhere::Other) => Applied::Unmatched("no message to this number has this id"),
            Err(Nowhere::Erased) => Applied::Erased,
        }
    }

    /// Our own id comes first, then the provider's, then what is left of the messages to the number.
    fn find(&self, reading: &ParsedReceipt) -> Result<usize, Nowhere> {
        let rows = &self.rows;
        let by_id = reading.provider_id.as_ref().and_then(|id| self.by_id.get(id));
        let named = nameless(reading);
        let at = |message: &MessageRef| self.by_message.get(message).copied();
        let numbers = forms_of(reading);
        let by_number: Vec<usize> =
            numbers.iter().filter_map(|number| self.by_number.get(number)).flatten().copied().collect();
        let by_request = self.of_request(reading);
        // Of two messages with one id, which no vendor should give, the one to the number is meant.
        let places = || {
            let named = named.as_ref().and_then(at).into_iter().chain(by_id.and_then(at));
            by_number.iter().copied().chain(named).chain(by_request.iter().copied())
        };
        let same = |theirs: &Option<String>, ours: &Option<String>| theirs.is_some() && theirs == ours;
        let ours = |row: &Candidate| {
            let theirs = reading.provider_id.is_none() || row.provider_id.is_none();
            reading.udf.is_some_and(|span| {
                row.tried
                    && theirs
                    && span.broadcast == row.message.broadcast
                    && span.holds(row.message.position)
            })
        };
        let found = places()
            .find(|at| same(&reading.provider_id, &rows[*at].provider_id))
            // Our own reference, which the provider echoes: the way back to a call that was never answered.
            .or_else(|| places().find(|at| ours(&rows[*at])))
            // The answer of that call came when others had given up on it.
            .or_else(|| {
                let at = by_id.and_then(at)?;
                (rows[at].tried && rows[at].provider_id.is_none()).then_some(at)
            })
            .or_else(|| places().find(|at| same(&reading.network_id, &rows[*at].network_id)))
            .or_else(|| self.of_campaign(reading, &by_number));
        match found {
            Some(at) => Ok(at),
            None if places().any(|at| rows[at].state == MessageState::InFlight) => {
                Err(Nowhere::Waits(WAIT_MOST_MS))
            }
            None => Err(self.nowhere(reading, &by_number, by_id, by_request.len())),
        }
    }

    /// Of the messages to the number the latest one of the campaign that has no id of its own.
    fn of_campaign(&self, reading: &ParsedReceipt, by_number: &[usize]) -> Option<usize> {
        let fits = |at: &&usize| {
            let row = &self.rows[**at];
            // A row that has an id of its own is not the one that a receipt with another id means.
            let id_fits = reading.provider_id.is_none() || row.provider_id.is_none();
            row.tried
                && id_fits
                && row.network_id.is_none()
                && reading.campaign.as_ref().is_some_and(|name| *name == row.batch_name)
        };
        by_number.iter().filter(fits).max_by_key(|at| self.rows[**at].started_at).copied()
    }

    /// The message of a request that had one number, for a receipt that says nothing else.
    fn of_request(&self, reading: &ParsedReceipt) -> Vec<usize> {
        let Some(request) = request(reading).filter(|request| !self.by_id.contains_key(request)) else {
            return Vec::new();
        };
        let of_it = |at: &usize| {
            let row = &self.rows[*at];
            row.alone && row.provider_id.as_ref() == Some(&request)
        };
        let all: Vec<usize> = (0..self.rows.len()).filter(of_it).collect();
        if all.len() == 1 { all } else { Vec::new() }
    }

    fn nowhere(
        &self,
        reading: &ParsedReceipt,
        by_number: &[usize],
        by_id: Option<&MessageRef>,
        requests: usize,
    ) -> Nowhere {
        // Rows of erased people are no candidates.
        if by_id.is_some_and(|message| !self.by_message.contains_key(message)) {
            return Nowhere::Erased;
        }
        match (number(reading), request(reading)) {
            (Some(_), _) if by_number.is_empty() => Nowhere::Nobody,
            (Some(_), _) => Nowhere::Other,
            // Its call may not have ended here.
            (None, Some(_)) if requests == 0 => Nowhere::Waits(CALL_MOST_MS),
            (None, Some(_)) => Nowhere::Request,
            (None, None) if reading.udf.is_some() => Nowhere::Other,
            (None, None) => Nowhere::Nothing,
        }
    }

    fn turn(&mut self, at: usize, reading: &ParsedReceipt) -> Applied {
        let now = self.now;
        let row = &mut self.rows[at];
        let message = row.message;
        let next = advance(row.state, &reading.proof);
        let learns_network = row.network_id.is_none() && reading.network_id.is_some();
        let learns_provider = row.provider_id.is_none() && reading.provider_id.is_some();
        // It tells what this attempt cost.
        let cost = reading.cost.map(|own| row.earlier_cost.unwrap_or(Money(0)) + own);
        let learns_cost = cost.is_some() && cost != row.cost;
        if next.is_none() && !learns_network && !learns_provider && !learns_cost {
            return Applied::To(message);
        }
        let change = self
            .changes
            .entry(message)
            .or_insert_with(|| ReceiptChange::none(message, row.state, &row.reason, row.cost));
        if let Some(next) = next {
            let happened = reading.at.unwrap_or(now);
            change.to = next;
            (change.reason, change.reason_text) = match &reading.proof {
                Proof::Failed(said) => (said.code.clone(), said.text.clone()),
                Proof::Sent | Proof::Delivered | Proof::Read => Default::default(),
            };
            match next {
                MessageState::Sent => change.sent_at = Some(happened),
                MessageState::Delivered => change.delivered_at = Some(happened),
                // A read message was delivered: the time is filled when no receipt brought it.
                MessageState::Read => {
                    change.read_at = Some(happened);
                    change.delivered_at = change.delivered_at.or(Some(happened));
                }
                MessageState::Failed => change.failed_at = Some(happened),
                MessageState::Waiting
                | MessageState::InFlight
                | MessageState::Skipped
                | MessageState::Expired
                | MessageState::Cancelled
                | MessageState::Unknown => {}
            }
            row.state = next;
            row.reason.clone_from(&change.reason);
        }
        if learns_network {
            row.network_id.clone_from(&reading.network_id);
            change.network_id.clone_from(&reading.network_id);
        }
        if learns_provider {
            row.provider_id.clone_from(&reading.provider_id);
            change.provider_id.clone_from(&reading.provider_id);
        }
        if learns_cost {
            row.cost = cost;
            change.cost = cost;
        }
        Applied::To(message)
    }

    pub(super) fn changes(self) -> Vec<ReceiptChange> {
        self.changes.into_values().collect()
    }
}
