//! [`ListEditor`].

use super::item::Item;
use super::json::JsonError;
use super::memo::{Memo, number};
use super::method::Method;
use super::payload::Payload;
use std::sync::Arc;

/// Edits the items of lists, and remembers what it made of each list.
///
/// A layer that changes `tools/list` or another list keeps one editor; clones share what is remembered. A list that
/// 1C sends unchanged is edited once for each key, and layers above find their own work on it remembered too. The
/// list's other members and the hints beside it (`ttlMs`, `cacheScope`) stay.
///
/// # Example
/// ```
/// use onec_mcp::rpc::{BoxError, ListEditor, Method, Next, Payload, Request, Response, from_fn};
/// use serde_json::json;
///
/// let editor = ListEditor::new();
/// let layer = from_fn(move |request: Request, next: Next| {
///     let editor = editor.clone();
///     async move {
///         let method = request.method.clone();
///         let mut answer = next.run(request).await?;
///         if let (Method::ToolsList, Ok(list)) = (&method, &mut answer.outcome) {
///             // The edit depends on nothing but the items, so one key is enough.
///             editor.edit(list, &method, &(), |items| {
///                 items.retain(|tool| !tool.name().starts_with("debug_"));
///                 for tool in items {
///                     if tool.get("title")?.is_none() {
///                         *tool = tool.with("title", &json!(tool.name().replace('_', " ")))?;
///                     }
///                 }
///                 Ok(())
///             })?;
///         }
///         Ok(answer)
///     }
/// });
/// # use onec_mcp::rpc::{Params, Version};
/// # use tower::{Layer, ServiceExt, service_fn};
/// # let onec = service_fn(|_: Request| async {
/// #     let list = r#"{"tools":[{"name":"debug_a"},{"name":"stock_left"}]}"#;
/// #     Ok::<_, BoxError>(Response::result(Payload::parse(list)?.with_ttl_ms(5)))
/// # });
/// # let request = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
/// # let run = async { layer.layer(onec).oneshot(request).await?.outcome.map_err(BoxError::from) };
/// # let list = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run).unwrap();
/// # assert_eq!(list.json(), r#"{"tools":[{"name":"stock_left","title":"stock left"}]}"#);
/// ```
#[derive(Clone, Debug)]
pub struct ListEditor {
    /// Tells its work from that of other editors, as layers share memory.
    id: u64,
    lists: Arc<Memo>,
}

/// The key of an edited list: all that it depends on besides the list.
#[derive(Clone, Debug, PartialEq)]
struct Key<K> {
    editor: u64,
    key: K,
}

impl Default for ListEditor {
    fn default() -> Self {
        Self::new()
    }
}

impl ListEditor {
    /// Creates an editor that remembers nothing yet. It remembers at most 256 lists, of 16 MiB in all.
    pub fn new() -> Self {
        Self { id: number(), lists: Arc::default() }
    }

    /// Edits the items of the list in `payload`, an answer to `method`.
    ///
    /// `edit` may change, drop, add and sort the items; an item without a readable name is not among them, and is left
    /// out of the list. It is not called if it was called for this very list and an equal `key` before. So the `key`
    /// must hold all that the edit depends on besides the items: the scopes of the caller, say.
    ///
    /// # Errors
    /// [`JsonError`] if the payload is no such list, and the errors of `edit`. The payload is then unchanged.
    pub fn edit<K>(
        &self,
        payload: &mut Payload,
        method: &Method,
        key: &K,
        edit: impl FnOnce(&mut Vec<Item>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
    {
        let list = payload.list(method, &self.lists)?;
        let key = Key { editor: self.id, key: key.clone() };
        let edited = list.made(&key, || {
            let mut items = list.items().to_vec();
            edit(&mut items)?;
            let same =
                items.len() == list.items().len() && items.iter().zip(list.items()).all(|(new, old)| new.is(old));
            Ok((!same || list.is_partial()).then(|| list.with(items)))
        })?;
        if let Some(edited) = edited {
            payload.show(edited);
        }
        Ok(())
    }
}
