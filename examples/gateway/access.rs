//! [`Access`]: what an auth mode brings with it.

use crate::endpoints::Guarded;
use axum::Router;
use std::future::{Future, pending, ready};
use std::pin::Pin;

/// What belongs to the auth mode.
pub(crate) struct Access {
    /// The MCP endpoints behind their guard.
    pub(crate) mcp: Guarded,
    /// What answers where there is no route: the authorization server, or nothing.
    pub(crate) others: Router,
    /// What is to be done beside serving, until the end.
    pub(crate) upkeep: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// What is to be done when nothing is served any more.
    pub(crate) closing: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Access {
    pub(crate) fn new(mcp: Guarded) -> Self {
        Self { mcp, others: Router::new(), upkeep: Box::pin(pending()), closing: Box::pin(ready(())) }
    }
}
