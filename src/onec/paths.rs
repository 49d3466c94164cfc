//! The addresses of REST paths: [`Paths`].

use super::infobase::Infobase;
use super::infobase_error::InfobaseError;
use http::Uri;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The most addresses that are kept: more than any catalog has.
const KEPT: usize = 1024;

/// A cache of the addresses of paths. Building one takes longer than the rest of preparing a call.
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
