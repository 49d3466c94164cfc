//! [`Outage`]: why nobody can log in now.

use crate::onec::{Cause, Error, ErrorKind};
use crate::rpc::{BoxError, cause};
use http::StatusCode;

/// Why 1C cannot be asked, as far as users can do something about it or tell somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth::server) enum Outage {
    /// Whatever.
    Unknown,
    /// No licence is free.
    Licence,
    /// The infobase is blocked for now.
    Blocked,
    /// The web server sends calls elsewhere: the gateway has a wrong address.
    Address,
    /// The certificate of 1C's web server.
    Certificate,
    /// The web server wants another login than that of 1C, or none at all.
    Publication,
}

impl Outage {
    /// What is behind a failed check of a login.
    pub(in crate::auth::server) fn of(error: &BoxError) -> Self {
        let Some(error) = cause::<Error>(&**error) else { return Self::Unknown };
        match error.why() {
            Some(Cause::NoLicence) => Self::Licence,
            Some(Cause::Blocked) => Self::Blocked,
            Some(Cause::Redirect | Cause::RedirectCase | Cause::RedirectToHttps) => Self::Address,
            Some(Cause::WindowsLogin | Cause::OtherLogin) => Self::Publication,
            Some(why) if why.is_certificate() => Self::Certificate,
            _ => match error.kind() {
                ErrorKind::Status(StatusCode::PAYMENT_REQUIRED, _) => Self::Licence,
                ErrorKind::Open => Self::Publication,
                _ => Self::Unknown,
            },
        }
    }
}
