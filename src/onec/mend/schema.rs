//! Mends schemas of tools. Many clients check a whole list at once, so that one bad schema costs them every tool.
//!
//! An input schema is an object with `type: object`
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool)). So was an output
//! schema until
//! [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#output-schema), which
//! allows any type. Clients check results against it, so one that cannot be right is removed instead of guessed
//! at.

use super::flat::{COMBINED, flattened};
use super::keywords;
use super::look::first_member;
use super::mender::Mender;
use super::required::Names;
use super::type_names::meant;
use crate::onec::answer_error::AnswerError;
use crate::rpc::Era;
use crate::rpc::json::{self, Scanner, Span, unquote};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::HashSet;

pub(super) const ANY_OBJECT: &str = "{\"type\":\"object\"}";
pub(super) const OBJECT: &str = "\"object\"";

/// The place of a schema in a tool, which decides about its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// The schema of an object; any other type becomes `object`.
    Input,
    /// The schema of an object; any other type removes the schema.
    Output,
    /// A schema of any type.
    Free,
}

/// The state of one schema of a tool.
pub(super) struct Schema<'a> {
    /// The cursor at the start of the schema.
    whole: Scanner<'a>,
    pub(super) names: Names,
    root: Root,
    /// The schema as a tree, once a reference was looked up.
    tree: Option<Value>,
    /// The places of lists of required names without a property.
    pub(super) empty: HashSet<usize>,
}

impl Schema<'_> {
    /// Returns whether a reference leads to a schema within this one, as clients see it.
    pub(super) fn leads(&mut self, bytes: &[u8], target: &str) -> bool {
        let Some(target) = target.strip_prefix('#') else { return false };
        let target = percent_decode_str(target).decode_utf8_lossy();
        let parts: Vec<_> = target.split('/').skip(1).collect();
        let gone = self.root == Root::Input && parts.first().is_some_and(|part| COMBINED.contains(part));
        let moved = parts
            .windows(2)
            .any(|parts| matches!(parts, ["items", at] if at.bytes().all(|byte| byte.is_ascii_digit())));
        if gone || moved && !self.is_old(bytes) {
            return false;
        }
        let tree = self.tree.get_or_insert_with(|| {
            let span = self.whole.clone().skip().unwrap_or_default();
            span.of(bytes).and_then(|raw| serde_json::from_slice(raw).ok()).unwrap_or_default()
        });
        match &*target {
            "" => true,
            pointer if pointer.starts_with('/') => {
                tree.pointer(pointer).is_some_and(|found| found.is_object() || found.is_boolean())
            }
            anchor => has_anchor(tree, anchor),
        }
    }

    /// Returns whether `items` may be an array.
    pub(super) fn is_old(&self, bytes: &[u8]) -> bool {
        let dialect = first_member(&self.whole, bytes, "$schema", |_| true).and_then(unquote);
        dialect.is_some_and(|dialect| keywords::is_old(&dialect))
    }
}

fn has_anchor(tree: &Value, anchor: &str) -> bool {
    let own = ["$anchor", "$dynamicAnchor"].into_iter().any(|key| tree.get(key).is_some_and(|name| name == anchor));
    own && keywords::is_anchor(anchor)
        || match tree {
            Value::Array(items) => items.iter().any(|item| has_anchor(item, anchor)),
            Value::Object(members) => members.values().any(|member| has_anchor(member, anchor)),
            _ => false,
        }
}

/// Mends the schema of arguments.
pub(super) fn input(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    match scanner.peek() {
        b'{' => mender.root(Root::Input, scanner),
        b'"' => {
            let span = scanner.skip()?;
            let json = span.of(mender.bytes).and_then(unquote).and_then(|text| from_text(mender, &text));
            if let Some(json) = json {
                mender.edits.replace(span, json);
                return Ok(true);
            }
            Ok(false)
        }
        _ => Ok(scanner.skip().map(|_| false)?),
    }
}

/// Reads a schema that is written as text.
fn from_text(mender: &Mender<'_>, text: &str) -> Option<Vec<u8>> {
    let mut scanner = Scanner::new(text.as_bytes()).ok()?;
    if scanner.peek() != b'{' {
        return None;
    }
    let start = scanner.pos();
    let mut inner = Mender::new(mender.request, text.as_bytes());
    inner.root(Root::Input, &mut scanner).ok()?;
    let whole = Span::new(start, scanner.pos());
    scanner.end().ok()?;
    let json = inner.edits.apply(text.as_bytes(), whole);
    if scanner.saw_lone_surrogates() { Some(json::without_lone_surrogates(&json)) } else { Some(json) }
}

/// Mends the schema of results.
pub(super) fn output(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    if scanner.peek() != b'{' {
        return Ok(scanner.skip().map(|_| false)?);
    }
    let (start, mark) = (scanner.pos(), mender.edits.mark());
    let root = if mender.request.version.era() == Era::Modern { Root::Free } else { Root::Output };
    let stays = mender.root(root, scanner)?;
    if stays {
        let json = mender.edits.since(mark).apply(mender.bytes, Span::new(start, scanner.pos()));
        mender.output = Some(Bytes::from(json));
    }
    Ok(stays)
}

/// The meaning of the `type` in the schema of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Object,
    /// `["object"]`, `["object","null"]`, or another word for it.
    Nearly,
    Other,
}

impl Type {
    fn of(raw: &[u8]) -> Self {
        match raw.first() {
            Some(b'"') => match unquote(raw) {
                Some(name) if name == "object" => Self::Object,
                Some(name) if meant(&name) == Some("object") => Self::Nearly,
                _ => Self::Other,
            },
            Some(b'[') => {
                let names: Vec<String> = serde_json::from_slice(raw).unwrap_or_default();
                let types: Vec<_> = names.iter().map(|name| meant(name)).collect();
                let fits = types.iter().all(|name| matches!(name, Some("object" | "null")));
                if fits && types.contains(&Some("object")) { Self::Nearly } else { Self::Other }
            }
            _ => Self::Other,
        }
    }
}

/// The facts about an object that was read as a schema.
#[derive(Default)]
pub(super) struct Read {
    pub(super) object: Span,
    /// Whether it has members.
    pub(super) members: bool,
    /// Whether some of them stay.
    pub(super) kept: bool,
    /// Whether it has the type object, maybe after repair.
    pub(super) typed: bool,
    /// Whether it has another type.
    pub(super) other: bool,
    /// Whether it may be an array.
    pub(super) array: bool,
    /// Whether it has a schema for the items of an array.
    pub(super) items: bool,
    /// Whether it has keywords that model APIs reject at the top.
    pub(super) combined: bool,
}

/// The place of a schema within the schema of a tool.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) group: usize,
    /// Whether it stands under `not` or `if`.
    pub(super) turned: bool,
    pub(super) root: Root,
    /// Whether it is the whole schema.
    pub(super) top: bool,
}

impl Place {
    pub(super) const fn new(group: usize) -> Self {
        Self { group, turned: false, root: Root::Free, top: false }
    }
}

impl Mender<'_> {
    /// Mends the object at the cursor as the schema of a tool; `false` if it cannot be one.
    fn root(&mut self, root: Root, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let (before, mark) = (scanner.clone(), self.edits.mark());
        let mut empty = HashSet::new();
        loop {
            let known = empty.len();
            let stays = self.root_without(&mut empty, root, scanner)?;
            if empty.len() == known {
                return Ok(stays);
            }
            // Only now is it known which lists name no property, so start again without them.
            self.edits.back_to(mark);
            *scanner = before.clone();
        }
    }

    /// Mends the schema without the lists of names at `empty`, and adds the lists that turn out to be empty.
    fn root_without(
        &mut self,
        empty: &mut HashSet<usize>,
        root: Root,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        let mark = self.edits.mark();
        let names = std::mem::take(&mut self.properties);
        let mut schema = Schema { whole: scanner.clone(), names, root, tree: None, empty: std::mem::take(empty) };
        let place = Place { root, top: true, ..Place::new(schema.names.group()) };
        let read = self.members(&mut schema, place, scanner)?;
        *empty = std::mem::take(&mut schema.empty);
        if root != Root::Free {
            // An empty schema says nothing, but clients would reject results without `structuredContent`.
            if root == Root::Output && (read.other || !read.members) {
                return Ok(false);
            }
            if !read.members {
                self.edits.replace(read.object, ANY_OBJECT);
            } else if !read.typed {
                self.edits.prepend(read.object, &format!("\"type\":{OBJECT}"), read.kept);
            }
        }
        empty.extend(schema.names.settle(self.bytes, &mut self.edits));
        // 2026-07-28 requires these keywords to stay (SEP-2106).
        if root == Root::Input && read.combined && self.request.version.era() == Era::Legacy {
            let json = self.edits.since(mark).apply(self.bytes, read.object);
            if let Some(flat) = flattened(&json) {
                self.edits.back_to(mark);
                self.edits.replace(read.object, flat);
            }
        }
        // The next schema reuses the memory.
        self.properties = schema.names;
        Ok(true)
    }

    /// Mends the type of a schema that must be of an object.
    pub(super) fn root_type(
        &mut self,
        root: Root,
        read: &mut Read,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        let span = scanner.skip()?;
        let kind = Type::of(span.of(self.bytes).unwrap_or_default());
        if kind == Type::Other && root == Root::Output {
            read.other = true;
        }
        if kind != Type::Object {
            self.edits.replace(span, OBJECT);
        }
        read.typed = true;
        Ok(true)
    }
}
