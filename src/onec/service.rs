//! [`OneCService`].

use super::client::HttpClient;
use super::deadline::{Deadline, DeadlineLayer};
use super::error::failed;
use super::exchange::Target;
use super::future::ResponseFuture;
use super::infobase::Infobase;
use super::infobase_error::InfobaseError;
use super::queue::{FairQueue, FairQueueLayer};
use crate::rpc::{BoxError, Request, Response};
use crate::service::take_ready;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer as _;
use tower_service::Service;

/// The HTTP client as [`OneCService::new`] builds it.
pub type DefaultClient = FairQueue<Deadline<HttpClient>>;

/// How many calls run at once, if nobody says otherwise.
const DEFAULT_CONCURRENCY: usize = 16;

/// The leaf of the RPC stack: turns a request into a call of the infobase's HTTP service.
///
/// `C` is any client that takes a request and gives the whole answer. Methods that 1C does not
/// know are answered here: unknown ones with -32601, and where an older extension lacks
/// `resources/templates/list` or `completion/complete`, with nothing to offer.
///
/// Calls run under the account of the [`Infobase`], or, where the request's extensions hold an
/// [`Identity`](crate::Identity) with credentials, as that user. All share one pool of connections:
/// each call carries its own `Authorization`, and no cookies are kept. When 1C refuses such a user's
/// login, the call fails with [`ErrorKind::LoginRefused`](super::ErrorKind::LoginRefused); the bridge then runs
/// the identity's hook ([`Identity::on_login_refused`](crate::Identity::on_login_refused)).
///
/// # Errors
/// An [`RpcError`](crate::rpc::RpcError) for trouble with 1C, whose source is an [`Error`](super::Error); tower's
/// `Overloaded` when too many calls wait; and whatever `C` fails with. JSON-RPC errors of 1C are answers.
#[derive(Clone)]
pub struct OneCService<C = DefaultClient> {
    pub(super) client: C,
    pub(super) target: Arc<Target>,
}

impl OneCService {
    /// A leaf with the default client: 16 calls at once, connections kept warm.
    ///
    /// # Errors
    /// [`InfobaseError`] where the URL or this machine's certificates do not serve.
    pub fn new(infobase: Infobase) -> Result<Self, InfobaseError> {
        Self::with_concurrency(infobase, DEFAULT_CONCURRENCY)
    }

    /// The same with another ceiling on calls at once. Each takes a session of 1C and maybe a
    /// licence. One caller has half of them at most, see [`FairQueueLayer`].
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_concurrency(infobase: Infobase, calls: usize) -> Result<Self, InfobaseError> {
        let client = HttpClient::new(&infobase)?;
        Self::with_client(infobase, FairQueueLayer::new(calls).layer(DeadlineLayer.layer(client)))
    }
}

impl<C> OneCService<C> {
    /// A leaf over a client of your own. Limits on time and concurrency are layers around it, such
    /// as [`FairQueueLayer`] and [`DeadlineLayer`]; a failure that is a
    /// [`ClientError`](super::ClientError) says whether the call can have run. Each call carries its
    /// [`Patience`](super::Patience) and its [`Flow`](super::Flow), if any, in its extensions.
    ///
    /// Leaves of one infobase under several accounts share the ceiling when they share the client.
    ///
    /// # Errors
    /// [`InfobaseError`] where the URL does not serve.
    pub fn with_client(infobase: Infobase, client: C) -> Result<Self, InfobaseError> {
        let target = Target::new(infobase)?;
        Ok(Self { client, target: Arc::new(target) })
    }
}

impl<C> fmt::Debug for OneCService<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneCService").field("infobase", &self.target.infobase).finish_non_exhaustive()
    }
}

impl<C> Service<Request> for OneCService<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.client.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        // The client that was polled to readiness makes the first try.
        let ready = take_ready(&mut self.client);
        let target = Arc::clone(&self.target);
        ResponseFuture::new(async move { target.answer(ready, request).await.map_err(failed) })
    }
}
