//! Filters lists for a caller.

use super::policy::InForce;
use super::schema;
use crate::identity::Scopes;
use crate::rpc::json::JsonError;
use crate::rpc::{Item, List, Memo, Method, Payload, RpcError, Size};
use http::StatusCode;
use std::sync::Arc;

/// The key of a filtered list: all that it depends on besides the list.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    rules: (u64, u64),
    method: Method,
    have: Scopes,
}

/// The filter of one caller for one kind of list.
#[derive(Debug)]
pub(super) struct Filter {
    rules: InForce,
    key: Key,
    lists: Arc<Memo>,
}

impl Filter {
    pub(super) fn new(rules: InForce, method: Method, have: &Scopes, lists: &Arc<Memo>) -> Self {
        let key = Key { rules: rules.id(), method, have: rules.known(have) };
        Self { rules, key, lists: Arc::clone(lists) }
    }

    /// Returns the list without the items that the caller may not see.
    ///
    /// # Errors
    /// [`RpcError`] if it is not a list; then nothing of it is shown.
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

    /// Returns the filtered list; `None` if the caller may see all of it.
    fn pick(&self, list: &List) -> Result<Option<Arc<List>>, JsonError> {
        let seen = list.each(&self.key, |item| Ok::<_, JsonError>(self.seen(item)))?;
        if !list.is_partial() && seen.iter().all(|seen| matches!(seen, Seen::Whole)) {
            return Ok(None);
        }
        let items = list.items().iter().zip(seen).filter_map(|(item, seen)| match seen {
            Seen::Whole => Some(item.clone()),
            Seen::Less(item) => Some(item),
            Seen::Nothing => None,
        });
        Ok(Some(list.with(items.collect())))
    }

    fn seen(&self, item: &Item) -> Seen {
        let Key { method, have, .. } = &self.key;
        if !have.contains_all(&self.rules.item(method, item.name())) {
            return Seen::Nothing;
        }
        if *method != Method::ToolsList {
            return Seen::Whole;
        }
        match schema::without(&item.json, self.rules.closed(item.name(), Some(have))) {
            Ok(None) => Seen::Whole,
            Ok(Some(json)) => Seen::Less(item.rewritten(json)),
            Err(fault) => {
                let tool = item.name();
                tracing::warn!(tool, %fault, "a tool whose input schema cannot be read is not shown");
                Seen::Nothing
            }
        }
    }
}

/// The part of an item that a caller may see.
#[derive(Clone, Debug)]
enum Seen {
    Whole,
    Less(Item),
    Nothing,
}

impl Size for Seen {
    fn size(&self) -> usize {
        match self {
            Self::Less(item) => item.json.len(),
            Self::Whole | Self::Nothing => 0,
        }
    }
}
