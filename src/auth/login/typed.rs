//! [`Typed`]: what a user typed, or brought back from elsewhere.

use crate::identity::Credentials;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// What a user typed on the login page. `Debug` shows no password and no key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Typed {
    /// A user name and a password.
    Credentials(Credentials),
    /// An access key.
    Key(SecretString),
    /// A user name and a password with the [fields](super::Page::field) of the page.
    Fields(Fields),
    /// The answer of a [provider](super::Page::provider).
    Answer(Answer),
}

impl Typed {
    /// Returns user and password, if they were asked for.
    pub const fn credentials(&self) -> Option<&Credentials> {
        match self {
            Self::Credentials(credentials) | Self::Fields(Fields { credentials, .. }) => Some(credentials),
            Self::Key(_) | Self::Answer(_) => None,
        }
    }

    /// Returns what was typed into a field of the page; `None` if there is no such field, or nothing in it.
    pub fn field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Fields(fields) => value(&fields.more, name),
            _ => None,
        }
    }
}

/// A user name and a password with further fields. `Debug` shows none of their values.
#[derive(Clone)]
pub struct Fields {
    credentials: Credentials,
    more: Vec<(String, SecretString)>,
}

impl Fields {
    /// Creates a form with user and password.
    pub const fn new(credentials: Credentials) -> Self {
        Self { credentials, more: Vec::new() }
    }

    /// Adds what was typed into a field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.more.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

/// A user who is sent to a [provider](super::Page::provider) to log in.
#[derive(Clone)]
#[non_exhaustive]
pub struct Referral {
    /// The name of the provider.
    pub provider: String,
    /// The URL to which the provider sends the user back: `/callback` of the authorization server.
    pub redirect_uri: String,
    /// A random value that the provider sends back unchanged
    /// ([RFC 6749, section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    pub state: String,
    /// A random value of 43 characters that only this browser has, and no URL: a PKCE verifier
    /// ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), or a secret to derive a nonce from.
    pub verifier: SecretString,
}

impl Referral {
    /// Creates a referral.
    pub fn new(
        provider: impl Into<String>,
        redirect_uri: impl Into<String>,
        state: impl Into<String>,
        verifier: impl Into<SecretString>,
    ) -> Self {
        let (provider, redirect_uri) = (provider.into(), redirect_uri.into());
        Self { provider, redirect_uri, state: state.into(), verifier: verifier.into() }
    }
}

impl fmt::Debug for Referral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Referral").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What a provider sent back with the user. `Debug` shows none of it.
#[derive(Clone, Debug)]
pub struct Answer {
    referral: Referral,
    params: Params,
}

#[derive(Clone)]
struct Params(Vec<(String, SecretString)>);

impl Answer {
    /// Creates an answer without parameters to a referral.
    pub const fn new(referral: Referral) -> Self {
        Self { referral, params: Params(Vec::new()) }
    }

    /// Adds a parameter of the URL.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.params.0.push((name.into(), value.into()));
        self
    }

    /// Returns the referral that this is the answer to. Its state has been checked.
    pub const fn referral(&self) -> &Referral {
        &self.referral
    }

    /// Returns a parameter of the URL that the user came back to, such as `code` or `error`.
    pub fn get(&self, name: &str) -> Option<&str> {
        value(&self.params.0, name)
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Params")
    }
}

fn value<'a>(values: &'a [(String, SecretString)], name: &str) -> Option<&'a str> {
    values.iter().find(|(other, _)| other == name).map(|(_, value)| value.expose_secret())
}
