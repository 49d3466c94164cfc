//! What must hold for any bytes whatever: shared by the property tests, the corpus and the fuzz
//! targets.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a broken invariant is a panic")]

use bytes::Bytes;
use onec_mcp::fuzzing::onec::{decode, words};
use onec_mcp::rpc::{
    ErrorObject, Incoming, MAX_BATCH, Message, MessageError, Method, Param, Payload, Request, Version,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Whether serde_json takes it for JSON.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

/// An HTTP body or a line of a client.
pub(crate) fn envelope(bytes: &[u8]) {
    let mut bytes = Bytes::copy_from_slice(bytes);
    let incoming = Incoming::parse(&bytes);
    // Byte order marks before it are no part of it.
    while bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes = bytes.slice(3..);
    }
    match incoming {
        Incoming::One(one) => {
            if let Ok(message) = &one {
                assert!(is_json(&bytes), "accepted what is no JSON");
                check_message(&bytes, message);
            }
            refusal(&bytes, &one);
        }
        Incoming::Batch(items) => {
            let texts: Vec<&RawValue> = serde_json::from_slice(&bytes).expect("accepted what is no array");
            assert!(!items.is_empty() && items.len() <= MAX_BATCH && items.len() == texts.len());
            for (item, text) in items.iter().zip(texts) {
                if let Ok(message) = item {
                    check_message(text.get().as_bytes(), message);
                }
                refusal(text.get().as_bytes(), item);
            }
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// serde_json reads the same.
fn check_message(bytes: &[u8], message: &Message) {
    let theirs: Envelope<'_> = serde_json::from_slice(bytes).expect("accepted what serde refuses");
    let id = match message {
        Message::Request(id, request) => {
            assert_eq!(theirs.method.as_deref(), Some(request.method.as_str()));
            for param in [Param::Name, Param::Uri, Param::Arguments, Param::Cursor, Param::RequestState] {
                assert!(request.params.raw(param).is_none_or(is_json));
            }
            Some(id)
        }
        Message::Notification(method, _) => {
            assert_eq!(theirs.method.as_deref(), Some(method.as_str()));
            None
        }
        Message::Reply(reply) => {
            let (ours, theirs) = match &reply.outcome {
                Ok(result) => (result, theirs.result),
                Err(error) => (error, theirs.error),
            };
            // serde takes a null for nothing.
            assert_eq!(ours, theirs.map_or("null", RawValue::get).as_bytes());
            Some(&reply.id)
        }
    };
    assert_eq!(id.map(|id| id.as_json()), theirs.id.map(|id| id.get().as_bytes()), "the id has changed");
}

/// What is refused is refused under a code of JSON-RPC, and JSON is never called none.
fn refusal(bytes: &[u8], item: &Result<Message, MessageError>) {
    let Err(MessageError { id, error, .. }) = item else { return };
    let code = error.code;
    assert!(
        matches!(code, ErrorObject::PARSE_ERROR | ErrorObject::INVALID_REQUEST | ErrorObject::INVALID_PARAMS),
        "{code}"
    );
    if code == ErrorObject::PARSE_ERROR {
        let value = serde_json::from_slice::<serde_json::Value>(bytes);
        assert!(value.is_err(), "called JSON none: {}", error.message);
    }
    assert!(id.as_ref().is_none_or(|id| is_json(id.as_json())));
    check_error(error);
}

fn check_error(error: &ErrorObject) {
    let mut out = Vec::new();
    error.write(&mut out);
    assert!(is_json(&out));
    assert!(!out.iter().any(|byte| matches!(byte, b'\r' | b'\n')), "a line break in an error");
}

const METHODS: [Method; 8] = [
    Method::ToolsList,
    Method::ToolsCall,
    Method::ResourcesList,
    Method::ResourceTemplatesList,
    Method::ResourcesRead,
    Method::PromptsList,
    Method::PromptsGet,
    Method::Complete,
];

/// The id that [`answer`] takes for its own.
pub(crate) const ID: u64 = 1;

/// The text without what is forgiven in answers of 1C: bad UTF-8, and control characters in strings or between
/// tokens. Only whether it is JSON counts.
fn nearly(body: &[u8]) -> Vec<u8> {
    if is_json(body) {
        return body.to_vec();
    }
    let (mut out, mut escaped) = (String::new(), false);
    for c in String::from_utf8_lossy(body).chars() {
        if !c.is_ascii_control() {
            out.push(c);
        } else if escaped {
            out.push('n');
        }
        escaped = c == '\\' && !escaped;
    }
    out.into_bytes()
}

/// An answer of 1C. The first byte says to what: `0` to `7` of a legacy client, `8` to `?` of a modern one.
pub(crate) fn answer(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    let method = METHODS.get(usize::from(kind & 7)).unwrap().clone();
    let version = if kind & 8 == 0 { Version::NEWEST_LEGACY } else { Version::V2026_07_28 };
    let params = onec_mcp::rpc::Params::parse(&Bytes::from_static(br#"{"name":"a","uri":"1c://a"}"#)).unwrap();
    let request = Request::new(method, params, version);
    let body = Bytes::copy_from_slice(body);
    let Ok(outcome) = decode(body.clone(), &request) else { return };
    assert!(is_json(&nearly(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body))), "accepted what is no JSON");
    match outcome {
        Ok(payload) => {
            let json = payload.json();
            assert!(is_json(json) && json.first() == Some(&b'{') && json.last() == Some(&b'}'));
            Payload::parse(json.clone()).expect("a result that is none");
            let again = [b"{\"id\":1,\"result\":", &json[..], b"}"].concat();
            decode(again.into(), &request).expect("refuses its own").expect("an error out of a result");
        }
        Err(error) => {
            assert!(error.message.len() < 4 * 1024 + 4);
            check_error(&error);
        }
    }
}

/// The body of an error. The first byte says what its header declares.
pub(crate) fn error_body(bytes: &[u8]) {
    const KINDS: [&str; 4] = [
        "text/plain",
        "text/html; charset=windows-1251",
        "application/json; charset=utf-16le",
        "x; charset=\"koi8-r\"",
    ];
    let Some((kind, body)) = bytes.split_first() else { return };
    let kind = http::HeaderValue::from_static(KINDS[usize::from(kind & 3)]);
    let told = words(&http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind)]), body);
    assert!(told.len() <= 4 * 1024 + 3, "{} bytes", told.len());
    let unseen = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!told.contains(unseen), "{told:?}");
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let words = told.split(' ').map(|word| if word.chars().all(base64) && word.len() >= 48 { word.len() } else { 0 });
    let mut run = 0;
    for length in words {
        run = if length == 0 { 0 } else { run + length };
        assert!(run <= 200, "{told}");
    }
}

/// The scanner and serde_json agree on what is JSON; only depth is bounded here.
pub(crate) fn scanner(bytes: &[u8]) {
    use onec_mcp::fuzzing::json::{JsonError, Scanner};
    let ours = Scanner::new(bytes).and_then(|mut scanner| {
        let span = scanner.skip()?;
        scanner.end()?;
        Ok((span, scanner.saw_line_breaks()))
    });
    let theirs = serde_json::from_slice::<&RawValue>(bytes);
    match (ours, theirs) {
        (Ok((span, breaks)), Ok(theirs)) => {
            assert_eq!(span.of(bytes).unwrap(), theirs.get().as_bytes());
            assert_eq!(breaks, bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
        }
        (Err(JsonError::Depth), _) | (Err(_), Err(_)) => {}
        (ours, theirs) => unreachable!("{ours:?} against {theirs:?}"),
    }
}
