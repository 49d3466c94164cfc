//! Tests with `service_fn`: a stack without 1C, and without a network.

use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, Version};
use onec_mcp::{Identity, ScopeLayer, ScopePolicy, Scopes};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

/// A 1C that has one tool.
async fn onec(request: Request) -> Result<Response, BoxError> {
    let answer = match request.method {
        Method::ToolsList => json!({ "tools": [{ "name": "stock", "inputSchema": { "type": "object" } }] }),
        _ => json!({ "content": [{ "type": "text", "text": "17 pieces" }] }),
    };
    Ok(Response::result(Payload::parse(answer.to_string())?))
}

async fn ask(scopes: &str, method: Method, params: Value) -> Result<Value, BoxError> {
    let stack = ScopeLayer::new(ScopePolicy::everything("mcp").tool("stock", "stock")).layer(service_fn(onec));
    let params = Params::parse(&params.to_string().into()).map_err(|error| error.message)?;
    let mut request = Request::new(method, params, Version::V2025_11_25);
    request.extensions.insert(Identity::new("anna", Scopes::parse(scopes)));
    let payload = stack.oneshot(request).await?.outcome.map_err(|error| error.message)?;
    Ok(serde_json::from_slice(payload.json())?)
}

#[tokio::test]
async fn a_tool_needs_its_scope() {
    let call = || json!({ "name": "stock", "arguments": {} });
    let answer = ask("stock", Method::ToolsCall, call()).await.unwrap();
    assert_eq!(answer["content"][0]["text"], "17 pieces");
    assert!(ask("mcp", Method::ToolsCall, call()).await.is_err());
    assert_eq!(ask("mcp", Method::ToolsList, json!({})).await.unwrap(), json!({ "tools": [] }));
}
