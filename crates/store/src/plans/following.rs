//! Workshops whose plan follows a sequence, and sequences and plans that send a template.

use std::collections::{HashMap, hash_map::Entry};

use domain::{
    ids::{SequenceId, TemplateId, WorkshopId},
    sequence::Step,
    time::Millis,
};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org, sequences::plan_runs};

/// A workshop whose plan follows a sequence, and the version that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// Id of the workshop.
    pub workshop: WorkshopId,
    /// The title of the workshop.
    pub title: String,
    /// The version of the sequence that the plan follows.
    pub version: i64,
}

/// Workshops that are listed at most.
const FOLLOWING_MAX: i64 = 100;

impl Org {
    /// The workshops whose plan follows a sequence and runs, the next start first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn following(&self, sequence: SequenceId, now: Millis) -> Result<Vec<Following>, StoreError> {
        let rows: Vec<(Uuid, String, i64)> = self
            .db
            .all(
                concat!(
                    "SELECT w.id, w.title, p.version FROM workshop_plans p JOIN workshops w ON w.id = p.workshop_id
                     WHERE p.sequence_id = $1 AND p.organization_id = $2 AND w.organization_id = $2 AND ",
                    plan_runs!("$3"),
                    " ORDER BY w.starts_at, w.id LIMIT $4"
                ),
                args![sequence.0, self.id(), now, FOLLOWING_MAX],
            )
            .await?;
        let following = |(id, title, version)| Following { workshop: WorkshopId(id), title, version };
        Ok(rows.into_iter().map(following).collect())
    }
}

/// A workshop whose running plan follows an older version of its sequence than the newest, or another zone than the
/// organisation's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanBehind {
    /// Id of the workshop.
    pub workshop: WorkshopId,
    /// Whether clock times of the plan are read in another zone.
    pub other_zone: bool,
}

impl Org {
    /// The workshops whose running plan does not follow the newest version of its sequence, or the organisation's zone;
    /// those of one sequence, or all. The next start first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plans_behind(
        &self,
        sequence: Option<SequenceId>,
        now: Millis,
    ) -> Result<Vec<PlanBehind>, StoreError> {
        let rows: Vec<(Uuid, Uuid, bool)> = self
            .db
            .all(
                concat!(
                    "SELECT w.id, p.sequence_id, p.zone <> o.zone
                     FROM workshop_plans p JOIN workshops w ON w.id = p.workshop_id
                     JOIN sequences s ON s.id = p.sequence_id JOIN organizations o ON o.id = p.organization_id
                     WHERE p.organization_id = $1 AND w.organization_id = $1 AND s.removed_at IS NULL
                       AND (p.version < s.version OR p.zone <> o.zone)
                       -- A plan that was cancelled as a whole follows nothing.
                       AND EXISTS (SELECT 1 FROM plan_rows k WHERE k.workshop_id = p.workshop_id AND k.state <> 'cancelled') AND ",
                    plan_runs!("$2"),
                    " ORDER BY w.starts_at, w.id"
                ),
                args![self.id(), now],
            )
            .await?;
        let asked = |of: &Uuid| sequence.is_none_or(|asked| asked.0 == *of);
        let behind = |(id, _, other_zone)| PlanBehind { workshop: WorkshopId(id), other_zone };
        Ok(rows.into_iter().filter(|(_, of, _)| asked(of)).map(behind).collect())
    }
}

/// The sequences and running plans that send a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateUses {
    /// Sequences whose newest version has a step with it, by name.
    pub sequences: Vec<(SequenceId, String)>,
    /// Workshops whose plan has such a step to come, the next start first.
    pub workshops: Vec<(WorkshopId, String)>,
}

impl TemplateUses {
    /// Whether nothing sends it.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty() && self.workshops.is_empty()
    }
}

/// Steps to come that are looked through at most.
const STEPS_TO_COME_MAX: i64 = 10_000;

impl Org {
    /// The sequences and running plans that send a template. A plan may follow an older version of its sequence.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn template_uses(&self, template: TemplateId, now: Millis) -> Result<TemplateUses, StoreError> {
        let sends = |step: &Step| step.template == template;
        let mut uses = TemplateUses::default();
        for sequence in self.sequences(now).await? {
            if sequence.sequence.steps.iter().any(sends) {
                uses.sequences.push((sequence.sequence.id, sequence.sequence.name));
            }
        }
        let rows: Vec<(Uuid, String, Uuid, i64, String)> = self
            .db
            .all(
                "SELECT w.id, w.title, p.sequence_id, p.version, r.step_key
                 FROM plan_rows r JOIN workshop_plans p ON p.workshop_id = r.workshop_id JOIN workshops w ON w.id = r.workshop_id
                 WHERE w.organization_id = $1 AND w.status <> 'cancelled'
                   AND r.id IN (SELECT id FROM plan_rows WHERE state = 'planned' AND until_at > $2 AND organization_id = $1
                                UNION ALL
                                SELECT id FROM plan_rows WHERE late_after IS NOT NULL AND until_at > $2 AND organization_id = $1)
                 ORDER BY w.starts_at, w.id, r.id LIMIT $3",
                args![self.id(), now, STEPS_TO_COME_MAX],
            )
            .await?;
        let mut versions: HashMap<(Uuid, i64), Vec<Step>> = HashMap::new();
        for (workshop, title, sequence, version, key) in rows {
            if uses.workshops.last().is_some_and(|(last, _)| last.0 == workshop) {
                continue;
            }
            let own = match versions.entry((sequence, version)) {
                Entry::Occupied(read) => read.into_mut(),
                Entry::Vacant(unread) => {
                    unread.insert(self.sequence_version(SequenceId(sequence), version).await?)
                }
            };
            if own.iter().any(|step| step.key.as_str() == key && sends(step)) {
                uses.workshops.push((WorkshopId(workshop), title));
            }
        }
        Ok(uses)
    }
}
