//! Arguments of a tool with guarded values.
#![no_main]

#[path = "../../tests/support/scope_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::guards(bytes));
