//! Looks ahead at one member of an object.

use crate::rpc::json::{JsonError, Scanner, Span};

/// Returns the first `key` of the object at the cursor whose value passes `wanted`. The cursor does not move.
pub(super) fn first_member<'a>(
    scanner: &Scanner<'_>,
    bytes: &'a [u8],
    key: &str,
    wanted: impl Fn(&[u8]) -> bool,
) -> Option<&'a [u8]> {
    let found = scanner.clone().object::<Look>(|scanner, member| {
        let span = scanner.skip()?;
        match span.of(bytes) {
            Some(raw) if member.key == key && wanted(raw) => Err(Look::Found(span)),
            _ => Ok(()),
        }
    });
    match found {
        Err(Look::Found(span)) => span.of(bytes),
        _ => None,
    }
}

/// The reason why a look at an object ended, for [`first_member`].
pub(super) enum Look {
    Found(Span),
    JsonError,
}

impl From<JsonError> for Look {
    fn from(_: JsonError) -> Self {
        Self::JsonError
    }
}
