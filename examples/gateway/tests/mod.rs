//! The promises of the program that can be looked at from within: its settings, its audit file and its connections.
//! What it does as a process is in `tests/gateway`.
#![allow(clippy::type_complexity, reason = "cases stand in tables")]

mod all_at_once;
mod audit_file;
mod auth;
mod bad_values;
mod case;
mod catalog;
mod catalog_files;
mod connection_bounds;
mod disk;
mod go_file;
mod go_values;
mod log_lines;
mod migrate;
mod secrets;
mod slow_disk;
mod values;
mod ways;
