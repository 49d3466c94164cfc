//! Input requests: the questions to the client in a result
//! ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).

use super::capabilities::Capabilities;
use crate::rpc::json::{self, JsonError, Member, Scanner, Span};
use crate::rpc::{ErrorObject, Payload};
use serde_json::json;

/// One input request of a result.
#[derive(Debug)]
pub(crate) struct InputRequest<'a> {
    pub(crate) key: String,
    pub(crate) method: String,
    url_mode: bool,
    /// The whole input request, as JSON text.
    raw: &'a [u8],
    /// The `params` of the request, as JSON text.
    pub(crate) params: &'a [u8],
}

impl InputRequest<'_> {
    /// Returns whether a client with these capabilities can answer the question. No client can answer a method
    /// that the protocol does not have.
    pub(crate) fn is_declared(&self, can: Capabilities) -> bool {
        match &*self.method {
            "elicitation/create" if self.url_mode => can.elicitation_url,
            "elicitation/create" => can.elicitation,
            "sampling/createMessage" => can.sampling,
            "roots/list" => can.roots,
            _ => false,
        }
    }

    fn capability(&self) -> Option<(&'static str, serde_json::Value)> {
        Some(match &*self.method {
            "elicitation/create" if self.url_mode => ("elicitation", json!({ "url": {} })),
            "elicitation/create" => ("elicitation", json!({})),
            "sampling/createMessage" => ("sampling", json!({})),
            "roots/list" => ("roots", json!({})),
            _ => return None,
        })
    }
}

/// Returns the input requests of a result, in their order.
pub(crate) fn read(payload: &Payload) -> Result<Vec<InputRequest<'_>>, JsonError> {
    let mut requests = Vec::new();
    let Some(raw) = payload.input_requests() else { return Ok(requests) };
    let mut scanner = Scanner::new(raw)?;
    scanner.object::<JsonError>(|scanner, Member { key, .. }| {
        let (mut method, mut params) = (Span::default(), Span::default());
        let whole = scanner.object::<JsonError>(|scanner, Member { key, .. }| {
            let span = scanner.skip()?;
            match &*key {
                "method" => json::once(&mut method, span, "method"),
                "params" => json::once(&mut params, span, "params"),
                _ => Ok(()),
            }
        })?;
        let params = params.of(raw).unwrap_or(b"{}");
        requests.push(InputRequest {
            key: key.into_owned(),
            method: json::text(raw, method)
                .ok_or(JsonError::Expected("an input request without a method"))?
                .into_owned(),
            url_mode: mode(params)?,
            raw: whole.of(raw).unwrap_or_default(),
            params,
        });
        Ok(())
    })?;
    Ok(requests)
}

/// Returns whether an elicitation sends the user to a URL.
fn mode(params: &[u8]) -> Result<bool, JsonError> {
    let mut url = false;
    let mut scanner = Scanner::new(params)?;
    scanner.object::<JsonError>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        url |= key == "mode" && span.of(params) == Some(b"\"url\"");
        Ok(())
    })?;
    Ok(url)
}

/// Removes the questions that the client cannot answer.
///
/// # Errors
/// -32021 with the missing capabilities if no question is left; -32603 if the questions of 1C are not valid.
pub(crate) fn only_declared(payload: Payload, can: Capabilities) -> Result<Payload, ErrorObject> {
    let requests = read(&payload).map_err(nonsense)?;
    let (kept, dropped): (Vec<_>, Vec<_>) = requests.into_iter().partition(|request| request.is_declared(can));
    if dropped.is_empty() {
        return Ok(payload);
    }
    if kept.is_empty() {
        return Err(missing(&dropped));
    }
    let mut out = b"{\"resultType\":\"input_required\",\"inputRequests\":{".to_vec();
    for (at, request) in kept.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json::quote_into(&mut out, &request.key);
        out.push(b':');
        out.extend_from_slice(request.raw);
    }
    out.push(b'}');
    if let Some(state) = payload.request_state() {
        out.extend_from_slice(b",\"requestState\":");
        out.extend_from_slice(state);
    }
    out.push(b'}');
    Payload::parse(out).map_err(nonsense)
}

/// Returns -32021 with the capabilities that the client lacks.
pub(crate) fn missing(requests: &[InputRequest<'_>]) -> ErrorObject {
    let mut required = serde_json::Map::new();
    for (name, detail) in requests.iter().filter_map(InputRequest::capability) {
        let entry = required.entry(name).or_insert_with(|| json!({}));
        if let (Some(entry), Some(detail)) = (entry.as_object_mut(), detail.as_object()) {
            entry.extend(detail.clone());
        }
    }
    let names: Vec<&str> = required.keys().map(String::as_str).collect();
    let message = if names.is_empty() {
        "1C asks for input that no MCP client can give".to_owned()
    } else {
        format!("This needs a client with these capabilities: {}", names.join(", "))
    };
    ErrorObject::new(ErrorObject::MISSING_CLIENT_CAPABILITY, message)
        .with_data(json!({ "requiredCapabilities": required }).to_string())
}

pub(crate) fn nonsense(fault: JsonError) -> ErrorObject {
    ErrorObject::internal(format!("1C asks for input in a form that is none of MCP's: {fault}"))
}
