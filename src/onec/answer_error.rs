//! Errors in the body of an answer: [`AnswerError`].

use crate::rpc::MAX_ITEMS;
use crate::rpc::json::JsonError;

/// An error in the body of an answer: it does not answer the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The body is empty.
    #[error("an empty body")]
    Empty,
    /// The body is an HTML page instead of JSON.
    #[error("a page of HTML instead of JSON")]
    Html,
    /// The body is compressed, which was not asked for; holds the method of compression.
    #[error(
        "a body compressed with {0}, which was not asked for: switch its compression off in 1C or on the web server"
    )]
    Compressed(&'static str),
    /// The body is not the expected JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// The answer has neither `result` nor `error`.
    #[error("neither a result nor an error")]
    Neither,
    /// The result lacks the member that the method is about; holds its name.
    #[error("a result without \"{0}\"")]
    Missing(&'static str),
    /// The list has items, but none that can be used; holds the name of the list.
    #[error("\"{0}\" of which none can be used")]
    Useless(&'static str),
    /// The list has more items than any client reads.
    #[error("a list of more than {MAX_ITEMS} items")]
    TooMany,
    /// The next page of a list is the page itself.
    #[error("a page of a list that names itself as the next one")]
    Circle,
    /// The data is not Base64.
    #[error("data that is not Base64")]
    Base64,
}
