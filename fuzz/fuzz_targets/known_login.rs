//! What a store gives back as a login that was right before.
#![no_main]

#[path = "../../tests/support/seal_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::known_login(bytes));
