//! The `.env` file: lines `NAME=value`, read into memory only.
//!
//! The rules are those of python-dotenv and `docker run --env-file` where they agree: a value without quotes
//! ends at the end of the line or at ` #`. So `MCP_SERVER_NAME=My server`, `MCP_CORS_ORIGINS=["*"]` and most
//! passwords need no quotes. dotenvy reads quoted values. `$` has no special meaning: nothing is substituted.

use super::files;
use super::table;
use super::values::{Source, Values};
use std::path::Path;

const DEFAULT: &str = ".env";

/// Reads the named file, or `.env` if it exists.
pub(super) fn read(named: Option<&Path>, cwd: &Path, values: &mut Values) {
    let path = match named {
        Some(path) => path,
        // A folder with that name is a Python virtual environment.
        None if cwd.join(DEFAULT).is_file() => Path::new(DEFAULT),
        None => return,
    };
    let what = if named.is_some() { "--env-file" } else { "the settings file" };
    let text = match files::read(what, path, cwd) {
        Ok(text) => text,
        Err(problem) => return values.unreadable(problem),
    };
    let file = path.display().to_string();
    let mut pairs = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match pair(line) {
            Line::Pair(name, value) => pairs.push((name, value)),
            Line::NotOurs => {}
            Line::Odd => values.odd(format!("{file}, line {number}: ignored, because it is not NAME=value")),
            Line::Broken(name) => {
                let problem = format!(
                    "{name} in {file}, line {number}: the quotes or backslashes do not add up; put the value in \
                     single quotes, which take everything up to the next one as it stands"
                );
                match table::by_variable(name) {
                    Some(setting) => values.wrong(setting, problem),
                    None => values.odd_source(problem),
                }
            }
        }
    }
    // Of two lines with one name the later one counts, so that a line added at the end works.
    for (name, value) in pairs.into_iter().rev() {
        values.variable(name, value, &Source::Dotenv(file.clone()));
    }
}

enum Line<'a> {
    Pair(&'a str, String),
    /// An empty line, a comment, or a variable of another program.
    NotOurs,
    Odd,
    Broken(&'a str),
}

fn pair(line: &str) -> Line<'_> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::NotOurs;
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else { return Line::Odd };
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c)) {
        return Line::Odd;
    }
    if !table::is_ours(name) {
        return Line::NotOurs;
    }
    match value.chars().next() {
        Some('"' | '\'') => quoted(value).map_or(Line::Broken(name), |value| Line::Pair(name, value)),
        _ => Line::Pair(name, plain(value).to_owned()),
    }
}

/// Returns the value up to a comment.
fn plain(value: &str) -> &str {
    let comment = value.char_indices().find(|&(at, c)| {
        c == '#' && value.get(..at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t']))
    });
    comment.and_then(|(at, _)| value.get(..at)).unwrap_or(value).trim_end()
}

fn quoted(value: &str) -> Option<String> {
    let text = format!("VALUE={}", if value.starts_with('"') { literal_dollars(value) } else { value.to_owned() });
    let mut pairs = dotenvy::from_read_iter(text.as_bytes());
    pairs.next()?.ok().map(|(_, value)| value)
}

/// Escapes `$`: dotenvy would replace `$NAME` by variables of the process.
fn literal_dollars(value: &str) -> String {
    let mut escaped = false;
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if c == '$' && !escaped {
            text.push('\\');
        }
        escaped = c == '\\' && !escaped;
        text.push(c);
    }
    text
}
