//! Edits: replacements in the bytes of an answer.

use crate::rpc::json::Span;

/// Places in the bytes, and the bytes in their place.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Span, Vec<u8>)>);

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of edits; later ones can be [removed](Self::back_to).
    pub(super) fn mark(&self) -> usize {
        self.0.len()
    }

    /// Removes the edits made after a mark.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.0.truncate(mark);
    }

    /// Returns a copy of the edits made after a mark.
    pub(super) fn since(&self, mark: usize) -> Self {
        Self(self.0.get(mark..).unwrap_or_default().to_vec())
    }

    pub(super) fn replace(&mut self, span: Span, text: impl Into<Vec<u8>>) {
        self.0.push((span, text.into()));
    }

    /// Inserts `text` before the byte at `at`, behind earlier insertions there.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<Vec<u8>>) {
        self.replace(Span::new(at, at), text);
    }

    /// Inserts members at the start of an object; `any` says whether it has members.
    pub(super) fn prepend(&mut self, object: Span, members: &str, any: bool) {
        if !members.is_empty() {
            let comma = if any { "," } else { "" };
            self.replace(Span::new(object.start(), object.start() + 1), format!("{{{members}{comma}"));
        }
    }

    /// Returns the bytes of `within` with the edits applied.
    pub(super) fn apply(mut self, bytes: &[u8], within: Span) -> Vec<u8> {
        self.0.sort_by_key(|(span, _)| span.start());
        let added: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut out = Vec::with_capacity(within.end() - within.start() + added);
        let mut done = within.start();
        for (span, text) in &self.0 {
            out.extend_from_slice(bytes.get(done..span.start()).unwrap_or_default());
            out.extend_from_slice(text);
            done = span.end();
        }
        out.extend_from_slice(bytes.get(done..within.end()).unwrap_or_default());
        out
    }
}

/// Edits that remove some members of an object, or some items of an array.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) any: bool,
    end: usize,
    /// The start of the members to remove before the first one that is kept.
    gap: Option<usize>,
}

impl Kept {
    /// Starts the next member, at `start`.
    pub(super) fn next(&mut self, start: usize, edits: &mut Edits) {
        if let Some(gap) = self.gap.take() {
            edits.replace(Span::new(gap, start), "");
        }
    }

    /// Ends the member from `start` to `end`: keeps it, or removes it with the comma before it.
    pub(super) fn member(&mut self, start: usize, end: usize, kept: bool, edits: &mut Edits) {
        match (kept, self.any) {
            (true, _) => self.any = true,
            (false, true) => edits.replace(Span::new(self.end, end), ""),
            (false, false) => self.gap = Some(start),
        }
        self.end = end;
    }

    /// Ends the object or array.
    pub(super) fn finish(&mut self, edits: &mut Edits) {
        self.next(self.end, edits);
    }
}
