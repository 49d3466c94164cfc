//! A tool that the program itself answers, in the whole stack: listed, audited, cancelled and served over REST as any
//! other.

use crate::support::lines::Lines;
use bytes::Bytes;
use http_body_util::Full;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Call, Catalog, CatalogLayer, Limits, Tool};
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::onec::RestCall;
use onec_mcp::rest::RestService;
use onec_mcp::rpc::{BoxError, BoxService, Method, Params, Payload, Request, Response, Version};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::future::{pending, poll_fn, ready};
use std::task::Poll;
use tower::{ServiceExt, service_fn};

fn catalog() -> Catalog {
    let entry = json!({
        "name": "курсы", "description": "Rates.", "scope": "mcp:rates", "rest": "/rates/all",
        "input_schema": { "type": "object", "properties": { "code": { "enum": ["EUR", "USD", "slow"] } } },
    });
    let tool = Tool::from_fn(&entry, Limits::default(), |call: Call| async move {
        match call.arguments["code"].as_str() {
            Some("EUR") => Ok::<_, BoxError>(json!({ "rate": 98.5 })),
            Some("slow") => pending().await,
            _ => Err("s3cret-text".into()),
        }
    });
    Catalog::trade(Limits::default()).unwrap().with_tools([tool.unwrap()])
}

fn stack(catalog: Catalog) -> BoxService {
    let onec = service_fn(|request: Request| async move {
        assert_eq!(request.method, Method::ToolsList, "1C was called");
        Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[{"name":"own"}]}"#)?))
    });
    let rest = service_fn(|_: RestCall| ready(Err::<Response, BoxError>("1C was called".into())));
    let stack = Gateway::builder(onec)
        .aliases(AliasLayer::new())
        .audit(AuditLayer::new())
        .check(CheckLayer::new())
        .scopes(ScopePolicy::everything("mcp"))
        .confirm(ConfirmLayer::new())
        .catalog(CatalogLayer::new(catalog, rest))
        .cache(CacheLayer::new())
        .build();
    BoxService::new(stack)
}

fn request(method: Method, params: Value, scopes: &str) -> Request {
    let mut request = Request::new(method, Params::try_from(params).unwrap(), Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    request
}

fn call(code: &str, scopes: &str) -> Request {
    request(Method::ToolsCall, json!({ "name": "курсы", "arguments": { "code": code } }), scopes)
}

fn events(lines: &Lines) -> Vec<Value> {
    lines.take().into_iter().filter(|line| line["target"] == "onec_mcp::audit").collect()
}

#[tokio::test]
async fn it_is_listed_called_and_reported() {
    let (lines, _guard) = Lines::start();
    let stack = stack(catalog());
    let list = stack.clone().oneshot(request(Method::ToolsList, json!({}), "mcp:rates")).await.unwrap();
    let list: Value = serde_json::from_slice(list.outcome.unwrap().json()).unwrap();
    // Under a name that every client takes; its own works too.
    let alias = list["tools"][0]["name"].as_str().unwrap();
    assert!(list["tools"].as_array().unwrap().len() == 1 && alias.is_ascii(), "{list}");
    lines.take();
    for (asked, expected) in [
        (call("eur", "mcp:rates"), json!({ "ok": true, "reason": null })),
        (call("USD", "mcp:rates"), json!({ "ok": false, "reason": "tool_error" })),
        (call("GBP", "mcp:rates"), json!({ "ok": false, "reason": "tool_error" })),
        (call("EUR", "mcp"), json!({ "ok": false, "reason": "insufficient_scope" })),
        (
            request(Method::ToolsCall, json!({ "name": alias, "arguments": { "code": "EUR" } }), "mcp:rates"),
            json!({ "ok": true, "reason": null }),
        ),
    ] {
        let _ = stack.clone().oneshot(asked).await;
        let all = events(&lines);
        let calls: Vec<_> = all.iter().filter(|event| event["event"] == "mcp.tool.call").collect();
        assert_eq!(calls.len(), 1, "{all:?}");
        assert_eq!((&calls[0]["tool"], &calls[0]["sub"]), (&json!("курсы"), &json!("me")));
        assert_eq!(json!({ "ok": calls[0]["ok"], "reason": calls[0]["reason"] }), expected, "{all:?}");
        assert!(calls[0].get("onec_ms").is_none() && !format!("{all:?}").contains("s3cret"), "{all:?}");
        assert_eq!(all.iter().any(|event| event["event"] == "oauth.scope.denied"), all.len() == 2);
    }
    let mut answer = Box::pin(stack.oneshot(call("slow", "mcp:rates")));
    assert!(poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx).is_pending())).await);
    assert!(events(&lines).is_empty());
    drop(answer);
    assert_eq!(events(&lines)[0]["reason"], "cancelled");
}

#[tokio::test]
async fn it_is_reported_over_rest() {
    let (lines, _guard) = Lines::start();
    let rest = service_fn(|_: RestCall| ready(Err::<Response, BoxError>("1C was called".into())));
    let rest = RestService::new(catalog(), "t0ken", rest);
    for (code, status, reason) in
        [("EUR", 200, Value::Null), ("USD", 500, json!("tool_error")), ("GBP", 400, json!("validation_error"))]
    {
        let asked = http::Request::post("/rates/all").header("authorization", "Bearer t0ken");
        let asked = asked.body(Full::<Bytes>::from(json!({ "code": code }).to_string())).unwrap();
        assert_eq!(rest.clone().oneshot(asked).await.unwrap().status(), status);
        let all = events(&lines);
        assert_eq!((all.len(), &all[0]["tool"], &all[0]["reason"]), (1, &json!("курсы"), &reason), "{all:?}");
    }
}
