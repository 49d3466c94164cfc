//! Log levels (RFC 5424 section 6.2.1), with the names that MCP gives them.

use super::error::ErrorObject;
use super::json;
use super::message::Request;
use super::params::{Meta, Param};

/// The severity of a message to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words of RFC 5424")]
pub enum Level {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl Level {
    /// Returns the level with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "debug" => Self::Debug,
            "info" => Self::Info,
            "notice" => Self::Notice,
            "warning" => Self::Warning,
            "error" => Self::Error,
            "critical" => Self::Critical,
            "alert" => Self::Alert,
            "emergency" => Self::Emergency,
            _ => return None,
        })
    }

    fn of_json(raw: Option<&[u8]>) -> Result<Self, ErrorObject> {
        raw.and_then(json::unquote).and_then(|name| Self::parse(&name)).ok_or_else(|| {
            ErrorObject::invalid_params(
                "the log level must be one of debug, info, notice, warning, error, critical, alert, emergency",
            )
        })
    }

    /// Returns the `level` of a `logging/setLevel` request.
    pub(crate) fn of_request(request: &Request) -> Result<Self, ErrorObject> {
        Self::of_json(request.params.raw(Param::Level))
    }

    /// Returns the level that a request of 2026-07-28 asks for in its `_meta`.
    pub(crate) fn of_meta(request: &Request) -> Result<Option<Self>, ErrorObject> {
        match request.params.meta(Meta::LogLevel) {
            None => Ok(None),
            raw => Self::of_json(raw).map(Some),
        }
    }
}
