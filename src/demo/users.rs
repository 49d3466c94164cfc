//! Users of the infobase, and their logins.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{AUTHORIZATION, HeaderMap};

/// A user of the infobase, with the initial password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The name for the login.
    pub name: &'static str,
    /// The initial password. It is not secret, since it protects nothing.
    pub password: &'static str,
    /// A note on what is special about this user.
    pub note: &'static str,
    /// Whether the user has the role that the HTTP service requires; without it the answer is 403.
    pub has_role: bool,
}

pub(super) const ADMINISTRATOR: User =
    User {
        name: "Администратор", password: "demo", note: "the administrator and service account", has_role: true
    };

pub(super) const USERS: &[User] = &[
    ADMINISTRATOR,
    User { name: "Продавец", password: "", note: "a Cyrillic name and no password", has_role: true },
    User {
        name: "storekeeper",
        password: "Ключ: 50% + «ё»",
        note: "a password with a colon, spaces and Cyrillic letters",
        has_role: true,
    },
    User { name: "Гость", password: "guest", note: "without the role to use the service", has_role: false },
];

/// The users with their current passwords.
#[derive(Debug, Default)]
pub(super) struct Users {
    changed: Mutex<HashMap<&'static str, String>>,
}

impl Users {
    /// Returns the user whose login is in the headers. Not in constant time: the passwords are public.
    pub(super) fn log_in(&self, headers: &HeaderMap) -> Option<&'static User> {
        let login = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, credentials)| BASE64_STANDARD.decode(credentials.trim()).ok())
            .and_then(|credentials| String::from_utf8(credentials).ok())?;
        let (name, password) = login.split_once(':')?;
        let user = find(name)?;
        let changed = self.changed();
        (changed.get(user.name).map_or(user.password, String::as_str) == password).then_some(user)
    }

    /// Sets a password; returns whether the user exists.
    pub(super) fn set_password(&self, name: &str, password: &str) -> bool {
        let user = find(name);
        if let Some(user) = user {
            self.changed().insert(user.name, password.to_owned());
        }
        user.is_some()
    }

    fn changed(&self) -> MutexGuard<'_, HashMap<&'static str, String>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(name: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.name == name)
}
