//! [`Known`]: the tools that require consent, learned from lists of tools.

use super::hide::{hide, may_speak};
use super::schema::{Wanted, wanted};
use crate::rpc::json::{self, JsonError, Member, Scanner, Span, Tree};
use crate::rpc::{Item, List, Memo, Method, Payload, Request, Size};
use crate::service::shown::{self, Asking, Page as _, Shown};
use std::collections::HashMap;
use std::sync::Arc;

/// A tool that requires consent.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) wanted: Wanted,
    /// The tool's title, for people.
    pub(super) title: Option<String>,
}

/// A page of a list, as clients see it.
#[derive(Debug)]
struct Page {
    /// The page as clients see it; `None` if nothing changes.
    shown: Option<Arc<List>>,
    tools: HashMap<String, Option<Arc<Guarded>>>,
}

impl Size for Arc<Page> {
    fn size(&self) -> usize {
        self.bytes()
    }
}

impl shown::Page for Page {
    fn bytes(&self) -> usize {
        self.shown.size() + self.tools.keys().map(|name| name.len() + 64).sum::<usize>()
    }
}

/// The key of [`Page`]s among what is derived from a list; they depend on the list alone.
#[derive(Clone, PartialEq)]
struct Key;

/// The tools that each caller was shown.
#[derive(Debug, Default)]
pub(super) struct Known(Shown<Page>);

impl Known {
    /// Returns whether the caller of `request` was shown a tool, and if so, whether it requires consent.
    pub(super) fn tool(&self, request: &Request, name: &str) -> Option<Option<Arc<Guarded>>> {
        let tool = self.0.last(request, |page| page.tools.get(name).cloned());
        tool.map(|(guarded, _)| guarded)
    }

    /// Returns who asks for a list, and for which page.
    pub(super) fn asking(&self, request: &Request) -> Asking {
        self.0.asking(request)
    }

    /// Turns a list into the one that clients see, and learns its tools.
    ///
    /// # Errors
    /// [`JsonError`] if the payload is not a list of tools.
    pub(super) fn show(&self, asking: &Asking, payload: &mut Payload, lists: &Arc<Memo>) -> Result<(), JsonError> {
        let list = payload.list(&Method::ToolsList, lists)?;
        let page = list.made(&Key, || Page::of(&list).map(Arc::new))?;
        self.0.learn(asking, &page);
        if let Some(shown) = &page.shown {
            payload.show(Arc::clone(shown));
        }
        Ok(())
    }
}

impl Page {
    fn of(list: &List) -> Result<Self, JsonError> {
        let mut items = Vec::with_capacity(list.items().len());
        let mut tools = HashMap::with_capacity(list.items().len());
        let mut changed = false;
        for (item, Seen { shown, guarded }) in list.items().iter().zip(list.each(&Key, read)?) {
            changed |= shown.is_some();
            items.push(shown.unwrap_or_else(|| item.clone()));
            tools.insert(item.name().to_owned(), guarded);
        }
        let shown = changed.then(|| list.with(items));
        Ok(Self { shown, tools })
    }
}

/// A tool as clients see it, and the consent that it requires.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The tool without the argument; `None` if it has none.
    shown: Option<Item>,
    guarded: Option<Arc<Guarded>>,
}

impl Size for Seen {
    fn size(&self) -> usize {
        self.shown.as_ref().map_or(0, |item| item.json.len())
    }
}

fn read(item: &Item) -> Result<Seen, JsonError> {
    let tool = &item.json;
    if !may_speak(tool) {
        return Ok(Seen::default());
    }
    let (mut schema, mut title) = (Span::default(), Span::default());
    Scanner::new(tool)?.object::<JsonError>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        match &*key {
            "inputSchema" => schema = span,
            "title" => title = span,
            _ => {}
        }
        Ok(())
    })?;
    let Some(raw) = schema.of(tool) else { return Ok(Seen::default()) };
    let tree = Tree::parse(raw)?;
    let mut hidden = tree.clone();
    hide(&mut hidden);
    if hidden == tree {
        return Ok(Seen::default());
    }
    let title = json::text(tool, title).map(|title| title.into_owned());
    let guarded = wanted(&tree).map(|wanted| Arc::new(Guarded { wanted, title }));
    let mut out = Vec::with_capacity(tool.len());
    out.extend_from_slice(tool.get(..schema.start()).unwrap_or_default());
    hidden.write(&mut out);
    out.extend_from_slice(tool.get(schema.end()..).unwrap_or_default());
    Ok(Seen { shown: Some(item.rewritten(out)), guarded })
}
