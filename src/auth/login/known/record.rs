//! [`Record`]: what a store keeps of a login that was right.

use super::bounds::PLACES;
use crate::auth::buckets::at_least_one;
use crate::identity::Credentials;
use crate::net::Network;
use aes_gcm::aead::Generate;
use ring::pbkdf2;
use secrecy::ExposeSecret;
use sha2::{Digest as _, Sha256};
use std::num::NonZeroU32;

const VERSION: u8 = 1;
const SALT: usize = 16;
const HASH: usize = 32;
const PLACE: usize = 8;

/// The cost of each guess at a password for someone who has the database: rounds of PBKDF2 with HMAC-SHA-256
/// ([RFC 8018](https://www.rfc-editor.org/rfc/rfc8018#section-5.2)).
const ROUNDS: NonZeroU32 = at_least_one(100_000);

/// A version byte, a random salt, the salted hash of the password, and 8 bytes of a salted hash of each place where the
/// login was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auth::login) struct Record {
    salt: [u8; SALT],
    hash: [u8; HASH],
    /// The newest place is the last.
    places: Vec<[u8; PLACE]>,
}

impl Record {
    /// Creates the record of a right login, with the places of `before` if the login was known. Slow. `None` if the
    /// operating system gives no random numbers.
    pub(super) fn new(login: &Credentials, before: Option<&Self>) -> Option<Self> {
        let (salt, places) = match before {
            Some(before) => (before.salt, before.places.clone()),
            None => (<[u8; SALT]>::try_generate().ok()?, Vec::new()),
        };
        let mut hash = [0; HASH];
        let password = login.password().expose_secret().as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, password, &mut hash);
        Some(Self { salt, hash, places })
    }

    pub(in crate::auth::login) fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (salt, rest) = rest.split_first_chunk::<SALT>()?;
        let (hash, rest) = rest.split_first_chunk::<HASH>()?;
        let (places, rest) = rest.as_chunks::<PLACE>();
        let is_one = *version == VERSION && rest.is_empty() && places.len() <= PLACES;
        is_one.then(|| Self { salt: *salt, hash: *hash, places: places.to_vec() })
    }

    pub(in crate::auth::login) fn write(&self) -> Vec<u8> {
        [&[VERSION][..], &self.salt, &self.hash, self.places.as_flattened()].concat()
    }

    /// Whether the password is that of the record. Slow.
    pub(super) fn is_of(&self, login: &Credentials) -> bool {
        let password = login.password().expose_secret().as_bytes();
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &self.salt, password, &self.hash).is_ok()
    }

    pub(super) fn was_at(&self, place: Network) -> bool {
        self.places.contains(&self.place(place))
    }

    /// Adds a place where the login was right.
    pub(in crate::auth::login) fn at(mut self, place: Network) -> Self {
        let place = self.place(place);
        self.places.retain(|known| *known != place);
        self.places.push(place);
        if self.places.len() > PLACES {
            self.places.remove(0);
        }
        self
    }

    fn place(&self, place: Network) -> [u8; PLACE] {
        let text = place.map_or_else(String::new, |network| network.to_string());
        let hash = Sha256::new().chain_update(self.salt).chain_update(text).finalize();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn login(password: &str) -> Credentials {
        Credentials::new("Иванов", password)
    }

    fn network(text: &str) -> Network {
        Some(text.parse().unwrap())
    }

    #[test]
    fn its_login_is_known_again_and_no_other() {
        let record = Record::new(&login("пароль"), None).unwrap();
        let record = Record::read(&record.write()).unwrap();
        assert!(record.is_of(&login("пароль")) && !record.is_of(&login("Пароль")) && !record.is_of(&login("")));
        let other = Record::new(&login("пароль"), None).unwrap();
        assert_ne!((record.hash, record.salt), (other.hash, other.salt), "each has a salt of its own");
        let next = Record::new(&login("next"), Some(&record.at(network("192.0.2.1/32")))).unwrap();
        assert!(next.is_of(&login("next")) && !next.is_of(&login("пароль")));
        assert!(next.was_at(network("192.0.2.1/32")));
    }

    #[test]
    fn the_newest_places_are_kept() {
        let mut record = Record { salt: [7; SALT], hash: [0; HASH], places: Vec::new() };
        let at = |turn: u8| network(&format!("192.0.2.{turn}/32"));
        for turn in [0, 1, 2, 3, 4, 5, 6, 7, 0, 8, 9] {
            record = Record::read(&record.at(at(turn)).write()).unwrap();
        }
        let known: Vec<u8> = (0..20).filter(|turn| record.was_at(at(*turn))).collect();
        assert_eq!(known, [0, 3, 4, 5, 6, 7, 8, 9]);
        assert!(!record.was_at(None));
        assert!(!String::from_utf8_lossy(&record.write()).contains("192.0.2"));
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_no_record(bytes in prop::collection::vec(any::<u8>(), 0..140)) {
            if let Some(record) = Record::read(&bytes) {
                prop_assert_eq!(record.write(), bytes);
            }
        }
    }
}
