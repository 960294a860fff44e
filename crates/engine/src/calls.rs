//! Calls under way. They run on other threads and lay their endings down together: the sending loop is woken once for many of
//! them, because waking it for each costs as much as the calls themselves.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{runtime::Handle, sync::Notify};

/// Number of a call within one loop.
type Id = u64;

/// Calls that end in a `T`; of each a `K` is kept meanwhile. Dropped, they run to their end, and nobody hears of it.
pub(crate) struct Calls<K, T> {
    /// Where they run.
    on: Handle,
    next: Id,
    under_way: HashMap<Id, K>,
    endings: Arc<Endings<T>>,
}

struct Endings<T> {
    /// `None` ended without a result: it panicked.
    ended: Mutex<Vec<(Id, Option<T>)>>,
    /// The loop is woken when so many have ended.
    wake_at: AtomicUsize,
    wake: Notify,
}

impl<T> Endings<T> {
    fn ended(&self) -> MutexGuard<'_, Vec<(Id, Option<T>)>> {
        // Nothing is left half done while it is held.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lays the ending down, also when the call panics.
struct Ending<T> {
    id: Id,
    result: Option<T>,
    endings: Arc<Endings<T>>,
}

impl<T> Ending<T> {
    fn with(mut self, result: T) {
        self.result = Some(result);
    }
}

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        let mut ended = self.endings.ended();
        ended.push((self.id, self.result.take()));
        if ended.len() >= self.endings.wake_at.load(Ordering::SeqCst) {
            self.endings.wake.notify_one();
        }
    }
}

impl<K, T: Send + 'static> Calls<K, T> {
    /// None under way yet.
    pub(crate) fn on(on: Handle) -> Calls<K, T> {
        let endings =
            Endings { ended: Mutex::default(), wake_at: AtomicUsize::new(usize::MAX), wake: Notify::new() };
        Calls { on, next: 0, under_way: HashMap::new(), endings: Arc::new(endings) }
    }

    /// Starts them, on the other threads: handing each over would take this one longer than the call takes them.
    pub(crate) fn start<F>(&mut self, calls: Vec<(K, F)>)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut starting = Vec::with_capacity(calls.len());
        for (kept, call) in calls {
            let ending = Ending { id: self.next, result: None, endings: Arc::clone(&self.endings) };
            self.under_way.insert(self.next, kept);
            self.next += 1;
            starting.push(async move { ending.with(call.await) });
        }
        self.on.spawn(async {
            for call in starting {
                tokio::spawn(call);
            }
        });
    }

    /// How many are under way or not yet taken.
    pub(crate) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Takes what has ended; `None` as the result of one that panicked.
    pub(crate) fn take(&mut self) -> Vec<(K, Option<T>)> {
        let ended = mem::take(&mut *self.endings.ended());
        ended
            .into_iter()
            .filter_map(|(id, result)| self.under_way.remove(&id).map(|kept| (kept, result)))
            .collect()
    }

    /// Waits until so many have ended that were not taken.
    pub(crate) async fn ended(&self, at_least: usize) {
        self.endings.wake_at.store(at_least, Ordering::SeqCst);
        while self.endings.ended().len() < at_least {
            self.endings.wake.notified().await;
        }
        self.endings.wake_at.store(usize::MAX, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_panics_ends_without_a_result() {
        let mut calls = Calls::on(Handle::current());
        let call = |panics: bool| async move {
            assert!(!panics, "on purpose");
            1
        };
        calls.start(vec![("one", call(false)), ("two", call(true))]);
        calls.ended(2).await;
        let mut ended = calls.take();
        ended.sort_unstable();
        assert_eq!(ended, [("one", Some(1)), ("two", None)]);
        assert_eq!(calls.len(), 0);
    }
}
