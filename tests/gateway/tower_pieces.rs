//! Each service of the stack serves one type of request, so tower's own pieces stand wherever somebody wants them.

use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits};
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::onec::RestCall;
use onec_mcp::rest::RestService;
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::retry::{Policy, Retry};
use tower::timeout::Timeout;
use tower::util::BoxCloneService;
use tower::{Layer, ServiceExt, service_fn};
use tower_test::mock;

type Boxed<Q> = BoxCloneService<Q, Response, BoxError>;
type Rpc = Boxed<Request>;
type Rest = Boxed<RestCall>;
type Piece<Q> = (&'static str, fn(Boxed<Q>) -> Boxed<Q>);

/// Tries again what failed, once.
#[derive(Clone)]
struct Again(bool);

impl<Q: Clone> Policy<Q, Response, BoxError> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Q, result: &mut Result<Response, BoxError>) -> Option<Ready<()>> {
        (result.is_err() && std::mem::take(&mut self.0)).then(|| ready(()))
    }

    fn clone_request(&mut self, asked: &Q) -> Option<Q> {
        Some(asked.clone())
    }
}

fn pieces<Q: Clone + Send + 'static>() -> Vec<Piece<Q>> {
    vec![
        ("buffer", |inner| Boxed::new(Buffer::new(inner, 8))),
        ("timeout", |inner| Boxed::new(Timeout::new(inner, Duration::from_secs(60)))),
        ("limit", |inner| Boxed::new(ConcurrencyLimit::new(inner, 1))),
        ("load_shed", |inner| Boxed::new(LoadShed::new(inner))),
        ("retry", |inner| Boxed::new(Retry::new(Again(true), inner))),
        ("map_request", |inner| Boxed::new(inner.map_request(|asked| asked))),
        ("service_fn", |inner| Boxed::new(service_fn(move |asked| inner.clone().oneshot(asked)))),
    ]
}

/// A layer of the stack, from the inside out. The catalog calls its tools by the handle.
type Level = (&'static str, fn(Rpc, &Rest) -> Rpc);

const LEVELS: [Level; 7] = [
    ("cache", |inner, _| Rpc::new(CacheLayer::new().lists(Duration::from_secs(60)).layer(inner))),
    ("catalog", |inner, rest| Rpc::new(CatalogLayer::new(trade(), rest.clone()).layer(inner))),
    ("confirm", |inner, _| Rpc::new(ConfirmLayer::new().layer(inner))),
    ("scope", |inner, _| Rpc::new(ScopeLayer::new(ScopePolicy::default()).layer(inner))),
    ("check", |inner, _| Rpc::new(CheckLayer::new().layer(inner))),
    ("audit", |inner, _| Rpc::new(AuditLayer::new().layer(inner))),
    ("alias", |inner, _| Rpc::new(AliasLayer::new().layer(inner))),
];

fn trade() -> Catalog {
    Catalog::trade(Limits::default()).unwrap()
}

fn answer(json: &'static str) -> Result<Response, BoxError> {
    Ok(Response::result(Payload::parse(json)?))
}

/// 1C in both dialects, which fails so many times before it answers.
fn onec(failures: usize) -> (Rpc, Rest) {
    let left = Arc::new(AtomicUsize::new(failures));
    let fails = move || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    let rest_fails = fails.clone();
    let rpc = service_fn(move |request: Request| {
        ready(match request.method {
            Method::ToolsList => answer(r#"{"tools":[{"name":"own","inputSchema":{"type":"object"}}]}"#),
            _ if fails() => Err("out of order".into()),
            _ => answer(r#"{"content":[{"type":"text","text":"own"}]}"#),
        })
    });
    let rest = service_fn(move |_: RestCall| {
        ready(if rest_fails() { Err("out of order".into()) } else { answer(r#"{"columns":[],"rows":[]}"#) })
    });
    (Rpc::new(rpc), Rest::new(rest))
}

async fn ask(stack: &Rpc, method: Method, params: Value) -> Result<Value, BoxError> {
    let mut request = Request::new(method, Params::parse(&params.to_string().into()).unwrap(), Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse("mcp mcp:report:stock")));
    let answer = stack.clone().oneshot(request).await?;
    Ok(serde_json::from_slice(answer.outcome.map_err(|error| error.message)?.json())?)
}

/// Its list, a tool of 1C and one of the catalog.
async fn whole(stack: Rpc, what: &str) {
    let list = ask(&stack, Method::ToolsList, json!({})).await.unwrap();
    assert!(list["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "own"), "{what}: {list}");
    for (tool, expected) in [("own", "own"), ("stock_balance", "rows")] {
        let got = ask(&stack, Method::ToolsCall, json!({ "name": tool, "arguments": {} })).await;
        let got = got.unwrap_or_else(|error| panic!("{what}, {tool}: {error}"));
        assert!(got["content"][0]["text"].as_str().unwrap().contains(expected), "{what}: {got}");
    }
}

#[tokio::test]
async fn around_every_layer() {
    for (name, piece) in pieces() {
        // 0 is around the leaf.
        for place in 0..=LEVELS.len() {
            let (leaf, rest) = onec(usize::from(name == "retry" && place > 0));
            let beneath = if place == 0 { piece(leaf) } else { leaf };
            let mut stack = beneath;
            for (at, (_, level)) in LEVELS.into_iter().enumerate() {
                stack = level(stack, &rest);
                stack = if at + 1 == place { piece(stack) } else { stack };
            }
            whole(stack, &format!("{name} at {place}")).await;
        }
    }
}

#[tokio::test]
async fn around_the_handle_of_the_catalog() {
    for (name, piece) in pieces() {
        let (leaf, rest) = onec(usize::from(name == "retry"));
        let rest = piece(rest);
        let stack = Gateway::builder(leaf)
            .without_authentication()
            .cache(CacheLayer::new())
            .catalog(CatalogLayer::new(trade(), rest.clone()));
        let stack = Rpc::new(stack.build());
        let got = ask(&stack, Method::ToolsCall, json!({ "name": "stock_balance", "arguments": {} })).await.unwrap();
        assert_eq!(got["structuredContent"], json!({ "columns": [], "rows": [] }), "{name}");
        // And of the endpoints for programs.
        let rest = RestService::new(trade(), "t0ken", rest);
        let asked = http::Request::post("/reports/stock").header("authorization", "Bearer t0ken");
        let asked = asked.header("content-type", "application/json");
        let got = rest.oneshot(asked.body(http_body_util::Full::<bytes::Bytes>::from("{}")).unwrap()).await.unwrap();
        assert_eq!(got.status(), 200, "{name}");
    }
}

/// Each layer by itself over tower's mock, which panics where a service is called that is not ready.
#[tokio::test]
async fn over_a_mock() {
    for (name, level) in LEVELS {
        let (mock, mut handle) = mock::pair::<Request, Response>();
        let stack = level(Rpc::new(mock), &onec(0).1);
        let serve = async {
            let (_, send) = handle.next_request().await.unwrap();
            send.send_response(answer(r#"{"tools":[{"name":"own","inputSchema":{"type":"object"}}]}"#).unwrap());
        };
        let (list, ()) = tokio::join!(ask(&stack, Method::ToolsList, json!({})), serve);
        assert!(list.unwrap().to_string().contains("\"own\""), "{name}");
        handle.send_error(RpcError::overloaded());
        let error = ask(&stack, Method::ToolsCall, json!({ "name": "own" })).await.unwrap_err();
        assert_eq!(RpcError::from_error(&error).status, 503, "{name}");
    }
    let (mock, mut handle) = mock::pair::<RestCall, Response>();
    let stack = Rpc::new(CatalogLayer::new(trade(), mock).layer(onec(0).0));
    let serve = async {
        let (call, send) = handle.next_request().await.unwrap();
        assert_eq!(&*call.path, "reports/stock");
        send.send_response(answer(r#"{"columns":[],"rows":[]}"#).unwrap());
    };
    let asked = ask(&stack, Method::ToolsCall, json!({ "name": "stock_balance", "arguments": {} }));
    let (got, ()) = tokio::join!(asked, serve);
    assert!(got.is_ok());
}
