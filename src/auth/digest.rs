//! What is kept of a secret that is only ever compared.

use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// SHA-256 of a token, code or key: enough to know it again, useless to a thief.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether it is that of `secret`. Takes the same time whatever the secret is, and since hashes
    /// are compared, not even its length shows.
    pub(crate) fn is_of(&self, secret: &str) -> bool {
        Self::of(secret).0.ct_eq(&self.0).into()
    }

    /// From a store. Nothing if it has another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// For a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Its first bytes, to tell two apart in a log.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "Digest({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}
