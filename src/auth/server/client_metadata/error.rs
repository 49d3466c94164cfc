//! [`MetadataError`]: why a client metadata document is not accepted.

use std::time::Duration;

/// The error of a client metadata document that is not accepted. The text is for the user and reveals nothing about the
/// network of this server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The `client_id` may not be fetched; with the reason.
    #[error("the client_id is not the URL of a metadata document: {0}")]
    Url(&'static str),
    /// The host has no public address, or does not answer there with a trusted certificate. The error does not say
    /// which, since that would reveal to strangers what is in this network.
    #[error("the client's metadata document cannot be reached at a public address")]
    Unreachable,
    /// The document did not arrive within this time.
    #[error("the client's metadata document did not arrive within {} s", .0.as_secs_f32())]
    Slow(Duration),
    /// The document is elsewhere; redirects are not followed.
    #[error("the client's metadata document redirects elsewhere, which is not allowed")]
    Redirect,
    /// The server answered with a status other than 200.
    #[error("the server of the client's metadata document answered with status {0}")]
    Status(u16),
    /// The document is longer than this many bytes.
    #[error("the client's metadata document has more than {0} bytes")]
    TooLarge(usize),
    /// The `Content-Type` of the document is not a JSON type.
    #[error("the client's metadata document is not sent as application/json")]
    ContentType,
    /// The document is not valid; with the reason.
    #[error("the client's metadata document is not valid: {0}")]
    Document(String),
    /// The document allows no way to authenticate that this server supports; with the reason.
    #[error("the client's metadata document cannot be used: {0}")]
    Authentication(String),
    /// Too many documents were fetched from this host recently; with the time to wait.
    #[error("too many metadata documents were fetched from this host; try again in {} s", .0.as_secs())]
    Busy(Duration),
    /// This server has no root certificates, or a given one is not valid.
    #[error("this server cannot check certificates; tell its administrator")]
    Certificates,
}
