//! Repairs to results of 1C: found in the one pass over the answer, applied only if there are any.
//!
//! What a strict client would reject is mended by tables of the types in MCP
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/schema),
//! [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/schema)), each next to its readers,
//! and by the keywords of JSON Schema ([`schema`]). Members that are in neither stay unchanged, and so does
//! data: the content of `structuredContent` and of texts belongs to the tool.

mod choices;
mod content;
mod data;
mod edits;
mod flat;
mod judge;
mod keywords;
mod list;
mod look;
mod media;
mod members;
mod mender;
mod message;
mod parts;
mod required;
mod resource;
mod schema;
mod shape;
mod subschema;

mod text;
mod type_names;
mod value;

use super::answer_error::AnswerError;
use crate::rpc::json::{self, Member, Scanner, Span};
use crate::rpc::{Era, Method, Outline};
use judge::quoted;
use shape::Shape;
use std::collections::HashSet;
use std::mem::take;

pub(super) use mender::{Mender, Output};

/// Facts about a list.
#[derive(Debug)]
pub(super) struct Listed {
    /// The names of the tools or prompts.
    pub(super) names: HashSet<String>,
    pub(super) outputs: Vec<Output>,
}

/// A result after the pass.
pub(super) struct Mended {
    /// The mended JSON, if there were repairs.
    pub(super) json: Option<Vec<u8>>,
    pub(super) listed: Option<Box<Listed>>,
    pub(super) structured: bool,
}

impl Mender<'_> {
    /// Reads and mends a member of the result.
    pub(super) fn member(
        &mut self,
        outline: &mut Outline,
        scanner: &mut Scanner<'_>,
        Member { key, start }: &Member<'_>,
    ) -> Result<(), AnswerError> {
        self.top.next(*start, &mut self.edits);
        let keep = match subject(&self.request.method) {
            Some((name, kind)) if *key == name => {
                let again = std::mem::replace(&mut self.subject, false);
                if again {
                    return Err(json::JsonError::Duplicate(name).into());
                }
                self.subject = self.kept(kind, scanner)?;
                self.subject
            }
            _ => {
                // A bad member beside a list must not cost the list.
                let before = self.request.method.listed().map(|_| scanner.clone());
                let read = match other(&self.request.method, key) {
                    Some(kind) if !kind.fits_at_once(scanner.peek()) => {
                        let start = scanner.pos();
                        let kept = self.kept(kind, scanner);
                        if matches!(kept, Ok(true)) {
                            outline.note(key, Span::new(start, scanner.pos()))?;
                        }
                        kept
                    }
                    _ => outline.member(scanner, key).map(|_| true).map_err(AnswerError::from),
                };
                match (read, before) {
                    (Err(AnswerError::Json(json::JsonError::Depth)), Some(before)) => {
                        *scanner = before;
                        scanner.pass_by()?;
                        false
                    }
                    (read, _) => read?,
                }
            }
        };
        self.top.member(*start, scanner.pos(), keep, &mut self.edits);
        Ok(())
    }

    /// Returns whether a value fits; removes its edits if not.
    fn kept(&mut self, shape: &Shape, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let mark = self.edits.mark();
        let fits = self.value(shape, scanner)?;
        if !fits {
            self.edits.back_to(mark);
        }
        Ok(fits)
    }

    /// Ends the pass; the result stands at `object`, and `asks` says that it is a question to the client.
    ///
    /// # Errors
    /// [`AnswerError::Missing`] if the result lacks the member that its method is about.
    pub(super) fn finish(&mut self, object: Span, asks: bool) -> Result<Mended, AnswerError> {
        self.top.finish(&mut self.edits);
        let missing = match (&self.request.method, subject(&self.request.method)) {
            (_, Some(_)) if self.subject || asks => String::new(),
            // A tool may have nothing to say, and not every client reads `structuredContent`.
            (Method::ToolsCall, _) => match self.structured.of(self.bytes) {
                Some(raw) => {
                    let text = quoted(&String::from_utf8_lossy(raw));
                    format!("\"content\":[{{\"type\":\"text\",\"text\":{text}}}]")
                }
                None => "\"content\":[]".into(),
            },
            (Method::Complete, _) => "\"completion\":{\"values\":[]}".into(),
            (_, Some((name, _))) => return Err(AnswerError::Missing(name)),
            (_, None) => String::new(),
        };
        self.edits.prepend(object, &missing, self.top.any);
        self.report();
        let json = (!self.edits.is_empty()).then(|| take(&mut self.edits).apply(self.bytes, object));
        let listed = || Box::new(Listed { names: take(&mut self.names), outputs: take(&mut self.outputs) });
        let listed = self.request.method.listed().is_some().then(listed);
        Ok(Mended { json, listed, structured: !self.structured.is_empty() })
    }

    /// Logs the items that were left out. Lists are remembered, so each is logged once.
    fn report(&self) {
        for (name, why) in self.left_out.iter().take(20) {
            let (method, name) = (self.request.method.as_str(), crate::rpc::label::clean(name));
            tracing::warn!(method, %name, "left out of 1C's list: {why}");
        }
    }
}

/// Returns the member that a result of `method` is about.
fn subject(method: &Method) -> Option<(&'static str, &'static Shape)> {
    Some(match method {
        Method::ToolsList => ("tools", &Shape::Own(|mender, scanner| items(mender, "tools", list::tool, scanner))),
        Method::ResourcesList => {
            ("resources", &Shape::Own(|mender, scanner| items(mender, "resources", list::resource, scanner)))
        }
        Method::ResourceTemplatesList => (
            "resourceTemplates",
            &Shape::Own(|mender, scanner| items(mender, "resourceTemplates", list::template, scanner)),
        ),
        Method::PromptsList => {
            ("prompts", &Shape::Own(|mender, scanner| items(mender, "prompts", list::prompt, scanner)))
        }
        Method::ToolsCall => ("content", &Shape::Own(content::all)),
        Method::ResourcesRead => ("contents", &Shape::Own(resource::all)),
        Method::PromptsGet => ("messages", &Shape::Own(message::messages)),
        Method::Complete => ("completion", &list::COMPLETION),
        _ => return None,
    })
}

/// Reads the items of a list. A value that is no list stays as it is.
fn items(
    mender: &mut Mender<'_>,
    key: &'static str,
    item: shape::Reader,
    scanner: &mut Scanner<'_>,
) -> Result<bool, AnswerError> {
    match scanner.peek() {
        b'[' => mender.some_of(key, &Shape::Own(item), scanner),
        b'n' => scanner.skip().map(|_| false).map_err(AnswerError::from),
        _ => Err(json::JsonError::Expected("expected an array").into()),
    }
}

/// Returns the shape of another member that MCP defines for a result of `method`.
fn other(method: &Method, key: &str) -> Option<&'static Shape> {
    const SCOPES: Shape = Shape::OneOf(&["public", "private"]);
    Some(match key {
        "_meta" | "inputRequests" => &Shape::Data,
        "resultType" | "requestState" => &Shape::Text,
        "ttlMs" => &Shape::Natural,
        "cacheScope" => &SCOPES,
        "isError" if *method == Method::ToolsCall => &Shape::Bool,
        "structuredContent" if *method == Method::ToolsCall => &Shape::Own(structured),
        "description" if *method == Method::PromptsGet => &Shape::Label,
        "nextCursor" if method.listed().is_some() => &Shape::Own(list::cursor),
        _ => return None,
    })
}

/// Reads `structuredContent`: until 2025-11-25 it must be an object.
fn structured(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let first = scanner.peek();
    let span = scanner.skip()?;
    if first == b'n' {
        return Ok(false);
    }
    mender.structured = span;
    if first != b'{' && mender.request.version.era() == Era::Legacy {
        mender.edits.insert(span.start(), "{\"result\":");
        mender.edits.insert(span.end(), "}");
    }
    Ok(true)
}
