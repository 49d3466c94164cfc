//! The query or the form of an OAuth request.
#![no_main]

#[path = "../../tests/support/oauth_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::oauth_params(bytes));
