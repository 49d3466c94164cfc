//! [`InfobaseError`].

/// Why something is no infobase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InfobaseError {
    /// Not a URL at all.
    #[error("not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// Another scheme, or no host.
    #[error("the infobase URL must be http:// or https:// with a host name, for example http://server/base")]
    Scheme,
    /// A login within the URL.
    #[error("the infobase URL must not contain a user name or password; give them as settings of their own")]
    Login,
    /// A query or fragment.
    #[error("the infobase URL must end with the name of the infobase, without ? or #")]
    Query,
    /// A token that no header can hold.
    #[error("the token holds characters that an HTTP header cannot carry")]
    Token,
    /// No trusted certificates on this machine.
    #[error("https needs trusted root certificates, and this machine has none: {0}")]
    Certificates(#[source] std::io::Error),
    /// What is to be trusted is no certificate.
    #[error("expected certificates in PEM format, with the lines BEGIN CERTIFICATE and END CERTIFICATE")]
    Authority,
}
