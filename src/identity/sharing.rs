//! [`Sharing`].

use super::caller::Identity;
use std::fmt;
use std::sync::Arc;

/// Says which callers a leaf treats alike, so that they may be given the answers of each other.
///
/// By default nobody: what one caller was answered is never given to another subject, client, or caller with other
/// claims, scopes or login. [`OneCService::sharing`](crate::OneCService::sharing) returns what is true of a leaf with
/// one infobase. A service that chooses the infobase by caller treats callers alike within one infobase at most: give
/// the [`Identity`] the name of it as its [partition](Identity::with_partition), or say it by
/// [`by`](Self::by).
///
/// Whatever is said here, callers are never treated alike if they differ in their partition, in their own login of 1C,
/// or in the headers for 1C (`X-MCP-Sub` apart).
///
/// # Example
///
/// ```
/// use onec_mcp::{Identity, Scopes, Sharing};
///
/// #[derive(PartialEq, Eq, Hash)]
/// struct Tenant(String);
///
/// // The leaf has an infobase for each tenant.
/// let sharing = Sharing::by(|caller| Some(caller.claim::<Tenant>()?.0.clone()));
/// let caller = Identity::new("anna", Scopes::default()).with_claim(Tenant("north".into()));
/// # let _ = (sharing, caller);
/// ```
#[derive(Clone, Default)]
pub struct Sharing(pub(super) Rule);

#[derive(Clone, Default)]
pub(super) enum Rule {
    #[default]
    Nobody,
    Account,
    Group(Arc<Name>),
}

/// Names the group of a caller.
type Name = dyn Fn(&Identity) -> Option<String> + Send + Sync;

impl Sharing {
    /// Treats no two callers alike; the default.
    pub const fn nobody() -> Self {
        Self(Rule::Nobody)
    }

    /// Treats callers alike who use one account of 1C: the service account, or one login of their own. Of the headers
    /// for 1C, `X-MCP-Sub` does not count under the service account.
    ///
    /// This is right for a leaf with one infobase, which answers by account and by the other headers.
    pub const fn by_account() -> Self {
        Self(Rule::Account)
    }

    /// Treats callers alike for whom `group` returns one name; a caller without a name is alike to nobody else. Of the
    /// headers for 1C, `X-MCP-Sub` does not count within a group under the service account.
    pub fn by(group: impl Fn(&Identity) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Rule::Group(Arc::new(group)))
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::Nobody => "Sharing::nobody",
            Rule::Account => "Sharing::by_account",
            Rule::Group(_) => "Sharing::by",
        })
    }
}
