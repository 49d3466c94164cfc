//! [`Parts`].

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(super) type Digest = [u8; 32];

/// Hashes parts with their lengths, and groups of parts with their number, so that no two lists of parts are hashed as
/// the same bytes.
#[derive(Default)]
pub(super) struct Parts(Sha256);

impl Parts {
    pub(super) fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    pub(super) fn part(&mut self, part: &[u8]) {
        self.number(part.len());
        self.0.update(part);
    }

    /// Hashes a part that may be absent; an absent part differs from an empty one.
    pub(super) fn maybe(&mut self, part: Option<&[u8]>) {
        self.number(usize::from(part.is_some()));
        self.part(part.unwrap_or_default());
    }

    pub(super) fn end(self) -> Digest {
        self.0.finalize().into()
    }
}
