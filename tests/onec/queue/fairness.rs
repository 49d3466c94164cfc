//! Callers who want more than there is, and what is left to others. Waits are told in turns: how long one
//! call runs.

use super::{Answer, Call, Mock, answer, call, settle};
use onec_mcp::onec::{FairQueue, FairQueueLayer, Flow, Patience};
use onec_mcp::rpc::BoxError;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::load_shed::error::Overloaded;
use tower::{Layer, Service, ServiceExt};
use tower_test::mock::{self, Handle, SendResponse};

const TURN: Duration = Duration::from_secs(1);

/// A call of a flow, patient for as long as any test takes.
fn of(flow: Flow, name: &str) -> Call {
    let mut call = call(name);
    call.extensions_mut().insert(flow);
    call.extensions_mut().insert(Patience(TURN * 1000));
    call
}

/// 1C: every call takes one turn.
#[derive(Clone, Default)]
struct OneC {
    started: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl OneC {
    fn started(&self) -> Vec<(String, Instant)> {
        self.started.lock().unwrap().clone()
    }
}

impl Service<Call> for OneC {
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let name = String::from_utf8(call.into_body().to_vec()).unwrap();
        self.started.lock().unwrap().push((name, Instant::now()));
        Box::pin(async {
            sleep(TURN).await;
            Ok(Answer::default())
        })
    }
}

/// The queue as it was: first come, first served.
#[derive(Clone)]
struct FirstCome {
    onec: OneC,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl FirstCome {
    fn new(turns: usize, onec: OneC) -> Self {
        Self { onec, turns: Semaphore::new(turns).into(), places: Semaphore::new(turns * 5).into() }
    }
}

impl Service<Call> for FirstCome {
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let (onec, turns) = (self.onec.clone(), Arc::clone(&self.turns));
        let place = Arc::clone(&self.places).try_acquire_owned();
        Box::pin(async move {
            let _place = place.map_err(|_| Overloaded::new())?;
            let _turn = turns.acquire_owned().await?;
            onec.oneshot(call).await
        })
    }
}

/// What became of somebody who calls once a turn, 20 times.
#[derive(Debug, PartialEq)]
struct Fate {
    refused: usize,
    /// The longest wait in turns, begun ones counted whole.
    worst: u128,
}

/// Each of these has 80 calls at any time.
fn crowd<S>(queue: &S, flows: impl Iterator<Item = Flow>) -> JoinSet<()>
where
    S: Service<Call, Response = Answer, Error = BoxError, Future: Send> + Clone + Send + 'static,
{
    let mut crowd = JoinSet::new();
    for flow in flows {
        for _ in 0..80 {
            let queue = queue.clone();
            crowd.spawn(async move {
                loop {
                    if queue.clone().oneshot(of(flow, "")).await.is_err() {
                        sleep(TURN).await;
                    }
                }
            });
        }
    }
    crowd
}

/// What `flow` meets while each of `greedy` callers has 80 calls at any time.
async fn fate<S>(queue: S, onec: &OneC, greedy: usize, flow: Flow) -> Fate
where
    S: Service<Call, Response = Answer, Error = BoxError, Future: Send> + Clone + Send + 'static,
{
    let _crowd = crowd(&queue, (0..greedy).map(|caller| Flow::subject(&format!("greedy {caller}"))));
    let mut fate = Fate { refused: 0, worst: 0 };
    for number in 0..20 {
        // Some time within a turn.
        sleep(TURN + TURN / 20 * number).await;
        let (came, name) = (Instant::now(), format!("call {number}"));
        if queue.clone().oneshot(of(flow, &name)).await.is_err() {
            fate.refused += 1;
        } else {
            let (_, start) = onec.started().into_iter().find(|(started, _)| *started == name).unwrap();
            fate.worst = fate.worst.max((start - came).as_millis().div_ceil(TURN.as_millis()));
        }
    }
    fate
}

#[tokio::test(start_paused = true)]
async fn one_caller_with_80_slow_calls_keeps_nobody_out() {
    let (other, login) = (Flow::subject("other"), Flow::login(b"other:password"));
    let before = async |greedy, flow| {
        let onec = OneC::default();
        fate(FirstCome::new(16, onec.clone()), &onec, greedy, flow).await
    };
    let after = async |greedy, flow| {
        let onec = OneC::default();
        fate(FairQueueLayer::new(16).layer(onec.clone()), &onec, greedy, flow).await
    };
    for flow in [other, login, Flow::HEALTH] {
        assert_eq!(before(1, flow).await, Fate { refused: 20, worst: 0 }, "it never came to a turn");
        assert_eq!(after(1, flow).await, Fate { refused: 0, worst: 0 }, "there is always a turn for it");
    }
    // Several who are greedy have all the turns, but not the next one.
    assert_eq!(after(3, other).await, Fate { refused: 0, worst: 1 });
    // Nor those of logins and health.
    for flow in [login, Flow::HEALTH] {
        assert_eq!(after(3, flow).await, Fate { refused: 0, worst: 0 });
    }
}

/// 1C takes a turn for each login, and one address, then four, have 80 different ones of them at any time.
#[tokio::test(start_paused = true)]
async fn slow_logins_keep_neither_health_nor_other_logins_out() {
    for (addresses, flow, worst) in [
        (1, Flow::HEALTH, 0),
        (1, Flow::logins_from([198, 51, 100, 1].into()), 0),
        (1, Flow::login(b"known"), 0),
        (1, Flow::subject("other"), 0),
        (3, Flow::HEALTH, 0),
        (3, Flow::logins_from([198, 51, 100, 1].into()), 1),
        (3, Flow::login(b"known"), 1),
        (3, Flow::subject("other"), 0),
        // So many fill all places of logins.
        (5, Flow::HEALTH, 0),
        (5, Flow::subject("other"), 0),
    ] {
        let onec = OneC::default();
        let queue = FairQueueLayer::new(16).layer(onec.clone());
        let _crowd = crowd(&queue, (0..addresses).map(|at| Flow::logins_from([192, 0, 2, at].into())));
        assert_eq!(fate(queue, &onec, 0, flow).await, Fate { refused: 0, worst }, "{addresses}, {flow:?}");
    }
}

/// Where few turns are kept, health has the next one.
#[tokio::test(start_paused = true)]
async fn health_waits_for_one_turn_at_most() {
    for turns in 1..16 {
        let onec = OneC::default();
        let queue = FairQueueLayer::new(turns).layer(onec.clone());
        let logins = (0..5).map(|at| Flow::logins_from([192, 0, 2, at].into()));
        let _crowd = crowd(&queue, logins);
        let fate = fate(queue, &onec, 0, Flow::HEALTH).await;
        assert!(fate.refused == 0 && fate.worst <= 1, "{turns}: {fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn small_ceilings_are_shared_as_well() {
    // Turns, greedy callers, and the worst waits of another caller, a login and a question for health.
    for (turns, greedy, expected) in [(1, 1, [2, 1, 1]), (2, 1, [0, 0, 0]), (2, 2, [1, 1, 1]), (3, 2, [1, 0, 0])] {
        let flows = [Flow::subject("other"), Flow::login(b"login"), Flow::HEALTH];
        for (flow, worst) in flows.into_iter().zip(expected) {
            let onec = OneC::default();
            let fate = fate(FairQueueLayer::new(turns).layer(onec.clone()), &onec, greedy, flow).await;
            assert_eq!(fate.refused, 0, "{turns} turns, {flow:?}");
            assert!(fate.worst <= worst, "{turns} turns, {flow:?}: {fate:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_starves_and_all_get_alike() {
    let onec = OneC::default();
    let queue = FairQueueLayer::new(2).layer(onec.clone());
    let mut crowd = JoinSet::new();
    // Three who always have two calls there, and four who come again when their only one has ended.
    for caller in ["a", "a", "b", "b", "c", "c", "d", "e", "f", "g"] {
        let queue = queue.clone();
        crowd.spawn(async move {
            loop {
                queue.clone().oneshot(of(Flow::subject(caller), caller)).await.unwrap();
            }
        });
    }
    sleep(TURN * 350).await;
    let mut turns = HashMap::new();
    for (caller, _) in onec.started() {
        *turns.entry(caller).or_insert(0) += 1;
    }
    assert_eq!(turns.len(), 7);
    assert!(turns.values().all(|turns| (95..=105).contains(turns)), "{turns:?}");
}

fn queue(layer: FairQueueLayer) -> (FairQueue<Mock<Call, Answer>>, Handle<Call, Answer>) {
    let (mock, handle) = mock::pair();
    (layer.layer(mock), handle)
}

type Calls = Vec<tokio::task::JoinHandle<super::Ends>>;

/// Starts calls named after their flows, and lets them get as far as they can.
async fn start(queue: &FairQueue<Mock<Call, Answer>>, names: &[&str]) -> Calls {
    let mut calls = Vec::new();
    for name in names {
        let flow = Flow::subject(name.trim_end_matches(char::is_numeric));
        calls.push(tokio::spawn(queue.clone().oneshot(of(flow, name))));
        settle().await;
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn turns_go_round_among_callers_and_within_one_first_come_first_served() {
    let (queue, mut handle) = queue(FairQueueLayer::new(2));
    let _calls = start(&queue, &["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2"]).await;
    for name in ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3"] {
        assert_eq!(answer(&mut handle).await, name);
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_with_the_fewest_calls_running_is_next() {
    let (queue, mut handle) = queue(FairQueueLayer::new(8));
    // 7 turns, as one is kept: a has 4 of them, which is its share, b has 3 and wants more.
    let _calls = start(&queue, &["a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "c1"]).await;
    let mut running = running_now(&mut handle).await;
    assert_eq!(running.len(), 7);
    running.remove(0).1.send_response(Answer::default());
    settle().await;
    let next = handle.next_request().await.unwrap();
    assert_eq!(&next.0.body()[..], b"c1");
    // Then a and b have three each, and b has waited longer.
    drop(next);
    settle().await;
    assert_eq!(&handle.next_request().await.unwrap().0.body()[..], b"b4");
}

/// The calls that have reached 1C. They end when they are dropped.
async fn running_now(handle: &mut Handle<Call, Answer>) -> Vec<(Call, SendResponse<Answer>)> {
    let mut running = Vec::new();
    while let Ok(Some(call)) = timeout(TURN, handle.next_request()).await {
        running.push(call);
    }
    running
}

/// Those that are refused at once.
async fn refused(calls: Calls) -> usize {
    let mut refused = 0;
    for call in calls {
        if call.is_finished() {
            assert!(call.await.unwrap().unwrap_err().is::<Overloaded>());
            refused += 1;
        }
    }
    refused
}

#[tokio::test(start_paused = true)]
async fn one_caller_has_its_share_of_turns_and_a_quarter_of_the_places() {
    for (turns, per_flow, running) in [(1, None, 1), (2, None, 1), (4, None, 2), (16, None, 8), (16, Some(3), 3)] {
        let layer = FairQueueLayer::new(turns);
        let (queue, mut handle) = queue(per_flow.map_or(layer, |calls| layer.per_flow(calls)));
        let greedy = start(&queue, &["a"; 80]).await;
        let begun = running_now(&mut handle).await;
        assert_eq!(begun.len(), running, "{turns}");
        // A quarter of four times the turns waits.
        assert_eq!(refused(greedy).await, 80 - running - turns, "{turns}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_whole_queue_is_bounded_as_well() {
    let (queue, _handle) = queue(FairQueueLayer::new(4));
    // 3 turns, 16 places: five callers want 6 each.
    let mut calls = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        calls.extend(start(&queue, &[name; 6]).await);
    }
    assert_eq!(refused(calls).await, 30 - 3 - 16);
    // Logins wait elsewhere.
    for login in 0..2 + 16 {
        let call = tokio::spawn(queue.clone().oneshot(of(Flow::login(&[login]), "")));
        settle().await;
        assert_eq!(call.is_finished(), login == 17, "one turn, 16 places: {login}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_nobody_in_particular_has_all_there_is() {
    let (queue, mut handle) = queue(FairQueueLayer::new(16));
    let calls: Calls = (0..80).map(|_| tokio::spawn(queue.clone().oneshot(of(Flow::NOBODY, "")))).collect();
    settle().await;
    let begun = running_now(&mut handle).await;
    assert_eq!(begun.len(), 14, "two turns are kept");
    assert_eq!(refused(calls).await, 80 - 14 - 64);
}

#[tokio::test(start_paused = true)]
async fn logins_leave_turns_to_others() {
    let (queue, mut handle) = queue(FairQueueLayer::new(16));
    for login in 0..40 {
        tokio::spawn(queue.clone().oneshot(of(Flow::login(&[login]), "login")));
    }
    settle().await;
    let _calls = start(&queue, &["a"; 10]).await;
    let running = running_now(&mut handle).await;
    let logins = running.iter().filter(|(call, _)| &call.body()[..] == b"login").count();
    assert_eq!((logins, running.len()), (8, 15), "half of the turns are for logins at most, and one is for health");
}
