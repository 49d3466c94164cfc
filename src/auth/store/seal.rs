//! Encryption of 1C credentials under the token that carries them.
//!
//! The key comes from the text of the token alone: someone who has only the database has no token, and someone who has
//! a token can read one login only. Each successor of a refresh token gets the credentials sealed anew, under itself.
//!
//! A sealed box is a version byte, a random nonce of 96 bits, and `user:password` in UTF-8 under AES-256-GCM with the
//! version byte as associated data. The key is HKDF-SHA256 ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)) of the
//! token; tokens are random, so no salt is needed.

use crate::identity::Credentials;
use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use secrecy::ExposeSecret;
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const INFO: &[u8] = b"onec-mcp 1c-credentials v1";
const NONCE: usize = 12;

/// The error of an operating system that gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("credentials cannot be encrypted")]
pub struct SealError(());

/// Encrypts credentials so that only this token opens them.
///
/// # Errors
/// Returns [`SealError`] if the operating system gives no random numbers.
pub fn seal(credentials: &Credentials, token: &str) -> Result<Vec<u8>, SealError> {
    let (user, password) = (credentials.user(), credentials.password().expose_secret());
    // Allocated in full, since a growing buffer leaves copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    plain.extend_from_slice(user.as_bytes());
    plain.push(b':');
    plain.extend_from_slice(password.as_bytes());

    let nonce = <[u8; NONCE]>::try_generate().map_err(|_| SealError(()))?;
    let payload = Payload { msg: &plain, aad: &[VERSION] };
    let encrypted = cipher(token).encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError(()))?;

    let mut sealed = Vec::with_capacity(1 + NONCE + encrypted.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&encrypted);
    Ok(sealed)
}

/// Decrypts what was sealed under this token; `None` if it was sealed under another or has been changed.
pub fn open(sealed: &[u8], token: &str) -> Option<Credentials> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
    if *version != VERSION {
        return None;
    }
    let payload = Payload { msg: encrypted, aad: &[VERSION] };
    let plain = Zeroizing::new(cipher(token).decrypt(&Nonce::from(*nonce), payload).ok()?);
    let (user, password) = std::str::from_utf8(&plain).ok()?.split_once(':')?;
    Some(Credentials::new(user, password))
}

fn cipher(token: &str) -> Aes256Gcm {
    let mut key = Zeroizing::new([0; 32]);
    // Fails only for keys of more than 255 hashes.
    let expanded = Hkdf::<Sha256>::new(None, token.as_bytes()).expand(INFO, key.as_mut_slice());
    debug_assert!(expanded.is_ok(), "one hash is never too long");
    Aes256Gcm::new((&*key).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn its_token_opens_it(user in "[^:]{0,40}", password in "\\PC{0,40}", token in "\\PC{0,60}") {
            let sealed = seal(&Credentials::new(&user, password.as_str()), &token).unwrap();
            let opened = open(&sealed, &token).unwrap();
            prop_assert_eq!(opened.user(), user);
            prop_assert_eq!(opened.password().expose_secret(), password);
        }

        #[test]
        fn another_token_does_not(token in "[a-z]{1,40}", other in "[a-z]{1,40}") {
            prop_assume!(token != other);
            let sealed = seal(&Credentials::new("user", "password"), &token).unwrap();
            prop_assert!(open(&sealed, &other).is_none());
        }

        #[test]
        fn what_was_changed_stays_shut(at in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<bool>()) {
            let mut sealed = seal(&Credentials::new("Иван", "пароль"), "token").unwrap();
            let at = at.index(sealed.len());
            if cut {
                sealed.truncate(at);
            } else {
                sealed[at] ^= 1 << bit;
            }
            prop_assert!(open(&sealed, "token").is_none());
        }

        #[test]
        fn foreign_bytes_open_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&bytes, "token").is_none());
        }
    }

    #[test]
    fn no_two_are_equal_and_none_shows_what_is_in_it() {
        let credentials = Credentials::new("user", "password");
        let (one, two) = (seal(&credentials, "token").unwrap(), seal(&credentials, "token").unwrap());
        assert_ne!(one, two);
        assert!(!one.windows(4).any(|piece| piece == b"user" || piece == b"pass"));
    }

    /// Stored boxes must open after an upgrade.
    #[test]
    fn version_one_opens_for_ever() {
        let opened = open(SAMPLE, "onec_at_sample").unwrap();
        assert_eq!((opened.user(), opened.password().expose_secret()), ("Иван", "a:b"));
    }

    /// A box from another implementation.
    const SAMPLE: &[u8] = &[
        0x01, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0xb0, 0x4e, 0x5b, 0x7d, 0x13,
        0x4b, 0x70, 0xdd, 0xdf, 0xba, 0x37, 0xf8, 0x33, 0x70, 0x8b, 0x94, 0x7b, 0x5d, 0x05, 0xbd, 0x12, 0xd9, 0xd9,
        0x8f, 0x15, 0x95, 0xac, 0xce,
    ];
}
