//! What a code or refresh token carries for the tokens that follow it.

use super::reply::Failure;
use crate::auth::login::{LoggedIn, Typed};
use crate::auth::store::seal;
use crate::identity::Credentials;
use secrecy::SecretString;

/// Sealed under the token, so that only its bearer can use it.
#[derive(Debug)]
pub(super) enum Carried {
    /// The login of 1C that calls run under.
    Login(Credentials),
    /// The access key, to be checked again at each refresh: keys are withdrawn.
    Key(SecretString),
}

impl Carried {
    /// What is worth carrying of a login.
    pub(super) fn of(typed: Option<Typed>, logged_in: &LoggedIn) -> Option<Self> {
        match (&logged_in.credentials, typed) {
            (Some(credentials), _) => Some(Self::Login(credentials.clone())),
            (None, Some(Typed::Key(key))) => Some(Self::Key(key)),
            (None, _) => None,
        }
    }

    /// The login, which access tokens carry too.
    pub(super) const fn login(&self) -> Option<&Credentials> {
        match self {
            Self::Login(credentials) => Some(credentials),
            Self::Key(_) => None,
        }
    }

    /// Encrypted under a token. A key is written as the login of a user without a name, whom 1C
    /// cannot have.
    pub(super) fn seal(&self, token: &str) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Login(credentials) => seal_login(credentials, token),
            Self::Key(key) => seal_login(&Credentials::new("", key.clone()), token),
        }
    }

    /// Nothing if it was sealed under another token.
    pub(super) fn open(sealed: &[u8], token: &str) -> Option<Self> {
        let credentials = seal::open(sealed, token)?;
        Some(match credentials.user() {
            "" => Self::Key(credentials.password().clone()),
            _ => Self::Login(credentials),
        })
    }
}

pub(super) fn seal_login(credentials: &Credentials, token: &str) -> Result<Vec<u8>, Failure> {
    seal::seal(credentials, token).map_err(|error| Failure::from(crate::rpc::BoxError::from(error)))
}
