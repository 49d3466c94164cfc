//! What the tests of all rooms share; none uses all of it.
#![allow(dead_code, unused_imports, unused_macros, reason = "each room uses a part")]

pub(crate) mod argument_invariants;
pub(crate) mod bridge_invariants;
pub(crate) mod cable;
pub(crate) mod cached;
pub(crate) mod catalog;
pub(crate) mod catalog_invariants;
pub(crate) mod dialects;
pub(crate) mod document;
pub(crate) mod fault;
pub(crate) mod faulty_store;
pub(crate) mod gateway;
pub(crate) mod hidden_invariants;
pub(crate) mod https;
pub(crate) mod invariants;
pub(crate) mod lines;
pub(crate) mod mcp;
pub(crate) mod oauth;
pub(crate) mod oauth_invariants;
pub(crate) mod poll;
pub(crate) mod proxy_invariants;
pub(crate) mod rest;
pub(crate) mod schema;
pub(crate) mod schema_names;
pub(crate) mod scope_invariants;
pub(crate) mod seal_invariants;
pub(crate) mod stores;
pub(crate) mod tools;
pub(crate) mod trade;
