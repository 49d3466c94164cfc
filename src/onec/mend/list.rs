//! Items of the four lists, and values to complete with.

use super::judge::{quoted, scalar_text};
use super::kind::{Field, Kind};
use super::look::first_member;
use super::members::{ANNOTATIONS, ICONS};
use super::mender::{Mender, Output};
use super::schema;
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{JsonError, Scanner, unquote};
use crate::rpc::{MAX_ITEMS, label};

const TOOL: &[Field] = &[
    Field::must("name", Kind::Name),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::or("inputSchema", Kind::Own(schema::input), schema::ANY_OBJECT),
    Field::may("outputSchema", Kind::Own(schema::output)),
    Field::may(
        "annotations",
        Kind::Object(&[
            Field::may("title", Kind::Label),
            Field::may("readOnlyHint", Kind::Bool),
            Field::may("destructiveHint", Kind::Bool),
            Field::may("idempotentHint", Kind::Bool),
            Field::may("openWorldHint", Kind::Bool),
        ]),
    ),
    Field::may(
        "execution",
        Kind::Object(&[Field::may("taskSupport", Kind::OneOf(&["forbidden", "optional", "required"]))]),
    ),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

const PROMPT: &[Field] = &[
    Field::must("name", Kind::Name),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may(
        "arguments",
        Kind::List(&Kind::Object(&[
            Field::must("name", Kind::Plain),
            Field::may("title", Kind::Label),
            Field::may("description", Kind::Label),
            Field::may("required", Kind::Bool),
        ])),
    ),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

/// Also a link to one in content. A name is for people, so that an address is better than none.
const RESOURCE: &[Field] = &[
    Field::must("uri", Kind::Name),
    Field::or_stand_in("name", Kind::Label),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may("mimeType", Kind::Text),
    Field::may("size", Kind::Natural),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

const TEMPLATE: &[Field] = &[
    Field::must("uriTemplate", Kind::Name),
    Field::or_stand_in("name", Kind::Label),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may("mimeType", Kind::Text),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const COMPLETION: Kind = Kind::Object(&[
    Field::or("values", Kind::Own(values), "[]"),
    Field::may("total", Kind::Natural),
    Field::may("hasMore", Kind::Bool),
]);

/// More values than this no client takes
/// ([completion](https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion)).
const MOST_VALUES: usize = 100;

/// The text of the member that names an item.
fn name(scanner: &Scanner<'_>, bytes: &[u8], key: &str) -> Option<String> {
    let raw = first_member(scanner, bytes, key, |raw| !matches!(raw.first(), Some(b'n')))?;
    let quoted = scalar_text(raw);
    unquote(quoted.as_deref().map_or(raw, str::as_bytes)).map(|name| name.into_owned())
}

impl Mender<'_> {
    /// Notes that an item does not come through, and why.
    fn leave_out(&mut self, name: Option<&str>, why: &'static str) -> bool {
        self.left_out.push((name.unwrap_or("?").chars().take(80).collect(), why));
        false
    }

    /// One more item of a list.
    ///
    /// # Errors
    /// [`AnswerError::TooMany`].
    fn another(&mut self) -> Result<(), AnswerError> {
        self.items += 1;
        if self.items > MAX_ITEMS { Err(AnswerError::TooMany) } else { Ok(()) }
    }

    /// An item that is named: whether it is the first of its name and one that can be used.
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

/// An item, or its place where it is nested too deep: that costs none of the others.
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
    // It is called by its name as it is, which has no alias.
    if name.as_deref().is_some_and(label::has_unseen) {
        scanner.skip()?;
        return Ok(mender.leave_out(name.as_deref(), "its name has control characters"));
    }
    mender.named(name, |mender| object(mender, PROMPT, scanner))
}

fn object(mender: &mut Mender<'_>, fields: &'static [Field], scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    mender.value(&Kind::Object(fields), scanner)
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

/// The values that complete an argument.
pub(super) fn values(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    if scanner.peek() != b'[' {
        scanner.skip()?;
        return Ok(false);
    }
    mender.values = 0;
    mender.list(&Kind::Own(completed), scanner)?;
    Ok(true)
}

fn completed(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let fits = mender.value(&Kind::Text, scanner)?;
    mender.values += usize::from(fits);
    Ok(fits && mender.values <= MOST_VALUES)
}

/// Where the next page is found. One without a name is none: clients would ask for it for ever.
pub(super) fn cursor(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let mut look = scanner.clone();
    let span = look.skip()?;
    if span.of(mender.bytes) == Some(b"\"\"") {
        *scanner = look;
        return Ok(false);
    }
    mender.value(&Kind::Text, scanner)
}
