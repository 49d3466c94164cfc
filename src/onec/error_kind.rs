//! [`ErrorKind`]: what can go wrong between this server and 1C.

use http::StatusCode;
use std::time::Duration;

/// The kind of trouble with 1C.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nobody answers at the address: refused, no route, no such name, or no TLS.
    Unreachable,
    /// The connection broke before the whole answer came.
    Broken,
    /// No answer within this time.
    Slow(Duration),
    /// No free turn within this time.
    Queued(Duration),
    /// Any status but 200, with what the body said in words, 4 KiB of it at most.
    Status(StatusCode, String),
    /// 401 to a call that ran under the login of the caller, not the service account: the user has
    /// another password now, or is gone. The caller gets 401 and logs in again.
    LoginRefused,
    /// 200 with something that is no answer to the call; why.
    Nonsense(String),
    /// An answer of more bytes than this.
    TooLarge(usize),
    /// It lets anybody in without a login, so that no login can be checked.
    Open,
    /// The HTTP client failed in its own way.
    Other,
}

impl ErrorKind {
    /// What a client gets.
    pub(super) const fn reply(&self) -> StatusCode {
        match self {
            Self::Slow(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Queued(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::LoginRefused => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}
