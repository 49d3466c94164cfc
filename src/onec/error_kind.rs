//! Kinds of errors between this server and 1C: [`ErrorKind`].

use http::StatusCode;
use std::time::Duration;

/// The kind of an error of a call to 1C.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No connection: refused, no route, no such host, or no TLS.
    Unreachable,
    /// The connection broke before the whole answer came.
    Broken,
    /// No answer within this time limit.
    Slow(Duration),
    /// No free turn in the queue within this time limit.
    Queued(Duration),
    /// An HTTP status other than 200, with the text of the body, 4 KiB at most.
    Status(StatusCode, String),
    /// A 401 to a call under the caller's own login: the user has another password now, or no longer exists.
    /// The caller gets 401 and logs in again.
    LoginRefused,
    /// A 200 with a body that does not answer the call; holds the reason.
    Nonsense(String),
    /// An answer of more bytes than this limit.
    TooLarge(usize),
    /// 1C accepts calls without a login, so no login can be checked.
    Open,
    /// An error of the HTTP client that is of no other kind.
    Other,
}

impl ErrorKind {
    /// Returns the HTTP status that clients get.
    pub(super) const fn reply(&self) -> StatusCode {
        match self {
            Self::Slow(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Queued(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::LoginRefused => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}
