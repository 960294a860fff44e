//! Who of a workshop's registrants was there. One report at a time: another one takes its place.

use std::collections::BTreeMap;

use domain::{
    attendance::TimeAttended,
    ids::{RegistrantId, WorkshopId},
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Batch, args},
    error::StoreError,
    org::Org,
};

/// Whether the registrant `r` could have come to the workshop `w`: whoever registered after its end did not miss it. A workshop that was
/// entered after its end got its people then, whenever they registered.
macro_rules! registered_in_time {
    () => {
        "(r.registered_at <= w.ends_at OR w.created_at >= w.ends_at)"
    };
}
pub(crate) use registered_in_time;

/// Whether the registrant `r` stands for a person whose data is still there: nobody misses those who were erased, and what the report said of
/// them went with them.
macro_rules! not_erased {
    () => {
        "r.identity NOT LIKE 'erased-%'"
    };
}
pub(crate) use not_erased;

/// Rows of one statement.
const ROWS_PER_STATEMENT: usize = 5_000;

/// A registrant who was at the workshop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAttendance {
    /// Id of the registration.
    pub registrant: RegistrantId,
    /// When they came and went, and for how long they stayed.
    pub stayed: TimeAttended,
}

/// The figures of the newest attendance report of a workshop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendanceReport {
    /// The name of the report's file, as it was uploaded.
    pub file_name: String,
    /// The member who uploaded the report, by name.
    pub by: String,
    /// When the report was taken.
    pub at: Millis,
    /// Registrants who were there; among them those whose registration ended since.
    pub attended: i64,
    /// Of them those who left before the end.
    pub left_early: i64,
    /// Registrations that stand, of people who were not there and were not erased.
    pub absent: i64,
    /// Visitors who match no registrant.
    pub unknown: i64,
}

/// How somebody attended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// When they came and went, and for how long they stayed.
    pub stayed: TimeAttended,
    /// Before the workshop was over.
    pub left_early: bool,
}

#[derive(sqlx::FromRow)]
struct ReportRow {
    file_name: String,
    taken_by: String,
    taken_at: i64,
    unknown: i64,
    attended: i64,
    left_early: i64,
    absent: i64,
}

#[derive(sqlx::FromRow)]
struct AttendanceRow {
    registrant_id: Uuid,
    minutes: Option<i64>,
    joined_at: Option<i64>,
    left_at: Option<i64>,
    left_early: bool,
}

impl Org {
    /// Takes over who was there; what an earlier report said goes. Registrations that are not there any more are passed
    /// over. How many were taken.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] for whoever may not manage, [`StoreError::Missing`] when there is no such workshop.
    pub async fn take_attendance(
        &self,
        workshop: WorkshopId,
        file_name: &str,
        people: &[NewAttendance],
        unknown: i64,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.by_index().begin().await?;
        // Two reports at once: one after the other.
        let (starts_at, ends_at): (i64, i64) = tx
            .one(
                "SELECT starts_at, ends_at FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![workshop.0, self.id()],
            )
            .await?;
        for sql in FORGET {
            tx.run(sql, args![workshop.0, self.id()]).await?;
        }
        let mut taken = 0;
        for chunk in people.chunks(ROWS_PER_STATEMENT) {
            let early = |one: &NewAttendance| one.stayed.left_early(Millis(starts_at), Millis(ends_at));
            let batch = Batch::new()
                .uuids("id", chunk.iter().map(|one| one.registrant.0))
                .ints("minutes", chunk.iter().map(|one| one.stayed.minutes))
                .ints("joined_at", chunk.iter().map(|one| one.stayed.joined_at.map(|at| at.0)))
                .ints("left_at", chunk.iter().map(|one| one.stayed.left_at.map(|at| at.0)))
                .ints("early", chunk.iter().map(|one| i64::from(early(one))));
            taken += tx
                .run_batch(
                    "INSERT INTO attendance (workshop_id, registrant_id, organization_id, minutes, joined_at, left_at, left_early)
                     SELECT $1, r.id, $2, b.minutes, b.joined_at, b.left_at, b.early = 1
                     FROM @batch LEFT JOIN @registrants r ON r.workshop_id = $1 AND r.id = b.id AND r.organization_id = $2
                     WHERE COALESCE(r.identity, 'erased-') NOT LIKE 'erased-%'",
                    args![workshop.0, self.id()],
                    batch,
                )
                .await?;
        }
        tx.run(
            "INSERT INTO attendance_reports (workshop_id, organization_id, file_name, unknown, taken_by, taken_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![workshop.0, self.id(), file_name, unknown, &self.actor.name, now],
        )
        .await?;
        // Steps that waited for it.
        tx.run(
            "UPDATE plan_rows SET claimed_until = 0 WHERE workshop_id = $1 AND organization_id = $2 AND state = 'planned' AND due_at <= $3",
            args![workshop.0, self.id(), now],
        )
        .await?;
        self.note(&mut tx, "attendance.taken", workshop, &format!("attended={taken}"), now).await?;
        tx.commit().await?;
        Ok(i64::try_from(taken).unwrap_or(i64::MAX))
    }

    /// Takes the report of a workshop away, as if there had been none.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] for whoever may not manage, [`StoreError::Missing`] when there is no such workshop.
    pub async fn forget_attendance(&self, workshop: WorkshopId, now: Millis) -> Result<(), StoreError> {
        self.allow(Permission::Manage)?;
        let mut tx = self.db.begin().await?;
        let _: (Uuid,) = tx
            .one(
                "SELECT id FROM workshops WHERE id = $1 AND organization_id = $2 FOR UPDATE",
                args![workshop.0, self.id()],
            )
            .await?;
        for sql in FORGET {
            tx.run(sql, args![workshop.0, self.id()]).await?;
        }
        self.note(&mut tx, "attendance.removed", workshop, "", now).await?;
        tx.commit().await
    }

    /// What the newest report of a workshop says; `None` before there is one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn attendance_report(
        &self,
        workshop: WorkshopId,
    ) -> Result<Option<AttendanceReport>, StoreError> {
        let row: Option<ReportRow> = self
            .db
            .optional(
                concat!(
                    "SELECT p.file_name, p.taken_by, p.taken_at, p.unknown,
                        (SELECT COUNT(*) FROM attendance a WHERE a.workshop_id = p.workshop_id) AS attended,
                        (SELECT COUNT(*) FROM attendance a WHERE a.workshop_id = p.workshop_id AND a.left_early) AS left_early,
                        (SELECT COUNT(*) FROM @registrants r
                         WHERE r.workshop_id = p.workshop_id AND r.status = 'registered'
                           AND NOT EXISTS (SELECT 1 FROM attendance a
                                           WHERE a.workshop_id = p.workshop_id AND a.registrant_id = r.id)
                           AND ",
                    registered_in_time!(),
                    " AND ",
                    not_erased!(),
                    ") AS absent
                 FROM attendance_reports p JOIN workshops w ON w.id = p.workshop_id
                 WHERE p.workshop_id = $1 AND p.organization_id = $2"
                ),
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(row.map(|row| AttendanceReport {
            file_name: row.file_name,
            by: row.taken_by,
            at: Millis(row.taken_at),
            attended: row.attended,
            left_early: row.left_early,
            absent: row.absent,
            unknown: row.unknown,
        }))
    }

    /// Whether anything is known of who was there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_attendance(&self, workshop: WorkshopId) -> Result<bool, StoreError> {
        let (known,): (bool,) = self
            .db
            .one(
                "SELECT EXISTS (SELECT 1 FROM attendance_reports WHERE workshop_id = $1 AND organization_id = $2)",
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(known)
    }

    /// How these registrants attended; whoever was not there is missing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn attendance_of(
        &self,
        workshop: WorkshopId,
        people: impl IntoIterator<Item = RegistrantId>,
    ) -> Result<BTreeMap<RegistrantId, Attendance>, StoreError> {
        let rows: Vec<AttendanceRow> = self
            .db
            .by_index()
            .all_batch(
                "SELECT a.registrant_id, a.minutes, a.joined_at, a.left_at, a.left_early
                 FROM @batch LEFT JOIN attendance a ON a.workshop_id = $1 AND a.registrant_id = b.id
                 WHERE COALESCE(a.organization_id, b.id) = $2",
                args![workshop.0, self.id()],
                Batch::new().uuids("id", people.into_iter().map(|person| person.0)),
            )
            .await?;
        let attendance = |row: AttendanceRow| {
            let stayed = TimeAttended {
                minutes: row.minutes,
                joined_at: row.joined_at.map(Millis),
                left_at: row.left_at.map(Millis),
            };
            (RegistrantId(row.registrant_id), Attendance { stayed, left_early: row.left_early })
        };
        Ok(rows.into_iter().map(attendance).collect())
    }
}

const FORGET: [&str; 2] = [
    "DELETE FROM attendance WHERE workshop_id = $1 AND organization_id = $2",
    "DELETE FROM attendance_reports WHERE workshop_id = $1 AND organization_id = $2",
];
