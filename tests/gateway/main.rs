//! The whole stack, and the gateway as a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod audit;
mod auth;
mod catalog;
mod check;
mod fixtures;
mod limits;
mod lists;
mod long_work;
mod own_tools;
mod program;
mod readme;
mod replicas;
mod rmcp_client;
mod schemas;
mod scopes;
mod stack;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod tower_pieces;
mod unread_log;
