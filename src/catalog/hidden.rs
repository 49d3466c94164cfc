//! Removes guarded values from the answers for callers without the scope. 1C should not send them; this is for 1C
//! extensions that do.

use super::tool::Tool;
use crate::identity::Scopes;
use crate::rpc::Payload;
use crate::rpc::json::{JsonError, Tree, plain_text, unquote};
use crate::scope::{folded, folded_name, other_forms, trimmed};
use std::sync::Arc;

/// The members of an answer in which names stand in the items, not in keys.
const COLUMNS: &str = "columns";
const ROWS: &str = "rows";
const TOTALS: &str = "totals";

/// Names that a caller needs a scope to see.
#[derive(Debug)]
pub(super) struct Names {
    scope: String,
    /// The names, folded.
    names: Vec<String>,
    /// The first characters of the names.
    first: Vec<char>,
}

/// The names that one caller may not see in the answers of one tool.
#[derive(Clone, Debug, Default)]
pub(super) struct Hidden(Vec<Arc<Names>>);

impl Names {
    /// Returns, for each tool, the names in the guards of all tools: a report that does not offer costs may still have
    /// them in its totals. Values that a tool offers to all its callers are not secret in its answers.
    pub(super) fn of_each(tools: &[Tool]) -> Vec<Vec<Arc<Self>>> {
        let mut all: Vec<(&str, Vec<String>)> = Vec::new();
        for guard in tools.iter().flat_map(|tool| &tool.0.guards) {
            let names = guard.values.iter().chain(&guard.names).map(|name| folded_name(name));
            match all.iter_mut().find(|(scope, _)| *scope == guard.scope) {
                Some((_, known)) => known.extend(names),
                None => all.push((&guard.scope, names.collect())),
            }
        }
        for (_, names) in &mut all {
            names.sort();
            names.dedup();
            names.retain(|name| !name.is_empty());
        }
        tools
            .iter()
            .map(|tool| all.iter().filter_map(|(scope, names)| Self::without(scope, names, tool)).collect())
            .collect()
    }

    fn without(scope: &str, names: &[String], tool: &Tool) -> Option<Arc<Self>> {
        let own = &tool.0.guards;
        let offered = tool.0.shapes.choices().filter(|choice| !own.iter().any(|guard| guard.holds(choice)));
        let offered: Vec<_> = offered.map(folded_name).collect();
        let names: Vec<_> = names.iter().filter(|name| !offered.contains(name)).cloned().collect();
        let first = names.iter().filter_map(|name| name.chars().next()).collect();
        (!names.is_empty()).then(|| Arc::new(Self { scope: scope.to_owned(), names, first }))
    }

    fn has(&self, text: &str) -> bool {
        let text = trimmed(text);
        if !self.may_begin(text) {
            return false;
        }
        self.begins(text) || other_forms(text).is_some_and(|text| self.begins(trimmed(&text)))
    }

    /// Returns `false` if a text certainly is no such name, by its first character; that is so for most texts.
    fn may_begin(&self, text: &str) -> bool {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (None, _) => false,
            // Characters that may be another form of a letter.
            (Some(first), _) if !matches!(first, '\0'..='\x7f' | '\u{400}'..='\u{45f}') => true,
            (_, Some('\u{300}'..='\u{36f}')) => true,
            (Some(first), _) => {
                folded(first.encode_utf8(&mut [0; 4])).next().is_some_and(|first| self.first.contains(&first))
            }
        }
    }

    /// Returns whether a text is one of the names, alone or with a remark: `Маржа, %`, `cost (RUB)`.
    fn begins(&self, text: &str) -> bool {
        self.names.iter().any(|name| {
            let mut text = folded(text);
            name.chars().all(|expected| text.next() == Some(expected))
                && text
                    .find(|c| !c.is_whitespace())
                    .is_none_or(|next| !(next.is_alphanumeric() || matches!(next, '_' | '-')))
        })
    }
}

impl Hidden {
    /// Returns the names that a caller with these scopes may not see. `None` is a caller who may do everything.
    pub(super) fn from(names: &[Arc<Names>], held: Option<&Scopes>) -> Self {
        let Some(held) = held else { return Self::default() };
        Self(names.iter().filter(|names| !held.contains(&names.scope)).cloned().collect())
    }

    fn has(&self, text: &str) -> bool {
        self.0.iter().any(|names| names.has(text))
    }

    /// Removes columns, totals and members of these names from an answer, at any depth.
    ///
    /// # Errors
    /// [`JsonError`] if the answer cannot be read, as it may then hold anything.
    pub(super) fn removed_from(&self, answer: Payload) -> Result<Payload, JsonError> {
        if self.0.is_empty() || !self.is_in(answer.json()) {
            return Ok(answer);
        }
        let mut tree = Tree::parse(answer.json())?;
        self.clean(&mut tree, &[]);
        let mut out = Vec::with_capacity(answer.json().len());
        tree.write(&mut out);
        answer.rewritten(out)
    }

    /// Returns whether some string of valid JSON is such a name: a quick check that most answers end with.
    fn is_in(&self, json: &[u8]) -> bool {
        let mut rest = json;
        while let Some(start) = rest.iter().position(|byte| *byte == b'"') {
            let text = rest.get(start + 1..).unwrap_or_default();
            let plain = plain_text(text);
            let (length, is_name) = match text.get(plain) {
                Some(b'"') => {
                    let text = std::str::from_utf8(text.get(..plain).unwrap_or_default());
                    (plain, text.map_or(true, |text| self.has(text)))
                }
                _ => {
                    let length = plain + end_of_string(text.get(plain..).unwrap_or_default());
                    let raw = rest.get(start..start + length + 2).unwrap_or_default();
                    (length, unquote(raw).is_none_or(|text| self.has(&text)))
                }
            };
            if is_name {
                return true;
            }
            rest = text.get(length + 1..).unwrap_or_default();
        }
        false
    }

    /// Removes the names. `above` are the columns of the table around this value: rows may be in groups.
    fn clean(&self, tree: &mut Tree, above: &[Columns]) {
        match tree {
            Tree::Object(members) => self.clean_members(members, above),
            Tree::Array(items) => items.iter_mut().for_each(|item| self.clean(item, above)),
            Tree::Text(_) | Tree::Raw(_) => {}
        }
    }

    fn clean_members(&self, members: &mut Vec<(String, Tree)>, above: &[Columns]) {
        members.retain(|(key, _)| !self.has(key));
        // The columns are found first, as rows may come before them.
        let own = self.columns(members);
        let are_own = !own.is_empty() || members.iter().any(|(key, _)| folded_name(key) == COLUMNS);
        let columns = if are_own { &own } else { above };
        for (key, value) in members.iter_mut() {
            if let Tree::Array(items) = value {
                let name = folded_name(key);
                own.iter().filter(|columns| columns.key == *key).for_each(|columns| columns.shorten(items));
                columns
                    .iter()
                    .filter(|columns| columns.key != *key)
                    .for_each(|columns| columns.leave_out(&name, items));
                match &*name {
                    ROWS => items.retain(|row| !self.is_row_of(row)),
                    TOTALS => items.retain(|total| !self.is_named_by(total)),
                    // A list of names.
                    _ if items.iter().all(|item| matches!(item, Tree::Text(_))) => {
                        items.retain(|item| !self.is_named_by(item));
                    }
                    _ => {}
                }
            }
            self.clean(value, columns);
        }
    }

    /// Finds the arrays that name columns: those called `columns`, or else those as long as the rows beside them.
    fn columns(&self, members: &[(String, Tree)]) -> Vec<Columns> {
        let arrays = || {
            members.iter().filter_map(|(key, value)| match value {
                Tree::Array(items) => Some((key, items)),
                _ => None,
            })
        };
        let are_called_so = arrays().any(|(key, items)| !items.is_empty() && folded_name(key) == COLUMNS);
        let widths: Vec<_> = arrays().filter_map(|(_, rows)| widest(rows)).collect();
        let is_heading = |key: &str, items: &[Tree]| match are_called_so {
            true => folded_name(key) == COLUMNS,
            false => widths.contains(&items.len()),
        };
        let named = |items: &[Tree]| items.iter().map(|item| self.is_named_by(item)).collect::<Vec<_>>();
        let headings = arrays().filter(|(key, items)| is_heading(key, items));
        let columns = headings.map(|(key, items)| Columns { key: key.clone(), named: named(items) });
        columns.filter(|columns| columns.named.contains(&true)).collect()
    }

    /// Returns whether an item, such as a column or a total, has one of the names.
    fn is_named_by(&self, item: &Tree) -> bool {
        match item {
            Tree::Text(text) => self.has(text),
            Tree::Object(members) => {
                members.iter().any(|(_, value)| matches!(value, Tree::Text(text) if self.has(text)))
            }
            _ => false,
        }
    }

    /// Returns whether a row has one of the names as the text of a cell. References are objects, and their names are
    /// not secret.
    fn is_row_of(&self, row: &Tree) -> bool {
        matches!(row, Tree::Array(cells) if cells.iter().any(|cell| matches!(cell, Tree::Text(text) if self.has(text))))
    }
}

/// An array that names columns, and which of them to remove.
struct Columns {
    key: String,
    named: Vec<bool>,
}

impl Columns {
    /// Removes the cells of these columns from the table `name`, or from totals in one row.
    fn leave_out(&self, name: &str, items: &mut Vec<Tree>) {
        let is_flat = !items.iter().any(|item| matches!(item, Tree::Array(_) | Tree::Object(_)));
        if name == TOTALS && is_flat && items.len() == self.named.len() {
            return self.shorten(items);
        }
        if !matches!(name, ROWS | TOTALS) && widest(items) != Some(self.named.len()) {
            return;
        }
        for item in items {
            if let Tree::Array(cells) = item {
                self.shorten(cells);
            }
        }
    }

    /// Removes the cells of these columns from a row. Cells beyond the last column are removed too.
    fn shorten(&self, cells: &mut Vec<Tree>) {
        let mut named = self.named.iter();
        cells.retain(|_| !named.next().copied().unwrap_or(true));
    }
}

/// Returns the width of the rows, if all have the same.
fn widest(rows: &[Tree]) -> Option<usize> {
    let mut widths = rows.iter().map(|row| match row {
        Tree::Array(cells) => Some(cells.len()),
        _ => None,
    });
    let first = widths.next()??;
    widths.all(|width| width == Some(first)).then_some(first)
}

/// Returns the number of bytes before the quote that ends a string.
fn end_of_string(text: &[u8]) -> usize {
    let mut length = 0;
    loop {
        match text.get(length) {
            Some(b'"') | None => return length,
            Some(b'\\') => length += 2,
            Some(_) => length += 1,
        }
    }
}
