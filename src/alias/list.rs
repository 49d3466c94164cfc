//! A list of tools under the names that clients see.

use super::name::{alias, is_legal, looks_made};
use crate::memo::Size;
use crate::rpc::json::{Fault, Member, Scanner, Span, quote_into, unquote};
use crate::rpc::{Item, List, Method, Payload};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What was made of one page of a list.
#[derive(Debug)]
pub(super) struct Page {
    /// As clients see it; `None` where nothing changes.
    pub(super) shown: Option<Payload>,
    /// Names that are or look like aliases, and what 1C calls their tools.
    pub(super) names: Vec<(String, String)>,
    /// The edition of the book that has these names.
    pub(super) edition: AtomicU64,
}

impl Size for Arc<Page> {
    fn size(&self) -> usize {
        let names = self.names.iter().map(|(alias, name)| alias.len() + name.len());
        self.shown.size() + names.sum::<usize>()
    }
}

impl Page {
    /// # Errors
    /// [`Fault`] for what is no list of tools.
    pub(super) fn of(payload: &Payload) -> Result<Self, Fault> {
        let list = List::read(&Method::ToolsList, payload)?;
        let mut names = Vec::new();
        let mut items = Vec::with_capacity(list.items.len());
        let mut changed = false;
        for item in &list.items {
            if is_legal(&item.name) {
                if looks_made(&item.name) {
                    names.push((item.name.clone(), item.name.clone()));
                }
                items.push(item.json.clone());
            } else {
                let name = alias(&item.name);
                items.push(renamed(item, &name)?);
                names.push((name.into_owned(), item.name.clone()));
                changed = true;
            }
        }
        let shown = if changed { Some(list.with(items.iter().map(|item| &**item))?) } else { None };
        Ok(Self { shown, names, edition: AtomicU64::new(0) })
    }
}

/// The tool under another name. Its own one becomes the title, unless it has a title.
fn renamed(item: &Item, alias: &str) -> Result<Bytes, Fault> {
    let json = &item.json;
    let (mut name, mut title) = (Span::default(), Span::default());
    Scanner::new(json)?.object::<Fault>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        match &*key {
            "name" => name = span,
            "title" => title = span,
            _ => {}
        }
        Ok(())
    })?;
    let titled = title.of(json).and_then(unquote).is_some_and(|title| !title.trim().is_empty());
    let mut edits = [(name, Vec::new()), (Span::default(), Vec::new())];
    let [(_, new_name), (place, new_title)] = &mut edits;
    quote_into(new_name, alias);
    if !titled && title.is_empty() {
        new_name.extend_from_slice(b",\"title\":");
        quote_into(new_name, &item.name);
    } else if !titled {
        *place = title;
        quote_into(new_title, &item.name);
    }
    edits.sort_by_key(|(span, _)| span.start());
    let mut out = Vec::with_capacity(json.len() + alias.len() + item.name.len() + 16);
    let mut done = 0;
    for (span, text) in edits.iter().filter(|(span, _)| !span.is_empty()) {
        out.extend_from_slice(json.get(done..span.start()).unwrap_or_default());
        out.extend_from_slice(text);
        done = span.end();
    }
    out.extend_from_slice(json.get(done..).unwrap_or_default());
    Ok(out.into())
}
