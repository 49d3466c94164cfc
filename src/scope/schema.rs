//! Removes guarded values from input schemas.

use super::guards::Guarded;
use crate::rpc::json::{JsonError, Member, Scanner, Span, Tree};

type Members = Vec<(String, Tree)>;

/// Returns a schema that no value fits.
fn nothing() -> Tree {
    Tree::Object(vec![("not".to_owned(), Tree::Object(Vec::new()))])
}

/// Returns a tool, as it is in a list, without the values of these guards in its input schema; `None` if nothing
/// changes.
///
/// # Errors
/// [`JsonError`] if the schema cannot be read.
pub(super) fn without<'a>(
    tool: &[u8],
    guards: impl Iterator<Item = &'a Guarded> + Clone,
) -> Result<Option<Vec<u8>>, JsonError> {
    if guards.clone().next().is_none() {
        return Ok(None);
    }
    let mut schemas: Vec<Span> = Vec::new();
    Scanner::new(tool)?.object::<JsonError>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        if key == "inputSchema" {
            schemas.push(span);
        }
        Ok(())
    })?;
    let mut out = Vec::with_capacity(tool.len());
    let mut done = 0;
    for span in schemas {
        let schema = Tree::parse(span.of(tool).unwrap_or_default())?;
        let shown = guards.clone().fold(schema.clone(), |schema, guard| Hiding::of(guard).hide(schema));
        if shown != schema {
            out.extend_from_slice(tool.get(done..span.start()).unwrap_or_default());
            shown.write(&mut out);
            done = span.end();
        }
    }
    if done == 0 {
        return Ok(None);
    }
    out.extend_from_slice(tool.get(done..).unwrap_or_default());
    Ok(Some(out))
}

/// Removes the values of one guard from one schema. The walk is repeated until it finds no more definitions that the
/// guarded argument refers to.
struct Hiding<'a> {
    guard: &'a Guarded,
    /// The pointers that the guarded argument refers to, such as `#/properties/a` and `#/$defs/a`.
    referred: Vec<String>,
    /// The pointers to schemas of which nothing is left.
    dead: Vec<String>,
    /// The definitions that describe all the arguments.
    bases: Vec<String>,
}

impl<'a> Hiding<'a> {
    const fn of(guard: &'a Guarded) -> Self {
        Self { guard, referred: Vec::new(), dead: Vec::new(), bases: Vec::new() }
    }

    fn hide(mut self, mut schema: Tree) -> Tree {
        loop {
            let known = (self.referred.len(), self.dead.len(), self.bases.len());
            self.arguments(&mut schema);
            if let Tree::Object(members) = &mut schema {
                self.definitions(members);
            }
            if (self.referred.len(), self.dead.len(), self.bases.len()) == known {
                return schema;
            }
        }
    }

    fn names(&self, value: &Tree) -> bool {
        value.holds(&|text| self.guard.is(text))
    }

    /// Removes values from definitions at the root that the argument refers to. Others may refer to them too, so
    /// a definition is never removed as a whole.
    fn definitions(&mut self, root: &mut Members) {
        for (group, definitions) in root.iter_mut().filter(|(key, _)| key == "$defs" || key == "definitions") {
            let Tree::Object(definitions) = definitions else { continue };
            for (name, definition) in definitions {
                let pointer = format!("#/{group}/{name}");
                if self.bases.contains(&pointer) {
                    self.arguments(definition);
                }
                if self.referred.contains(&pointer) && !self.dead.contains(&pointer) && !self.value(definition) {
                    *definition = nothing();
                    self.dead.push(pointer);
                }
            }
        }
    }

    /// Removes values from a schema of all the arguments, where it describes the guarded one.
    fn arguments(&mut self, schema: &mut Tree) {
        let Tree::Object(members) = schema else { return };
        let mut lost = Vec::new();
        members.retain_mut(|(key, value)| match (key.as_str(), value) {
            ("properties", Tree::Object(properties)) => {
                properties.retain_mut(|(name, property)| {
                    let pointer = format!("#/properties/{name}");
                    let guarded = self.guard.is_about(name) || self.referred.contains(&pointer);
                    let left = !guarded || self.value(property);
                    if !left {
                        lost.push(name.clone());
                        self.dead.push(pointer);
                    }
                    left
                });
                true
            }
            ("patternProperties", Tree::Object(patterns)) => {
                patterns.retain_mut(|(_, property)| self.value(property));
                true
            }
            ("additionalProperties" | "unevaluatedProperties", value @ Tree::Object(_)) => {
                if !self.value(value) {
                    *value = Tree::Raw(b"false".to_vec());
                }
                true
            }
            ("allOf" | "anyOf" | "oneOf", Tree::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| self.arguments(schema));
                true
            }
            ("if" | "then" | "else" | "not", schema) => {
                self.arguments(schema);
                true
            }
            ("dependentSchemas", Tree::Object(schemas)) => {
                schemas.iter_mut().for_each(|(_, schema)| self.arguments(schema));
                true
            }
            ("$ref", Tree::Text(pointer)) => {
                note(&mut self.bases, definition(pointer));
                true
            }
            ("default" | "const", value) => !self.is_named(value),
            ("examples" | "enum", Tree::Array(values)) => {
                values.retain(|value| !self.is_named(value));
                !values.is_empty()
            }
            _ => true,
        });
        not_required(members, &lost);
    }

    /// Returns whether arguments that a schema gives as an example name a value.
    fn is_named(&self, arguments: &Tree) -> bool {
        let Tree::Object(members) = arguments else { return self.names(arguments) };
        members.iter().any(|(key, value)| self.guard.is_about(key) && self.names(value))
    }

    /// Removes values from a schema within the guarded argument; `false` if no value fits it any more.
    fn value(&mut self, schema: &mut Tree) -> bool {
        let Tree::Object(members) = schema else { return true };
        let mut left = true;
        let mut lost = Vec::new();
        self.enumerated(members, &mut left);
        members.retain_mut(|(key, value)| match (key.as_str(), value) {
            ("const", value) => {
                let hidden = self.names(value);
                left &= !hidden;
                !hidden
            }
            ("default" | "examples", Tree::Array(values)) => {
                let before = values.len();
                values.retain(|value| !self.names(value));
                before == values.len() || !values.is_empty()
            }
            ("default" | "examples" | "example", value) => !self.names(value),
            ("anyOf" | "oneOf", Tree::Array(schemas)) => {
                schemas.retain_mut(|schema| self.value(schema));
                left &= !schemas.is_empty();
                true
            }
            ("allOf" | "prefixItems" | "items", Tree::Array(schemas)) => {
                // Not `all`, which would stop at the first match.
                schemas.iter_mut().for_each(|schema| left &= self.value(schema));
                true
            }
            ("items" | "contains", schema) => {
                left &= self.value(schema);
                true
            }
            ("properties", Tree::Object(properties)) => {
                properties.retain_mut(|(name, property)| {
                    let kept = !self.guard.is(name) && self.value(property);
                    if !kept {
                        lost.push(name.clone());
                    }
                    kept
                });
                true
            }
            ("patternProperties" | "dependentSchemas" | "$defs" | "definitions", Tree::Object(schemas)) => {
                schemas.retain_mut(|(_, schema)| self.value(schema));
                true
            }
            (
                "additionalProperties"
                | "unevaluatedProperties"
                | "additionalItems"
                | "unevaluatedItems"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else",
                schema,
            ) => self.value(schema),
            ("$ref", Tree::Text(pointer)) => {
                left &= self.refer(pointer);
                true
            }
            _ => true,
        });
        left && !not_required(members, &lost)
    }

    /// Removes values from `enum`, and from lists beside it with an entry for each value (`enumNames` and so on).
    fn enumerated(&self, members: &mut Members, left: &mut bool) {
        let values = members.iter().find_map(|(key, value)| match value {
            Tree::Array(values) if key == "enum" => Some(values),
            _ => None,
        });
        let Some(values) = values else { return };
        let hidden: Vec<bool> = values.iter().map(|value| self.names(value)).collect();
        if !hidden.contains(&true) {
            return;
        }
        for (key, value) in members {
            match value {
                Tree::Array(values) if key.to_ascii_lowercase().contains("enum") && values.len() == hidden.len() => {
                    let mut hidden = hidden.iter();
                    values.retain(|_| hidden.next() == Some(&false));
                    *left &= !values.is_empty();
                }
                _ => {}
            }
        }
    }

    /// Notes what the argument refers to; `false` if nothing is left of it.
    fn refer(&mut self, pointer: &str) -> bool {
        let pointer = definition(pointer);
        let left = !self.dead.contains(&pointer);
        note(&mut self.referred, pointer);
        left
    }
}

/// Returns the definition that a JSON pointer leads to or into.
fn definition(pointer: &str) -> String {
    let end = pointer.match_indices('/').nth(2).map_or(pointer.len(), |(at, _)| at);
    pointer.get(..end).unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

fn note(pointers: &mut Vec<String>, pointer: String) {
    if !pointers.contains(&pointer) {
        pointers.push(pointer);
    }
}

/// Removes lost properties from `required`; returns whether there was one.
fn not_required(members: &mut Members, lost: &[String]) -> bool {
    let mut found = false;
    for (_, names) in members.iter_mut().filter(|(key, _)| key == "required") {
        let Tree::Array(names) = names else { continue };
        names.retain(|name| {
            let gone = matches!(name, Tree::Text(name) if lost.contains(name));
            found |= gone;
            !gone
        });
    }
    found
}
