//! Answers of 1C.

use super::error::cut;
use super::mend::Edits;
use crate::rpc::json::{self, Fault, Member, Scanner, Span};
use crate::rpc::{Era, ErrorObject, Method, Outline, Param, Payload, Request, without_line_breaks};
use bytes::Bytes;
use encoding_rs::{Encoding, WINDOWS_1251};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::borrow::Cow;

/// Why the body of a 200 is no answer to the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadAnswer {
    /// No body.
    #[error("an empty body")]
    Empty,
    /// A page instead of JSON.
    #[error("a page of HTML instead of JSON")]
    Html,
    /// Not the JSON that was expected.
    #[error("{0}")]
    Json(#[from] Fault),
    /// To another request.
    #[error("an answer to another request")]
    WrongId,
    /// Neither `result` nor `error`.
    #[error("neither a result nor an error")]
    Neither,
    /// The result lacks what the method is about.
    #[error("a result without \"{0}\"")]
    Missing(&'static str),
    /// Data that should be Base64.
    #[error("data that is not Base64")]
    Base64,
}

/// The members of an answer.
#[derive(Default)]
struct Envelope {
    id: Span,
    error: Span,
    result: Option<Outline>,
    edits: Edits,
    subject: bool,
}

/// Reads the answer to `request`, which was sent under `id`: the result, mended, or 1C's error.
///
/// # Errors
/// [`BadAnswer`] for what is no answer to this request.
pub fn decode(body: Bytes, request: &Request, id: u64) -> Result<Result<Payload, ErrorObject>, BadAnswer> {
    let body = if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body };
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => return Err(BadAnswer::Empty),
        Some(b'<') => return Err(BadAnswer::Html),
        Some(_) => {}
    }
    let envelope = read(&body, request)?;
    if let Some(error) = envelope.error.of(&body) {
        let error = ErrorObject::parse(error).ok_or(BadAnswer::Neither)?;
        return Ok(Err(translate(error, request)));
    }
    let answered = envelope.id.of(&body).and_then(|raw| std::str::from_utf8(raw).ok()).and_then(|raw| raw.parse().ok());
    if answered != Some(id) {
        return Err(BadAnswer::WrongId);
    }
    let outline = envelope.result.ok_or(BadAnswer::Neither)?;
    let payload = Payload::found(&body, outline);
    let missing = subject(&request.method).filter(|_| !envelope.subject && !payload.is_input_required());
    if let Some(name) = missing {
        return Err(BadAnswer::Missing(name));
    }
    if envelope.edits.is_empty() {
        return Ok(Ok(payload));
    }
    Ok(Ok(Payload::parse(envelope.edits.apply(&body, outline.object()))?))
}

fn read(body: &Bytes, request: &Request) -> Result<Envelope, BadAnswer> {
    let mut envelope = Envelope::default();
    let mut scanner = Scanner::new(body)?;
    scanner.object::<BadAnswer>(|scanner, Member { key, .. }| {
        let slot = match &*key {
            "id" => &mut envelope.id,
            "error" if scanner.peek() != b'n' => &mut envelope.error,
            // The spans to mend would be those of both.
            "result" if envelope.result.is_some() => return Err(Fault::Duplicate("result").into()),
            "result" if scanner.peek() == b'{' => {
                let (edits, subject) = (&mut envelope.edits, &mut envelope.subject);
                envelope.result = Some(Outline::scan::<BadAnswer>(scanner, |scanner, key| {
                    let taken = edits.member(request, scanner, body, key)?;
                    *subject |= taken;
                    Ok(taken)
                })?);
                return Ok(());
            }
            "result" if scanner.peek() != b'n' => {
                return Err(Fault::Expected("a result that is not an object").into());
            }
            _ => return Ok(scanner.skip().map(drop)?),
        };
        *slot = scanner.skip()?;
        Ok(())
    })?;
    scanner.end()?;
    Ok(envelope)
}

/// What a result of `method` must hold. A tool may have nothing to say.
const fn subject(method: &Method) -> Option<&'static str> {
    match method {
        Method::ToolsList => Some("tools"),
        Method::ResourcesList => Some("resources"),
        Method::ResourceTemplatesList => Some("resourceTemplates"),
        Method::ResourcesRead => Some("contents"),
        Method::PromptsList => Some("prompts"),
        Method::PromptsGet => Some("messages"),
        _ => None,
    }
}

impl ErrorObject {
    /// The error object in an answer of 1C.
    fn parse(raw: &[u8]) -> Option<Self> {
        let (mut code, mut message, mut data) = (Span::default(), Span::default(), Span::default());
        let mut scanner = Scanner::new(raw).ok()?;
        scanner
            .object::<Fault>(|scanner, Member { key, .. }| {
                let span = scanner.skip()?;
                match &*key {
                    "code" => code = span,
                    "message" => message = span,
                    "data" => data = span,
                    _ => {}
                }
                Ok(())
            })
            .ok()?;
        let text = message.of(raw).and_then(json::unquote).unwrap_or("1C gave no reason".into());
        let code = code.of(raw).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
        let mut error = Self::new(code.unwrap_or(Self::INTERNAL_ERROR), cut(&text).into_owned());
        error.data = data.of(raw).map(|data| without_line_breaks(Bytes::copy_from_slice(data)));
        Some(error)
    }
}

/// 1C says -32603 for everything; what a client can act on gets the code of the protocol.
fn translate(mut error: ErrorObject, request: &Request) -> ErrorObject {
    let subject = request.params.text(match request.method {
        Method::ResourcesRead => Param::Uri,
        _ => Param::Name,
    });
    if let Some(subject) = subject.filter(|subject| !subject.is_empty()) {
        let unknown = error.code == ErrorObject::RESOURCE_NOT_FOUND
            || error.code == ErrorObject::INTERNAL_ERROR
                && error.message.contains(&*subject)
                && (error.message.contains("не найден") || error.message.contains("not found"));
        match request.method {
            Method::ResourcesRead if unknown => return ErrorObject::resource_not_found(&subject, request.version),
            Method::ToolsCall | Method::PromptsGet if unknown => error.code = ErrorObject::INVALID_PARAMS,
            _ => {}
        }
    }
    // Codes that the protocol keeps for itself would be taken for something else.
    let reserved = matches!(error.code, -32099..=-32020);
    if reserved || error.code == ErrorObject::RESOURCE_NOT_FOUND && request.version.era() == Era::Modern {
        error.code = ErrorObject::INTERNAL_ERROR;
    }
    error
}

/// What the body of an error says in words: plain text or the text of a page.
pub(super) fn words(headers: &HeaderMap, body: &[u8]) -> String {
    plain(&text(headers, body))
}

/// The same, where the body may also be JSON with the words in its `message`, or else in its `error`:
/// the errors of the REST dialect.
pub(super) fn message(headers: &HeaderMap, body: &[u8]) -> String {
    let text = text(headers, body);
    let told = serde_json::from_str::<Told>(&text).ok();
    let told = told.and_then(|told| [told.message, told.error].into_iter().flatten().find_map(said));
    plain(told.as_deref().unwrap_or(&text))
}

#[derive(serde::Deserialize)]
struct Told {
    message: Option<serde_json::Value>,
    error: Option<serde_json::Value>,
}

fn said(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

/// The body of an error as text, in UTF-8, in what the header says, or in windows-1251.
fn text<'a>(headers: &HeaderMap, body: &'a [u8]) -> Cow<'a, str> {
    // A page of any length says what it has to say in its first kilobytes.
    let body = body.get(..64 * 1024).unwrap_or(body);
    let charset = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.to_ascii_lowercase().split_once("charset=").map(|(_, name)| name.to_owned()))
        .and_then(|name| Encoding::for_label(name.trim_matches([' ', '"', ';']).as_bytes()))
        .filter(|charset| *charset != encoding_rs::UTF_8);
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match (std::str::from_utf8(body), charset) {
        (Ok(text), _) => text.into(),
        (Err(error), None) if error.error_len().is_none() => String::from_utf8_lossy(body),
        (Err(_), charset) => charset.unwrap_or(WINDOWS_1251).decode(body).0,
    }
}

/// Without tags, and with single spaces.
fn plain(text: &str) -> String {
    let text = if text.trim_start().starts_with('<') { without_tags(text).into() } else { Cow::Borrowed(text) };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text between the tags of a page, without its styles and scripts.
fn without_tags(page: &str) -> String {
    let mut out = String::with_capacity(page.len() / 2);
    let mut rest = page;
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        out.push(' ');
        let closing = ["style", "script"]
            .into_iter()
            .find(|name| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        let after = match closing {
            Some(name) => {
                let end = tag.as_bytes().windows(name.len() + 2).position(|end| {
                    end.strip_prefix(b"</").is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
                });
                end.and_then(|end| tag.get(end..)).unwrap_or_default()
            }
            None => tag,
        };
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace("&nbsp;", " ").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_errors() {
        let none = HeaderMap::new();
        assert_eq!(words(&none, "Ошибка\r\n при вызове".as_bytes()), "Ошибка при вызове");
        let (bytes, _, _) = WINDOWS_1251.encode("Ошибка");
        assert_eq!(words(&none, &bytes), "Ошибка");
        let page = "<html><style>b{}</style><body><h1>404</h1>Не&nbsp;найдено</body></html>";
        assert_eq!(words(&none, page.as_bytes()), "404 Не найдено");
        assert_eq!(words(&none, b""), "");
    }
}
