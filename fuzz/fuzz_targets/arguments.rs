//! Arguments of a catalog tool.
#![no_main]

#[path = "../../tests/support/catalog.rs"]
mod catalog;
#[path = "../../tests/support/catalog_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::arguments(bytes));
