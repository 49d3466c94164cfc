//! A stand-in for the stored logins, for builds without the authorization server and its store.

use crate::auth::login::salt::AccountHash;
use crate::identity::Credentials;
use crate::net::Network;

pub(in crate::auth::login) enum Stored {}

pub(super) enum Record {}

impl Record {
    pub(super) fn was_at(&self, _: Network) -> bool {
        match *self {}
    }
}

impl Stored {
    pub(super) async fn record(&self, _: AccountHash, _: &Credentials) -> Option<Record> {
        match *self {}
    }

    pub(super) async fn is_of(&self, _: Record, _: &Credentials) -> bool {
        match *self {}
    }

    pub(super) async fn put(&self, _: AccountHash, _: &Credentials, _: Network) -> bool {
        match *self {}
    }

    pub(super) async fn forget(&self, _: AccountHash, _: &Credentials) {
        match *self {}
    }
}
