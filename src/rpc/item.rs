//! Items of lists, such as a tool or a resource.

use super::json::{self, JsonError, Member, Scanner, Span, once};
use bytes::Bytes;
use std::borrow::Cow;

/// One item of a list.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    name: Name,
    /// The item as JSON text.
    pub(crate) json: Bytes,
}

/// The name of an item: of a tool or prompt, the URI of a resource, the URI template of a template.
#[derive(Clone, Debug)]
enum Name {
    /// The place of the name in the item's JSON.
    At(Span),
    Text(Box<str>),
}

impl Item {
    /// Creates the item `json` with the name `name`.
    #[cfg(any(feature = "alias", feature = "catalog"))]
    pub(crate) fn new(name: &str, json: impl Into<Bytes>) -> Self {
        Self { name: Name::Text(name.into()), json: json.into() }
    }

    /// Returns the name of a tool or prompt, the URI of a resource or the URI template of a template.
    pub(crate) fn name(&self) -> &str {
        match &self.name {
            Name::At(span) => std::str::from_utf8(span.of(&self.json).unwrap_or_default()).unwrap_or_default(),
            Name::Text(name) => name,
        }
    }

    /// Returns whether both are one item in memory, not only equal ones.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.json.as_ptr() == other.json.as_ptr() && self.json.len() == other.json.len()
    }

    /// Copies the item into memory of its own: a short item would otherwise keep a whole long list in memory.
    pub(crate) fn detached(&self) -> Self {
        Self { name: self.name.clone(), json: Bytes::copy_from_slice(&self.json) }
    }

    /// Returns an item with this name and other JSON.
    pub(crate) fn rewritten(&self, json: impl Into<Bytes>) -> Self {
        Self { name: Name::Text(self.name().into()), json: json.into() }
    }
}

/// Reads the item at the cursor; `None` if it has no name.
pub(super) fn item(scanner: &mut Scanner<'_>, bytes: &Bytes, key: &'static str) -> Result<Option<Item>, JsonError> {
    if scanner.peek() != b'{' {
        return scanner.skip().map(|_| None);
    }
    let before = scanner.clone();
    let mut name = Span::default();
    let read = scanner.object::<JsonError>(|scanner, Member { key: found, .. }| {
        let span = scanner.skip()?;
        if found == key { once(&mut name, span, key) } else { Ok(()) }
    });
    let place = match read {
        Ok(place) => place,
        Err(JsonError::Duplicate(key)) => return Err(JsonError::Duplicate(key)),
        // The key is not valid text (a lone surrogate).
        Err(_) => {
            *scanner = before;
            return scanner.skip().map(|_| None);
        }
    };
    let name = match json::text(bytes, name) {
        Some(Cow::Borrowed(_)) => Name::At(Span::new(name.start() + 1, name.end() - 1).shifted_back(place.start())),
        Some(Cow::Owned(name)) => Name::Text(name.into()),
        None => return Ok(None),
    };
    Ok(Some(Item { name, json: place.slice(bytes) }))
}
