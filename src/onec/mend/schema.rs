//! Schemas of tools that clients choke on. Many check a whole list at once, so that one bad schema costs
//! them every tool.
//!
//! An input schema is an object with `type: object`
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool)). So was an
//! output schema until [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#output-schema)
//! let it be of any type. Clients check results against it, so one that cannot be right goes instead of
//! being guessed at.

use super::Edits;
use crate::onec::decode::BadAnswer;
use crate::rpc::json::{self, Member, Scanner, Span};
use crate::rpc::{Era, Version};

const ANY_OBJECT: &str = "{\"type\":\"object\"}";
const OBJECT: &str = "\"object\"";

/// What a client makes of the `type` of a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Object,
    /// `["object"]`, `["object","null"]`
    Listed,
    Other,
}

impl Type {
    fn of(raw: &[u8]) -> Self {
        let is = |raw: &[u8], name| json::unquote(raw).is_some_and(|text| text == name);
        match raw.first() {
            Some(b'"') if raw == OBJECT.as_bytes() || is(raw, "object") => Self::Object,
            Some(b'[') => {
                let names: Vec<String> = serde_json::from_slice(raw).unwrap_or_default();
                let fits = names.iter().all(|name| matches!(name.as_str(), "object" | "null"));
                if fits && names.iter().any(|name| name == "object") { Self::Listed } else { Self::Other }
            }
            _ => Self::Other,
        }
    }
}

/// A schema that is an object, as far as it was read.
#[derive(Default)]
struct Schema {
    object: Span,
    members: bool,
    /// Every `type`; more than one is odd, but some reader may go by any of them.
    types: Vec<(Span, Type)>,
}

impl Schema {
    fn read(scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<Self, BadAnswer> {
        let mut schema = Self::default();
        schema.object = scanner.object::<BadAnswer>(|scanner, Member { key, .. }| {
            schema.members = true;
            let span = scanner.skip()?;
            if key == "type" {
                schema.types.push((span, Type::of(span.of(bytes).unwrap_or_default())));
            }
            Ok(())
        })?;
        Ok(schema)
    }

    /// Makes it one of type object.
    fn mend(self, edits: &mut Edits) {
        if !self.members {
            edits.replace(self.object, ANY_OBJECT);
        } else if self.types.is_empty() {
            edits.replace(brace(self.object), format!("{{\"type\":{OBJECT},"));
        }
        for (span, _) in self.types.into_iter().filter(|(_, kind)| *kind != Type::Object) {
            edits.replace(span, OBJECT);
        }
    }
}

/// The members of a tool, of which some are left out.
#[derive(Default)]
struct Kept {
    any: bool,
    end: usize,
    /// Where members to leave out begin that no kept one stands before.
    gap: Option<usize>,
}

impl Kept {
    /// A member begins at `start`.
    fn next(&mut self, start: usize, edits: &mut Edits) {
        if let Some(gap) = self.gap.take() {
            edits.replace(Span::new(gap, start), "");
        }
    }

    /// The member from `start` to `end` is kept, or left out with the comma before it.
    fn member(&mut self, start: usize, end: usize, kept: bool, edits: &mut Edits) {
        match (kept, self.any) {
            (true, _) => self.any = true,
            (false, true) => edits.replace(Span::new(self.end, end), ""),
            (false, false) => self.gap = Some(start),
        }
        self.end = end;
    }
}

impl Edits {
    /// A tool in a list for a client of `version`.
    pub(super) fn tool(&mut self, version: Version, scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<(), BadAnswer> {
        let mut has_input = false;
        let mut kept = Kept::default();
        let tool = scanner.object::<BadAnswer>(|scanner, Member { key, start }| {
            kept.next(start, self);
            let keep = match &*key {
                "inputSchema" => {
                    has_input = true;
                    self.input_schema(scanner, bytes)?;
                    true
                }
                "outputSchema" => self.output_schema(version, scanner, bytes)?,
                _ => {
                    scanner.skip()?;
                    true
                }
            };
            kept.member(start, scanner.pos(), keep, self);
            Ok(())
        })?;
        kept.next(kept.end, self);
        if !has_input {
            let comma = if kept.any { "," } else { "" };
            self.replace(brace(tool), format!("{{\"inputSchema\":{ANY_OBJECT}{comma}"));
        }
        Ok(())
    }

    /// Arguments are an object, whatever 1C says.
    fn input_schema(&mut self, scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<(), BadAnswer> {
        if scanner.peek() == b'{' {
            Schema::read(scanner, bytes)?.mend(self);
        } else {
            let span = scanner.skip()?;
            self.replace(span, ANY_OBJECT);
        }
        Ok(())
    }

    /// Whether it stays.
    fn output_schema(&mut self, version: Version, scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<bool, BadAnswer> {
        if scanner.peek() != b'{' {
            scanner.skip()?;
            return Ok(false);
        }
        if version.era() == Era::Modern {
            scanner.skip()?;
            return Ok(true);
        }
        let schema = Schema::read(scanner, bytes)?;
        // An empty one says nothing, but clients would take results without structure for wrong.
        let stays = schema.members && schema.types.iter().all(|(_, kind)| *kind != Type::Other);
        if stays {
            schema.mend(self);
        }
        Ok(stays)
    }
}

fn brace(object: Span) -> Span {
    Span::new(object.start(), object.start() + 1)
}
