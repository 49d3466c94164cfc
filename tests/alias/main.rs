//! Names that clients see in place of those of 1C.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod arguments;
mod names;
#[path = "../support/mod.rs"]
mod support;
