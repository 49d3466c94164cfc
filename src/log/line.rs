//! [`Line`].

use super::TARGET;
use crate::rpc::{BoxError, Method, Param, Request, RequestId, Response, RpcError, Told, Version, json};
use bytes::Bytes;
use tokio::time::Instant;

/// The log line of a request under way.
#[derive(Debug)]
pub(super) struct Line {
    method: Method,
    /// The tool, prompt or resource: JSON text.
    subject: Option<Bytes>,
    version: Version,
    id: RequestId,
    since: Instant,
    /// Set by the audit trail once it has reported the request.
    told: Option<Told>,
}

impl Line {
    /// Starts the line; `None` while no subscriber listens. With `every`, also requests that the audit trail reports
    /// get their line.
    pub(super) fn begin(request: &mut Request, every: bool) -> Option<Self> {
        if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
            return None;
        }
        let told = (!every && matches!(request.method, Method::ToolsCall | Method::ToolsList)).then(Told::default);
        if let Some(told) = &told {
            request.extensions.insert(told.clone());
        }
        let subject = match request.method {
            Method::ToolsCall | Method::PromptsGet => request.params.bytes(Param::Name),
            Method::ResourcesRead => request.params.bytes(Param::Uri),
            _ => None,
        };
        let (method, version) = (request.method.clone(), request.version);
        Some(Self { method, subject, version, id: request.id, since: Instant::now(), told })
    }

    /// Writes the line.
    pub(super) fn end(&self, answer: &Result<Response, BoxError>) {
        if self.told.as_ref().is_some_and(Told::get) {
            return;
        }
        let (status, upstream) = match answer {
            Ok(Response { outcome, upstream }) => (outcome.as_ref().err().map_or(0, |error| error.code), *upstream),
            Err(error) => (RpcError::from_error(error).error.code, None),
        };
        let subject = self.subject.as_deref().and_then(json::unquote);
        tracing::info!(
            target: TARGET,
            method = start(self.method.as_str()),
            name = subject.as_deref().map(start),
            version = self.version.as_str(),
            status,
            request_id = %self.id,
            duration_ms = self.since.elapsed().as_secs_f64() * 1e3,
            onec_ms = upstream.map(|time| time.as_secs_f64() * 1e3),
            "request",
        );
    }
}

/// Returns the first hundred characters.
fn start(text: &str) -> &str {
    text.char_indices().nth(100).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}
