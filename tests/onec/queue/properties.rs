//! Whatever comes, ends and goes, in whatever order: the bounds hold, no turn is idle while somebody may have
//! it, and nothing is lost.

use super::{Answer, Call, Ends, call};
use crate::support::poll::{Polled, by_hand};
use onec_mcp::onec::{FairQueue, FairQueueFuture, FairQueueLayer, Flow};
use onec_mcp::rpc::BoxError;
use proptest::prelude::*;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tower::load_shed::error::Overloaded;
use tower::{Layer, Service, ServiceExt};

/// 1C, whose calls end when they are told to.
#[derive(Clone, Default)]
struct OneC(Arc<Mutex<Begun>>);

#[derive(Default)]
struct Begun {
    /// The numbers of the calls, in the order of their start.
    order: Vec<usize>,
    running: HashMap<usize, oneshot::Sender<()>>,
}

impl Service<Call> for OneC {
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let number = std::str::from_utf8(call.body()).unwrap().parse().unwrap();
        let (sender, end) = oneshot::channel();
        let mut begun = self.0.lock().unwrap();
        begun.order.push(number);
        begun.running.insert(number, sender);
        Box::pin(async {
            end.await?;
            Ok(Answer::default())
        })
    }
}

#[derive(Clone, Debug)]
enum Step {
    Come(usize),
    /// The same, while others were woken that have not been polled yet.
    Rush(usize),
    /// The so many-th call that runs ends.
    End(usize),
    /// The so many-th call that is there is dropped.
    Go(usize),
    /// Whoever was woken is polled.
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..FLOWS).prop_map(Step::Come),
        3 => (0..FLOWS).prop_map(Step::Rush),
        4 => any::<usize>().prop_map(Step::End),
        3 => any::<usize>().prop_map(Step::Go),
        2 => Just(Step::Settle),
    ]
}

const FLOWS: usize = 7;

fn flow(number: usize) -> Flow {
    match number {
        0 => Flow::NOBODY,
        1 => Flow::HEALTH,
        2 | 3 => Flow::login(&[number as u8]),
        number => Flow::subject(&number.to_string()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Work,
    Login,
    Health,
}

const fn lane(flow: usize) -> Lane {
    match flow {
        1 => Lane::Health,
        2 | 3 => Lane::Login,
        _ => Lane::Work,
    }
}

struct There {
    number: usize,
    flow: usize,
    future: Polled<FairQueueFuture<OneC>>,
    polled: bool,
}

/// The bounds as they are documented.
struct World {
    turns: usize,
    per_flow: usize,
    onec: OneC,
    queue: FairQueue<OneC>,
    there: Vec<There>,
    /// The flow of each call that ever came.
    flows: Vec<usize>,
}

impl World {
    fn new(turns: usize, per_flow: usize) -> Self {
        let onec = OneC::default();
        let queue = FairQueueLayer::new(turns).per_flow(per_flow).layer(onec.clone());
        Self { turns, per_flow, onec, queue, there: Vec::new(), flows: Vec::new() }
    }

    const fn kept(&self) -> usize {
        match self.turns {
            0..3 => 0,
            3..16 => 1,
            turns if turns / 8 > 4 => 4,
            turns => turns / 8,
        }
    }

    fn half(&self) -> usize {
        (self.turns / 2).max(1)
    }

    fn share(&self, flow: usize) -> usize {
        match (flow, lane(flow)) {
            (0, _) => self.turns,
            (_, Lane::Work) => self.per_flow,
            _ => (self.half() / 2).max(1),
        }
    }

    fn count(&self, running: bool, of: impl Fn(usize) -> bool) -> usize {
        let begun = self.onec.0.lock().unwrap();
        self.there.iter().filter(|call| begun.running.contains_key(&call.number) == running && of(call.flow)).count()
    }

    fn running(&self) -> [usize; 3] {
        [Lane::Work, Lane::Login, Lane::Health].map(|of| self.count(true, |flow| lane(flow) == of))
    }

    /// Whether the lane of this flow has a turn free.
    fn has_room(&self, flow: usize) -> bool {
        let [work, logins, health] = self.running();
        // Of several that are kept one is for health alone.
        let front = logins + health.max(usize::from(self.kept() > 1));
        match lane(flow) {
            Lane::Work => work + front.max(self.kept()) < self.turns,
            Lane::Login => work + front < self.turns && logins < self.half(),
            Lane::Health => work + logins + health < self.turns,
        }
    }

    fn may_run(&self, flow: usize) -> bool {
        self.has_room(flow) && self.count(true, |other| other == flow) < self.share(flow)
    }

    fn may_wait(&self, flow: usize) -> bool {
        let own = self.count(false, |other| other == flow);
        let all = self.count(false, |other| lane(other) == lane(flow));
        all < self.turns * 4 && (flow == 0 || own < self.turns)
    }

    /// Where everything has settled, it is known what becomes of who comes.
    fn come(&mut self, flow: usize) {
        self.settle();
        let is_refused = !self.may_run(flow) && !self.may_wait(flow);
        let call = self.rush(flow);
        let ends = call.future.poll();
        call.polled = true;
        assert_eq!(ends.is_ready(), is_refused, "{ends:?}");
        if let Poll::Ready(ends) = ends {
            assert!(ends.unwrap_err().is::<Overloaded>());
            self.there.pop();
        }
    }

    fn rush(&mut self, number: usize) -> &mut There {
        let mut request = call(&self.flows.len().to_string());
        request.extensions_mut().insert(flow(number));
        let future = by_hand(self.queue.call(request));
        self.there.push(There { number: self.flows.len(), flow: number, future, polled: false });
        self.flows.push(number);
        self.there.last_mut().unwrap()
    }

    fn end(&self, nth: usize) {
        let mut begun = self.onec.0.lock().unwrap();
        let mut running: Vec<_> = begun.running.keys().copied().collect();
        running.sort_unstable();
        if !running.is_empty() {
            // Its call is told when it is polled.
            begun
                .running
                .get_mut(&running[nth % running.len()])
                .map(|end| std::mem::replace(end, oneshot::channel().0).send(()));
        }
    }

    fn go(&mut self, nth: usize) {
        if !self.there.is_empty() {
            let gone = self.there.remove(nth % self.there.len());
            drop(gone.future);
            self.onec.0.lock().unwrap().running.remove(&gone.number);
        }
    }

    /// Polls who has not been polled yet or was woken, until nobody is.
    fn settle(&mut self) {
        while let Some(at) = self.there.iter().position(|call| !call.polled || call.future.is_woken()) {
            self.there[at].polled = true;
            match self.there[at].future.poll() {
                Poll::Pending => {}
                Poll::Ready(ends) => {
                    assert!(ends.as_ref().err().is_none_or(|error| error.is::<Overloaded>()), "{ends:?}");
                    let ended = self.there.remove(at);
                    self.onec.0.lock().unwrap().running.remove(&ended.number);
                }
            }
        }
        self.check();
    }

    fn check(&self) {
        let [work, logins, health] = self.running();
        assert!(work + logins + health <= self.turns && logins <= self.half() && work <= self.turns - self.kept());
        assert!(self.kept() < 2 || work + logins < self.turns, "one turn is for health alone");
        for number in 0..FLOWS {
            assert!(self.count(true, |other| other == number) <= self.share(number), "the share of {number}");
            if number > 0 {
                assert!(self.count(false, |other| other == number) <= self.turns, "the places of {number}");
            }
            let waits = self.count(false, |other| other == number) > 0;
            assert!(!(waits && self.may_run(number)), "a turn is idle while a call of {number} waits");
        }
        for of in [Lane::Work, Lane::Login, Lane::Health] {
            assert!(self.count(false, |flow| lane(flow) == of) <= self.turns * 4);
        }
        let begun = self.onec.0.lock().unwrap();
        for number in 0..FLOWS {
            let order = begun.order.iter().filter(|call| self.flows[**call] == number);
            assert!(order.is_sorted(), "first come, first served within {number}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bounds_hold_and_nothing_is_lost(
        turns in prop_oneof![4 => 1..9_usize, 1 => 16..36_usize],
        part in 1..5_usize,
        steps in proptest::collection::vec(step(), 1..150),
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _entered = runtime.enter();
        let mut world = World::new(turns, (turns / part).max(1));
        for step in steps {
            match step {
                Step::Come(flow) => world.come(flow),
                Step::Rush(flow) => drop(world.rush(flow)),
                Step::End(nth) => world.end(nth),
                Step::Go(nth) => world.go(nth),
                Step::Settle => world.settle(),
            }
        }
        // Some end, the others go; then all turns are there again.
        world.settle();
        for nth in 0..turns {
            world.end(nth * 2);
        }
        while !world.there.is_empty() {
            world.go(turns);
        }
        for _ in 0..turns * 5 - world.kept() {
            world.come(0);
        }
        world.settle();
        prop_assert_eq!(world.count(true, |_| true), turns - world.kept());
        prop_assert_eq!(world.count(false, |_| true), turns * 4);
    }
}

/// A call that got its turn and is dropped before it knows hands it on.
#[tokio::test(start_paused = true)]
async fn a_turn_that_nobody_took_comes_to_the_next() {
    let mut world = World::new(1, 1);
    for flow in [4, 5, 6] {
        world.come(flow);
    }
    world.settle();
    world.end(0);
    let mut first = world.there.remove(0);
    assert!(first.future.poll().is_ready());
    world.onec.0.lock().unwrap().running.clear();
    let (called, next) = (world.there.remove(0), &world.there[0].future);
    assert!(called.future.is_woken() && !next.is_woken());
    drop(called);
    assert!(next.is_woken());
    world.settle();
    assert_eq!(world.count(true, |flow| flow == 6), 1);
}

/// On several threads, with calls that end by themselves, run out of patience or are aborted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_turn_is_lost_among_threads() {
    #[derive(Clone, Default)]
    struct Quick(Arc<AtomicUsize>);
    struct Runs(Arc<AtomicUsize>);
    impl Drop for Runs {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    const TURNS: usize = 5;
    let running = Arc::new(AtomicUsize::new(0));
    let counter = Quick(Arc::clone(&running));
    let onec = tower::service_fn(move |_: Call| {
        let now = counter.0.fetch_add(1, Ordering::SeqCst) + 1;
        let runs = Runs(Arc::clone(&counter.0));
        async move {
            assert!(now <= TURNS, "{now} at once");
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            drop(runs);
            Ok::<_, Infallible>(Answer::default())
        }
    });
    let queue = FairQueueLayer::new(TURNS).layer(onec);
    let mut calls = tokio::task::JoinSet::new();
    for worker in 0..24_usize {
        let queue = queue.clone();
        calls.spawn(async move {
            for round in 0..200_usize {
                let mut request = call("");
                request.extensions_mut().insert(flow(worker % FLOWS));
                let mut ends = Box::pin(queue.clone().oneshot(request));
                if (worker + round).is_multiple_of(3) {
                    // Polled a few times, then dropped at whatever point it is.
                    for _ in 0..round % 5 {
                        let polled = std::future::poll_fn(|cx| Poll::Ready(ends.as_mut().poll(cx).is_ready())).await;
                        if polled {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    continue;
                }
                let ends: Ends = ends.await;
                assert!(ends.as_ref().err().is_none_or(|error| error.is::<Overloaded>()), "{ends:?}");
            }
        });
    }
    let all = async {
        while let Some(done) = calls.join_next().await {
            done.unwrap()
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("somebody waits for ever");
    assert_eq!(running.load(Ordering::SeqCst), 0);
    let shown = format!("{queue:?}");
    assert!(shown.contains("running: 0, waiting: 0"), "{shown}");
}
