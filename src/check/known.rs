//! [`Known`]: the schemas that callers were shown.

use crate::catalog::Form;
use crate::identity::Identity;
use crate::rpc::json::{JsonError, Member, Scanner, Span};
use crate::rpc::{Item, List, Memo, Method, Param, Payload, Request, Size};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a schema is remembered.
const KNOWN: Duration = Duration::from_secs(12 * 60 * 60);
/// Beyond these limits, callers are forgotten and pages of one list are not remembered.
const MAX_CALLERS: usize = 1_000;
const MAX_PAGES: usize = 100;
/// The most bytes of all lists, each counted once.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// A longer schema is not checked by.
const LONGEST: usize = 256 * 1024;

/// Compiling a schema of this many bytes takes milliseconds.
const WORK: usize = 16 * 1024;

/// A hash: callers with the same one see the same list. `None` for callers without identity and headers.
type Caller = Option<[u8; 32]>;

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

#[derive(Debug)]
struct Shown {
    cursor: Bytes,
    page: Arc<Page>,
    at: Instant,
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
    callers: Mutex<HashMap<Caller, Vec<Shown>>>,
}

impl Known {
    /// Returns where the caller of `request` was shown a tool last.
    pub(super) fn last(&self, request: &Request, tool: &str) -> Option<Last> {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.is_empty() {
            return None;
        }
        let shown = callers.get(&caller(request))?;
        let with_tool = shown.iter().filter(|shown| shown.page.tools.contains_key(tool));
        let last = with_tool.max_by_key(|shown| shown.at).filter(|shown| shown.at.elapsed() < KNOWN)?;
        Some(Last { page: Arc::clone(&last.page), at: last.at })
    }

    /// Learns the schemas of a page; an answer that cannot be read as a list changes nothing.
    pub(super) fn learn(&self, request: &Request, payload: &mut Payload) {
        let list = payload.list(&Method::ToolsList, &self.lists);
        let Ok(page) = list.and_then(|list| list.made(&Key, || Page::of(&list).map(Arc::new))) else { return };
        let cursor = request.params.raw(Param::Cursor).unwrap_or_default();
        let now = Instant::now();
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = callers.entry(caller(request)).or_default();
        if let Some(known) = shown.iter_mut().find(|known| known.cursor == cursor) {
            let same = Arc::ptr_eq(&known.page, &page);
            (known.page, known.at) = (page, now);
            if same {
                return;
            }
        } else {
            shown.truncate(MAX_PAGES - 1);
            shown.push(Shown { cursor: Bytes::copy_from_slice(cursor), page, at: now });
        }
        bound(&mut callers);
    }
}

/// Forgets old pages, and then the callers who were shown a list longest ago, until the limits are kept.
fn bound(callers: &mut HashMap<Caller, Vec<Shown>>) {
    callers.retain(|_, shown| {
        shown.retain(|shown| shown.at.elapsed() < KNOWN);
        !shown.is_empty()
    });
    loop {
        let pages = callers.values().flatten().map(|shown| (Arc::as_ptr(&shown.page), shown.page.bytes));
        let bytes = pages.collect::<HashMap<_, _>>().values().sum::<usize>();
        if callers.len() <= MAX_CALLERS && bytes <= MAX_BYTES {
            return;
        }
        let last = |shown: &Vec<Shown>| shown.iter().map(|shown| shown.at).max();
        let oldest = callers.iter().min_by_key(|(_, shown)| last(shown)).map(|(caller, _)| *caller);
        let Some(oldest) = oldest else { return };
        callers.remove(&oldest);
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

/// Hashes all that a list depends on.
fn caller(request: &Request) -> Caller {
    let identity = request.extensions.get::<Identity>();
    if identity.is_none() && request.headers.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    let mut part = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    if let Some(identity) = identity {
        let (subject, scopes) = identity.headers();
        part(subject.as_bytes());
        part(scopes.as_bytes());
        part(identity.credentials().map_or(&b""[..], |own| own.authorization().as_bytes()));
    }
    let mut headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    headers.sort_by_key(|(name, _)| *name);
    for (name, value) in headers {
        part(name.as_bytes());
        part(value);
    }
    Some(hash.finalize().into())
}
