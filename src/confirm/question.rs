//! The question to the user: the whole call, in a form that hides nothing of it.

use super::known::Guarded;
use super::seal::Subject;
use crate::rpc::json::Tree;
use crate::rpc::label::is_invisible;

/// The most characters of a question; users do not read more.
const LONGEST: usize = 8_000;
/// The most characters of the tool's title, shown beside its name.
const LONGEST_TITLE: usize = 200;
/// The start of a text's next line; the line of an argument never begins so.
const NEXT_LINE: &str = "\n    │ ";

/// Returns the question, in both languages, as nothing tells which one the user speaks. `None` if it would be too
/// long: users cannot agree to what they do not see.
pub(super) fn question(subject: Subject<'_>, guarded: &Guarded) -> Option<String> {
    // Arguments that are not an object with readable names are not called with.
    let Ok(Tree::Object(arguments)) = Tree::parse(subject.arguments) else { return None };
    let mut question = Question { text: String::new(), room: LONGEST };
    question.plain("Выполнить в 1С: ")?;
    match guarded.title.as_deref().map(str::trim).filter(|title| !title.is_empty() && *title != subject.tool) {
        Some(title) => {
            question.line(title, LONGEST_TITLE)?;
            question.plain(" (")?;
            question.line(subject.tool, LONGEST)?;
            question.plain(")")?;
        }
        None => question.line(subject.tool, LONGEST)?,
    }
    question.plain("? / Run this in 1C?\n")?;
    for (name, value) in &arguments {
        question.plain("\n")?;
        question.name(name)?;
        question.plain(": ")?;
        question.value(value)?;
    }
    Some(question.text)
}

/// A question being written.
struct Question {
    text: String,
    /// How many more characters it may have.
    room: usize,
}

impl Question {
    fn push(&mut self, c: char) -> Option<()> {
        self.room = self.room.checked_sub(1)?;
        self.text.push(c);
        Some(())
    }

    fn plain(&mut self, text: &str) -> Option<()> {
        text.chars().try_for_each(|c| self.push(c))
    }

    /// Writes a character of foreign text, so that it cannot hide or reorder others.
    fn shown(&mut self, c: char) -> Option<()> {
        if is_invisible(c) { self.plain(&format!("[U+{:04X}]", u32::from(c))) } else { self.push(c) }
    }

    /// Writes a text of 1C's on one line, up to `most` characters.
    fn line(&mut self, text: &str, most: usize) -> Option<()> {
        text.chars().take(most).try_for_each(|c| self.shown(c))?;
        if text.chars().nth(most).is_some() { self.push('…') } else { Some(()) }
    }

    /// Writes a name, in quotes unless it is a plain word.
    fn name(&mut self, name: &str) -> Option<()> {
        let in_words = |c: char| (c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) && !is_invisible(c);
        if !name.is_empty() && name.chars().all(in_words) { self.plain(name) } else { self.quoted(name) }
    }

    /// Writes a value as JSON with all its members, duplicate ones too.
    fn value(&mut self, value: &Tree) -> Option<()> {
        match value {
            Tree::Object(members) => {
                self.push('{')?;
                for (at, (key, value)) in members.iter().enumerate() {
                    self.plain(if at > 0 { ", " } else { "" })?;
                    self.quoted(key)?;
                    self.plain(": ")?;
                    self.value(value)?;
                }
                self.push('}')
            }
            Tree::Array(items) => {
                self.push('[')?;
                for (at, item) in items.iter().enumerate() {
                    self.plain(if at > 0 { ", " } else { "" })?;
                    self.value(item)?;
                }
                self.push(']')
            }
            Tree::Text(text) => self.quoted(text),
            // A string with half a surrogate pair keeps its escapes.
            Tree::Raw(raw) => String::from_utf8_lossy(raw).chars().try_for_each(|c| self.shown(c)),
        }
    }

    /// Writes a JSON string, but with its line breaks and tabs, so that code stays readable.
    fn quoted(&mut self, text: &str) -> Option<()> {
        self.push('"')?;
        for c in text.chars() {
            match c {
                '"' => self.plain("\\\"")?,
                '\\' => self.plain("\\\\")?,
                '\r' => self.plain("\\r")?,
                '\n' => {
                    self.plain("\\n")?;
                    self.plain(NEXT_LINE)?;
                }
                '\t' => self.push('\t')?,
                c => self.shown(c)?,
            }
        }
        self.push('"')
    }
}
