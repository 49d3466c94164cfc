//! The list of tools: those of the catalog, then what the service beneath has.

use super::tools::Tools;
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, Failure, List, Method, Payload, Response};
use crate::service::memo::Memo;
use std::sync::Arc;

/// Which merged list it is: the set of tools, whether it is the first page, and whether output schemas
/// are shown.
type Key = (u64, bool, bool);

/// Merged lists by the bytes of the list beneath. `None` means that these bytes need no change.
pub(super) type Merged = Memo<Key, Option<Payload>>;

/// How one list is merged.
#[derive(Debug)]
pub(super) struct Merge {
    pub(super) tools: Tools,
    pub(super) first: bool,
    pub(super) structured: bool,
    pub(super) known: Arc<Merged>,
}

impl Merge {
    /// # Errors
    /// A [`Failure`] where the list beneath cannot be read.
    pub(super) fn apply(&self, response: Response) -> Result<Response, BoxError> {
        let Ok(list) = &response.outcome else { return Ok(response) };
        let key = (self.tools.id(), self.first, self.structured);
        let merged = self
            .known
            .get_or(list.json(), &key, || self.merged(list))
            .map_err(|fault| Failure::no_answer(&format!("the list of tools: {fault}")))?;
        Ok(match merged.map(|payload| payload.kept_as(list)) {
            Some(payload) => Response { outcome: Ok(payload), ..response },
            None => response,
        })
    }

    fn merged(&self, payload: &Payload) -> Result<Option<Payload>, JsonError> {
        let list = List::read(&Method::ToolsList, payload)?;
        let others = list.items.iter().filter(|item| self.tools.get(&item.name).is_none());
        let others = others.map(|item| &*item.json).collect::<Vec<_>>();
        if !self.first && others.len() == list.items.len() && !list.is_partial() {
            return Ok(None);
        }
        let own = self.tools.listing().items(self.structured).filter(|_| self.first);
        list.with(own.chain(others)).map(Some)
    }
}
