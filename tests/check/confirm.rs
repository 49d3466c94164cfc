//! Consent of the user: what models cannot say in their place, and how it gets to 1C.

use crate::support::dialects::both_dialects;
use crate::support::mcp::{
    Events, Http, Rpc, http, legacy, modern, modern_with, open, post, result, rpc, send, server,
};
use onec_mcp::alias::AliasLayer;
use onec_mcp::bridge::stdio;
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::{Confirm, ConfirmLayer};
use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Credentials, Gateway, Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tower::{Layer, Service, ServiceExt};
use tower_test::mock;

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const BOTH: &str = "application/json, text/event-stream";

/// A stand-in for 1C with `execute_code`, which wants consent, and `find`, which does not.
#[derive(Clone)]
struct Onec {
    schema: Value,
    title: String,
    /// What `execute_code` answers, one after the other.
    answers: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<Vec<Request>>>,
    down: bool,
}

impl Onec {
    fn new() -> Self {
        Self::with(json!({
            "type": "object",
            "properties": {
                "code": { "type": "string" },
                "_confirmation": { "type": "boolean", "description": "Согласие пользователя" },
            },
            "required": ["code", "_confirmation"],
        }))
    }

    fn with(schema: Value) -> Self {
        Self {
            schema, title: "Выполнить код".to_owned(), answers: Arc::default(), asked: Arc::default(), down: false
        }
    }

    fn answer(&self, request: Request) -> Result<Response, BoxError> {
        let answer = match request.method {
            Method::ToolsList if self.down => return Err(RpcError::overloaded().into()),
            Method::ToolsList => json!({ "tools": [
                { "name": "find", "inputSchema": { "type": "object" } },
                { "name": "execute_code", "title": self.title, "inputSchema": self.schema },
            ]}),
            _ => self.answers.lock().unwrap().pop().unwrap_or_else(|| json!({ "content": [] })),
        };
        self.asked.lock().unwrap().push(request);
        result(answer.to_string())
    }

    fn service(&self) -> Rpc {
        let onec = self.clone();
        rpc(move |request| ready(onec.answer(request)))
    }

    fn confirmed(&self) -> Confirm<Rpc> {
        ConfirmLayer::new().layer(self.service())
    }

    fn http(&self) -> Http {
        http(Rpc::new(self.confirmed()))
    }

    fn lists(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|request| request.method == Method::ToolsList).count()
    }

    /// The parameters of the last call of a tool, if there was one.
    fn called(&self, param: Param) -> Option<String> {
        let asked = self.asked.lock().unwrap();
        let call = asked.iter().rev().find(|request| request.method == Method::ToolsCall)?;
        call.params.raw(param).map(|raw| String::from_utf8(raw.to_vec()).unwrap())
    }

    fn calls(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|request| request.method == Method::ToolsCall).count()
    }
}

both_dialects!(Onec, Onec::answer, |_, _| result("{}"));

fn request(params: &Value) -> Request {
    Request::new(Method::ToolsCall, Params::parse(&params.to_string().into()).unwrap(), Version::V2026_07_28)
}

async fn answer<S>(service: &S, request: Request) -> Value
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    let payload = service.clone().oneshot(request).await.unwrap().outcome.unwrap();
    serde_json::from_slice(payload.json()).unwrap()
}

async fn call<S>(service: &S, params: &Value) -> Value
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    answer(service, request(params)).await
}

fn code(text: &str) -> Value {
    json!({ "name": "execute_code", "arguments": { "code": text } })
}

/// The same call with an answer to what was asked.
fn again(mut params: Value, asked: &Value, action: &str) -> Value {
    params["requestState"] = asked["requestState"].clone();
    params["inputResponses"] = json!({ "consent": { "action": action, "content": {} } });
    params
}

fn is_question(answer: &Value) -> bool {
    answer["resultType"] == "input_required"
}

#[track_caller]
fn refusal(answer: &Value) -> &str {
    assert_eq!(answer["isError"], true, "{answer}");
    answer["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn no_tool_gets_the_word_of_a_model() {
    let onec = Onec::new();
    let service = onec.confirmed();
    for (sent, got) in [
        (r#"{"_confirmation":true,"a":1.10}"#, r#"{"a":1.10}"#),
        (r#"{"a":{"b":[{"_Confirmation":1}]},"\u005fconfirmation":"yes"}"#, r#"{"a":{"b":[{}]}}"#),
        ("{\"\u{feff}_confirmation\":true}", "{}"),
        // JSON text stays text.
        (r#"{"any":"{\"_confirmation\":true,\"n\":1.10}"}"#, r#"{"any":"{\"n\":1.10}"}"#),
        (r#"{"any":[" [\"{\\\"\\\\u005fconfirmation\\\":1}\"]"]}"#, r#"{"any":["[\"{}\"]"]}"#),
        (r#"{"any":"{_confirmation}","b":"{\"c\": 1}"}"#, r#"{"any":"{_confirmation}","b":"{\"c\": 1}"}"#),
        (r#"{ "a" : "_confirmation", "confirmation":true }"#, r#"{ "a" : "_confirmation", "confirmation":true }"#),
    ] {
        let params = format!("{{\"name\":\"find\",\"arguments\":{sent}}}");
        let request = Request::new(Method::ToolsCall, Params::parse(&params.into()).unwrap(), Version::V2025_11_25);
        service.clone().oneshot(request).await.unwrap();
        assert_eq!(onec.called(Param::Arguments).unwrap(), got);
    }
}

/// Prompts, and completion of what is given to them, take arguments too.
#[tokio::test]
async fn nor_does_a_prompt() {
    let onec = Onec::new();
    let service = onec.confirmed();
    for (method, params, left) in [
        (
            Method::PromptsGet,
            json!({ "name": "p", "arguments": { "_confirmation": "true", "a": "1" } }),
            r#"{"a":"1"}"#,
        ),
        (Method::PromptsGet, json!({ "name": "p", "arguments": { "a": "{\"_Confirmation\":1}" } }), r#"{"a":"{}"}"#),
        (Method::PromptsGet, json!({ "name": "p", "arguments": { "a": "1" } }), r#"{"a":"1"}"#),
        (
            Method::Complete,
            json!({ "ref": {}, "argument": {}, "context": { "arguments": { "_confirmation": "true" } } }),
            r#"{"arguments":{}}"#,
        ),
    ] {
        let param = if method == Method::Complete { Param::Context } else { Param::Arguments };
        let mut asks = request(&params);
        asks.method = method;
        answer(&service, asks).await;
        let asked = onec.asked.lock().unwrap();
        let got = asked.last().unwrap().params.raw(param).unwrap();
        assert_eq!(std::str::from_utf8(got).unwrap(), left, "{params}");
    }
}

#[tokio::test]
async fn lists_of_prompts_do_not_show_it() {
    for (list, shown) in [
        (
            r#"{"prompts":[{"name":"p","arguments":[{"name":"a"},{"name":"_Confirmation","required":true}],"x":1.10},{"name":"q"}]}"#,
            r#"{"prompts":[{"name":"p","arguments":[{"name":"a"}],"x":1.10},{"name":"q"}]}"#,
        ),
        (r#"{"prompts":[{"name":"_confirmation"}]}"#, r#"{"prompts":[{"name":"_confirmation"}]}"#),
    ] {
        let service = ConfirmLayer::new().layer(rpc(move |_| ready(result(list))));
        for _ in 0..2 {
            let asked = Request::new(Method::PromptsList, Params::default(), Version::V2025_11_25);
            let got = service.clone().oneshot(asked).await.unwrap().outcome.unwrap();
            assert_eq!(std::str::from_utf8(got.json()).unwrap(), shown);
        }
    }
}

#[tokio::test]
async fn lists_do_not_show_it() {
    let onec = Onec::with(json!({
        "type": "object",
        "properties": { "code": {}, "_confirmation": { "type": "boolean" } },
        "required": ["_confirmation"],
        "dependentRequired": { "code": ["_confirmation"], "_confirmation": ["code"] },
        "examples": [{ "code": "1", "_confirmation": true }],
        "anyOf": [{ "required": ["_confirmation", "code"] }],
    }));
    let list = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
    let shown = answer(&onec.confirmed(), list).await;
    assert_eq!(
        shown["tools"][1],
        json!({ "name": "execute_code", "title": "Выполнить код", "inputSchema": {
            "type": "object",
            "properties": { "code": {} },
            "dependentRequired": { "code": [] },
            "examples": [{ "code": "1" }],
            "anyOf": [{ "required": ["code"] }],
        }})
    );
    // Others stay as they are, in the same memory.
    let plain =
        Payload::parse(r#"{ "tools" : [{"name":"a","inputSchema":{"properties":{"confirmation":{}}}}] }"#).unwrap();
    let (memory, same) = (plain.json().as_ptr(), plain.clone());
    let service = ConfirmLayer::new().layer(rpc(move |_| ready(Ok(Response::result(same.clone())))));
    let list = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
    assert_eq!(service.oneshot(list).await.unwrap().outcome.unwrap().json().as_ptr(), memory);
}

/// Names of properties are no keywords, whatever they are.
#[tokio::test]
async fn arguments_named_as_keywords_stay() {
    let names = ["required", "not", "properties", "propertyNames", "dependencies", "patternProperties"];
    let named = |inner: Value| -> Value { names.iter().map(|name| ((*name).to_owned(), inner.clone())).collect() };
    for keyword in ["properties", "$defs", "dependentSchemas", "patternProperties", "dependencies"] {
        let onec = Onec::with(json!({ "type": "object", keyword: named(json!({ "_confirmation": {} })) }));
        let list = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
        let shown = answer(&onec.confirmed(), list).await;
        assert_eq!(shown["tools"][1]["inputSchema"][keyword], named(json!({})), "{keyword}");
    }
}

#[tokio::test]
async fn once_agreed_1c_gets_what_its_schema_wants() {
    for (schema, value) in [
        (json!({ "type": "boolean" }), "true"),
        (json!(true), "true"),
        (json!({}), "true"),
        (json!({ "type": ["boolean", "null"] }), "true"),
        (json!({ "const": "подтверждаю" }), r#""подтверждаю""#),
        (json!({ "enum": ["no", "yes"] }), r#""yes""#),
        (json!({ "enum": ["Нет", "Да"] }), r#""Да""#),
        (json!({ "enum": [false, true] }), "true"),
        (json!({ "enum": ["CONFIRM"] }), r#""CONFIRM""#),
        (json!({ "enum": ["выполнить"] }), r#""выполнить""#),
        (json!({ "type": "string" }), r#""true""#),
        (json!({ "type": "integer" }), "1"),
    ] {
        let onec = Onec::with(
            json!({ "allOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "properties": { "_confirmation": schema } } } }),
        );
        let service = onec.confirmed();
        for arguments in [json!({}), json!({ "code": "1" }), Value::Null] {
            let params = json!({ "name": "execute_code", "arguments": arguments });
            let asked = call(&service, &params).await;
            call(&service, &again(params, &asked, "accept")).await;
            let rest = if arguments["code"].is_null() { "" } else { r#","code":"1""# };
            assert_eq!(onec.called(Param::Arguments).unwrap(), format!("{{\"_confirmation\":{value}{rest}}}"));
        }
    }
    for schema in [json!({ "enum": ["a", "b"] }), json!({ "type": "object" }), json!({ "type": "array" })] {
        let onec = Onec::with(json!({ "properties": { "_confirmation": schema } }));
        let answer = call(&onec.confirmed(), &code("1")).await;
        assert!(refusal(&answer).contains("boolean"), "{answer}");
        assert_eq!(onec.calls(), 0);
    }
}

/// Wherever a schema speaks of it, clients do not see it, and the user is asked.
#[tokio::test]
async fn every_way_to_want_it_counts() {
    let boolean = json!({ "type": "boolean" });
    let one = json!({ "properties": { "_confirmation": { "const": "yes" } } });
    for (schema, value, shown) in [
        (json!({ "required": ["_confirmation"] }), "true", json!({})),
        (
            json!({ "required": ["code", "_confirmation"], "anyOf": [one] }),
            "\"yes\"",
            json!({ "required": ["code"], "anyOf": [{ "properties": {} }] }),
        ),
        (json!({ "allOf": [{ "required": ["_confirmation"] }] }), "true", json!({ "allOf": [{}] })),
        (
            json!({ "dependentSchemas": { "code": one } }),
            "\"yes\"",
            json!({ "dependentSchemas": { "code": { "properties": {} } } }),
        ),
        (json!({ "dependentSchemas": { "_confirmation": true } }), "true", json!({ "dependentSchemas": {} })),
        (
            json!({ "dependencies": { "code": one } }),
            "\"yes\"",
            json!({ "dependencies": { "code": { "properties": {} } } }),
        ),
        (json!({ "dependencies": { "code": ["_confirmation"] } }), "true", json!({ "dependencies": { "code": [] } })),
        (
            json!({ "dependentRequired": { "code": ["_confirmation"] } }),
            "true",
            json!({ "dependentRequired": { "code": [] } }),
        ),
        (json!({ "dependentRequired": { "_confirmation": ["code"] } }), "true", json!({ "dependentRequired": {} })),
        (json!({ "patternProperties": { "^_confirmation$": boolean } }), "true", json!({ "patternProperties": {} })),
        (
            json!({ "patternProperties": { "^[_]conf": { "enum": ["no", "yes"] }, "^x-": {} } }),
            "\"yes\"",
            json!({ "patternProperties": { "^x-": {} } }),
        ),
        (
            json!({ "patternProperties": { "^(?!x)_confirmation$": boolean } }),
            "true",
            json!({ "patternProperties": {} }),
        ),
        (
            json!({ "propertyNames": { "enum": ["code", "_confirmation"] } }),
            "true",
            json!({ "propertyNames": { "enum": ["code"] } }),
        ),
        // What must not be without it may be anything.
        (
            json!({ "properties": { "_confirmation": boolean }, "not": { "not": { "required": ["_confirmation"] } } }),
            "true",
            json!({ "properties": {} }),
        ),
    ] {
        let onec = Onec::with(schema.clone());
        let service = onec.confirmed();
        let list = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
        assert_eq!(answer(&service, list).await["tools"][1]["inputSchema"], shown, "{schema}");
        let asked = call(&service, &code("1")).await;
        assert!(is_question(&asked), "{schema}");
        call(&service, &again(code("1"), &asked, "accept")).await;
        assert_eq!(onec.called(Param::Arguments).unwrap(), format!("{{\"_confirmation\":{value},\"code\":\"1\"}}"));
    }
    // A pattern for arguments at large is none for this one.
    for pattern in [".*", "^[a-z_]+$"] {
        let schema = json!({ "patternProperties": { pattern: {} }, "description": "_confirmation" });
        let onec = Onec::with(schema.clone());
        let list = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
        let service = onec.confirmed();
        assert_eq!(answer(&service, list).await["tools"][1]["inputSchema"], schema);
        assert!(!is_question(&call(&service, &code("1")).await), "{pattern}");
    }
}

/// References that lead back by many ways end.
#[tokio::test]
async fn a_schema_is_searched_within_bounds() {
    let back: Vec<_> = (0..20).map(|_| json!({ "$ref": "#" })).collect();
    let onec = Onec::with(json!({ "allOf": back, "$defs": { "a": { "required": ["_confirmation"] } } }));
    assert!(!is_question(&call(&onec.confirmed(), &code("1")).await));
}

/// The message of a question about these arguments.
async fn message(onec: &Onec, arguments: &str) -> Value {
    let params = format!("{{\"name\":\"execute_code\",\"arguments\":{arguments}}}");
    let request = Request::new(Method::ToolsCall, Params::parse(&params.into()).unwrap(), Version::V2026_07_28);
    let asked = answer(&onec.confirmed(), request).await;
    asked["inputRequests"]["consent"]["params"].get("message").cloned().unwrap_or(asked)
}

/// Nobody agrees to what they do not see.
#[tokio::test]
async fn a_question_shows_the_whole_call() {
    let onec = Onec::new();
    for (arguments, shown) in [
        (json!({ "code": "a \"b\" \\n" }).to_string(), r#"code: "a \"b\" \\n""#),
        (json!({ "code": "x\r\n\tcode: 1" }).to_string(), "code: \"x\\r\\n\n    │ \tcode: 1\""),
        (r#"{"Код 1":[1.50,{"b":null,"a":"я"}]}"#.to_owned(), r#""Код 1": [1.50, {"b": null, "a": "я"}]"#),
        (json!({ "a\nb": true, "": 1 }).to_string(), "\"\": 1\n\"a\\n\n    │ b\": true"),
        // What other readers drop, or cannot read at all.
        (r#"{"code":"bad","code":"good"}"#.to_owned(), "code: \"bad\"\ncode: \"good\""),
        (r#"{"a":{"b":1,"b":2}}"#.to_owned(), r#"a: {"b": 1, "b": 2}"#),
        (r#"{"code":"bad","n":"\ud800\u202e"}"#.to_owned(), "code: \"bad\"\nn: \"\\ud800\\u202e\""),
        (r#"{"n":12345678901234567890.10}"#.to_owned(), "n: 12345678901234567890.10"),
        ("{}".to_owned(), ""),
    ] {
        let message = message(&onec, &arguments).await;
        let head = "Выполнить в 1С: Выполнить код (execute_code)? / Run this in 1C?\n";
        let shown = if shown.is_empty() { String::new() } else { format!("\n{shown}") };
        assert_eq!(message, format!("{head}{shown}"), "{arguments}");
    }
    // Too long to be shown: not called, and not asked either.
    for arguments in [
        json!({ "code": "y".repeat(8_000) }),
        json!({ "a": "y".repeat(7_990), "code": "EVIL" }),
        json!({ "y".repeat(8_000): 1, "code": "EVIL" }),
        json!({ "a": "\u{202e}".repeat(1_000) }),
        json!({ "a": vec![1; 4_000] }),
        json!({ "a": "\n".repeat(2_000) }),
    ] {
        let answer = message(&onec, &arguments.to_string()).await;
        assert!(refusal(&answer).contains("8000"), "{answer}");
    }
    let most = message(&onec, &json!({ "code": "y".repeat(7_900) }).to_string()).await;
    assert!(most.as_str().unwrap().ends_with("yy\""), "{most}");
    assert_eq!(onec.calls(), 0);
    // What 1C says of the tool is on one line.
    let onec = Onec { title: "Отчёт\n\ncode: \"1\"\u{2028}".to_owned() + &"я".repeat(300), ..Onec::new() };
    let message = message(&onec, "{}").await;
    let message = message.as_str().unwrap();
    assert!(message.starts_with("Выполнить в 1С: Отчёт[U+000A][U+000A]code: \"1\"[U+2028]яя"), "{message}");
    assert!(message.contains("яя… (execute_code)?") && message.lines().count() == 1, "{message}");
}

/// General categories Cc, Cf, Zl, Zp, and letters that are blank.
#[tokio::test]
async fn what_is_not_seen_is_made_visible() {
    let onec = Onec::new();
    for hidden in [
        0x00, 0x1b, 0x7f, 0x85, 0xad, 0x34f, 0x600, 0x61c, 0x6dd, 0x70f, 0x890, 0x8e2, 0x115f, 0x1160, 0x17b4, 0x180b,
        0x180e, 0x200b, 0x200d, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2064, 0x2066, 0x206f, 0x2800, 0x3164,
        0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0x1_10bd, 0x1_3430, 0x1_bca0, 0x1_d173, 0xe_0000, 0xe_0001, 0xe_0041,
        0xe_007f, 0xe_01ef,
    ] {
        let c = char::from_u32(hidden).unwrap();
        let name = format!("[U+{hidden:04X}]");
        for (arguments, shown) in [
            (json!({ "code": format!("a{c}d") }), format!("\ncode: \"a{name}d\"")),
            (json!({ format!("co{c}de"): 1 }), format!("\n\"co{name}de\": 1")),
            (json!({ "a": { format!("{c}"): [format!("{c}")] } }), format!("\na: {{\"{name}\": [\"{name}\"]}}")),
        ] {
            let message = message(&onec, &arguments.to_string()).await;
            let message = message.as_str().unwrap();
            assert!(message.ends_with(&shown) && !message.contains(c), "{message:?}");
        }
    }
}

/// MCP 2026-07-28, "Elicitation" and "Multi Round-Trip Requests".
#[tokio::test]
async fn a_modern_client_is_asked() {
    let onec = Onec::new();
    let http = onec.http();
    let meta = json!({ CAPABILITIES: { "elicitation": {} } });
    let params =
        json!({ "name": "execute_code", "arguments": { "code": "Удалить\u{202e}();", "_confirmation": true } });
    let asked = send(&http, modern_with("tools/call", params.clone(), &meta)).await.result();
    assert_eq!(asked["inputRequests"].as_object().unwrap().len(), 1);
    let question = &asked["inputRequests"]["consent"];
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["requestedSchema"], json!({ "type": "object", "properties": {} }));
    let message = question["params"]["message"].as_str().unwrap();
    for part in ["Выполнить код (execute_code)", "Run this in 1C?", "\ncode: \"Удалить[U+202E]();\""]
    {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(onec.calls(), 0);
    let done = send(&http, modern_with("tools/call", again(params.clone(), &asked, "accept"), &meta)).await.result();
    assert_eq!(done["resultType"], "complete");
    assert_eq!(onec.called(Param::Arguments).unwrap(), "{\"_confirmation\":true,\"code\":\"Удалить\u{202e}();\"}");
    assert_eq!((onec.called(Param::RequestState), onec.called(Param::InputResponses)), (None, None));
    for action in ["decline", "cancel", "other"] {
        let asked = send(&http, modern_with("tools/call", params.clone(), &meta)).await.result();
        let no = send(&http, modern_with("tools/call", again(params.clone(), &asked, action), &meta)).await.result();
        assert!(refusal(&no).contains("did not agree"), "{no}");
    }
    // A client that cannot ask.
    for can in [json!({}), json!({ "elicitation": { "url": {} } }), json!({ "sampling": {} })] {
        let no = send(&http, modern_with("tools/call", params.clone(), &json!({ CAPABILITIES: can }))).await;
        assert_eq!(no.status, 200);
        assert!(refusal(&no.result()).contains("elicitation"), "{no:?}");
    }
    assert_eq!(onec.calls(), 1);
}

async fn legacy_call(http: &Http, version: &str) -> Events {
    let headers = [("accept", BOTH), ("mcp-protocol-version", version)];
    Events::of(open(http, post(legacy(1, "tools/call", &code("1")), &headers)).await)
}

/// MCP 2025-11-25, "Elicitation".
#[tokio::test]
async fn a_legacy_client_is_asked_on_the_stream_of_its_call() {
    let onec = Onec::new();
    let http = onec.http();
    for (reply, ran) in [
        (json!({ "result": { "action": "accept", "content": {} } }), true),
        (json!({ "result": { "action": "decline" } }), false),
        (json!({ "error": { "code": -32601, "message": "Method not found" } }), false),
    ] {
        let before = onec.calls();
        let mut events = legacy_call(&http, "2025-11-25").await;
        let question = events.message().await.unwrap();
        assert_eq!(question["method"], "elicitation/create");
        let mut reply = reply.clone();
        (reply["jsonrpc"], reply["id"]) = ("2.0".into(), question["id"].clone());
        let took = send(&http, post(reply.to_string(), &[("mcp-protocol-version", "2025-11-25")])).await;
        assert_eq!(took.status, 202);
        let last = events.message().await.unwrap();
        assert_eq!((last["result"]["isError"] != true, onec.calls() - before), (ran, usize::from(ran)), "{last}");
    }
    assert_eq!(onec.called(Param::Arguments).unwrap(), r#"{"_confirmation":true,"code":"1"}"#);
    // Revisions without elicitation, and a client that takes no event stream.
    let calls = onec.calls();
    let last = legacy_call(&http, "2025-03-26").await.message().await.unwrap();
    assert!(refusal(&last["result"]).contains("elicitation"));
    let headers = [("accept", "application/json"), ("mcp-protocol-version", "2025-11-25")];
    let got = send(&http, post(legacy(1, "tools/call", &code("1")), &headers)).await;
    assert!(refusal(&got.result()).contains("elicitation"));
    assert_eq!(onec.calls(), calls);
}

#[tokio::test]
async fn on_standard_streams_too() {
    for (can, ran) in [(json!({ "elicitation": {} }), true), (json!({}), false)] {
        let onec = Onec::new();
        let ((mut to, input), (output, from)) = (duplex(10_000), duplex(10_000));
        let serving = tokio::spawn(stdio::serve(server(), onec.confirmed(), input, output));
        let mut from = BufReader::new(from).lines();
        let client = json!({ "name": "test", "version": "1" });
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": can, "clientInfo": client });
        for line in [legacy(1, "initialize", &hello), legacy(2, "tools/call", &code("1"))] {
            to.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        }
        let mut hear = async || serde_json::from_str::<Value>(&from.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(hear().await["id"], 1);
        let mut last = hear().await;
        if ran {
            assert_eq!(last["method"], "elicitation/create");
            let reply = json!({ "jsonrpc": "2.0", "id": last["id"], "result": { "action": "accept" } });
            to.write_all(format!("{reply}\n").as_bytes()).await.unwrap();
            last = hear().await;
        }
        assert_eq!((last["id"].clone(), last["result"]["isError"] != true), (json!(2), ran), "{last}");
        assert_eq!(onec.calls(), usize::from(ran));
        drop(to);
        serving.await.unwrap().unwrap();
    }
}

/// What was agreed to is one call, by one caller; whoever changes anything is asked anew.
#[tokio::test]
async fn a_consent_is_for_one_call_of_one_caller() {
    let onec = Onec::new();
    let service = onec.confirmed();
    let who = |subject: &str| Identity::new(subject, Scopes::parse("mcp"));
    let by = |params: &Value, identity: Option<Identity>| {
        let mut request = request(params);
        if let Some(identity) = identity {
            request.extensions.insert(identity);
        }
        request
    };
    let asked = answer(&service, by(&code("1"), Some(who("a")))).await;
    let state = asked["requestState"].as_str().unwrap().to_owned();
    let changed = |edit: &dyn Fn(&str) -> String| {
        let mut params = again(code("1"), &asked, "accept");
        params["requestState"] = json!(edit(&state));
        params
    };
    let mut longer = again(code("1"), &asked, "accept");
    longer["arguments"]["more"] = json!(1);
    for (params, identity) in [
        (again(code("2"), &asked, "accept"), Some(who("a"))),
        (longer, Some(who("a"))),
        (again(code("1"), &asked, "accept"), Some(who("b"))),
        (again(code("1"), &asked, "accept"), None),
        (again(code("1"), &asked, "accept"), Some(who("a").with_credentials(Credentials::new("a", "p".to_owned())))),
        // The user was asked, and did not say anything yet.
        (changed(&|state| state.replace(".asked.", ".given.")), Some(who("a"))),
        (changed(&|state| state.replacen(".1", ".2", 1)), Some(who("a"))),
        (changed(&|state| format!("{state}x")), Some(who("a"))),
        (changed(&|state| state[..state.len() - 4].to_owned()), Some(who("a"))),
        (changed(&|_| "onec-mcp.consent.given.99999999999.".to_owned()), Some(who("a"))),
        (changed(&|_| String::new()), Some(who("a"))),
    ] {
        let answer = answer(&service, by(&params, identity)).await;
        assert!(is_question(&answer), "{params}: {answer}");
    }
    assert_eq!(onec.calls(), 0);
    // Written otherwise, it is the same call.
    let params = again(code("1"), &asked, "accept").to_string().replace("{\"code\"", "{ \"code\" ");
    let mut same = by(&json!({}), Some(who("a")));
    same.params = Params::parse(&params.into()).unwrap();
    assert!(!is_question(&answer(&service, same).await));
    // Too late.
    let service = ConfirmLayer::new().lifetime(Duration::ZERO).layer(onec.service());
    let asked = call(&service, &code("1")).await;
    assert!(is_question(&call(&service, &again(code("1"), &asked, "accept")).await));
    assert_eq!(onec.calls(), 1);
}

/// 1C may ask more on the way: what was agreed to holds, and 1C gets its own state back.
#[tokio::test]
async fn questions_of_1c_follow_the_consent() {
    let onec = Onec::new();
    let service = onec.confirmed();
    let form = json!({ "method": "elicitation/create", "params": { "message": "Склад?", "requestedSchema": { "type": "object", "properties": {} } } });
    let question = |state: Option<&str>| {
        let mut question = json!({ "resultType": "input_required", "inputRequests": { "k": form } });
        if let Some(state) = state {
            question["requestState"] = json!(state);
        }
        question
    };
    *onec.answers.lock().unwrap() = vec![question(None), question(Some("с.1\"x"))];
    let asked = call(&service, &code("1")).await;
    let first = call(&service, &again(code("1"), &asked, "accept")).await;
    assert_eq!((is_question(&first), first["inputRequests"].get("k").is_some()), (true, true), "{first}");
    let mut next = code("1");
    next["requestState"] = first["requestState"].clone();
    next["inputResponses"] = json!({ "k": { "action": "accept" } });
    let second = call(&service, &next).await;
    assert!(is_question(&second));
    assert_eq!(onec.called(Param::RequestState).unwrap(), r#""с.1\"x""#);
    assert_eq!(onec.called(Param::InputResponses).unwrap(), r#"{"k":{"action":"accept"}}"#);
    next["requestState"] = second["requestState"].clone();
    assert!(!is_question(&call(&service, &next).await));
    assert_eq!((onec.called(Param::RequestState), onec.calls()), (None, 3));
    assert_eq!(onec.called(Param::Arguments).unwrap(), r#"{"_confirmation":true,"code":"1"}"#);
    // For other arguments it is worth nothing.
    next["arguments"] = json!({ "code": "2" });
    assert!(call(&service, &next).await["inputRequests"].get("consent").is_some());
}

/// Whoever comes with a request state once more is asked once more.
#[tokio::test]
async fn a_consent_is_good_once() {
    let onec = Onec::new();
    let layer = ConfirmLayer::new();
    // Whatever one layer makes knows of each other.
    let (service, other) = (layer.layer(onec.service()), layer.layer(onec.service()));
    for (action, ran) in [("accept", 1), ("decline", 0), ("cancel", 0), ("other", 0)] {
        let (before, asked) = (onec.calls(), call(&service, &code("1")).await);
        let first = call(&service, &again(code("1"), &asked, action)).await;
        assert_eq!((is_question(&first), onec.calls() - before), (false, ran), "{action}");
        for service in [&service, &other, &service.clone()] {
            for next in ["accept", "decline"] {
                let again = call(service, &again(code("1"), &asked, next)).await;
                assert!(is_question(&again), "{action}, then {next}: {again}");
            }
        }
        assert_eq!(onec.calls() - before, ran);
    }
    // Two questions are two, though they are the same.
    let (one, two) = (call(&service, &code("1")).await, call(&service, &code("1")).await);
    let before = onec.calls();
    for asked in [&one, &two] {
        assert!(!is_question(&call(&service, &again(code("1"), asked, "accept")).await));
    }
    // At the same moment.
    let asked = call(&service, &code("1")).await;
    let params = again(code("1"), &asked, "accept");
    let both = tokio::join!(call(&service, &params), call(&service, &params));
    assert_ne!(is_question(&both.0), is_question(&both.1));
    // One that nobody answered, or that somebody else came with, is not used.
    let asked = call(&service, &code("1")).await;
    let mut silent = again(code("1"), &asked, "accept");
    silent["inputResponses"] = json!({});
    assert!(is_question(&call(&service, &silent).await));
    assert!(is_question(&call(&service, &again(code("2"), &asked, "accept")).await));
    assert!(!is_question(&call(&service, &again(code("1"), &asked, "accept")).await));
    assert_eq!(onec.calls() - before, 4);
}

/// 1C gets back the state that it gave, and gets it once.
#[tokio::test]
async fn the_state_of_1c_is_sealed_too() {
    let onec = Onec::new();
    let service = onec.confirmed();
    let question = json!({ "resultType": "input_required", "requestState": "S.1", "inputRequests": { "k": {
        "method": "elicitation/create", "params": { "message": "?", "requestedSchema": { "type": "object", "properties": {} } },
    } } });
    for state in [json!("S.1"), Value::Null] {
        let mut question = question.clone();
        question["requestState"] = state.clone();
        if state.is_null() {
            question.as_object_mut().unwrap().remove("requestState");
        }
        onec.answers.lock().unwrap().push(question);
        let asked = call(&service, &code("1")).await;
        let first = call(&service, &again(code("1"), &asked, "accept")).await;
        let sealed = first["requestState"].as_str().unwrap();
        let own = sealed.strip_suffix(".S.1").unwrap_or(sealed);
        let before = onec.calls();
        let mut next = code("1");
        next["inputResponses"] = json!({ "k": { "action": "accept" } });
        for forged in [format!("{own}.FORGED"), format!("{own}."), format!("{own}.S.1.x"), format!("{own}.S.2")] {
            next["requestState"] = json!(forged);
            assert!(call(&service, &next).await["inputRequests"].get("consent").is_some(), "{forged}");
        }
        if !state.is_null() {
            next["requestState"] = json!(own);
            assert!(call(&service, &next).await["inputRequests"].get("consent").is_some(), "{own}");
        }
        assert_eq!(onec.calls(), before);
        next["requestState"] = json!(sealed);
        assert!(!is_question(&call(&service, &next).await));
        assert_eq!(onec.called(Param::RequestState), state.as_str().map(|state| json!(state).to_string()));
        assert!(call(&service, &next).await["inputRequests"].get("consent").is_some());
        assert_eq!(onec.calls(), before + 1);
    }
}

/// Replicas that never saw a list or a question of each other.
#[tokio::test]
async fn replicas_take_each_others_consents() {
    let onec = Onec::new();
    let replica = |secret: &str| ConfirmLayer::new().shared(secret.as_bytes()).layer(onec.service());
    let login = |password: &str| {
        Identity::new("onec:a", Scopes::parse("mcp")).with_credentials(Credentials::new("a", password.to_owned()))
    };
    for (first, second, identity, same) in [
        ("secret", "secret", None, true),
        ("secret", "other", None, false),
        ("", "", None, false),
        ("", "", Some(login("p")), true),
        // A login that anybody can guess is no secret.
        ("", "", Some(login("")), false),
        ("secret", "secret", Some(login("")), true),
    ] {
        let by = |params: &Value| {
            let mut request = request(params);
            if let Some(identity) = &identity {
                request.extensions.insert(identity.clone());
            }
            request
        };
        let asked = answer(&replica(first), by(&code("1"))).await;
        let done = answer(&replica(second), by(&again(code("1"), &asked, "accept"))).await;
        assert_eq!(!is_question(&done), same, "{first:?} {second:?} {identity:?}");
    }
    // Of another client or partition of the same user.
    let anna = || Identity::new("anna", Scopes::parse("mcp"));
    let others =
        [anna(), anna().with_client("a"), anna().with_partition("a"), anna().with_client("a").with_partition("a")];
    for (at, asks) in others.iter().enumerate() {
        for (other, answers) in others.iter().enumerate() {
            let by = |params: &Value, caller: &Identity| {
                let mut request = request(params);
                request.extensions.insert(caller.clone());
                request
            };
            let asked = answer(&replica("secret"), by(&code("1"), asks)).await;
            let done = answer(&replica("secret"), by(&again(code("1"), &asked, "accept"), answers)).await;
            assert_eq!(!is_question(&done), at == other, "{asks:?} {answers:?}");
        }
    }
    // Once at each.
    let replicas = [replica("secret"), replica("secret")];
    let asked = call(&replicas[0], &code("1")).await;
    for refused in [false, true] {
        for replica in &replicas {
            assert_eq!(is_question(&call(replica, &again(code("1"), &asked, "accept")).await), refused);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_tools_are_looked_up_once() {
    let onec = Onec::new();
    let service = onec.confirmed();
    for name in ["find", "find", "nothing", "nothing", "execute_code"] {
        call(&service, &json!({ "name": name })).await;
    }
    assert_eq!((onec.lists(), onec.calls()), (1, 4));
    // A list that fails: 1C decides, without the argument.
    let onec = Onec { down: true, ..Onec::new() };
    let params = json!({ "name": "execute_code", "arguments": { "code": "1", "_confirmation": true } });
    call(&onec.confirmed(), &params).await;
    assert_eq!(onec.called(Param::Arguments).unwrap(), r#"{"code":"1"}"#);
}

/// Behind the builder: nobody is asked about what they may not do, and JSON text is no way around.
#[tokio::test]
async fn in_a_gateway() {
    let onec = Onec::new();
    let gateway = Gateway::builder(onec.clone())
        .aliases(AliasLayer::new())
        .check(CheckLayer::new())
        .confirm(ConfirmLayer::new())
        .scopes(ScopePolicy::everything("mcp"))
        .build();
    let by = |method: Method, params: &Value, scopes: &str| {
        let mut request = request(params);
        request.method = method;
        request.extensions.insert(Identity::new("a", Scopes::parse(scopes)));
        request
    };
    assert!(gateway.clone().oneshot(by(Method::ToolsCall, &code("1"), "other")).await.is_err());
    assert_eq!(onec.asked.lock().unwrap().len(), 0);
    let list = answer(&gateway, by(Method::ToolsList, &json!({}), "mcp")).await;
    assert!(!list.to_string().contains("_confirmation"), "{list}");
    let missing = json!({ "name": "execute_code", "arguments": { "_confirmation": true } });
    assert!(refusal(&answer(&gateway, by(Method::ToolsCall, &missing, "mcp")).await).contains("code"));
    for arguments in [json!({ "code": "1" }), json!(r#"{"code":"1","_confirmation":true}"#)] {
        let params = json!({ "name": "execute_code", "arguments": arguments });
        let asked = answer(&gateway, by(Method::ToolsCall, &params, "mcp")).await;
        assert!(is_question(&asked), "{asked}");
        answer(&gateway, by(Method::ToolsCall, &again(params, &asked, "accept"), "mcp")).await;
        assert_eq!(onec.called(Param::Arguments).unwrap(), r#"{"_confirmation":true,"code":"1"}"#);
    }
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut service = ConfirmLayer::new().layer(inner);
    assert!(tokio::time::timeout(Duration::ZERO, service.ready()).await.is_err());
    handle.allow(3);
    service.ready().await.unwrap();
    let calling = tokio::spawn(service.call(request(&json!({ "name": "find" }))));
    for answer in [r#"{"tools":[{"name":"find"}]}"#, r#"{"content":[]}"#] {
        let (_, respond) = handle.next_request().await.unwrap();
        respond.send_response(Response::result(Payload::parse(answer).unwrap()));
    }
    calling.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_modern_call_without_it_is_as_before() {
    let onec = Onec::new();
    let http = onec.http();
    let answer = send(&http, modern("tools/call", json!({ "name": "find", "arguments": {} }))).await.result();
    assert_eq!((answer["content"].clone(), onec.calls()), (json!([]), 1));
}

fn arguments() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![any::<bool>().prop_map(Value::from), "[a-я_\"]{0,3}".prop_map(Value::from)];
    leaf.prop_recursive(4, 16, 4, |inner| {
        let key = "_confirmation|_Confirmation|_CONFIRMATION|a|\u{feff}?_confirmation ?|[а-я]{1,3}";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(key, inner.clone(), 0..4).prop_map(|map| json!(map)),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

fn holds(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(key, value)| key.to_lowercase().contains("_confirmation") || holds(value))
        }
        Value::Array(items) => items.iter().any(holds),
        Value::String(text) => {
            let inner = serde_json::from_str(text).ok().filter(|inner: &Value| inner.is_object() || inner.is_array());
            inner.is_some_and(|inner| holds(&inner))
        }
        _ => false,
    }
}

/// What a question shows is never read as an argument that is not there, and every value can be read from it.
fn arguments_shown(message: &str) -> Vec<(String, String)> {
    let (_, shown) = message.split_once("\n\n").unwrap_or_default();
    let lines = shown.replace("\\n\n    │ ", "\\n");
    let lines = lines.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

proptest! {
    #[test]
    fn no_text_passes_for_an_argument(values in proptest::collection::btree_map("[a-z]{1,3}", "[a: \"\\\\\n\r│1]{0,12}", 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let message = runtime.block_on(message(&Onec::new(), &json!(values).to_string()));
        let shown = arguments_shown(message.as_str().unwrap());
        let read = shown.into_iter().map(|(name, value)| (name, serde_json::from_str::<String>(&value).unwrap()));
        prop_assert_eq!(read.collect::<std::collections::BTreeMap<_, _>>(), values);
    }
}

proptest! {
    /// Whatever a model sends, however it is escaped.
    #[test]
    fn nothing_gets_past(arguments in proptest::collection::btree_map("a|_confirmation", arguments(), 0..3), escaped in any::<bool>()) {
        let mut text = json!(arguments).to_string();
        if escaped {
            text = text.replace('_', "\\u005F").replace('o', "\\u006f");
        }
        let onec = Onec::new();
        let params = format!("{{\"name\":\"find\",\"arguments\":{text}}}");
        let request = Request::new(Method::ToolsCall, Params::parse(&params.into()).unwrap(), Version::V2025_11_25);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(onec.confirmed().oneshot(request)).unwrap();
        let got: Value = serde_json::from_str(&onec.called(Param::Arguments).unwrap()).unwrap();
        prop_assert!(!holds(&got), "{text} {got}");
    }
}
