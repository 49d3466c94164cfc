//! Results: their bytes, and what layers say beside them.

use super::error::ErrorObject;
use super::json::{self, JsonError, Scanner};
use super::list::List;
use super::memo::Memo;
use super::method::Method;
use super::outline::Outline;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// The result of a request: a JSON object, passed through byte for byte.
#[derive(Clone, Debug)]
pub struct Payload {
    json: Bytes,
    outline: Outline,
    pub(super) hints: Hints,
    /// The list that a layer made of it. If its items are others than those in `json`, it counts in their place.
    list: Option<Arc<List>>,
}

/// What layers say of how long a client may keep a result, and for whom. They stand beside the bytes,
/// so that the bytes stay the same from call to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) ttl_ms: Option<u64>,
    pub(super) private: bool,
    /// The text of a tool's failure for a client that cannot be asked what this asks.
    pub(super) instead: Option<&'static str>,
}

impl Payload {
    /// Takes a JSON object as a result.
    ///
    /// # Errors
    /// [`JsonError`] for what is not JSON, no object, or holds a member twice that a bridge reads.
    pub fn parse(json: impl Into<Bytes>) -> Result<Self, JsonError> {
        let json = json.into();
        let mut scanner = Scanner::new(&json)?;
        let outline =
            Outline::scan::<JsonError>(&mut scanner, |outline, scanner, member| outline.member(scanner, &member.key))?;
        scanner.end()?;
        Ok(Self::found(&json, outline))
    }

    /// The result that `outline` found within `message`.
    pub(crate) fn found(message: &Bytes, outline: Outline) -> Self {
        let json = outline.object.slice(message);
        Self::of(json, outline.shifted_back(outline.object.start()))
    }

    const fn of(json: Bytes, outline: Outline) -> Self {
        Self { json, outline, hints: Hints { ttl_ms: None, private: false, instead: None }, list: None }
    }

    /// The result of a tool that failed, with a text for the model.
    ///
    /// # Errors
    /// None in practice: what is written here is an object.
    pub fn tool_error(text: &str) -> Result<Self, ErrorObject> {
        let content = serde_json::json!([{ "type": "text", "text": text }]);
        Ok(Self::parse(serde_json::json!({ "content": content, "isError": true }).to_string())?)
    }

    /// `{}`
    pub fn empty() -> Self {
        Self::of(Bytes::from_static(b"{}"), Outline::empty())
    }

    /// How long a client may keep it, in milliseconds, whatever the result itself says (`ttlMs` of
    /// 2026-07-28).
    #[must_use]
    pub const fn with_ttl_ms(mut self, ttl: u64) -> Self {
        self.hints.ttl_ms = Some(ttl);
        self
    }

    /// It depends on who asks, so no shared cache may keep it, whatever the result itself says
    /// (`cacheScope` of 2026-07-28).
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.hints.private = true;
        self
    }

    /// It asks the client; one that cannot be asked gets the result of a tool that failed with this text.
    #[cfg(feature = "confirm")]
    #[must_use]
    pub(crate) const fn or_else(mut self, text: &'static str) -> Self {
        self.hints.instead = Some(text);
        self
    }

    /// What a client that cannot be asked gets instead, if not an error.
    pub(crate) const fn instead(&self) -> Option<&'static str> {
        self.hints.instead
    }

    /// The same object written anew as `json`, with what was said of keeping it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) fn rewritten(&self, json: impl Into<Bytes>) -> Result<Self, JsonError> {
        Ok(Self { hints: self.hints, ..Self::parse(json)? })
    }

    /// An object, written by the caller, that has none of the members that a bridge reads. `breaks`
    /// says whether line breaks stand between its tokens.
    ///
    /// # Errors
    /// [`JsonError::Size`].
    #[cfg(feature = "catalog")]
    pub(crate) fn written(json: Vec<u8>, breaks: bool) -> Result<Self, JsonError> {
        if u32::try_from(json.len()).is_err() {
            return Err(JsonError::Size);
        }
        let outline = Outline::plain(json.len(), breaks);
        Ok(Self::of(json.into(), outline))
    }

    /// Whether line breaks stand between its tokens.
    #[cfg(feature = "catalog")]
    pub(crate) const fn has_line_breaks(&self) -> bool {
        self.outline.breaks
    }

    /// The same in memory of its own: a short result may stand in a long message, or in the buffer of
    /// a connection, and would keep all of it.
    #[cfg(feature = "cache")]
    #[must_use]
    pub(crate) fn detached(self) -> Self {
        let Self { json, outline, hints, .. } = self.plain();
        Self { hints, ..Self::of(Bytes::copy_from_slice(&json), outline) }
    }

    /// The same bytes, with what was said of keeping `other`.
    #[cfg(feature = "catalog")]
    #[must_use]
    pub(crate) const fn kept_as(mut self, other: &Self) -> Self {
        self.hints = other.hints;
        self
    }

    /// The same, each surrogate without its other half replaced.
    ///
    /// # Errors
    /// None in practice: what was JSON still is.
    pub(crate) fn without_lone_surrogates(self) -> Result<Self, JsonError> {
        if self.outline.lone { self.rewritten(json::without_lone_surrogates(self.json())) } else { Ok(self) }
    }

    /// The JSON object.
    pub fn json(&self) -> &Bytes {
        self.list.as_ref().and_then(|list| list.edited()).map_or(&self.json, |(json, _)| json)
    }

    /// JSON with all members of the object; of a list whose items a layer changed, with the items that it had before.
    pub(crate) const fn frame(&self) -> &Bytes {
        &self.json
    }

    /// How long the JSON is, without writing it for that.
    pub(crate) fn length(&self) -> usize {
        self.list.as_ref().map_or(self.json.len(), |list| list.length())
    }

    /// The list that it is in answer to `method`, read unless a layer beneath did. From now on it travels with it, and
    /// what is made of it is remembered in `memo`, or where that layer said.
    ///
    /// # Errors
    /// As [`List::read`].
    pub(crate) fn list(&mut self, method: &Method, memo: &Arc<Memo>) -> Result<Arc<List>, JsonError> {
        if let Some(list) = self.list.as_ref().filter(|list| list.is_of(method)) {
            return Ok(Arc::clone(list));
        }
        let list = memo.get_or(self.json(), method, || self.read_list(method, memo))?;
        self.show(Arc::clone(&list));
        Ok(list)
    }

    /// The list that it is in answer to `method`, read now; what is made of it is remembered in `memo`.
    ///
    /// # Errors
    /// As [`List::read`].
    pub(crate) fn read_list(&self, method: &Method, memo: &Arc<Memo>) -> Result<Arc<List>, JsonError> {
        let (json, outline, _) = self.clone().into_parts();
        List::read(method, (json, outline), memo)
    }

    fn listing(list: Arc<List>) -> Self {
        let (json, outline) = list.frame();
        Self { list: Some(list), ..Self::of(json, outline) }
    }

    /// Shows this list in place of the one that it was made of.
    pub(crate) fn show(&mut self, list: Arc<List>) {
        *self = Self { hints: self.hints, ..Self::listing(list) };
    }

    /// The same bytes as `json` tells them, without the list.
    fn plain(mut self) -> Self {
        if let Some((json, outline)) = self.list.take().as_ref().and_then(|list| list.edited()) {
            (self.json, self.outline) = (json.clone(), *outline);
        }
        self
    }

    /// Whether it asks the client for input instead of ending the call
    /// ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
    pub fn is_input_required(&self) -> bool {
        self.outline.result_type.of(&self.json) == Some(b"\"input_required\"")
    }

    /// Whether it is the result of a tool that failed.
    pub fn is_tool_error(&self) -> bool {
        self.outline.is_error.of(&self.json) == Some(b"true")
    }

    /// The raw `inputRequests`.
    pub fn input_requests(&self) -> Option<&[u8]> {
        self.outline.input_requests.of(&self.json)
    }

    /// The raw `requestState`.
    pub fn request_state(&self) -> Option<&[u8]> {
        self.outline.request_state.of(&self.json)
    }

    /// The raw `_meta.messages`: what 1C has to say to the user about this call.
    pub fn messages(&self) -> Option<&[u8]> {
        self.outline.messages.of(&self.json)
    }

    /// The same without line breaks between its tokens.
    #[must_use]
    pub(crate) fn on_one_line(mut self) -> Self {
        if let Some(list) = self.list.take() {
            (self.json, self.outline) = list.written().clone();
        }
        if self.outline.breaks {
            self.json = without_line_breaks(self.json);
            self.outline.breaks = false;
        }
        self
    }

    /// Its bytes, where the members stand in them, and what was said of it.
    pub(super) fn into_parts(self) -> (Bytes, Outline, Hints) {
        let Self { json, outline, hints, .. } = self.plain();
        (json, outline, hints)
    }
}

/// Replaces every CR and LF by a space. In checked JSON they stand only between tokens.
pub(crate) fn without_line_breaks(json: Bytes) -> Bytes {
    let mut bytes = json.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    blank_line_breaks(&mut bytes);
    bytes.freeze()
}

/// Does that in place.
pub(super) fn blank_line_breaks(json: &mut [u8]) {
    // Without a branch, so that the compiler does many bytes a step.
    for byte in json {
        *byte = if matches!(*byte, b'\r' | b'\n') { b' ' } else { *byte };
    }
}
