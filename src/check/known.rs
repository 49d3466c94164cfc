//! [`Known`]: the schemas that callers were shown.

use crate::catalog::Form;
use crate::rpc::json::{JsonError, Member, Scanner, Span};
use crate::rpc::{Item, List, Memo, Method, Payload, Request, Size};
use crate::service::shown::{self, Asking, Shown};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;

/// A longer schema is not checked by.
const LONGEST: usize = 256 * 1024;

/// Compiling a schema of this many bytes takes milliseconds.
const WORK: usize = 16 * 1024;

/// The schemas of one page of a list.
#[derive(Debug, Default)]
struct Page {
    tools: HashMap<String, Arc<Schema>>,
    bytes: usize,
}

/// A schema, compiled when it is first needed; `None` if it cannot be compiled.
#[derive(Debug)]
struct Schema(Bytes, OnceLock<Option<Arc<Form>>>);

impl Size for Arc<Schema> {
    fn size(&self) -> usize {
        self.0.len()
    }
}

impl Size for Arc<Page> {
    fn size(&self) -> usize {
        self.bytes
    }
}

impl shown::Page for Page {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The page on which a caller was shown a tool last.
pub(super) struct Last {
    page: Arc<Page>,
    /// When the page was shown.
    pub(super) at: Instant,
}

impl Last {
    /// Returns whether the schema is not compiled yet and compiling it takes long.
    pub(super) fn is_work(&self, tool: &str) -> bool {
        self.page.tools.get(tool).is_some_and(|schema| schema.0.len() >= WORK && schema.1.get().is_none())
    }

    /// Returns the compiled schema.
    pub(super) fn form(&self, tool: &str) -> Option<Arc<Form>> {
        self.page.tools.get(tool)?.form(tool)
    }
}

/// The key of [`Page`]s among what is derived from a list; they depend on the list alone.
#[derive(Clone, PartialEq)]
struct Key;

#[derive(Debug, Default)]
pub(super) struct Known {
    lists: Arc<Memo>,
    shown: Shown<Page>,
}

impl Known {
    /// Returns where the caller of `request` was shown a tool last.
    pub(super) fn last(&self, request: &Request, tool: &str) -> Option<Last> {
        let with_tool = |page: &Arc<Page>| page.tools.contains_key(tool).then(|| Arc::clone(page));
        let (page, at) = self.shown.last(request, with_tool)?;
        Some(Last { page, at })
    }

    /// Returns who asks for a list, and for which page.
    pub(super) fn asking(&self, request: &Request) -> Asking {
        self.shown.asking(request)
    }

    /// Learns the schemas of a page; an answer that cannot be read as a list changes nothing.
    pub(super) fn learn(&self, asking: &Asking, payload: &mut Payload) {
        let list = payload.list(&Method::ToolsList, &self.lists);
        let Ok(page) = list.and_then(|list| list.made(&Key, || Page::of(&list).map(Arc::new))) else { return };
        self.shown.learn(asking, &page);
    }
}

impl Page {
    fn of(list: &List) -> Result<Self, JsonError> {
        let mut page = Self::default();
        for (item, schema) in list.items().iter().zip(list.each(&Key, Schema::of)?) {
            let Some(schema) = schema else { continue };
            page.bytes += item.name().len() + schema.0.len();
            page.tools.insert(item.name().to_owned(), schema);
        }
        Ok(page)
    }
}

impl Schema {
    fn of(item: &Item) -> Result<Option<Arc<Self>>, JsonError> {
        let mut found = Span::default();
        Scanner::new(&item.json)?.object::<JsonError>(|scanner, Member { key, .. }| {
            let span = scanner.skip()?;
            if key == "inputSchema" {
                found = span;
            }
            Ok(())
        })?;
        // Copied, since a slice would keep the whole message with the list in memory.
        let schema = found.of(&item.json).filter(|schema| schema.len() <= LONGEST);
        Ok(schema.map(|schema| Arc::new(Self(Bytes::copy_from_slice(schema), OnceLock::new()))))
    }

    fn form(&self, tool: &str) -> Option<Arc<Form>> {
        let Self(json, form) = self;
        let read = || {
            let schema = serde_json::from_slice(json).map_err(|error| error.to_string());
            schema.and_then(|schema| Form::of(&schema)).map(Arc::new).map_err(|why| {
                tracing::info!(tool, "arguments are not checked: the input schema {why}");
            })
        };
        form.get_or_init(|| read().ok()).clone()
    }
}
