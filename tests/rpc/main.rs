//! What embedders build layers from: functions, parameters, lists and boxed services.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod from_fn;
mod lists;
mod params;
