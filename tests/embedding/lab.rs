//! The application of the recipes, with what its users know.

use crate::house::{self, House, ISSUER, Settings, metrics::Metrics};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use onec_mcp::demo::{DemoInfobase, User};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt;

pub(crate) const BASE: &str = "https://house.example";
/// The private key of RFC 8037, appendix A.1, whose public key the application knows.
const PRIVATE: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

/// The application, and its infobases.
pub(crate) struct Lab {
    pub(crate) house: House,
    pub(crate) metrics: Metrics,
    /// Those of trade and payroll.
    pub(crate) demos: [DemoInfobase; 2],
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::at(BASE).await
    }

    pub(crate) async fn at(base: &str) -> Self {
        let (trade, payroll) = (DemoInfobase::start().await.unwrap(), DemoInfobase::start().await.unwrap());
        let metrics = Metrics::default();
        let house = house::new(Settings {
            base: base.parse().unwrap(),
            trade: &trade,
            payroll: &payroll,
            access: Duration::from_secs(3600),
            metrics: metrics.clone(),
            keys: house::jwt::keys_of_the_example(),
        });
        Self { house: house.unwrap(), metrics, demos: [trade, payroll] }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.house.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A message to an MCP endpoint, or arguments to a report.
    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::post(path)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A token of the infobase below `prefix`, by the password of a user of the demo.
    pub(crate) async fn log_in(&self, prefix: &str) -> String {
        let user = &self.demos[0].users()[0];
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("grant_type", "password"), ("username", user.name), ("password", user.password)])
            .finish();
        let request =
            Request::post(format!("{prefix}/token")).header("content-type", "application/x-www-form-urlencoded");
        let answer = self.ask(request.body(Body::from(form)).unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

/// The application on a port of its own.
pub(crate) struct Served {
    pub(crate) base: String,
    _tasks: JoinSet<()>,
    lab: Lab,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let lab = Lab::at(&base).await;
        let router = lab.house.router.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { house::serve::serve(listener, router, std::future::pending()).await.unwrap() });
        Self { base, _tasks: tasks, lab }
    }

    /// A user of both infobases.
    pub(crate) fn user(&self) -> &'static User {
        &self.lab.demos[0].users()[0]
    }
}

pub(crate) fn list() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })
}

pub(crate) fn call(tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

pub(crate) fn names(list: &Answer) -> Vec<String> {
    let list = list.json();
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// The claims of a good token of the house.
pub(crate) fn claims(tenant: &str, scope: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": format!("{BASE}/api/v1/1c/mcp"), "sub": "anna", "scope": scope, "tenant": tenant,
        "exp": get_current_timestamp() + 60,
    })
}

/// A token of the house, signed as its identity provider does.
pub(crate) fn signed(claims: &Value) -> String {
    // PKCS #8 (RFC 8410, section 7) around the seed.
    let mut key = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    key.extend(URL_SAFE_NO_PAD.decode(PRIVATE).unwrap());
    let header = Header { kid: Some("house-1".to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, &EncodingKey::from_ed_der(&key)).unwrap()
}
