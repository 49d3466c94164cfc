//! The leaf: what 1C is asked, what it answers, and what goes wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod bodies;
mod causes;
mod changed_lists;
mod client;
mod faults;
mod fixtures;
mod identity;
mod login;
mod mending;
mod queue;
mod rest;
mod retry;
mod strict;
#[path = "../support/mod.rs"]
mod support;
mod wire;
