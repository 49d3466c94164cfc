//! A redirect URI that a client registers, and one that it asks for.
#![no_main]

#[path = "../../tests/support/oauth_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::redirect(bytes));
