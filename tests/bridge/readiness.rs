//! The services keep tower's contract: asked for readiness before each call, shared and sent freely.

use crate::support::mcp::{self, Rpc, legacy, modern, post, read, server};
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use onec_mcp::Bridge;
use onec_mcp::bridge::http::{JsonRpc, JsonRpcLayer, ResponseFuture};
use onec_mcp::bridge::sse::{LegacySse, LegacySseLayer};
use onec_mcp::bridge::stdio;
use onec_mcp::net::{Body, HostLayer, Hosts, Lingering, OriginPolicy, Unread, Watched, Watching};
use onec_mcp::rpc::{Encoded, ErrorObject, Id, Method, Params, Payload, Request, Response, RpcError, ServerInfo};
use serde_json::json;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tower::{Layer, Service, ServiceExt};
use tower_test::mock::{self, Mock};

type Inner = Mock<Request, Response>;

fn payload() -> Response {
    Payload::parse(r#"{"tools":[]}"#).map_err(ErrorObject::from).into()
}

#[tokio::test]
async fn the_bridge_is_ready_while_the_inner_service_is_not() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut http: JsonRpc<Inner> = JsonRpcLayer::new(server()).layer(inner);
    let ready = ServiceExt::<http::Request<Full<Bytes>>>::ready(&mut http).await;
    assert!(ready.is_ok());
    // What needs no 1C is answered all the same.
    let answer = http.call(post(legacy(1, "ping", &json!({})), &[])).await.unwrap();
    assert_eq!(read(answer).await.status, 200);
    let answer = http.call(post("nonsense", &[])).await.unwrap();
    assert_eq!(read(answer).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_until_the_inner_service_is_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let http: JsonRpc<Inner> = JsonRpcLayer::new(server()).layer(inner);
    let mut call = pin!(http.clone().oneshot(post(legacy(1, "tools/list", &json!({})), &[])));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut call).await.is_err());
    let mut next = pin!(handle.next_request());
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut next).await.is_err(), "called before it was ready");

    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(1);
    let http: JsonRpc<Inner> = JsonRpcLayer::new(server()).layer(inner);
    let serve = async {
        let (request, answer) = handle.next_request().await.unwrap();
        assert_eq!(request.method, Method::ToolsList);
        answer.send_response(payload());
    };
    let (answer, ()) = tokio::join!(http.oneshot(post(legacy(1, "tools/list", &json!({})), &[])), serve);
    assert_eq!(read(answer.unwrap()).await.result(), json!({ "tools": [] }));
}

#[tokio::test]
async fn each_inner_call_has_its_own_readiness() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    let http: JsonRpc<Inner> = JsonRpcLayer::new(server()).layer(inner);
    // A modern tools/call asks for the list of tools first: two calls, both after `poll_ready`.
    let serve = async {
        for expected in [Method::ToolsList, Method::ToolsCall] {
            let (request, answer) = handle.next_request().await.unwrap();
            assert_eq!(request.method, expected);
            answer.send_response(payload());
        }
    };
    let call = http.oneshot(modern("tools/call", json!({ "name": "a" })));
    let (answer, ()) = tokio::join!(call, serve);
    assert_eq!(read(answer.unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_service_that_fails_to_get_ready_is_an_error_answer() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    let http: JsonRpc<Inner> = JsonRpcLayer::new(server()).layer(inner);
    handle.send_error(RpcError::overloaded());
    let answer = http.oneshot(post(legacy(1, "tools/list", &json!({})), &[])).await.unwrap();
    let got = read(answer).await;
    assert_eq!(got.status, 503, "{got:?}");
    assert!(got.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_an_answer_of_its_own() {
    let http = mcp::http(mcp::rpc(|_| async { Err("secret of the house".into()) }));
    let got = mcp::send(&http, modern("tools/list", json!({}))).await;
    assert_eq!((got.status, got.code()), (500, -32603));
    assert!(!got.text.contains("secret"), "{}", got.text);
    let got = mcp::send(&http, post(legacy(1, "tools/list", &json!({})), &[])).await;
    assert_eq!((got.status, got.code()), (200, -32603));
}

/// The layers around the bridge ask the service beneath, and no other than the one that they call.
#[tokio::test]
async fn what_stands_before_all_endpoints_waits_for_them() {
    fn stack(inner: Mock<http::Request<Watched<Full<Bytes>>>, http::Response<Full<Bytes>>>) -> impl Asked {
        Unread::default().layer(HostLayer::default().layer(inner))
    }
    let (inner, mut handle) = mock::pair();
    handle.allow(0);
    let mut service = stack(inner);
    assert!(pin!(service.ready()).now_or_never().is_none(), "ready before the service beneath");
    handle.allow(1);
    service.ready().await.unwrap();
    let serve = async {
        let (request, answer) = handle.next_request().await.unwrap();
        assert_eq!(request.uri().path(), "/mcp");
        answer.send_response(http::Response::default());
    };
    let request = http::Request::post("/mcp").header("host", "any.example").body(Full::default()).unwrap();
    let (answer, ()) = tokio::join!(service.call(request), serve);
    assert_eq!(answer.unwrap().status(), 200);
}

trait Asked: Service<http::Request<Full<Bytes>>, Response = http::Response<Full<Bytes>>, Error: std::fmt::Debug> {}
impl<S: Service<http::Request<Full<Bytes>>, Response = http::Response<Full<Bytes>>, Error: std::fmt::Debug>> Asked
    for S
{
}

const fn shared<T: Clone + Send + Sync + 'static>() {}
const fn sent<T: Send + 'static>() {}

/// Checked by the compiler.
const _: () = {
    shared::<JsonRpc<Rpc>>();
    shared::<LegacySse<Rpc>>();
    shared::<JsonRpcLayer>();
    shared::<LegacySseLayer>();
    shared::<OriginPolicy>();
    shared::<HostLayer>();
    shared::<Hosts<Rpc>>();
    shared::<Unread>();
    shared::<Watching<Rpc>>();
    sent::<Lingering<tokio::net::TcpStream>>();
    sent::<Watched<Full<Bytes>>>();
    shared::<Bridge>();
    shared::<ServerInfo>();
    shared::<Request>();
    shared::<Response>();
    shared::<Params>();
    shared::<Payload>();
    shared::<Encoded>();
    shared::<ErrorObject>();
    shared::<RpcError>();
    shared::<Id>();
    sent::<Body>();
    sent::<ResponseFuture<Rpc, Full<Bytes>>>();
    sent::<stdio::Lines>();
};

/// What servers such as axum and hyper want of a service.
fn is_http_service<S>(_: &S)
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<Body>, Error = Infallible> + Clone + Send + Sync,
    S::Future: Send + 'static,
{
}

#[tokio::test]
async fn the_services_fit_into_servers() {
    is_http_service(&mcp::http(mcp::always("{}")));
    is_http_service(&LegacySseLayer::new(server(), "/sse/messages/").layer(mcp::always("{}")));
    fn is_send<F: Future + Send>(_: &F) {}
    is_send(&stdio::serve(server(), mcp::always("{}"), tokio::io::empty(), tokio::io::sink()));
}
