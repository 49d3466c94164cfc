//! The keys that a client publishes.
#![no_main]

#[path = "../../tests/support/oauth_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::key_set(bytes));
