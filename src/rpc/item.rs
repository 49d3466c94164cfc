//! Items of lists.

use super::json::{self, JsonError, Member, Scanner, Span, once};
use bytes::Bytes;
use std::borrow::Cow;

/// One item of a list.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    name: Name,
    /// The whole item.
    pub(crate) json: Bytes,
}

/// The name of a tool or prompt, the URI of a resource, the URI template of a template.
#[derive(Clone, Debug)]
enum Name {
    /// It stands there in the item.
    At(Span),
    Text(Box<str>),
}

impl Item {
    /// The item `json`, whose name is `name`.
    #[cfg(any(feature = "alias", feature = "catalog"))]
    pub(crate) fn new(name: &str, json: impl Into<Bytes>) -> Self {
        Self { name: Name::Text(name.into()), json: json.into() }
    }

    /// The name of a tool or prompt, the URI of a resource, the URI template of a template.
    pub(crate) fn name(&self) -> &str {
        match &self.name {
            Name::At(span) => std::str::from_utf8(span.of(&self.json).unwrap_or_default()).unwrap_or_default(),
            Name::Text(name) => name,
        }
    }

    /// Whether it is the very item, and not only an equal one.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.json.as_ptr() == other.json.as_ptr() && self.json.len() == other.json.len()
    }

    /// The same item in memory of its own: a short one would keep all of a long list.
    pub(crate) fn detached(&self) -> Self {
        Self { name: self.name.clone(), json: Bytes::copy_from_slice(&self.json) }
    }

    /// The same item, written anew.
    pub(crate) fn rewritten(&self, json: impl Into<Bytes>) -> Self {
        Self { name: Name::Text(self.name().into()), json: json.into() }
    }
}

/// The item at the cursor, if it has a name.
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
        // A key that is no text.
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
