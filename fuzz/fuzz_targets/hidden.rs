//! What 1C answers to a caller who may not see all of it.
#![no_main]

#[path = "../../tests/support/hidden_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::hidden(bytes));
