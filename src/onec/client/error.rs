//! [`ClientError`].

use super::line_errors::EndedError;
use crate::rpc::{BoxError, cause};
use hyper_util::client::legacy;

/// An error of an HTTP client to 1C, which says whether the call can have run.
///
/// A client of your own fails with it, or with an error that has it among its causes, so that calls are repeated where
/// that does no harm. After an error of any other type no call is repeated.
///
/// # Example
///
/// ```
/// use onec_mcp::onec::ClientError;
/// use std::io;
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// let error = ClientError::connect(refused);
/// assert!(error.is_unsent());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection failed, so nothing was sent.
    #[error("cannot connect to 1C")]
    Connect(#[source] BoxError),
    /// The kept connection had ended before anything was sent.
    #[error("the connection to 1C was closed before the call was sent")]
    NotSent(#[source] BoxError),
    /// The connection broke after the call was sent, before the answer began.
    #[error("the connection to 1C broke before the answer")]
    Unanswered(#[source] BoxError),
    /// The connection broke after the call was sent.
    #[error("the connection to 1C broke during the call")]
    Broken(#[source] BoxError),
    /// The answer is longer than this limit, in bytes.
    #[error("1C's answer is longer than {0} bytes")]
    TooLarge(usize),
}

impl ClientError {
    /// Creates the error of a connection that failed: nothing was sent. The call is repeated once after a moment,
    /// unless an [`io::Error`](std::io::Error) or a TLS error among the causes says that this would not help.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self::Connect(source.into())
    }

    /// Creates the error of a kept connection that turned out to have ended: nothing was sent. The call is repeated at
    /// once, on another connection.
    pub fn not_sent(source: impl Into<BoxError>) -> Self {
        Self::NotSent(source.into())
    }

    /// Creates the error of a connection that broke after the call was sent: 1C may have run it. Only lists and reads
    /// are repeated.
    pub fn broken(source: impl Into<BoxError>) -> Self {
        Self::Broken(source.into())
    }

    /// Returns whether nothing of the call was sent, so that 1C cannot have run it.
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::NotSent(_))
    }
}

/// Returns the error of a call without an answer.
pub(super) fn classify(error: legacy::Error) -> ClientError {
    if error.is_connect() {
        return ClientError::Connect(error.into());
    }
    let canceled = cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_canceled);
    if canceled || cause::<EndedError>(&error).is_some() {
        return ClientError::NotSent(error.into());
    }
    ClientError::Unanswered(error.into())
}
