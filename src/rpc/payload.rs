//! Results: their bytes, and the hints of layers beside the bytes.

use super::error::ErrorObject;
use super::json::{self, JsonError, Scanner};
use super::list::List;
use super::memo::Memo;
use super::method::Method;
use super::outline::Outline;
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::sync::Arc;

/// The result of a request: a JSON object, passed through byte for byte.
#[derive(Clone, Debug)]
pub struct Payload {
    json: Bytes,
    outline: Outline,
    pub(super) hints: Hints,
    /// The list that a layer read from it. If the items differ from those in `json`, the list replaces them.
    list: Option<Arc<List>>,
}

/// Hints of layers: how long a client may keep a result, and for whom. They stand beside the bytes, so that the
/// bytes stay unchanged from call to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) ttl_ms: Option<u64>,
    pub(super) private: bool,
    /// The text of a tool error for a client that cannot be asked the question in this result.
    pub(super) instead: Option<&'static str>,
}

impl Payload {
    /// Creates a result from a JSON object.
    ///
    /// # Errors
    /// [`JsonError`] if it is not JSON, is no object, or has a member that a bridge reads twice.
    pub fn parse(json: impl Into<Bytes>) -> Result<Self, JsonError> {
        let json = json.into();
        let mut scanner = Scanner::new(&json)?;
        let outline =
            Outline::scan::<JsonError>(&mut scanner, |outline, scanner, member| outline.member(scanner, &member.key))?;
        scanner.end()?;
        Ok(Self::found(&json, outline))
    }

    /// Returns the result that `outline` found within `message`.
    pub(crate) fn found(message: &Bytes, outline: Outline) -> Self {
        let json = outline.object.slice(message);
        Self::of(json, outline.shifted_back(outline.object.start()))
    }

    const fn of(json: Bytes, outline: Outline) -> Self {
        Self { json, outline, hints: Hints { ttl_ms: None, private: false, instead: None }, list: None }
    }

    /// Creates the result of a tool that failed, with a text for the model.
    ///
    /// # Errors
    /// None in practice: the text written here is an object.
    pub fn tool_error(text: &str) -> Result<Self, ErrorObject> {
        let content = serde_json::json!([{ "type": "text", "text": text }]);
        Ok(Self::parse(serde_json::json!({ "content": content, "isError": true }).to_string())?)
    }

    /// Returns `{}`, the empty result.
    pub fn empty() -> Self {
        Self::of(Bytes::from_static(b"{}"), Outline::empty())
    }

    /// Sets how long a client may keep the result, in milliseconds (`ttlMs` of 2026-07-28). Overrides the
    /// result's own value.
    #[must_use]
    pub const fn with_ttl_ms(mut self, ttl: u64) -> Self {
        self.hints.ttl_ms = Some(ttl);
        self
    }

    /// Marks the result as dependent on the caller, so that no shared cache may keep it (`cacheScope` of
    /// 2026-07-28). Overrides the result's own value.
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.hints.private = true;
        self
    }

    /// Sets the text of the tool error for a client that cannot be asked the question in this result.
    #[cfg(feature = "confirm")]
    #[must_use]
    pub(crate) const fn or_else(mut self, text: &'static str) -> Self {
        self.hints.instead = Some(text);
        self
    }

    /// Returns the text of the tool error for a client that cannot be asked; without one it gets a JSON-RPC error.
    pub(crate) const fn instead(&self) -> Option<&'static str> {
        self.hints.instead
    }

    /// Returns the result with other JSON and the same hints.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) fn rewritten(&self, json: impl Into<Bytes>) -> Result<Self, JsonError> {
        Ok(Self { hints: self.hints, ..Self::parse(json)? })
    }

    /// Creates a result from an object that has no member that a bridge reads. `breaks` says whether line
    /// breaks stand between its tokens.
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

    /// Returns whether line breaks stand between the tokens.
    #[cfg(feature = "catalog")]
    pub(crate) const fn has_line_breaks(&self) -> bool {
        self.outline.breaks
    }

    /// Copies the result into memory of its own: a short result may be part of a long message or of a
    /// connection's buffer, and would keep all of it in memory.
    #[cfg(feature = "cache")]
    #[must_use]
    pub(crate) fn detached(self) -> Self {
        let Self { json, outline, hints, .. } = self.plain();
        Self { hints, ..Self::of(Bytes::copy_from_slice(&json), outline) }
    }

    /// Returns the result with the hints of `other`.
    #[cfg(feature = "catalog")]
    #[must_use]
    pub(crate) const fn kept_as(mut self, other: &Self) -> Self {
        self.hints = other.hints;
        self
    }

    /// Returns the result with a replacement character for each lone surrogate.
    ///
    /// # Errors
    /// None in practice: JSON stays JSON.
    pub(crate) fn without_lone_surrogates(self) -> Result<Self, JsonError> {
        if self.outline.lone { self.rewritten(json::without_lone_surrogates(self.json())) } else { Ok(self) }
    }

    /// Returns the JSON object.
    pub fn json(&self) -> &Bytes {
        self.list.as_ref().and_then(|list| list.edited()).map_or(&self.json, |(json, _)| json)
    }

    /// Returns JSON with all members of the object; for a list whose items a layer changed, with the items
    /// before the change.
    pub(crate) const fn frame(&self) -> &Bytes {
        &self.json
    }

    /// Returns the length of the JSON, without writing it.
    pub(crate) fn length(&self) -> usize {
        self.list.as_ref().map_or(self.json.len(), |list| list.length())
    }

    /// Returns the list in this answer to `method`, read now unless a layer beneath has read it.
    ///
    /// The list then travels with the payload, and values made from it are remembered in `memo`, or where that
    /// layer said.
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

    /// Reads the list in this answer to `method`; values made from it are remembered in `memo`.
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

    /// Replaces the list that `list` was made from.
    pub(crate) fn show(&mut self, list: Arc<List>) {
        *self = Self { hints: self.hints, ..Self::listing(list) };
    }

    /// Returns the result as plain bytes, without the list.
    fn plain(mut self) -> Self {
        if let Some((json, outline)) = self.list.take().as_ref().and_then(|list| list.edited()) {
            (self.json, self.outline) = (json.clone(), *outline);
        }
        self
    }

    /// Returns whether the result asks the client for input instead of ending the call
    /// ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
    pub fn is_input_required(&self) -> bool {
        self.outline.result_type.of(&self.json) == Some(b"\"input_required\"")
    }

    /// Returns whether the result is that of a tool that failed (`isError`).
    pub fn is_tool_error(&self) -> bool {
        self.outline.is_error.of(&self.json) == Some(b"true")
    }

    /// Returns `inputRequests` as JSON text.
    pub fn input_requests(&self) -> Option<&[u8]> {
        self.outline.input_requests.of(&self.json)
    }

    /// Returns `requestState` as JSON text.
    pub fn request_state(&self) -> Option<&[u8]> {
        self.outline.request_state.of(&self.json)
    }

    /// Returns `_meta.messages` as JSON text: messages of 1C to the user about this call.
    pub fn messages(&self) -> Option<&[u8]> {
        self.outline.messages.of(&self.json)
    }

    /// Returns the result without line breaks between its tokens.
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

    /// Returns the bytes, the places of the members in them, and the hints.
    pub(super) fn into_parts(self) -> (Bytes, Outline, Hints) {
        let Self { json, outline, hints, .. } = self.plain();
        (json, outline, hints)
    }
}

/// Writes an object as a result.
impl TryFrom<Value> for Payload {
    type Error = JsonError;

    fn try_from(object: Value) -> Result<Self, JsonError> {
        Self::parse(object.to_string())
    }
}

/// Replaces every CR and LF by a space. In valid JSON they stand only between tokens.
pub(crate) fn without_line_breaks(json: Bytes) -> Bytes {
    let mut bytes = json.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    json::blank_line_breaks(&mut bytes);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of members in a written list are computed, not read; a reader must find the members there.
    #[test]
    fn members_are_found_in_what_was_written() {
        let memo = Arc::default();
        let known = [
            r#""resultType":"complete""#,
            r#""_meta" : {"a":1,"messages":["b"],"io.modelcontextprotocol/serverInfo":{}}"#,
            r#""ttlMs":5"#,
            "\"cacheScope\" :\r\n\"public\"",
            r#""isError":false"#,
        ];
        let array = "\"tools\": [ {\"name\":\"a\",\n\"x\":[1]}, {\"name\":\"b\"},{}]";
        for at in 0..=known.len() {
            for turn in 0..known.len() {
                let mut members = known.to_vec();
                members.rotate_left(turn);
                members.insert(at, array);
                let payload = Payload::parse(format!("{{ {} }}", members.join(" , "))).unwrap();
                for items in [0, 1, 2, 3] {
                    let list = payload.clone().list(&Method::ToolsList, &memo).unwrap();
                    let items = list.items().iter().cycle().take(items).cloned().collect();
                    let (json, outline) = list.with(items).written().clone();
                    let read = Payload::parse(json.clone()).unwrap();
                    assert_eq!(format!("{outline:?}"), format!("{:?}", read.into_parts().1), "{json:?}");
                }
            }
        }
    }

    #[test]
    fn a_list_has_the_length_that_it_says() {
        let mut payload = Payload::parse(r#"{"tools":[{"name":"a"},{"name":"b"}],"x":1}"#).unwrap();
        let list = payload.list(&Method::ToolsList, &Arc::default()).unwrap();
        for count in 0..3 {
            payload.show(list.with(list.items().iter().take(count).cloned().collect()));
            assert_eq!(payload.length(), payload.json().len());
        }
    }
}
