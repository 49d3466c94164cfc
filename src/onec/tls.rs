//! Which certificates of 1C's web server are trusted.

use super::infobase_error::InfobaseError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::fmt;
use std::sync::Arc;

/// Certificates that are trusted beside this machine's authorities.
#[derive(Clone, Default)]
pub(super) struct Trust {
    own: Vec<CertificateDer<'static>>,
    anything: bool,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("own", &self.own.len()).field("anything", &self.anything).finish()
    }
}

impl Trust {
    /// Adds the certificates of a PEM file.
    ///
    /// # Errors
    /// [`InfobaseError::Authority`] if there is none in it, or one is invalid.
    pub(super) fn add(&mut self, pem: &[u8]) -> Result<(), InfobaseError> {
        let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let read = read.map_err(|_| InfobaseError::Authority)?;
        let all_right = read.iter().all(|read| RootCertStore::empty().add(read.clone()).is_ok());
        if read.is_empty() || !all_right {
            return Err(InfobaseError::Authority);
        }
        self.own.extend(read);
        Ok(())
    }

    pub(super) const fn anything(&mut self) {
        self.anything = true;
    }

    /// Returns a TLS configuration that trusts `roots` (by default those of this machine) and the named certificates.
    ///
    /// # Errors
    /// [`InfobaseError::Certificates`] if no certificate at all is trusted.
    pub(super) fn verified(&self, roots: Option<RootCertStore>) -> Result<Verified, InfobaseError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = self.verifier(roots, &provider)?;
        Ok(builder(provider)?.dangerous().with_custom_certificate_verifier(verifier))
    }

    fn verifier(
        &self,
        roots: Option<RootCertStore>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, InfobaseError> {
        if self.anything {
            return Ok(Arc::new(Anybody(provider.signature_verification_algorithms.supported_schemes())));
        }
        let mut roots = roots.unwrap_or_else(crate::net::roots::load);
        roots.add_parsable_certificates(self.own.iter().cloned());
        let known = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        let known = known.map_err(|error| InfobaseError::Certificates(std::io::Error::other(error)))?;
        Ok(Arc::new(Known { known, own: self.own.clone(), provider: Arc::clone(provider) }))
    }
}

/// Returns a configuration for plain HTTP: it trusts no certificate, and costs nothing.
///
/// # Errors
/// [`InfobaseError::Certificates`] if TLS does not work at all.
pub(super) fn none() -> Result<ClientConfig, InfobaseError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(builder(provider)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;
type Verified = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn builder(provider: Arc<CryptoProvider>) -> Result<Builder, InfobaseError> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| InfobaseError::Certificates(std::io::Error::other(error)))
}

/// The error of a certificate that is signed only by itself.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is self-signed")]
pub(super) struct SelfSignedError;

/// A verifier that trusts certificates of the authorities, and those that were named.
#[derive(Debug)]
struct Known {
    known: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Known {
    /// Returns whether the certificate is signed by itself: with it as the only root, its issuer is known.
    fn vouches_for_itself(&self, shown: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> bool {
        let mut roots = RootCertStore::empty();
        if roots.add(shown.clone().into_owned()).is_err() {
            return false;
        }
        let own = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider)).build();
        let verdict = own.map(|own| own.verify_server_cert(shown, &[], name, &[], now));
        !matches!(verdict, Err(_) | Ok(Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))))
    }
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{BadSignature, Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer};
        let error = match self.known.verify_server_cert(shown, between, name, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        let Error::InvalidCertificate(why) = &error else { return Err(error) };
        let out_of_time = matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. });
        // The certificate itself is trusted, whatever host it names and whether or not it is an authority.
        if !out_of_time && self.own.iter().any(|own| own == shown) {
            return Ok(ServerCertVerified::assertion());
        }
        // A certificate of `openssl req -x509`, which marks every certificate as an authority.
        if is_authority(why) && is_from_itself(shown) {
            return Err(CertificateError::Other(OtherError(Arc::new(SelfSignedError))).into());
        }
        // The signature is bad if an authority of the same name is known, such as the previous certificate.
        if matches!(why, UnknownIssuer | BadSignature) && self.vouches_for_itself(shown, name, now) {
            return Err(CertificateError::Other(OtherError(Arc::new(SelfSignedError))).into());
        }
        Err(error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.known.verify_tls12_signature(message, shown, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.known.verify_tls13_signature(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.known.supported_verify_schemes()
    }
}

/// Returns whether the certificate of an authority is used as that of a server.
fn is_authority(why: &CertificateError) -> bool {
    let CertificateError::Other(other) = why else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Returns whether issuer and subject have one name.
fn is_from_itself(shown: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(shown).is_ok_and(|shown| shown.issuer() == shown.subject())
}

/// A verifier that accepts any certificate, and so checks no signatures either.
#[derive(Debug)]
struct Anybody(Vec<SignatureScheme>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
