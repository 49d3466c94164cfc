//! Mends the keywords of a schema, at every depth.

use super::edits::Kept;
use super::flat::COMBINED;
use super::keywords::{self, Keyword, keyword};
use super::look::first_member;
use super::mender::Mender;
use super::required::{Seen, unique_names};
use super::schema::{OBJECT, Place, Read, Root, Schema};
use super::shape::Shape;
use super::type_names::{meant, types_of};
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Member, Scanner, Span, unquote};

impl Mender<'_> {
    /// Mends the members of the object at the cursor; a keyword whose value does not fit is removed.
    pub(super) fn members(
        &mut self,
        schema: &mut Schema<'_>,
        place: Place,
        scanner: &mut Scanner<'_>,
    ) -> Result<Read, AnswerError> {
        let mut read = Read::default();
        let mut kept = Kept::default();
        let mut seen = 0_u64;
        let whole = scanner.clone();
        read.object = scanner.object::<AnswerError>(|scanner, member| {
            read.members = true;
            kept.next(member.start, &mut self.edits);
            let (edits, required) = (self.edits.mark(), schema.names.mark());
            let fits = match keyword(&member.key) {
                // An unknown keyword is removed if it is null; in `const` null is a value.
                None => {
                    let null = scanner.peek() == b'n' && member.key != "const";
                    scanner.skip().map(|_| !null)?
                }
                Some((_, bit)) if seen & bit != 0 => scanner.skip().map(|_| false)?,
                Some((Keyword::Type, bit)) if place.root != Root::Free => {
                    seen |= bit;
                    self.root_type(place.root, &mut read, scanner)?
                }
                Some((keyword, bit)) => {
                    let first = scanner.peek();
                    let start = scanner.pos();
                    let fits = self.keyword(schema, place, keyword, &member, &whole, scanner)?;
                    seen |= if fits { bit } else { 0 };
                    match keyword {
                        Keyword::Type if fits => read.array = is_array(self.bytes.get(start..scanner.pos())),
                        Keyword::Items if fits => read.items = first != b'[' || schema.is_old(self.bytes),
                        _ => read.combined |= fits && place.top && COMBINED.contains(&&*member.key),
                    }
                    fits
                }
            };
            if !fits {
                self.edits.back_to(edits);
                schema.names.back_to(required);
            }
            kept.member(member.start, scanner.pos(), fits, &mut self.edits);
            Ok(())
        })?;
        kept.finish(&mut self.edits);
        read.kept = kept.any;
        // Model APIs reject an array without `items`.
        if read.array && !read.items {
            self.edits.prepend(read.object, "\"items\":{}", kept.any);
        }
        Ok(read)
    }

    /// Mends the value of a keyword; `false` if no validator would accept it.
    fn keyword(
        &mut self,
        schema: &mut Schema<'_>,
        place: Place,
        keyword: Keyword,
        member: &Member<'_>,
        whole: &Scanner<'_>,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        let first = scanner.peek();
        let same = Place { root: Root::Free, top: false, ..place };
        let turned = Place { turned: true, ..same };
        match keyword {
            Keyword::Label => self.value(&Shape::Label, scanner),
            Keyword::Text => self.value(&Shape::Text, scanner),
            Keyword::Bool => self.value(&Shape::Bool, scanner),
            Keyword::Number => self.value(&Shape::Number, scanner),
            Keyword::Positive => self.value(&Shape::Positive, scanner),
            Keyword::Count => self.value(&Shape::Natural, scanner),
            Keyword::List => Ok(scanner.skip().map(|_| first == b'[')?),
            Keyword::NotNull => Ok(scanner.skip().map(|_| first != b'n')?),
            Keyword::Type => self.types(scanner),
            Keyword::Enum => {
                let types = match place.root {
                    Root::Free => first_member(whole, self.bytes, "type", |_| true),
                    Root::Input | Root::Output => Some(OBJECT.as_bytes()),
                };
                self.choices(types, scanner)
            }
            Keyword::Dialect => self.word(scanner, keywords::is_known),
            Keyword::Pattern => self.pattern(scanner),
            Keyword::Anchor => self.word(scanner, keywords::is_anchor),
            // Within a schema, one would lead its references elsewhere.
            Keyword::Id => Ok(self.word(scanner, keywords::is_id)? && place.top),
            Keyword::Reference => self.reference(schema, place, scanner),
            Keyword::Required => self.required(schema, place, scanner),
            Keyword::Same => self.schema(schema, same, scanner),
            Keyword::Turned => self.schema(schema, turned, scanner),
            Keyword::SameSeveral => self.schemas(schema, Some(same), scanner),
            Keyword::OtherSeveral => self.schemas(schema, None, scanner),
            Keyword::Items if first == b'[' => self.tuple(schema, member, whole, scanner),
            Keyword::Items | Keyword::Other => {
                let place = Place::new(schema.names.group());
                self.schema(schema, place, scanner)
            }
            Keyword::Properties
            | Keyword::ByName
            | Keyword::ByPattern
            | Keyword::SameByName
            | Keyword::RequiredBy
            | Keyword::Dependencies => self.by_name(schema, same, keyword, scanner),
        }
    }

    /// A text of which this holds.
    fn word(&self, scanner: &mut Scanner<'_>, fits: impl FnOnce(&str) -> bool) -> Result<bool, AnswerError> {
        let text = scanner.skip()?.of(self.bytes).and_then(unquote);
        Ok(text.is_some_and(|text| fits(&text)))
    }

    fn pattern(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        scanner.peek();
        let start = scanner.pos();
        let fits = self.value(&Shape::Text, scanner)?;
        // A number is a text by now, and a pattern.
        let text = self.bytes.get(start..scanner.pos()).and_then(unquote);
        Ok(fits && text.is_none_or(|text| keywords::is_pattern(&text)))
    }

    fn reference(&self, schema: &mut Schema<'_>, place: Place, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let fits = self.word(scanner, |target| schema.leads(self.bytes, target))?;
        if fits {
            schema.names.open(place.group);
        }
        Ok(fits)
    }

    /// The names of properties that must be there, which are judged when all properties are known.
    fn required(&self, schema: &mut Schema<'_>, place: Place, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let span = scanner.skip()?;
        let raw = span.of(self.bytes).unwrap_or_default();
        let names = raw.strip_prefix(b"[").and_then(|raw| raw.strip_suffix(b"]"));
        let any = names.is_some_and(|names| !names.trim_ascii().is_empty());
        schema.names.require(place.group, span, place.turned);
        Ok(any && !schema.empty.contains(&span.start()))
    }

    /// Schemas for the first items, which have another keyword since 2020-12.
    fn tuple(
        &mut self,
        schema: &mut Schema<'_>,
        member: &Member<'_>,
        whole: &Scanner<'_>,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        if !schema.is_old(self.bytes) {
            if first_member(whole, self.bytes, "prefixItems", |_| true).is_some() {
                return Ok(scanner.skip().map(|_| false)?);
            }
            let key = Span::new(member.start, scanner.pos());
            self.edits.replace(key, "\"prefixItems\":");
        }
        self.schemas(schema, None, scanner)
    }

    /// A map of schemas or of lists of names.
    fn by_name(
        &mut self,
        schema: &mut Schema<'_>,
        place: Place,
        keyword: Keyword,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        if scanner.peek() != b'{' {
            return Ok(scanner.skip().map(|_| false)?);
        }
        let mut kept = Kept::default();
        let mut seen = Seen::default();
        let map = scanner.object::<AnswerError>(|scanner, Member { key, start }| {
            kept.next(start, &mut self.edits);
            let (edits, required) = (self.edits.mark(), schema.names.mark());
            let fits = match (keyword, scanner.peek()) {
                _ if !seen.insert(key.clone()) => scanner.skip().map(|_| false)?,
                (Keyword::ByPattern, _) if !keywords::is_pattern(&key) => scanner.skip().map(|_| false)?,
                (Keyword::RequiredBy, b'[') | (Keyword::Dependencies, b'[') => self.names(scanner)?,
                (Keyword::RequiredBy, _) => scanner.skip().map(|_| false)?,
                (Keyword::SameByName | Keyword::Dependencies, _) => self.schema(schema, place, scanner)?,
                (Keyword::Properties, first @ (b't' | b'f')) => {
                    let span = scanner.skip()?;
                    // Properties of tools are objects in MCP.
                    self.edits.replace(span, if first == b't' { "{}" } else { "{\"not\":{}}" });
                    true
                }
                _ => {
                    let place = Place::new(schema.names.group());
                    self.schema(schema, place, scanner)?
                }
            };
            if !fits {
                self.edits.back_to(edits);
                schema.names.back_to(required);
            }
            kept.member(start, scanner.pos(), fits, &mut self.edits);
            Ok(())
        })?;
        if keyword == Keyword::Properties {
            schema.names.properties(place.group, map);
        }
        kept.finish(&mut self.edits);
        Ok(true)
    }

    fn names(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let span = scanner.skip()?;
        if let Some(names) = span.of(self.bytes).and_then(|raw| unique_names(raw, |_| true)) {
            self.edits.replace(span, names);
        }
        Ok(true)
    }

    /// Mends an array of schemas that apply to the value itself or to other values; `false` for an empty one.
    fn schemas(
        &mut self,
        schema: &mut Schema<'_>,
        same: Option<Place>,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        if scanner.peek() != b'[' {
            return Ok(scanner.skip().map(|_| false)?);
        }
        let mut any = false;
        scanner.array::<AnswerError>(|scanner| {
            any = true;
            let place = same.unwrap_or_else(|| Place::new(schema.names.group()));
            self.schema(schema, place, scanner).map(drop)
        })?;
        Ok(any)
    }

    /// Mends a subschema. One that is no schema becomes a schema for any value; the name of a type becomes a
    /// schema of it.
    fn schema(
        &mut self,
        schema: &mut Schema<'_>,
        place: Place,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        match scanner.peek() {
            b'{' => {
                self.members(schema, place, scanner)?;
            }
            b't' | b'f' => drop(scanner.skip()?),
            _ => {
                let span = scanner.skip()?;
                let types = span.of(self.bytes).and_then(unquote).and_then(|text| types_of(&text));
                let types = types.map_or_else(
                    || "{}".to_owned(),
                    |types| {
                        let items = if types.contains("\"array\"") { ",\"items\":{}" } else { "" };
                        format!("{{\"type\":{types}{items}}}")
                    },
                );
                self.edits.replace(span, types);
            }
        }
        Ok(true)
    }
}

/// Returns whether a `type` is or has `array`.
fn is_array(raw: Option<&[u8]>) -> bool {
    match raw {
        None | Some(b"\"string\"" | b"\"number\"" | b"\"integer\"" | b"\"boolean\"" | b"\"object\"") => false,
        Some(raw) => match unquote(raw) {
            Some(text) => types_of(&text).is_some_and(|types| types.contains("\"array\"")),
            None => {
                let names: Vec<serde_json::Value> = serde_json::from_slice(raw).unwrap_or_default();
                names.iter().filter_map(|name| meant(name.as_str()?)).any(|name| name == "array")
            }
        },
    }
}
