//! The connections that there are: so many in all and of one address, and which of them has to go.

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
/// How many are looked up at once when one has to go, so that a flood does not look through all for each.
const LOOKED_UP: usize = 256;

/// A request is under way.
const BUSY: u64 = 0;
/// It was told to go.
const GONE: u64 = u64::MAX;

/// The connections of a server. When there are too many, the one that is idle longest goes, that is, has been
/// without a request: of the same address if that has its share, or else of all.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    trusted: Vec<IpNet>,
    /// Of the events of connections: tells what came earlier.
    clock: AtomicU64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Entry>>,
    by_address: HashMap<IpAddr, HashSet<u64>>,
    /// Those idle longest when somebody last looked, the last one first to go.
    idle: Vec<(u64, u64)>,
    /// When that was.
    looked: u64,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    /// [`BUSY`], [`GONE`], or since when it is idle.
    since: AtomicU64,
    end: CancellationToken,
}

impl Connections {
    /// At most `most` connections; of addresses in `trusted` networks any part of them.
    pub(crate) fn new(most: usize, trusted: Vec<IpNet>) -> Self {
        Self(Arc::new(Inner { most: most.max(1), trusted, clock: AtomicU64::new(1), open: Mutex::default() }))
    }

    /// Takes in a connection from there; `None` where no place is left, as all the others are busy.
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
        // Whichever gets a request in this moment stays.
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
            // Since then none became idle.
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

    /// Tells a connection to go that has been idle since then and still is.
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

/// All addresses of one subscriber are one: the first 64 bits of IPv6. IPv4 in IPv6 dress is IPv4.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// The place of a connection, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    connections: Connections,
    entry: Arc<Entry>,
    id: u64,
    made_room: bool,
}

impl Connection {
    /// Whether another went for it.
    pub(crate) const fn made_room(&self) -> bool {
        self.made_room
    }

    /// When it has to go to make room for another.
    pub(crate) fn evicted(&self) -> impl Future<Output = ()> + use<> {
        self.entry.end.clone().cancelled_owned()
    }

    /// What marks it as busy.
    pub(crate) fn requests(&self) -> Requests {
        Requests { inner: Arc::clone(&self.connections.0), entry: Arc::clone(&self.entry) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.0.open().forget(self.id);
    }
}

/// Sees the requests of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    inner: Arc<Inner>,
    entry: Arc<Entry>,
}

impl Requests {
    /// A request begins; it ends with what this gives.
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
    /// The body of an answer; the request is under way until it is dropped.
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
