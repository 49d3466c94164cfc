//! Writes requests in the RPC dialect.

use crate::rpc::json::{self, JsonError, Member, Scanner};
use crate::rpc::{Era, ErrorObject, Meta, Method, Param, Params, Request};
use bytes::Bytes;

/// Returns the parameters of a method to send, in this order; `None` for methods that are never sent to 1C.
///
/// Older extensions read `params` into a Structure, which accepts only plain identifiers as keys, so `_meta`
/// and other members of the client are left out.
pub(super) const fn forwarded(method: &Method) -> Option<&'static [Param]> {
    Some(match method {
        Method::ToolsCall | Method::PromptsGet => {
            &[Param::Name, Param::Arguments, Param::InputResponses, Param::RequestState]
        }
        Method::ResourcesRead => &[Param::Uri, Param::InputResponses, Param::RequestState],
        Method::ToolsList | Method::ResourcesList | Method::ResourceTemplatesList | Method::PromptsList => {
            &[Param::Cursor]
        }
        Method::Complete => &[Param::Ref, Param::Argument, Param::Context],
        _ => return None,
    })
}

/// Writes the body of the call.
///
/// # Errors
/// -32602 for parameters that are missing or of another type than the protocol says.
pub(super) fn encode(request: &Request, keys: &[Param]) -> Result<Bytes, ErrorObject> {
    check(request)?;
    let params = &request.params;
    let size: usize = keys.iter().filter_map(|key| params.raw(*key)).map(|raw| raw.len() + 20).sum();
    let mut out = Vec::with_capacity(160 + size);
    // Each call has a connection of its own, so any id will do.
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"");
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.extend_from_slice(b"\",\"params\":{");
    let mut first = true;
    let mut key_into = |out: &mut Vec<u8>, key: &str| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
    };
    for key in keys {
        let Some(raw) = params.raw(*key) else { continue };
        key_into(&mut out, key.name());
        match key {
            Param::InputResponses => plain_responses(&mut out, raw)?,
            _ => out.extend_from_slice(raw),
        }
    }
    if request.method.may_ask() && request.version.era() == Era::Modern {
        key_into(&mut out, "clientCapabilities");
        can_do(&mut out, params);
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// Returns an error at once for parameters that 1C could not handle.
fn check(request: &Request) -> Result<(), ErrorObject> {
    let params = &request.params;
    let need = |param: Param| match params.text(param) {
        Some(_) => Ok(()),
        None => Err(ErrorObject::invalid_params(format!("{} needs a string \"{}\"", request.method, param.name()))),
    };
    match request.method {
        Method::ToolsCall | Method::PromptsGet => need(Param::Name)?,
        Method::ResourcesRead => need(Param::Uri)?,
        _ => {}
    }
    for param in [Param::Arguments, Param::InputResponses, Param::Ref, Param::Argument] {
        if params.raw(param).is_some_and(|raw| raw.first() != Some(&b'{')) {
            return Err(ErrorObject::invalid_params(format!("\"{}\" must be an object", param.name())));
        }
    }
    if params.raw(Param::RequestState).is_some_and(|raw| raw.first() != Some(&b'"')) {
        return Err(ErrorObject::invalid_params("\"requestState\" must be a string"));
    }
    Ok(())
}

/// Copies the client's answers without their `_meta`, whose keys a Structure does not accept.
fn plain_responses(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(raw)?;
    out.push(b'{');
    let start = out.len();
    scanner.object::<JsonError>(|scanner, Member { key, .. }| {
        if out.len() > start {
            out.push(b',');
        }
        json::quote_into(out, &key);
        out.push(b':');
        if scanner.peek() == b'{' { without_meta(out, scanner, raw) } else { copy(out, scanner, raw) }
    })?;
    out.push(b'}');
    Ok(())
}

fn copy(out: &mut Vec<u8>, scanner: &mut Scanner<'_>, raw: &[u8]) -> Result<(), JsonError> {
    let span = scanner.skip()?;
    out.extend_from_slice(span.of(raw).unwrap_or_default());
    Ok(())
}

fn without_meta(out: &mut Vec<u8>, scanner: &mut Scanner<'_>, raw: &[u8]) -> Result<(), JsonError> {
    out.push(b'{');
    let start = out.len();
    scanner.object::<JsonError>(|scanner, Member { key, .. }| {
        if key == "_meta" {
            return scanner.skip().map(drop);
        }
        if out.len() > start {
            out.push(b',');
        }
        json::quote_into(out, &key);
        out.push(b':');
        copy(out, scanner, raw)
    })?;
    out.push(b'}');
    Ok(())
}

/// Writes which questions the client can answer. The details are left out: they hold keys that a Structure does
/// not accept.
fn can_do(out: &mut Vec<u8>, params: &Params) {
    let declared = params.meta(Meta::ClientCapabilities).unwrap_or(b"{}");
    out.push(b'{');
    let start = out.len();
    // The text was checked with the message; a second reading cannot fail.
    let _ = Scanner::new(declared).and_then(|mut scanner| {
        scanner.object::<JsonError>(|scanner, Member { key, .. }| {
            if scanner.peek() == b'{' && matches!(&*key, "elicitation" | "sampling" | "roots") {
                if out.len() > start {
                    out.push(b',');
                }
                json::quote_into(out, &key);
                out.extend_from_slice(b":{}");
            }
            scanner.skip().map(drop)
        })
    });
    out.push(b'}');
}
