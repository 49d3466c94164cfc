//! JSON as a tree that keeps the order of members, repeated members, and the exact text of everything that is
//! not taken out.

use super::{JsonError, Member, Scanner, quote_into, unquote};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    Text(String),
    /// A number, a literal, or a string with a lone surrogate.
    Raw(Vec<u8>),
}

impl Tree {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(json)?;
        let tree = Self::read(&mut scanner, json)?;
        scanner.end()?;
        Ok(tree)
    }

    fn read(scanner: &mut Scanner<'_>, json: &[u8]) -> Result<Self, JsonError> {
        match scanner.peek() {
            b'{' => {
                let mut members = Vec::new();
                scanner.object::<JsonError>(|scanner, Member { key, .. }| {
                    members.push((key.into_owned(), Self::read(scanner, json)?));
                    Ok(())
                })?;
                Ok(Self::Object(members))
            }
            b'[' => {
                let mut items = Vec::new();
                scanner.array::<JsonError>(|scanner| {
                    items.push(Self::read(scanner, json)?);
                    Ok(())
                })?;
                Ok(Self::Array(items))
            }
            _ => {
                let raw = scanner.skip()?.of(json).unwrap_or_default();
                Ok(unquote(raw).map_or_else(|| Self::Raw(raw.to_vec()), |text| Self::Text(text.into_owned())))
            }
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Object(members) => {
                out.push(b'{');
                for (at, (key, value)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    quote_into(out, key);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
            Self::Array(items) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Text(text) => quote_into(out, text),
            Self::Raw(raw) => out.extend_from_slice(raw),
        }
    }

    /// Returns whether some string or key in it fits `is`.
    pub(crate) fn holds(&self, is: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Object(members) => members.iter().any(|(key, value)| is(key) || value.holds(is)),
            Self::Array(items) => items.iter().any(|item| item.holds(is)),
            Self::Text(text) => is(text),
            Self::Raw(_) => false,
        }
    }
}
