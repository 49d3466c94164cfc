//! What must hold for any bytes that a store gives back as encrypted credentials: shared by the
//! corpus and the fuzz target.
#![allow(clippy::unwrap_used, reason = "a broken invariant is a panic")]

use onec_mcp::Credentials;
use onec_mcp::auth::store::seal::{open, seal};

pub(crate) fn sealed(bytes: &[u8]) {
    // Nobody has encrypted it under this token.
    assert!(open(bytes, "onec_at_of_nobody").is_none());
    // As a token, it opens what was encrypted under it, and no other does.
    let token = String::from_utf8_lossy(bytes);
    let made = seal(&Credentials::new("user", "password"), &token).unwrap();
    assert_eq!(open(&made, &token).unwrap().user(), "user");
    assert!(open(&made, &format!("{token}x")).is_none());
}
