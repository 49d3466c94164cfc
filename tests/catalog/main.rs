//! The catalog: its file, its layer and the tools that come with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod arguments;
mod example;
mod file;
mod fixtures;
mod layer;
mod program;
mod prompts_resources;
#[path = "../support/mod.rs"]
mod support;
mod tools_find;
mod tools_log;
mod tools_mending;
mod tools_money;
mod tools_refusals;
mod tools_requests;
mod tools_resolve;
mod tools_rules;
mod tools_sales;
mod tools_sales_arguments;
mod trade;
mod typed;
