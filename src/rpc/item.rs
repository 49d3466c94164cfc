//! Items of lists, such as a tool or a resource.

use super::json::{self, JsonError, Member, Scanner, Span, once};
use super::method::Method;
use bytes::Bytes;
use serde_json::Value;
use std::borrow::Cow;

/// One item of a list: a tool, prompt, resource or resource template, as JSON text.
///
/// Cloning is cheap. A [`ListEditor`](super::ListEditor) gives the items of a list.
#[derive(Clone, Debug)]
pub struct Item {
    name: Name,
    /// The member that names it.
    key: &'static str,
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
    /// Creates an item of the answers to `method`, one of the four that list something.
    ///
    /// # Errors
    /// [`JsonError::Expected`] if the method lists nothing, or the item has no name (a resource no `uri`, a template no
    /// `uriTemplate`); [`JsonError::Depth`].
    pub fn new(method: &Method, item: &Value) -> Result<Self, JsonError> {
        let (_, key) = method.listed().ok_or(JsonError::Expected("not a list"))?;
        Self::read(item.to_string().into(), key)
    }

    fn read(json: Bytes, key: &'static str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(&json)?;
        let read = item(&mut scanner, &json, key)?;
        scanner.end()?;
        read.ok_or(JsonError::Expected("an item without its name"))
    }

    /// Creates the item `json` whose member `key` is `name`.
    #[cfg(any(feature = "alias", feature = "catalog"))]
    pub(crate) fn named(key: &'static str, name: &str, json: impl Into<Bytes>) -> Self {
        Self { name: Name::Text(name.into()), key, json: json.into() }
    }

    /// Returns the JSON text.
    pub fn as_json(&self) -> &[u8] {
        &self.json
    }

    /// Returns the value of a member; `None` if it is absent.
    ///
    /// # Errors
    /// [`JsonError`] if the member stands there twice, or holds what a `Value` cannot hold.
    pub fn get(&self, member: &str) -> Result<Option<Value>, JsonError> {
        let mut found = Span::default();
        Scanner::new(&self.json)?.object::<JsonError>(|scanner, Member { key, .. }| {
            let span = scanner.skip()?;
            if key == member { once(&mut found, span, "member of an item") } else { Ok(()) }
        })?;
        found.of(&self.json).map(json::value).transpose()
    }

    /// Returns the item with this value of a member, whether it had the member before or not. Other members keep their
    /// bytes. The member that names the item may be changed as well.
    ///
    /// # Errors
    /// [`JsonError`] if the item then has no name, or is nested too deeply.
    pub fn with(&self, member: &str, value: &Value) -> Result<Self, JsonError> {
        self.edited(member, Some(value))
    }

    /// Returns the item without a member. Other members keep their bytes.
    ///
    /// # Errors
    /// [`JsonError::Expected`] if the member is the one that names the item.
    pub fn without(&self, member: &str) -> Result<Self, JsonError> {
        self.edited(member, None)
    }

    fn edited(&self, member: &str, value: Option<&Value>) -> Result<Self, JsonError> {
        let text = value.map(Value::to_string);
        // Written once, in the place of the first member of this name.
        let mut new = text.as_deref().map(str::as_bytes);
        let mut out =
            Vec::with_capacity(self.json.len() + text.as_ref().map_or(0, |text| text.len() + member.len() + 4));
        let mut put = |key: &str, json: &[u8]| {
            out.push(if out.is_empty() { b'{' } else { b',' });
            json::quote_into(&mut out, key);
            out.push(b':');
            out.extend_from_slice(json);
        };
        Scanner::new(&self.json)?.object::<JsonError>(|scanner, Member { key, .. }| {
            let old = scanner.skip()?;
            let json = if key == member { new.take() } else { old.of(&self.json) };
            json.into_iter().for_each(|json| put(&key, json));
            Ok(())
        })?;
        new.into_iter().for_each(|json| put(member, json));
        out.push(b'}');
        Self::read(out.into(), self.key)
    }

    /// Returns the name of a tool or prompt, the URI of a resource or the URI template of a template.
    pub fn name(&self) -> &str {
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
        Self { name: self.name.clone(), key: self.key, json: Bytes::copy_from_slice(&self.json) }
    }

    /// Returns an item with this name and other JSON.
    pub(crate) fn rewritten(&self, json: impl Into<Bytes>) -> Self {
        Self { name: Name::Text(self.name().into()), key: self.key, json: json.into() }
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
    Ok(Some(Item { name, key, json: place.slice(bytes) }))
}
