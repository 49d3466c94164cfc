//! A failed call: its meaning for the caller, the place of the error, and whether to repeat the call.

use super::answer_error::AnswerError;
use super::cause;
use super::client::ClientError;
use super::error::Error;
use super::error_body::{told_in_json, words};
use super::error_kind::ErrorKind;
use super::sentences::cut;
use crate::identity::Identity;
use crate::rpc::{BoxError, cause as find};
use http::{HeaderMap, StatusCode, Uri};
use std::time::Duration;

/// The pause between a refused connection and the second try.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Turns a 401 to a caller's own login into [`ErrorKind::LoginRefused`]. A 401 to the service account stays as it is.
pub(super) fn refused(error: BoxError, identity: Option<&Identity>) -> BoxError {
    let own = identity.is_some_and(|identity| identity.credentials().is_some());
    let failed = find::<Error>(&*error);
    // A web server that asks for another kind of login has not checked this one.
    let refused = failed.is_some_and(|failed| failed.why().is_none())
        && failed.and_then(Error::status) == Some(StatusCode::UNAUTHORIZED);
    if own && refused { Error::new(ErrorKind::LoginRefused, Some(error)).into() } else { error }
}

/// Returns the error of a 200 that is no answer. Some web servers and some code in 1C send errors with 200.
pub(super) fn nonsense(why: &AnswerError, body: &[u8]) -> Error {
    let said = match why {
        AnswerError::Html | AnswerError::Json(_) | AnswerError::Neither => cause::said(&words(&HeaderMap::new(), body)),
        _ => None,
    };
    let own = if *why == AnswerError::Neither { told_in_json(body) } else { None };
    let why = own.map_or_else(|| why.to_string(), |own| format!("{why}, but \"{}\"", cut(&own)));
    Error::found(ErrorKind::Nonsense(why), said.map(|cause| (cause, None)), None)
}

/// Adds the place of the error, for the log.
pub(super) fn placed(error: BoxError, uri: &Uri, tool: Option<&str>) -> BoxError {
    match error.downcast::<Error>() {
        Ok(error) => error.at(uri, tool).into(),
        Err(other) => other,
    }
}

/// Marks the error as that of a call without side effects.
pub(super) fn harmless(error: BoxError) -> BoxError {
    match error.downcast::<Error>() {
        Ok(error) => error.harmless().into(),
        Err(other) => other,
    }
}

pub(super) fn is_unsent(error: &BoxError) -> bool {
    matches!(find::<ClientError>(&**error), Some(ClientError::NotSent(_)))
}

/// Returns the pause before a failed call is repeated; `None` if it must not be repeated.
pub(super) fn retry(error: &BoxError, harmless: bool) -> Option<Duration> {
    let failed = find::<Error>(&**error)?;
    match (failed.kind(), find::<ClientError>(&**error)) {
        (_, Some(ClientError::NotSent(_))) => Some(Duration::ZERO),
        // An error of names or certificates does not pass in a moment.
        (_, Some(ClientError::Connect(_))) => failed.why().is_none_or(|why| why.is_passing()).then_some(RETRY_PAUSE),
        (ErrorKind::Status(StatusCode::NOT_ACCEPTABLE, _), _) => Some(Duration::ZERO),
        (ErrorKind::Broken, _) if harmless => Some(Duration::ZERO),
        (ErrorKind::Status(StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE, _), _) if harmless => {
            Some(RETRY_PAUSE)
        }
        _ => None,
    }
}
