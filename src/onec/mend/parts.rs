//! The members of a block of content of any type.

use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Member, Scanner, Span};

/// The places of the members that decide about the type of a block.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) object: Span,
    pub(super) kind: Span,
    pub(super) text: Span,
    pub(super) data: Span,
    pub(super) blob: Span,
    pub(super) uri: Span,
    pub(super) mime_type: Span,
    pub(super) resource: Span,
    pub(super) annotations: Span,
    pub(super) meta: Span,
    /// Whether the block has members with other names.
    pub(super) others: bool,
}

impl Parts {
    /// Passes the object at the cursor. Of a repeated member the first one counts that is not null.
    pub(super) fn read(scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<Self, AnswerError> {
        let mut parts = Self::default();
        parts.object = scanner.object::<AnswerError>(|scanner, Member { key, .. }| {
            let span = scanner.skip()?;
            let slot = match &*key {
                "type" => &mut parts.kind,
                "text" => &mut parts.text,
                "data" => &mut parts.data,
                "blob" => &mut parts.blob,
                "uri" => &mut parts.uri,
                "mimeType" => &mut parts.mime_type,
                "resource" => &mut parts.resource,
                "annotations" => &mut parts.annotations,
                "_meta" => &mut parts.meta,
                _ => {
                    parts.others = true;
                    return Ok(());
                }
            };
            if slot.is_empty() && span.of(bytes) != Some(b"null") {
                *slot = span;
            }
            Ok(())
        })?;
        Ok(parts)
    }
}
