//! An outline: where the known members of a result stand.

use super::json::{JsonError, Member, Scanner, Span, once};

/// The places of the members that a bridge reads, replaces or adds to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outline {
    pub(super) object: Span,
    pub(super) members: bool,
    pub(super) result_type: Span,
    pub(super) result_type_cut: Span,
    pub(super) meta: Span,
    pub(super) meta_members: bool,
    pub(super) server_info: Span,
    pub(super) messages: Span,
    pub(super) input_requests: Span,
    pub(super) request_state: Span,
    pub(super) is_error: Span,
    pub(super) ttl: Span,
    pub(super) cache_scope: Span,
    pub(super) breaks: bool,
    pub(super) lone: bool,
}

impl Outline {
    /// Returns the outline of `{}`.
    pub(super) fn empty() -> Self {
        Self { object: Span::new(0, 2), ..Self::default() }
    }

    /// Returns the outline of an object of this length, with no member that a bridge reads.
    #[cfg(feature = "catalog")]
    pub(super) fn plain(length: usize, breaks: bool) -> Self {
        Self { object: Span::new(0, length), members: true, breaks, ..Self::default() }
    }

    /// Returns the place of the object itself.
    pub(crate) const fn object(&self) -> Span {
        self.object
    }

    /// Passes the object at the cursor. `each` is called at every member and must consume its value, or leave
    /// that to [`member`](Self::member).
    pub(crate) fn scan<'a, E: From<JsonError>>(
        scanner: &mut Scanner<'a>,
        mut each: impl FnMut(&mut Self, &mut Scanner<'a>, &Member<'a>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut outline = Self::default();
        let mut cut = Cut::default();
        let object = scanner.object::<E>(|scanner, member| {
            cut.next(member.start);
            outline.members = true;
            each(&mut outline, scanner, &member)?;
            cut.end(scanner.pos(), member.key == "resultType");
            Ok(())
        })?;
        outline.result_type_cut = cut.span;
        outline.object = object;
        outline.breaks = scanner.saw_line_breaks();
        outline.lone = scanner.saw_lone_surrogates();
        Ok(outline)
    }

    /// Passes the value of a member, and notes its place if a bridge reads it.
    pub(crate) fn member(&mut self, scanner: &mut Scanner<'_>, key: &str) -> Result<(), JsonError> {
        if key == "_meta" && scanner.peek() == b'{' {
            return self.read_meta(scanner);
        }
        let span = scanner.skip()?;
        self.note(key, span)
    }

    /// Notes the place of a member's value if a bridge reads it.
    pub(crate) fn note(&mut self, key: &str, span: Span) -> Result<(), JsonError> {
        let (slot, name) = match key {
            "resultType" => (&mut self.result_type, "resultType"),
            "inputRequests" => (&mut self.input_requests, "inputRequests"),
            "requestState" => (&mut self.request_state, "requestState"),
            "isError" => (&mut self.is_error, "isError"),
            "ttlMs" => (&mut self.ttl, "ttlMs"),
            "cacheScope" => (&mut self.cache_scope, "cacheScope"),
            _ => return Ok(()),
        };
        once(slot, span, name)
    }

    fn read_meta(&mut self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        let span = scanner.object::<JsonError>(|scanner, Member { key, .. }| {
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

    pub(super) fn shifted_back(mut self, by: usize) -> Self {
        self.each(|span| span.shifted_back(by));
        self
    }

    /// Returns the outline after the value at `part`, which is not a noted one, is replaced by one of `length` bytes.
    pub(super) fn with_part(mut self, part: Span, length: usize) -> Self {
        let moved = |at: usize| if at < part.end() { at } else { at - part.end() + part.start() + length };
        self.each(|span| Span::new(moved(span.start()), moved(span.end())));
        self
    }

    fn each(&mut self, change: impl Fn(Span) -> Span) {
        for span in [
            &mut self.object,
            &mut self.result_type,
            &mut self.result_type_cut,
            &mut self.meta,
            &mut self.server_info,
            &mut self.messages,
            &mut self.input_requests,
            &mut self.request_state,
            &mut self.is_error,
            &mut self.ttl,
            &mut self.cache_scope,
        ] {
            *span = change(*span);
        }
    }
}

/// The bytes to remove so that an object loses one member: the member with the comma before it, or, if it is
/// the first, with the comma after it.
#[derive(Debug, Default)]
struct Cut {
    span: Span,
    member: usize,
    previous_end: Option<usize>,
    open: bool,
}

impl Cut {
    /// Starts the next member, at `start`.
    fn next(&mut self, start: usize) {
        if self.open {
            self.span = Span::new(self.span.start(), start);
            self.open = false;
        }
        self.member = start;
    }

    /// Ends the value of the member at `end`; `this` says that it is the one to remove.
    fn end(&mut self, end: usize, this: bool) {
        if this && self.span.is_empty() {
            self.span = Span::new(self.previous_end.unwrap_or(self.member), end);
            self.open = self.previous_end.is_none();
        }
        self.previous_end = Some(end);
    }
}
