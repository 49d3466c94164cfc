//! [`Paths`]: the addresses that paths lead to.

use super::infobase::Infobase;
use super::infobase_error::InfobaseError;
use http::Uri;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// How many addresses are kept: more than any catalog has paths.
const KEPT: usize = 1024;

/// The addresses that paths lead to. To make one takes longer than the rest of a call's preparation.
#[derive(Debug, Default)]
pub(super) struct Paths(RwLock<HashMap<Arc<str>, Uri>>);

impl Paths {
    pub(super) fn uri(&self, infobase: &Infobase, path: &Arc<str>) -> Result<Uri, InfobaseError> {
        if let Some(uri) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(uri.clone());
        }
        let uri = infobase.uri(path.trim_matches('/'))?;
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.insert(Arc::clone(path), uri.clone());
        }
        Ok(uri)
    }
}
