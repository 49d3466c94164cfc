//! A schema in one line and arguments of a call behind it.
#![no_main]

#[path = "../../tests/support/argument_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::names(bytes));
