//! Schemas of tools that clients choke on. Many check a whole list at once, so that one bad schema costs
//! them every tool.
//!
//! An input schema is an object with `type: object`
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool)). So was an
//! output schema until [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#output-schema)
//! let it be of any type. Clients check results against it, so one that cannot be right goes instead of
//! being guessed at.

use super::keywords;
use super::required::Names;
use super::type_names::meant;
use super::{Mender, first_member};
use crate::onec::decode::BadAnswer;
use crate::rpc::Era;
use crate::rpc::json::{self, Scanner, Span, unquote};
use bytes::Bytes;

pub(super) const ANY_OBJECT: &str = "{\"type\":\"object\"}";
pub(super) const OBJECT: &str = "\"object\"";

/// Which schema of a tool it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// Of an object in any case.
    Input,
    /// Of an object, or it goes.
    Output,
    /// Of whatever.
    Free,
}

/// What is the same all over one schema of a tool.
pub(super) struct Schema<'a> {
    /// Before the whole of it.
    whole: Scanner<'a>,
    pub(super) names: Names,
}

impl Schema<'_> {
    /// Whether `items` may be several.
    pub(super) fn is_old(&self, bytes: &[u8]) -> bool {
        let dialect = first_member(&self.whole, bytes, "$schema", |_| true).and_then(unquote);
        dialect.is_some_and(|dialect| keywords::is_old(&dialect))
    }
}

/// The schema of arguments.
pub(super) fn input(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, BadAnswer> {
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

/// A schema that was written as text.
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

/// The schema of results.
pub(super) fn output(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, BadAnswer> {
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

/// What a client makes of the `type` of a schema of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Object,
    /// `["object"]`, `["object","null"]`, another word for it
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

/// An object that was read as a schema.
pub(super) struct Read {
    pub(super) object: Span,
    /// It has members.
    pub(super) members: bool,
    /// Some of them stay.
    pub(super) kept: bool,
    /// It is of type object by now.
    pub(super) typed: bool,
    /// It is of another type.
    pub(super) other: bool,
}

/// Where a schema stands within that of a tool.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) group: usize,
    /// Under `not` or `if`.
    pub(super) turned: bool,
    pub(super) root: Root,
}

impl Place {
    pub(super) const fn new(group: usize) -> Self {
        Self { group, turned: false, root: Root::Free }
    }
}

impl Mender<'_> {
    /// The object at the cursor as the schema of a tool; `false` if it cannot be one.
    fn root(&mut self, root: Root, scanner: &mut Scanner<'_>) -> Result<bool, BadAnswer> {
        let mut schema = Schema { whole: scanner.clone(), names: std::mem::take(&mut self.properties) };
        let place = Place { root, ..Place::new(schema.names.group()) };
        let read = self.members(&mut schema, place, scanner)?;
        if root != Root::Free {
            // An empty one says nothing, but clients would take results without structure for wrong.
            if root == Root::Output && (read.other || !read.members) {
                return Ok(false);
            }
            if !read.members {
                self.edits.replace(read.object, ANY_OBJECT);
            } else if !read.typed {
                self.edits.prepend(read.object, &format!("\"type\":{OBJECT}"), read.kept);
            }
        }
        schema.names.settle(self.bytes, &mut self.edits);
        // The next schema uses their memory.
        self.properties = schema.names;
        Ok(true)
    }

    /// The type of a schema that must be of an object.
    pub(super) fn root_type(
        &mut self,
        root: Root,
        read: &mut Read,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, BadAnswer> {
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
