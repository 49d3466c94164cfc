//! Versions, eras, and what each era wants in a result.

use crate::support::mcp;
use crate::support::schema::odd_results;
use mcp::{Http, LEGACY, MODERN, always, http, legacy, modern, post, read, rpc, send, server};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::rpc::{Method, Request};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

const INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Nothing may get here.
fn unreached() -> Http {
    http(rpc(|request: Request| async move { Err(format!("{} got through", request.method).into()) }))
}

async fn initialize(version: &Value, headers: &[(&'static str, &str)]) -> Value {
    let params =
        json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "a", "version": "1" } });
    send(&unreached(), post(legacy(1, "initialize", &params), headers)).await.json()
}

#[tokio::test]
async fn initialize_agrees_to_a_legacy_revision() {
    for version in LEGACY {
        let reply = initialize(&json!(version), &[]).await;
        assert_eq!(reply["result"]["protocolVersion"], version);
        assert_eq!(reply["result"]["serverInfo"], json!({ "name": "1C", "version": "1.0.0" }));
        for capability in ["tools", "resources", "prompts", "completions", "logging"] {
            assert!(reply["result"]["capabilities"][capability].is_object(), "{capability}");
        }
        assert!(reply["result"].get("resultType").is_none());
    }
    for version in [MODERN, "1999-01-01", "2099-01-01", "", "neueste"] {
        assert_eq!(initialize(&json!(version), &[]).await["result"]["protocolVersion"], "2025-11-25", "{version}");
    }
    for version in [json!(20_251_125), json!({})] {
        assert_eq!(initialize(&version, &[]).await["error"]["code"], -32602, "{version}");
    }
}

/// Clients of the first revision need not ask, and some tools of today send nothing at all.
#[tokio::test]
async fn who_asks_for_no_revision_gets_the_first() {
    let version = |reply: &Value| reply["result"]["protocolVersion"].clone();
    assert_eq!(version(&initialize(&json!(null), &[]).await), "2024-11-05");
    for message in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize" }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {} }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "capabilities": {} } }),
    ] {
        let reply = send(&unreached(), post(message.to_string(), &[])).await;
        assert_eq!((reply.status, version(&reply.json())), (200, json!("2024-11-05")), "{message}");
    }
}

#[tokio::test]
async fn initialize_issues_no_session() {
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {} });
    let got = send(&unreached(), post(legacy(1, "initialize", &params), &[])).await;
    assert!(!got.headers.contains_key("mcp-session-id"));
    let http = http(always(r#"{"tools":[]}"#));
    for session in ["unknown", "", "00000000-0000-0000-0000-000000000000"] {
        let request = post(legacy(1, "tools/list", &json!({})), &[("mcp-session-id", session)]);
        assert_eq!(send(&http, request).await.result(), json!({ "tools": [] }));
    }
}

#[tokio::test]
async fn instructions_are_told_in_both_eras() {
    let layer = JsonRpcLayer::new(server().instructions("Сначала поиск"));
    let http: Http = layer.layer(always("{}"));
    let params = json!({ "protocolVersion": "2025-11-25" });
    let old = send(&http, post(legacy(1, "initialize", &params), &[])).await.result();
    let new = send(&http, modern("server/discover", json!({}))).await.result();
    assert_eq!((&old["instructions"], &new["instructions"]), (&json!("Сначала поиск"), &json!("Сначала поиск")));
}

#[tokio::test]
async fn discover_tells_all_revisions() {
    let got = send(&unreached(), modern("server/discover", json!({}))).await.result();
    assert_eq!(got["supportedVersions"], json!([MODERN, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]));
    assert_eq!(got["resultType"], "complete");
    assert_eq!(got["_meta"][INFO], json!({ "name": "1C", "version": "1.0.0" }));
    assert!(got["capabilities"]["tools"].is_object());
    assert!(got["ttlMs"].is_u64() && got["cacheScope"].is_string());
}

#[tokio::test]
async fn metadata_and_header_decide_the_era() {
    let http = http(always(r#"{"resultType":"complete","tools":[]}"#));
    let list = legacy(1, "tools/list", &json!({}));
    // Without metadata a request is legacy, whatever the method.
    for headers in [&[][..], &[("mcp-protocol-version", "2025-06-18")]] {
        assert!(send(&http, post(list.clone(), headers)).await.result().get("resultType").is_none());
    }
    assert_eq!(send(&http, modern("tools/list", json!({}))).await.result()["resultType"], "complete");
    // A method that only the other era has is unknown, and changes nothing.
    let discover = send(&http, post(legacy(1, "server/discover", &json!({})), &[])).await;
    assert_eq!((discover.status, discover.code()), (200, -32601));
    let listen = legacy(1, "subscriptions/listen", &json!({ "notifications": {} }));
    assert_eq!(send(&http, post(listen, &[])).await.code(), -32601);
    let initialize = send(&http, modern("initialize", json!({ "protocolVersion": "2025-11-25" }))).await;
    assert_eq!((initialize.status, initialize.code()), (404, -32601));
    // `_meta` of a legacy client is no sign of the modern era.
    let params = json!({ "_meta": { "progressToken": 1, "example.com/a": {} } });
    assert!(send(&http, post(legacy(1, "tools/list", &params), &[])).await.result().get("resultType").is_none());
    // The header announces what the body does not say, and the other way round.
    let announced = send(&http, post(list.clone(), &[("mcp-protocol-version", MODERN)])).await;
    assert_eq!((announced.status, announced.code()), (400, -32602));
    let mut other = modern("tools/list", json!({}));
    other.headers_mut().insert("mcp-protocol-version", "2025-11-25".parse().unwrap());
    assert_eq!(send(&http, other).await.code(), -32020);
}

#[tokio::test]
async fn the_version_travels_with_the_request() {
    let http = http(rpc(|request: Request| async move {
        mcp::result(json!({ "tools": [], "version": request.version.as_str() }).to_string())
    }));
    let list = legacy(1, "tools/list", &json!({}));
    for version in LEGACY {
        let got = send(&http, post(list.clone(), &[("mcp-protocol-version", version)])).await;
        assert_eq!(got.result()["version"], version);
    }
    assert_eq!(send(&http, post(list, &[])).await.result()["version"], "2025-03-26");
    assert_eq!(send(&http, modern("tools/list", json!({}))).await.result()["version"], MODERN);
}

#[tokio::test]
async fn result_types_never_reach_a_legacy_client() {
    let _odd = odd_results("members alone");
    for (told, seen) in [
        (r#"{"resultType":"complete"}"#, "{}"),
        (r#"{ "resultType" : "complete" }"#, "{}"),
        (r#"{"resultType":"complete","a":1,"b":2}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":1,"resultType":"complete","b":2}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":1,"b":2,"resultType":"complete"}"#, r#"{"a":1,"b":2}"#),
        ("{\"a\":1\n,\n\"result\\u0054ype\" :\"complete\"\n, \"b\":2}", r#"{"a":1,"b":2}"#),
        (r#"{"resultType":{"x":[1,"},"]},"a":1}"#, r#"{"a":1}"#),
        (r#"{"a":{"resultType":"inner"},"resultType":"x"}"#, r#"{"a":{"resultType":"inner"}}"#),
    ] {
        let http = http(always(told));
        let got = send(&http, post(legacy(1, "tools/list", &json!({})), &[])).await.result();
        assert_eq!(got, serde_json::from_str::<Value>(seen).unwrap(), "{told}");
        let got = send(&http, modern("completion/complete", json!({}))).await.text;
        assert_eq!(
            got.matches("\"resultType\"").count() + got.matches("\"result\\u0054ype\"").count()
                - usize::from(told.contains("inner")),
            1,
            "{told}"
        );
    }
}

#[tokio::test]
async fn every_modern_result_has_its_type_and_server() {
    let _odd = odd_results("members alone");
    let info = json!({ "name": "1C", "version": "1.0.0" });
    let other = json!({ "name": "Торговля", "version": "11" });
    for (told, kept, shown) in [
        ("{}", json!({}), &info),
        (r#"{"a":1}"#, json!({}), &info),
        (r#"{"_meta":{}}"#, json!({}), &info),
        (r#"{"_meta":{ },"a":1}"#, json!({}), &info),
        (r#"{"a":1,"_meta":{"k":"v"}}"#, json!({ "k": "v" }), &info),
        (r#"{"_meta":{"k":"v","l":[1]},"a":1}"#, json!({ "k": "v", "l": [1] }), &info),
        (
            r#"{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"Торговля","version":"11"},"k":1}}"#,
            json!({ "k": 1 }),
            &other,
        ),
    ] {
        for method in ["tools/call", "tools/list", "prompts/get", "completion/complete"] {
            let request = modern(method, json!({ "name": "a" }));
            let got = send(&http(always(told)), request).await.result();
            assert_eq!(got["resultType"], "complete", "{told}");
            let mut meta = got["_meta"].clone();
            assert_eq!(&meta[INFO], shown, "{told}");
            meta.as_object_mut().unwrap().remove(INFO);
            assert_eq!(meta, kept, "{told}");
            assert_eq!(got.get("a").is_some(), told.contains("\"a\""));
        }
        // No such thing in the legacy era.
        let got = send(&http(always(told)), post(legacy(1, "tools/list", &json!({})), &[])).await.result();
        assert_eq!(got, serde_json::from_str::<Value>(told).unwrap());
    }
}

/// MCP 2026-07-28, "Cacheable Results".
#[tokio::test]
async fn cacheable_results_say_how_long_and_for_whom() {
    let _odd = odd_results("{} whatever was asked");
    for method in [
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "server/discover",
    ] {
        let got = send(&http(always("{}")), modern(method, json!({ "uri": "a" }))).await.result();
        assert_eq!(got["cacheScope"], "private", "{method}");
        assert!(got["ttlMs"].is_u64(), "{method}");
    }
    for method in ["tools/call", "prompts/get", "completion/complete"] {
        let got = send(&http(always("{}")), modern(method, json!({ "name": "a" }))).await.result();
        assert!(got.get("ttlMs").is_none() && got.get("cacheScope").is_none(), "{method}");
    }
    // What the stack says itself stays.
    let own = http(always(r#"{"ttlMs":60000,"tools":[],"cacheScope":"public"}"#));
    let got = send(&own, modern("tools/list", json!({}))).await.result();
    assert_eq!((&got["ttlMs"], &got["cacheScope"]), (&json!(60_000), &json!("public")));
    let half = http(always(r#"{"ttlMs":60000,"tools":[]}"#));
    let got = send(&half, modern("tools/list", json!({}))).await.result();
    assert_eq!((&got["ttlMs"], &got["cacheScope"]), (&json!(60_000), &json!("private")));
    // Questions are nothing to keep.
    let asks = http(always(r#"{"resultType":"input_required","requestState":"s"}"#));
    let got = send(&asks, modern("resources/read", json!({ "uri": "a" }))).await.result();
    assert!(got.get("ttlMs").is_none() && got.get("cacheScope").is_none());
    let got = send(&http(always("{}")), post(legacy(1, "tools/list", &json!({})), &[])).await.result();
    assert_eq!(got, json!({}));
}

#[tokio::test]
async fn legacy_lifecycle_methods_never_reach_the_infobase() {
    let http = unreached();
    for (method, params) in [
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "warning" })),
        ("resources/subscribe", json!({ "uri": "onec://a" })),
        ("resources/unsubscribe", json!({ "uri": "onec://a" })),
    ] {
        assert_eq!(send(&http, post(legacy(1, method, &params), &[])).await.result(), json!({}), "{method}");
    }
    let ping = post(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#, &[]);
    assert_eq!(send(&http, ping).await.text, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
    for level in [json!("loud"), json!(3), json!(null)] {
        let got = send(&http, post(legacy(1, "logging/setLevel", &json!({ "level": level })), &[])).await;
        assert_eq!((got.status, got.code()), (200, -32602), "{level}");
    }
}

#[tokio::test]
async fn notifications_of_the_handshake_are_taken() {
    for name in ["notifications/initialized", "notifications/cancelled", "notifications/roots/list_changed"] {
        let text = json!({ "jsonrpc": "2.0", "method": name }).to_string();
        let response = unreached().oneshot(post(text, &[])).await.unwrap();
        let got = read(response).await;
        assert_eq!((got.status, &*got.text), (202, ""), "{name}");
    }
    assert_eq!(Method::from_name("notifications/initialized"), Method::Initialized);
}
