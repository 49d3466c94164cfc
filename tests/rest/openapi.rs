//! The OpenAPI document: made of the same data as the endpoints.

use crate::support::rest::{TOKEN, ask, get, object, onec, post, service, trade};
use bytes::Bytes;
use http_body::Frame;
use onec_mcp::catalog::{Catalog, Limits, Tools};
use onec_mcp::rest::RestService;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

async fn document() -> Value {
    let (_, service) = service("{}");
    let answer = ask(service, get("/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

#[tokio::test]
async fn the_frame_of_the_document() {
    let document = document().await;
    let mut keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["components", "info", "openapi", "paths", "security", "tags"]);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"], json!({ "title": "1C reports", "version": "1.0.0" }));
    assert_eq!(document["security"], json!([{ "bearer": [] }]));
    assert_eq!(document["components"]["securitySchemes"], json!({ "bearer": { "type": "http", "scheme": "bearer" } }));
    assert_eq!(document["tags"], json!([{ "name": "Resolve" }, { "name": "Reports" }]));
}

#[tokio::test]
async fn one_path_for_each_tool_that_has_one() {
    let document = document().await;
    let tools = Tools::trade(Limits::default()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 16);
    for tool in tools.iter() {
        let Some(path) = tool.rest() else { continue };
        let methods = paths[path].as_object().unwrap();
        assert_eq!(methods.keys().collect::<Vec<_>>(), ["post"], "{path}");
        let operation = &methods["post"];
        assert_eq!(operation["operationId"], tool.name());
        assert_eq!(operation["summary"], tool.title());
        assert_eq!(operation["description"], tool.description());
        let tag = if path.starts_with("/resolve/") { "Resolve" } else { "Reports" };
        assert_eq!(operation["tags"], json!([tag]));
        let body = &operation["requestBody"];
        assert_eq!(body["required"], true);
        let mut schema = body["content"]["application/json"]["schema"].clone();
        // A program that names no number of rows gets all of them.
        if let Some(top) = schema["properties"].get_mut("top").filter(|top| top["default"] == 5000) {
            assert!(top["description"].as_str().unwrap().contains("5000 if absent, never more than 5000"), "{top}");
            *top = tool.input_schema()["properties"]["top"].clone();
        }
        assert_eq!(schema, *tool.input_schema());
        let responses = operation["responses"].as_object().unwrap();
        let mut statuses: Vec<_> = responses.keys().map(String::as_str).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, ["200", "400", "401", "408", "413", "415", "502"]);
        assert_eq!(responses["200"]["content"]["application/json"]["schema"], *tool.output_schema().unwrap());
    }
}

/// All the references of a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = percent_encoding::percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
    document.pointer(&pointer)
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = document().await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert_eq!(found.len(), 16 * 6 + 6);
    for reference in found {
        assert!(resolve(&document, reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn errors_are_as_the_document_says() {
    let document = document().await;
    let schema = &document["components"]["schemas"]["Error"];
    let (_, service) = service("{}");
    let mut stranger = post("/resolve/customer", "{}");
    stranger.headers_mut().remove("authorization");
    let mut compressed = post("/resolve/customer", "{}");
    compressed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let mut told = BTreeSet::new();
    for request in [
        stranger,
        post("/resolve/customer", ""),
        post("/resolve/customer", "{}"),
        post("/resolve/customer", vec![b' '; 5 << 20]),
        compressed,
        post("/nowhere", "{}"),
        get("/resolve/customer"),
    ] {
        let listed = request.method() == "POST" && request.uri().path() == "/resolve/customer";
        let answer = ask(service.clone(), request).await;
        if listed {
            let reference = document["paths"]["/resolve/customer"]["post"]["responses"][answer.status.as_str()]["$ref"]
                .as_str()
                .unwrap_or_else(|| panic!("{answer:?} is not listed"));
            let response = resolve(&document, reference).unwrap();
            for (name, header) in response["headers"].as_object().into_iter().flatten() {
                jsonschema::validate(&header["schema"], &json!(answer.header(&name.to_lowercase()))).unwrap();
            }
            told.insert(answer.status.as_u16());
        }
        jsonschema::validate(schema, &answer.json()).unwrap();
        let mut known: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        known.sort_unstable();
        assert!(answer.json().as_object().unwrap().keys().all(|key| known.contains(key)), "{answer:?}");
    }
    assert_eq!(Vec::from_iter(told), [400, 401, 413, 415]);

    let never = http_body_util::StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>());
    let late = service.body_timeout(Duration::ZERO);
    let answer = ask(late, post("/resolve/customer", "").map(|_| never)).await;
    let responses = &document["paths"]["/resolve/customer"]["post"]["responses"];
    assert!(answer.status == 408 && responses["408"].is_object(), "{answer:?}");
}

#[tokio::test]
async fn name_version_and_place_are_the_embedders() {
    let (_, service) = service("{}");
    let first = ask(service.clone(), get("/openapi.json")).await.json();
    let service =
        service.title("Торговый дом").version("2.1").server("https://a.example").server("https://b.example/api");
    let document = ask(service, get("/openapi.json")).await.json();
    assert_eq!(document["info"], json!({ "title": "Торговый дом", "version": "2.1" }));
    assert_eq!(document["servers"], json!([{ "url": "https://a.example" }, { "url": "https://b.example/api" }]));
    assert_eq!(document["paths"], first["paths"]);
}

#[tokio::test]
async fn it_is_written_once_for_the_same_tools() {
    let (_, inner) = onec(|| object("{}"));
    let catalog = trade();
    let service = RestService::new(catalog.clone(), TOKEN, inner);
    let first = ask(service.clone(), get("/openapi.json")).await.body;
    let again = ask(service.clone(), get("/openapi.json")).await.body;
    assert_eq!(first.as_ptr(), again.as_ptr());
    catalog.replace(Tools::default());
    let empty = ask(service.clone(), get("/openapi.json")).await.json();
    assert_eq!((&empty["paths"], &empty["tags"]), (&json!({}), &json!([])));
    catalog.replace(Tools::trade(Limits::default()).unwrap());
    assert_eq!(ask(service, get("/openapi.json")).await.body, first);
}

#[tokio::test]
async fn references_within_a_schema_lead_to_its_new_place() {
    let own = json!({ "tools": [{
        "name": "tree", "title": "Tree", "description": "A tree of things.", "scope": "mcp:own", "path": "own/tree",
        "rest": "/own/tree",
        "input_schema": {
            "type": "object",
            "properties": { "root": { "$ref": "#/$defs/node" }, "$ref": { "type": "string" } },
            "$defs": { "node": { "type": "object", "properties": { "child": { "$ref": "#/$defs/node" } } } },
        },
        "output_schema": { "type": "object", "properties": { "next": { "$ref": "#/properties/rows" }, "rows": {} } },
    }] });
    let (_, inner) = onec(|| object("{}"));
    let catalog = Catalog::new(Tools::read(&own, "own.yaml", Limits::default()).unwrap());
    let document = ask(RestService::new(catalog, TOKEN, inner), get("/openapi.json")).await.json();
    let operation = &document["paths"]["/own/tree"]["post"];
    let input = &operation["requestBody"]["content"]["application/json"]["schema"];
    let node = &input["$defs"]["node"];
    for reference in [&input["properties"]["root"]["$ref"], &node["properties"]["child"]["$ref"]] {
        assert_eq!(resolve(&document, reference.as_str().unwrap()), Some(node));
    }
    assert_eq!(input["properties"]["$ref"], json!({ "type": "string" }));
    let output = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let next = output["properties"]["next"]["$ref"].as_str().unwrap();
    assert_eq!(resolve(&document, next), Some(&output["properties"]["rows"]));
    assert_eq!(operation["tags"], json!(["Own"]));
}
