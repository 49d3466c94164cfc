//! The TLS settings of a client.

use crate::onec::infobase::Infobase;
use crate::onec::infobase_error::InfobaseError;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::sync::Arc;

/// What a client shows, and whom it trusts.
#[derive(Clone)]
pub(super) struct Secure {
    /// A whole configuration; nothing else counts then.
    pub(super) config: Option<ClientConfig>,
    /// The roots, instead of this machine's.
    pub(super) roots: Option<RootCertStore>,
    pub(super) certificate: Option<Arc<ClientCertificate>>,
}

/// A certificate with its chain and private key.
pub(super) struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// [`InfobaseError::ClientCertificate`] if one of the texts does not hold what it should.
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self, InfobaseError> {
        let refused = |_| InfobaseError::ClientCertificate;
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(refused)?;
        if chain.is_empty() {
            return Err(InfobaseError::ClientCertificate);
        }
        Ok(Self { chain, key })
    }
}

impl Secure {
    pub(super) const fn new() -> Self {
        Self { config: None, roots: None, certificate: None }
    }

    /// Returns the TLS configuration of a client for `infobase`.
    ///
    /// # Errors
    /// [`InfobaseError::Certificates`] if no certificate is trusted, [`InfobaseError::ClientCertificate`] if the key is
    /// not that of the certificate.
    pub(super) fn config(self, infobase: &Infobase) -> Result<ClientConfig, InfobaseError> {
        if let Some(mut config) = self.config {
            // The client speaks HTTP/1.1 only, and says nothing of it.
            config.alpn_protocols.clear();
            return Ok(config);
        }
        let builder = infobase.trust.verified(self.roots)?;
        match self.certificate {
            None => Ok(builder.with_no_client_auth()),
            Some(certificate) => builder
                .with_client_auth_cert(certificate.chain.clone(), certificate.key.clone_key())
                .map_err(|_| InfobaseError::ClientCertificate),
        }
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure")
            .field("config", &self.config.is_some())
            .field("roots", &self.roots.as_ref().map(RootCertStore::len))
            .field("certificate", &self.certificate.is_some())
            .finish_non_exhaustive()
    }
}
