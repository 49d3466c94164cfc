//! Bounds of what is known of a login, and for how long.

use std::time::Duration;

/// How long a login that was right is known.
pub(in crate::auth::login) const KNOWN: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many places of an account are known, the newest ones.
pub(super) const PLACES: usize = 8;
