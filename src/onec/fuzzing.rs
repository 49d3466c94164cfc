//! Reads what 1C sends, for the fuzz targets and property tests.

pub use super::answer_error::AnswerError;
use crate::rpc::{ErrorObject, Payload, Request};
use bytes::Bytes;
use http::HeaderMap;

/// Reads the body of an answer to `request`.
///
/// # Errors
/// [`AnswerError`] if it is no answer.
pub fn decode(body: Bytes, request: &Request) -> Result<Result<Payload, ErrorObject>, AnswerError> {
    let answer = super::decode::decode(&HeaderMap::new(), body, request)?;
    Ok(answer.map(|answer| answer.payload))
}

/// Returns the text in the body of an error.
pub fn words(headers: &HeaderMap, body: &[u8]) -> String {
    super::sentences::cut(&super::error_body::words(headers, body)).into_owned()
}
