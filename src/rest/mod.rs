//! The tools of a catalog as plain HTTP endpoints.

mod service;

pub use service::RestService;
