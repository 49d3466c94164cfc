//! The pass over the answer to a request: [`Mender`].

use super::edits::{Edits, Kept};
use super::required::Names;
use crate::rpc::Request;
use crate::rpc::json::Span;
use bytes::Bytes;
use std::collections::HashSet;

/// A tool in a list that has an output schema.
#[derive(Clone, Debug)]
pub(in crate::onec) struct Output {
    pub(in crate::onec) name: String,
    /// The output schema, as clients see it.
    pub(in crate::onec) schema: Bytes,
}

/// The state of the pass over the answer to a request.
pub(in crate::onec) struct Mender<'a> {
    pub(super) request: &'a Request,
    pub(super) bytes: &'a [u8],
    pub(super) edits: Edits,
    /// The members of the result to keep.
    pub(super) top: Kept,
    /// Whether the member that the method is about was there.
    pub(super) subject: bool,
    /// The place of a tool's `structuredContent`.
    pub(super) structured: Span,
    /// The names of the list's items so far.
    pub(super) names: HashSet<String>,
    /// The number of items so far.
    pub(super) items: usize,
    pub(super) outputs: Vec<Output>,
    /// The output schema of the current tool.
    pub(super) output: Option<Bytes>,
    /// The properties of the current schema.
    pub(super) properties: Names,
    pub(super) left_out: Vec<(String, &'static str)>,
    /// The number of URIs made up so far.
    pub(super) made_up: usize,
    /// The number of values of a completion so far.
    pub(super) values: usize,
    /// Whether the current block of content says that it is a text.
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
