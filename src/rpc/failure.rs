//! What the log says of calls that failed.

use super::error::{BoxError, ErrorObject, cause};
use super::request_id::RequestId;
use crate::onec;
use http::StatusCode;
use std::error::Error;

/// A call ended with `error`, which clients get as `status`.
pub(super) fn happened(error: &BoxError, status: StatusCode, request: RequestId) {
    let told = &**error as &dyn Error;
    let Some(trouble) = cause::<onec::Error>(told) else {
        match status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(request_id = %request, error = told, "unexpected failure of a call");
            }
            _ => tracing::debug!(request_id = %request, error = told, "call failed"),
        }
        return;
    };
    let (status, cause) = (trouble.answered().map(|status| status.as_u16()), trouble.name());
    // Administrators are told more than clients.
    if trouble.is_for_administrators() {
        let (tool, uri) = (trouble.tool(), trouble.uri().map(tracing::field::display));
        tracing::warn!(request_id = %request, tool, uri, status, cause, error = told, "a call of 1C failed");
    } else {
        tracing::info!(request_id = %request, status, cause, error = told, "a call of 1C failed");
    }
}

/// 1C answered with a JSON-RPC error. Nearly all of them are exceptions in its code; what else there is speaks of the
/// request, which is the caller's affair.
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
