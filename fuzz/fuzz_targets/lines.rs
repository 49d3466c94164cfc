//! What comes in on stdio.
#![no_main]

#[path = "../../tests/support/bridge_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::lines(bytes));
