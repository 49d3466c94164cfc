//! The log line that each request gets: at INFO, under the target `onec_mcp::request`.

use crate::audit;
use crate::rpc::{ErrorObject, Method, Param, Payload, Request, RequestId, Told, Version, json};
use bytes::Bytes;
use std::time::Duration;

/// The line of a request that is under way.
#[derive(Debug)]
pub(super) struct RequestLine {
    /// The tool, prompt or resource: JSON text.
    subject: Option<Bytes>,
    id: RequestId,
    /// Where the audit trail may tell as much.
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
        let id = RequestId::next();
        let is_of_tools = matches!(request.method, Method::ToolsCall | Method::ToolsList);
        let told = (is_of_tools && (heard() || audit::heard())).then(|| Told::new(id));
        if let Some(told) = &told {
            request.extensions.insert(told.clone());
        }
        Self { subject, id, told: told.filter(|_| !every) }
    }

    /// What the other lines about this request name too.
    pub(super) const fn id(&self) -> RequestId {
        self.id
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
            request_id = %self.id,
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
