//! Mends items of the four lists, and the values of a completion.

use super::judge::{quoted, scalar_text};
use super::look::first_member;
use super::members::{ANNOTATIONS, ICONS};
use super::mender::{Mender, Output};
use super::schema;
use super::shape::{Field, Shape};
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{JsonError, Scanner, unquote};
use crate::rpc::{MAX_ITEMS, label};

const TOOL: &[Field] = &[
    Field::must("name", Shape::Name),
    Field::may("title", Shape::Label),
    Field::may("description", Shape::Label),
    Field::or("inputSchema", Shape::Own(schema::input), schema::ANY_OBJECT),
    Field::may("outputSchema", Shape::Own(schema::output)),
    Field::may(
        "annotations",
        Shape::Object(&[
            Field::may("title", Shape::Label),
            Field::may("readOnlyHint", Shape::Bool),
            Field::may("destructiveHint", Shape::Bool),
            Field::may("idempotentHint", Shape::Bool),
            Field::may("openWorldHint", Shape::Bool),
        ]),
    ),
    Field::may(
        "execution",
        Shape::Object(&[Field::may("taskSupport", Shape::OneOf(&["forbidden", "optional", "required"]))]),
    ),
    Field::may("icons", ICONS),
    Field::may("_meta", Shape::Data),
];

const PROMPT: &[Field] = &[
    Field::must("name", Shape::Name),
    Field::may("title", Shape::Label),
    Field::may("description", Shape::Label),
    Field::may(
        "arguments",
        Shape::List(&Shape::Object(&[
            Field::must("name", Shape::Plain),
            Field::may("title", Shape::Label),
            Field::may("description", Shape::Label),
            Field::may("required", Shape::Bool),
        ])),
    ),
    Field::may("icons", ICONS),
    Field::may("_meta", Shape::Data),
];

/// Also for a link in content. A name is for people, so that the URI is better than none.
const RESOURCE: &[Field] = &[
    Field::must("uri", Shape::Name),
    Field::or_stand_in("name", Shape::Label),
    Field::may("title", Shape::Label),
    Field::may("description", Shape::Label),
    Field::may("mimeType", Shape::Text),
    Field::may("size", Shape::Natural),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Shape::Data),
];

const TEMPLATE: &[Field] = &[
    Field::must("uriTemplate", Shape::Name),
    Field::or_stand_in("name", Shape::Label),
    Field::may("title", Shape::Label),
    Field::may("description", Shape::Label),
    Field::may("mimeType", Shape::Text),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Shape::Data),
];

pub(super) const COMPLETION: Shape = Shape::Object(&[
    Field::or("values", Shape::Own(values), "[]"),
    Field::may("total", Shape::Natural),
    Field::may("hasMore", Shape::Bool),
]);

/// The most values that a client accepts
/// ([completion](https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion)).
const MOST_VALUES: usize = 100;

/// Returns the text of the member that names an item.
fn name(scanner: &Scanner<'_>, bytes: &[u8], key: &str) -> Option<String> {
    let raw = first_member(scanner, bytes, key, |raw| !matches!(raw.first(), Some(b'n')))?;
    let quoted = scalar_text(raw);
    unquote(quoted.as_deref().map_or(raw, str::as_bytes)).map(|name| name.into_owned())
}

impl Mender<'_> {
    /// Notes that an item is left out, and why.
    fn leave_out(&mut self, name: Option<&str>, why: &'static str) -> bool {
        self.left_out.push((name.unwrap_or("?").chars().take(80).collect(), why));
        false
    }

    /// Counts one more item of a list.
    ///
    /// # Errors
    /// [`AnswerError::TooMany`] beyond the limit.
    fn another(&mut self) -> Result<(), AnswerError> {
        self.items += 1;
        if self.items > MAX_ITEMS { Err(AnswerError::TooMany) } else { Ok(()) }
    }

    /// Mends a named item; returns whether it is the first with its name and can be used.
    fn named(
        &mut self,
        name: Option<String>,
        read: impl FnOnce(&mut Self) -> Result<bool, AnswerError>,
    ) -> Result<bool, AnswerError> {
        let fits = read(self)?;
        match name {
            Some(name) if fits && !self.names.contains(&name) => {
                if let Some(schema) = self.output.take() {
                    self.outputs.push(Output { name: name.clone(), schema });
                }
                Ok(self.names.insert(name))
            }
            name if fits => Ok(self.leave_out(name.as_deref(), "another one has its name")),
            name => Ok(self.leave_out(name.as_deref(), "it lacks what clients need to call it")),
        }
    }
}

/// Mends an item; removes one that is nested too deep, so that the others stay.
fn bounded(
    mender: &mut Mender<'_>,
    scanner: &mut Scanner<'_>,
    item: impl FnOnce(&mut Mender<'_>, &mut Scanner<'_>) -> Result<bool, AnswerError>,
) -> Result<bool, AnswerError> {
    let before = scanner.clone();
    match item(mender, scanner) {
        Err(AnswerError::Json(JsonError::Depth)) => {
            *scanner = before;
            let named = ["name", "uri", "uriTemplate"].into_iter().find_map(|key| name(scanner, mender.bytes, key));
            scanner.pass_by()?;
            Ok(mender.leave_out(named.as_deref(), "it is nested too deep"))
        }
        read => read,
    }
}

pub(super) fn tool(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    bounded(mender, scanner, any_tool)
}

pub(super) fn prompt(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    bounded(mender, scanner, any_prompt)
}

pub(super) fn resource(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    bounded(mender, scanner, |mender, scanner| addressed(mender, "uri", RESOURCE, scanner))
}

pub(super) fn template(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    bounded(mender, scanner, |mender, scanner| addressed(mender, "uriTemplate", TEMPLATE, scanner))
}

fn any_tool(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    mender.another()?;
    let name = name(scanner, mender.bytes, "name");
    mender.output = None;
    mender.named(name, |mender| object(mender, TOOL, scanner))
}

fn any_prompt(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    mender.another()?;
    let name = name(scanner, mender.bytes, "name");
    // A prompt or resource is requested by its exact name, which has no alias.
    if name.as_deref().is_some_and(label::has_unseen) {
        scanner.skip()?;
        return Ok(mender.leave_out(name.as_deref(), "its name has control characters"));
    }
    mender.named(name, |mender| object(mender, PROMPT, scanner))
}

fn object(mender: &mut Mender<'_>, fields: &'static [Field], scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    mender.value(&Shape::Object(fields), scanner)
}

fn addressed(
    mender: &mut Mender<'_>,
    key: &'static str,
    fields: &[Field],
    scanner: &mut Scanner<'_>,
) -> Result<bool, AnswerError> {
    mender.another()?;
    if scanner.peek() != b'{' {
        scanner.skip()?;
        return Ok(mender.leave_out(None, "it is no object"));
    }
    let address = name(scanner, mender.bytes, key);
    let stand_in = quoted(&label::clean(address.as_deref().unwrap_or_default()));
    Ok(match mender.object(fields, &stand_in, scanner)? {
        Some(_) => true,
        None => mender.leave_out(address.as_deref(), "it has no address"),
    })
}

/// Mends the values of a completion.
pub(super) fn values(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    if scanner.peek() != b'[' {
        scanner.skip()?;
        return Ok(false);
    }
    mender.values = 0;
    mender.list(&Shape::Own(completed), scanner)?;
    Ok(true)
}

fn completed(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let fits = mender.value(&Shape::Text, scanner)?;
    mender.values += usize::from(fits);
    Ok(fits && mender.values <= MOST_VALUES)
}

/// Mends the cursor of the next page. An empty one is removed: clients would ask for that page for ever.
pub(super) fn cursor(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let mut look = scanner.clone();
    let span = look.skip()?;
    if span.of(mender.bytes) == Some(b"\"\"") {
        *scanner = look;
        return Ok(false);
    }
    mender.value(&Shape::Text, scanner)
}
