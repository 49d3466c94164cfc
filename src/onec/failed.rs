//! A call that failed: what it means to who called, where it happened, and whether it is made once more.

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

/// Between a refused connection and the one other try.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// What a failure means to who called: a 401 to a user's own login is the end of that login. To the service account
/// it is trouble like any other.
pub(super) fn refused(error: BoxError, identity: Option<&Identity>) -> BoxError {
    let own = identity.is_some_and(|identity| identity.credentials().is_some());
    let failed = find::<Error>(&*error);
    // A web server that wants a login of another kind has not looked at this one.
    let refused = failed.is_some_and(|failed| failed.why().is_none())
        && failed.and_then(Error::status) == Some(StatusCode::UNAUTHORIZED);
    if own && refused { Error::new(ErrorKind::LoginRefused, Some(error)).into() } else { error }
}

/// A 200 that is no answer. Some web servers and some code in 1C put their failures into one.
pub(super) fn nonsense(why: &AnswerError, body: &[u8]) -> Error {
    let said = match why {
        AnswerError::Html | AnswerError::Json(_) | AnswerError::Neither => cause::said(&words(&HeaderMap::new(), body)),
        _ => None,
    };
    let own = if *why == AnswerError::Neither { told_in_json(body) } else { None };
    let why = own.map_or_else(|| why.to_string(), |own| format!("{why}, but \"{}\"", cut(&own)));
    Error::found(ErrorKind::Nonsense(why), said.map(|cause| (cause, None)), None)
}

/// With the place where it happened, for the log.
pub(super) fn placed(error: BoxError, uri: &Uri, tool: Option<&str>) -> BoxError {
    match error.downcast::<Error>() {
        Ok(error) => error.at(uri, tool).into(),
        Err(other) => other,
    }
}

/// Nobody need fear that a call of this kind ran.
pub(super) fn harmless(error: BoxError) -> BoxError {
    match error.downcast::<Error>() {
        Ok(error) => error.harmless().into(),
        Err(other) => other,
    }
}

pub(super) fn is_unsent(error: &BoxError) -> bool {
    matches!(find::<ClientError>(&**error), Some(ClientError::NotSent(_)))
}

/// Whether a failed call may be sent once more, and after what pause.
pub(super) fn retry(error: &BoxError, harmless: bool) -> Option<Duration> {
    let failed = find::<Error>(&**error)?;
    match (failed.kind(), find::<ClientError>(&**error)) {
        (_, Some(ClientError::NotSent(_))) => Some(Duration::ZERO),
        // What is wrong with names and certificates is no better in a moment.
        (_, Some(ClientError::Connect(_))) => failed.why().is_none_or(|why| why.is_passing()).then_some(RETRY_PAUSE),
        (ErrorKind::Status(StatusCode::NOT_ACCEPTABLE, _), _) => Some(Duration::ZERO),
        (ErrorKind::Broken, _) if harmless => Some(Duration::ZERO),
        (ErrorKind::Status(StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE, _), _) if harmless => {
            Some(RETRY_PAUSE)
        }
        _ => None,
    }
}
