//! Calls under way. They run on other threads and lay their endings down together: the sending loop is woken once for many of
//! them, because waking it for each costs as much as the calls themselves.
//!
//! The tasks that make calls stay as long as calls are under way, and each makes one call after the other. A call needs
//! some kilobytes of memory, which would otherwise be allocated and freed each time.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore},
};

/// Number of a call within one loop.
type Id = u64;

/// Runs calls that take an `I` and end in a `T`, and keeps a `K` of each call meanwhile. When this is dropped, the
/// calls run to their end and nobody gets their result.
pub(crate) struct Calls<K, I, T> {
    /// The runtime on which the calls run.
    on: Handle,
    next: Id,
    under_way: HashMap<Id, K>,
    queue: Arc<Queue<I, T>>,
    endings: Arc<Endings<T>>,
}

/// Calls that wait for a task, which they do not do for long: there are as many tasks as calls.
struct Queue<I, T> {
    waiting: Mutex<VecDeque<(Ending<T>, I)>>,
    /// One permit for each that waits. Closed when the tasks are to end.
    ready: Semaphore,
    tasks: AtomicUsize,
}

impl<I, T> Queue<I, T> {
    fn new() -> Arc<Queue<I, T>> {
        Arc::new(Queue { waiting: Mutex::default(), ready: Semaphore::new(0), tasks: AtomicUsize::new(0) })
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Ending<T>, I)>> {
        // Nothing is left half done while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that makes calls, counted for as long as it lives: a call that panics ends its task.
struct CallTask<I, T>(Arc<Queue<I, T>>);

impl<I, T> CallTask<I, T> {
    fn new(queue: &Arc<Queue<I, T>>) -> CallTask<I, T> {
        queue.tasks.fetch_add(1, Ordering::SeqCst);
        CallTask(Arc::clone(queue))
    }

    async fn make<F: Future<Output = T>>(self, call: fn(I) -> F) {
        while let Ok(permit) = self.0.ready.acquire().await {
            permit.forget();
            // A permit without a call: there will be no more of them.
            let Some((ending, input)) = self.0.waiting().pop_front() else { return };
            ending.with(call(input).await);
        }
    }
}

impl<I, T> Drop for CallTask<I, T> {
    fn drop(&mut self) {
        self.0.tasks.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<K, I, T> Drop for Calls<K, I, T> {
    fn drop(&mut self) {
        // Calls that wait are made; a task that finds none ends.
        self.queue.ready.add_permits(self.queue.tasks.load(Ordering::SeqCst));
    }
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

impl<K, I: Send + 'static, T: Send + 'static> Calls<K, I, T> {
    /// None under way yet.
    pub(crate) fn on(on: Handle) -> Calls<K, I, T> {
        let endings =
            Endings { ended: Mutex::default(), wake_at: AtomicUsize::new(usize::MAX), wake: Notify::new() };
        Calls { on, next: 0, under_way: HashMap::new(), queue: Queue::new(), endings: Arc::new(endings) }
    }

    /// Starts them, on the other threads: handing each over would take this one longer than the call takes them.
    pub(crate) fn start<F>(&mut self, calls: Vec<(K, I)>, call: fn(I) -> F)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let more = calls.len();
        {
            let mut waiting = self.queue.waiting();
            for (kept, input) in calls {
                let ending = Ending { id: self.next, result: None, endings: Arc::clone(&self.endings) };
                self.under_way.insert(self.next, kept);
                self.next += 1;
                waiting.push_back((ending, input));
            }
        }
        let tasks = self.under_way.len().saturating_sub(self.queue.tasks.load(Ordering::SeqCst));
        if more == 0 && tasks == 0 {
            return;
        }
        let callers: Vec<_> = (0..tasks).map(|_| CallTask::new(&self.queue)).collect();
        let queue = Arc::clone(&self.queue);
        self.on.spawn(async move {
            for caller in callers {
                tokio::spawn(caller.make(call));
            }
            queue.ready.add_permits(more);
        });
    }

    /// What is kept of those under way.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &K> {
        self.under_way.values()
    }

    /// How many are under way or not yet taken.
    pub(crate) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Takes what has ended; `None` as the result of one that panicked.
    pub(crate) fn take(&mut self) -> Vec<(K, Option<T>)> {
        let ended = mem::take(&mut *self.endings.ended());
        let taken = ended
            .into_iter()
            .filter_map(|(id, result)| self.under_way.remove(&id).map(|kept| (kept, result)))
            .collect();
        if self.under_way.is_empty() {
            mem::replace(&mut self.queue, Queue::new()).ready.close();
        }
        taken
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

    async fn call(panics: bool) -> i32 {
        assert!(!panics, "on purpose");
        1
    }

    #[tokio::test]
    async fn a_call_that_panics_ends_without_a_result() {
        let mut calls = Calls::on(Handle::current());
        calls.start(vec![("one", false), ("two", true)], call);
        calls.ended(2).await;
        let mut ended = calls.take();
        ended.sort_unstable();
        assert_eq!(ended, [("one", Some(1)), ("two", None)]);
        assert_eq!(calls.len(), 0);
    }

    #[tokio::test]
    async fn calls_go_on_when_every_task_panicked() {
        let mut calls = Calls::on(Handle::current());
        calls.start(vec![(0, true), (1, true)], call);
        calls.ended(2).await;
        calls.start(vec![(2, false), (3, false), (4, false)], call);
        calls.ended(5).await;
        let ended = calls.take();
        assert_eq!(ended.iter().filter(|(_, result)| result.is_some()).count(), 3);
    }

    #[tokio::test]
    async fn tasks_end_when_nothing_is_under_way() {
        let mut calls = Calls::on(Handle::current());
        calls.start(vec![((), false), ((), false)], call);
        let queue = Arc::clone(&calls.queue);
        calls.ended(2).await;
        assert_eq!(queue.tasks.load(Ordering::SeqCst), 2);
        assert_eq!(calls.take().len(), 2);
        while queue.tasks.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn calls_that_nobody_waits_for_are_made_and_their_tasks_end() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        async fn count((): ()) {
            MADE.fetch_add(1, Ordering::SeqCst);
        }
        let mut calls = Calls::on(Handle::current());
        calls.start(vec![((), ()), ((), ()), ((), ())], count);
        let queue = Arc::clone(&calls.queue);
        drop(calls);
        while queue.tasks.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(MADE.load(Ordering::SeqCst), 3);
    }
}
