//! The catalog of business tools: built in, or a file.

use super::files;
use super::parse::{self, Parsed, refused};
use onec_mcp::catalog::{Limits, Tool, Tools};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
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
    /// What is wrong with the file, in a sentence.
    pub(crate) fn read_again(&self) -> Result<Self, String> {
        Self::read(self.file.clone(), self.limits)
    }

    fn read(file: Option<File>, limits: Limits) -> Result<Self, String> {
        let (tools, content) = match &file {
            None => (Tools::trade(limits).map_err(|error| error.to_string())?, Value::Null),
            Some(file) => {
                let content = content(file)?;
                (tools(&content, &file.name, limits)?, content)
            }
        };
        Ok(Self { file, tools, content, limits })
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

fn content(file: &File) -> Result<Value, String> {
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
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json { json(&text) } else { yaml(&text) }
}

fn tools(content: &Value, name: &str, limits: Limits) -> Result<Tools, String> {
    let tools = Tools::read(content, name, limits).map_err(|error| {
        // The file is named before that already.
        let text = error.to_string();
        text.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).map(str::to_owned).unwrap_or(text)
    })?;
    own_paths(&tools)?;
    Ok(tools)
}

fn own_paths(tools: &Tools) -> Result<(), String> {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    for tool in tools.iter() {
        if let Some(path) = tool.rest().filter(|path| OWN_PATHS.contains(&&*first(path)) || first(path).is_empty()) {
            let name = tool.name();
            return Err(format!(
                "tool \"{name}\": rest: {path} belongs to the gateway; expected another path, e.g. /reports/{name}"
            ));
        }
    }
    Ok(())
}

fn json(text: &str) -> Result<Value, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Unique.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| format!("not understood as JSON: {error}"))
}

/// The reader bounds depth, number of nodes and what aliases unfold to.
fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { with_snippet: false, reject_unsupported_tags: true };
    let value = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| Unique.deserialize(yaml));
    value.map_err(|error| {
        let text = error.to_string();
        format!(
            "not understood as YAML: {}",
            text.lines().next().unwrap_or("a value with special characters needs quotes")
        )
    })
}

/// Any value in which no key stands twice: a reader of the file would see one, and the other would
/// count.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number that JSON has"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            if object.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key} is there twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
