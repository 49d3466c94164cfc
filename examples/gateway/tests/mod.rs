//! Tests of the program from within: its settings, its audit file and its connections. Tests of its process are
//! in `tests/gateway`.
#![allow(clippy::type_complexity, reason = "test cases are tables")]

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
