//! Connections: which of them have a place, since when, and which one loses it.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::AbortHandle};
use tokio_util::sync::CancellationToken;

/// Most connections served at once: far more than a team's browsers, its proxy and its providers open.
const OPEN_MAX: usize = 4_096;
/// Descriptors kept for the database, calls to providers, files and logs; half of what there is, where there is less.
const KEPT_DESCRIPTORS: u64 = 1_000;
/// Most connections of one network: an office behind one address has a few for each browser.
const PER_NETWORK_MAX: usize = 512;
/// When the program stops, who has not begun a request has so long.
const WHILE_STOPPING: Duration = Duration::from_secs(1);

/// The number of connections, and how long each may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The number of connections on which everything is answered.
    pub open_max: usize,
    /// The number of further connections, on which only callbacks and health checks are answered. Other requests hear
    /// to come again.
    pub callbacks_max: usize,
    /// Connections of one address, or of one customer's network in IPv6. None behind a proxy: there everybody has the same.
    pub per_network_max: Option<usize>,
    /// The longest wait for the head of a request.
    pub head: Duration,
    /// The longest time between two requests. It is longer than proxies keep a connection that they mean to use
    /// again.
    pub idle: Duration,
    /// The longest time that an answer waits to be read.
    pub write: Duration,
    /// The longest time between two pieces of a request's body.
    pub body: Duration,
}

impl Limits {
    /// Limits for a process that may open so many descriptors.
    pub fn new(descriptors: u64, behind_proxy: bool) -> Limits {
        let room = descriptors - KEPT_DESCRIPTORS.min(descriptors / 2);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let callbacks_max = (room / 8).min(OPEN_MAX / 8);
        Limits {
            open_max: (room - callbacks_max).min(OPEN_MAX),
            callbacks_max,
            per_network_max: (!behind_proxy).then_some(PER_NETWORK_MAX.min(room / 2)),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(150),
            write: Duration::from_secs(30),
            body: Duration::from_secs(30),
        }
    }

    /// How often what is overdue is looked for.
    fn look(&self) -> Duration {
        let shortest = self.head.min(self.idle).min(self.write);
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

/// The requests that are answered on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serves {
    /// All requests are answered.
    Everything,
    /// Callbacks and health checks are answered, and nothing else.
    CallbacksOnly,
}

/// The network of an address: the address itself, or the /64 that one customer of an IPv6 network has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) >> 64 << 64).to_be_bytes()),
        v4 => v4,
    }
}

/// The present state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Doing {
    /// A request is expected, or a part of its head has come.
    Head,
    /// A request was answered, and none has begun since.
    Idle,
    /// A request is being answered.
    Busy,
}

/// What is known of one connection; written by its task, read by whoever looks for a place.
#[derive(Debug)]
pub(super) struct Connection {
    opened: Instant,
    doing: AtomicU8,
    /// Since when, in milliseconds after it was opened.
    since_ms: AtomicU64,
    /// Since when bytes wait to be read by the other side; 0 when none do.
    unread_since_ms: AtomicU64,
}

impl Connection {
    fn new() -> Connection {
        Connection {
            opened: Instant::now(),
            doing: AtomicU8::new(Doing::Head as u8),
            since_ms: AtomicU64::new(0),
            unread_since_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn request_begins(&self) {
        self.turn_to(Doing::Busy);
    }

    pub(super) fn request_ends(&self) {
        self.turn_to(Doing::Idle);
    }

    /// Bytes came. After a request they are the next one's.
    pub(super) fn has_read(&self) {
        if self.does(Doing::Idle) {
            self.turn_to(Doing::Head);
        }
    }

    /// Bytes went out. The end of an answer may still be on its way when its request has ended.
    pub(super) fn has_written(&self) {
        self.unread_since_ms.store(0, Ordering::Relaxed);
        if self.does(Doing::Idle) {
            self.since_ms.store(self.now_ms(), Ordering::Relaxed);
        }
    }

    /// Bytes cannot go out, because the other side reads none.
    pub(super) fn cannot_write(&self) {
        // Zero means that nothing waits.
        let now = self.now_ms().max(1);
        let _ = self.unread_since_ms.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn turn_to(&self, doing: Doing) {
        self.since_ms.store(self.now_ms(), Ordering::Relaxed);
        self.doing.store(doing as u8, Ordering::Relaxed);
    }

    fn does(&self, doing: Doing) -> bool {
        self.doing.load(Ordering::Relaxed) == doing as u8
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether nobody would miss it: it holds a place and asks for nothing.
    fn waits(&self) -> bool {
        !self.does(Doing::Busy)
    }

    fn overdue(&self, limits: &Limits) -> bool {
        let past = |since: &AtomicU64, limit: Duration| {
            Duration::from_millis(self.now_ms().saturating_sub(since.load(Ordering::Relaxed))) >= limit
        };
        if self.unread_since_ms.load(Ordering::Relaxed) > 0 && past(&self.unread_since_ms, limits.write) {
            return true;
        }
        (self.does(Doing::Head) && past(&self.since_ms, limits.head))
            || (self.does(Doing::Idle) && past(&self.since_ms, limits.idle))
    }
}

/// All open connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inside>);

struct Inside {
    limits: Limits,
    open: Mutex<Open>,
    closed: Notify,
}

#[derive(Default)]
struct Open {
    /// In the order in which they came.
    by_id: BTreeMap<u64, Entry>,
    per_network: HashMap<IpAddr, usize>,
    next: u64,
}

struct Entry {
    connection: Arc<Connection>,
    network: IpAddr,
    task: Option<AbortHandle>,
}

impl Open {
    fn of_network(&self, network: IpAddr) -> usize {
        self.per_network.get(&network).copied().unwrap_or(0)
    }

    /// Ends the connection that came first of those that wait; whether there was one.
    fn drop_one_that_waits(&mut self, of: Option<IpAddr>) -> bool {
        let waits = |entry: &Entry| entry.task.is_some() && entry.connection.waits();
        let first =
            self.by_id.iter().find(|(_, entry)| of.is_none_or(|of| of == entry.network) && waits(entry));
        let Some(id) = first.map(|(id, _)| *id) else { return false };
        self.end(id);
        true
    }

    fn end(&mut self, id: u64) {
        if let Some(task) = self.remove(id).and_then(|entry| entry.task) {
            task.abort();
        }
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.by_id.remove(&id)?;
        if let Some(count) = self.per_network.get_mut(&entry.network) {
            *count -= 1;
            if *count == 0 {
                self.per_network.remove(&entry.network);
            }
        }
        Some(entry)
    }
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Connections {
        Connections(Arc::new(Inside { limits, open: Mutex::default(), closed: Notify::new() }))
    }

    /// Longest pause within a request's body.
    pub(super) fn body(&self) -> Duration {
        self.0.limits.body
    }

    /// A place for a new connection. Where none is free, the oldest connection that waits loses its place; `None` when
    /// all are in use.
    pub(super) fn place(&self, address: IpAddr) -> Option<Place> {
        let limits = &self.0.limits;
        let network = network(address);
        let mut open = self.lock();
        let mut serves = Serves::Everything;
        if let Some(max) = limits.per_network_max
            && open.of_network(network) >= max
            && !open.drop_one_that_waits(Some(network))
        {
            // Callbacks come from few addresses, and many at once.
            if open.of_network(network) >= max + limits.callbacks_max {
                return None;
            }
            serves = Serves::CallbacksOnly;
        }
        if open.by_id.len() >= limits.open_max && !open.drop_one_that_waits(None) {
            if open.by_id.len() >= limits.open_max + limits.callbacks_max {
                return None;
            }
            serves = Serves::CallbacksOnly;
        }
        let id = open.next;
        open.next += 1;
        let connection = Arc::new(Connection::new());
        open.by_id.insert(id, Entry { connection: connection.clone(), network, task: None });
        *open.per_network.entry(network).or_default() += 1;
        Some(Place { id, connection, serves, connections: self.clone() })
    }

    /// From now on that connection can lose its place.
    pub(super) fn can_be_dropped(&self, id: u64, task: AbortHandle) {
        // It may have ended already.
        if let Some(entry) = self.lock().by_id.get_mut(&id) {
            entry.task = Some(task);
        }
    }

    /// Ends the oldest connection that waits.
    pub(super) fn drop_one_that_waits(&self) {
        self.lock().drop_one_that_waits(None);
    }

    /// Looks for connections that are overdue, for ever.
    pub(super) async fn sweep(self, stop: CancellationToken) {
        loop {
            tokio::time::sleep(self.0.limits.look()).await;
            let mut limits = self.0.limits;
            if stop.is_cancelled() {
                limits.head = limits.head.min(WHILE_STOPPING);
                limits.idle = limits.idle.min(WHILE_STOPPING);
            }
            let mut open = self.lock();
            let overdue = open.by_id.iter().filter(|(_, entry)| entry.connection.overdue(&limits));
            let overdue: Vec<u64> = overdue.map(|(id, _)| *id).collect();
            overdue.into_iter().for_each(|id| open.end(id));
            let none = open.by_id.is_empty();
            drop(open);
            if none {
                self.0.closed.notify_waiters();
            }
        }
    }

    /// Returns when no connection is open.
    pub(super) async fn all_closed(&self) {
        loop {
            let closed = self.0.closed.notified();
            if self.lock().by_id.is_empty() {
                return;
            }
            closed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Counts stay whole whatever panicked.
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right of one connection to be open; given back when it is dropped.
pub(super) struct Place {
    id: u64,
    connection: Arc<Connection>,
    serves: Serves,
    connections: Connections,
}

impl Place {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn connection(&self) -> Arc<Connection> {
        self.connection.clone()
    }

    pub(super) fn serves(&self) -> Serves {
        self.serves
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.remove(self.id);
        if open.by_id.is_empty() {
            self.connections.0.closed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_descriptors_there_are_is_divided_and_some_are_kept() {
        let small = Limits::new(1_024, false);
        assert_eq!((small.open_max, small.callbacks_max, small.per_network_max), (448, 64, Some(256)));
        let usual = Limits::new(1_048_576, false);
        assert_eq!((usual.open_max, usual.callbacks_max, usual.per_network_max), (4_096, 512, Some(512)));
        assert_eq!(Limits::new(1_048_576, true).per_network_max, None);
    }

    #[test]
    fn one_customer_of_an_ipv6_network_is_one_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:4::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
