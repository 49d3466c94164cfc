//! The `Host` of a request.
#![no_main]

#[path = "../../tests/support/proxy_invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| invariants::host(bytes));
