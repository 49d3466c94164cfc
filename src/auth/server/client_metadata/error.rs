//! [`MetadataError`].

use std::time::Duration;

/// Why a client metadata document is not accepted. The text is for the user and says nothing about
/// the network this server is in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The `client_id` may not be fetched.
    #[error("the client_id is not the URL of a metadata document: {0}")]
    Url(&'static str),
    /// Its host has no public address, or does not answer there with a certificate that counts.
    /// Which of them is not said: that would tell strangers what is in this network.
    #[error("the client's metadata document cannot be reached at a public address")]
    Unreachable,
    /// It did not come within this time.
    #[error("the client's metadata document did not arrive within {} s", .0.as_secs_f32())]
    Slow(Duration),
    /// It is elsewhere; redirects are not followed.
    #[error("the client's metadata document redirects elsewhere, which is not allowed")]
    Redirect,
    /// Its server answered with another status than 200.
    #[error("the server of the client's metadata document answered with status {0}")]
    Status(u16),
    /// It is longer than this many bytes.
    #[error("the client's metadata document has more than {0} bytes")]
    TooLarge(usize),
    /// Its `Content-Type` is not one of JSON.
    #[error("the client's metadata document is not sent as application/json")]
    ContentType,
    /// What is wrong with its text.
    #[error("the client's metadata document is not valid: {0}")]
    Document(String),
    /// It allows no way for the client to authenticate that this server has; which ones there are.
    #[error("the client's metadata document cannot be used: {0}")]
    Authentication(String),
    /// Too many were fetched from this host lately; try again after this time.
    #[error("too many metadata documents were fetched from this host; try again in {} s", .0.as_secs())]
    Busy(Duration),
    /// This server has no root certificates, or a given one is none.
    #[error("this server cannot check certificates; tell its administrator")]
    Certificates,
}
