//! [`Mender`]: one pass over the answer to a request.

use super::edits::{Edits, Kept};
use super::required::Names;
use crate::rpc::Request;
use crate::rpc::json::Span;
use bytes::Bytes;
use std::collections::HashSet;

/// A tool of a list that says what its results are.
#[derive(Clone, Debug)]
pub(in crate::onec) struct Output {
    pub(in crate::onec) name: String,
    /// Its output schema, as clients see it.
    pub(in crate::onec) schema: Bytes,
}

/// One pass over the answer to a request.
pub(in crate::onec) struct Mender<'a> {
    pub(super) request: &'a Request,
    pub(super) bytes: &'a [u8],
    pub(super) edits: Edits,
    /// The members of the result.
    pub(super) top: Kept,
    /// What the method is about was there.
    pub(super) subject: bool,
    /// Where the `structuredContent` of a tool stands.
    pub(super) structured: Span,
    /// The names of the items of a list so far.
    pub(super) names: HashSet<String>,
    /// How many items there were.
    pub(super) items: usize,
    pub(super) outputs: Vec<Output>,
    /// The output schema of the tool that is read.
    pub(super) output: Option<Bytes>,
    /// Of the schema that is read.
    pub(super) properties: Names,
    pub(super) left_out: Vec<(String, &'static str)>,
    /// Addresses made up so far.
    pub(super) made_up: usize,
    /// Values to complete with so far.
    pub(super) values: usize,
    /// The block of content that is read says that it is a text.
    pub(super) is_text: bool,
}

impl<'a> Mender<'a> {
    pub(in crate::onec) fn new(request: &'a Request, bytes: &'a [u8]) -> Self {
        Self {
            request,
            bytes,
            edits: Edits::default(),
            top: Kept::default(),
            subject: false,
            structured: Span::default(),
            names: HashSet::new(),
            items: 0,
            outputs: Vec::new(),
            output: None,
            properties: Names::default(),
            left_out: Vec::new(),
            made_up: 0,
            values: 0,
            is_text: false,
        }
    }
}
