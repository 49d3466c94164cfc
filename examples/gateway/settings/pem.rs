//! Files in PEM format. They are read at the start, so that their errors are reported with all others.

use super::files;
use super::parse::{self, Parsed, refused};
use super::types::Tls;
use onec_mcp::onec::Infobase;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file in bytes: more certificates than any machine trusts.
const LIMIT: u64 = 4 << 20;

/// Parses the path of an existing file.
pub(super) fn file(text: &str, cwd: &Path) -> Parsed<PathBuf> {
    let path = cwd.join(parse::path(text)?);
    if path.is_file() { Ok(path) } else { Err(refused("there is no such file; expected one in PEM format")) }
}

/// Parses the path of a file with certificates to trust.
pub(super) fn authorities(text: &str, cwd: &Path) -> Parsed<PathBuf> {
    let path = file(text, cwd)?;
    let pem = files::bytes(&path, LIMIT).map_err(refused)?;
    let trusted = Infobase::new("https://localhost/base").and_then(|infobase| infobase.trust(pem));
    trusted.map(|_| path).map_err(|error| refused(error.to_string()))
}

impl Tls {
    /// Returns the TLS configuration of a server with this certificate and key.
    ///
    /// # Errors
    /// The reason why they cannot be used: the end of a sentence about the certificate.
    pub(crate) fn server(&self) -> Result<rustls::ServerConfig, String> {
        let chain = CertificateDer::pem_file_iter(&self.cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|error| format!("it cannot be read: {}", told(&error)))?;
        if chain.is_empty() {
            return Err("there is no certificate in PEM format in it".to_owned());
        }
        let key_file = self.key.display();
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| match error {
            Error::NoItemsFound => format!("there is no private key in PEM format in {key_file}"),
            error => format!("its key in {key_file} cannot be read: {}", told(&error)),
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => format!("the key in {key_file} is that of another certificate"),
                rustls::Error::InvalidCertificate(_) => {
                    "it is not written as certificates of X.509 version 3 are".into()
                }
                error => format!("it cannot be used with the key in {key_file}: {error}"),
            })
    }
}

/// Returns the text of a parser's error, without the line that some of them quote.
fn told(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        _ => "it is not in PEM format".to_owned(),
    }
}
