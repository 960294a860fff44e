//! Failed attempts to sign in, and how long the next one has to wait.

use domain::time::{DAY, Millis, SECOND};

use super::Access;
use crate::{db::args, error::StoreError};

/// After a day without a failure an account's or address's failures are forgotten.
const FAILURES_KEPT_MS: i64 = DAY;
/// Longest wait between two attempts: long enough to make guessing hopeless, short enough to sit out.
const WAIT_MAX_MS: i64 = 15 * 60 * SECOND;

/// What a wrong password costs, per account or per address.
#[derive(Clone, Copy, Debug)]
pub struct SignInLimits {
    /// So many failures cost nothing; each further one doubles the wait, from one second to fifteen minutes.
    pub free_failures: i64,
}

impl Access {
    /// Counts an attempt to sign in under each subject (an account, an address) before the password is checked, so that
    /// many attempts at once do not count as one. Returns how long to wait, in milliseconds, when it is too early; then
    /// nothing was booked. [`Access::attempt_succeeded`] takes the booking back.
    pub async fn attempt(
        &self,
        subjects: &[(String, SignInLimits)],
        now: Millis,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.db.begin().await?;
        let mut wait_ms = 0;
        for (subject, patience) in subjects {
            // The row must exist before it can be locked.
            tx.run(
                "INSERT INTO sign_in_failures (subject, failures, last_at) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
                args![subject],
            )
            .await?;
            let (failures, last_at): (i64, i64) = tx
                .one(
                    "SELECT failures, last_at FROM sign_in_failures WHERE subject = $1 FOR UPDATE",
                    args![subject],
                )
                .await?;
            wait_ms = wait_ms.max(wait_after(failures, Millis(last_at), *patience, now));
        }
        if wait_ms > 0 {
            return Ok(Some(wait_ms));
        }
        for (subject, _) in subjects {
            tx.run(
                "UPDATE sign_in_failures SET failures = CASE WHEN last_at > $1 THEN failures + 1 ELSE 1 END, last_at = $2
                 WHERE subject = $3",
                args![now.plus(-FAILURES_KEPT_MS), now, subject],
            )
            .await?;
        }
        tx.commit().await?;
        // Rows of attempts under way are skipped: waiting for them while holding others would be a deadlock.
        self.db
            .run(
                "DELETE FROM sign_in_failures WHERE subject IN
                     (SELECT subject FROM sign_in_failures WHERE last_at <= $1 FOR UPDATE SKIP LOCKED)",
                args![now.plus(-FAILURES_KEPT_MS)],
            )
            .await?;
        Ok(None)
    }

    /// The password was right: the subjects that are about this account alone start afresh. The others (addresses) only get this attempt
    /// back, so that somebody with one account of his own cannot guess at others' for ever.
    pub async fn attempt_succeeded(&self, afresh: &[String], others: &[String]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        for subject in afresh {
            tx.run("DELETE FROM sign_in_failures WHERE subject = $1", args![subject]).await?;
        }
        for subject in others {
            tx.run(
                "UPDATE sign_in_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0",
                args![subject],
            )
            .await?;
        }
        tx.commit().await
    }
}

/// Milliseconds still to wait after so many failures.
fn wait_after(failures: i64, last_at: Millis, patience: SignInLimits, now: Millis) -> i64 {
    let beyond = failures - patience.free_failures;
    if beyond < 0 || now.since(last_at) >= FAILURES_KEPT_MS {
        return 0;
    }
    let wait_ms = WAIT_MAX_MS.min(SECOND << beyond.min(20));
    (last_at.plus(wait_ms).since(now)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let patience = SignInLimits { free_failures: 5 };
        let at = Millis(1_000_000);
        for (failures, expected_ms) in
            [(0, 0), (4, 0), (5, 1_000), (6, 2_000), (9, 16_000), (15, 900_000), (1_000, 900_000)]
        {
            assert_eq!(wait_after(failures, at, patience, at), expected_ms, "after {failures}");
        }
        assert_eq!(wait_after(6, at, patience, at.plus(1_500)), 500);
        assert_eq!(wait_after(6, at, patience, at.plus(2_000)), 0);
        assert_eq!(wait_after(100, at, patience, at.plus(DAY)), 0);
    }
}
