//! The audit trail: one structured event each, through `tracing` under the target
//! `onec_mcp::audit`. Never a token, code, key, password or argument.

mod event;
#[cfg(feature = "audit")]
mod layer;

pub(crate) use event::{Event, scope_denied};
#[cfg(feature = "audit")]
pub use layer::{AuditLayer, Audited};
