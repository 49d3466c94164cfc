//! Merges what the catalog lists with the list of the inner service, before its items.

use super::live::Catalog;
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
    /// Has the prompts and resources of the program.
    pub(super) catalog: Catalog,
    pub(super) method: Method,
    pub(super) first: bool,
    pub(super) structured: bool,
    pub(super) lists: Arc<Memo>,
}

impl Merge {
    /// Merges the catalog's items into an answer.
    ///
    /// # Errors
    /// [`RpcError`] if the list of the inner service cannot be read.
    pub(super) fn apply(&self, mut response: Response) -> Result<Response, BoxError> {
        let Ok(payload) = &mut response.outcome else { return Ok(response) };
        let key = Key { tools: self.tools.id(), first: self.first, structured: self.structured };
        let read = payload.list(&self.method, &self.lists);
        let merged = read.and_then(|list| list.made(&key, || self.merged(&list))).map_err(|fault| {
            let (member, _) = self.method.listed().unwrap_or_default();
            RpcError::no_answer(&format!("the list of {member}: {fault}"))
        })?;
        if let Some(merged) = merged {
            payload.show(merged);
        }
        Ok(response)
    }

    /// Returns the merged list; `None` if nothing changes.
    fn merged(&self, list: &List) -> Result<Option<Arc<List>>, JsonError> {
        let (program, method) = (self.catalog.program(), &self.method);
        let is_own = |name: &str| match method {
            Method::ToolsList => self.tools.get(name).is_some(),
            method => program.has(method, name),
        };
        let others = list.items().iter().filter(|item| !is_own(item.name()));
        let own = match method {
            _ if !self.first => &[],
            Method::ToolsList => self.tools.listing().items(self.structured)?,
            method => program.items(method),
        };
        let items: Vec<_> = own.iter().chain(others).cloned().collect();
        if !self.first && items.len() == list.items().len() && !list.is_partial() {
            return Ok(None);
        }
        Ok(Some(list.with(items)))
    }
}
