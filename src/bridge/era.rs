//! The era of a message, as far as its body tells.

use crate::rpc::{Era, ErrorObject, Level, Meta, Param, Request, Version};
use bytes::Bytes;

/// Returns the modern revision that a request names in `_meta`; `None` if it names none and so is legacy.
///
/// # Errors
/// -32022 for a revision that is not supported in `_meta`, -32602 for one that is no string.
pub(crate) fn declared(request: &Request) -> Result<Option<Version>, ErrorObject> {
    if request.params.meta(Meta::ProtocolVersion).is_none() {
        return Ok(None);
    }
    let name = request
        .params
        .meta_text(Meta::ProtocolVersion)
        .ok_or_else(|| ErrorObject::invalid_params(format!("{} must be a string", Meta::ProtocolVersion.name())))?;
    match Version::parse(&name) {
        Some(version) if version.era() == Era::Modern => Ok(Some(version)),
        _ => Err(ErrorObject::unsupported_version(&name)),
    }
}

/// Checks the fields that every modern request must have
/// ([per-request fields](https://modelcontextprotocol.io/specification/2026-07-28/basic#meta)).
pub(crate) fn check_modern(request: &Request) -> Result<(), ErrorObject> {
    match request.params.meta(Meta::ClientCapabilities) {
        Some(raw) if raw.first() == Some(&b'{') => Level::of_meta(request).map(drop),
        _ => Err(ErrorObject::invalid_params(format!("_meta needs an object \"{}\"", Meta::ClientCapabilities.name()))),
    }
}

/// Returns the first message of a subscription. It agrees to no kind of notification, since 1C announces no changes.
pub(crate) fn listen_acknowledged(id: &[u8]) -> Bytes {
    let mut out =
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{\"_meta\":".to_vec();
    out.extend_from_slice(&subscription(id));
    out.extend_from_slice(b",\"notifications\":{}}}");
    out.into()
}

/// Returns the result that ends a subscription without an error.
pub(crate) fn listen_ended(id: &[u8]) -> Vec<u8> {
    let mut out = b"{\"_meta\":".to_vec();
    out.extend_from_slice(&subscription(id));
    out.push(b'}');
    out
}

fn subscription(id: &[u8]) -> Vec<u8> {
    let mut out = b"{\"io.modelcontextprotocol/subscriptionId\":".to_vec();
    out.extend_from_slice(id);
    out.push(b'}');
    out
}

/// Returns -32602 for a subscription that does not say what it wants.
pub(crate) fn check_listen(request: &Request) -> Result<(), ErrorObject> {
    match request.params.raw(Param::Notifications) {
        Some(raw) if raw.first() == Some(&b'{') => Ok(()),
        _ => Err(ErrorObject::invalid_params("subscriptions/listen needs an object \"notifications\"")),
    }
}

/// Returns the error for a caller with too many open subscriptions.
pub(crate) fn too_many_listen() -> ErrorObject {
    ErrorObject::internal("Too many calls of subscriptions/listen are open; close one")
}
