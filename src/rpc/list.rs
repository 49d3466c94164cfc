//! Lists (`tools/list` and its kin), taken apart into their items and put together again.

use super::json::{self, Fault, Member, Scanner, Span};
use super::message::slice;
use super::method::Method;
use super::payload::Payload;
use bytes::Bytes;

/// A list result and its items.
#[derive(Debug)]
pub(crate) struct List<'a> {
    payload: &'a Payload,
    /// The array, brackets included.
    array: Span,
    pub(crate) items: Vec<Item>,
}

/// One item of a list.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The name of a tool or prompt, the URI of a resource, the URI template of a template.
    pub(crate) name: String,
    /// The whole item.
    pub(crate) json: Bytes,
}

impl<'a> List<'a> {
    /// Takes `payload`, an answer to `method`, apart.
    ///
    /// # Errors
    /// [`Fault`] where it is no list, or an item is no object with one name: what cannot be told apart
    /// by name cannot be filtered either.
    pub(crate) fn read(method: &Method, payload: &'a Payload) -> Result<Self, Fault> {
        let (member, key) = method.listed().ok_or(Fault::Expected("not a list"))?;
        let bytes = payload.json();
        let mut items = Vec::new();
        let mut array = Span::default();
        Scanner::new(bytes)?.object::<Fault>(|scanner, found| {
            if found.key != member {
                return scanner.skip().map(drop);
            }
            if !array.is_empty() {
                return Err(Fault::Duplicate(member));
            }
            scanner.peek();
            let start = scanner.pos();
            scanner.array::<Fault>(|scanner| {
                items.push(item(scanner, bytes, key)?);
                Ok(())
            })?;
            array = Span::new(start, scanner.pos());
            Ok(())
        })?;
        if array.is_empty() {
            return Err(Fault::Expected("a list without its items"));
        }
        Ok(Self { payload, array, items })
    }

    /// The same list with these items in place of its own; all else is untouched.
    ///
    /// # Errors
    /// [`Fault`] where an item is not JSON.
    pub(crate) fn with<'b>(&self, items: impl IntoIterator<Item = &'b [u8]>) -> Result<Payload, Fault> {
        let json = self.payload.json();
        let mut out = Vec::with_capacity(json.len());
        out.extend_from_slice(json.get(..self.array.start()).unwrap_or_default());
        out.push(b'[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item);
        }
        out.push(b']');
        out.extend_from_slice(json.get(self.array.end()..).unwrap_or_default());
        self.payload.rewritten(out)
    }
}

fn item(scanner: &mut Scanner<'_>, bytes: &Bytes, key: &'static str) -> Result<Item, Fault> {
    let mut name = None;
    let span = scanner.object::<Fault>(|scanner, Member { key: found, .. }| {
        let span = scanner.skip()?;
        if found == key && name.replace(span).is_some() {
            return Err(Fault::Duplicate(key));
        }
        Ok(())
    })?;
    let name = name.and_then(|span| json::text(bytes, span)).ok_or(Fault::Expected("an item without a name"))?;
    Ok(Item { name: name.into_owned(), json: slice(bytes, span) })
}
