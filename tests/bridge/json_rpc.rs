//! What JSON-RPC asks of a body: messages, ids, keys, nesting and batches.

use crate::support::mcp;
use crate::support::schema::odd_results;
use bytes::Bytes;
use mcp::{Events, Got, Http, always, http, legacy, open, parse_event, post, send, with_meta};
use serde_json::{Value, json};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn any() -> Http {
    http(always(r#"{"tools":[]}"#))
}

async fn say(body: impl Into<Bytes>) -> Got {
    send(&any(), post(body, &[])).await
}

#[tokio::test]
async fn what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "nonsense",
        "{'a':1}",
        r#"{"a":01}"#,
        r#"{"a":1}}"#,
        r#"{"a":1} x"#,
        r#"{"a":"\x"}"#,
        "{\"a\":\"\n\"}",
        "\u{feff}",
        "{}\u{feff}",
        " \u{feff}{}",
        "[",
        "[1,]",
        "nul",
    ] {
        let got = say(text).await;
        assert_eq!((got.status, got.code(), got.json().get("id")), (400, -32700, None), "{text}");
    }
    let got = say(&b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"[..]).await;
    assert_eq!((got.status, got.code()), (400, -32700));
    // An id that could be read is given back.
    let got = say(r#"{"jsonrpc":"2.0","id":3,"method":"ping",}"#).await;
    assert_eq!((got.status, got.code(), &got.json()["id"]), (400, -32700, &json!(3)));
}

/// What PowerShell and 1C's own HTTP client write at the head of a text.
#[tokio::test]
async fn a_byte_order_mark_at_the_head_is_passed_over() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for head in ["\u{feff}", "\u{feff}\u{feff}", "\u{feff}\r\n "] {
        assert_eq!(say(format!("{head}{ping}")).await.result(), json!({}), "{head:?}");
        let batch = [("mcp-protocol-version", "2025-03-26")];
        let got = send(&any(), post(format!("{head}[{ping}]"), &batch)).await;
        assert_eq!((got.status, got.json()), (200, json!([{ "jsonrpc": "2.0", "id": 1, "result": {} }])), "{head:?}");
    }
}

/// MCP 2026-07-28 and before it, "Pagination": a cursor is a string. `null` stands for none, as it does
/// in what many clients write.
#[tokio::test]
async fn a_cursor_is_a_string() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&asked);
    let list = r#"{"tools":[],"prompts":[],"resources":[],"resourceTemplates":[]}"#;
    let onec = http(mcp::rpc(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::future::ready(mcp::result(list))
    }));
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        for cursor in [json!(1), json!(true), json!({}), json!(["a"])] {
            let params = json!({ "cursor": cursor });
            for request in [post(mcp::legacy(1, method, &params), &[]), mcp::modern(method, params)] {
                let got = send(&onec, request).await;
                assert_eq!((got.status, got.code()), (200, -32602), "{method} {cursor}");
                assert!(got.text.contains("cursor must be a string"), "{}", got.text);
            }
        }
        assert_eq!(asked.swap(0, std::sync::atomic::Ordering::SeqCst), 0, "{method}");
        for cursor in [json!("a"), json!(""), json!(null)] {
            let params = json!({ "cursor": cursor });
            assert_eq!(send(&onec, post(mcp::legacy(1, method, &params), &[])).await.code(), 0, "{method} {cursor}");
        }
        assert_eq!(asked.swap(0, std::sync::atomic::Ordering::SeqCst), 3, "{method}");
    }
    // Elsewhere it means nothing.
    let call = mcp::legacy(1, "tools/call", &json!({ "name": "a", "cursor": 1 }));
    assert_eq!(send(&http(always(r#"{"content":[]}"#)), post(call, &[])).await.code(), 0);
}

#[tokio::test]
async fn what_is_no_message() {
    for text in [
        "1",
        "null",
        "\"ping\"",
        "true",
        "{}",
        "[]",
        "\u{feff}{}",
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1e2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
    ] {
        let got = say(text).await;
        assert_eq!((got.status, got.code()), (400, -32600), "{text}");
        if !text.contains(r#""id":1,"#) {
            assert_eq!(got.json().get("id"), None, "{text}");
        }
    }
    for text in [
        r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#,
        r#"{"jsonrpc":2.0,"id":7,"method":"ping"}"#,
        r#"{"id":7,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":1}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#,
    ] {
        let got = say(text).await;
        assert_eq!((got.status, got.code(), &got.json()["id"]), (400, -32600, &json!(7)), "{text}");
    }
    let got = say(r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}"#).await;
    assert_eq!((got.status, got.code()), (400, -32602));
}

#[tokio::test]
async fn ids_come_back_as_they_were() {
    for id in [r#""1""#, "1", "0", "-1", "12345678901234567890", r#""\u0041""#, r#""Ы \" \\""#, r#""""#] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#);
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"tools":[]}}}}"#);
        assert_eq!(say(text).await.text, expected);
    }
}

#[tokio::test]
async fn a_key_that_means_something_must_not_stand_there_twice() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{},"arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{},"_meta":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","\u0069d":2}"#,
        r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#,
    ] {
        let got = say(text).await;
        assert_eq!((got.status, got.code()), (400, -32600), "{text}");
        assert!(got.text.contains("duplicate key"), "{}", got.text);
    }
    // Others may, as in JSON itself.
    let got = say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","a":1,"a":2,"params":{"b":1,"b":2}}"#).await;
    assert_eq!(got.status, 200);
}

#[tokio::test]
async fn nesting_has_a_limit() {
    let _odd = odd_results("the request is deeper than the check of the answer reads");
    let nested = |depth: usize| {
        let inner = depth - 1;
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","x":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
    };
    assert_eq!(say(nested(128)).await.status, 200);
    let got = say(nested(129)).await;
    assert_eq!((got.status, got.code()), (400, -32700));
    assert_eq!(say(nested(100_000)).await.code(), -32700);
    let arguments = format!(r#"{{"a":{}1{}}}"#, "{\"a\":".repeat(126), "}".repeat(126));
    let text =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"a","arguments":{arguments}}}}}"#);
    assert_eq!(say(text).await.code(), -32700);
}

#[tokio::test]
async fn batches_belong_to_one_revision() {
    let batch = format!("[{PING}]");
    for version in ["2025-11-25", "2025-06-18", "2024-11-05", mcp::MODERN] {
        let got = send(&any(), post(batch.clone(), &[("mcp-protocol-version", version)])).await;
        assert_eq!((got.status, got.code()), (400, -32600), "{version}");
    }
    for headers in [&[][..], &[("mcp-protocol-version", "2025-03-26")]] {
        let got = send(&any(), post(batch.clone(), headers)).await;
        assert_eq!((got.status, got.json()), (200, json!([{ "jsonrpc": "2.0", "id": 1, "result": {} }])));
    }
}

#[tokio::test]
async fn batches_of_all_kinds() {
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let second = r#"{"jsonrpc":"2.0","id":"b","method":"tools/list"}"#;
    let start = legacy(9, "initialize", &json!({ "protocolVersion": "2025-03-26" }));
    let text = format!("[{PING}, {note},\n{second}, {{\"id\":3}}, 1, {start}]");
    let got = say(text).await;
    assert_eq!(got.status, 200);
    let replies = got.json();
    let find = |id: Value| replies.as_array().unwrap().iter().find(|reply| reply["id"] == id).unwrap();
    assert_eq!(replies.as_array().unwrap().len(), 5, "{replies}");
    assert_eq!(find(json!(1))["result"], json!({}));
    assert_eq!(find(json!("b"))["result"], json!({ "tools": [] }));
    assert_eq!(find(json!(3))["error"]["code"], -32600);
    assert_eq!(find(Value::Null)["error"]["code"], -32600);
    assert_eq!(find(json!(9))["error"]["code"], -32600);

    let got = say(format!("[{note},{note}]")).await;
    assert_eq!((got.status, &*got.text), (202, ""));
    let many = |count: usize| format!("[{}]", vec![PING; count].join(","));
    assert_eq!(say(many(100)).await.json().as_array().unwrap().len(), 100);
    let got = say(many(101)).await;
    assert_eq!((got.status, got.code()), (400, -32600));
    assert_eq!(say(format!("[{PING},")).await.code(), -32700);
}

#[tokio::test]
async fn a_batch_as_events() {
    let request = post(format!("[{PING}]"), &[("accept", "text/event-stream")]);
    let mut events = Events::of(open(&any(), request).await);
    let event = events.next().await.unwrap();
    assert_eq!(parse_event(&event), json!([{ "jsonrpc": "2.0", "id": 1, "result": {} }]));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_modern_request_has_no_place_in_a_batch() {
    let new = legacy(2, "tools/list", &with_meta(json!({}), &json!({})));
    let unknown = json!({ "io.modelcontextprotocol/protocolVersion": "2099-01-01" });
    let other = legacy(3, "tools/list", &with_meta(json!({}), &unknown));
    let replies = say(format!("[{PING},{new},{other}]")).await.json();
    let codes: Vec<i64> =
        replies.as_array().unwrap().iter().map(|reply| reply["error"]["code"].as_i64().unwrap_or(0)).collect();
    assert_eq!(codes, [0, -32600, -32022], "{replies}");
}
