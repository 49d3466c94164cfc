//! [`Book`]: the tool that each alias stands for, learned from lists of tools.

use super::arguments::{Back, TwiceError};
use super::list::{Page, Pages};
use super::names::Names;
use crate::rpc::json::JsonError;
use crate::rpc::name::Kept;
use crate::rpc::{Memo, Method, Payload};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Beyond this many names all are forgotten; later lists bring them back.
const MAX_NAMES: usize = 10_000;
/// Beyond this many bytes of argument names all are forgotten too.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Callers may see different schemas of one tool: so many of them are known, the most recent ones.
const MAX_VIEWS: usize = 8;

/// The meaning of a name that looks like an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The tool of this name.
    Tool(Arc<str>),
    /// More than one tool.
    Several,
}

#[derive(Debug)]
pub(super) struct Book {
    kept: Kept,
    pages: Pages,
    lists: Arc<Memo>,
    names: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    known: HashMap<String, Meaning>,
    /// The argument names of each tool, most recent first.
    arguments: HashMap<String, VecDeque<Arc<Names>>>,
    bytes: usize,
    /// How often everything was forgotten.
    edition: u64,
}

impl Book {
    pub(super) fn new(kept: Kept) -> Self {
        Self { kept, pages: Pages::default(), lists: Arc::default(), names: Mutex::default() }
    }

    pub(super) fn meaning(&self, name: &str) -> Option<Meaning> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).known.get(name).cloned()
    }

    /// Maps the arguments of a call of `tool` to 1C's names, as far as its schemas are known.
    ///
    /// # Errors
    /// [`TwiceError`] if an argument is given under both its names.
    pub(super) fn back(&self, tool: &str, arguments: &[u8]) -> Result<Back, TwiceError> {
        let views = {
            let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.arguments.get(tool).cloned().unwrap_or_default()
        };
        let mut best = Back { strange: true, ..Back::default() };
        for view in views {
            let back = view.back(arguments)?;
            if !back.strange {
                return Ok(back);
            }
            if back.mapped > best.mapped {
                best = back;
            }
        }
        Ok(best)
    }

    /// Turns a list into the one that clients see, and learns its names.
    ///
    /// # Errors
    /// [`JsonError`] if the payload is not a list of tools.
    pub(super) fn show(&self, payload: &mut Payload) -> Result<(), JsonError> {
        let list = payload.list(&Method::ToolsList, &self.lists)?;
        let page = list.made(&self.pages, || Page::of(&list, self.kept, &self.pages).map(Arc::new))?;
        self.learn(&page);
        if let Some(shown) = &page.shown {
            payload.show(Arc::clone(shown));
        }
        Ok(())
    }

    fn learn(&self, page: &Page) {
        if page.names.is_empty() && page.arguments.is_empty() {
            return;
        }
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        // A page's edition begins at 0, which is "not learned"; the book's, as stored in pages, begins at 1.
        if page.edition.load(Ordering::Relaxed) == names.edition + 1 {
            return;
        }
        let bytes = page.arguments.iter().map(|(tool, names)| tool.len() + names.size()).sum::<usize>();
        if names.known.len() + page.names.len() > MAX_NAMES || names.bytes + bytes > MAX_BYTES {
            names.known.clear();
            names.arguments.clear();
            names.bytes = 0;
            names.edition += 1;
        }
        page.edition.store(names.edition + 1, Ordering::Relaxed);
        for (alias, tool) in page.names.iter().take(MAX_NAMES) {
            let known = names.known.entry(alias.clone()).or_insert_with(|| Meaning::Tool(tool.as_str().into()));
            if !matches!(known, Meaning::Tool(same) if **same == **tool) {
                *known = Meaning::Several;
            }
        }
        // Dropped views stay counted until everything is forgotten; that only means forgetting somewhat earlier.
        names.bytes += bytes;
        for (tool, view) in &page.arguments {
            let views = names.arguments.entry(tool.clone()).or_default();
            views.retain(|known| known.source != view.source);
            views.truncate(MAX_VIEWS - 1);
            views.push_front(Arc::clone(view));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::alias;

    fn list(names: &[&str]) -> Payload {
        let tools: Vec<_> = names.iter().map(|name| serde_json::json!({ "name": name })).collect();
        Payload::parse(serde_json::json!({ "tools": tools }).to_string()).unwrap()
    }

    fn tool(name: &str) -> Option<Meaning> {
        Some(Meaning::Tool(name.into()))
    }

    #[test]
    fn what_is_forgotten_comes_back_with_its_list() {
        let book = Book::new(Kept::default());
        let first = list(&["первый"]);
        book.show(&mut first.clone()).unwrap();
        assert_eq!(book.meaning(&alias("первый")), tool("первый"));
        for thousand in 0..MAX_NAMES / 1000 {
            let names: Vec<String> = (0..1000).map(|number| format!("имя {thousand} {number}")).collect();
            book.show(&mut list(&names.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        }
        assert_eq!(book.meaning(&alias("первый")), None);
        book.show(&mut first.clone()).unwrap();
        assert_eq!(book.meaning(&alias("первый")), tool("первый"));
        assert!(book.names.lock().unwrap().known.len() <= MAX_NAMES);
    }

    #[test]
    fn a_name_of_two_tools_means_neither() {
        let book = Book::new(Kept::default());
        let made = alias("Отчёт");
        book.show(&mut list(&["Отчёт", "Отчёт"])).unwrap();
        assert_eq!(book.meaning(&made), tool("Отчёт"));
        book.show(&mut list(&[&made])).unwrap();
        assert_eq!(book.meaning(&made), Some(Meaning::Several));
        book.show(&mut list(&["Отчёт"])).unwrap();
        assert_eq!(book.meaning(&made), Some(Meaning::Several));
    }
}
