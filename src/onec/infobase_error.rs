//! Errors in the description of an infobase: [`InfobaseError`].

/// An error in the address, account or certificates of an infobase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InfobaseError {
    /// The text is not a URL.
    #[error("not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// The URL has another scheme than http(s), or no host.
    #[error("the infobase URL must be http:// or https:// with a host name, for example http://server/base")]
    Scheme,
    /// The URL has a login in it.
    #[error("the infobase URL must not contain a user name or password; give them as settings of their own")]
    Login,
    /// The URL has a query or a fragment.
    #[error("the infobase URL must end with the name of the infobase, without ? or #")]
    Query,
    /// The token cannot be a header value.
    #[error("the token holds characters that an HTTP header cannot carry")]
    Token,
    /// This machine has no trusted certificates.
    #[error("https needs trusted root certificates, and this machine has none: {0}")]
    Certificates(#[source] std::io::Error),
    /// The text holds no valid certificate to trust.
    #[error("expected certificates in PEM format, with the lines BEGIN CERTIFICATE and END CERTIFICATE")]
    Authority,
    /// The texts hold no client certificate, or not its private key.
    #[error("expected a client certificate and its own private key, both in PEM format")]
    ClientCertificate,
    /// The URL is https, and this program was built without TLS.
    #[error("https needs the feature `tls` of onec-mcp, and this program was built without it")]
    NoTls,
}
