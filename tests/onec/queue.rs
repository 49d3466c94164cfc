//! The queue, the deadline and the leaf's readiness, over mocks that panic when they are called
//! without having been asked whether they are ready.

mod fairness;
mod flows;
mod properties;

use std::time::Duration;

use crate::support::lines::Lines;
use crate::support::poll::{by_hand, pending, ready};
use bytes::Bytes;
use onec_mcp::onec::{
    Deadline, DeadlineLayer, Error, ErrorKind, FairQueue, FairQueueLayer, Infobase, OneCService, Patience,
};
use onec_mcp::rpc::{BoxError, Method, Params, Request, RpcError, Version};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};
use tower::load_shed::error::Overloaded;
use tower::{Layer, Service, ServiceExt};
use tower_test::mock::{self, Handle, Mock};

type Call = http::Request<Bytes>;
type Answer = http::Response<Bytes>;
type Ends = Result<Answer, BoxError>;

const PATIENCE: Duration = Duration::from_secs(10);

fn call(name: &str) -> Call {
    let mut call = Call::new(Bytes::copy_from_slice(name.as_bytes()));
    call.extensions_mut().insert(Patience(PATIENCE));
    call
}

fn queue(turns: usize) -> (FairQueue<Mock<Call, Answer>>, Handle<Call, Answer>) {
    let (mock, handle) = mock::pair();
    (FairQueueLayer::new(turns).layer(mock), handle)
}

/// Starts a call and lets it get as far as it can.
async fn start(queue: &FairQueue<Mock<Call, Answer>>, name: &str) -> JoinHandle<Ends> {
    let call = tokio::spawn(queue.clone().oneshot(call(name)));
    settle().await;
    call
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Answers the next call of the mock; its name.
async fn answer(handle: &mut Handle<Call, Answer>) -> String {
    let (call, send) = handle.next_request().await.unwrap();
    send.send_response(Answer::default());
    settle().await;
    String::from_utf8(call.into_body().to_vec()).unwrap()
}

fn trouble(ends: Ends) -> ErrorKind {
    Error::find(&*ends.unwrap_err()).unwrap().kind().clone()
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_holds_over_clones() {
    let (queue, mut handle) = queue(2);
    let mut calls = Vec::new();
    for name in ["a", "b", "c"] {
        calls.push(start(&queue, name).await);
    }
    let (first, send) = handle.next_request().await.unwrap();
    let (second, _running) = handle.next_request().await.unwrap();
    assert_eq!((&first.body()[..], &second.body()[..]), (&b"a"[..], &b"b"[..]));
    {
        let mut third = by_hand(handle.next_request());
        pending(third.poll());
        send.send_response(Answer::default());
        settle().await;
        assert!(third.is_woken(), "a turn that comes free goes to the next");
    }
    calls.remove(0).await.unwrap().unwrap();
    assert_eq!(answer(&mut handle).await, "c");
}

#[tokio::test(start_paused = true)]
async fn turns_are_given_in_order() {
    let (queue, mut handle) = queue(1);
    let mut calls = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        calls.push(start(&queue, name).await);
    }
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(answer(&mut handle).await, name);
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn four_times_as_many_wait_and_the_next_is_refused_at_once() {
    for turns in [1, 2] {
        let (queue, mut handle) = queue(turns);
        let mut calls = Vec::new();
        for _ in 0..turns * 5 {
            calls.push(start(&queue, "").await);
        }
        let started = Instant::now();
        let refused = queue.clone().oneshot(call("late")).await.unwrap_err();
        assert!(refused.is::<Overloaded>(), "{refused}");
        assert_eq!(started.elapsed(), Duration::ZERO);
        let failure = RpcError::from_error(&refused);
        assert_eq!(failure.status, http::StatusCode::SERVICE_UNAVAILABLE);
        assert!(failure.retry_after.is_some());
        // One goes, one may come.
        answer(&mut handle).await;
        calls.push(start(&queue, "").await);
        assert!(queue.clone().oneshot(call("late")).await.unwrap_err().is::<Overloaded>());
        for _ in 0..turns * 5 {
            answer(&mut handle).await;
        }
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
}

/// An administrator learns that the ceiling is too low, or who fills it, and no flood of calls fills the log.
#[tokio::test(start_paused = true)]
async fn a_full_queue_is_warned_of() {
    let (log, _guard) = Lines::start();
    let (queue, mut handle) = queue(1);
    let running = start(&queue, "running").await;
    for _ in 0..4 {
        drop(tokio::spawn(queue.clone().oneshot(call("waiting"))));
    }
    settle().await;
    for _ in 0..1000 {
        assert!(queue.clone().oneshot(call("late")).await.unwrap_err().is::<Overloaded>());
    }
    let told = log.of("1C is busy: a call was not sent");
    assert_eq!(told.len(), 10);
    assert_eq!([&told[0]["level"], &told[0]["cause"], &told[0]["what"]], ["WARN", "Overloaded", "calls"]);
    tokio::time::sleep(PATIENCE + Duration::from_secs(1)).await;
    let told = log.of("1C is busy: a call was not sent");
    assert!(told.len() == 4 && told.iter().all(|line| line["cause"] == "Queued"), "{told:?}");
    tokio::time::sleep(Duration::from_secs(61)).await;
    let sum = log.one("990 more like this in the last minute: 1C is busy: a call was not sent");
    assert_eq!([&sum["level"], &sum["cause"]], ["WARN", "Overloaded"]);
    answer(&mut handle).await;
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_patience_and_nothing_was_sent() {
    let (queue, mut handle) = queue(1);
    let running = start(&queue, "running").await;
    let started = Instant::now();
    let ends = queue.clone().oneshot(call("waiting")).await;
    assert!(started.elapsed().abs_diff(PATIENCE) <= Duration::from_millis(2));
    let failure = RpcError::from_error(ends.as_ref().unwrap_err());
    assert_eq!(failure.status, http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(failure.retry_after.is_some() && failure.error.message.contains("was not sent"));
    assert_eq!(trouble(ends), ErrorKind::Queued(PATIENCE));
    assert_eq!(answer(&mut handle).await, "running");
    running.await.unwrap().unwrap();
    let mut next = by_hand(handle.next_request());
    pending(next.poll());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_frees_its_place_and_its_turn() {
    let (queue, mut handle) = queue(1);
    let mut calls = Vec::new();
    for name in ["running", "b", "c", "d", "e"] {
        calls.push(start(&queue, name).await);
    }
    assert!(queue.clone().oneshot(call("late")).await.unwrap_err().is::<Overloaded>());
    calls.remove(2).abort();
    settle().await;
    calls.push(start(&queue, "f").await);
    calls.remove(0).abort();
    settle().await;
    assert_eq!(handle.next_request().await.unwrap().0.body(), "running");
    for name in ["b", "d", "e", "f"] {
        assert_eq!(answer(&mut handle).await, name);
    }
    // A call that was made and never polled holds a place until it is dropped.
    let mut spare = queue.clone();
    let idle: Vec<_> = (0..5).map(|_| spare.call(call("idle"))).collect();
    assert!(queue.clone().oneshot(call("late")).await.unwrap_err().is::<Overloaded>());
    drop(idle);
    let last = start(&queue, "last").await;
    assert_eq!(answer(&mut handle).await, "last");
    last.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_ready_holds_its_turn() {
    let (queue, mut handle) = queue(1);
    handle.allow(0);
    let first = start(&queue, "first").await;
    let second = start(&queue, "second").await;
    {
        let mut next = by_hand(handle.next_request());
        pending(next.poll());
    }
    handle.allow(2);
    settle().await;
    assert_eq!(answer(&mut handle).await, "first");
    assert_eq!(answer(&mut handle).await, "second");
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failing_client_gives_its_turn_back() {
    let (queue, mut handle) = queue(1);
    for _ in 0..3 {
        let failing = start(&queue, "").await;
        handle.next_request().await.unwrap().1.send_error("the client's own error");
        assert_eq!(failing.await.unwrap().unwrap_err().to_string(), "the client's own error");
    }
}

fn deadline() -> (mock::Spawn<Deadline<Mock<Call, Answer>>>, Handle<Call, Answer>) {
    mock::spawn_with(|mock| DeadlineLayer.layer(mock))
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_ready_when_its_client_is() {
    let (mut deadline, mut handle) = deadline();
    handle.allow(0);
    pending(deadline.poll_ready());
    handle.allow(1);
    ready(deadline.poll_ready()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_its_patience() {
    let (mut deadline, mut handle) = deadline();
    for (given, limit) in [(Some(PATIENCE), PATIENCE), (None, Duration::from_secs(30))] {
        let mut request = call("");
        if given.is_none() {
            request.extensions_mut().clear();
        }
        ready(deadline.poll_ready()).unwrap();
        let mut ends = by_hand(deadline.call(request));
        pending(ends.poll());
        let (_, _send) = handle.next_request().await.unwrap();
        advance(limit - Duration::from_millis(2)).await;
        pending(ends.poll());
        advance(Duration::from_millis(4)).await;
        assert!(ends.is_woken());
        assert_eq!(trouble(ready(ends.poll())), ErrorKind::Slow(limit));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_there_is_never_too_late() {
    let (mut deadline, mut handle) = deadline();
    ready(deadline.poll_ready()).unwrap();
    let mut ends = by_hand(deadline.call(call("")));
    pending(ends.poll());
    handle.next_request().await.unwrap().1.send_response(Answer::default());
    advance(PATIENCE * 2).await;
    ready(ends.poll()).unwrap();
}

fn leaf() -> (mock::Spawn<OneCService<Mock<Call, Answer>>>, Handle<Call, Answer>) {
    let infobase = Infobase::new("http://h/b").unwrap().timeouts(PATIENCE, PATIENCE * 3);
    mock::spawn_with(|mock| OneCService::with_client(infobase.clone(), mock).unwrap())
}

fn request(method: Method) -> Request {
    Request::new(method, Params::parse(&Bytes::from_static(br#"{"name":"a"}"#)).unwrap(), Version::V2025_11_25)
}

fn status(code: u16, body: &'static str) -> Answer {
    http::Response::builder().status(code).body(body.into()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_leaf_is_ready_when_its_client_is_and_calls_the_ready_one() {
    let (mut leaf, mut handle) = leaf();
    handle.allow(0);
    pending(leaf.poll_ready::<Request>());
    handle.allow(1);
    ready(leaf.poll_ready::<Request>()).unwrap();
    let mut ends = by_hand(leaf.call(request(Method::ToolsCall)));
    pending(ends.poll());
    let (sent, send) = handle.next_request().await.unwrap();
    assert_eq!(sent.extensions().get(), Some(&Patience(PATIENCE * 3)), "a tool is given its time");
    send.send_response(status(200, r#"{"id":1,"result":{"content":[]}}"#));
    assert_eq!(&ready(ends.poll()).unwrap().outcome.unwrap().json()[..], br#"{"content":[]}"#);
    // That readiness is used up.
    pending(leaf.poll_ready::<Request>());
}

#[tokio::test(start_paused = true)]
async fn the_second_try_waits_until_the_client_is_ready_again() {
    let (mut leaf, mut handle) = leaf();
    handle.allow(1);
    ready(leaf.poll_ready::<Request>()).unwrap();
    let mut ends = by_hand(leaf.call(request(Method::ToolsList)));
    pending(ends.poll());
    let (sent, send) = handle.next_request().await.unwrap();
    assert_eq!(sent.extensions().get(), Some(&Patience(PATIENCE)));
    send.send_response(status(406, ""));
    pending(ends.poll());
    advance(Duration::from_millis(2)).await;
    pending(ends.poll());
    handle.allow(1);
    pending(ends.poll());
    handle.next_request().await.unwrap().1.send_response(status(200, r#"{"id":0,"result":{"tools":[]}}"#));
    ready(ends.poll()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_fails_to_get_ready_fails_the_leaf() {
    let (mut leaf, mut handle) = leaf();
    handle.send_error("out of order");
    assert_eq!(ready(leaf.poll_ready::<Request>()).unwrap_err().to_string(), "out of order");
}
