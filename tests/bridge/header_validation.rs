//! The header rules of 2026-07-28
//! (<https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#request-metadata>).

use crate::support::mcp::{self, Got, Http, MODERN, always, http, modern, modern_with, post, rpc, send, with_meta};
use http::HeaderValue;
use onec_mcp::rpc::{ErrorObject, Method, Request, Response};
use serde_json::json;

const MISMATCH: (u16, i64) = (400, -32020);
const FINE: (u16, i64) = (200, 0);
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

const TOOLS: &str = r#"{"tools":[{"name":"find","inputSchema":{"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},
    "count":{"type":"integer","x-mcp-header":"Count"},
    "exact":{"type":"boolean","x-mcp-header":"Exact"},
    "plain":{"type":"string"},
    "where":{"type":"object","properties":{"code":{"type":"string","x-mcp-header":"Code"}}},
    "rows":{"type":"array","items":{"properties":{"a":{"type":"string","x-mcp-header":"Never"}}}}
}}}]}"#;

/// An infobase with one tool that mirrors arguments.
fn tools() -> Http {
    http(rpc(|request: Request| async move {
        mcp::result(if request.method == Method::ToolsList {
            TOOLS
        } else {
            r#"{"content":[],"contents":[],"messages":[]}"#
        })
    }))
}

fn outcome(got: &Got) -> (u16, i64) {
    (got.status, got.code())
}

/// `tools/call` of `find` with these arguments, as text, and `Mcp-Param-*` headers.
async fn call(arguments: &str, headers: &[(&'static str, &str)]) -> (u16, i64) {
    // Written by hand, so that the arguments keep their text.
    let meta = with_meta(json!({}), &json!({})).to_string();
    let meta = meta.trim_start_matches('{');
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"find","arguments":{arguments},{meta}}}"#
    );
    let mut all = vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "find")];
    all.extend_from_slice(headers);
    outcome(&send(&tools(), post(body, &all)).await)
}

#[tokio::test]
async fn each_standard_header_is_required() {
    let http = tools();
    for (method, params) in [
        ("tools/call", json!({ "name": "find", "arguments": {} })),
        ("prompts/get", json!({ "name": "find" })),
        ("resources/read", json!({ "uri": "onec://a" })),
    ] {
        assert_eq!(outcome(&send(&http, modern(method, params.clone())).await), FINE, "{method}");
        for header in ["mcp-protocol-version", "mcp-method", "mcp-name"] {
            let mut request = modern(method, params.clone());
            request.headers_mut().remove(header);
            let got = send(&http, request).await;
            assert_eq!(outcome(&got), MISMATCH, "{method} without {header}");
            assert_eq!(got.json()["id"], 1);
            assert!(got.json()["error"]["message"].as_str().unwrap().starts_with("Header mismatch: "));
        }
    }
    // Other methods have no name to mirror.
    assert_eq!(outcome(&send(&http, modern("tools/list", json!({}))).await), FINE);
}

#[tokio::test]
async fn each_standard_header_must_match_the_body() {
    let http = tools();
    for (header, value) in [
        ("mcp-protocol-version", "2025-11-25"),
        ("mcp-protocol-version", "2099-01-01"),
        ("mcp-method", "tools/list"),
        ("mcp-method", "Tools/Call"),
        ("mcp-method", ""),
        ("mcp-name", "Find"),
        ("mcp-name", "other"),
        ("mcp-name", ""),
    ] {
        let mut request = modern("tools/call", json!({ "name": "find" }));
        request.headers_mut().insert(header, value.parse().unwrap());
        assert_eq!(outcome(&send(&http, request).await), MISMATCH, "{header}: {value}");
    }
}

#[tokio::test]
async fn a_header_must_not_stand_there_twice() {
    let http = tools();
    for (header, value) in [("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "find")] {
        let mut request = modern("tools/call", json!({ "name": "find" }));
        request.headers_mut().append(header, value.parse().unwrap());
        assert_eq!(outcome(&send(&http, request).await), MISMATCH, "{header}");
    }
    assert_eq!(call(r#"{"region":"a"}"#, &[("mcp-param-region", "a"), ("mcp-param-region", "a")]).await, MISMATCH);
}

#[tokio::test]
async fn raw_bytes_beyond_ascii_are_refused() {
    let http = tools();
    for header in ["mcp-protocol-version", "mcp-method", "mcp-name"] {
        let mut request = modern("tools/call", json!({ "name": "Найти" }));
        request.headers_mut().insert(header, HeaderValue::from_bytes("Найти".as_bytes()).unwrap());
        assert_eq!(outcome(&send(&http, request).await), MISMATCH, "{header}");
    }
    assert_eq!(call(r#"{"region":"склад"}"#, &[("mcp-param-region", "склад")]).await, MISMATCH);
}

#[tokio::test]
async fn names_in_base64_are_decoded_before_they_are_compared() {
    let http = tools();
    for name in ["НайтиТовар", "Hello, 世界", " padded ", "line1\nline2", "=?base64?literal?="] {
        assert_eq!(outcome(&send(&http, modern("tools/call", json!({ "name": name }))).await), FINE, "{name}");
        assert_eq!(outcome(&send(&http, modern("resources/read", json!({ "uri": name }))).await), FINE, "{name}");
    }
    // Plain ASCII may be encoded, too.
    let mut request = modern("tools/call", json!({ "name": "find" }));
    request.headers_mut().insert("mcp-name", HeaderValue::from_static("=?base64?ZmluZA==?="));
    assert_eq!(outcome(&send(&http, request).await), FINE);
}

#[tokio::test]
async fn a_broken_sentinel_is_refused() {
    let http = tools();
    for value in [
        "=?base64?***?=",
        "=?base64?ZmluZA?=",
        "=?base64?/w==?=",
        "=?base64?ZmluZB==?=",
        "=?BASE64?ZmluZA==?=",
        "=?base64?ZmluZA==",
        "ZmluZA==",
        "=?base64??=",
    ] {
        let mut request = modern("tools/call", json!({ "name": "find" }));
        request.headers_mut().insert("mcp-name", value.parse().unwrap());
        assert_eq!(outcome(&send(&http, request).await), MISMATCH, "{value}");
    }
}

#[tokio::test]
async fn parameters_that_are_mirrored() {
    for (arguments, headers) in [
        (r#"{"region":"us-west1"}"#, [("mcp-param-region", "us-west1")]),
        (r#"{"region":"us\u002dwest1"}"#, [("mcp-param-region", "us-west1")]),
        (r#"{"region":""}"#, [("mcp-param-region", "")]),
        (r#"{"region":"склад"}"#, [("mcp-param-region", "=?base64?0YHQutC70LDQtA==?=")]),
        (r#"{"count":42}"#, [("mcp-param-count", "42")]),
        (r#"{"count":42.0}"#, [("mcp-param-count", "42")]),
        (r#"{"count":42}"#, [("mcp-param-count", "42.0")]),
        (r#"{"count":-7}"#, [("mcp-param-count", "-7")]),
        (r#"{"exact":true}"#, [("mcp-param-exact", "true")]),
        (r#"{"exact":false}"#, [("mcp-param-exact", "false")]),
        (r#"{"where":{"code":"A-1"}}"#, [("mcp-param-code", "A-1")]),
    ] {
        assert_eq!(call(arguments, &headers).await, FINE, "{arguments}");
        assert_eq!(call(arguments, &[]).await, MISMATCH, "{arguments} without its header");
        let wrong = [(headers[0].0, "wrong")];
        assert_eq!(call(arguments, &wrong).await, MISMATCH, "{arguments} with another value");
    }
}

#[tokio::test]
async fn parameters_that_are_not_there() {
    for arguments in
        ["{}", r#"{"region":null}"#, r#"{"where":{}}"#, r#"{"where":null}"#, r#"{"plain":"a","rows":[{"a":"b"}]}"#]
    {
        assert_eq!(call(arguments, &[]).await, FINE, "{arguments}");
    }
    for arguments in ["{}", r#"{"region":null}"#] {
        assert_eq!(call(arguments, &[("mcp-param-region", "a")]).await, MISMATCH, "{arguments}");
        assert_eq!(call(arguments, &[("mcp-param-region", "null")]).await, MISMATCH, "{arguments}");
    }
    // A body without arguments is one without values.
    let request = modern("tools/call", json!({ "name": "find" }));
    assert_eq!(outcome(&send(&tools(), request).await), FINE);
}

#[tokio::test]
async fn values_that_are_not_the_same() {
    for (arguments, header, value) in [
        (r#"{"region":"Us-West1"}"#, "mcp-param-region", "us-west1"),
        (r#"{"region":"42"}"#, "mcp-param-region", "42.0"),
        (r#"{"count":42}"#, "mcp-param-count", "43"),
        (r#"{"count":42}"#, "mcp-param-count", "NaN"),
        // The same as a double, which is not the same.
        (r#"{"count":9007199254740993}"#, "mcp-param-count", "9007199254740992"),
        (r#"{"count":42}"#, "mcp-param-count", ""),
        (r#"{"exact":true}"#, "mcp-param-exact", "True"),
        (r#"{"exact":true}"#, "mcp-param-exact", "1"),
        (r#"{"where":{"code":"a"}}"#, "mcp-param-code", "b"),
        (r#"{"code":"a"}"#, "mcp-param-code", "a"),
        (r#"{"region":"a"}"#, "mcp-param-region", "=?base64?***?="),
        (r#"{"region":["a"]}"#, "mcp-param-region", "a"),
    ] {
        assert_eq!(call(arguments, &[(header, value)]).await, MISMATCH, "{arguments} {header}: {value}");
    }
}

#[tokio::test]
async fn headers_of_no_parameter_are_ignored() {
    assert_eq!(call(r#"{"plain":"a"}"#, &[("mcp-param-plain", "b"), ("mcp-param-other", "c")]).await, FINE);
    assert_eq!(call(r#"{"rows":[{"a":"b"}]}"#, &[("mcp-param-never", "x")]).await, FINE);
}

#[tokio::test]
async fn a_mirrored_argument_must_not_stand_there_twice() {
    for arguments in [
        r#"{"region":"a","region":"b"}"#,
        r#"{"region":"b","r\u0065gion":"a"}"#,
        r#"{"where":{"code":"a"},"where":{"code":"b"}}"#,
    ] {
        for (header, value) in [("mcp-param-region", "a"), ("mcp-param-region", "b"), ("mcp-param-code", "a")] {
            let (status, code) = call(arguments, &[(header, value)]).await;
            assert_eq!(status, 400, "{arguments}");
            assert!(matches!(code, -32600 | -32020), "{arguments}: {code}");
        }
    }
}

#[tokio::test]
async fn header_names_are_case_insensitive() {
    let meta = with_meta(json!({ "name": "find", "arguments": { "region": "a" } }), &json!({}));
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": meta }).to_string();
    let mut request = post(body, &[]);
    for (name, value) in [
        ("MCP-Protocol-Version", MODERN),
        ("MCP-METHOD", "tools/call"),
        ("Mcp-Name", "find"),
        ("MCP-Param-REGION", "a"),
    ] {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(outcome(&send(&tools(), request).await), FINE);
}

#[tokio::test]
async fn parameters_that_cannot_be_checked_are_not_let_through() {
    let http = http(rpc(|request: Request| async move {
        match request.method {
            Method::ToolsList => Ok(Response::error(ErrorObject::internal("1C is away"))),
            _ => mcp::result(r#"{"content":[],"contents":[],"messages":[]}"#),
        }
    }));
    let mut request = modern("tools/call", json!({ "name": "find", "arguments": { "region": "a" } }));
    assert_eq!(outcome(&send(&http, request.clone()).await), FINE);
    request.headers_mut().insert("mcp-param-region", HeaderValue::from_static("a"));
    assert_eq!(send(&http, request).await.code(), -32603);
}

#[tokio::test]
async fn an_unknown_revision_gets_the_known_ones() {
    let http = tools();
    for version in ["2099-01-01", "2025-11-25", "DRAFT", ""] {
        let mut request = modern_with("tools/list", json!({}), &json!({ VERSION: version }));
        request.headers_mut().insert("mcp-protocol-version", version.parse().unwrap());
        let got = send(&http, request).await;
        assert_eq!(outcome(&got), (400, -32022), "{version}");
        let data = &got.json()["error"]["data"];
        assert_eq!(data["requested"], version);
        let all = json!([MODERN, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
        assert_eq!(data["supported"], all);
    }
    // By the header alone, as a client of a later revision without `_meta` might.
    let list = mcp::legacy(7, "tools/list", &json!({}));
    let got = send(&http, post(list, &[("mcp-protocol-version", "2099-01-01")])).await;
    assert_eq!(outcome(&got), (400, -32022));
    assert_eq!((&got.json()["id"], &got.json()["error"]["data"]["requested"]), (&json!(7), &json!("2099-01-01")));
}

#[tokio::test]
async fn metadata_that_is_missing_or_of_another_type() {
    let http = tools();
    let headers = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/list")];
    for params in [
        json!({}),
        json!({ "_meta": {} }),
        json!({ "_meta": { CAPABILITIES: {} } }),
        json!({ "_meta": { VERSION: MODERN } }),
        json!({ "_meta": { VERSION: MODERN, CAPABILITIES: null } }),
        json!({ "_meta": { VERSION: MODERN, CAPABILITIES: [] } }),
        json!({ "_meta": { VERSION: 20_260_728, CAPABILITIES: {} } }),
        json!({ "_meta": [] }),
        json!({ "_meta": null }),
        json!([]),
    ] {
        let got = send(&http, post(mcp::legacy(1, "tools/list", &params), &headers)).await;
        assert_eq!(outcome(&got), (400, -32602), "{params}");
    }
}

#[tokio::test]
async fn unknown_and_removed_methods_are_not_found() {
    let http = http(rpc(|request: Request| async move {
        Ok(Response::error(ErrorObject::method_not_found(request.method.as_str())))
    }));
    for method in
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list"]
    {
        let mut request = modern(method, json!({ "level": "info", "uri": "a" }));
        request.headers_mut().remove("mcp-name");
        let got = send(&http, request).await;
        assert_eq!(outcome(&got), (404, -32601), "{method}");
        assert_eq!(got.json()["id"], 1);
    }
    // In the legacy era that is no business of HTTP.
    let got = send(&http, post(mcp::legacy(1, "tasks/list", &json!({})), &[])).await;
    assert_eq!(outcome(&got), (200, -32601));
}

#[tokio::test]
async fn legacy_requests_have_no_headers_to_check() {
    let http = http(always(r#"{"content":[],"contents":[],"messages":[]}"#));
    let call = mcp::legacy(1, "tools/call", &json!({ "name": "find" }));
    for version in mcp::LEGACY {
        let request = post(call.clone(), &[("mcp-protocol-version", version), ("mcp-name", "other")]);
        assert_eq!(outcome(&send(&http, request).await), FINE, "{version}");
    }
}
