//! A job that is done over and over until the program stops.

use std::time::Duration;

use store::StoreError;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// What a loop does after a step of its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// There may be more to do: the next step follows at once.
    None,
    /// The loop waits for its wake, or until it looks by itself.
    UntilLook,
    /// The loop waits so long.
    For(Duration),
}

/// When a job is done.
pub(crate) struct Every<'a> {
    /// Ends the loop between two steps.
    pub(crate) stop: CancellationToken,
    /// Hints that there is something to do; a lost one costs one `look`.
    pub(crate) wake: Option<&'a Notify>,
    /// Longest wait between two steps.
    pub(crate) look: Duration,
    /// Wait after a step that failed, whatever wakes come meanwhile.
    pub(crate) after_error: Duration,
    /// For the log when a step failed: what will be tried again.
    pub(crate) what: &'static str,
}

/// Does the job until the program stops. A step that fails is logged and tried again after a pause.
pub(crate) async fn every<S>(when: Every<'_>, mut job: impl FnMut() -> S)
where
    S: Future<Output = Result<Rest, StoreError>>,
{
    let Every { stop, wake, look, after_error, what } = when;
    while !stop.is_cancelled() {
        let (pause, wakes) = match job().await {
            Ok(Rest::None) => continue,
            Ok(Rest::UntilLook) => (look, true),
            Ok(Rest::For(pause)) => (pause, false),
            Err(error) => {
                warn!("{what}: {error}");
                (after_error, false)
            }
        };
        tokio::select! {
            () = woken(wake), if wakes => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn woken(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const SHORT: Duration = Duration::from_millis(30);
    /// Longer than any test runs.
    const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

    /// Runs a loop whose steps end as listed and which stops after the last; returns how long it took.
    async fn lasted(
        wake: Option<&Notify>,
        look: Duration,
        after_error: Duration,
        ends: Vec<Result<Rest, StoreError>>,
    ) -> Duration {
        let (stop, before) = (CancellationToken::new(), Instant::now());
        let mut ends = ends.into_iter();
        let when = Every { stop: stop.clone(), wake, look, after_error, what: "tried again" };
        every(when, || {
            std::future::ready(ends.next().unwrap_or_else(|| {
                stop.cancel();
                Ok(Rest::UntilLook)
            }))
        })
        .await;
        assert!(ends.next().is_none(), "a loop that stops early proves nothing");
        before.elapsed()
    }

    #[tokio::test]
    async fn a_loop_looks_by_itself_goes_on_at_once_and_rests_as_long_as_it_is_told() {
        assert!(lasted(None, SHORT, FOR_EVER, vec![Ok(Rest::UntilLook)]).await >= SHORT);
        assert!(lasted(None, FOR_EVER, FOR_EVER, vec![Ok(Rest::For(SHORT))]).await >= SHORT);
        lasted(None, FOR_EVER, FOR_EVER, vec![Ok(Rest::None), Ok(Rest::None)]).await;
    }

    #[tokio::test]
    async fn a_wake_ends_the_wait_but_not_the_pause_after_an_error() {
        let wake = Notify::new();
        wake.notify_one();
        lasted(Some(&wake), FOR_EVER, FOR_EVER, vec![Ok(Rest::UntilLook)]).await;
        wake.notify_one();
        assert!(lasted(Some(&wake), FOR_EVER, SHORT, vec![Err(StoreError::Stale)]).await >= SHORT);
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait() {
        let stop = CancellationToken::new();
        let when = Every { stop: stop.clone(), wake: None, look: FOR_EVER, after_error: FOR_EVER, what: "" };
        let looping = every(when, || std::future::ready(Ok(Rest::UntilLook)));
        let stopping = async {
            tokio::task::yield_now().await;
            stop.cancel();
        };
        tokio::join!(looping, stopping);
    }
}
