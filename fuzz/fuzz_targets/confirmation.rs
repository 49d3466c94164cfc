//! Arguments that may hold what only the user may say.
#![no_main]

#[path = "../../tests/support/argument_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::confirmation(bytes));
