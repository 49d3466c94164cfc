//! Reads answers of 1C.

use super::answer_error::AnswerError;
use super::body::{compression, is_unmarked, unmarked};
use super::mend::{Listed, Mender};
use super::noise::{without_noise, without_noise_in};
use super::repair;
use super::sentences::cut;
use crate::rpc::json::{self, JsonError, Member, Scanner, Span};
use crate::rpc::{Era, ErrorObject, Method, Outline, Param, Payload, Request, without_line_breaks};
use bytes::Bytes;
use http::HeaderMap;

/// The result of an answer, and facts about a list.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) payload: Payload,
    pub(super) listed: Option<Box<Listed>>,
    /// Whether it is a tool's result with `structuredContent`.
    pub(super) structured: bool,
}

/// The members of an answer.
#[derive(Default)]
struct Envelope {
    error: Span,
    result: Option<Outline>,
    lone_surrogates: bool,
}

/// Reads the answer to `request`: the result, mended, or the error of 1C.
///
/// The `id` in the answer does not matter: the call had a connection of its own, and extensions send any `id`.
///
/// # Errors
/// [`AnswerError`] if it is no answer to this request.
pub(super) fn decode(
    headers: &HeaderMap,
    body: Bytes,
    request: &Request,
) -> Result<Result<Answer, ErrorObject>, AnswerError> {
    repaired(
        headers,
        text(headers, body)?,
        |body| decode_text(body, request),
        |why| match why {
            AnswerError::Json(fault) => Some(*fault),
            _ => None,
        },
    )
}

/// Calls `read` with a body, and after an error with the repaired body.
pub(super) fn repaired<T, E>(
    headers: &HeaderMap,
    mut body: Bytes,
    mut read: impl FnMut(&Bytes) -> Result<T, E>,
    fault: impl Fn(&E) -> Option<JsonError>,
) -> Result<T, E> {
    let mut answer = read(&body);
    // One error in the body may hide another.
    for _ in 0..2 {
        let fault = answer.as_ref().err().and_then(&fault);
        let Some(again) = fault.and_then(|fault| repair::of(headers, &body, fault)) else { break };
        body = again;
        answer = read(&body);
    }
    answer
}

/// Decodes the body of an answer, as its byte order mark or headers say.
///
/// # Errors
/// [`AnswerError`] if it cannot be JSON.
pub(super) fn text(headers: &HeaderMap, body: Bytes) -> Result<Bytes, AnswerError> {
    if is_unmarked(&body) {
        return Ok(body);
    }
    if let Some(name) = compression(headers, &body) {
        return Err(AnswerError::Compressed(name));
    }
    let body = unmarked(body);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(AnswerError::Empty),
        Some(b'<') => Err(AnswerError::Html),
        Some(_) => Ok(body),
    }
}

fn decode_text(body: &Bytes, request: &Request) -> Result<Result<Answer, ErrorObject>, AnswerError> {
    let mut mender = Mender::new(request, body);
    let envelope = read(body, &mut mender);
    if envelope.as_ref().is_ok_and(|envelope| envelope.lone_surrogates) {
        let whole = Bytes::from(json::without_lone_surrogates(body));
        let mut mender = Mender::new(request, &whole);
        let envelope = read(&whole, &mut mender)?;
        return outcome(&whole, request, &envelope, &mut mender);
    }
    outcome(body, request, &envelope?, &mut mender)
}

fn outcome(
    body: &Bytes,
    request: &Request,
    envelope: &Envelope,
    mender: &mut Mender<'_>,
) -> Result<Result<Answer, ErrorObject>, AnswerError> {
    if let Some(error) = envelope.error.of(body) {
        let error = ErrorObject::parse(error).ok_or(AnswerError::Neither)?;
        return Ok(Err(translate(error, request)));
    }
    let outline = envelope.result.ok_or(AnswerError::Neither)?;
    let payload = Payload::found(body, outline);
    let mended = mender.finish(outline.object(), payload.is_input_required())?;
    let payload = match mended.json {
        Some(json) => Payload::parse(json)?,
        None => payload,
    };
    Ok(Ok(Answer { payload, listed: mended.listed, structured: mended.structured }))
}

fn read(body: &Bytes, mender: &mut Mender<'_>) -> Result<Envelope, AnswerError> {
    let mut envelope = Envelope::default();
    let mut scanner = Scanner::new(body)?;
    scanner.object::<AnswerError>(|scanner, Member { key, .. }| {
        match &*key {
            "error" if scanner.peek() != b'n' => envelope.error = scanner.skip()?,
            // The places to mend would be those of both results.
            "result" if envelope.result.is_some() => return Err(JsonError::Duplicate("result").into()),
            "result" if scanner.peek() == b'{' => {
                envelope.result = Some(Outline::scan::<AnswerError>(scanner, |outline, scanner, member| {
                    mender.member(outline, scanner, member)
                })?);
            }
            "result" if scanner.peek() != b'n' => {
                return Err(JsonError::Expected("a result that is not an object").into());
            }
            _ => drop(scanner.skip()?),
        }
        Ok(())
    })?;
    scanner.end()?;
    envelope.lone_surrogates = scanner.saw_lone_surrogates();
    Ok(envelope)
}

impl ErrorObject {
    /// Reads the error object in an answer of 1C.
    fn parse(raw: &[u8]) -> Option<Self> {
        let (mut code, mut message, mut data) = (Span::default(), Span::default(), Span::default());
        let mut scanner = Scanner::new(raw).ok()?;
        scanner
            .object::<JsonError>(|scanner, Member { key, .. }| {
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
        let mut error = Self::new(code.unwrap_or(Self::INTERNAL_ERROR), cut(&without_noise(&text)).into_owned());
        let data = data.of(raw).filter(|data| *data != b"null");
        error.data = data.map(|data| {
            let data = without_noise_in(data);
            match cut_json(&data) {
                Some(cut) => cut.into(),
                None => without_line_breaks(data),
            }
        });
        Some(error)
    }
}

/// Returns the beginning, as a JSON string, of JSON that is longer than a text may be.
fn cut_json(json: &[u8]) -> Option<Vec<u8>> {
    let whole = json::unquote(json).unwrap_or_else(|| String::from_utf8_lossy(json));
    let text = cut(&whole);
    (text.len() != whole.len()).then(|| {
        let mut out = Vec::with_capacity(text.len() + 2);
        json::quote_into(&mut out, &text);
        out
    })
}

/// Replaces -32603, which 1C uses for everything, by the code of the protocol if there is one for the client to act on.
fn translate(mut error: ErrorObject, request: &Request) -> ErrorObject {
    let subject = request.params.text(match request.method {
        Method::ResourcesRead => Param::Uri,
        _ => Param::Name,
    });
    if let Some(subject) = subject.filter(|subject| !subject.is_empty()) {
        let unknown = error.code == ErrorObject::RESOURCE_NOT_FOUND
            || error.code == ErrorObject::INTERNAL_ERROR && is_unknown(&error.message, &subject, &request.method);
        match request.method {
            Method::ResourcesRead if unknown => return ErrorObject::resource_not_found(&subject, request.version),
            Method::ToolsCall | Method::PromptsGet if unknown => error.code = ErrorObject::INVALID_PARAMS,
            _ => {}
        }
    }
    // A client would take a code that the protocol reserves for something else.
    let reserved = matches!(error.code, -32099..=-32020);
    if reserved || error.code == ErrorObject::RESOURCE_NOT_FOUND && request.version.era() == Era::Modern {
        error.code = ErrorObject::INTERNAL_ERROR;
    }
    error
}

/// Returns whether 1C says only that the item does not exist. An existing resource may fail because something
/// else was not found, and the text may name both.
fn is_unknown(message: &str, subject: &str, method: &Method) -> bool {
    const VERDICTS: [&str; 5] = ["не найден", "не найдена", "не существует", "not found", "does not exist"];
    let nouns: &[&str] = match method {
        Method::ResourcesRead => &["ресурс", "resource"],
        Method::ToolsCall => &["инструмент", "tool"],
        Method::PromptsGet => &["промпт", "подсказка", "prompt"],
        _ => return false,
    };
    let named = message.contains(subject);
    // The text before the last colon names the place of the error; the subject may hold colons itself.
    let text = message.replace(subject, " ").to_lowercase();
    let words: Vec<&str> =
        text.split(|char: char| !char.is_alphanumeric() && char != ':').filter(|word| !word.is_empty()).collect();
    let text = words.join(" ").replace(" :", ":");
    let text = text.trim_matches([' ', ':']);
    VERDICTS.iter().any(|verdict| {
        if nouns.iter().any(|noun| text.ends_with(&format!("{verdict} {noun}"))) {
            return true;
        }
        let Some(before) = text.strip_suffix(verdict) else { return false };
        let before = before.trim_end_matches([' ', ':']);
        let noun = nouns
            .iter()
            .any(|noun| before.strip_suffix(noun).is_some_and(|before| !before.ends_with(char::is_alphanumeric)));
        noun || named && (before.is_empty() || before.ends_with(':'))
    })
}
