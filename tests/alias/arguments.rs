//! Arguments whose names not every model API takes: what clients see of them, and what 1C gets.

use crate::support::mcp::{Rpc, http, modern, result, rpc, send};
use onec_mcp::alias::{Alias, AliasLayer, argument_alias};
use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, RpcError, Version};
use onec_mcp::scope::{Guard, ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{Layer, ServiceExt};

/// A stand-in for 1C with one tool, and what it was asked.
#[derive(Clone)]
struct Onec {
    schema: Arc<Mutex<Value>>,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Onec {
    fn with(schema: Value) -> Self {
        Self { schema: Arc::new(Mutex::new(schema)), asked: Arc::default() }
    }

    fn service(&self) -> Rpc {
        let Self { schema, asked } = self.clone();
        rpc(move |request: Request| {
            let answer = match request.method {
                Method::ToolsList => json!({ "tools": [{ "name": "t", "inputSchema": *schema.lock().unwrap() }] }),
                _ => json!({ "content": [] }),
            };
            asked.lock().unwrap().push(request);
            std::future::ready(result(answer.to_string()))
        })
    }

    fn aliased(&self) -> Alias<Rpc> {
        AliasLayer::new().layer(self.service())
    }

    fn lists(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|request| request.method == Method::ToolsList).count()
    }

    /// The arguments of the last call, as text.
    fn last(&self) -> Option<String> {
        let asked = self.asked.lock().unwrap();
        let call = asked.iter().rev().find(|request| request.method == Method::ToolsCall)?;
        Some(String::from_utf8(call.params.raw(Param::Arguments)?.to_vec()).unwrap())
    }

    #[track_caller]
    fn got(&self) -> Value {
        serde_json::from_str(&self.last().expect("1C was not called")).unwrap()
    }
}

fn request(method: Method, params: &str) -> Request {
    Request::new(method, Params::parse(&params.to_owned().into()).unwrap(), Version::V2025_11_25)
}

async fn shown<S>(service: &S) -> Value
where
    S: tower::Service<Request, Response = onec_mcp::rpc::Response, Error = BoxError> + Clone,
{
    let answer = service.clone().oneshot(request(Method::ToolsList, "{}")).await.unwrap();
    let list: Value = serde_json::from_slice(answer.outcome.unwrap().json()).unwrap();
    list["tools"][0]["inputSchema"].clone()
}

async fn call_with(service: &Alias<Rpc>, arguments: &str) -> Payload {
    let params = format!("{{\"name\":\"t\",\"arguments\":{arguments}}}");
    service.clone().oneshot(request(Method::ToolsCall, &params)).await.unwrap().outcome.unwrap()
}

async fn call(service: &Alias<Rpc>, arguments: &Value) -> Payload {
    call_with(service, &arguments.to_string()).await
}

/// What the API of Anthropic asks of the keys of `properties`.
fn is_legal(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Every key of `properties`, anywhere, and what `required` names.
fn names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match (&**key, value) {
                    ("properties" | "$defs" | "dependentRequired", Value::Object(by_name)) => {
                        found.extend(by_name.keys().cloned());
                    }
                    ("required", Value::Array(all)) => {
                        found.extend(all.iter().map(|name| name.as_str().unwrap().to_owned()));
                    }
                    _ => {}
                }
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn names_are_shown_as_aliases_everywhere() {
    let (stock, kind, from, line) = (
        argument_alias("Склад"),
        argument_alias("Вид цены"),
        argument_alias("Дата начала"),
        argument_alias("Строка/ТЧ"),
    );
    let onec = Onec::with(json!({
        "type": "object",
        "properties": {
            "Склад": { "type": "string", "x-mcp-header": "Stock" },
            "Вид цены": { "type": "string", "title": "Цена", "description": "розничная или оптовая" },
            "Период": true,
            "code": { "type": "string", "title": "Код" },
            "filter": {
                "anyOf": [
                    { "type": "object", "properties": { "Дата начала": { "title": "Дата начала (с)" } }, "required": ["Дата начала"] },
                    { "$ref": "#/$defs/Строка~1ТЧ/properties/%D0%A6%D0%B5%D0%BD%D0%B0" },
                ],
            },
            "Строки": { "type": "array", "items": { "$ref": "#/$defs/Строка~1ТЧ" } },
            "Ссылка": { "$ref": "#/$defs/Строка~1ТЧ", "description": "одна" },
        },
        "required": ["Склад", "code"],
        "dependentRequired": { "Вид цены": ["Склад"] },
        "patternProperties": { "^Доп": { "type": "object", "properties": { "Цена": {} } } },
        "default": { "Склад": "Главный", "code": "1", "Доп1": { "Цена": 1 } },
        "examples": [{ "Строки": [{ "Цена": 1.10 }], "Прочее": { "Цена": 1 } }],
        "$defs": { "Строка/ТЧ": { "type": "object", "properties": { "Цена": { "type": "number" } } } },
    }));
    let (price, period, lines, link) =
        (argument_alias("Цена"), argument_alias("Период"), argument_alias("Строки"), argument_alias("Ссылка"));
    let expected = json!({
        "type": "object",
        "properties": {
            &*stock: { "title": "Склад", "type": "string", "x-mcp-header": "Stock" },
            &*kind: { "type": "string", "title": "Цена", "description": "Вид цены: розничная или оптовая" },
            &*period: { "title": "Период" },
            "code": { "type": "string", "title": "Код" },
            "filter": {
                "anyOf": [
                    { "type": "object", "properties": { &*from: { "title": "Дата начала (с)" } }, "required": [&*from] },
                    { "$ref": format!("#/$defs/{line}/properties/{price}") },
                ],
            },
            &*lines: { "title": "Строки", "type": "array", "items": { "$ref": format!("#/$defs/{line}") } },
            &*link: { "title": "Ссылка", "anyOf": [{ "$ref": format!("#/$defs/{line}") }], "description": "одна" },
        },
        "required": [&*stock, "code"],
        "dependentRequired": { &*kind: [&*stock] },
        "patternProperties": { "^Доп": { "type": "object", "properties": { &*price: { "title": "Цена" } } } },
        "default": { &*stock: "Главный", "code": "1", "Доп1": { &*price: 1 } },
        "examples": [{ &*lines: [{ &*price: 1.10 }], "Прочее": { &*price: 1 } }],
        "$defs": { &*line: { "type": "object", "properties": { &*price: { "title": "Цена", "type": "number" } } } },
    });
    assert_eq!(shown(&onec.aliased()).await, expected);
}

#[tokio::test]
async fn calls_reach_1c_under_its_own_names() {
    let onec = Onec::with(json!({
        "type": "object",
        "properties": {
            "Склад": { "type": "string" },
            "Отбор": { "type": "object", "properties": { "Номенклатура": {}, "x": {} } },
            "Строки": { "type": "array", "items": { "oneOf": [{ "$ref": "#/$defs/line" }, { "type": "null" }] } },
            "free": { "type": "object" },
        },
        "additionalProperties": { "type": "object", "properties": { "Цена": {} } },
        "$defs": { "line": { "type": "object", "properties": { "Кол-во": {}, "Ещё": { "$ref": "#/$defs/line" } } } },
    }));
    let service = onec.aliased();
    shown(&service).await;
    let (stock, item) = (argument_alias("Склад"), argument_alias("Номенклатура"));
    let deep =
        json!({ argument_alias("Кол-во"): 1.5, argument_alias("Ещё"): { "Ещё": { argument_alias("Кол-во"): 2 } } });
    let arguments = json!({
        &*stock: "Главный",
        argument_alias("Отбор"): { &*item: stock, "x": item },
        argument_alias("Строки"): [deep, null],
        "free": { &*stock: 1 },
        "прочее": { argument_alias("Цена"): 3, &*stock: 4 },
    });
    let expected = json!({
        "Склад": "Главный",
        "Отбор": { "Номенклатура": stock, "x": item },
        "Строки": [{ "Кол-во": 1.5, "Ещё": { "Ещё": { "Кол-во": 2 } } }, null],
        "free": { &*stock: 1 },
        "прочее": { "Цена": 3, &*stock: 4 },
    });
    call(&service, &arguments).await;
    assert_eq!(onec.got(), expected);
    call(&service, &expected).await;
    assert_eq!(onec.got(), expected);
    // All but the keys is as it was, digits and blanks included.
    call_with(
        &service,
        &format!("{{ \"{stock}\" : \"1\\u002e10\",\t\"n\":{{\"{}\": 1.10}} }}", argument_alias("Цена")),
    )
    .await;
    assert_eq!(onec.last().unwrap(), "{ \"Склад\" : \"1\\u002e10\",\t\"n\":{\"Цена\": 1.10} }");
    // A key may be escaped, and an object may be JSON text.
    let text = json!({ item.to_string(): 1 }).to_string();
    call_with(&service, &format!("{{\"\\u0053{}\":1,\"Отбор\":{}}}", &stock[1..], json!(text))).await;
    assert_eq!(onec.got(), json!({ "Склад": 1, "Отбор": r#"{"Номенклатура":1}"# }));
}

/// What cannot be read goes even where all other names stay.
#[tokio::test]
async fn only_arguments_with_what_is_not_seen() {
    let honest =
        json!({ "type": "object", "properties": { "Склад": {}, "Вид цены": { "properties": { "x_2abcde": {} } } } });
    let onec = Onec::with(honest.clone());
    let service = AliasLayer::new().only_unseen().layer(onec.service());
    assert_eq!(shown(&service).await, honest);
    call(&service, &json!({ "Склад": 1, "Вид цены": { "x_2abcde": 2 } })).await;
    assert_eq!(onec.got(), json!({ "Склад": 1, "Вид цены": { "x_2abcde": 2 } }));

    let (turned, rung) = ("Склад\u{202e}", "rows\u{7}");
    *onec.schema.lock().unwrap() = json!({
        "type": "object",
        "properties": { turned: {}, "Склад": { "type": "array", "items": { "properties": { rung: {} } } } },
        "required": [turned, "Склад"],
    });
    let (first, second) = (argument_alias(turned), argument_alias(rung));
    let schema = shown(&service).await;
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "properties": {
                &*first: { "title": "Склад" },
                "Склад": { "type": "array", "items": { "properties": { &*second: { "title": "rows" } } } },
            },
            "required": [first, "Склад"],
        })
    );
    let expected = json!({ turned: 1, "Склад": [{ rung: 2 }] });
    call(&service, &json!({ &*first: 1, "Склад": [{ &*second: 2 }] })).await;
    assert_eq!(onec.got(), expected);
    call(&service, &expected).await;
    assert_eq!(onec.got(), expected);
}

#[tokio::test]
async fn one_argument_under_two_names_is_refused() {
    let onec = Onec::with(json!({ "properties": { "Склад": {}, "a": { "properties": { "Склад": {} } } } }));
    let service = onec.aliased();
    let stock = argument_alias("Склад");
    for arguments in [
        format!(r#"{{"{stock}":1,"Склад":1}}"#),
        format!(r#"{{"a":{{"Склад":1,"{stock}":2}}}}"#),
        format!(r#"{{"{stock}":1,"{stock}":2}}"#),
    ] {
        let refusal = call_with(&service, &arguments).await;
        let text = String::from_utf8(refusal.json().to_vec()).unwrap();
        assert!(refusal.is_tool_error() && text.contains(&*stock) && text.contains("Склад"), "{text}");
    }
    assert_eq!(onec.last(), None);
}

#[tokio::test]
async fn a_call_without_foreign_names_is_not_touched() {
    let onec = Onec::with(json!({ "type": "object", "properties": { "a": {}, "b.c-d": {}, "x_2abcde": {} } }));
    let service = onec.aliased();
    for arguments in [r#"{ "a" : 1.10, "b": "x_2abcde" }"#, r#"{"Склад":{"sales_report":1}}"#, "[]", "7"] {
        let params = Params::parse(&format!(r#"{{"name":"t","arguments":{arguments}}}"#).into()).unwrap();
        let memory = params.raw(Param::Arguments).unwrap().as_ptr();
        let mut call = request(Method::ToolsCall, "{}");
        call.params = params;
        service.clone().oneshot(call).await.unwrap();
        let asked = onec.asked.lock().unwrap();
        let got = asked.last().unwrap().params.raw(Param::Arguments).unwrap();
        assert_eq!((got, got.as_ptr()), (arguments.as_bytes(), memory));
    }
    assert_eq!(onec.lists(), 0);
    let same = shown(&service).await;
    assert_eq!(same, *onec.schema.lock().unwrap());
    call_with(&service, r#"{"x_2abcde":1}"#).await;
    assert_eq!((onec.last().unwrap(), onec.lists()), (r#"{"x_2abcde":1}"#.to_owned(), 1));
}

/// A replica that never saw a list asks for it; whoever makes keys up makes no more lists than one in 5 s.
#[tokio::test(start_paused = true)]
async fn fresh_replicas_know_aliases_of_arguments() {
    let onec = Onec::with(json!({ "properties": { "Склад": {} } }));
    let service = onec.aliased();
    call(&service, &json!({ argument_alias("Склад"): 1 })).await;
    assert_eq!((onec.got(), onec.lists()), (json!({ "Склад": 1 }), 1));
    for _ in 0..5 {
        call(&service, &json!({ argument_alias("Склад"): 1, "made_2abcde": 1 })).await;
        assert_eq!(onec.got(), json!({ "Склад": 1, "made_2abcde": 1 }));
    }
    assert_eq!(onec.lists(), 1);
    // Another schema by now.
    tokio::time::advance(Duration::from_secs(5)).await;
    *onec.schema.lock().unwrap() = json!({ "properties": { "Товар": {} } });
    call(&service, &json!({ argument_alias("Товар"): 1 })).await;
    assert_eq!((onec.got(), onec.lists()), (json!({ "Товар": 1 }), 2));
}

/// A list that fails keeps no call from 1C that only looks as if it needed one.
#[tokio::test]
async fn a_list_that_fails_keeps_no_call_back() {
    let service = AliasLayer::new().layer(rpc(|request| {
        std::future::ready(match request.method {
            Method::ToolsList => Err::<_, BoxError>(RpcError::overloaded().into()),
            _ => result(r#"{"content":[]}"#),
        })
    }));
    assert!(!call(&service, &json!({ "made_2abcde": 1 })).await.is_tool_error());
}

/// One property is named as another one's alias: both have names of their own, and both come back.
#[tokio::test]
async fn collisions_are_told_apart() {
    let taken = argument_alias("Склад").into_owned();
    let onec =
        Onec::with(json!({ "properties": { "Склад": {}, &*taken: {}, "b": { "properties": { "Склад": {} } } } }));
    let service = onec.aliased();
    let schema = shown(&service).await;
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 3);
    assert!(properties.contains_key(&taken) && properties.keys().all(|name| is_legal(name)), "{schema}");
    let (other, _) = properties.iter().find(|(_, schema)| schema["title"] == "Склад").unwrap();
    call(&service, &json!({ other: 1, &*taken: 2, "b": { other: 3 } })).await;
    assert_eq!(onec.got(), json!({ "Склад": 1, &*taken: 2, "b": { "Склад": 3 } }));
}

/// Scopes are of 1C's names, whatever the client wrote.
#[tokio::test]
async fn guards_see_1cs_names() {
    let onec = Onec::with(
        json!({ "properties": { "Показатели": { "type": "array", "items": { "enum": ["Сумма", "Прибыль"] } } } }),
    );
    let guard = Guard::new("t", "Показатели", ["Прибыль"], "mcp:cost");
    let scoped = ScopeLayer::new(ScopePolicy::everything("mcp").guard(guard)).layer(onec.service());
    let service = AliasLayer::new().layer(scoped);
    for (value, scopes, passes) in
        [("Прибыль", "mcp", false), ("Сумма", "mcp", true), ("Прибыль", "mcp mcp:cost", true)]
    {
        let params = json!({ "name": "t", "arguments": { argument_alias("Показатели"): [value] } });
        let mut call = request(Method::ToolsCall, &params.to_string());
        call.extensions.insert(Identity::new("a", Scopes::parse(scopes)));
        assert_eq!(service.clone().oneshot(call).await.is_ok(), passes, "{value} {scopes}");
    }
}

/// MCP 2026-07-28, "Custom Headers from Tool Parameters": the header is of the argument, under either name.
#[tokio::test]
async fn mirrored_arguments_fit_under_both_names() {
    let onec = Onec::with(json!({
        "type": "object",
        "properties": { "Склад": { "type": "string", "x-mcp-header": "Stock" } },
    }));
    let http = http(Rpc::new(onec.aliased()));
    for name in ["Склад", &argument_alias("Склад")] {
        for (told, status) in [(Some("Main"), 200), (Some("Other"), 400), (None, 400)] {
            let mut call = modern("tools/call", json!({ "name": "t", "arguments": { name: "Main" } }));
            if let Some(told) = told {
                call.headers_mut().insert("mcp-param-stock", told.parse().unwrap());
            }
            assert_eq!(send(&http, call).await.status, status, "{name} {told:?}");
        }
    }
    assert_eq!(onec.got(), json!({ "Склад": "Main" }));
}

#[derive(Clone, Debug)]
enum Kind {
    Leaf,
    Object(Vec<(String, Kind, bool)>),
    Array(Box<Kind>),
    Map(Box<Kind>),
    Referred(String, Box<Kind>),
    Either(Box<Kind>),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[а-яёА-Я]{1,12}",
        2 => "[а-я ]{1,4}[A-Za-z0-9/~%.#\"\\\\-]{0,3}",
        2 => "[a-z]{1,3}",
        1 => "[а-я]{60,90}",
        1 => any::<String>(),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    Just(Kind::Leaf).prop_recursive(4, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            3 => proptest::collection::vec((name(), inner, any::<bool>()), 1..5).prop_map(Kind::Object),
            1 => boxed.clone().prop_map(Kind::Array),
            1 => boxed.clone().prop_map(Kind::Map),
            1 => (name(), boxed.clone()).prop_map(|(name, kind)| Kind::Referred(name, kind)),
            1 => boxed.prop_map(Kind::Either),
        ]
    })
}

/// The schema of such a value, and one that fits, under the names that `named` gives.
fn written(kind: &Kind, defs: &mut Map<String, Value>, named: &impl Fn(&str) -> String) -> (Value, Value) {
    match kind {
        Kind::Leaf => (json!({ "type": "number" }), json!(1.5)),
        Kind::Object(members) => {
            let (mut properties, mut value, mut required) = (Map::new(), Map::new(), Vec::new());
            for (name, kind, needed) in members {
                let (schema, inner) = written(kind, defs, named);
                properties.insert(name.clone(), schema);
                value.insert(named(name), inner);
                if *needed && !required.contains(name) {
                    required.push(name.clone());
                }
            }
            let schema = json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            });
            (schema, Value::Object(value))
        }
        Kind::Array(items) => {
            let (schema, value) = written(items, defs, named);
            (json!({ "type": "array", "items": schema }), json!([value, value]))
        }
        Kind::Map(others) => {
            let (schema, value) = written(others, defs, named);
            (json!({ "type": "object", "additionalProperties": schema }), json!({ "любой ключ": value }))
        }
        Kind::Referred(name, kind) => {
            let (schema, value) = written(kind, defs, named);
            let name = format!("{}{name}", defs.len());
            let pointer = name.replace('~', "~0").replace('/', "~1");
            let pointer: String =
                percent_encoding::utf8_percent_encode(&pointer, percent_encoding::NON_ALPHANUMERIC).collect();
            defs.insert(name, schema);
            (json!({ "$ref": format!("#/$defs/{pointer}") }), value)
        }
        Kind::Either(kind) => {
            let (schema, value) = written(kind, defs, named);
            (json!({ "anyOf": [{ "type": "null" }, schema] }), value)
        }
    }
}

proptest! {
    /// Whatever 1C's schema is: names that clients see are legal, what fits it fits what they see, and a
    /// call by those names reaches 1C under its own.
    #[test]
    fn any_schema_is_shown_legally_and_comes_back(members in proptest::collection::vec((name(), kind(), any::<bool>()), 1..5)) {
        let root = Kind::Object(members);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut defs = Map::new();
        let (mut schema, original) = written(&root, &mut defs, &|name| name.to_owned());
        schema["$defs"] = Value::Object(defs);
        let shown_name = |name: &str| argument_alias(name).into_owned();
        let (_, arguments) = written(&root, &mut Map::new(), &shown_name);
        let onec = Onec::with(schema.clone());
        let service = onec.aliased();
        let shown = runtime.block_on(shown(&service));
        let mut all = Vec::new();
        names(&shown, &mut all);
        prop_assert!(all.iter().all(|name| is_legal(name)), "{shown}");
        let fits = |schema: &Value, value: &Value| jsonschema::draft202012::options().build(schema).map(|schema| schema.is_valid(value));
        prop_assert!(fits(&schema, &original).unwrap());
        prop_assert!(fits(&shown, &arguments).unwrap(), "{shown} {arguments}");
        for sent in [&arguments, &original] {
            runtime.block_on(call(&service, sent));
            prop_assert_eq!(&onec.got(), &original);
        }
    }
}
