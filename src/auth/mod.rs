//! Who may call: authentication in front of the bridge.

mod clock;
mod digest;
#[cfg(feature = "oauth")]
pub mod login;
mod site;
#[cfg(feature = "oauth")]
pub mod store;
mod validate;

pub use clock::{Clock, Timestamp};
pub use digest::Digest;
pub use site::Site;
pub use validate::{Presented, Refusal, StaticToken, TokenValidator};
