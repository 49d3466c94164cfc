//! Keys of remembered answers.

use crate::identity::{CallerKey, Identity, Sharing};
use crate::onec::RestCall;
use crate::rpc::{Era, Param, Request};

/// All that an answer depends on: what is asked, and the caller or the group of callers who are treated alike.
pub(super) type Key = CallerKey;

pub(super) fn of_call(sharing: &Sharing, call: &RestCall) -> Key {
    let caller = CallerKey::shared(sharing, call.extensions.get::<Identity>(), &call.headers);
    caller.asking([b"rest", call.path.as_bytes(), &call.body])
}

/// The key of a list, whose only parameter is the cursor.
pub(super) fn of_list(sharing: &Sharing, request: &Request) -> Key {
    let method = request.method.as_str().as_bytes();
    // No cursor differs from an empty one, which is `""` here.
    let cursor = request.params.raw(Param::Cursor).unwrap_or_default();
    // Answers differ by era, as schemas are mended for it.
    let dialect: &[u8] = if request.version.era() == Era::Modern { b"rpc, modern" } else { b"rpc" };
    let caller = CallerKey::shared(sharing, request.extensions.get::<Identity>(), &request.headers);
    caller.asking([dialect, method, cursor])
}
