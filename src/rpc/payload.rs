//! Results: their bytes, where the few known members stand, and how a reply is spliced around them.

use super::encoded::Encoded;
use super::error::ErrorObject;
use super::json::{Fault, Member, Scanner, Span, once};
use super::message::{Id, slice};
use super::method::Method;
use super::version::Era;
use bytes::{Bytes, BytesMut};

/// The result of a request: a JSON object, passed through byte for byte.
#[derive(Clone, Debug)]
pub struct Payload {
    json: Bytes,
    outline: Outline,
    hints: Hints,
}

/// What layers say of how long a client may keep a result, and for whom. They stand beside the bytes,
/// so that the bytes stay the same from call to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hints {
    ttl_ms: Option<u64>,
    private: bool,
}

/// Where the members stand that a bridge reads, replaces or adds to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outline {
    object: Span,
    members: bool,
    result_type: Span,
    result_type_cut: Span,
    meta: Span,
    meta_members: bool,
    server_info: Span,
    messages: Span,
    input_requests: Span,
    request_state: Span,
    ttl: Span,
    cache_scope: Span,
    breaks: bool,
}

impl Outline {
    /// Where the object itself stands.
    pub(crate) const fn object(&self) -> Span {
        self.object
    }

    /// Passes the object at the cursor. `handle` is offered every member first and says whether it
    /// consumed the value.
    pub(crate) fn scan<'a, E: From<Fault>>(
        scanner: &mut Scanner<'a>,
        mut handle: impl FnMut(&mut Scanner<'a>, &str) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let mut outline = Self::default();
        let mut cut = Cut::default();
        let object = scanner.object::<E>(|scanner, Member { key, start }| {
            cut.next(start);
            outline.members = true;
            let is_type = key == "resultType";
            if !handle(scanner, &key)? {
                outline.member(scanner, &key)?;
            }
            cut.end(scanner.pos(), is_type);
            Ok(())
        })?;
        outline.result_type_cut = cut.span;
        outline.object = object;
        outline.breaks = scanner.saw_line_breaks();
        Ok(outline)
    }

    fn member(&mut self, scanner: &mut Scanner<'_>, key: &str) -> Result<(), Fault> {
        let (slot, name) = match key {
            "resultType" => (&mut self.result_type, "resultType"),
            "inputRequests" => (&mut self.input_requests, "inputRequests"),
            "requestState" => (&mut self.request_state, "requestState"),
            "ttlMs" => (&mut self.ttl, "ttlMs"),
            "cacheScope" => (&mut self.cache_scope, "cacheScope"),
            "_meta" if scanner.peek() == b'{' => return self.read_meta(scanner),
            _ => {
                scanner.skip()?;
                return Ok(());
            }
        };
        let span = scanner.skip()?;
        once(slot, span, name)
    }

    fn read_meta(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        let span = scanner.object::<Fault>(|scanner, Member { key, .. }| {
            self.meta_members = true;
            let span = scanner.skip()?;
            match &*key {
                "io.modelcontextprotocol/serverInfo" => once(&mut self.server_info, span, "serverInfo"),
                "messages" => once(&mut self.messages, span, "messages"),
                _ => Ok(()),
            }
        })?;
        once(&mut self.meta, span, "_meta")
    }

    fn shifted_back(mut self, by: usize) -> Self {
        for span in [
            &mut self.object,
            &mut self.result_type,
            &mut self.result_type_cut,
            &mut self.meta,
            &mut self.server_info,
            &mut self.messages,
            &mut self.input_requests,
            &mut self.request_state,
            &mut self.ttl,
            &mut self.cache_scope,
        ] {
            *span = span.shifted_back(by);
        }
        self
    }
}

/// The bytes to leave out so that an object stays one without a certain member: with the comma
/// before it, or, for the first one, with the comma after it.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) span: Span,
    member: usize,
    previous_end: Option<usize>,
    open: bool,
}

impl Cut {
    /// A member begins at `start`.
    pub(crate) fn next(&mut self, start: usize) {
        if self.open {
            self.span = Span::new(self.span.start(), start);
            self.open = false;
        }
        self.member = start;
    }

    /// Its value ended at `end`; `this` is the one to leave out.
    pub(crate) fn end(&mut self, end: usize, this: bool) {
        if this && self.span.is_empty() {
            self.span = Span::new(self.previous_end.unwrap_or(self.member), end);
            self.open = self.previous_end.is_none();
        }
        self.previous_end = Some(end);
    }
}

impl Payload {
    /// Takes a JSON object as a result.
    ///
    /// # Errors
    /// [`Fault`] for what is not JSON, no object, or holds a member twice that a bridge reads.
    pub fn parse(json: impl Into<Bytes>) -> Result<Self, Fault> {
        let json = json.into();
        let mut scanner = Scanner::new(&json)?;
        let outline = Outline::scan::<Fault>(&mut scanner, |_, _| Ok(false))?;
        scanner.end()?;
        Ok(Self::found(&json, outline))
    }

    /// The result that `outline` found within `message`.
    pub(crate) fn found(message: &Bytes, outline: Outline) -> Self {
        let json = slice(message, outline.object);
        Self { json, outline: outline.shifted_back(outline.object.start()), hints: Hints::default() }
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
        let outline = Outline { object: Span::new(0, 2), ..Outline::default() };
        Self { json: Bytes::from_static(b"{}"), outline, hints: Hints::default() }
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

    /// The same object written anew as `json`, with what was said of keeping it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) fn rewritten(&self, json: impl Into<Bytes>) -> Result<Self, Fault> {
        Ok(Self { hints: self.hints, ..Self::parse(json)? })
    }

    /// The JSON object.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// Whether it asks the client for input instead of ending the call
    /// ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
    pub fn is_input_required(&self) -> bool {
        self.outline.result_type.of(&self.json) == Some(b"\"input_required\"")
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
        if self.outline.breaks {
            self.json = without_line_breaks(self.json);
            self.outline.breaks = false;
        }
        self
    }
}

/// Replaces every CR and LF by a space. In checked JSON they stand only between tokens.
pub(crate) fn without_line_breaks(json: Bytes) -> Bytes {
    let mut bytes = json.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    // Without a branch, so that the compiler does many bytes a step.
    for byte in bytes.iter_mut() {
        *byte = if matches!(*byte, b'\r' | b'\n') { b' ' } else { *byte };
    }
    bytes.freeze()
}

/// Up to this size a reply is copied into one buffer: cheaper than several writes.
const COPY_LIMIT: usize = 64 * 1024;

/// What goes into or out of a result on its way to the client.
struct Splice<'a> {
    prefix: Vec<u8>,
    /// Bytes left out of the payload, and what takes their place.
    edits: [(Span, &'a [u8]); 4],
}

/// Writes the reply to request `id`: the payload's own bytes, with what the era wants around them.
///
/// `server_info` is the JSON object that 2026-07-28 shows in `_meta` of every result.
pub(crate) fn encode(payload: Payload, id: &Id, method: &Method, era: Era, server_info: &[u8]) -> Encoded {
    let Payload { json, outline, hints } = payload;
    let copied = if json.len() <= COPY_LIMIT { json.len() } else { 0 };
    let mut prefix = Vec::with_capacity(256 + 2 * server_info.len() + id.as_json().len() + copied);
    prefix.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    prefix.extend_from_slice(id.as_json());
    prefix.extend_from_slice(b",\"result\":{");
    let mut own = Vec::new();
    let body = Span::new(0, 1);
    let nothing = (Span::default(), &b""[..]);
    let ttl = hints.ttl_ms.map(|ttl| ttl.to_string()).unwrap_or_default();
    let mut splice = match era {
        Era::Legacy => Splice { prefix, edits: [(body, b""), (outline.result_type_cut, b""), nothing, nothing] },
        Era::Modern => {
            add_members(&mut prefix, &outline, hints, method, server_info);
            let inside = if outline.meta.is_empty() || !outline.server_info.is_empty() {
                nothing
            } else {
                server_info_member(&mut own, server_info);
                if outline.meta_members {
                    own.push(b',');
                }
                // Replaces the brace of `_meta`.
                (Span::new(outline.meta.start(), outline.meta.start() + 1), &own[..])
            };
            let ttl = if ttl.is_empty() { nothing } else { (outline.ttl, ttl.as_bytes()) };
            let scope = if hints.private { (outline.cache_scope, &b"\"private\""[..]) } else { nothing };
            Splice { prefix, edits: [(body, b""), inside, ttl, scope] }
        }
    };
    splice.edits.sort_by_key(|(span, _)| span.start());
    splice.write(&json)
}

fn server_info_member(out: &mut Vec<u8>, server_info: &[u8]) {
    if out.is_empty() {
        out.push(b'{');
    }
    out.extend_from_slice(b"\"io.modelcontextprotocol/serverInfo\":");
    out.extend_from_slice(server_info);
}

/// The members of 2026-07-28 that the payload does not bring itself.
fn add_members(out: &mut Vec<u8>, outline: &Outline, hints: Hints, method: &Method, server_info: &[u8]) {
    let complete = outline.result_type.is_empty();
    let ttl = hints.ttl_ms.map(|ttl| format!("\"ttlMs\":{ttl},"));
    let mut members: Vec<&[u8]> = Vec::with_capacity(8);
    if complete {
        members.push(b"\"resultType\":\"complete\",");
    }
    if method.is_cacheable() && complete {
        if outline.ttl.is_empty() {
            members.push(ttl.as_deref().map_or(b"\"ttlMs\":0,", str::as_bytes));
        }
        if outline.cache_scope.is_empty() {
            members.push(b"\"cacheScope\":\"private\",");
        }
    }
    if outline.meta.is_empty() {
        members.extend([&b"\"_meta\":{\"io.modelcontextprotocol/serverInfo\":"[..], server_info, b"},"]);
    }
    for member in members {
        out.extend_from_slice(member);
    }
    if !outline.members && out.last() == Some(&b',') {
        out.pop();
    }
}

impl Splice<'_> {
    fn write(self, json: &Bytes) -> Encoded {
        let small = json.len() <= COPY_LIMIT;
        let mut now = self.prefix;
        let mut pieces = Vec::new();
        let mut done = 0;
        let mut pass = |now: &mut Vec<u8>, from: usize, to: usize| {
            if small {
                now.extend_from_slice(json.get(from..to).unwrap_or_default());
            } else if from < to {
                pieces.push(Bytes::from(std::mem::take(now)));
                pieces.push(json.slice(from..to));
            }
        };
        for (span, text) in self.edits {
            if !span.is_empty() {
                pass(&mut now, done, span.start());
                now.extend_from_slice(text);
                done = span.end();
            }
        }
        pass(&mut now, done, json.len());
        now.push(b'}');
        if small {
            return now.into();
        }
        pieces.push(now.into());
        Encoded::in_pieces(pieces)
    }
}
