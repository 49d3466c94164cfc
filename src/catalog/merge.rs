//! Merges the catalog's tools with the list of the inner service, before its items.

use super::tools::Tools;
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, List, Memo, Method, Response, RpcError};
use std::sync::Arc;

/// The key of a merged list: all that it depends on besides the list.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    tools: u64,
    /// Whether it is the first page.
    first: bool,
    /// Whether output schemas are shown.
    structured: bool,
}

/// The merge of one list.
#[derive(Debug)]
pub(super) struct Merge {
    pub(super) tools: Tools,
    pub(super) first: bool,
    pub(super) structured: bool,
    pub(super) lists: Arc<Memo>,
}

impl Merge {
    /// Merges the tools into an answer.
    ///
    /// # Errors
    /// [`RpcError`] if the list of the inner service cannot be read.
    pub(super) fn apply(&self, mut response: Response) -> Result<Response, BoxError> {
        let Ok(payload) = &mut response.outcome else { return Ok(response) };
        let key = Key { tools: self.tools.id(), first: self.first, structured: self.structured };
        let read = payload.list(&Method::ToolsList, &self.lists);
        let merged = read
            .and_then(|list| list.made(&key, || self.merged(&list)))
            .map_err(|fault| RpcError::no_answer(&format!("the list of tools: {fault}")))?;
        if let Some(merged) = merged {
            payload.show(merged);
        }
        Ok(response)
    }

    /// Returns the merged list; `None` if nothing changes.
    fn merged(&self, list: &List) -> Result<Option<Arc<List>>, JsonError> {
        let others = list.items().iter().filter(|item| self.tools.get(item.name()).is_none());
        let own = if self.first { self.tools.listing().items(self.structured)? } else { &[] };
        let items: Vec<_> = own.iter().chain(others).cloned().collect();
        if !self.first && items.len() == list.items().len() && !list.is_partial() {
            return Ok(None);
        }
        Ok(Some(list.with(items)))
    }
}
