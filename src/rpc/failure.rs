//! Log lines of failed calls.

use super::error::{BoxError, ErrorObject, RpcError, Upstream, cause};
use super::request_id::RequestId;
use crate::identity::Identity;
use http::StatusCode;
use std::error::Error;

/// Logs a call that ended with `error`, which clients get as `failure`.
pub(super) fn happened(error: &BoxError, failure: &RpcError, request: RequestId) {
    let Some(upstream) = &failure.upstream else {
        let error = &**error as &dyn Error;
        match failure.status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(request_id = %request, error, "unexpected failure of a call");
            }
            _ => tracing::debug!(request_id = %request, error, "call failed"),
        }
        return;
    };
    // The log holds more detail than clients get.
    let error = failure.source().unwrap_or(&**error);
    let Upstream { cause, status, uri, tool, is_for_administrators, .. } = &**upstream;
    let (status, uri) = (status.map(|status| status.as_u16()), uri.as_ref().map(tracing::field::display));
    if *is_for_administrators {
        tracing::warn!(request_id = %request, tool = tool.as_deref(), uri, status, cause, error, "a call of 1C failed");
    } else {
        tracing::info!(request_id = %request, status, cause, error, "a call of 1C failed");
    }
}

/// Tells the identity of a caller whose own login 1C refused, so that it is not used again.
pub(crate) async fn tell_refused(error: &BoxError, identity: Option<&Identity>) {
    let Some(identity) = identity else { return };
    let failure = cause::<RpcError>(&**error);
    if failure.and_then(|failure| failure.upstream.as_ref()).is_some_and(|upstream| upstream.login_refused) {
        identity.login_refused().await;
    }
}

/// Logs a JSON-RPC error that 1C answered with. Nearly all of them are exceptions in its code, logged at WARN;
/// a code that is about the request is logged at DEBUG.
pub(super) fn refused_by_onec(error: &ErrorObject, request: RequestId) {
    let (status, code, told) = (StatusCode::OK.as_u16(), error.code, error as &dyn Error);
    match code {
        ErrorObject::INVALID_PARAMS | ErrorObject::METHOD_NOT_FOUND | ErrorObject::RESOURCE_NOT_FOUND => {
            tracing::debug!(request_id = %request, status, code, error = told, "1C refused a call");
        }
        _ => {
            let cause = "JsonRpcError";
            tracing::warn!(request_id = %request, status, cause, code, error = told, "a call of 1C failed");
        }
    }
}

/// Returns the text of the error for an answer that does not fit the call.
pub(crate) fn no_answer(why: &str) -> String {
    format!(
        "1C sent something that is no answer to the call: {why}. Check that the infobase URL and the service root lead \
         to the MCP extension's HTTP service, and that the extension is up to date."
    )
}

impl RpcError {
    /// Creates the error for an answer that does not fit the call; `why` says in what.
    pub(crate) fn no_answer(why: &str) -> Self {
        let mut failure = Self::new(StatusCode::BAD_GATEWAY, no_answer(why));
        let upstream = Upstream {
            cause: "Nonsense",
            status: Some(StatusCode::OK),
            is_for_administrators: true,
            ..Upstream::default()
        };
        failure.upstream = Some(Box::new(upstream));
        failure
    }
}
