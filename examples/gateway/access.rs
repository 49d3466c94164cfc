//! The parts of an auth mode: [`Access`].

use crate::endpoints::Guarded;
use axum::Router;
use std::future::{Future, pending, ready};
use std::pin::Pin;

/// The parts of an auth mode.
pub(crate) struct Access {
    /// The MCP endpoints behind their guard.
    pub(crate) mcp: Guarded,
    /// The service for all other paths: the authorization server, or 404.
    pub(crate) others: Router,
    /// The work that runs beside the server until the end.
    pub(crate) upkeep: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The work after the server has stopped.
    pub(crate) closing: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Access {
    pub(crate) fn new(mcp: Guarded) -> Self {
        Self { mcp, others: Router::new(), upkeep: Box::pin(pending()), closing: Box::pin(ready(())) }
    }
}
