//! The ceiling on calls to 1C, and the queue in front of it.

use super::deadline::{Patience, patience};
use super::error::{Error, Trouble};
use crate::rpc::BoxError;
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use tower::load_shed::error::Overloaded;
use tower_layer::Layer;
use tower_service::Service;

/// How many calls may wait for each that may run.
const WAITING_PER_TURN: usize = 4;

/// Lets at most so many calls run at once, and four times as many wait for their turn.
///
/// A call waits no longer than its [`Patience`]; then it fails with [`Trouble::Queued`] and surely
/// did not run. When the queue is full too, it fails at once with tower's [`Overloaded`].
///
/// The service is always ready: the turn is taken inside the call, so that a caller that holds a
/// ready service without using it keeps nobody out. Clones share the turns.
#[derive(Clone, Debug)]
pub struct QueueLayer {
    turns: usize,
}

impl QueueLayer {
    /// At most `turns` calls at once, at least one.
    pub fn new(turns: usize) -> Self {
        Self { turns: turns.clamp(1, Semaphore::MAX_PERMITS / (WAITING_PER_TURN + 1)) }
    }
}

impl<C> Layer<C> for QueueLayer {
    type Service = Queue<C>;

    fn layer(&self, client: C) -> Queue<C> {
        Queue {
            client,
            turns: Arc::new(Semaphore::new(self.turns)),
            places: Arc::new(Semaphore::new(self.turns * (WAITING_PER_TURN + 1))),
        }
    }
}

/// See [`QueueLayer`].
#[derive(Clone, Debug)]
pub struct Queue<C> {
    client: C,
    turns: Arc<Semaphore>,
    /// Those who run and those who wait.
    places: Arc<Semaphore>,
}

impl<C> Service<http::Request<Bytes>> for Queue<C>
where
    C: Service<http::Request<Bytes>> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let turns = Arc::clone(&self.turns);
        let client = self.client.clone();
        Box::pin(async move {
            let Ok(_place) = place else { return Err(Overloaded::new().into()) };
            let Patience(limit) = patience(&request);
            let _turn = match turns.clone().try_acquire_owned() {
                Ok(turn) => turn,
                Err(_) => match tokio::time::timeout(limit, turns.acquire_owned()).await {
                    Ok(Ok(turn)) => turn,
                    // The semaphore is never closed, so this is the time limit.
                    _ => return Err(Error::from(Trouble::Queued(limit)).into()),
                },
            };
            client.oneshot(request).await.map_err(Into::into)
        })
    }
}
