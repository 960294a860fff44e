//! Erases one number, when the person asks, in one transaction, or says which broadcasts stand in the way. A
//! registration keeps its place, without a number and with an identity that begins with `erased-`. A message keeps
//! state, reason and cost, and is not *planned* any more, so that nothing sends it and no receipt finds it. Texts
//! (receipts of many people, rows kept by imports) are searched for the last ten digits. `erased_numbers` keeps keyed
//! hashes for 30 days: a receipt about them that comes late is dropped.

use domain::{
    ids::{BroadcastId, OrganizationId, WorkshopId},
    phone::Phone,
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use super::{blank_receipts, former::PersonTraces};
use crate::{
    changes::Change,
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
    phone_key::PhoneKey,
    registrants::{forget_elsewhere, forget_rows},
    search::renew,
    work::Work,
};

/// Last digits by which a number is found in texts: providers write it with and without the country code.
const DIGITS_COMPARED: usize = 10;
/// Import rows looked through in one go.
const IMPORT_ROWS: i64 = 2_000;

/// What erasing a person did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Registrations without name, number and e-mail now.
    pub registrations: u64,
    /// Messages without number and values now.
    pub messages: u64,
    /// Numbers that stand nowhere any more: the one that was asked for, and former ones that were nobody else's.
    pub numbers: Vec<Phone>,
    /// Uploaded files that were imported long ago and hold their people still, below the data folder: to be removed by the caller.
    pub files: Vec<String>,
}

/// The result of asking to erase a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// The person was erased.
    Done(Erased),
    /// Nothing changed: a message to them waits or is under way. The broadcasts, by title.
    Busy(Vec<(BroadcastId, String)>),
}

/// The digits by which a number is found in a text.
fn tail(phone: &Phone) -> String {
    let digits = phone.as_str().trim_start_matches('+');
    digits[digits.len().saturating_sub(DIGITS_COMPARED)..].to_owned()
}

/// Whether a text, however it is spaced, has the digits of this number in it.
pub fn holds(text: &str, phone: &Phone) -> bool {
    holds_digits(text, &tail(phone))
}

fn holds_digits(text: &str, tail: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.contains(tail)
}

async fn forget_registrations(tx: &mut Tx, workshop: WorkshopId, phone: &Phone) -> Result<u64, StoreError> {
    let people: Vec<(Uuid,)> = tx
        .all(
            "SELECT id FROM registrants WHERE workshop_id = $1 AND phone = $2 ORDER BY id",
            args![workshop.0, phone.as_str()],
        )
        .await?;
    forget_rows(tx, workshop, people.into_iter().map(|(id,)| id).collect()).await
}

/// Takes number and values out of messages, and out of what happened to them.
async fn forget_messages(tx: &mut Tx, rows: &[(Uuid, i64)]) -> Result<u64, StoreError> {
    let keys = || {
        Batch::new()
            .uuids("broadcast_id", rows.iter().map(|row| row.0))
            .ints("position", rows.iter().map(|row| row.1))
    };
    let blanked = tx
        .run_batch(
            "UPDATE messages SET name = '', recipient = '', planned = FALSE, content = '', reason_text = '',
                    provider_id = NULL, network_id = NULL
             FROM @batch
             WHERE messages.broadcast_id = b.broadcast_id AND messages.position = b.position
               AND messages.state NOT IN ('waiting', 'in_flight')",
            args![],
            keys(),
        )
        .await?;
    if blanked != rows.len() as u64 {
        // Somebody had one of them sent again since they were looked at.
        return Err(StoreError::Stale);
    }
    tx.run_batch(
        "UPDATE message_events SET detail = '' FROM @batch
         WHERE message_events.broadcast_id = b.broadcast_id AND message_events.position = b.position AND kind <> 'decision'",
        args![],
        keys(),
    )
    .await?;
    tx.run_batch(
        "UPDATE receipts SET body = '' FROM @batch
         WHERE receipts.broadcast_id = b.broadcast_id AND receipts.position = b.position",
        args![],
        keys(),
    )
    .await?;
    for (broadcast, _) in rows {
        tx.tell(Change::Rows(BroadcastId(*broadcast)));
    }
    Ok(blanked)
}

impl Org {
    /// Erases everything about a number, and about former numbers of the same people, in one transaction. Keyed hashes
    /// stay, so that opt-outs hold when the number is imported again. Refused while a message to it waits or is under
    /// way. People who share the number go together: nothing tells them apart.
    pub async fn forget_number(
        &self,
        phone: &Phone,
        key: &PhoneKey,
        now: Millis,
    ) -> Result<Erasure, StoreError> {
        self.allow(Permission::Erase)?;
        let lead = self.lead_by_phone(phone.as_str()).await.ok();
        let person = self.traces_of(phone).await?;
        // Looked for before the transaction: these go through texts, which takes its time.
        let mut receipts = vec![];
        for number in person.numbers(phone) {
            receipts.extend(self.receipts_about(number, &tail(number)).await?);
            for user in self.user_ids(number).await? {
                receipts.extend(self.receipts_about(number, &user).await?);
            }
        }
        let lines = self.import_lines_about(phone, &person).await?;
        let mut tx = self.db.by_index().begin().await?;
        let workshops: Vec<(Uuid,)> = tx
            .all(
                "SELECT id FROM workshops
                 WHERE organization_id = $1 AND id IN (SELECT r.workshop_id FROM workshops w JOIN registrants r
                                                       ON r.workshop_id = w.id AND r.phone = $2
                                                       WHERE w.organization_id = $1)
                 ORDER BY id FOR UPDATE",
                args![self.id(), phone.as_str()],
            )
            .await?;
        let busy = self.busy_with(&mut tx, phone, &person).await?;
        if !busy.is_empty() {
            return Ok(Erasure::Busy(busy));
        }
        crate::rehearsals::drop_all(&mut tx, self.actor.organization).await?;
        let mut erased = Erased::default();
        let rows = self.messages_of_person(&mut tx, phone, &person).await?;
        for (workshop,) in workshops {
            erased.registrations += forget_registrations(&mut tx, WorkshopId(workshop), phone).await?;
        }
        erased.messages = forget_messages(&mut tx, &rows).await?;
        blank_receipts(&mut tx, receipts).await?;
        self.blank_import_lines(&mut tx, lines).await?;
        for number in person.numbers(phone) {
            self.forget_one_number(&mut tx, number, key, now).await?;
            erased.numbers.push(number.clone());
        }
        let files: Vec<(String,)> = tx
            .all(
                "SELECT file_path FROM imports WHERE organization_id = $1 AND state IN ('committed', 'undone')
                   AND file_path <> ''",
                args![self.id()],
            )
            .await?;
        erased.files = files.into_iter().map(|(path,)| path).collect();
        let detail = format!("registrations={} messages={}", erased.registrations, erased.messages);
        let subject = lead.map_or(String::new(), |id| id.to_string());
        self.note(&mut tx, "person.erased", subject, &detail, now).await?;
        tx.commit().await?;
        Ok(Erasure::Done(erased))
    }

    /// Takes one number out of every table that keeps it beside registrations and messages.
    async fn forget_one_number(
        &self,
        tx: &mut Tx,
        phone: &Phone,
        key: &PhoneKey,
        now: Millis,
    ) -> Result<(), StoreError> {
        forget_elsewhere(tx, self.id(), phone.as_str()).await?;
        for sql in [
            "UPDATE suppressions SET phone = '' WHERE organization_id = $1 AND phone = $2",
            "UPDATE suppressions_lifted SET phone = '' WHERE organization_id = $1 AND phone = $2",
            "UPDATE consents SET phone = '' WHERE organization_id = $1 AND phone = $2 AND phone <> ''",
            "DELETE FROM user_ids WHERE organization_id = $1 AND phone = $2",
            // How many are in the group stands with the group.
            "DELETE FROM group_members WHERE organization_id = $1 AND person = $2",
            // Where the plan of a broadcast ended.
            "UPDATE broadcasts SET plan_phone = '', plan_identity = ''
             WHERE organization_id = $1 AND plan_phone = $2 AND status <> 'planning'",
            "DELETE FROM leads WHERE organization_id = $1 AND phone = $2",
        ] {
            tx.run(sql, args![self.id(), phone.as_str()]).await?;
        }
        // How many members got a post stays; who they were goes.
        tx.run(
            "UPDATE member_receipts SET person = 'erased-' || $3 WHERE organization_id = $1 AND person = $2",
            args![self.id(), phone.as_str(), key.of(phone.as_str())],
        )
        .await?;
        renew(tx, self.id(), &[phone.as_str().to_owned()]).await?;
        tx.run(
            "INSERT INTO erased_numbers (organization_id, phone_key, erased_at) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id, phone_key) DO UPDATE SET erased_at = excluded.erased_at",
            args![self.id(), key.of(phone.as_str()), now],
        )
        .await?;
        Ok(())
    }

    /// Broadcasts that are not done with that number, or with a former one of the same person.
    async fn busy_with(
        &self,
        tx: &mut Tx,
        phone: &Phone,
        person: &PersonTraces,
    ) -> Result<Vec<(BroadcastId, String)>, StoreError> {
        let mut busy: Vec<(Uuid, String)> = tx
            .all(
                "SELECT o.id, o.title FROM broadcasts o
                 WHERE o.organization_id = $1
                   AND (EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = o.id AND m.recipient = $2 AND m.planned
                                AND m.state IN ('waiting', 'in_flight'))
                        -- Its plan may have read them already.
                        OR (o.status = 'planning' AND EXISTS (SELECT 1 FROM registrants r
                                                              WHERE r.workshop_id = o.workshop_id AND r.phone = $2)))
                 ORDER BY o.id DESC",
                args![self.id(), phone.as_str()],
            )
            .await?;
        let open: Vec<(Uuid, String)> = tx
            .all_batch(
                "SELECT o.id, o.title FROM @batch CROSS JOIN broadcasts o
                 JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.phone AND m.planned
                 WHERE o.organization_id = $1 AND o.workshop_id = b.workshop_id AND m.registrant_id = b.registrant_id
                   AND m.state IN ('waiting', 'in_flight')",
                args![self.id()],
                person.places(),
            )
            .await?;
        busy.extend(open);
        busy.sort_unstable_by_key(|one| std::cmp::Reverse(one.0));
        busy.dedup();
        Ok(busy.into_iter().map(|(id, title)| (BroadcastId(id), title)).collect())
    }

    /// Every message to that number, to former numbers of the same person, and rows of theirs that were left out.
    async fn messages_of_person(
        &self,
        tx: &mut Tx,
        phone: &Phone,
        person: &PersonTraces,
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let mut rows: Vec<(Uuid, i64)> = tx
            .all(
                "SELECT m.broadcast_id, m.position FROM broadcasts o
                 JOIN messages m ON m.broadcast_id = o.id AND m.recipient = $2 AND m.planned
                 WHERE o.organization_id = $1
                 UNION
                 SELECT m.broadcast_id, m.position FROM broadcasts o
                 JOIN messages m ON m.broadcast_id = o.id AND m.recipient = $2 AND m.state = 'skipped'
                   AND m.state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled')
                 WHERE o.organization_id = $1",
                args![self.id(), phone.as_str()],
            )
            .await?;
        let former: Vec<(Uuid, i64)> = tx
            .all_batch(
                "SELECT m.broadcast_id, m.position FROM @batch CROSS JOIN broadcasts o
                 JOIN messages m ON m.broadcast_id = o.id AND m.recipient = b.phone AND m.planned
                 WHERE o.organization_id = $1 AND o.workshop_id = b.workshop_id AND m.registrant_id = b.registrant_id",
                args![self.id()],
                person.places(),
            )
            .await?;
        let left_out: Vec<(Uuid, i64)> = tx
            .all(
                "SELECT m.broadcast_id, m.position FROM workshops w
                 JOIN registrants r ON r.workshop_id = w.id AND r.phone = $2
                 JOIN broadcasts o ON o.workshop_id = w.id
                 JOIN messages m ON m.broadcast_id = o.id AND m.state = 'skipped' AND m.registrant_id = r.id
                   AND m.state IN ('failed', 'unknown', 'skipped', 'expired', 'cancelled')
                 WHERE w.organization_id = $1 AND o.organization_id = $1",
                args![self.id(), phone.as_str()],
            )
            .await?;
        rows.extend(former);
        rows.extend(left_out);
        rows.sort_unstable();
        rows.dedup();
        Ok(rows)
    }

    /// WhatsApp's ids of whoever has that number.
    async fn user_ids(&self, phone: &Phone) -> Result<Vec<String>, StoreError> {
        let ids: Vec<(String,)> = self
            .db
            .all(
                "SELECT user_id FROM user_ids WHERE organization_id = $1 AND phone = $2",
                args![self.id(), phone.as_str()],
            )
            .await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Receipts whose body has that mark of the person in it: one post may speak of many people and stand with
    /// another's message. Receipts that are still to be applied stay; they are dropped when they are applied.
    async fn receipts_about(&self, phone: &Phone, mark: &str) -> Result<Vec<Uuid>, StoreError> {
        let found: Vec<(Uuid,)> = self
            .db
            .all(
                "SELECT r.id FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id AND m.recipient = $2 AND m.planned
                 JOIN receipts r ON r.broadcast_id = o.id AND r.organization_id = $1
                 WHERE o.organization_id = $1 AND r.body LIKE $3
                 UNION
                 SELECT id FROM receipts WHERE organization_id = $1 AND state = 'unmatched' AND body LIKE $3
                 UNION
                 SELECT id FROM receipts WHERE organization_id = $1 AND state = 'not_understood' AND body LIKE $3
                 UNION
                 SELECT id FROM receipts WHERE organization_id = $1 AND state = 'ignored' AND body LIKE $3",
                args![self.id(), phone.as_str(), format!("%{mark}%")],
            )
            .await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Rows of imports that were kept for a person and have a number of theirs in them: import, line, and how many cells.
    async fn import_lines_about(
        &self,
        phone: &Phone,
        person: &PersonTraces,
    ) -> Result<Vec<(Uuid, i64, usize)>, StoreError> {
        let tails: Vec<String> = person.numbers(phone).map(tail).collect();
        let mut found = Vec::new();
        let mut after = (Uuid::nil(), 0_i64);
        loop {
            let rows: Vec<(Uuid, i64, String, String)> = self
                .db
                .all(
                    "SELECT r.import_id, r.line, r.cells, r.typed FROM import_rows r JOIN imports i ON i.id = r.import_id
                     WHERE i.organization_id = $1 AND (r.import_id, r.line) > ($2, $3)
                     ORDER BY r.import_id, r.line LIMIT $4",
                    args![self.id(), after.0, after.1, IMPORT_ROWS],
                )
                .await?;
            let Some(last) = rows.last().map(|row| (row.0, row.1)) else { return Ok(found) };
            after = last;
            for (import, line, cells, typed) in rows {
                let cells: Vec<String> = serde_json::from_str(&cells).unwrap_or_default();
                let typed: Vec<(usize, String)> = serde_json::from_str(&typed).unwrap_or_default();
                let texts: Vec<&str> =
                    cells.iter().chain(typed.iter().map(|(_, text)| text)).map(String::as_str).collect();
                let has_number = texts.iter().any(|text| tails.iter().any(|tail| holds_digits(text, tail)));
                if has_number || person.wrote(&texts) {
                    found.push((import, line, cells.len()));
                }
            }
        }
    }

    /// Rows of imports that are about whoever has this number, by import and line.
    pub(crate) async fn import_lines_of(&self, phone: &Phone) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let person = self.traces_of(phone).await?;
        let lines = self.import_lines_about(phone, &person).await?;
        Ok(lines.into_iter().map(|(import, line, _)| (import, line)).collect())
    }

    /// The number, and former ones that are nobody else's, E.164.
    pub(crate) async fn own_numbers(&self, phone: &Phone) -> Result<Vec<String>, StoreError> {
        let person = self.traces_of(phone).await?;
        Ok(person.numbers(phone).map(|number| number.as_str().to_owned()).collect())
    }

    async fn blank_import_lines(
        &self,
        tx: &mut Tx,
        lines: Vec<(Uuid, i64, usize)>,
    ) -> Result<(), StoreError> {
        let empty = |n: usize| serde_json::to_string(&vec![""; n]).expect("texts are JSON");
        let batch = Batch::new()
            .uuids("import_id", lines.iter().map(|line| line.0))
            .ints("line", lines.iter().map(|line| line.1))
            .texts("cells", lines.iter().map(|line| empty(line.2)));
        tx.run_batch(
            "UPDATE import_rows SET cells = b.cells, typed = '[]', problems = '[]',
                    decision = CASE WHEN decision = 'status' THEN 'status' ELSE 'skip' END FROM @batch
             WHERE import_rows.import_id = b.import_id AND import_rows.line = b.line",
            args![],
            batch,
        )
        .await?;
        Ok(())
    }
}

impl Work {
    /// Which of these keyed hashes belong to numbers that were erased on request.
    pub async fn erased_numbers(
        &self,
        organization: OrganizationId,
        keys: Vec<String>,
    ) -> Result<Vec<String>, StoreError> {
        let found: Vec<(String,)> = self
            .db
            .all_batch(
                "SELECT e.phone_key FROM @batch CROSS JOIN erased_numbers e
                 WHERE e.organization_id = $1 AND e.phone_key = b.phone_key",
                args![organization.0],
                Batch::new().texts("phone_key", keys),
            )
            .await?;
        Ok(found.into_iter().map(|(key,)| key).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        let phone = Phone::from_stored("+919000000001").expect("a number");
        assert_eq!(tail(&phone), "9000000001");
        assert!(holds("090000 00001", &phone) && holds("+91-90000-00001", &phone));
        assert!(!holds("90000 00002", &phone));
    }
}
