//! What must hold for any bytes that a store gives back as encrypted credentials, or as a known login: shared by
//! the corpus and the fuzz targets.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, reason = "a broken invariant is a panic")]

use onec_mcp::Credentials;
use onec_mcp::auth::store::seal::{open, seal};
use onec_mcp::fuzzing::login::record;

pub(crate) fn sealed(bytes: &[u8]) {
    // Nobody has encrypted it under this token.
    assert!(open(bytes, "onec_at_of_nobody").is_none());
    // As a token, it opens what was encrypted under it, and no other does.
    let token = String::from_utf8_lossy(bytes);
    let made = seal(&Credentials::new("user", "password"), &token).unwrap();
    assert_eq!(open(&made, &token).unwrap().user(), "user");
    assert!(open(&made, &format!("{token}x")).is_none());
}

/// Version, salt, hash and up to 8 places of 8 bytes, and nothing else.
pub(crate) fn known_login(bytes: &[u8]) {
    let place = "192.0.2.1/32".parse().ok();
    let Some((same, next)) = record(bytes, place) else { return };
    assert_eq!(same, bytes);
    assert!((57..=113).contains(&next.len()) && (next.len() - 49).is_multiple_of(8), "{}", next.len());
    // The newest place is the last, and it is there once.
    assert_eq!(record(&next, place), Some((next.clone(), next)));
}
