//! Answers of 1C, remembered.

mod layer;

pub use layer::{Cache, CacheLayer};
