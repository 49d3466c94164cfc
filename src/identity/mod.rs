//! The caller of a request, as all modules know it: identity, claims, scopes and 1C credentials, and which callers are
//! treated alike.

mod caller;
mod claims;
mod credentials;
mod digest;
mod key;
mod scopes;
mod sharing;

pub use caller::Identity;
pub use claims::Claim;
pub use credentials::Credentials;
pub(crate) use key::CallerKey;
pub use scopes::{NeededScopes, Scopes};
pub use sharing::Sharing;
