//! The header rules of 2026-07-28: headers must agree with the body
//! ([server validation](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation)).

use super::sentinel;
use crate::bridge::era;
use crate::rpc::{Era, ErrorObject, Meta, Method, Param, Request, Version};
use http::{HeaderMap, HeaderValue};

const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// Returns the only value of a header.
///
/// # Errors
/// -32020 for several values: two readers could take different ones.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, ErrorObject> {
    let mut values = headers.get_all(name).into_iter();
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => Err(ErrorObject::header_mismatch(format_args!("{name} stands there more than once"))),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ErrorObject> {
    single(headers, name)?
        .map(|value| value.to_str())
        .transpose()
        .map_err(|_| ErrorObject::header_mismatch(format_args!("{name} holds invalid characters")))
}

/// Returns the revision of a message that has none in `_meta`: that of the header, else [`Version::WITHOUT_HEADER`].
pub(super) fn legacy_version(headers: &HeaderMap) -> Result<Version, ErrorObject> {
    match text(headers, PROTOCOL_VERSION)? {
        None => Ok(Version::WITHOUT_HEADER),
        Some(name) => Version::parse(name).ok_or_else(|| ErrorObject::unsupported_version(name)),
    }
}

/// Finds the era of a request and checks its headers by the rules of 2026-07-28.
///
/// # Errors
/// -32020, -32022, and -32602 for a modern request without its metadata.
pub(super) fn check(headers: &HeaderMap, request: &Request) -> Result<Version, ErrorObject> {
    let header = text(headers, PROTOCOL_VERSION)?;
    let Some(name) = request.params.meta_text(Meta::ProtocolVersion) else {
        era::declared(request)?;
        let version = legacy_version(headers)?;
        return match version.era() {
            Era::Legacy => Ok(version),
            Era::Modern => Err(ErrorObject::invalid_params(format!(
                "_meta needs \"{}\", as the header announces {version}",
                Meta::ProtocolVersion.name()
            ))),
        };
    };
    match header {
        None => return Err(missing("MCP-Protocol-Version")),
        Some(header) if header != name => return Err(differs("MCP-Protocol-Version", header, &name)),
        Some(_) => {}
    }
    let Some(version) = era::declared(request)? else { return Ok(Version::WITHOUT_HEADER) };
    era::check_modern(request)?;
    check_method(headers, request)?;
    check_name(headers, request)?;
    Ok(version)
}

fn check_method(headers: &HeaderMap, request: &Request) -> Result<(), ErrorObject> {
    let method = request.method.as_str();
    match text(headers, METHOD)? {
        None => Err(missing("Mcp-Method")),
        Some(header) if header != method => Err(differs("Mcp-Method", header, method)),
        Some(_) => Ok(()),
    }
}

fn check_name(headers: &HeaderMap, request: &Request) -> Result<(), ErrorObject> {
    let source = match request.method {
        Method::ToolsCall | Method::PromptsGet => Param::Name,
        Method::ResourcesRead => Param::Uri,
        _ => return Ok(()),
    };
    let body = request.params.text(source);
    match (single(headers, NAME)?, body) {
        (None, _) => Err(missing("Mcp-Name")),
        (Some(value), body) => {
            let told = sentinel::decode(value.as_bytes())
                .ok_or_else(|| ErrorObject::header_mismatch("Mcp-Name holds invalid characters"))?;
            match body {
                Some(body) if body == told => Ok(()),
                Some(body) => Err(differs("Mcp-Name", &told, &body)),
                None => Err(ErrorObject::header_mismatch(format_args!("the body has no {}", source.name()))),
            }
        }
    }
}

fn missing(name: &str) -> ErrorObject {
    ErrorObject::header_mismatch(format_args!("the {name} header is missing"))
}

fn differs(name: &str, header: &str, body: &str) -> ErrorObject {
    let short = |text: &str| text.chars().take(200).collect::<String>();
    ErrorObject::header_mismatch(format_args!(
        "{name} header value '{}' does not match body value '{}'",
        short(header),
        short(body)
    ))
}
