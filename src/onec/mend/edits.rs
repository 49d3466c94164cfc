//! Replacements in the bytes of an answer.

use crate::rpc::json::Span;

/// What is replaced, and by what.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Span, Vec<u8>)>);

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are; what comes later can be [taken back](Self::back_to).
    pub(super) fn mark(&self) -> usize {
        self.0.len()
    }

    /// Takes back whatever came after a mark.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.0.truncate(mark);
    }

    /// Those that came after a mark, once more.
    pub(super) fn since(&self, mark: usize) -> Self {
        Self(self.0.get(mark..).unwrap_or_default().to_vec())
    }

    pub(super) fn replace(&mut self, span: Span, text: impl Into<Vec<u8>>) {
        self.0.push((span, text.into()));
    }

    /// Puts `text` before the byte at `at`, behind what was put there before.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<Vec<u8>>) {
        self.replace(Span::new(at, at), text);
    }

    /// Puts members in front of those of an object, of which `any` says whether there are some.
    pub(super) fn prepend(&mut self, object: Span, members: &str, any: bool) {
        if !members.is_empty() {
            let comma = if any { "," } else { "" };
            self.replace(Span::new(object.start(), object.start() + 1), format!("{{{members}{comma}"));
        }
    }

    /// The bytes of `within`, mended.
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

/// The members of an object, or the items of an array, of which some are left out.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) any: bool,
    end: usize,
    /// Where those to leave out begin that no kept one stands before.
    gap: Option<usize>,
}

impl Kept {
    /// One begins at `start`.
    pub(super) fn next(&mut self, start: usize, edits: &mut Edits) {
        if let Some(gap) = self.gap.take() {
            edits.replace(Span::new(gap, start), "");
        }
    }

    /// The one from `start` to `end` is kept, or left out with the comma before it.
    pub(super) fn member(&mut self, start: usize, end: usize, kept: bool, edits: &mut Edits) {
        match (kept, self.any) {
            (true, _) => self.any = true,
            (false, true) => edits.replace(Span::new(self.end, end), ""),
            (false, false) => self.gap = Some(start),
        }
        self.end = end;
    }

    /// None follows.
    pub(super) fn finish(&mut self, edits: &mut Edits) {
        self.next(self.end, edits);
    }
}
