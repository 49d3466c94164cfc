//! The limit on calls to 1C at once, and the fair queue in front of it.

mod flow;
mod line;
mod turns;

pub use flow::Flow;

use super::deadline::{Patience, patience};
use super::error_kind::ErrorKind;
use crate::rpc::{BoxError, RpcError};
use crate::service::accessors;
use bytes::Bytes;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower::ServiceExt as _;
use tower::load_shed::error::Overloaded;
use tower::util::Oneshot;
use tower_layer::Layer;
use tower_service::Service;
use turns::{Entered, Turn, Turns, Waiting};

type Call = http::Request<Bytes>;

/// A layer that limits how many calls run at once, and shares the turns fairly among callers.
///
/// The [`Flow`] of a call says whose it is. A free turn goes to the waiting flow with the fewest running calls;
/// among equals to the one whose last turn is longest ago; within a flow to the oldest call. A flow also has
/// limits of its own, so that many calls of one caller do not keep the others out:
///
/// | Limit | Value |
/// |---|---|
/// | calls at once | the turns |
/// | calls of one flow at once | half of the turns, at least 1 ([`per_flow`](Self::per_flow)) |
/// | kept free for logins and health | 1 turn from 3 turns on, an eighth of them from 16 on, at most 4 |
/// | of these for health alone | 1 if there are several |
/// | logins at once | half of the turns, at least 1; half of those for one flow |
/// | waiting calls | 4 for each turn |
/// | waiting calls of one flow | a quarter of those |
/// | waiting logins | 4 for each turn, beside the calls |
/// | waiting health checks | 1 for each turn |
///
/// [`Flow::NOBODY`] has no limits of its own: without flows there is one queue, first come, first served. With
/// 1 or 2 turns none is kept free; logins, health checks and other calls then take turns.
///
/// A call waits at most for its [`Patience`]; then it fails with an [`RpcError`] for [`ErrorKind::Queued`] and
/// has not run. If no place in the queue is free, it fails at once with tower's [`Overloaded`]. Both are logged
/// as warnings, each at most 10 times a minute; the others are counted.
///
/// The service is always ready: `call` takes the turn or the place in the queue, so that a caller that holds a
/// ready service without using it blocks no one. The client beneath becomes ready inside the turn. Dropping a
/// call returns its turn or place at once. Clones share the turns.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use onec_mcp::onec::{FairQueueLayer, Flow};
/// use onec_mcp::rpc::BoxError;
/// use std::time::Duration;
/// use tower::load_shed::error::Overloaded;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), BoxError> {
/// let slow = service_fn(|_: http::Request<Bytes>| async {
///     tokio::time::sleep(Duration::from_secs(2)).await;
///     Ok::<_, BoxError>(http::Response::new(Bytes::new()))
/// });
/// let queue = FairQueueLayer::new(4).layer(slow);
/// let call = |who: &str| {
///     let mut call = http::Request::new(Bytes::new());
///     call.extensions_mut().insert(Flow::subject(who));
///     tokio::spawn(queue.clone().oneshot(call))
/// };
///
/// let greedy: Vec<_> = (0..80).map(|_| call("onec:Иванов")).collect();
/// // Somebody else gets the next turn.
/// call("onec:Петров").await??;
/// for (number, ends) in greedy.into_iter().enumerate() {
///     match ends.await? {
///         Ok(_) => assert!(number < 6, "2 turns of 4 and 4 places of 16"),
///         Err(error) => assert!(error.is::<Overloaded>()),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FairQueueLayer {
    turns: usize,
    per_flow: usize,
}

impl FairQueueLayer {
    /// Creates the layer with `turns` calls at once, at least one, and half of them for one flow.
    pub fn new(turns: usize) -> Self {
        Self { turns, per_flow: turns / 2 }
    }

    /// Sets how many calls of one flow may run at once, at least one.
    #[must_use]
    pub const fn per_flow(mut self, calls: usize) -> Self {
        self.per_flow = calls;
        self
    }
}

impl<C> Layer<C> for FairQueueLayer {
    type Service = FairQueue<C>;

    fn layer(&self, client: C) -> FairQueue<C> {
        FairQueue { inner: client, turns: Arc::new(Turns::new(self.turns, self.per_flow)) }
    }
}

/// A client behind a fair queue; see [`FairQueueLayer`].
#[derive(Clone, Debug)]
pub struct FairQueue<C> {
    inner: C,
    turns: Arc<Turns>,
}

accessors!(FairQueue<C>);

impl<C> Service<Call> for FairQueue<C>
where
    C: Service<Call> + Clone,
    C::Error: Into<BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = FairQueueFuture<C>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Call) -> Self::Future {
        let flow = request.extensions().get().copied().unwrap_or(Flow::NOBODY);
        let client = self.inner.clone();
        let stage = match Turns::enter(&self.turns, flow) {
            Entered::Running(turn) => Stage::Running { call: client.oneshot(request), turn },
            Entered::Waiting(waiting) => {
                Stage::Waiting { wait: Box::pin(wait(waiting, patience(&request))), call: Some((client, request)) }
            }
            Entered::Refused => {
                self.turns.refused(flow, "Overloaded");
                Stage::Ended { error: Some(Overloaded::new().into()) }
            }
        };
        FairQueueFuture { stage }
    }
}

// Boxed: few calls wait, and otherwise every call would have room for the timer.
type Wait = Pin<Box<dyn Future<Output = Result<Turn, RpcError>> + Send>>;

async fn wait(waiting: Waiting, Patience(limit): Patience) -> Result<Turn, RpcError> {
    let (turns, flow) = (Arc::clone(&waiting.turns), waiting.flow);
    match tokio::time::timeout(limit, waiting).await {
        Ok(Some(turn)) => Ok(turn),
        // The queue outlives the calls in it, so only the time limit ends here.
        Ok(None) | Err(_) => {
            turns.refused(flow, "Queued");
            Err(RpcError::from(ErrorKind::Queued(limit)))
        }
    }
}

pin_project! {
    /// The future of a [`FairQueue`].
    pub struct FairQueueFuture<C>
    where
        C: Service<Call>,
    {
        #[pin]
        stage: Stage<C>,
    }
}

pin_project! {
    #[project = StageOf]
    enum Stage<C>
    where
        C: Service<Call>,
    {
        Waiting { wait: Wait, call: Option<(C, Call)> },
        // The call is dropped before its turn.
        Running { #[pin] call: Oneshot<C, Call>, turn: Turn },
        Ended { error: Option<BoxError> },
    }
}

impl<C: Service<Call>> fmt::Debug for FairQueueFuture<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FairQueueFuture").finish_non_exhaustive()
    }
}

impl<C> Future for FairQueueFuture<C>
where
    C: Service<Call>,
    C::Error: Into<BoxError>,
{
    type Output = Result<C::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            match stage.as_mut().project() {
                StageOf::Waiting { wait, call } => {
                    let turn = ready!(wait.as_mut().poll(cx));
                    let next = match (turn, call.take()) {
                        (Ok(turn), Some((client, request))) => Stage::Running { call: client.oneshot(request), turn },
                        (turn, _) => Stage::Ended { error: turn.err().map(Into::into) },
                    };
                    stage.set(next);
                }
                StageOf::Running { call, .. } => {
                    let answer = ready!(call.poll(cx));
                    // The turn is free from here on, however long the answer is held.
                    stage.set(Stage::Ended { error: None });
                    return Poll::Ready(answer.map_err(Into::into));
                }
                StageOf::Ended { error } => return error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
            }
        }
    }
}
