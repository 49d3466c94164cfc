//! Tools that the program itself answers, over REST and in the OpenAPI document.

use crate::support::rest::{TOKEN, ask, get, onec, post, trade};
use onec_mcp::catalog::{ArgumentError, Call, Catalog, Limits, Tool};
use onec_mcp::onec::{ErrorKind, Flow};
use onec_mcp::rest::RestService;
use onec_mcp::rpc::{BoxError, RpcError};
use serde_json::{Value, json};
use std::future::ready;

fn catalog(answer: impl Fn(Call) -> Result<Value, BoxError> + Send + Sync + 'static) -> Catalog {
    let entry = json!({
        "name": "rates", "title": "Rates", "description": "Rates of currencies.", "scope": "mcp:rates",
        "rest": "/rates/all", "clamp": { "top": "max_rows" },
        "input_schema": { "type": "object", "properties": {
            "date": { "type": "string", "format": "date" }, "top": { "type": "integer", "minimum": 1 },
        }, "required": ["date"] },
        "output_schema": { "type": "object", "properties": { "rows": { "type": "array" } }, "required": ["rows"] },
    });
    let tool = Tool::from_fn(&entry, Limits::default(), move |call| ready(answer(call))).unwrap();
    trade().with_tools([tool])
}

/// Answers of the function, over a 1C that cannot be reached.
async fn answer(
    body: &str,
    answer: impl Fn(Call) -> Result<Value, BoxError> + Send + Sync + 'static,
) -> crate::support::rest::Answer {
    let (calls, inner) = onec(|| Err(RpcError::from(ErrorKind::Unreachable).into()));
    let got = ask(RestService::new(catalog(answer), TOKEN, inner), post("/rates/all", body.to_owned())).await;
    assert!(calls.lock().unwrap().is_empty());
    got
}

const DATE: &str = r#"{"date":"2026-01-31"}"#;

#[tokio::test]
async fn its_answer_is_the_object() {
    let got = answer(r#"{"date":"2026-01-31T00:00:00"}"#, |call| {
        // As for a program: without a number of rows, as many as the ceiling allows.
        assert_eq!(call.arguments, json!({ "date": "2026-01-31", "top": 5000 }));
        assert!(call.identity().is_none() && call.headers.is_empty());
        assert_eq!(Flow::of(&call.extensions), Flow::NOBODY);
        Ok(json!({ "rows": [["EUR", 98.5]] }))
    });
    let got = got.await;
    assert_eq!((got.status.as_u16(), got.json()), (200, json!({ "rows": [["EUR", 98.5]] })));
    // Long arguments are checked on another thread.
    let long = format!(r#"{{"date":"2026-01-31"{}}}"#, " ".repeat(2 << 20));
    assert_eq!(answer(&long, |_| Ok(json!({ "rows": [] }))).await.status, 200);
}

#[tokio::test]
async fn its_errors_have_codes() {
    let rows = || json!({ "rows": vec![1; 5001] });
    let told: [(&str, fn(Call) -> Result<Value, BoxError>, (u16, &str, &str)); 7] = [
        (r#"{"date":5}"#, |_| panic!("called"), (400, "validation_error", "date")),
        (DATE, |_| Err(ArgumentError::refused("date", "is a Sunday").into()), (400, "validation_error", "Sunday")),
        (DATE, |_| Err("There are no rates.".into()), (500, "tool_error", "There are no rates.")),
        (DATE, |_| Err(RpcError::overloaded().into()), (500, "tool_error", "busy")),
        (DATE, |_| Err(RpcError::from(ErrorKind::Unreachable).into()), (502, "onec_error", "1C")),
        (DATE, |_| panic!("s3cret"), (500, "tool_error", "Internal error")),
        (DATE, |_| Ok(json!([])), (500, "tool_error", "Internal error")),
    ];
    for (body, function, (status, code, part)) in told {
        let got = answer(body, function).await;
        let (had, said, message) = got.error();
        assert_eq!((had, &*said), (status, code), "{got:?}");
        assert!(message.contains(part) && !message.contains("s3cret"), "{got:?}");
        if status == 400 {
            assert_eq!(got.json()["field"], "date");
        }
    }
    let got = answer(DATE, move |_| Ok(rows())).await;
    assert_eq!(got.error().1, "limit_exceeded");
    assert!(got.error().2.starts_with("the tool sent 5001 rows"), "{got:?}");
}

#[tokio::test]
async fn it_is_in_the_document() {
    let (_, inner) = onec(|| Err("called".into()));
    let catalog = catalog(|_| Ok(json!({ "rows": [] })));
    let tool = catalog.current().get("rates").unwrap().clone();
    let document = ask(RestService::new(catalog, TOKEN, inner), get("/openapi.json")).await.json();
    assert_eq!(document["paths"].as_object().unwrap().len(), 17);
    let operation = &document["paths"]["/rates/all"]["post"];
    assert_eq!((&operation["operationId"], &operation["tags"]), (&json!("rates"), &json!(["Rates"])));
    let responses = &operation["responses"];
    assert_eq!(responses["200"]["content"]["application/json"]["schema"], *tool.output_schema().unwrap());
    assert_eq!(responses["200"]["description"], "What the tool answered");
    assert_eq!(responses["500"], json!({ "$ref": "#/components/responses/ToolFailed" }));
    assert!(document["components"]["responses"]["ToolFailed"].is_object());
    assert!(document["paths"]["/resolve/customer"]["post"]["responses"].get("500").is_none());
    let codes = document["components"]["schemas"]["Error"]["properties"]["error"]["enum"].as_array().unwrap();
    assert!(codes.contains(&json!("tool_error")));
}
