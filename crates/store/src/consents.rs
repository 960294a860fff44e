//! Consents of people to messages, each with its proof: where and when they agreed, in which words, and who recorded
//! it.

use std::collections::HashSet;

use domain::{
    channel::{Category, Channel},
    ids::{ConsentId, ImportId},
    phone::Phone,
    role::Permission,
    time::{DAY, Millis},
};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::{StoreError, word},
    org::Org,
    phone_key::PhoneKey,
    suppressions::ALL,
};

/// After an opt-out nobody is asked for consent again for so long (docs/facts/india.md §1.5).
pub const NO_NEW_REQUEST_MS: i64 = 90 * DAY;
/// Rows bound to one statement.
const ROWS_PER_STATEMENT: usize = 2_000;
/// Agreements of one person that a story tells at most; the newest.
const CONSENTS_MAX: i64 = 100;

/// A person's agreement to be told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Id of the consent.
    pub id: ConsentId,
    /// The channel that the person agreed to; `None` for every one.
    pub channel: Option<Channel>,
    /// The category that the person agreed to.
    pub category: Category,
    /// When the person agreed.
    pub given_at: Millis,
    /// Where the person agreed, in words: a form, a file, a call.
    pub source: String,
    /// The words that the person agreed to.
    pub wording: String,
    /// Who took the first step, when the consent came soon after an opt-out; otherwise empty.
    pub note: String,
    /// The import that brought the agreement; `None` where a member entered it.
    pub import: Option<ImportId>,
    /// The name of the member who wrote it down.
    pub recorded_by: String,
    /// When it was written down.
    pub recorded_at: Millis,
    /// When, by whom and how the agreement was withdrawn; `None` while it stands.
    pub withdrawn: Option<Withdrawn>,
    /// The person's own later opt-outs, lifted by a member since: each took the agreement with it on its channel (`None`:
    /// on every one). The widest and first comes first.
    pub ended_by_opt_out: Vec<(Millis, Option<Channel>)>,
}

impl Consent {
    /// Whether it counts, on some channel at least.
    pub fn stands(&self) -> bool {
        self.withdrawn.is_none() && !self.ended(self.channel)
    }

    /// Whether it counts on that channel.
    pub fn stands_on(&self, channel: Channel) -> bool {
        let covers = self.channel.is_none_or(|own| own == channel);
        covers && self.withdrawn.is_none() && !self.ended(Some(channel))
    }

    fn ended(&self, channel: Option<Channel>) -> bool {
        self.ended_by_opt_out.iter().any(|(_, on)| on.is_none() || *on == channel)
    }
}

/// The withdrawal of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// When it was withdrawn.
    pub at: Millis,
    /// The member who wrote the withdrawal down; empty where the person did it themselves.
    pub by: String,
    /// How the agreement was withdrawn, in words.
    pub reason: String,
}

/// An agreement to promotion to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConsent {
    /// The number that the consent is for.
    pub phone: Phone,
    /// The keyed hash of the number ([`PhoneKey`]), in hex.
    pub phone_key: String,
    /// The channel that the person agrees to; `None` for every one.
    pub channel: Option<Channel>,
    /// When the person agreed.
    pub given_at: Millis,
    /// Where the person agreed, in words.
    pub source: String,
    /// The words that the person agreed to.
    pub wording: String,
    /// Who took the first step. It is needed soon after an opt-out, and otherwise empty.
    pub note: String,
}

/// The result of writing an agreement down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The agreement was written down.
    New,
    /// The same agreement stands already.
    Already,
    /// They opted out lately and may not be asked again before `until`; the note has to say how they came back by
    /// themselves.
    TooSoon {
        /// The moment of the opt-out.
        opted_out_at: Millis,
        /// The end of the time in which nobody may ask them.
        until: Millis,
    },
}

/// The result of writing many agreements down. The three numbers add up to those given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedMany {
    /// Agreements that were written down.
    pub new: u64,
    /// People who had the same agreement already.
    pub already: u64,
    /// People who opted out within [`NO_NEW_REQUEST_MS`]; nothing was written for them.
    pub too_soon: u64,
}

#[derive(sqlx::FromRow)]
struct ConsentRow {
    id: Uuid,
    channel: String,
    category: String,
    given_at: i64,
    source: String,
    wording: String,
    note: String,
    import_id: Option<Uuid>,
    recorded_by: String,
    recorded_at: i64,
    withdrawn_at: Option<i64>,
    withdrawn_by: String,
    withdraw_reason: String,
    ended_at: Option<i64>,
    ended_channel: Option<String>,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;
    fn try_from(row: ConsentRow) -> Result<Consent, StoreError> {
        let withdrawn = row.withdrawn_at.map(|at| Withdrawn {
            at: Millis(at),
            by: row.withdrawn_by,
            reason: row.withdraw_reason,
        });
        let ended_channel = row.ended_channel.as_deref().unwrap_or(ALL);
        let ended_channel = channel_or_all("suppressions_lifted", ended_channel)?;
        let ended = row.ended_at.map(|at| (Millis(at), ended_channel));
        Ok(Consent {
            id: ConsentId(row.id),
            channel: channel_or_all("consents", &row.channel)?,
            category: word("consents", "category", &row.category)?,
            given_at: Millis(row.given_at),
            source: row.source,
            wording: row.wording,
            note: row.note,
            import: row.import_id.map(ImportId),
            recorded_by: row.recorded_by,
            recorded_at: Millis(row.recorded_at),
            withdrawn,
            ended_by_opt_out: ended.into_iter().collect(),
        })
    }
}

fn channel_or_all(table: &'static str, text: &str) -> Result<Option<Channel>, StoreError> {
    if text == ALL { Ok(None) } else { word(table, "channel", text).map(Some) }
}

impl Org {
    /// What one number agreed to, newest first, withdrawn agreements included.
    pub async fn consents_of(&self, phone: &str, key: &PhoneKey) -> Result<Vec<Consent>, StoreError> {
        let rows: Vec<ConsentRow> = self
            .db
            .all(
                "SELECT c.id, c.channel, c.category, c.given_at, c.source, c.wording, c.note, c.import_id, c.recorded_by,
                        c.recorded_at, c.withdrawn_at, c.withdrawn_by, c.withdraw_reason,
                        l.created_at AS ended_at, l.channel AS ended_channel
                 FROM consents c
                 LEFT JOIN suppressions_lifted l ON l.organization_id = c.organization_id AND l.phone_key = c.phone_key
                   AND (l.channel = 'all' OR c.channel = 'all' OR l.channel = c.channel) AND l.category IN ('all', c.category)
                   AND l.source IN ('person', 'link') AND l.lifted_by <> '' AND l.created_at >= c.given_at
                 WHERE c.organization_id = $1 AND c.phone_key = $2
                 ORDER BY c.given_at DESC, c.id DESC, l.channel = 'all' DESC, l.created_at LIMIT $3",
                args![self.id(), key.of(phone), CONSENTS_MAX],
            )
            .await?;
        // Several opt-outs may have ended one agreement, each on its channel.
        let mut consents: Vec<Consent> = vec![];
        for row in rows {
            let consent = Consent::try_from(row)?;
            match consents.last_mut().filter(|last| last.id == consent.id) {
                Some(last) => last.ended_by_opt_out.extend(consent.ended_by_opt_out),
                None => consents.push(consent),
            }
        }
        Ok(consents)
    }

    /// When that number last opted out of promotions on that channel (`None`: on any). Entries that a member lifted
    /// count, those that the person took back themselves do not.
    pub async fn opted_out_at(
        &self,
        phone_key: &str,
        channel: Option<Channel>,
    ) -> Result<Option<Millis>, StoreError> {
        let (at,): (Option<i64>,) = self
            .db
            .one(
                "SELECT MAX(at) FROM (
                     SELECT created_at AS at FROM suppressions
                     WHERE organization_id = $1 AND phone_key = $2 AND ($3 = 'all' OR channel IN ('all', $3))
                       AND category IN ('all', 'marketing')
                     UNION ALL
                     SELECT created_at FROM suppressions_lifted
                     WHERE organization_id = $1 AND phone_key = $2 AND ($3 = 'all' OR channel IN ('all', $3))
                       AND category IN ('all', 'marketing') AND lifted_by <> ''
                 ) AS opt_outs",
                args![self.id(), phone_key, channel.map_or(ALL, Channel::word)],
            )
            .await?;
        Ok(at.map(Millis))
    }

    /// Writes down that somebody agreed to promotion.
    pub async fn record_consent(&self, consent: NewConsent, now: Millis) -> Result<Recorded, StoreError> {
        self.allow(Permission::Manage)?;
        let opted_out_at = self.opted_out_at(&consent.phone_key, consent.channel).await?;
        if let Some(opted_out_at) = opted_out_at {
            let until = opted_out_at.plus(NO_NEW_REQUEST_MS);
            if until > now && consent.note.trim().is_empty() {
                return Ok(Recorded::TooSoon { opted_out_at, until });
            }
        }
        let id = ConsentId::new(now);
        let mut tx = self.db.by_index().begin().await?;
        let new = tx
            .run(
                "INSERT INTO consents (id, organization_id, phone_key, phone, channel, category, given_at, source, wording, note,
                                       import_id, recorded_by, recorded_at, withdrawn_by, withdraw_reason)
                 VALUES ($1, $2, $3, $4, $5, 'marketing', $6, $7, $8, $9, NULL, $10, $11, '', '') ON CONFLICT DO NOTHING",
                args![
                    id.0,
                    self.id(),
                    &consent.phone_key,
                    consent.phone.as_str(),
                    consent.channel.map_or(ALL, Channel::word),
                    consent.given_at,
                    &consent.source,
                    &consent.wording,
                    consent.note.trim(),
                    &self.actor.name,
                    now
                ],
            )
            .await?;
        if new == 0 {
            return Ok(Recorded::Already);
        }
        self.note(&mut tx, "consent.recorded", id, consent.channel.map_or(ALL, Channel::word), now).await?;
        tx.commit().await?;
        Ok(Recorded::New)
    }

    /// Writes down many agreements that a file tells of. People who opted out within [`NO_NEW_REQUEST_MS`] are passed
    /// over, because a file does not say who took the first step. Given again it changes nothing.
    pub async fn record_consents(
        &self,
        import: ImportId,
        consents: Vec<NewConsent>,
        now: Millis,
    ) -> Result<RecordedMany, StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut done = RecordedMany::default();
        if consents.is_empty() {
            return Ok(done);
        }
        let since = now.plus(-NO_NEW_REQUEST_MS);
        let mut tx = self.db.by_index().begin().await?;
        for chunk in consents.chunks(ROWS_PER_STATEMENT) {
            let numbers =
                Batch::new().texts("phone_key", chunk.iter().map(|consent| consent.phone_key.clone())).texts(
                    "channel",
                    chunk.iter().map(|consent| consent.channel.map_or(ALL, Channel::word).to_owned()),
                );
            let opted_out: HashSet<(String, String)> = tx
                .all_batch(
                    "SELECT b.phone_key, b.channel FROM @batch CROSS JOIN suppressions s
                     WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.created_at > $2
                       AND (b.channel = 'all' OR s.channel IN ('all', b.channel)) AND s.category IN ('all', 'marketing')
                     UNION
                     SELECT b.phone_key, b.channel FROM @batch CROSS JOIN suppressions_lifted s
                     WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.created_at > $2 AND s.lifted_by <> ''
                       AND (b.channel = 'all' OR s.channel IN ('all', b.channel)) AND s.category IN ('all', 'marketing')",
                    args![self.id(), since],
                    numbers,
                )
                .await?
                .into_iter()
                .collect();
            let too_soon = |consent: &&NewConsent| {
                let channel = consent.channel.map_or(ALL, Channel::word).to_owned();
                opted_out.contains(&(consent.phone_key.clone(), channel))
            };
            let fresh: Vec<&NewConsent> = chunk.iter().filter(|consent| !too_soon(consent)).collect();
            let batch = Batch::new()
                .uuids("id", fresh.iter().map(|_| ConsentId::new(now).0))
                .texts("phone_key", fresh.iter().map(|consent| consent.phone_key.clone()))
                .texts("phone", fresh.iter().map(|consent| consent.phone.as_str().to_owned()))
                .texts(
                    "channel",
                    fresh.iter().map(|consent| consent.channel.map_or(ALL, Channel::word).to_owned()),
                )
                .ints("given_at", fresh.iter().map(|consent| consent.given_at.0))
                .texts("source", fresh.iter().map(|consent| consent.source.clone()))
                .texts("wording", fresh.iter().map(|consent| consent.wording.clone()));
            let new = tx
                .run_batch(
                    "INSERT INTO consents (id, organization_id, phone_key, phone, channel, category, given_at, source, wording,
                                           note, import_id, recorded_by, recorded_at, withdrawn_by, withdraw_reason)
                     SELECT b.id, $1, b.phone_key, b.phone, b.channel, 'marketing', b.given_at, b.source, b.wording, '', $2, $3,
                            $4, '', ''
                     FROM @batch WHERE TRUE ON CONFLICT DO NOTHING",
                    args![self.id(), import.0, &self.actor.name, now],
                    batch,
                )
                .await?;
            done.new += new;
            done.already += fresh.len() as u64 - new;
            done.too_soon += (chunk.len() - fresh.len()) as u64;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Writes down that somebody took an agreement back. Rows that wait are left out from now on: each claim looks.
    pub async fn withdraw_consent(&self, id: ConsentId, reason: &str, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::AddRegistrants)?;
        let mut tx = self.db.by_index().begin().await?;
        let changed = tx
            .run(
                "UPDATE consents SET withdrawn_at = $3, withdrawn_by = $4, withdraw_reason = $5
                 WHERE organization_id = $1 AND id = $2 AND withdrawn_at IS NULL",
                args![self.id(), id.0, now, &self.actor.name, reason.trim()],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Missing);
        }
        self.note(&mut tx, "consent.withdrawn", id, "", now).await?;
        tx.commit().await
    }
}
