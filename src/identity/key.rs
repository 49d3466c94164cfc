//! [`CallerKey`].

use super::caller::{Digests, Identity};
use super::claims::Claims;
use super::digest::{Digest, Parts};
use super::sharing::{Rule, Sharing};
use http::HeaderMap;

/// The caller's subject, as 1C is told it.
const SUBJECT: &str = "x-mcp-sub";

/// Tells callers apart: whatever is remembered for one caller is found by this key alone, so that no other caller gets
/// it. A key reveals nothing of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallerKey {
    digest: Digest,
    claims: Option<Claims>,
}

impl CallerKey {
    /// Returns the key of a caller who is alike to nobody else: by subject, client, claims, partition, scopes and
    /// login, and by the headers for 1C.
    pub(crate) fn private(identity: Option<&Identity>, headers: &HeaderMap) -> Self {
        Self::alone(identity, headers, |digests| digests.scoped)
    }

    /// Returns the key of a caller among those whom `sharing` says to be treated alike.
    pub(crate) fn shared(sharing: &Sharing, identity: Option<&Identity>, headers: &HeaderMap) -> Self {
        Self::alike(sharing, identity, headers).unwrap_or_else(|| Self::private(identity, headers))
    }

    /// Returns the key of a caller among those whom `sharing` says to be treated alike, whatever their scopes.
    #[cfg(feature = "alias")]
    pub(crate) fn of_user(sharing: &Sharing, identity: Option<&Identity>, headers: &HeaderMap) -> Self {
        let alone = || Self::alone(identity, headers, |digests| digests.user);
        Self::alike(sharing, identity, headers).unwrap_or_else(alone)
    }

    fn alone(identity: Option<&Identity>, headers: &HeaderMap, of: fn(&Digests) -> Digest) -> Self {
        let digest = identity.map_or([0; 32], |identity| of(identity.digests()));
        let claims = identity.and_then(Identity::claims).cloned();
        Self { digest: with_headers(digest, headers, true), claims }
    }

    /// Returns the key of a group of callers; `None` for a caller who is in none.
    fn alike(sharing: &Sharing, identity: Option<&Identity>, headers: &HeaderMap) -> Option<Self> {
        let digest = match &sharing.0 {
            Rule::Nobody => return None,
            Rule::Account => group([b"account", b""], identity),
            Rule::Group(name) => group([b"group", name(identity?)?.as_bytes()], identity),
        };
        let own = identity.is_some_and(|identity| identity.credentials().is_some());
        Some(Self { digest: with_headers(digest, headers, own), claims: None })
    }

    /// Returns the key of what this caller asks.
    #[cfg(feature = "cache")]
    pub(crate) fn asking(self, question: [&[u8]; 3]) -> Self {
        let mut parts = Parts::default();
        parts.part(&self.digest);
        question.into_iter().for_each(|part| parts.part(part));
        Self { digest: parts.end(), claims: self.claims }
    }
}

/// Hashes a group of callers who are treated alike, with all that sets them apart nevertheless.
fn group(name: [&[u8]; 2], identity: Option<&Identity>) -> Digest {
    let mut parts = Parts::default();
    name.into_iter().for_each(|part| parts.part(part));
    parts.maybe(identity.and_then(Identity::partition).map(str::as_bytes));
    let own = identity.and_then(Identity::credentials);
    parts.maybe(own.map(|own| own.user().as_bytes()));
    parts.maybe(own.map(|own| own.authorization().as_bytes()));
    parts.end()
}

/// Adds the headers for 1C to a digest; the subject only if it counts.
fn with_headers(digest: Digest, headers: &HeaderMap, subject_counts: bool) -> Digest {
    // The order of values of one name matters; the order of names does not.
    let mut names: Vec<_> = headers.keys().filter(|name| subject_counts || name.as_str() != SUBJECT).collect();
    if names.is_empty() {
        return digest;
    }
    names.sort_unstable_by_key(|name| name.as_str());
    let mut parts = Parts::default();
    parts.part(&digest);
    parts.number(names.len());
    for name in names {
        parts.part(name.as_str().as_bytes());
        let values = headers.get_all(name);
        parts.number(values.iter().count());
        for value in values {
            parts.part(value.as_bytes());
        }
    }
    parts.end()
}
