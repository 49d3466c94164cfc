//! [`Book`]: the tool that each alias stands for, learned from lists of tools.

use super::arguments::{Back, TwiceError};
use super::list::{Page, Pages};
use super::names::Names;
use crate::identity::Sharing;
use crate::rpc::json::JsonError;
use crate::rpc::name::Kept;
use crate::rpc::{Memo, Method, Payload, Request};
use crate::service::shown::{Asking, Shown};
use std::collections::HashSet;
use std::sync::Arc;

/// A caller may have been shown several schemas of one tool: so many of them count, the most recent ones.
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
    shown: Shown<Page>,
}

impl Book {
    pub(super) fn new(kept: Kept, sharing: Sharing) -> Self {
        // A name keeps its meaning under other scopes, so that the layers below can say which ones it needs.
        Self { kept, pages: Pages::default(), lists: Arc::default(), shown: Shown::of_users(sharing) }
    }

    /// Returns what a name means in the lists that the caller of `request` was shown.
    pub(super) fn meaning(&self, request: &Request, name: &str) -> Option<Meaning> {
        let tools = self.shown.all(request, |page| {
            page.names.iter().find(|(alias, _)| alias == name).map(|(_, tool)| Arc::<str>::from(&**tool))
        });
        let first = tools.first()?;
        let same = tools.iter().all(|tool| tool == first);
        Some(if same { Meaning::Tool(Arc::clone(first)) } else { Meaning::Several })
    }

    /// Maps the arguments of a call of `tool` to 1C's names, as far as the caller of `request` was shown its schemas.
    ///
    /// # Errors
    /// [`TwiceError`] if an argument is given under both its names.
    pub(super) fn back(&self, request: &Request, tool: &str, arguments: &[u8]) -> Result<Back, TwiceError> {
        let mut views: Vec<Arc<Names>> = self.shown.all(request, |page| {
            page.arguments.iter().find(|(name, _)| name == tool).map(|(_, names)| Arc::clone(names))
        });
        let mut known = HashSet::new();
        views.retain(|view| known.insert(view.source));
        let mut best = Back { strange: true, ..Back::default() };
        for view in views.into_iter().take(MAX_VIEWS) {
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

    /// Returns who asks for a list, and for which page.
    pub(super) fn asking(&self, request: &Request) -> Asking {
        self.shown.asking(request)
    }

    /// Turns a list into the one that clients see, and learns its names.
    ///
    /// # Errors
    /// [`JsonError`] if the payload is not a list of tools.
    pub(super) fn show(&self, asking: &Asking, payload: &mut Payload) -> Result<(), JsonError> {
        let list = payload.list(&Method::ToolsList, &self.lists)?;
        let page = list.made(&self.pages, || Page::of(&list, self.kept, &self.pages).map(Arc::new))?;
        if !page.names.is_empty() || !page.arguments.is_empty() {
            // A client may go by an older list for a while, so those stay known.
            self.shown.learn_too(asking, &page);
        }
        if let Some(shown) = &page.shown {
            payload.show(Arc::clone(shown));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::alias;
    use crate::rpc::{Params, Version};

    fn list(names: &[&str]) -> Payload {
        let tools: Vec<_> = names.iter().map(|name| serde_json::json!({ "name": name })).collect();
        Payload::parse(serde_json::json!({ "tools": tools }).to_string()).unwrap()
    }

    fn request() -> Request {
        Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25)
    }

    fn tool(name: &str) -> Option<Meaning> {
        Some(Meaning::Tool(name.into()))
    }

    #[test]
    fn a_name_of_two_tools_means_neither() {
        let (book, request) = (Book::new(Kept::default(), Sharing::nobody()), request());
        let asking = book.asking(&request);
        let made = alias("Отчёт");
        book.show(&asking, &mut list(&["Отчёт", "Отчёт"])).unwrap();
        assert_eq!(book.meaning(&request, &made), tool("Отчёт"));
        book.show(&asking, &mut list(&[&made])).unwrap();
        assert_eq!(book.meaning(&request, &made), Some(Meaning::Several));
        book.show(&asking, &mut list(&["Отчёт"])).unwrap();
        assert_eq!(book.meaning(&request, &made), Some(Meaning::Several));
    }

    #[test]
    fn what_is_forgotten_comes_back_with_its_list() {
        let (book, request) = (Book::new(Kept::default(), Sharing::nobody()), request());
        let asking = book.asking(&request);
        let first = list(&["первый"]);
        book.show(&asking, &mut first.clone()).unwrap();
        assert_eq!(book.meaning(&request, &alias("первый")), tool("первый"));
        for page in 0..200 {
            book.show(&asking, &mut list(&[&format!("имя {page}")])).unwrap();
        }
        assert_eq!(book.meaning(&request, &alias("первый")), None);
        book.show(&asking, &mut first.clone()).unwrap();
        assert_eq!(book.meaning(&request, &alias("первый")), tool("первый"));
    }
}
