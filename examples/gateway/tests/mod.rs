//! The promises of the program that can be looked at from within: its settings, its audit file and its connections.
//! What it does as a process is in `tests/gateway`.
#![allow(clippy::type_complexity, reason = "cases stand in tables")]

mod audit_file;
mod auth;
mod case;
mod catalog;
mod connection_bounds;
mod migrate;
mod values;
