//! Lists as a caller may see them.

use super::policy::Rules;
use super::schema;
use crate::identity::Scopes;
use crate::rpc::json::JsonError;
use crate::rpc::{Failure, List, Method, Payload};
use crate::service::memo::Memo;
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;

/// What was made of lists; `None` of those that their caller may see whole.
pub(super) type Shown = Memo<Key, Option<Payload>>;

/// What it depends on besides the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    rules: (u64, u64),
    method: Method,
    have: Scopes,
}

/// One caller's view of one list.
#[derive(Debug)]
pub(super) struct Filter {
    rules: Rules,
    key: Key,
    shown: Arc<Shown>,
}

impl Filter {
    pub(super) fn new(rules: Rules, method: Method, have: &Scopes, shown: &Arc<Shown>) -> Self {
        let key = Key { rules: rules.id(), method, have: rules.known(have) };
        Self { rules, key, shown: Arc::clone(shown) }
    }

    /// The list without what the caller may not see.
    ///
    /// # Errors
    /// For what is no list: it is not shown at all.
    pub(super) fn apply(&self, list: &Payload) -> Result<Payload, Failure> {
        let shown = self.shown.get_or(list.json(), &self.key, || self.pick(list)).map_err(|fault| {
            tracing::warn!(method = %self.key.method, %fault, "a list that cannot be read is not shown");
            Failure::new(StatusCode::BAD_GATEWAY, format!("1C sent a list that cannot be read: {fault}"))
        })?;
        Ok(shown.map_or_else(|| list.clone(), |shown| shown.kept_as(list)).private())
    }

    fn pick(&self, payload: &Payload) -> Result<Option<Payload>, JsonError> {
        let Key { method, have, .. } = &self.key;
        let list = List::read(method, payload)?;
        let mut same = !list.is_partial();
        let mut items = Vec::with_capacity(list.items.len());
        for item in &list.items {
            if !have.contains_all(&self.rules.item(method, &item.name)) {
                same = false;
                continue;
            }
            let hidden = match method {
                Method::ToolsList => schema::without(&item.json, self.rules.closed(&item.name, Some(have))),
                _ => Ok(None),
            };
            match hidden {
                Ok(None) => items.push(item.json.clone()),
                Ok(Some(json)) => {
                    same = false;
                    items.push(Bytes::from(json));
                }
                Err(fault) => {
                    tracing::warn!(tool = item.name, %fault, "a tool whose input schema cannot be read is not shown");
                    same = false;
                }
            }
        }
        if same { Ok(None) } else { list.with(items.iter().map(|item| &item[..])).map(Some) }
    }
}
