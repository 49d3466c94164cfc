//! `ScopeLayer`: who may call, and what 1C is told of the caller.

use crate::support::mcp::{Rpc, http, legacy, post, read, result, rpc};
use http::{HeaderMap, HeaderValue};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Response, RpcError, Version};
use onec_mcp::scope::{Scope, ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tower::{Layer, Service, ServiceExt};
use tower_test::mock;

/// A service that remembers the headers it was called with.
fn remembering() -> (Rpc, Arc<Mutex<Vec<HeaderMap>>>) {
    let seen: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let log = Arc::clone(&seen);
    let service = rpc(move |request: Request| {
        log.lock().unwrap().push(request.headers);
        std::future::ready(result(r#"{"tools":[]}"#))
    });
    (service, seen)
}

fn request(method: Method, params: &'static str, identity: Option<Identity>) -> Request {
    let params = Params::parse(&params.into()).unwrap();
    let mut request = Request::new(method, params, Version::V2025_11_25);
    if let Some(identity) = identity {
        request.extensions.insert(identity);
    }
    request
}

fn everything<S>(inner: S) -> Scope<S> {
    ScopeLayer::new(ScopePolicy::everything("mcp")).layer(inner)
}

#[tokio::test]
async fn onec_is_told_who_calls_and_with_which_scopes() {
    let (inner, seen) = remembering();
    for (subject, scopes) in [("onec:Иван Петров/%,\r\n", "mcp mcp:report:sales"), ("key-7", "mcp")] {
        let identity = Identity::new(subject, Scopes::parse(scopes));
        everything(inner.clone()).oneshot(request(Method::ToolsList, "{}", Some(identity))).await.unwrap();
    }
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen[0]["x-mcp-sub"],
        "onec:%D0%98%D0%B2%D0%B0%D0%BD%20%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2%2F%25%2C%0D%0A"
    );
    assert_eq!(seen[0]["x-mcp-scopes"], "mcp,mcp:report:sales");
    assert_eq!(
        (&seen[1]["x-mcp-sub"], &seen[1]["x-mcp-scopes"]),
        (&HeaderValue::from_static("key-7"), &"mcp".parse().unwrap())
    );
}

#[tokio::test]
async fn without_the_scope_or_an_identity_nothing_passes() {
    let (inner, seen) = remembering();
    let poor = Identity::new("a", Scopes::parse("mcp:resolve mcp:report:sales"));
    let calls = [Method::ToolsCall, Method::ResourcesRead, Method::PromptsGet, Method::Other("x".into())];
    // Lists are filtered for those who are known; see `scope_lists`.
    let lists = [Method::ToolsList, Method::ResourcesList, Method::ResourceTemplatesList, Method::PromptsList];
    for (identity, methods) in [
        (None, [calls.clone(), lists].concat()),
        (Some(poor), calls.to_vec()),
        (Some(Identity::new("a", Scopes::default())), calls.to_vec()),
    ] {
        for method in methods {
            let call = everything(inner.clone()).oneshot(request(method, r#"{"name":"t"}"#, identity.clone()));
            let failure = RpcError::from_error(&call.await.unwrap_err());
            assert_eq!((failure.status.as_u16(), failure.scopes), (403, Some(Scopes::parse("mcp"))));
        }
    }
    assert!(seen.lock().unwrap().is_empty(), "1C was asked");
}

/// Headers under these names come from this layer alone.
#[tokio::test]
async fn headers_of_others_under_these_names_are_dropped() {
    let (inner, seen) = remembering();
    let mut spoofed = request(Method::ToolsCall, r#"{"name":"t"}"#, None);
    for name in ["x-mcp-sub", "x-mcp-scopes"] {
        spoofed.headers.append(name, HeaderValue::from_static("admin"));
        spoofed.headers.append(name, HeaderValue::from_static("root"));
    }
    let open = ScopeLayer::new(ScopePolicy::default());
    let error = open.layer(inner.clone()).oneshot(spoofed.clone()).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, 403);
    spoofed.extensions.insert(Identity::new("me", Scopes::parse("mcp")));
    open.layer(inner).oneshot(spoofed).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "1C was asked for nobody");
    let all: Vec<_> = seen[0].iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(all, [("x-mcp-sub", "me"), ("x-mcp-scopes", "mcp")]);
}

/// The same over HTTP, where a client tries it.
#[tokio::test]
async fn clients_cannot_smuggle_headers_through_the_bridge() {
    let (inner, seen) = remembering();
    let service = http(Rpc::new(ScopeLayer::new(ScopePolicy::default()).layer(inner)));
    let smuggled = [("x-mcp-sub", "admin"), ("X-MCP-Scopes", "mcp:report:cost"), ("authorization", "Basic eDp5")];
    let mut asked = post(legacy(1, "tools/list", &json!({})), &smuggled);
    let nobody = read(service.clone().oneshot(asked.clone()).await.unwrap()).await;
    assert_eq!((nobody.code(), seen.lock().unwrap().len()), (-32603, 0));
    asked.extensions_mut().insert(Identity::new("me", Scopes::default()));
    let got = read(service.oneshot(asked).await.unwrap()).await;
    assert_eq!(got.status, 200);
    let seen = seen.lock().unwrap();
    let all: Vec<_> = seen[0].iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(all, [("x-mcp-sub", "me"), ("x-mcp-scopes", "")]);
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut service = everything(inner);
    assert!(tokio::time::timeout(std::time::Duration::ZERO, service.ready()).await.is_err());
    handle.allow(1);
    service.ready().await.unwrap();
    let identity = Identity::new("a", Scopes::parse("mcp"));
    let call = tokio::spawn(service.call(request(Method::ToolsList, "{}", Some(identity))));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(result(r#"{"tools":[]}"#).unwrap());
    call.await.unwrap().unwrap();
}

/// What fails below stays what it is.
#[tokio::test]
async fn other_failures_pass() {
    let inner = rpc(|_| std::future::ready(Err::<Response, BoxError>("broken".into())));
    let identity = Identity::new("a", Scopes::parse("mcp"));
    let error = everything(inner).oneshot(request(Method::ToolsList, "{}", Some(identity))).await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
}
