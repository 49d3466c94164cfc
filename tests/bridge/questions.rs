//! Multi round-trip requests: what 1C asks goes to the client, and the answer back to 1C
//! (<https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr>).

use crate::support::mcp::{
    self, Alive, Events, Http, Rpc, always, http, legacy, modern, modern_with, open, post, rpc, send, server,
};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::net::Caller;
use onec_mcp::rpc::{Param, Request};
use onec_mcp::{Bridge, Identity, Scopes};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use tower::Layer;

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const BOTH: &str = "application/json, text/event-stream";

const FORM: &str = r#"{"method":"elicitation/create","params":{"message":"Склад?","requestedSchema":{"type":"object","properties":{}},"n":1.10}}"#;
const URL: &str = r#"{"method":"elicitation/create","params":{"mode":"url","message":"a","url":"https://a.example"}}"#;
const SAMPLE: &str = r#"{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}"#;
const ROOTS: &str = r#"{"method":"roots/list"}"#;

fn asking(requests: &str) -> String {
    format!("{{\"resultType\":\"input_required\",\n\"inputRequests\":{{{requests}}},\n\"requestState\":\"с-1\"}}")
}

fn raw(request: &Request, param: Param) -> Value {
    request.params.raw(param).map_or(Value::Null, |raw| serde_json::from_slice(raw).unwrap())
}

/// Asks once, and then tells what it got.
fn asker(requests: &str) -> Rpc {
    let asks = asking(requests);
    rpc(move |request: Request| {
        let asks = asks.clone();
        async move {
            if request.params.raw(Param::InputResponses).is_none() {
                return mcp::result(asks);
            }
            let got = json!({ "content": [], "got": {
                "name": raw(&request, Param::Name),
                "arguments": raw(&request, Param::Arguments),
                "responses": raw(&request, Param::InputResponses),
                "state": raw(&request, Param::RequestState),
            }});
            mcp::result(got.to_string())
        }
    })
}

async fn call(http: &Http, version: &str) -> Events {
    let params = json!({ "name": "провести", "arguments": { "n": 1 } });
    let headers = [("accept", BOTH), ("mcp-protocol-version", version)];
    Events::of(open(http, post(legacy(1, "tools/call", &params), &headers)).await)
}

async fn answer(http: &Http, reply: Value) -> (u16, String) {
    let got = send(http, post(reply.to_string(), &[("mcp-protocol-version", "2025-11-25")])).await;
    (got.status, got.text)
}

fn reply(question: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": question["id"], "result": result })
}

#[tokio::test]
async fn a_legacy_client_is_asked_on_the_stream_of_its_call() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    let mut events = call(&http, "2025-11-25").await;
    let question = events.message().await.unwrap();
    assert_eq!(question["jsonrpc"], "2.0");
    assert_eq!(question["method"], "elicitation/create");
    assert!(question["id"].is_string());
    assert_eq!(
        question["params"],
        json!({ "message": "Склад?", "requestedSchema": { "type": "object", "properties": {} }, "n": 1.10 })
    );

    let filled = json!({ "action": "accept", "content": { "Склад": "Главный" } });
    assert_eq!(answer(&http, reply(&question, filled.clone())).await, (202, String::new()));
    let last = events.message().await.unwrap();
    assert_eq!(last["id"], 1);
    assert!(last["result"].get("resultType").is_none());
    assert_eq!(
        last["result"]["got"],
        json!({ "name": "провести", "arguments": { "n": 1 }, "responses": { "k": filled }, "state": "с-1" })
    );
    assert_eq!(events.next().await, None);
    // Nobody waits any more.
    assert_eq!(answer(&http, reply(&question, json!({}))).await.0, 400);
}

#[tokio::test]
async fn several_questions_may_be_answered_in_any_order() {
    let http = http(asker(&format!("\"a\":{FORM},\"b\":{SAMPLE},\"c\":{ROOTS}")));
    let mut events = call(&http, "2025-06-18").await;
    let mut questions = Vec::new();
    for method in ["elicitation/create", "sampling/createMessage", "roots/list"] {
        let question = events.message().await.unwrap();
        assert_eq!(question["method"], method);
        questions.push(question);
    }
    for question in questions.iter().rev() {
        assert_eq!(answer(&http, reply(question, json!({ "of": question["method"] }))).await.0, 202);
    }
    let last = events.message().await.unwrap();
    assert_eq!(
        last["result"]["got"]["responses"],
        json!({
            "a": { "of": "elicitation/create" },
            "b": { "of": "sampling/createMessage" },
            "c": { "of": "roots/list" },
        })
    );
}

#[tokio::test]
async fn several_rounds() {
    let asks = asking(&format!("\"k\":{FORM}"));
    let http = http(rpc(move |request: Request| {
        let done = request.params.text(Param::RequestState).as_deref() == Some("2");
        let next = if request.params.raw(Param::RequestState).is_none() { "1" } else { "2" };
        let asks = asks.replace("с-1", next);
        async move { mcp::result(if done { r#"{"content":[]}"#.to_owned() } else { asks }) }
    }));
    let mut events = call(&http, "2025-11-25").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let question = events.message().await.unwrap();
        ids.push(question["id"].clone());
        assert_eq!(answer(&http, reply(&question, json!({ "action": "accept" }))).await.0, 202);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(events.message().await.unwrap()["result"], json!({ "content": [] }));
}

#[tokio::test]
async fn a_question_may_be_answered_elsewhere() {
    let bridge = Bridge::new(server());
    let http: Http = JsonRpcLayer::new(bridge.clone()).layer(asker(&format!("\"k\":{FORM}")));
    let other: Http = JsonRpcLayer::new(bridge).layer(always("{}"));
    let mut events = call(&http, "2025-11-25").await;
    let question = events.message().await.unwrap();
    assert_eq!(answer(&other, reply(&question, json!({ "action": "decline" }))).await.0, 202);
    assert_eq!(events.message().await.unwrap()["result"]["got"]["responses"]["k"]["action"], "decline");
}

/// Who got hold of the id of another's question (a log, a screen shared) cannot answer it, nor close it.
#[tokio::test]
async fn only_who_was_asked_may_answer() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    let anna = || Some(Identity::new("anna", Scopes::default()));
    let boris = || Some(Identity::new("boris", Scopes::default()));
    let answer = async |who: Option<Identity>, version: &'static str, body: &Value| {
        let mut request = post(body.to_string(), &[("mcp-protocol-version", version), ("accept", BOTH)]);
        if let Some(who) = who {
            request.extensions_mut().insert(who);
        }
        send(&http, request).await.status
    };
    for (asked, others) in [(anna(), [boris(), None]), (None, [anna(), boris()])] {
        let params = json!({ "name": "провести", "arguments": {} });
        let headers = [("accept", BOTH), ("mcp-protocol-version", "2025-11-25")];
        let mut request = post(legacy(1, "tools/call", &params), &headers);
        if let Some(who) = asked.clone() {
            request.extensions_mut().insert(who);
        }
        let mut events = Events::of(open(&http, request).await);
        let question = events.message().await.unwrap();
        let forged = reply(&question, json!({ "action": "accept", "content": { "by": "another" } }));
        let refused = json!({ "jsonrpc": "2.0", "id": question["id"], "error": { "code": -1, "message": "no" } });
        for other in others {
            assert_eq!(answer(other.clone(), "2025-11-25", &forged).await, 400);
            assert_eq!(answer(other.clone(), "2025-11-25", &refused).await, 400);
            assert_eq!(answer(other, "2025-03-26", &json!([forged])).await, 202, "nothing is said in a batch");
        }
        let own = reply(&question, json!({ "action": "accept", "content": { "by": "own" } }));
        assert_eq!(answer(asked, "2025-11-25", &own).await, 202);
        assert_eq!(events.message().await.unwrap()["result"]["got"]["responses"]["k"]["content"]["by"], "own");
    }
}

/// Where callers have no subject of their own, as without a login or with one token for all, the address tells them
/// apart.
#[tokio::test]
async fn without_subjects_only_the_address_that_was_asked_may_answer() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    let shared = || Identity::new("bearer", Scopes::default()).shared();
    let from =
        |mut request: http::Request<http_body_util::Full<bytes::Bytes>>, address: &str, who: Option<Identity>| {
            request.extensions_mut().insert(Caller::new(address.parse().ok(), None));
            if let Some(who) = who {
                request.extensions_mut().insert(who);
            }
            request
        };
    for who in [None, Some(shared())] {
        let params = json!({ "name": "провести", "arguments": {} });
        let headers = [("accept", BOTH), ("mcp-protocol-version", "2025-11-25")];
        let asked = from(post(legacy(1, "tools/call", &params), &headers), "192.0.2.1", who.clone());
        let mut events = Events::of(open(&http, asked).await);
        let question = events.message().await.unwrap();
        let answer = async |address: &str, version: &str, body: &Value| {
            let request = post(body.to_string(), &[("mcp-protocol-version", version), ("accept", BOTH)]);
            send(&http, from(request, address, who.clone())).await.status
        };
        let forged = reply(&question, json!({ "action": "accept", "content": { "by": "another" } }));
        assert_eq!(answer("192.0.2.2", "2025-11-25", &forged).await, 400);
        assert_eq!(answer("192.0.2.2", "2025-03-26", &json!([forged])).await, 202, "nothing is said in a batch");
        let own = reply(&question, json!({ "action": "accept", "content": { "by": "own" } }));
        assert_eq!(answer("192.0.2.1", "2025-11-25", &own).await, 202);
        assert_eq!(events.message().await.unwrap()["result"]["got"]["responses"]["k"]["content"]["by"], "own");
    }
}

#[tokio::test]
async fn a_client_that_cannot_answer_ends_the_call() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    let mut events = call(&http, "2025-11-25").await;
    let question = events.message().await.unwrap();
    let error = json!({ "code": -1, "message": "User rejected" });
    assert_eq!(answer(&http, json!({ "jsonrpc": "2.0", "id": question["id"], "error": error })).await.0, 202);
    let last = events.message().await.unwrap();
    assert_eq!(last["error"]["code"], -32603);
    assert!(last["error"]["message"].as_str().unwrap().contains("User rejected"));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn answers_to_no_question() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    for id in [json!("00000000-0000-4000-8000-000000000000"), json!(1), json!("")] {
        for outcome in ["result", "error"] {
            assert_eq!(answer(&http, json!({ "jsonrpc": "2.0", "id": id, outcome: {} })).await.0, 400, "{id}");
        }
    }
    assert_eq!(answer(&http, json!({ "jsonrpc": "2.0", "id": null, "result": {} })).await.0, 400);
}

#[tokio::test]
async fn closing_the_stream_closes_the_question() {
    let alive = Alive::default();
    let (inner, count) = (asker(&format!("\"k\":{FORM}")), alive.clone());
    let http = http(rpc(move |request| {
        let (inner, guard) = (inner.clone(), count.guard());
        async move {
            let _guard = guard;
            tower::ServiceExt::oneshot(inner, request).await
        }
    }));
    let mut events = call(&http, "2025-11-25").await;
    let question = events.message().await.unwrap();
    drop(events);
    assert_eq!(answer(&http, reply(&question, json!({}))).await.0, 400);
    assert_eq!(alive.count(), 0);
}

#[tokio::test]
async fn closed_questions_leave_room_for_others() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    for _ in 0..5000 {
        let mut events = call(&http, "2025-11-25").await;
        assert!(events.message().await.unwrap()["method"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_does_not_wait_for_ever() {
    let http = http(asker(&format!("\"k\":{FORM}")));
    let start = Instant::now();
    let mut events = call(&http, "2025-11-25").await;
    let question = events.message().await.unwrap();
    let last = events.message().await.unwrap();
    assert_eq!((start.elapsed(), &last["error"]["code"]), (Duration::from_secs(600), &json!(-32603)));
    assert_eq!(answer(&http, reply(&question, json!({}))).await.0, 400);
}

#[tokio::test]
async fn what_a_legacy_client_cannot_be_asked() {
    // Forms came with 2025-06-18.
    for version in ["2024-11-05", "2025-03-26"] {
        let mut events = call(&http(asker(&format!("\"k\":{FORM}"))), version).await;
        let last = events.message().await.unwrap();
        assert_eq!(last["error"]["code"], -32021, "{version}");
    }
    let mut events = call(&http(asker(r#""k":{"method":"no/such","params":{}}"#)), "2025-11-25").await;
    assert_eq!(events.message().await.unwrap()["error"]["code"], -32021);
    // Without an event stream nothing can be asked.
    let http = http(asker(&format!("\"k\":{FORM}")));
    let request = post(legacy(1, "tools/call", &json!({ "name": "a" })), &[("accept", "application/json")]);
    let got = send(&http, request).await;
    assert_eq!((got.status, got.code()), (200, -32603));
}

#[tokio::test]
async fn questions_without_an_end() {
    let http = http(always(r#"{"resultType":"input_required","requestState":"again"}"#));
    let mut events = call(&http, "2025-11-25").await;
    assert_eq!(events.message().await.unwrap()["error"]["code"], -32603);
}

#[tokio::test]
async fn only_some_methods_may_ask() {
    let http = http(always(asking(&format!("\"k\":{FORM}"))));
    let meta = json!({ CAPABILITIES: { "elicitation": {} } });
    for method in ["tools/list", "completion/complete"] {
        assert_eq!(send(&http, modern_with(method, json!({}), &meta)).await.code(), -32603, "{method}");
        let mut events =
            Events::of(open(&http, post(legacy(1, method, &json!({})), &[("accept", "text/event-stream")])).await);
        assert_eq!(events.message().await.unwrap()["error"]["code"], -32603, "{method}");
    }
    for (method, params) in [("prompts/get", json!({ "name": "a" })), ("resources/read", json!({ "uri": "a" }))] {
        assert_eq!(send(&http, modern_with(method, params, &meta)).await.result()["resultType"], "input_required");
    }
}

async fn ask_modern(requests: &str, can: Value) -> mcp::Got {
    let meta = json!({ CAPABILITIES: can });
    send(&http(asker(requests)), modern_with("tools/call", json!({ "name": "a" }), &meta)).await
}

#[tokio::test]
async fn a_modern_client_gets_the_questions_that_it_can_answer() {
    let all = format!("\"a\":{FORM},\"b\":{SAMPLE},\"c\":{ROOTS},\"d\":{URL},\"e\":{{\"method\":\"no/such\"}}");
    for (can, keys) in [
        (json!({ "elicitation": {} }), vec!["a"]),
        (json!({ "elicitation": { "form": {} } }), vec!["a"]),
        (json!({ "elicitation": { "url": {} } }), vec!["d"]),
        (json!({ "elicitation": { "form": {}, "url": {} }, "roots": {} }), vec!["a", "c", "d"]),
        (json!({ "sampling": {}, "roots": {}, "extensions": {} }), vec!["b", "c"]),
        (json!({ "sampling": { "tools": {} }, "elicitation": null }), vec!["b"]),
    ] {
        let got = ask_modern(&all, can.clone()).await;
        let result = got.result();
        assert_eq!((&result["resultType"], &result["requestState"]), (&json!("input_required"), &json!("с-1")));
        let left: Vec<&String> = result["inputRequests"].as_object().unwrap().keys().collect();
        assert_eq!(left, keys, "{can}");
        assert!(result["_meta"]["io.modelcontextprotocol/serverInfo"].is_object());
        if keys.contains(&"a") {
            assert!(got.text.contains(FORM), "{}", got.text);
        }
    }
}

#[tokio::test]
async fn where_no_question_is_left_the_client_is_told_what_it_lacks() {
    for (requests, can, required) in [
        (format!("\"a\":{FORM}"), json!({}), json!({ "elicitation": {} })),
        (format!("\"a\":{SAMPLE},\"b\":{ROOTS}"), json!({ "elicitation": {} }), json!({ "sampling": {}, "roots": {} })),
        (format!("\"a\":{URL}"), json!({ "elicitation": {} }), json!({ "elicitation": { "url": {} } })),
        (r#""a":{"method":"no/such"}"#.to_owned(), json!({ "elicitation": {} }), json!({})),
    ] {
        let got = ask_modern(&requests, can).await;
        assert_eq!((got.status, got.code()), (400, -32021), "{got:?}");
        assert_eq!(got.json()["error"]["data"], json!({ "requiredCapabilities": required }));
    }
}

#[tokio::test]
async fn questions_that_are_none_are_an_error() {
    for told in [
        r#"{"resultType":"input_required","inputRequests":[]}"#,
        r#"{"resultType":"input_required","inputRequests":{"a":1}}"#,
        r#"{"resultType":"input_required","inputRequests":{"a":{"params":{}}}}"#,
        r#"{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list","params":[]}}}"#,
    ] {
        let meta = json!({ CAPABILITIES: { "elicitation": {} } });
        let got = send(&http(always(told)), modern_with("tools/call", json!({ "name": "a" }), &meta)).await;
        assert_eq!(got.code(), -32603, "{told}");
    }
}

#[tokio::test]
async fn modern_rounds_are_the_clients_affair() {
    // Only a state: to be sent back as it is.
    let stateful = http(always(r#"{"resultType":"input_required","requestState":"s"}"#));
    let got = send(&stateful, modern("tools/call", json!({ "name": "a" }))).await;
    assert_eq!(got.result()["requestState"], "s");
    let http = http(asker(&format!("\"k\":{FORM}")));
    let responses = json!({ "k": { "action": "accept", "content": {} } });
    let params = json!({ "name": "a", "inputResponses": responses, "requestState": "с-1" });
    let result = send(&http, modern("tools/call", params)).await.result();
    assert_eq!((&result["got"]["responses"], &result["got"]["state"]), (&responses, &json!("с-1")));
    assert_eq!(result["resultType"], "complete");
}

fn questions(count: usize) -> String {
    (0..count).map(|at| format!("\"k{at}\":{ROOTS}")).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_call_asks_sixteen_questions_at_once_at_most() {
    let mut events = call(&http(asker(&questions(16))), "2025-11-25").await;
    for _ in 0..16 {
        assert_eq!(events.message().await.unwrap()["method"], "roots/list");
    }
    let last = call(&http(asker(&questions(17))), "2025-11-25").await.message().await.unwrap();
    assert!(last["error"]["message"].as_str().unwrap().contains("more than 16 questions"), "{last}");
}

/// Whose questions are open for ever leaves room for those of others.
#[tokio::test(start_paused = true)]
async fn one_caller_has_a_share_of_the_questions() {
    let http = http(asker(&questions(16)));
    let ask = async |subject: &str| {
        let headers = [("accept", BOTH), ("mcp-protocol-version", "2025-11-25")];
        let mut request = post(legacy(1, "tools/call", &json!({ "name": "a" })), &headers);
        request.extensions_mut().insert(Identity::new(subject, Scopes::default()));
        let mut events = Events::of(open(&http, request).await);
        (events.message().await.unwrap(), events)
    };
    let mut open = Vec::new();
    for _ in 0..16 {
        let (question, events) = ask("onec:a").await;
        assert_eq!(question["method"], "roots/list");
        open.push(events);
    }
    let (refused, _) = ask("onec:a").await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("Too many questions"), "{refused}");
    assert_eq!(ask("onec:b").await.0["method"], "roots/list");
    open.pop();
    assert_eq!(ask("onec:a").await.0["method"], "roots/list");
}
