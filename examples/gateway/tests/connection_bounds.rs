//! Connections of the gateway: which are closed to make room for others, and how long one may stall.

use crate::connections::{self, Connection, Connections};
use crate::server::Server;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use onec_mcp::net::{RefusalsLayer, Watched};
use proptest::prelude::*;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::service_fn;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Returns whether the connection was told to close.
fn is_evicted(connection: &Connection) -> bool {
    use futures_util::FutureExt as _;
    connection.evicted().now_or_never().is_some()
}

#[test]
fn one_address_has_a_sixteenth() {
    let connections = Connections::new(64, vec!["10.0.0.0/8".parse().unwrap()]);
    let own: Vec<_> = (0..4).map(|at| connections.open(address(&format!("2001:db8::{at}"))).unwrap()).collect();
    let busy: Vec<_> = own.iter().map(|own| own.requests().begin()).collect();
    assert!(connections.open(address("2001:db8::9")).is_none(), "one subscriber is one");
    assert!(connections.open(address("2001:db8:0:1::9")).is_some());
    let proxy: Vec<_> = (0..40).map(|_| connections.open(address("::ffff:10.1.2.3"))).collect();
    assert!(proxy.iter().all(Option::is_some));
    // Of those that are idle again, the one that was busy first is closed first.
    let mut busy = busy.into_iter();
    let (first, second) = (busy.next(), busy.next());
    drop(second);
    drop(first);
    let next = connections.open(address("2001:db8::9"));
    assert!(next.is_some() && is_evicted(&own[1]) && !is_evicted(&own[0]) && !is_evicted(&own[2]));
    // A request that comes too late does not bring the connection back.
    drop(own[1].requests().begin());
    assert!(is_evicted(&own[1]));
}

#[test]
fn the_oldest_idle_one_of_all_goes_first() {
    let connections = Connections::new(1600, Vec::new());
    let open = |at: usize| connections.open(IpAddr::from([192, 0, (at / 16) as u8, (at % 16) as u8]));
    let mut all: Vec<_> = (0..1600).map(|at| open(at).unwrap()).collect();
    // Every other one gets a request and ends it.
    all.iter().step_by(2).for_each(|one| drop(one.requests().begin()));
    let mut others: Vec<_> = (0..800).map(|at| open(2000 + at).unwrap()).collect();
    for (at, one) in all.iter().enumerate() {
        assert_eq!(is_evicted(one), at % 2 == 1, "{at}");
    }
    let busy: Vec<_> = all.iter().chain(&others).map(|one| one.requests().begin()).collect();
    for at in 0..3 {
        assert!(open(4000 + at).is_none(), "all have calls");
    }
    drop(busy);
    assert!(open(4000).is_some());
    all.clear();
    others.clear();
    assert!((0..1600).all(|at| connections.open(IpAddr::from([198, 51, 100, (at % 100) as u8])).is_some()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Limits hold, no busy connection is closed, and there is a place if any connection is idle.
    #[test]
    fn whatever_comes_and_goes(acts in proptest::collection::vec((0..6u8, 0..20u8, any::<prop::sample::Index>()), 1..300)) {
        let connections = Connections::new(32, Vec::new());
        let mut open: Vec<(u8, Connection, Option<connections::UnderWay>)> = Vec::new();
        for (act, who, which) in acts {
            open.retain(|(_, one, _)| !is_evicted(one));
            let at = if open.is_empty() { 0 } else { which.index(open.len()) };
            match act {
                0 | 1 => {
                    let own = open.iter().filter(|(of, ..)| *of == who);
                    let (count, idle) = (own.clone().count(), own.clone().any(|(.., busy)| busy.is_none()));
                    let full = open.len() >= 32 && open.iter().all(|(.., busy)| busy.is_some());
                    let place = connections.open(IpAddr::from([192, 0, 2, who]));
                    prop_assert_eq!(place.is_some(), (count < 2 || idle) && !full);
                    open.extend(place.map(|place| (who, place, None)));
                }
                2 | 5 if !open.is_empty() => {
                    let (_, one, busy) = &mut open[at];
                    busy.get_or_insert_with(|| one.requests().begin());
                }
                3 if !open.is_empty() => drop(open[at].2.take()),
                4 if !open.is_empty() => drop(open.swap_remove(at)),
                _ => {}
            }
            for (_, one, busy) in &open {
                prop_assert!(busy.is_none() || !is_evicted(one));
            }
            for who in 0..20 {
                let own = open.iter().filter(|(of, one, _)| *of == who && !is_evicted(one));
                prop_assert!(own.count() <= 2);
            }
        }
    }
}

/// A body of pieces without end, or of events from time to time.
struct Endless(Option<Pin<Box<tokio::time::Sleep>>>);

const EVERY: Duration = Duration::from_secs(15);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(sleep) = &mut self.0 {
            std::task::ready!(sleep.as_mut().poll(cx));
            sleep.as_mut().reset(Instant::now() + EVERY);
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'a'; 1000])))))
    }
}

/// Returns how long a connection lives whose client sends one request and then reads as `F` does.
async fn lives<F: Future<Output = ()> + Send + 'static>(
    events: bool,
    client: impl FnOnce(tokio::io::DuplexStream) -> F,
) -> Duration {
    let app = service_fn(move |_: Request<Watched<Incoming>>| async move {
        Ok::<_, Infallible>(Response::new(Endless(events.then(|| Box::pin(sleep(EVERY))))))
    });
    let connections = Connections::new(16, Vec::new());
    let place = connections.open(address("192.0.2.1")).unwrap();
    let server = Server { tls: None, app, connections, stop: CancellationToken::new(), refusals: RefusalsLayer::new() };
    let (mut near, far) = duplex(4096);
    near.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let reading = tokio::spawn(client(near));
    let start = Instant::now();
    let served = server.serve(far, "192.0.2.1:1".parse().unwrap(), place.requests());
    let _ = timeout(Duration::from_secs(3600), served).await;
    reading.abort();
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_a_minute_is_cut() {
    let never = async |stream| {
        std::future::pending::<()>().await;
        drop::<tokio::io::DuplexStream>(stream);
    };
    let lived = lives(false, never).await.as_secs();
    assert!((60..62).contains(&lived), "{lived}");
    // Events fill the buffers first: 4 KiB here, and 64 KiB of the server's own.
    let lived = lives(true, never).await.as_secs();
    assert!((100..1500).contains(&lived), "{lived}");
    let slowly = async |mut stream: tokio::io::DuplexStream| {
        let mut piece = [0; 500];
        loop {
            sleep(Duration::from_secs(50)).await;
            let _ = stream.read(&mut piece).await;
        }
    };
    assert_eq!(lives(false, slowly).await.as_secs(), 3600, "who takes a little goes on");
}
