//! A result of 1C on its way to a client.
#![no_main]

#[path = "../../tests/support/bridge_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::splice(bytes));
