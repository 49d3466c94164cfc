//! [`Error`]: trouble with 1C, told to whom it concerns.

use super::cause::{Cause, Found};
use super::error_kind::ErrorKind;
use super::sentences::{cut, explained, sentence};
use crate::rpc::{BoxError, RpcError, Upstream, cause};
use http::{StatusCode, Uri};
use std::borrow::Cow;
use std::time::Duration;

/// 1C could not be asked, or did not answer.
///
/// A [`OneCService`](super::OneCService) fails with an [`RpcError`] whose [`source`](std::error::Error::source) is
/// this: [`find`](Self::find) looks for it.
///
/// Its text is meant for administrators: what happened, the details, what to do, and what 1C says. Clients
/// are told the same without names of hosts, addresses and paths ([`failure`](Self::failure)). The cause in
/// the machinery is its [`source`](std::error::Error::source).
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

/// Where it happened, for the log.
#[derive(Debug, Default)]
struct Place {
    uri: Option<Uri>,
    tool: Option<Box<str>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, source: Option<BoxError>) -> Self {
        Self::found(kind, None, source)
    }

    /// The same where the cause is known, or not.
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

    /// The same of a call that changes nothing: nobody need look in 1C what it did.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        if self.why.is_none() {
            self.told = sentence(&self.kind, false);
            self.failure.error.message = self.told.clone();
        }
        self
    }

    /// The same of a call to this address, for this tool.
    pub(super) fn at(self, uri: &Uri, tool: Option<&str>) -> Self {
        let place = Place { uri: Some(uri.clone()), tool: tool.map(Into::into) };
        Self { place: Some(Box::new(place)), ..self }
    }

    /// Returns the trouble with 1C in a chain of causes, if there is any.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        cause(error)
    }

    /// The address that was called, where that is known.
    pub fn uri(&self) -> Option<&Uri> {
        self.place.as_ref()?.uri.as_ref()
    }

    /// The tool that was called, where that is known.
    pub fn tool(&self) -> Option<&str> {
        self.place.as_ref()?.tool.as_deref()
    }

    /// What kind of trouble it is.
    pub const fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The exact cause, where it is known.
    pub const fn why(&self) -> Option<Cause> {
        self.why
    }

    /// The status that 1C answered with, where that is the trouble.
    pub const fn status(&self) -> Option<StatusCode> {
        match self.kind {
            ErrorKind::Status(status, _) => Some(status),
            _ => None,
        }
    }

    /// The status that 1C answered with, where it answered, whatever the trouble is called.
    pub const fn answered(&self) -> Option<StatusCode> {
        match self.kind {
            ErrorKind::LoginRefused => Some(StatusCode::UNAUTHORIZED),
            ErrorKind::Nonsense(_) => Some(StatusCode::OK),
            _ => self.status(),
        }
    }

    /// The cause in a word, for the log: that of [`Cause`], or else the kind of trouble.
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

    /// Whether the call failed in 1C or on the way: the caller's login is the caller's affair, and of a full queue the
    /// queue warns.
    const fn is_for_administrators(&self) -> bool {
        !matches!(self.kind, ErrorKind::LoginRefused | ErrorKind::Queued(_))
    }

    /// What a client is told.
    pub const fn failure(&self) -> &RpcError {
        &self.failure
    }

    /// What the log is told.
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

/// What the services of the leaf fail with: an [`RpcError`] for trouble with 1C, with that as its source; what else the
/// client failed with as it is.
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
