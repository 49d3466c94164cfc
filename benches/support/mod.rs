//! What the benches have in common: requests of clients, answers of 1C, and the stack in process.

#![allow(dead_code, reason = "each bench uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails should say so at once")]

pub(crate) mod answers;
pub(crate) mod cases;
pub(crate) mod mock;
pub(crate) mod timed;
pub(crate) mod trade;
