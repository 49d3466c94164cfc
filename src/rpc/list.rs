//! Lists (`tools/list` and its kin), taken apart into their items and put together again.

use super::error::ErrorObject;
use super::json::{self, JsonError, Member, Scanner, Span, once};
use super::message::Request;
use super::method::Method;
use super::params::Param;
use super::payload::Payload;
use super::response::Response;
use bytes::Bytes;
use std::borrow::Cow;

/// More items have no list of one page, nor one of tools over all its pages: no model reads a hundredth of them.
pub(crate) const MAX_ITEMS: usize = 10_000;

/// A list result and its items, those without a readable name aside.
#[derive(Debug)]
pub(crate) struct List<'a> {
    payload: &'a Payload,
    /// The array, brackets included.
    array: Span,
    pub(crate) items: Vec<Item>,
    partial: bool,
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
    /// An item without a name is left out: nobody could call for it, and nothing can be decided of it.
    /// The rest of the list works all the same.
    ///
    /// # Errors
    /// [`JsonError`] where it is no list, or where the list or the name of an item stands there twice:
    /// other readers could take the other one.
    pub(crate) fn read(method: &Method, payload: &'a Payload) -> Result<Self, JsonError> {
        let (member, key) = method.listed().ok_or(JsonError::Expected("not a list"))?;
        let bytes = payload.json();
        let mut items = Vec::new();
        let mut partial = false;
        let mut array = Span::default();
        Scanner::new(bytes)?.object::<JsonError>(|scanner, found| {
            if found.key != member {
                return scanner.skip().map(drop);
            }
            if !array.is_empty() {
                return Err(JsonError::Duplicate(member));
            }
            scanner.peek();
            let start = scanner.pos();
            scanner.array::<JsonError>(|scanner| {
                match item(scanner, bytes, key)? {
                    Some(item) => items.push(item),
                    None => partial = true,
                }
                Ok(())
            })?;
            array = Span::new(start, scanner.pos());
            Ok(())
        })?;
        if array.is_empty() {
            return Err(JsonError::Expected("a list without its items"));
        }
        Ok(Self { payload, array, items, partial })
    }

    /// Whether items were left out.
    pub(crate) const fn is_partial(&self) -> bool {
        self.partial
    }

    /// The same list with these items in place of its own; all else is untouched, but on one line, as
    /// clients get it: lists are kept, and would be copied for that each time.
    ///
    /// # Errors
    /// [`JsonError`] where an item is not JSON.
    pub(crate) fn with<'b>(&self, items: impl IntoIterator<Item = &'b [u8]>) -> Result<Payload, JsonError> {
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
        self.payload.rewritten(out).map(Payload::on_one_line)
    }
}

/// The answer to a request for a list where nothing is listed.
pub(crate) fn empty_list(request: &Request) -> Response {
    if request.params.raw(Param::Cursor).is_some_and(|cursor| cursor != b"null") {
        // None was ever given out.
        return Response::error(ErrorObject::invalid_params("Unknown cursor"));
    }
    let (member, _) = request.method.listed().unwrap_or_default();
    Payload::parse(format!("{{\"{member}\":[]}}")).map_err(ErrorObject::from).into()
}

/// The item at the cursor, if it has a name.
fn item(scanner: &mut Scanner<'_>, bytes: &Bytes, key: &'static str) -> Result<Option<Item>, JsonError> {
    let span = scanner.skip()?;
    let json = span.slice(bytes);
    let mut name = Span::default();
    let read = Scanner::new(&json)?.object::<JsonError>(|scanner, Member { key: found, .. }| {
        let span = scanner.skip()?;
        if found == key { once(&mut name, span, key) } else { Ok(()) }
    });
    match read {
        Ok(_) => {
            let name = json::text(&json, name).map(Cow::into_owned);
            Ok(name.map(|name| Item { name, json }))
        }
        Err(JsonError::Duplicate(key)) => Err(JsonError::Duplicate(key)),
        // No object, or one with a key that is no text.
        Err(_) => Ok(None),
    }
}
