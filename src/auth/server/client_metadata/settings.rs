//! [`ClientMetadataSettings`]: settings for fetching client metadata.

use super::error::MetadataError;
use ipnet::IpNet;
use rustls::RootCertStore;
use std::time::Duration;

/// Holds what administrators decide about fetching [`ClientMetadata`](super::ClientMetadata).
#[derive(Clone, Debug)]
pub struct ClientMetadataSettings {
    pub(super) allowed: Vec<IpNet>,
    pub(super) roots: RootCertStore,
    pub(super) timeout: Duration,
}

impl ClientMetadataSettings {
    /// Creates settings with the defaults that each setter names.
    pub fn new() -> Self {
        Self { allowed: Vec::new(), roots: RootCertStore::empty(), timeout: Duration::from_secs(5) }
    }

    /// Allows fetching from these networks although they are not public: for administrators of closed networks, and for
    /// tests. Every caller of this server can then make it send GET requests to any https server there.
    #[must_use]
    pub fn allow<I: IntoIterator<Item = IpNet>>(mut self, networks: I) -> Self {
        self.allowed.extend(networks);
        self
    }

    /// Trusts one more root certificate, in DER, in addition to those of the machine: for administrators of closed
    /// networks, and for tests.
    ///
    /// # Errors
    /// Returns [`MetadataError::Certificates`] if it is not a certificate.
    pub fn trust(mut self, root: &[u8]) -> Result<Self, MetadataError> {
        self.roots.add(root.to_vec().into()).map_err(|_| MetadataError::Certificates)?;
        Ok(self)
    }

    /// Sets how long a document may take from the name look-up to its last byte; 5 s by default.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }
}

impl Default for ClientMetadataSettings {
    fn default() -> Self {
        Self::new()
    }
}
