//! The catalog of business tools: the built-in one, or a file.

use super::catalog_text::{cut_texts, json, yaml};
use super::files;
use super::parse::{self, Parsed, refused};
use onec_mcp::catalog::{Limits, Tool, Tools};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

/// The longest file in bytes: a larger catalog is of no use to a model.
const LIMIT: u64 = 4 << 20;

/// Paths of the gateway itself: a tool at one of them would be unreachable, or hide it.
const OWN_PATHS: [&str; 12] = [
    "mcp",
    "sse",
    "health",
    "livez",
    "info",
    "openapi.json",
    ".well-known",
    "oauth",
    "register",
    "authorize",
    "token",
    "revoke",
];

/// A catalog, and its source.
#[derive(Clone)]
pub(crate) struct Catalog {
    /// The file; `None` if the catalog is built in.
    file: Option<File>,
    /// The tools, as they were when the file was read.
    pub(crate) tools: Tools,
    /// The content of the file, to see changes.
    content: Value,
    limits: Limits,
    /// Possible mistakes in the file, one line each.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    /// The path as the user wrote it.
    name: String,
}

/// Without the schemas, which fill pages.
impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.tools.iter().map(Tool::name).collect();
        let mut debug = f.debug_struct("Catalog");
        debug.field("file", &self.file).field("limits", &self.limits).field("tools", &names).finish_non_exhaustive()
    }
}

impl Catalog {
    /// Reads `none`, `trade`, or the path of a file, relative to `cwd`.
    pub(super) fn parse(text: &str, limits: Limits, cwd: &Path) -> Parsed<Option<Self>> {
        let file = match text.to_ascii_lowercase().as_str() {
            "none" => return Ok(None),
            "trade" => None,
            _ => Some(File { path: cwd.join(parse::path(text)?), name: text.to_owned() }),
        };
        Self::read(file, limits).map(Some).map_err(refused)
    }

    /// Returns the name that the user gave.
    pub(crate) fn name(&self) -> &str {
        self.file.as_ref().map_or("trade", |file| &file.name)
    }

    /// Returns whether the catalog is a file, which may change.
    pub(crate) const fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// The error in the file, on one line for the log.
    pub(crate) fn read_again(&self) -> Result<Self, String> {
        Self::read(self.file.clone(), self.limits).map_err(|why| {
            // Without the line of the file that is shown with an error, and the caret below it.
            let is_shown = |line: &str| line.trim_start().starts_with('^') || line.contains(" | ");
            let told = why.lines().filter(|line| !is_shown(line)).map(str::trim);
            told.collect::<Vec<_>>().join("; ")
        })
    }

    fn read(file: Option<File>, limits: Limits) -> Result<Self, String> {
        let Some(known) = &file else {
            let tools = Tools::trade(limits).map_err(|error| error.to_string())?;
            return Ok(Self { file, tools, content: Value::Null, limits, notes: Vec::new() });
        };
        let (content, mut notes) = content(known)?;
        let tools = tools(&content, &known.name, limits).map_err(|why| {
            // The cut text may be the missing one.
            notes.iter().fold(why, |why, note| format!("{why}\n  note: {note}"))
        })?;
        notes.extend(tools.notes().iter().map(|note| unnamed(note, &known.name).to_owned()));
        Ok(Self { file, tools, content, limits, notes })
    }

    /// Describes how the tools of `new` differ from these, for the log.
    pub(crate) fn changes(&self, new: &Self) -> String {
        let missing = |from: &Self, in_these: &Self| {
            from.tools.iter().filter(|tool| in_these.tools.get(tool.name()).is_none()).count()
        };
        let changed =
            |tool: &&Tool| self.tools.get(tool.name()).is_some() && self.entry(tool.name()) != new.entry(tool.name());
        let (total, changed) = (new.tools.iter().count(), new.tools.iter().filter(changed).count());
        let (added, removed) = (missing(new, self), missing(self, new));
        format!("{total} tools, {added} added, {removed} removed, {changed} changed")
    }

    /// Returns the entry of a tool in the file.
    fn entry(&self, name: &str) -> Option<&Value> {
        let mut entries = self.content.get("tools")?.as_array()?.iter();
        entries.find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
    }
}

/// Returns the content of the file, and texts that a comment may have cut.
fn content(file: &File) -> Result<(Value, Vec<String>), String> {
    let File { path, .. } = file;
    let text = match path.metadata() {
        // Read again on SIGHUP, a pipe would wait for a writer, maybe for ever.
        Ok(about) if !about.is_file() && !about.is_dir() => Err("that is no regular file".to_owned()),
        _ => files::text(path, LIMIT),
    };
    let text = text.map_err(|why| match path.is_file() {
        true => why,
        false => format!("{why}; expected none, trade, or the path of a file (YAML or JSON)"),
    })?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return Ok((json(&text)?, Vec::new()));
    }
    Ok((yaml(&text)?, cut_texts(&text, true)))
}

/// Returns a line about a file without the file's name, which was printed before.
fn unnamed<'a>(line: &'a str, name: &str) -> &'a str {
    line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(line)
}

fn tools(content: &Value, name: &str, limits: Limits) -> Result<Tools, String> {
    let tools = Tools::read(content, name, limits).map_err(|error| {
        let text = error.to_string();
        together(text.lines().map(|line| unnamed(line, name).to_owned()).collect())
    })?;
    let wrong = own_paths(&tools);
    if wrong.is_empty() { Ok(tools) } else { Err(together(wrong)) }
}

/// Joins errors: one as it is, several as a list.
fn together(wrong: Vec<String>) -> String {
    match &*wrong {
        [one] => one.clone(),
        several => format!("{} things are wrong in it:\n  {}", several.len(), several.join("\n  ")),
    }
}

/// Returns errors in the paths of the REST endpoints.
fn own_paths(tools: &Tools) -> Vec<String> {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let taken = |path: &&str| OWN_PATHS.contains(&&*first(path)) || first(path).is_empty();
    let wrong = tools.iter().filter_map(|tool| Some((tool.name(), tool.rest().filter(taken)?)));
    let message = |(name, path)| {
        format!("tool \"{name}\": rest: {path} belongs to the gateway; expected another path, e.g. /reports/{name}")
    };
    wrong.map(message).collect()
}
