//! The catalog of business tools: built in, or a file.

use super::catalog_text::{cut_texts, json, yaml};
use super::files;
use super::parse::{self, Parsed, refused};
use onec_mcp::catalog::{Limits, Tool, Tools};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

/// No catalog that a model could use is that large.
const LIMIT: u64 = 4 << 20;

/// Paths that are the gateway's own: a tool at one of them would be out of reach, or in the way.
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

/// A catalog, and where it came from.
#[derive(Clone)]
pub(crate) struct Catalog {
    /// The file; there is none if the catalog is built in.
    file: Option<File>,
    /// The tools, as they were when it was read.
    pub(crate) tools: Tools,
    /// What the file says of them, to see what changed.
    content: Value,
    limits: Limits,
    /// What may be a mistake in the file, one line each.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    /// As the user wrote it.
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
    /// `none`, `trade`, or the path of a file, meant from `cwd`.
    pub(super) fn parse(text: &str, limits: Limits, cwd: &Path) -> Parsed<Option<Self>> {
        let file = match text.to_ascii_lowercase().as_str() {
            "none" => return Ok(None),
            "trade" => None,
            _ => Some(File { path: cwd.join(parse::path(text)?), name: text.to_owned() }),
        };
        Self::read(file, limits).map(Some).map_err(refused)
    }

    /// As the user called it.
    pub(crate) fn name(&self) -> &str {
        self.file.as_ref().map_or("trade", |file| &file.name)
    }

    /// Whether it is a file, which may change.
    pub(crate) const fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// The catalog as it is in the file now.
    ///
    /// # Errors
    /// What is wrong with the file, on one line for the log.
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
            // What was cut off may be what is missing.
            notes.iter().fold(why, |why, note| format!("{why}\n  note: {note}"))
        })?;
        notes.extend(tools.notes().iter().map(|note| unnamed(note, &known.name).to_owned()));
        Ok(Self { file, tools, content, limits, notes })
    }

    /// How the tools of `new` differ from these, for the log.
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

    /// What the file itself says of a tool.
    fn entry(&self, name: &str) -> Option<&Value> {
        let mut entries = self.content.get("tools")?.as_array()?.iter();
        entries.find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
    }
}

/// What stands in the file, and what may have been cut from it.
fn content(file: &File) -> Result<(Value, Vec<String>), String> {
    let File { path, .. } = file;
    let text = match path.metadata() {
        // Opened again on SIGHUP, a pipe would wait for somebody to write to it, maybe for ever.
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

/// A line about a file that is named before it already.
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

/// One thing that is wrong as it is, several as a list.
fn together(wrong: Vec<String>) -> String {
    match &*wrong {
        [one] => one.clone(),
        several => format!("{} things are wrong in it:\n  {}", several.len(), several.join("\n  ")),
    }
}

/// What is wrong with the paths of the REST endpoints.
fn own_paths(tools: &Tools) -> Vec<String> {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let taken = |path: &&str| OWN_PATHS.contains(&&*first(path)) || first(path).is_empty();
    let wrong = tools.iter().filter_map(|tool| Some((tool.name(), tool.rest().filter(taken)?)));
    let message = |(name, path)| {
        format!("tool \"{name}\": rest: {path} belongs to the gateway; expected another path, e.g. /reports/{name}")
    };
    wrong.map(message).collect()
}
