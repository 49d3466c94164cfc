//! What 1C says reaches the client byte for byte, and the other way round.

use crate::support::mcp;
use crate::support::schema::odd_results;
use http_body::Body as _;
use http_body_util::BodyExt;
use mcp::{Events, always, http, legacy, modern, modern_with, open, post, rpc, send};
use onec_mcp::rpc::{ErrorObject, Param, Request, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// Results with much that no bridge knows.
const WHOLE: [&str; 8] = [
    r#"{"content":[],"unknown":{"a":[null,true,{}]},"Ключ":"знач\u0435ние","e":""}"#,
    r#"{"content":[{"type":"text","text":"5"}],"structuredContent":{"n":5,"rows":[{"Дата":"2026-01-01T00:00:00"}]},"isError":true}"#,
    r#"{"content":[{"type":"text","text":"a","annotations":{"audience":["user"],"priority":0.10,"lastModified":"2026"}}]}"#,
    r#"{"content":[{"type":"audio","data":"UklGRg==","mimeType":"audio/wav"},{"type":"resource","resource":{"uri":"a","blob":"AA=="}}]}"#,
    r#"{"tools":[{"name":"a","inputSchema":{"$schema":"x","type":"object","$defs":{}},"icons":[{"src":"data:"}],"execution":{}}],"nextCursor":"c\u003d\/+=="}"#,
    r#"{"n":[1.10,12345678901234567890,1e400,-0,-0.0,1E+2,0.1000000000000000055511151231257827]}"#,
    r#"{"_meta":{"a.b/c":1.50,"progressToken":7},"messages":[{"role":"user","content":{"type":"text","text":"\ud83d\ude00\u0000"}}]}"#,
    r#"{"a":1,"a":2,"\u2028":"</script>\u2028"}"#,
];

/// What a result holds between its braces.
fn inside(json: &str) -> &str {
    json.strip_prefix('{').and_then(|json| json.strip_suffix('}')).unwrap()
}

#[tokio::test]
async fn legacy_results_keep_every_byte() {
    let _odd = odd_results("results of all methods, told by one");
    for told in WHOLE {
        let got = send(&http(always(told)), post(legacy(1, "tools/call", &json!({ "name": "a" })), &[])).await;
        assert_eq!(got.text, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{told}}}"#));
    }
}

#[tokio::test]
async fn modern_results_keep_every_byte_and_get_more() {
    let _odd = odd_results("results of all methods, told by one");
    for told in WHOLE {
        let http = http(always(told));
        let got = send(&http, modern("tools/call", json!({ "name": "a" }))).await;
        assert_eq!(got.status, 200);
        if told.contains("_meta") {
            let rest = inside(told).split_once("\"_meta\":{").unwrap().1;
            assert!(got.text.ends_with(&format!("{rest}}}}}")), "{}", got.text);
        } else {
            assert!(got.text.ends_with(&format!("{}}}}}", inside(told))), "{}", got.text);
        }
        // As an event, too.
        let mut request = modern("tools/call", json!({ "name": "a" }));
        request.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
        let event = Events::of(open(&http, request).await).next().await.unwrap();
        assert_eq!(event, format!("event: message\ndata: {}", got.text));
    }
}

#[tokio::test]
async fn parsed_results_are_the_same() {
    let _odd = odd_results("results of all methods, told by one");
    for told in WHOLE.into_iter().filter(|told| !told.contains("1e400")) {
        let told: Value = serde_json::from_str(told).unwrap();
        let got = send(&http(always(told.to_string())), modern("tools/call", json!({ "name": "a" }))).await.result();
        for (key, value) in told.as_object().unwrap() {
            if key != "_meta" {
                assert_eq!(&got[key], value);
            }
        }
        for (key, value) in told["_meta"].as_object().into_iter().flatten() {
            assert_eq!(&got["_meta"][key], value);
        }
    }
}

#[tokio::test]
async fn parameters_keep_every_byte() {
    let _odd = odd_results("the request has numbers that the check of the answer does not read");
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let store = Arc::clone(&seen);
    let http = http(rpc(move |request: Request| {
        let texts = [Param::Arguments, Param::Cursor, Param::InputResponses, Param::RequestState]
            .into_iter()
            .filter_map(|param| request.params.raw(param))
            .map(|raw| String::from_utf8(raw.to_vec()).unwrap());
        store.lock().unwrap().extend(texts);
        async { mcp::result("{}") }
    }));
    let arguments = r#"{"n": 1.10 ,"big":12345678901234567890,"e":1e400,"Имя":"\u0418","a":1,"a":2,"x":{"_meta":[]}}"#;
    let cursor = r#""c\u003d\/+==""#;
    let responses = r#"{"k" : {"action":"accept","content":{"n":0.10}}}"#;
    let state = r#""s\u0000""#;
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"arguments":{arguments}, "cursor" :{cursor},
            "inputResponses":{responses},"requestState":{state}}}}}"#
    );
    assert_eq!(send(&http, post(text, &[])).await.status, 200);
    assert_eq!(*seen.lock().unwrap(), [arguments, cursor, responses, state]);
}

#[tokio::test]
async fn great_results_arrive_whole() {
    let text = "Остаток ".repeat(1024 * 1024 / 15);
    let told = json!({ "content": [{ "type": "text", "text": text }], "resultType": "complete" }).to_string();
    assert!(told.len() > 1024 * 1024);
    let http = http(always(told));
    for request in
        [modern("tools/call", json!({ "name": "a" })), post(legacy(1, "tools/call", &json!({ "name": "a" })), &[])]
    {
        let body = open(&http, request.clone()).await.into_body();
        let length = body.size_hint().exact().unwrap();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(bytes.len() as u64, length);
        let reply: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(reply["result"]["content"][0]["text"], text);
        assert_eq!(reply["result"].get("resultType").is_some(), request.headers().contains_key("mcp-method"));

        let mut request = request;
        request.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
        let mut events = Events::of(open(&http, request).await);
        assert_eq!(events.message().await.unwrap()["result"]["content"][0]["text"], text);
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn line_breaks_between_tokens_reach_no_event() {
    let told = "{\r\n\t\"content\": [\n\t\t{\r\"type\": \"text\",\n\"text\": \"a\\nb\"}\n\t],\n\"resultType\"\n:\n\"complete\"\n,\n\
         \"_meta\": {\n\"messages\": [\n{\"level\": \"info\",\n\"data\": {\n\"a\":\n\"x\\ny\"}}\n]\n}\n}";
    let expected = json!([{ "type": "text", "text": "a\nb" }]);
    let http = http(always(told));
    let mut modern = modern_with("tools/call", json!({ "name": "a" }), &json!({ LOG_LEVEL: "debug" }));
    for accept in ["text/event-stream", "application/json, text/event-stream"] {
        modern.headers_mut().insert("accept", accept.parse().unwrap());
        let old = post(legacy(1, "tools/call", &json!({ "name": "a" })), &[("accept", accept)]);
        for request in [modern.clone(), old] {
            let mut events = Events::of(open(&http, request).await);
            // `message` checks that each stands on one line.
            let log = events.message().await;
            let (log, last) = match log {
                Some(log) if log["method"] == "notifications/message" => (Some(log), events.message().await.unwrap()),
                Some(last) => (None, last),
                None => panic!("nothing came"),
            };
            assert_eq!(last["result"]["content"], expected);
            if accept.contains("json") {
                assert_eq!(log.unwrap()["params"]["data"], json!({ "a": "x\ny" }));
            }
            assert_eq!(events.next().await, None);
        }
    }
}

#[tokio::test]
async fn line_breaks_in_errors_reach_no_event() {
    let http = http(rpc(|_| async {
        let error = ErrorObject::new(-32050, "строка\nещё").with_data("{\n\"a\":\r\n[1.10,\n2]\n}");
        Ok(Response::error(error))
    }));
    let request = post(legacy(1, "tools/list", &json!({})), &[("accept", "text/event-stream")]);
    let message = Events::of(open(&http, request).await).message().await.unwrap();
    assert_eq!(message["error"]["message"], "строка\nещё");
    assert_eq!(message["error"]["data"], json!({ "a": [1.10, 2] }));
    assert_eq!(message["error"]["code"], -32050);
    let got = send(&http, modern("tools/list", json!({}))).await;
    assert_eq!((got.status, got.code()), (200, -32050));
    assert!(got.text.contains("1.10"));
}
