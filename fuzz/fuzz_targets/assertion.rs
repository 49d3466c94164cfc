//! The assertion by which a client proves who it is.
#![no_main]

#[path = "../../tests/support/oauth_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::assertion(bytes));
