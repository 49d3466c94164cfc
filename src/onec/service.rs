//! The leaf as a service: [`OneCService`].

use super::client::HttpClient;
use super::deadline::{Deadline, DeadlineLayer};
use super::error::failed;
use super::exchange::Target;
use super::future::ResponseFuture;
use super::infobase::Infobase;
use super::infobase_error::InfobaseError;
use super::queue::{FairQueue, FairQueueLayer};
use crate::identity::Sharing;
use crate::rpc::{BoxError, Request, Response};
use crate::service::take_ready;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer as _;
use tower_service::Service;

/// The HTTP client that [`OneCService::new`] builds.
pub type DefaultClient = FairQueue<Deadline<HttpClient>>;

/// The default number of calls at once.
const DEFAULT_CONCURRENCY: usize = 16;

/// The leaf of the RPC stack, a service that turns a request into a call of the infobase's HTTP service.
///
/// `C` is any client that takes an HTTP request and returns the whole answer. Methods that 1C does not know are
/// answered here: unknown ones with -32601, and with an empty result if an older extension lacks
/// `resources/templates/list` or `completion/complete`.
///
/// Calls run under the account of the [`Infobase`], or, if the request's extensions hold an
/// [`Identity`](crate::Identity) with credentials, as that user. All share one pool of connections: each call
/// has its own `Authorization`, and no cookies are kept. If 1C refuses such a user's login, the call fails with
/// [`ErrorKind::LoginRefused`](super::ErrorKind::LoginRefused); the bridge then runs the identity's hook
/// ([`Identity::on_login_refused`](crate::Identity::on_login_refused)).
///
/// # Errors
/// An [`RpcError`](crate::rpc::RpcError) whose source is an [`Error`](super::Error) for a failed call; tower's
/// `Overloaded` if too many calls wait; and any other error of `C`. JSON-RPC errors of 1C are answers.
#[derive(Clone)]
pub struct OneCService<C = DefaultClient> {
    pub(super) client: C,
    pub(super) target: Arc<Target>,
}

impl OneCService {
    /// Creates a leaf with the default client: 16 calls at once, and kept connections.
    ///
    /// # Errors
    /// [`InfobaseError`] if the URL or this machine's certificates cannot be used.
    pub fn new(infobase: Infobase) -> Result<Self, InfobaseError> {
        Self::with_concurrency(infobase, DEFAULT_CONCURRENCY)
    }

    /// Creates a leaf with the default client and another limit on calls at once.
    ///
    /// Each call takes a session of 1C and maybe a licence. One caller has at most half of the calls, see
    /// [`FairQueueLayer`].
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_concurrency(infobase: Infobase, calls: usize) -> Result<Self, InfobaseError> {
        let client = HttpClient::new(&infobase)?;
        Self::with_client(infobase, FairQueueLayer::new(calls).layer(DeadlineLayer.layer(client)))
    }
}

impl<C> OneCService<C> {
    /// Creates a leaf over a client of your own.
    ///
    /// Limits on time and on calls at once are layers around the client, such as [`FairQueueLayer`] and
    /// [`DeadlineLayer`]. An error that is a [`ClientError`](super::ClientError) says whether the call can have
    /// run. Each call has its [`Patience`](super::Patience) and its [`Flow`](super::Flow), if any, in its
    /// extensions.
    ///
    /// Leaves of one infobase under several accounts share the limit if they share the client.
    ///
    /// # Errors
    /// [`InfobaseError`] if the URL cannot be used.
    pub fn with_client(infobase: Infobase, client: C) -> Result<Self, InfobaseError> {
        let target = Target::new(infobase)?;
        Ok(Self { client, target: Arc::new(target) })
    }

    /// Returns which callers this leaf treats alike: all who call under the account of the [`Infobase`], and those of
    /// one login of their own ([`Sharing::by_account`]).
    ///
    /// This is not true of a client `C` that chooses an infobase by the caller (`X-MCP-Sub`).
    pub const fn sharing(&self) -> Sharing {
        Sharing::by_account()
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
