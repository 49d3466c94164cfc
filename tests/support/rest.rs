//! Asking the REST face of a catalog, without a network.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use onec_mcp::catalog::{Catalog, Limits, Tools};
use onec_mcp::onec::RestCall;
use onec_mcp::rest::RestService;
use onec_mcp::rpc::{BoxError, Payload, Response};
use serde_json::Value;
use std::sync::{Arc, LazyLock, Mutex};
use tower::{Service, ServiceExt, service_fn};

pub(crate) const TOKEN: &str = "rest-t0ken";

/// What 1C was asked.
pub(crate) type Calls = Arc<Mutex<Vec<RestCall>>>;

pub(crate) fn trade() -> Catalog {
    static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools::trade(Limits::default()).unwrap());
    Catalog::new(TOOLS.clone())
}

/// A 1C that answers every call in the same way.
pub(crate) fn onec(
    answer: impl Fn() -> Result<Response, BoxError> + Clone + Send + 'static,
) -> (Calls, impl Service<RestCall, Response = Response, Error = BoxError, Future: Send> + Clone + Send) {
    let calls = Calls::default();
    let seen = Arc::clone(&calls);
    let service = service_fn(move |call: RestCall| {
        seen.lock().unwrap().push(call);
        std::future::ready(answer())
    });
    (calls, service)
}

pub(crate) fn object(json: &str) -> Result<Response, BoxError> {
    Ok(Response::result(Payload::parse(json.to_owned()).unwrap()))
}

/// The endpoints of the built-in tools over a 1C that answers with `json`.
pub(crate) fn service(
    json: &'static str,
) -> (Calls, RestService<impl Service<RestCall, Response = Response, Error = BoxError, Future: Send> + Clone + Send>) {
    let (calls, inner) = onec(move || object(json));
    (calls, RestService::new(trade(), TOKEN, inner))
}

pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> http::Request<Full<Bytes>> {
    let request = http::Request::post(path).header("authorization", format!("Bearer {TOKEN}"));
    request.header("content-type", "application/json").body(Full::from(body.into())).unwrap()
}

pub(crate) fn get(path: &str) -> http::Request<Full<Bytes>> {
    http::Request::get(path).header("authorization", format!("Bearer {TOKEN}")).body(Full::default()).unwrap()
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and text of an error, which is one in every respect.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |key: &str| json[key].as_str().expect("a text").to_owned();
        let (code, message) = (text("error"), text("message"));
        assert!(!message.is_empty() && self.status.as_u16() >= 400, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        let challenged = self.headers.contains_key("www-authenticate");
        assert_eq!(challenged, self.status == StatusCode::UNAUTHORIZED, "{self:?}");
        (self.status.as_u16(), code, message)
    }
}

pub(crate) async fn ask<S, B>(service: S, request: http::Request<B>) -> Answer
where
    S: Service<http::Request<B>, Response = http::Response<onec_mcp::net::Body>>,
    S::Error: std::fmt::Debug,
{
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
}
