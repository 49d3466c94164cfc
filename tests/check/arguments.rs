//! Arguments of the extension's own tools: what is mended, what is refused, and by whose schema.

use crate::support::dialects::both_dialects;
use crate::support::mcp::{Rpc, result, rpc};
use onec_mcp::alias::{AliasLayer, argument_alias};
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::check::{Check, CheckLayer};
use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{Guard, ScopePolicy};
use onec_mcp::{Credentials, Gateway, Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt};
use tower_test::mock;

/// A stand-in for 1C: what it lists depends on who asks.
#[derive(Clone, Default)]
struct Onec {
    /// By subject; that of nobody is "".
    schemas: Arc<Mutex<HashMap<String, Value>>>,
    asked: Arc<Mutex<Vec<Request>>>,
    down: Arc<Mutex<bool>>,
}

impl Onec {
    fn with(schema: Value) -> Self {
        let onec = Self::default();
        onec.lists_to("", schema);
        onec
    }

    fn lists_to(&self, subject: &str, schema: Value) {
        self.schemas.lock().unwrap().insert(subject.to_owned(), schema);
    }

    fn answer(&self, request: Request) -> Result<Response, BoxError> {
        let subject = request.extensions.get::<Identity>().map_or("", Identity::subject).to_owned();
        let answer = match request.method {
            Method::ToolsList if *self.down.lock().unwrap() => return Err(RpcError::overloaded().into()),
            Method::ToolsList => {
                let schema = self.schemas.lock().unwrap().get(&subject).cloned().unwrap_or_default();
                json!({ "tools": [{ "name": "t", "inputSchema": schema }] })
            }
            _ => json!({ "content": [] }),
        };
        self.asked.lock().unwrap().push(request);
        result(answer.to_string())
    }

    fn service(&self) -> Rpc {
        let onec = self.clone();
        rpc(move |request| ready(onec.answer(request)))
    }

    fn count(&self, method: &Method) -> usize {
        self.asked.lock().unwrap().iter().filter(|request| request.method == *method).count()
    }

    fn calls(&self) -> usize {
        self.count(&Method::ToolsCall)
    }

    fn last(&self) -> String {
        let asked = self.asked.lock().unwrap();
        let arguments = asked.last().unwrap().params.raw(Param::Arguments).unwrap_or_default();
        String::from_utf8(arguments.to_vec()).unwrap()
    }
}

both_dialects!(Onec, Onec::answer, |_, _| result(r#"{"rows":[]}"#));

fn request(method: Method, params: &str) -> Request {
    Request::new(method, Params::parse(&params.to_owned().into()).unwrap(), Version::V2025_11_25)
}

fn of(mut request: Request, identity: Option<&Identity>) -> Request {
    if let Some(identity) = identity {
        request.extensions.insert(identity.clone());
    }
    request
}

/// A result, or the text of a refusal.
async fn ask<S>(service: &S, request: Request) -> Result<Payload, String>
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    let payload = service.clone().oneshot(request).await.map_err(|error| error.to_string())?.outcome.unwrap();
    if payload.is_tool_error() {
        let value: Value = serde_json::from_slice(payload.json()).unwrap();
        return Err(value["content"][0]["text"].as_str().unwrap().to_owned());
    }
    Ok(payload)
}

async fn list<S>(service: &S, identity: Option<&Identity>)
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    ask(service, of(request(Method::ToolsList, "{}"), identity)).await.unwrap();
}

async fn call<S>(service: &S, arguments: &str, identity: Option<&Identity>) -> Result<Payload, String>
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    let params = format!("{{\"name\":\"t\",\"arguments\":{arguments}}}");
    ask(service, of(request(Method::ToolsCall, &params), identity)).await
}

fn checked(onec: &Onec) -> Check<Rpc> {
    CheckLayer::new().layer(onec.service())
}

fn stock() -> Value {
    json!({
        "type": "object",
        "properties": {
            "Склад": { "type": "string", "description": "Код склада" },
            "limit": { "type": "integer", "minimum": 1, "default": 10 },
            "day": { "type": "string", "format": "date" },
            "filter": { "type": "object", "properties": { "active": { "type": "boolean" } } },
            "kinds": { "type": "array", "items": { "enum": ["товар", "услуга"] } },
        },
        "required": ["Склад"],
    })
}

#[tokio::test]
async fn what_models_get_wrong_is_mended() {
    let onec = Onec::with(stock());
    let service = checked(&onec);
    list(&service, None).await;
    for (sent, got) in [
        (r#"{"Склад":"1","limit":"5"}"#, r#"{"limit":5,"Склад":"1"}"#),
        (r#"{"Склад":"1","filter":"{\"active\":\"true\"}"}"#, r#"{"filter":{"active":true},"Склад":"1"}"#),
        (r#"{"Склад":"1","filter":""}"#, r#"{"Склад":"1"}"#),
        (r#"{"Склад":"1","filter":null,"day":""}"#, r#"{"Склад":"1"}"#),
        (r#"{"Склад":"1","day":""}"#, r#"{"Склад":"1"}"#),
        (r#"{"Склад":"1","kinds":"[\"товар\"]"}"#, r#"{"kinds":["товар"],"Склад":"1"}"#),
        (r#"{"Склад":"1","kinds":"товар"}"#, r#"{"kinds":["товар"],"Склад":"1"}"#),
        (r#"{"Склад":"1","kinds":["Товар"]}"#, r#"{"kinds":["товар"],"Склад":"1"}"#),
        (r#"{"Склад":"1","kinds":{},"filter":[]}"#, r#"{"Склад":"1"}"#),
        (r#"{"Склад":"1","filter":{"active":"да"}}"#, r#"{"filter":{"active":true},"Склад":"1"}"#),
        (r#"{"Склад":"1","day":"2026-07-01T00:00:00"}"#, r#"{"day":"2026-07-01","Склад":"1"}"#),
        (r#""{\"Склад\":\"1\"}""#, r#"{"Склад":"1"}"#),
    ] {
        call(&service, sent, None).await.unwrap();
        assert_eq!(onec.last(), got, "{sent}");
    }
}

#[tokio::test]
async fn what_fits_is_not_touched() {
    let onec = Onec::with(stock());
    let service = checked(&onec);
    list(&service, None).await;
    for same in [
        r#"{ "limit" : 5.0, "Склад":"\u0031" }"#,
        // No defaults are filled in, and what the schema says nothing of stays.
        r#"{"Склад":"1"}"#,
        r#"{"Склад":"1","другое":{"n":123456789012345678901234567890.10}}"#,
        // 1C takes more than the format says.
        r#"{"Склад":"1","day":"01.07.2026"}"#,
    ] {
        call(&service, same, None).await.unwrap();
        assert_eq!(onec.last(), same);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_without_1c() {
    let onec = Onec::with(stock());
    let service = checked(&onec);
    list(&service, None).await;
    for (sent, told) in [
        ("{}", &["Склад", "required and missing", "Код склада"][..]),
        (r#"{"Склад":"1","limit":0}"#, &["limit", "at least 1"]),
        (r#"{"Склад":"1","limit":"all"}"#, &["limit", "\"all\"", "whole number"]),
        (r#"{"Склад":"1","kinds":["товары"]}"#, &["kinds[0]", "товар, услуга", "did you mean товар?"]),
        (r#"{"Склад":"1","filter":{"active":7}}"#, &["filter.active", "true or false"]),
        (r#"{"Склад":"1","Склад":"2"}"#, &["Склад", "twice"]),
        ("[]", &["object"]),
    ] {
        let refusal = call(&service, sent, None).await.unwrap_err();
        assert!(told.iter().all(|words| refusal.contains(words)), "{sent}: {refusal}");
    }
    let refusal = ask(&service, request(Method::ToolsCall, r#"{"name":"t"}"#)).await.unwrap_err();
    assert!(refusal.contains("Склад"), "{refusal}");
    assert_eq!(onec.calls(), 0);
}

#[tokio::test]
async fn what_is_not_known_or_broken_checks_nothing() {
    let onec = Onec::with(stock());
    let service = checked(&onec);
    call(&service, r#"{"limit":"all"}"#, None).await.unwrap();
    assert_eq!(onec.count(&Method::ToolsList), 0, "no list for that");
    for schema in [
        json!({ "type": "Строка" }),
        json!({ "type": "object", "properties": { "limit": { "type": "integer", "pattern": "(?=x)" } } }),
        json!({ "type": "object", "properties": { "limit": { "$ref": "#/nowhere" } } }),
        json!({ "$ref": "https://a.example/schema.json" }),
        json!({ "$schema": "urn:unknown", "properties": { "limit": { "type": "integer" } } }),
        json!({}),
        json!(7),
        Value::Null,
    ] {
        onec.lists_to("", schema.clone());
        let service = checked(&onec);
        list(&service, None).await;
        call(&service, r#"{"limit":"all"}"#, None).await.unwrap();
        assert_eq!(onec.last(), r#"{"limit":"all"}"#, "{schema}");
    }
}

#[tokio::test]
async fn older_drafts_count() {
    let onec = Onec::with(json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": { "n": { "type": "integer" } },
        "properties": { "pair": { "items": [{ "$ref": "#/definitions/n" }, { "type": "string" }] } },
    }));
    let service = checked(&onec);
    list(&service, None).await;
    call(&service, r#"{"pair":[1,"a"]}"#, None).await.unwrap();
    assert!(call(&service, r#"{"pair":["a",1]}"#, None).await.is_err());
}

/// Each is judged by what was shown to them, whoever else was shown something else.
#[tokio::test]
async fn schemas_are_of_those_who_were_shown_them() {
    let onec = Onec::default();
    let only = |value: &str| json!({ "properties": { "a": { "enum": [value] } } });
    let service = checked(&onec);
    let who = |subject: &str, scopes: &str| Identity::new(subject, Scopes::parse(scopes));
    let login = |password: &str| who("a", "mcp").with_credentials(Credentials::new("a", password.to_owned()));
    onec.lists_to("a", only("of a"));
    let known = who("a", "mcp");
    list(&service, Some(&known)).await;
    onec.lists_to("b", only("of b"));
    list(&service, Some(&who("b", "mcp"))).await;
    for (caller, value, passes) in [
        (Some(known.clone()), "of a", true),
        (Some(known.clone()), "of b", false),
        (Some(who("b", "mcp")), "of a", false),
        (Some(who("b", "mcp")), "of b", true),
        // Their own lists may be others.
        (Some(who("a", "mcp more")), "of b", true),
        (Some(login("1")), "of b", true),
        (Some(who("c", "mcp")), "of b", true),
        (None, "of b", true),
    ] {
        let arguments = json!({ "a": value }).to_string();
        assert_eq!(call(&service, &arguments, caller.as_ref()).await.is_ok(), passes, "{caller:?} {value}");
    }
    // A header that a layer above sends on to 1C may name another tenant.
    let mut tenant = of(request(Method::ToolsCall, r#"{"name":"t","arguments":{"a":"x"}}"#), Some(&known));
    tenant.headers.insert("x-tenant", "other".parse().unwrap());
    assert!(ask(&service, tenant).await.is_ok());
}

/// 1C allows another value by now, and no client told this replica.
#[tokio::test(start_paused = true)]
async fn nothing_is_refused_by_an_old_schema() {
    let onec = Onec::with(json!({ "properties": { "a": { "enum": ["old"] } } }));
    let service = checked(&onec);
    list(&service, None).await;
    onec.lists_to("", json!({ "properties": { "a": { "enum": ["new"] } } }));
    assert!(call(&service, r#"{"a":"new"}"#, None).await.is_err(), "shown a moment ago");
    advance(Duration::from_secs(60)).await;
    call(&service, r#"{"a":"new"}"#, None).await.unwrap();
    assert_eq!((onec.count(&Method::ToolsList), onec.last()), (2, r#"{"a":"new"}"#.to_owned()));
    assert!(call(&service, r#"{"a":"old"}"#, None).await.is_err());
    assert_eq!(onec.count(&Method::ToolsList), 2);
    // Without the list nobody knows.
    advance(Duration::from_secs(60)).await;
    *onec.down.lock().unwrap() = true;
    call(&service, r#"{"a":"old"}"#, None).await.unwrap();
    // What fits asks for nothing, and what is too old to be known neither.
    *onec.down.lock().unwrap() = false;
    call(&service, r#"{"a":"new"}"#, None).await.unwrap();
    advance(Duration::from_secs(12 * 60 * 60)).await;
    call(&service, r#"{"a":"old"}"#, None).await.unwrap();
    assert_eq!(onec.count(&Method::ToolsList), 2);
}

/// Behind the builder: aliases are 1C's names by then, catalogs check their own tools, and a refusal tells
/// nothing that the caller may not know.
#[tokio::test]
async fn in_a_gateway() {
    let onec = Onec::default();
    let seller = Identity::new("a", Scopes::parse("mcp"));
    onec.lists_to(
        "a",
        json!({ "properties": {
            "Показатели": { "type": "array", "items": { "enum": ["Сумма", "Прибыль"] } }, "n": { "type": "integer" },
        }}),
    );
    let file = json!({ "tools": [{
        "name": "own", "description": "Own.", "scope": "mcp", "path": "reports/own",
        "guarded": [{ "field": "measure", "values": ["profit"], "scope": "cost" }],
        "input_schema": { "type": "object", "properties": { "measure": { "enum": ["amount", "profit"] } } },
    }]});
    let guard = Guard::new("t", "Показатели", ["Прибыль"], "cost");
    let catalog = Catalog::new(Tools::read(&file, "file", Limits::default()).unwrap());
    let gateway = Gateway::builder(onec.clone())
        .aliases(AliasLayer::new())
        .check(CheckLayer::new())
        .scopes(ScopePolicy::everything("mcp").guard(guard))
        .catalog(CatalogLayer::new(catalog, onec.clone()))
        .build();
    list(&gateway, Some(&seller)).await;
    let measures = argument_alias("Показатели");
    call(&gateway, &json!({ &*measures: "[\"Сумма\"]", "n": "7" }).to_string(), Some(&seller)).await.unwrap();
    assert_eq!(onec.last(), r#"{"n":7,"Показатели":["Сумма"]}"#);
    let refusal = call(&gateway, &json!({ &*measures: ["Прочее"] }).to_string(), Some(&seller)).await.unwrap_err();
    assert!(refusal.contains("Сумма") && !refusal.contains("Прибыль"), "{refusal}");
    let own = r#"{"name":"own","arguments":{"measure":"other"}}"#;
    let refusal = ask(&gateway, of(request(Method::ToolsCall, own), Some(&seller))).await.unwrap_err();
    assert!(refusal.contains("amount") && !refusal.contains("profit"), "{refusal}");
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut service = CheckLayer::new().layer(inner);
    assert!(tokio::time::timeout(Duration::ZERO, service.ready()).await.is_err());
    handle.allow(2);
    for (method, answer) in [
        (Method::ToolsList, r#"{"tools":[{"name":"t","inputSchema":{"properties":{"n":{"type":"integer"}}}}]}"#),
        (Method::ToolsCall, r#"{"content":[]}"#),
    ] {
        service.ready().await.unwrap();
        let calling = tokio::spawn(service.call(request(method, r#"{"name":"t","arguments":{"n":"1"}}"#)));
        let (_, respond) = handle.next_request().await.unwrap();
        respond.send_response(Response::result(Payload::parse(answer).unwrap()));
        calling.await.unwrap().unwrap();
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[0-9а-я\\[{\"]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("Склад|limit|filter|kinds|x", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    /// What reaches 1C fits the schema, and what fitted is what was sent.
    #[test]
    fn what_reaches_1c_fits(arguments in json_value()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let onec = Onec::with(stock());
        let service = checked(&onec);
        let schema = jsonschema::draft202012::new(&stock()).unwrap();
        let sent = arguments.to_string();
        let passed = runtime.block_on(async {
            list(&service, None).await;
            call(&service, &sent, None).await.is_ok()
        });
        prop_assert!(passed || !schema.is_valid(&arguments), "{sent}");
        if passed {
            let got = onec.last();
            prop_assert!(schema.is_valid(&serde_json::from_str(&got).unwrap()), "{sent} {got}");
            prop_assert!(!schema.is_valid(&arguments) || got == sent, "{sent} {got}");
        }
    }
}
