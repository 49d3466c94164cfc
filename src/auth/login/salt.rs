//! Under what name secrets are kept in memory.

use super::Typed;
use crate::identity::Credentials;
use secrecy::ExposeSecret;
use sha2::{Digest as _, Sha256};
use std::fmt;
use uuid::Uuid;

/// A random text of this process. Digests with it say nothing to who reads them elsewhere, not even
/// which of two processes had the same password.
#[derive(Clone)]
pub(crate) struct Salt([Uuid; 2]);

/// What stands for a secret, only here and only now.
pub(crate) type AccountHash = [u8; 32];

impl Salt {
    pub(crate) fn new() -> Self {
        Self([Uuid::new_v4(), Uuid::new_v4()])
    }

    /// Of all that was typed.
    pub(crate) fn typed(&self, typed: &Typed) -> AccountHash {
        match typed {
            Typed::Credentials(login) => self.of(&["login", login.user(), login.password().expose_secret()]),
            Typed::Key(key) => self.of(&["key", key.expose_secret()]),
        }
    }

    /// Of the account and its password.
    pub(super) fn right(&self, login: &Credentials) -> AccountHash {
        self.of(&["right", &account(login.user()), login.password().expose_secret()])
    }

    /// Of the account, however its name was typed.
    pub(super) fn account(&self, user: &str) -> AccountHash {
        self.of(&["account", &account(user)])
    }

    /// Each part behind its length, so that no two lists of parts look the same.
    fn of(&self, parts: &[&str]) -> AccountHash {
        let mut hash = Sha256::new();
        for salt in &self.0 {
            hash.update(salt.as_bytes());
        }
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

/// The name of an account: those that differ in case or in space around them are one.
pub(super) fn account(user: &str) -> String {
    user.trim().to_lowercase()
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Typed {
        Typed::Credentials(Credentials::new(user, password))
    }

    #[test]
    fn what_differs_has_another_alias() {
        let salt = Salt::new();
        let all = [login("a", "b:c"), login("a:b", "c"), login("ab", ":c"), Typed::Key("a".to_owned().into())];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(salt.typed(one), salt.typed(&one.clone()));
            assert_ne!(salt.typed(one), Salt::new().typed(one), "another process");
            assert!(all.iter().skip(at + 1).all(|other| salt.typed(one) != salt.typed(other)));
        }
    }

    #[test]
    fn an_account_is_one_however_it_is_typed() {
        let salt = Salt::new();
        assert_eq!(salt.account(" ИВАНОВ "), salt.account("Иванов"));
        assert_ne!(salt.account("Иванов"), salt.account("Иванова"));
    }
}
