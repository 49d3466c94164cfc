//! Open connections: limits for all and for each address, and which connection is closed to make room.

use hyper::body::{Body, Frame, SizeHint};
use ipnet::IpNet;
use pin_project_lite::pin_project;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio_util::sync::CancellationToken;

/// The part of all connections that one address may have.
const PART_OF_ONE: usize = 16;
/// How many idle connections are found in one search, so that a flood does not search all connections each time.
const LOOKED_UP: usize = 256;

/// A request is running.
const BUSY: u64 = 0;
/// The connection was told to close.
const GONE: u64 = u64::MAX;

/// The connections of a server. Beyond the limit, the connection that was idle longest is closed: one of the
/// new connection's address if that has used its share, else one of all.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    trusted: Vec<IpNet>,
    /// Counts the events of connections, to order them in time.
    clock: AtomicU64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Entry>>,
    by_address: HashMap<IpAddr, HashSet<u64>>,
    /// The connections idle longest at the last search, the longest idle one at the end.
    idle: Vec<(u64, u64)>,
    /// The time of that search.
    looked: u64,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    /// [`BUSY`], [`GONE`], or the time since when it is idle.
    since: AtomicU64,
    end: CancellationToken,
}

impl Connections {
    /// Allows `most` connections in all. Addresses in `trusted` networks may use any part of them.
    pub(crate) fn new(most: usize, trusted: Vec<IpNet>) -> Self {
        Self(Arc::new(Inner { most: most.max(1), trusted, clock: AtomicU64::new(1), open: Mutex::default() }))
    }

    /// Accepts a connection from an address; `None` if all places are taken by busy connections.
    pub(crate) fn open(&self, address: IpAddr) -> Option<Connection> {
        let (trusted, address) = (self.0.is_trusted(address), subscriber(address));
        let mut open = self.0.open();
        let mut made_room = false;
        if !trusted && open.of(address) >= self.0.of_one() {
            made_room = open.close_one_of(address);
            if !made_room {
                return None;
            }
        }
        if open.all.len() >= self.0.most {
            made_room = open.close_one(self.0.clock.load(Ordering::Relaxed));
            if !made_room {
                return None;
            }
        }
        let (id, since) = (open.next, AtomicU64::new(self.0.now()));
        let entry = Arc::new(Entry { address, since, end: CancellationToken::new() });
        open.next += 1;
        open.all.insert(id, Arc::clone(&entry));
        open.by_address.entry(address).or_default().insert(id);
        drop(open);
        Some(Connection { connections: self.clone(), entry, id, made_room })
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn of_one(&self) -> usize {
        (self.most / PART_OF_ONE).max(1)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

impl Open {
    fn of(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).map_or(0, HashSet::len)
    }

    fn close_one_of(&mut self, address: IpAddr) -> bool {
        let own = self.by_address.get(&address).into_iter().flatten();
        let idle = own.filter_map(|id| Some((self.all.get(id)?.idle_since()?, *id)));
        // A connection that gets a request at this moment stays.
        let Some((since, id)) = idle.min() else { return false };
        self.close(id, since)
    }

    fn close_one(&mut self, now: u64) -> bool {
        loop {
            while let Some((since, id)) = self.idle.pop() {
                if self.close(id, since) {
                    return true;
                }
            }
            // No connection has become idle since then.
            if self.looked == now {
                return false;
            }
            self.looked = now;
            self.look();
        }
    }

    fn look(&mut self) {
        let idle = self.all.iter().filter_map(|(id, entry)| Some((entry.idle_since()?, *id)));
        let mut idle: Vec<_> = idle.collect();
        if idle.len() > LOOKED_UP {
            idle.select_nth_unstable(LOOKED_UP);
            idle.truncate(LOOKED_UP);
        }
        idle.sort_unstable_by(|a, b| b.cmp(a));
        self.idle = idle;
    }

    /// Closes a connection if it is still idle since `since`.
    fn close(&mut self, id: u64, since: u64) -> bool {
        let Some(entry) = self.all.get(&id) else { return false };
        if entry.since.compare_exchange(since, GONE, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        entry.end.cancel();
        self.forget(id);
        true
    }

    fn forget(&mut self, id: u64) {
        let Some(entry) = self.all.remove(&id) else { return };
        if let Some(own) = self.by_address.get_mut(&entry.address) {
            own.remove(&id);
            if own.is_empty() {
                self.by_address.remove(&entry.address);
            }
        }
    }
}

impl Entry {
    fn idle_since(&self) -> Option<u64> {
        Some(self.since.load(Ordering::Relaxed)).filter(|since| !matches!(*since, BUSY | GONE))
    }
}

/// Returns one address for all addresses of a subscriber: the first 64 bits of IPv6; IPv4 mapped to IPv6 becomes IPv4.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// The place of a connection, returned when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    connections: Connections,
    entry: Arc<Entry>,
    id: u64,
    made_room: bool,
}

impl Connection {
    /// Returns whether another connection was closed for this one.
    pub(crate) const fn made_room(&self) -> bool {
        self.made_room
    }

    /// Completes when the connection must close to make room for another.
    pub(crate) fn evicted(&self) -> impl Future<Output = ()> + use<> {
        self.entry.end.clone().cancelled_owned()
    }

    /// Returns the counter that marks the connection as busy.
    pub(crate) fn requests(&self) -> Requests {
        Requests { inner: Arc::clone(&self.connections.0), entry: Arc::clone(&self.entry) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.0.open().forget(self.id);
    }
}

/// Counts the running requests of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    inner: Arc<Inner>,
    entry: Arc<Entry>,
}

impl Requests {
    /// Begins a request, which ends when the result is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        let now = |since| (since != GONE).then_some(BUSY);
        let _ = self.entry.since.fetch_update(Ordering::AcqRel, Ordering::Relaxed, now);
        UnderWay { requests: self.clone() }
    }
}

/// A request, from its head to the end of its answer.
#[derive(Debug)]
pub(crate) struct UnderWay {
    requests: Requests,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Requests { inner, entry } = &self.requests;
        let _ = entry.since.compare_exchange(BUSY, inner.now(), Ordering::AcqRel, Ordering::Relaxed);
    }
}

pin_project! {
    /// The body of an answer; the request runs until it is dropped.
    pub(crate) struct Answer<B> {
        #[pin]
        body: B,
        _request: UnderWay,
    }
}

impl<B> Answer<B> {
    pub(crate) const fn new(body: B, request: UnderWay) -> Self {
        Self { body, _request: request }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
