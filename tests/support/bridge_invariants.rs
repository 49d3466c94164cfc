//! What must hold of the bridges for any bytes whatever: shared by the property tests, the corpus
//! and the fuzz targets.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken invariant is a panic")]

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::bridge::stdio::{Lines, MAX_LINE};
use onec_mcp::fuzzing::json::{JsonError, Member, Scanner};
use onec_mcp::fuzzing::{decode_sentinel, encode_sentinel};
use onec_mcp::rpc::{BoxError, Payload, Request, Response, ServerInfo};
use tower::{Layer, ServiceExt, service_fn};

/// A header value. What decodes is encoded to something that decodes to the same; text survives.
pub(crate) fn sentinel(bytes: &[u8]) {
    if let Some(text) = decode_sentinel(bytes) {
        let again = encode_sentinel(&text);
        assert_eq!(decode_sentinel(again.as_bytes()).as_deref(), Some(&*text));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let value = encode_sentinel(text);
        assert!(http::HeaderValue::from_str(&value).is_ok(), "{value:?} is no header value");
        assert_eq!(decode_sentinel(value.as_bytes()).as_deref(), Some(text));
    }
}

/// Input of stdio: the first byte says how large the pieces are in which it comes.
pub(crate) fn lines(bytes: &[u8]) {
    let Some((size, input)) = bytes.split_first() else { return };
    let mut whole = Lines::default();
    whole.push(input);
    let expected: Vec<_> = whole.collect();
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for piece in input.chunks(usize::from(*size).max(1)) {
        lines.push(piece);
        found.extend(lines.by_ref());
    }
    assert_eq!(found, expected);
    for line in found.iter().flatten() {
        assert!(!line.contains(&b'\n') && line.len() <= MAX_LINE && !line.trim_ascii().is_empty());
    }
}

/// A result of 1C on its way to a client; the first byte says of which era, and what a layer says of
/// keeping it.
pub(crate) fn splice(bytes: &[u8]) {
    let Some((era, json)) = bytes.split_first() else { return };
    let (ttl, private) = (era & 2 != 0, era & 4 != 0);
    let Ok(payload) = Payload::parse(Bytes::copy_from_slice(json)) else { return };
    if payload.is_input_required() {
        return;
    }
    let payload = if ttl { payload.with_ttl_ms(7) } else { payload };
    let payload = if private { payload.private() } else { payload };
    let modern = era % 2 == 1;
    let text = one_line(payload.json());
    let sent = members(&text);
    let reply = answer(payload, modern);
    assert!(!reply.contains(['\r', '\n']), "{reply}");
    let (_, result) = members(&reply).into_iter().find(|(key, _)| key == "result").expect("a result");
    let received = members(&result);
    for (key, value) in &sent {
        let replaced = key == "_meta" || key == "ttlMs" && ttl || key == "cacheScope" && private;
        if key == "resultType" && !modern || replaced && modern {
            continue;
        }
        assert!(received.contains(&(key.clone(), value.clone())), "{key} is lost: {reply}");
    }
    assert_eq!(received.iter().filter(|(key, _)| key == "resultType").count(), usize::from(modern), "{reply}");
    if modern {
        let complete = received.contains(&("resultType".to_owned(), "\"complete\"".to_owned()));
        for (key, said, value) in [("ttlMs", ttl, "7"), ("cacheScope", private, "\"private\"")] {
            let values: Vec<_> = received.iter().filter(|(found, _)| found == key).collect();
            assert!(values.len() == 1 || !complete && values.is_empty(), "{reply}");
            assert!(!said || values.iter().all(|(_, found)| found == value), "{reply}");
        }
        let meta = received.iter().find(|(key, _)| key == "_meta").map(|(_, value)| value).expect("_meta");
        let known = !meta.starts_with('{') || meta.contains("io.modelcontextprotocol/serverInfo");
        assert!(known, "{reply}");
    }
}

fn one_line(json: &[u8]) -> String {
    String::from_utf8(json.to_vec()).unwrap().replace(['\r', '\n'], " ")
}

fn members(object: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut scanner = Scanner::new(object.as_bytes()).unwrap();
    scanner
        .object::<JsonError>(|scanner, Member { key, .. }| {
            let span = scanner.skip()?;
            let value = span.of(object.as_bytes()).unwrap_or_default();
            found.push((key.into_owned(), String::from_utf8(value.to_vec()).unwrap()));
            Ok(())
        })
        .expect("the reply is no JSON");
    scanner.end().expect("something follows the reply");
    found
}

/// Through the whole HTTP bridge.
fn answer(payload: Payload, modern: bool) -> String {
    let rpc = service_fn(move |_: Request| {
        let payload = payload.clone();
        async move { Ok::<_, BoxError>(Response::result(payload)) }
    });
    let request = http::Request::post("/mcp").header("accept", "application/json");
    let request = if modern {
        let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#);
        request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/list").body(body)
    } else {
        request.body(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned())
    };
    let mcp = JsonRpcLayer::new(ServerInfo::default()).layer(rpc);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let answer = mcp.oneshot(request.unwrap().map(Full::<Bytes>::from)).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    })
}
