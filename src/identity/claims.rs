//! [`Claims`]: what an embedder knows of a caller, by type.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A value that an embedder keeps with an [`Identity`](crate::Identity): a tenant, a department, the claims of a JWT.
///
/// Every type with `Eq` and `Hash` is one. Claims that differ set callers apart, so a claim should hold what decides
/// about answers, and not what is new in each token (`jti`, `exp`): a caller with a new token would count as another.
pub trait Claim: Any + Eq + Hash + Send + Sync {}

impl<T: Any + Eq + Hash + Send + Sync> Claim for T {}

/// A [`Claim`] of a type that is not known here.
trait AnyClaim: Any + Send + Sync {
    fn equals(&self, other: &dyn Any) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<T: Claim> AnyClaim for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

/// Claims, at most one of each type. Cloning is cheap.
///
/// They are compared themselves, not by their hashes: types may leave fields out of a hash.
#[derive(Clone)]
pub(super) struct Claims(Arc<BTreeMap<TypeId, Arc<dyn AnyClaim>>>);

impl Claims {
    /// Returns the claims of `claims` and `claim`, which replaces another one of its type.
    pub(super) fn with<T: Claim>(claims: Option<Self>, claim: T) -> Self {
        let mut map = claims.map(|Self(map)| Arc::unwrap_or_clone(map)).unwrap_or_default();
        map.insert(TypeId::of::<T>(), Arc::new(claim));
        Self(Arc::new(map))
    }

    pub(super) fn get<T: Claim>(&self) -> Option<&T> {
        let claim: &dyn Any = &**self.0.get(&TypeId::of::<T>())?;
        claim.downcast_ref()
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        let same = |((one, a), (other, b)): (Entry<'_>, Entry<'_>)| one == other && a.equals(&**b);
        Arc::ptr_eq(&self.0, &other.0) || self.0.len() == other.0.len() && self.0.iter().zip(other.0.iter()).all(same)
    }
}

type Entry<'a> = (&'a TypeId, &'a Arc<dyn AnyClaim>);

impl Eq for Claims {}

impl Hash for Claims {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (kind, claim) in self.0.iter() {
            kind.hash(state);
            claim.hash_into(state);
        }
    }
}

/// Shows how many there are: they may hold secrets.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims").field(&self.0.len()).finish()
    }
}
