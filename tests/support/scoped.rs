//! What the tests of scopes share: callers, requests, and a 1C that answers what a test wants.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use crate::support::mcp::{Rpc, result, rpc};
use onec_mcp::rpc::{Method, Param, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{Guard, Scope, ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::{Layer, ServiceExt};

pub(crate) const LISTS: [(Method, &str, &str); 4] = [
    (Method::ToolsList, "tools", "name"),
    (Method::PromptsList, "prompts", "name"),
    (Method::ResourcesList, "resources", "uri"),
    (Method::ResourceTemplatesList, "resourceTemplates", "uriTemplate"),
];

pub(crate) fn request(method: Method, params: &str, scopes: &str) -> Request {
    let mut request = anonymous(method, params);
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    request
}

pub(crate) fn anonymous(method: Method, params: &str) -> Request {
    Request::new(method, Params::parse(&params.to_owned().into()).unwrap(), Version::V2025_11_25)
}

/// A 1C that counts what reaches it, and answers every list with this.
pub(crate) fn onec(list: &str) -> (Rpc, Arc<AtomicUsize>) {
    let reached = Arc::<AtomicUsize>::default();
    let (counter, list) = (Arc::clone(&reached), list.to_owned());
    let service = rpc(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::ready(result(list.clone()))
    });
    (service, reached)
}

/// The scopes that are missing for a request, or `None` if it reaches 1C.
pub(crate) async fn missing(policy: &ScopePolicy, request: Request) -> Option<String> {
    let (onec, reached) = onec(r#"{"tools":[],"prompts":[],"resources":[],"resourceTemplates":[]}"#);
    let answer = ScopeLayer::new(policy.clone()).layer(onec).oneshot(request).await;
    assert_eq!(reached.load(Ordering::SeqCst), usize::from(answer.is_ok()));
    answer.err().map(|error| {
        let failure = RpcError::from_error(&error);
        assert_eq!(failure.status, 403, "{failure}");
        failure.scopes.map(|scopes| scopes.to_string()).unwrap_or_default()
    })
}

pub(crate) async fn listed(service: &Scope<Rpc>, method: Method, scopes: &str) -> Payload {
    let response: Response = service.clone().oneshot(request(method, "{}", scopes)).await.unwrap();
    response.outcome.unwrap()
}

pub(crate) fn value(payload: &Payload) -> Value {
    serde_json::from_slice(payload.json()).unwrap()
}

pub(crate) fn guard(field: &str, values: &[&str], scope: &str) -> Guard {
    Guard::new("sales", field, values.iter().copied(), scope)
}

/// A call of the tool that is guarded.
pub(crate) fn sales(arguments: &str, scopes: &str) -> Request {
    let request = request(Method::ToolsCall, &format!(r#"{{"name":"sales","arguments":{arguments}}}"#), scopes);
    // A null is as absent.
    assert_eq!(request.params.raw(Param::Arguments), Some(arguments.as_bytes()).filter(|raw| *raw != b"null"));
    request
}
