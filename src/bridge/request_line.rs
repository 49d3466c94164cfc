//! The log line that each request gets: at INFO, under the target `onec_mcp::request`.

use crate::rpc::{ErrorObject, Method, Param, Payload, Request, Told, Version, json};
use bytes::Bytes;
use std::time::Duration;

/// The line of a request that is under way.
#[derive(Debug)]
pub(super) struct RequestLine {
    /// The tool, prompt or resource: JSON text.
    subject: Option<Bytes>,
    told: Option<Told>,
}

impl RequestLine {
    /// `every` request gets its line, or those alone of which the audit trail does not tell.
    pub(super) fn begin(request: &mut Request, every: bool) -> Self {
        let params = &request.params;
        let subject = match request.method {
            Method::ToolsCall | Method::PromptsGet => params.bytes(Param::Name),
            Method::ResourcesRead => params.bytes(Param::Uri),
            _ => None,
        };
        let may_be_told = !every && matches!(request.method, Method::ToolsCall | Method::ToolsList);
        let told = (may_be_told && heard()).then(Told::default);
        if let Some(told) = &told {
            request.extensions.insert(told.clone());
        }
        Self { subject, told }
    }

    /// Writes it, after `taken`, of which 1C took `upstream`.
    pub(super) fn end(
        &self,
        method: &Method,
        version: Version,
        taken: Duration,
        upstream: Option<Duration>,
        result: &Result<Payload, ErrorObject>,
    ) {
        if !heard() || self.told.as_ref().is_some_and(Told::get) {
            return;
        }
        let subject = self.subject.as_deref().and_then(json::unquote);
        tracing::info!(
            target: "onec_mcp::request",
            method = start(method.as_str()),
            name = subject.as_deref().map(start),
            version = version.as_str(),
            status = result.as_ref().err().map_or(0, |error| error.code),
            duration_ms = taken.as_secs_f64() * 1e3,
            onec_ms = upstream.map(|time| time.as_secs_f64() * 1e3),
            "request",
        );
    }
}

fn heard() -> bool {
    tracing::enabled!(target: "onec_mcp::request", tracing::Level::INFO)
}

/// The first hundred characters: enough for a log.
fn start(text: &str) -> &str {
    text.char_indices().nth(100).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}
