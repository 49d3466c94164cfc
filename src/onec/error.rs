//! Errors of calls to 1C: [`Error`].

use super::cause::{Cause, Found};
use super::error_kind::ErrorKind;
use super::sentences::{cut, explained, sentence};
use crate::rpc::{BoxError, RpcError, Upstream, cause};
use http::{StatusCode, Uri};
use std::borrow::Cow;
use std::time::Duration;

/// An error of a call to 1C: the call could not be sent, or got no proper answer.
///
/// A [`OneCService`](super::OneCService) fails with an [`RpcError`] whose [`source`](std::error::Error::source)
/// is this error; [`find`](Self::find) finds it.
///
/// The text is for administrators: what happened, the details, what to do, and the words of 1C. Clients get a
/// text without host names, addresses and paths ([`failure`](Self::failure)). The error of the client or layer
/// that caused it is its [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[error("{told}")]
pub struct Error {
    kind: ErrorKind,
    why: Option<Cause>,
    told: Cow<'static, str>,
    failure: RpcError,
    place: Option<Box<Place>>,
    #[source]
    source: Option<BoxError>,
}

/// The place of the error, for the log.
#[derive(Debug, Default)]
struct Place {
    uri: Option<Uri>,
    tool: Option<Box<str>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, source: Option<BoxError>) -> Self {
        Self::found(kind, None, source)
    }

    /// Creates an error with a cause, if it is known.
    pub(super) fn found(kind: ErrorKind, found: Option<Found>, source: Option<BoxError>) -> Self {
        let kind = match kind {
            ErrorKind::Status(status, text) => ErrorKind::Status(status, cut(&text).into_owned()),
            other => other,
        };
        let (told, said) = match &found {
            Some((cause, detail)) => (explained(&kind, *cause, detail.as_deref()), explained(&kind, *cause, None)),
            None => {
                let sentence = sentence(&kind, true);
                (sentence.clone(), sentence)
            }
        };
        let mut failure = RpcError::new(kind.reply(), said);
        if let ErrorKind::Queued(_) = kind {
            failure.retry_after = Some(Duration::from_secs(5));
        }
        Self { kind, why: found.map(|(cause, _)| cause), told, failure, place: None, source }
    }

    /// Marks the error as that of a call without side effects, so that the text does not ask to check for
    /// changes in 1C.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        if self.why.is_none() {
            self.told = sentence(&self.kind, false);
            self.failure.error.message = self.told.clone();
        }
        self
    }

    /// Adds the address and the tool of the call.
    pub(super) fn at(self, uri: &Uri, tool: Option<&str>) -> Self {
        let place = Place { uri: Some(uri.clone()), tool: tool.map(Into::into) };
        Self { place: Some(Box::new(place)), ..self }
    }

    /// Returns the error of a call to 1C in a chain of causes, if there is one.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        cause(error)
    }

    /// Returns the address that was called, if known.
    pub fn uri(&self) -> Option<&Uri> {
        self.place.as_ref()?.uri.as_ref()
    }

    /// Returns the tool that was called, if known.
    pub fn tool(&self) -> Option<&str> {
        self.place.as_ref()?.tool.as_deref()
    }

    /// Returns the kind of the error.
    pub const fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Returns the exact cause, if known.
    pub const fn why(&self) -> Option<Cause> {
        self.why
    }

    /// Returns the HTTP status of 1C, if the kind is [`ErrorKind::Status`].
    pub const fn status(&self) -> Option<StatusCode> {
        match self.kind {
            ErrorKind::Status(status, _) => Some(status),
            _ => None,
        }
    }

    /// Returns the HTTP status of 1C for an error of any kind, if 1C answered.
    pub const fn answered(&self) -> Option<StatusCode> {
        match self.kind {
            ErrorKind::LoginRefused => Some(StatusCode::UNAUTHORIZED),
            ErrorKind::Nonsense(_) => Some(StatusCode::OK),
            _ => self.status(),
        }
    }

    /// Returns one word for the log: the name of the [`Cause`], or else of the [`ErrorKind`].
    pub fn name(&self) -> &'static str {
        match (self.why, &self.kind) {
            (Some(why), _) => why.name(),
            (_, ErrorKind::Unreachable) => "Unreachable",
            (_, ErrorKind::Broken) => "Broken",
            (_, ErrorKind::Slow(_)) => "Slow",
            (_, ErrorKind::Queued(_)) => "Queued",
            (_, ErrorKind::Status(..)) => "Status",
            (_, ErrorKind::LoginRefused) => "LoginRefused",
            (_, ErrorKind::Nonsense(_)) => "Nonsense",
            (_, ErrorKind::TooLarge(_)) => "TooLarge",
            (_, ErrorKind::Open) => "Open",
            (_, ErrorKind::Other) => "Other",
        }
    }

    /// Returns whether an administrator must act. A rejected login concerns only its user, and the queue logs a
    /// warning of its own.
    const fn is_for_administrators(&self) -> bool {
        !matches!(self.kind, ErrorKind::LoginRefused | ErrorKind::Queued(_))
    }

    /// Returns the error that clients get.
    pub const fn failure(&self) -> &RpcError {
        &self.failure
    }

    /// Returns the error as the log shows it.
    fn upstream(&self) -> Upstream {
        Upstream {
            cause: self.name(),
            status: self.answered(),
            uri: self.uri().cloned(),
            tool: self.tool().map(Into::into),
            login_refused: self.kind == ErrorKind::LoginRefused,
            is_for_administrators: self.is_for_administrators(),
        }
    }
}

/// Turns an [`Error`] into an [`RpcError`] with it as the source. Any other error of the client stays as it is.
pub(super) fn failed(error: BoxError) -> BoxError {
    match Error::find(&*error).map(|trouble| (trouble.failure.clone(), trouble.upstream())) {
        Some((failure, upstream)) => failure.caused(upstream, error).into(),
        None => error,
    }
}

impl From<Error> for RpcError {
    fn from(error: Error) -> Self {
        error.failure.clone().caused(error.upstream(), error.into())
    }
}

impl From<ErrorKind> for RpcError {
    fn from(kind: ErrorKind) -> Self {
        Error::from(kind).into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_finds_the_failure() {
        let error: BoxError = Error::from(ErrorKind::Slow(Duration::from_secs(30))).into();
        let failure = RpcError::from_error(&failed(error));
        assert_eq!(failure.status, StatusCode::GATEWAY_TIMEOUT);
        assert!(failure.error.message.contains("within 30 s"), "{}", failure.error.message);
    }
}
