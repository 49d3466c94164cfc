//! Bridges between a transport (Streamable HTTP, HTTP+SSE, stdio) and the RPC service.
//!
//! A [`Bridge`] holds what they share: the server's name, the times, the questions to clients. All transports
//! of one gateway use one bridge, so that a question over one event stream can be answered by any POST of the
//! caller.

mod call;
mod capabilities;
#[cfg(any(feature = "stdio", feature = "sse"))]
mod connection;
pub(crate) mod era;
pub mod http;
mod inputs;
mod outbox;
mod own;
mod questions;
mod rounds;
#[cfg(feature = "sse")]
pub mod sse;
#[cfg(feature = "stdio")]
pub mod stdio;

pub(crate) use call::{Call, Finished, Running, boxed};
pub(crate) use capabilities::Capabilities;
#[cfg(any(feature = "stdio", feature = "sse"))]
pub(crate) use connection::Connection;
pub(crate) use outbox::Outbox;
use own::OwnAnswer;
pub use own::{OwnAnswerFuture, OwnAnswers};
#[cfg(any(feature = "stdio", feature = "sse"))]
pub(crate) use questions::ConnectionId;
pub(crate) use questions::Party;
use questions::Questions;

use crate::identity::Sharing;
use crate::net::holder::Shares;
use crate::rpc::{BoxError, Request, Response, ServerInfo};
use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use futures_util::future::Shared;
use std::future::Future;
use std::time::Duration;
use tower_layer::{Identity, Layer, Stack};
use tower_service::Service;

/// The most calls of `subscriptions/listen` that may be open at once.
const MAX_LISTENERS: usize = 4096;
/// The most open subscriptions of one user, who needs one for each program.
const LISTENERS_OF_SUBJECT: usize = 8;
/// The most open subscriptions of one address, where users have no names of their own.
const LISTENERS_OF_ADDRESS: usize = MAX_LISTENERS / 16;

/// Settings and state that all transports of a server share, with the layers `L` around every request of clients.
#[derive(Clone, Debug)]
pub struct Bridge<L = Identity> {
    pub(crate) core: Core,
    pub(crate) layer: L,
}

/// The part of a [`Bridge`] without its layers.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) server: ServerInfo,
    pub(crate) stream_after: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) progress: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) shutdown: Shutdown,
    pub(crate) sharing: Sharing,
    /// Answers the bridge's own requests, through the layers.
    own: OwnAnswers,
    pub(crate) questions: Questions,
    pub(crate) listeners: Shares,
}

impl Bridge {
    /// Creates a bridge with the defaults that each setter names.
    pub fn new(server: ServerInfo) -> Self {
        let core = Core {
            server,
            stream_after: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            progress: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(600),
            shutdown: shutdown(std::future::pending()),
            sharing: Sharing::nobody(),
            own: OwnAnswers::new(),
            questions: Questions::default(),
            listeners: Shares::new(MAX_LISTENERS, LISTENERS_OF_SUBJECT, LISTENERS_OF_ADDRESS),
        };
        Self { core, layer: Identity::new() }
    }
}

impl<L> Bridge<L> {
    /// Puts `layer` around every request of clients, including those that the bridge answers itself
    /// (`initialize`, `ping` …), outside the layers added before.
    ///
    /// The bridge's own answers come from a service of their own, and `layer` is applied to that service too.
    ///
    /// This is the place of [`LogLayer`](crate::LogLayer).
    #[must_use]
    pub fn layer<T>(self, layer: T) -> Bridge<Stack<L, T>>
    where
        T: Layer<OwnAnswers>,
        T::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <T::Service as Service<Request>>::Error: Into<BoxError>,
        <T::Service as Service<Request>>::Future: Send + 'static,
    {
        let core = Core { own: OwnAnswers::through(layer.layer(self.core.own)), ..self.core };
        Bridge { core, layer: Stack::new(self.layer, layer) }
    }

    /// Sets after how long a running call is answered with an event stream and reports progress; the default is 5 s.
    #[must_use]
    pub const fn stream_after(mut self, time: Duration) -> Self {
        self.core.stream_after = time;
        self
    }

    /// Sets which callers the service treats alike, as its leaf says it
    /// ([`OneCService::sharing`](crate::OneCService::sharing)); by default nobody.
    ///
    /// Over HTTP a `tools/call` of 2026-07-28 is checked against the list of tools, which is read again after 60 s.
    /// Callers who are treated alike share what is known of it; all others need a list each.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.core.sharing = sharing;
        self
    }

    /// Sets how often an idle event stream carries a comment; the default is 15 s.
    #[must_use]
    pub const fn keep_alive(mut self, time: Duration) -> Self {
        self.core.keep_alive = time;
        self
    }

    /// Sets how often a slow call reports progress to a client that gave a progress token; the default is 1 s.
    #[must_use]
    pub const fn progress_every(mut self, time: Duration) -> Self {
        self.core.progress = time;
        self
    }

    /// Sets the time limit for the answer of a legacy client to a question; the default is 10 minutes, enough
    /// for a form.
    #[must_use]
    pub const fn answer_timeout(mut self, time: Duration) -> Self {
        self.core.answer_timeout = time;
        self
    }

    /// Sets the signal for shutdown: when it completes, endless streams end without an error; calls run to their end.
    #[must_use]
    pub fn shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.core.shutdown = shutdown(signal);
        self
    }
}

impl Core {
    /// Answers `request` with `answer`, through the layers.
    pub(crate) fn answered(&self, mut request: Request, answer: Response) -> Running {
        request.extensions.insert(OwnAnswer(answer));
        boxed(self.own.clone(), request)
    }
}

/// A signal of shutdown that all holders of a clone see.
pub(crate) type Shutdown = Shared<BoxFuture<'static, ()>>;

fn shutdown(signal: impl Future<Output = ()> + Send + 'static) -> Shutdown {
    let signal: BoxFuture<'static, ()> = Box::pin(signal);
    signal.shared()
}

impl From<ServerInfo> for Bridge {
    fn from(server: ServerInfo) -> Self {
        Self::new(server)
    }
}
