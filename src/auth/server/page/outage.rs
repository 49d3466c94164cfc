//! [`Outage`]: why logins are not possible now.

use crate::onec::{Cause, Error, ErrorKind};
use crate::rpc::{BoxError, cause};
use http::StatusCode;

/// The reason why logins cannot be checked, as far as it helps users to act or to report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth::server) enum Outage {
    /// Any other reason in 1C.
    Unknown,
    /// It is not 1C that checks logins.
    Elsewhere,
    /// No licence is free.
    Licence,
    /// The infobase is blocked for now.
    Blocked,
    /// The web server sends calls elsewhere: the gateway has a wrong address.
    Address,
    /// The certificate of 1C's web server is not accepted.
    Certificate,
    /// The web server asks for another login than that of 1C, or for none at all.
    Publication,
}

impl Outage {
    /// Returns the reason why a login could not be checked.
    pub(in crate::auth::server) fn of(error: &BoxError) -> Self {
        let Some(error) = cause::<Error>(&**error) else { return Self::Elsewhere };
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
