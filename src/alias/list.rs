//! Lists of tools under the names that clients see.

use super::names::Names;
use super::{schema, show};
use crate::rpc::json::{JsonError, Member, Scanner, Span, Tree, quote_into, unquote};
use crate::rpc::name::{ATTEMPTS, Kept, looks_made, tool_alias};
use crate::rpc::{Item, List, Size, label, number};
use crate::service::shown::{self, Page as _};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Identifies the pages of one book.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pages(u64);

impl Default for Pages {
    fn default() -> Self {
        Self(number())
    }
}

/// A page of a list, with aliases.
#[derive(Debug)]
pub(super) struct Page {
    /// The page as clients see it; `None` if nothing changes.
    pub(super) shown: Option<Arc<List>>,
    /// Names that are aliases or look like one, each with 1C's name of the tool.
    pub(super) names: Vec<(String, String)>,
    /// Argument names, by 1C's name of the tool, where some are aliases or look like one.
    pub(super) arguments: Vec<(String, Arc<Names>)>,
}

impl Size for Arc<Page> {
    fn size(&self) -> usize {
        self.bytes()
    }
}

impl shown::Page for Page {
    fn bytes(&self) -> usize {
        let names = self.names.iter().map(|(alias, name)| alias.len() + name.len());
        let arguments = self.arguments.iter().map(|(tool, names)| tool.len() + names.size());
        self.shown.size() + names.sum::<usize>() + arguments.sum::<usize>()
    }
}

impl Page {
    /// Gives aliases to the tools and arguments of `list`.
    ///
    /// # Errors
    /// [`JsonError`] if it is not a list of tools.
    pub(super) fn of(list: &List, kept: Kept, key: &Pages) -> Result<Self, JsonError> {
        let (mut names, mut arguments) = (Vec::new(), Vec::new());
        let mut items = Vec::with_capacity(list.items().len());
        let seen = list.each(key, |item| {
            let (is_kept, is_made) = (kept.tool(item.name()), looks_made(item.name()));
            with_arguments(item, kept).map(|seen| Seen { is_kept, is_made, ..seen })
        })?;
        let mut changed = false;
        // Names that look like aliases and are tools' own in this list.
        let own = list.items().iter().zip(&seen).filter(|(_, seen)| seen.is_kept && seen.is_made);
        let mut taken: HashSet<String> = own.map(|(item, _)| item.name().to_owned()).collect();
        for (item, seen) in list.items().iter().zip(seen) {
            let name = item.name();
            arguments.extend(seen.names.map(|names| (name.to_owned(), names)));
            changed |= seen.shown.is_some();
            let item = seen.shown.unwrap_or_else(|| item.clone());
            if seen.is_kept {
                if seen.is_made {
                    names.push((name.to_owned(), name.to_owned()));
                }
                items.push(item);
            } else {
                changed = true;
                let mut free = (0..ATTEMPTS).map(|attempt| tool_alias(name, attempt));
                let Some(alias) = free.find(|alias| !taken.contains(alias)) else {
                    let name = label::clean(name);
                    tracing::warn!(%name, "left out of the list of tools: all its names are those of others");
                    continue;
                };
                taken.insert(alias.clone());
                items.push(renamed(&item, &alias)?);
                names.push((alias, name.to_owned()));
            }
        }
        let shown = changed.then(|| list.with(items));
        Ok(Self { shown, names, arguments })
    }
}

/// A tool's names.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Clients see the tool under its own name.
    is_kept: bool,
    /// The tool's own name looks like an alias.
    is_made: bool,
    /// The tool with aliases of its arguments; `None` if it has none.
    shown: Option<Item>,
    /// The names of its arguments, if some are aliases or look like one.
    names: Option<Arc<Names>>,
}

impl Size for Seen {
    fn size(&self) -> usize {
        self.shown.as_ref().map_or(0, |item| item.json.len()) + self.names.as_ref().map_or(0, |names| names.size())
    }
}

fn with_arguments(item: &Item, kept: Kept) -> Result<Seen, JsonError> {
    let json = &item.json;
    let mut found = Span::default();
    Scanner::new(json)?.object::<JsonError>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        if key == "inputSchema" {
            found = span;
        }
        Ok(())
    })?;
    let raw = found.of(json).unwrap_or(b"{}");
    let read = if schema::is_plain(raw, kept)? { None } else { Some(Tree::parse(raw)?) };
    let Some((mut tree, mut names)) = read.and_then(|tree| schema::read(&tree, kept).map(|names| (tree, names))) else {
        return Ok(Seen::default());
    };
    let mut source = DefaultHasher::new();
    raw.hash(&mut source);
    names.source = source.finish();
    if names.aliases.is_empty() {
        return Ok(Seen { names: Some(Arc::new(names)), ..Seen::default() });
    }
    show::show(&mut tree, &names);
    let mut out = Vec::with_capacity(json.len() + json.len() / 4);
    out.extend_from_slice(json.get(..found.start()).unwrap_or_default());
    tree.write(&mut out);
    out.extend_from_slice(json.get(found.end()..).unwrap_or_default());
    Ok(Seen { shown: Some(item.rewritten(out)), names: Some(Arc::new(names)), ..Seen::default() })
}

/// Renames a tool. The original name becomes its title, unless it has one.
fn renamed(item: &Item, alias: &str) -> Result<Item, JsonError> {
    let json = &item.json;
    let (mut name, mut title) = (Span::default(), Span::default());
    Scanner::new(json)?.object::<JsonError>(|scanner, Member { key, .. }| {
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
        quote_into(new_name, &label::clean(item.name()));
    } else if !titled {
        *place = title;
        quote_into(new_title, &label::clean(item.name()));
    }
    edits.sort_by_key(|(span, _)| span.start());
    let mut out = Vec::with_capacity(json.len() + alias.len() + item.name().len() + 16);
    let mut done = 0;
    for (span, text) in edits.iter().filter(|(span, _)| !span.is_empty()) {
        out.extend_from_slice(json.get(done..span.start()).unwrap_or_default());
        out.extend_from_slice(text);
        done = span.end();
    }
    out.extend_from_slice(json.get(done..).unwrap_or_default());
    Ok(Item::named("name", alias, out))
}
