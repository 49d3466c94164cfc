//! [`Salt`]: hashes under which logins and accounts are kept in memory.

use super::Typed;
use crate::identity::Credentials;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use std::fmt;
use uuid::Uuid;

/// A random salt of this process. Hashes with it reveal nothing outside the process, not even whether two processes saw
/// the same password.
#[derive(Clone)]
pub(crate) struct Salt([Uuid; 2]);

/// A salted hash of a login or an account, valid in this process only.
pub(crate) type AccountHash = [u8; 32];

impl Salt {
    pub(crate) fn new() -> Self {
        Self([Uuid::new_v4(), Uuid::new_v4()])
    }

    /// Returns the hash of what a user typed; `None` if it is not to be recognised, since it is right only once.
    pub(crate) fn typed(&self, typed: &Typed) -> Option<AccountHash> {
        match typed {
            Typed::Credentials(login) => Some(self.of(&["login", login.user(), login.password().expose_secret()])),
            Typed::Key(key) => Some(self.key(key)),
            Typed::Fields(_) | Typed::Answer(_) => None,
        }
    }

    /// Returns the hash of an access key.
    pub(super) fn key(&self, key: &SecretString) -> AccountHash {
        self.of(&["key", key.expose_secret()])
    }

    /// Returns the hash of an account and its password.
    pub(super) fn right(&self, login: &Credentials) -> AccountHash {
        self.of(&["right", &account(login.user()), login.password().expose_secret()])
    }

    /// Returns the hash of an account, independent of the case of its name and the spaces around it.
    pub(super) fn account(&self, user: &str) -> AccountHash {
        self.of(&["account", &account(user)])
    }

    /// Hashes each part after its length, so that different lists of parts never look alike.
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

/// Returns the normal form of an account's name: case and spaces around it do not matter.
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
