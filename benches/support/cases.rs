//! The cases that are measured in process.

use super::answers::{self, Answer, TOOL};
use super::mock::Mock;
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::Full;
use onec_mcp::auth::{Authenticated, Bearer, BearerAuthLayer, Site, TokenValidator};
use onec_mcp::bridge::http::{JsonRpc, JsonRpcLayer};
use onec_mcp::net::Body;
use onec_mcp::onec::{DeadlineLayer, FairQueueLayer, Infobase, OneCService};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Response, ServerInfo, Version};
use onec_mcp::scope::{Scope, ScopeLayer, ScopePolicy};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use tower::Layer;
use tower::Service;

/// Which era the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Legacy,
    Modern,
}

/// One request and what 1C answers to it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    params: Value,
    pub(crate) answer: Answer,
}

impl Case {
    pub(crate) fn all() -> Vec<Self> {
        let arguments = json!({ "query": "чайник ".repeat(60), "limit": 20 });
        let call = |name, result: Value| Self::call(name, TOOL, &arguments, Answer::new(&result));
        vec![
            call("call_1KiB", answers::text(1024)),
            Self::list("list_16KiB", Answer::new(&answers::tools(16 * 1024))),
            call("text_1MiB", answers::text(1024 * 1024)),
            call("rows_1MiB", answers::rows(1024 * 1024)),
        ]
    }

    /// A call of `tool`, and what 1C answers.
    pub(crate) fn call(name: &'static str, tool: &str, arguments: &Value, answer: Answer) -> Self {
        Self { name, method: Method::ToolsCall, params: json!({ "name": tool, "arguments": arguments }), answer }
    }

    /// A question for the list of tools.
    pub(crate) fn list(name: &'static str, answer: Answer) -> Self {
        Self { name, method: Method::ToolsList, params: json!({}), answer }
    }

    /// The bytes of the answer, for the throughput.
    pub(crate) fn size(&self) -> usize {
        self.answer.parts().0.len()
    }

    /// The call as the leaf gets it.
    pub(crate) fn rpc(&self) -> Request {
        let params = Params::parse(&self.params.to_string().into()).unwrap();
        Request::new(self.method.clone(), params, Version::NEWEST_LEGACY)
    }

    /// The call as it comes in over HTTP.
    pub(crate) fn http(&self, era: Era) -> http::Request<Full<Bytes>> {
        let mut params = self.params.clone();
        let mut request = http::Request::post("/mcp")
            .header("host", "127.0.0.1:8000")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("user-agent", "bench/1.0");
        let version = match era {
            Era::Legacy => "2025-11-25",
            Era::Modern => {
                params["_meta"] = json!({
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": {},
                });
                request = request.header("mcp-method", self.method.as_str());
                if let Some(tool) = self.params["name"].as_str() {
                    request = request.header("mcp-name", tool);
                }
                "2026-07-28"
            }
        };
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": self.method.as_str(), "params": params });
        request.header("mcp-protocol-version", version).body(Full::new(body.to_string().into())).unwrap()
    }

    fn mock(&self) -> Mock {
        let list = match self.method {
            Method::ToolsList => self.answer.clone(),
            _ => Answer::new(&answers::tools(0)),
        };
        Mock::new(self.answer.clone(), list)
    }

    pub(crate) fn infobase() -> Infobase {
        Infobase::new("http://localhost/base").unwrap().basic("Администратор", "secret")
    }

    /// The leaf alone.
    pub(crate) fn leaf(&self) -> OneCService<Mock> {
        OneCService::with_client(Self::infobase(), self.mock()).unwrap()
    }

    /// The bridge over the leaf.
    pub(crate) fn stack(&self) -> JsonRpc<OneCService<Mock>> {
        JsonRpcLayer::new(ServerInfo::default()).layer(self.leaf())
    }

    /// The bridge over the leaf with the queue and the deadline of the default client between leaf
    /// and mock.
    pub(crate) fn limited(
        &self,
    ) -> JsonRpc<impl Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + use<>>
    {
        let client = FairQueueLayer::new(16).layer(DeadlineLayer.layer(self.mock()));
        JsonRpcLayer::new(ServerInfo::default()).layer(OneCService::with_client(Self::infobase(), client).unwrap())
    }

    /// The bridge over the leaf with the scope layer between them, and the bearer layer in front.
    pub(crate) fn protected<V: TokenValidator>(
        &self,
        validator: V,
    ) -> Authenticated<JsonRpc<Scope<OneCService<Mock>>>, Bearer<V>> {
        let scoped = ScopeLayer::new(ScopePolicy::everything("mcp")).layer(self.leaf());
        let bridge = JsonRpcLayer::new(ServerInfo::default()).layer(scoped);
        let site = Site::new().public_url(&"https://1c.example".parse().unwrap());
        BearerAuthLayer::new(validator).site(site).layer(bridge)
    }

    /// The call with a bearer token.
    pub(crate) fn with_token(&self, era: Era, token: &str) -> http::Request<Full<Bytes>> {
        let mut request = self.http(era);
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// 1C alone: what the mock itself costs.
    pub(crate) fn mock_call(&self) -> (Mock, http::Request<Bytes>) {
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"{}\",", self.method.as_str());
        (self.mock(), http::Request::new(body.into()))
    }
}

/// Calls a service as its contract says: ready first.
pub(crate) async fn call<S, R>(service: &mut S, request: R) -> S::Response
where
    S: Service<R, Error: std::fmt::Debug>,
{
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    service.call(request).await.unwrap()
}

/// Calls over HTTP and takes the answer piece by piece, as a connection does. Gives its length.
pub(crate) async fn exchange<S>(service: &mut S, request: http::Request<Full<Bytes>>) -> usize
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<Body>, Error: std::fmt::Debug>,
{
    let answer = call(service, request).await;
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let mut length = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        length += frame.unwrap().into_data().map_or(0, |piece| std::hint::black_box(piece).len());
    }
    length
}
