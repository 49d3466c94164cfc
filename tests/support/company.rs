//! The REST dialect of the stand-in infobase, called as a gateway calls it.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use onec_mcp::demo::DemoInfobase;
use serde_json::Value;

pub(crate) struct Trade {
    pub(crate) infobase: DemoInfobase,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Trade {
    /// Its today is after the last document.
    pub(crate) async fn start() -> Self {
        Self::on("2026-10-05").await
    }

    /// Its today is this day.
    pub(crate) async fn on(today: &str) -> Self {
        let infobase = DemoInfobase::builder().today(today.parse().unwrap()).start().await.unwrap();
        Self::of(infobase)
    }

    /// Its today is this day, and its slow report takes no time.
    pub(crate) async fn quick(today: &str) -> Self {
        let infobase = DemoInfobase::builder().today(today.parse().unwrap()).report_delay(Duration::ZERO);
        Self::of(infobase.start().await.unwrap())
    }

    fn of(infobase: DemoInfobase) -> Self {
        Self { infobase, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// The status, the kind and the text of the answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        scopes: Option<&str>,
        body: &str,
    ) -> (u16, String, String) {
        let login = BASE64_STANDARD.encode(format!("{}:{}", self.infobase.username(), self.infobase.password()));
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/hs/mcp/{path}", self.infobase.url()))
            .header(AUTHORIZATION, format!("Basic {login}"));
        if let Some(scopes) = scopes {
            request = request.header("X-MCP-Scopes", scopes).header("X-MCP-Sub", "director");
        }
        let request = request.body(Full::from(body.to_owned())).unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    /// The status and the JSON of the answer to a holder of these scopes.
    pub(crate) async fn ask(&self, path: &str, scopes: Option<&str>, body: &Value) -> (u16, Value) {
        let (status, kind, text) = self.send(Method::POST, path, scopes, &body.to_string()).await;
        assert_eq!(kind, "application/json; charset=utf-8", "{path} {text}");
        (status, serde_json::from_str(text.strip_prefix('\u{feff}').expect("a byte order mark")).unwrap())
    }

    /// The answer where everything is allowed.
    pub(crate) async fn answer(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(path, None, &body).await;
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }
}
