//! [`AnswerError`].

use crate::rpc::MAX_ITEMS;
use crate::rpc::json::JsonError;

/// Why the body of an answer is no answer to the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// No body.
    #[error("an empty body")]
    Empty,
    /// A page instead of JSON.
    #[error("a page of HTML instead of JSON")]
    Html,
    /// Compressed, and nobody asked for that; how.
    #[error(
        "a body compressed with {0}, which was not asked for: switch its compression off in 1C or on the web server"
    )]
    Compressed(&'static str),
    /// Not the JSON that was expected.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Neither `result` nor `error`.
    #[error("neither a result nor an error")]
    Neither,
    /// The result lacks what the method is about.
    #[error("a result without \"{0}\"")]
    Missing(&'static str),
    /// Items, none of which is what the list is of.
    #[error("\"{0}\" of which none can be used")]
    Useless(&'static str),
    /// More items than any client reads.
    #[error("a list of more than {MAX_ITEMS} items")]
    TooMany,
    /// A page of a list whose next page it is itself.
    #[error("a page of a list that names itself as the next one")]
    Circle,
    /// Data that should be Base64.
    #[error("data that is not Base64")]
    Base64,
}
