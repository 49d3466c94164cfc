//! Errors of a connection to 1C's web server.

use std::io;
use std::time::Duration;

/// The error of a kept connection that had ended before anything of a request was sent.
#[derive(Debug, thiserror::Error)]
#[error("the kept connection had ended")]
pub(in crate::onec) struct EndedError;

/// The error of a plain HTTP call that is answered by a TLS alert
/// ([RFC 8446, section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)).
#[derive(Debug, thiserror::Error)]
#[error("the server speaks TLS at this port")]
pub(in crate::onec) struct SpeaksTlsError;

/// The error of a host name that cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("the host name cannot be resolved")]
pub(in crate::onec) struct NoSuchHostError(#[source] pub(in crate::onec) io::Error);

/// The error of a connection, or its TLS, that takes longer than the time limit.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {} s", .0.as_secs_f32())]
pub(in crate::onec) struct ConnectTimeoutError(pub(in crate::onec) Duration);
