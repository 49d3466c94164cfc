//! What a store gives back as encrypted credentials.
#![no_main]

#[path = "../../tests/support/seal_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::sealed(bytes));
