//! [`Credentials`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;

/// A user name and password of 1C. `Debug` shows the user but not the password. Cloning is cheap.
#[derive(Clone)]
pub struct Credentials {
    user: Arc<str>,
    password: SecretString,
    authorization: HeaderValue,
}

impl Credentials {
    /// Creates the credentials of a user of 1C; the password may be empty. Both are sent in UTF-8
    /// ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)), as 1C expects for Cyrillic names.
    ///
    /// A user with a colon in the name cannot log in over HTTP: the colon ends the name.
    pub fn new(user: &str, password: impl Into<SecretString>) -> Self {
        let password = password.into();
        let login = SecretString::from(format!("{user}:{}", password.expose_secret()));
        let encoded = SecretString::from(format!("Basic {}", STANDARD.encode(login.expose_secret())));
        // Base64 is always a legal header value, so this cannot fail.
        let mut authorization =
            HeaderValue::from_str(encoded.expose_secret()).unwrap_or(HeaderValue::from_static("Basic"));
        authorization.set_sensitive(true);
        Self { user: user.into(), password, authorization }
    }

    /// Returns the name of the user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password.
    pub const fn password(&self) -> &SecretString {
        &self.password
    }

    /// Returns the value of the `Authorization` header, marked as sensitive.
    pub const fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
