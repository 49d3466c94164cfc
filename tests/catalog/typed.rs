//! Tools with the schemas of Rust types.

use onec_mcp::catalog::{Call, Catalog, CatalogError, CatalogLayer, Limits, Tool, Tools};
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::future::ready;
use tower::{Layer, ServiceExt, service_fn};

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// Three letters.
    currency_code: String,
    #[serde(default)]
    days: Option<u32>,
    kind: Option<Kind>,
    #[serde(default)]
    within: Vec<Range>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Buy,
    Sell,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
struct Range {
    from: f64,
}

#[derive(Serialize, JsonSchema)]
struct Rates {
    rows: Vec<(String, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

fn entry() -> Value {
    json!({ "name": "rates", "description": "Rates.", "scope": "mcp" })
}

fn typed<A, T>(answer: fn(A) -> Result<T, BoxError>) -> Result<Tool, CatalogError>
where
    A: serde::de::DeserializeOwned + JsonSchema + 'static,
    T: Serialize + JsonSchema + Send + 'static,
{
    Tool::typed(&entry(), Limits::default(), move |asked: A, _: Call| ready(answer(asked)))
}

async fn ask(tool: Tool, arguments: Value) -> Value {
    let catalog = Catalog::new(Tools::default()).with_tools([tool]);
    let rest = service_fn(|_: RestCall| ready(Err::<Response, BoxError>("called".into())));
    let onec = service_fn(|_: Request| ready(Ok::<_, BoxError>(Response::result(Payload::empty()))));
    let params = Params::try_from(json!({ "name": "rates", "arguments": arguments })).unwrap();
    let request = Request::new(Method::ToolsCall, params, Version::V2025_11_25);
    let answer = CatalogLayer::new(catalog, rest).layer(onec).oneshot(request).await.unwrap();
    serde_json::from_slice(answer.outcome.unwrap().json()).unwrap()
}

#[test]
fn schemas_are_those_of_the_types() {
    let tool = typed(|_: Asked| Ok(Rates { rows: Vec::new(), note: None })).unwrap();
    let schema = tool.input_schema();
    assert_eq!(schema["required"], json!(["currencyCode"]));
    assert_eq!(schema["properties"]["currencyCode"], json!({ "type": "string", "description": "Three letters." }));
    // Nothing that is only Rust's.
    assert_eq!(schema["properties"]["days"]["type"], "integer");
    // Null for an optional argument is taken all the same, and says no more than its absence.
    assert!(!schema.to_string().contains("null"), "{schema}");
    assert!(!schema.to_string().contains("uint32") && !schema.to_string().contains("double"), "{schema}");
    assert!(schema.get("title").is_none() && schema.get("$schema").is_none(), "{schema}");
    assert_eq!(schema["additionalProperties"], false);
    let output = tool.output_schema().unwrap();
    assert_eq!((&output["type"], &output["required"]), (&json!("object"), &json!(["rows"])));
    for schema in [schema, output] {
        jsonschema::draft202012::meta::validate(schema).unwrap();
    }
}

#[tokio::test]
async fn arguments_and_answers_are_values() {
    let rates = |asked: Asked| {
        let expected = Asked {
            currency_code: "EUR".into(),
            days: Some(7),
            kind: Some(Kind::Sell),
            within: vec![Range { from: 1.5 }],
        };
        assert_eq!(asked, expected);
        Ok(Rates { rows: vec![("EUR".into(), 98.5)], note: None })
    };
    // Mended before they are read.
    let asked = json!({ "currencyCode": "EUR", "days": "7", "kind": "SELL", "within": "[{\"from\":1.5}]" });
    let got = ask(typed(rates).unwrap(), asked).await;
    assert_eq!(got["structuredContent"], json!({ "rows": [["EUR", 98.5]] }), "{got}");
    let absent = |asked: Asked| {
        assert!(asked.days.is_none() && asked.kind.is_none());
        Ok(Rates { rows: Vec::new(), note: None })
    };
    let got = ask(typed(absent).unwrap(), json!({ "currencyCode": "EUR", "days": null, "kind": null })).await;
    assert_eq!(got["structuredContent"], json!({ "rows": [] }), "{got}");
    let got = ask(typed(rates).unwrap(), json!({ "currency": "EUR" })).await;
    assert!(got["content"][0]["text"].as_str().unwrap().contains("currencyCode"), "{got}");
}

/// What the type wants and the schema cannot say is an error about the arguments.
#[tokio::test]
async fn arguments_that_the_type_refuses() {
    let wide = json!({ "currencyCode": "EUR", "days": 5_000_000_000_u64 });
    let mut entry = entry();
    entry["input_schema"] = json!({ "type": "object", "properties": { "currencyCode": {}, "days": {} } });
    let rates = |_: Asked, _: Call| ready(Ok::<_, BoxError>(Rates { rows: Vec::new(), note: None }));
    let tool = Tool::typed(&entry, Limits::default(), rates).unwrap();
    let got = ask(tool, wide).await;
    assert_eq!(got["isError"], true);
    assert!(got["content"][0]["text"].as_str().unwrap().starts_with("Arguments: "), "{got}");
}

#[tokio::test]
async fn the_entry_counts_more_than_the_types() {
    let mut entry = entry();
    entry["input_schema"] = json!({ "type": "object", "properties": { "currencyCode": { "enum": ["EUR"] } } });
    entry["output_schema"] = json!({ "type": "object" });
    let rates = |_: Asked, _: Call| ready(Ok::<_, BoxError>(Rates { rows: Vec::new(), note: None }));
    let tool = Tool::typed(&entry, Limits::default(), rates).unwrap();
    assert_eq!(tool.input_schema()["properties"]["currencyCode"]["enum"], json!(["EUR"]));
    assert_eq!(tool.output_schema(), Some(&json!({ "type": "object" })));
}

#[test]
fn types_that_make_no_tool() {
    // A value may be anything, so no schema is shown.
    let any = typed(|_: Asked| Ok(json!({ "rows": [] }))).unwrap();
    assert_eq!(any.output_schema(), None);
    let error = typed(|_: Kind| Ok(json!({}))).unwrap_err().to_string();
    assert!(error.contains("input_schema"), "{error}");
    let error = typed(|_: Asked| Ok(5)).unwrap_err().to_string();
    assert!(error.contains("output_schema"), "{error}");
}
