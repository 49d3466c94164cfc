//! Lists as a caller may see them.

use super::policy::Rules;
use super::schema;
use crate::identity::Scopes;
use crate::rpc::json::JsonError;
use crate::rpc::{List, Memo, Method, Payload, RpcError};
use http::StatusCode;
use std::sync::Arc;

/// What a view depends on besides the list.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    rules: (u64, u64),
    method: Method,
    have: Scopes,
}

/// One caller's view of one list.
#[derive(Debug)]
pub(super) struct Filter {
    rules: Rules,
    key: Key,
    lists: Arc<Memo>,
}

impl Filter {
    pub(super) fn new(rules: Rules, method: Method, have: &Scopes, lists: &Arc<Memo>) -> Self {
        let key = Key { rules: rules.id(), method, have: rules.known(have) };
        Self { rules, key, lists: Arc::clone(lists) }
    }

    /// The list without what the caller may not see.
    ///
    /// # Errors
    /// For what is no list: it is not shown at all.
    pub(super) fn apply(&self, mut list: Payload) -> Result<Payload, RpcError> {
        let read = list.list(&self.key.method, &self.lists);
        let shown = read.and_then(|list| list.made(&self.key, || self.pick(&list))).map_err(|fault| {
            tracing::warn!(method = %self.key.method, %fault, "a list that cannot be read is not shown");
            RpcError::new(StatusCode::BAD_GATEWAY, format!("1C sent a list that cannot be read: {fault}"))
        })?;
        if let Some(shown) = shown {
            list.show(shown);
        }
        Ok(list.private())
    }

    /// `None` where the caller may see the whole list.
    fn pick(&self, list: &List) -> Result<Option<Arc<List>>, JsonError> {
        let Key { method, have, .. } = &self.key;
        let mut same = !list.is_partial();
        let mut items = Vec::with_capacity(list.items().len());
        for item in list.items() {
            if !have.contains_all(&self.rules.item(method, item.name())) {
                same = false;
                continue;
            }
            let hidden = match method {
                Method::ToolsList => schema::without(&item.json, self.rules.closed(item.name(), Some(have))),
                _ => Ok(None),
            };
            match hidden {
                Ok(None) => items.push(item.clone()),
                Ok(Some(json)) => {
                    same = false;
                    items.push(item.rewritten(json));
                }
                Err(fault) => {
                    let tool = item.name();
                    tracing::warn!(tool, %fault, "a tool whose input schema cannot be read is not shown");
                    same = false;
                }
            }
        }
        Ok((!same).then(|| list.with(items)))
    }
}
