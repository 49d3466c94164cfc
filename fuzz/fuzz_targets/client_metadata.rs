//! A client metadata document with its URL.
#![no_main]

#[path = "../../tests/support/proxy_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::client_metadata(bytes));
