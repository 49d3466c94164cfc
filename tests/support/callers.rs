//! The whole stack over the demo infobase, and callers of every kind over every transport.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use crate::support::mcp::{Events, Got, MODERN, Rpc, legacy, modern_with, post, read, rpc, server, with_meta};
use http_body_util::Full;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::auth::{AuthError, BearerAuthLayer, Presented, Site};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::bridge::sse::LegacySseLayer;
use onec_mcp::bridge::stdio;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits};
use onec_mcp::demo::DemoInfobase;
use onec_mcp::net::Body;
use onec_mcp::onec::{self, OneCService};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt};

pub(crate) const EACH: [&str; 7] = [
    "mcp",
    "mcp:admin:eventlog",
    "mcp:report:cost",
    "mcp:report:money",
    "mcp:report:sales",
    "mcp:report:stock",
    "mcp:resolve",
];

type Web = BoxCloneSyncService<http::Request<Full<bytes::Bytes>>, http::Response<Body>, Infallible>;
type Known = Arc<Mutex<HashMap<String, Identity>>>;

pub(crate) fn all() -> String {
    EACH.join(" ")
}

/// All but one.
pub(crate) fn all_but(scope: &str) -> String {
    EACH.iter().copied().filter(|other| *other != scope).collect::<Vec<_>>().join(" ")
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A name that no other caller has, and as 1C is told it.
pub(crate) fn somebody() -> (String, String) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    (format!("Кассир-{number}-"), format!("%D0%9A%D0%B0%D1%81%D1%81%D0%B8%D1%80-{number}-"))
}

/// A way of clients to the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Http(&'static str),
    Stdio(&'static str),
    Sse,
}

impl Over {
    /// Whether a refusal makes the client ask its user for more scopes.
    pub(crate) fn steps_up(self) -> bool {
        matches!(self, Self::Http("2025-11-25" | MODERN))
    }

    fn params(self, params: Value, meta: &Value) -> Value {
        match self {
            Self::Stdio(MODERN) => with_meta(params, meta),
            _ if meta.as_object().is_some_and(|meta| !meta.is_empty()) => {
                let mut params = params;
                params["_meta"] = meta.clone();
                params
            }
            _ => params,
        }
    }
}

/// What reached 1C, other than lists that the gateway may ask for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// The method of the RPC dialect, and the tool.
    pub(crate) method: String,
    pub(crate) body: Value,
    pub(crate) sub: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) text: String,
}

/// An answer over whatever transport.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Of HTTP alone.
    pub(crate) status: Option<u16>,
    pub(crate) challenge: Option<String>,
    pub(crate) json: Value,
}

impl Heard {
    fn plain(json: Value) -> Self {
        Self { status: None, challenge: None, json }
    }

    #[track_caller]
    pub(crate) fn result(&self) -> &Value {
        assert!(self.json["error"].is_null() && self.status.is_none_or(|status| status == 200), "{self:?}");
        &self.json["result"]
    }

    pub(crate) fn is_good(&self) -> bool {
        let result = &self.json["result"];
        self.status.is_none_or(|status| status == 200) && result.is_object() && result["isError"] != json!(true)
    }

    /// What is told of a refusal, as the transport tells it.
    #[track_caller]
    pub(crate) fn refused(&self, over: Over) -> String {
        if over.steps_up() {
            assert_eq!(self.status, Some(403), "{self:?}");
            assert!(self.json["result"].is_null(), "{self:?}");
            return self.json["error"]["message"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned();
        }
        let result = self.result();
        assert_eq!((&result["isError"], &result["structuredContent"]), (&json!(true), &Value::Null), "{self:?}");
        assert_eq!(self.challenge, None);
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

/// The stack over an infobase of its own.
pub(crate) struct Lab {
    pub(crate) infobase: DemoInfobase,
    pub(crate) rpc: Rpc,
    known: Known,
    http: Web,
    sse: Web,
    bare: Web,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::with(Some(CacheLayer::new().lists(Duration::from_secs(60)))).await
    }

    pub(crate) async fn with(cache: Option<CacheLayer>) -> Self {
        Self::build(cache, Some(ScopePolicy::everything("mcp"))).await
    }

    /// Everybody may do everything.
    pub(crate) async fn open() -> Self {
        Self::build(None, None).await
    }

    async fn build(cache: Option<CacheLayer>, policy: Option<ScopePolicy>) -> Self {
        let builder = DemoInfobase::builder().report_delay(Duration::ZERO).today("2026-10-05".parse().unwrap());
        let infobase = builder.start().await.unwrap();
        let login = onec::Infobase::new(infobase.url()).unwrap().basic(infobase.username(), infobase.password());
        let onec = OneCService::new(login).unwrap();
        let rest = onec.rest();
        let builder = Gateway::builder(onec);
        let builder = match policy {
            Some(policy) => builder.scopes(policy),
            None => builder.without_authentication(),
        };
        let gateway = builder
            .aliases(AliasLayer::new())
            .audit(AuditLayer::new())
            .catalog(CatalogLayer::new(Catalog::trade(Limits::default()).unwrap(), rest))
            .cache(cache)
            .build();
        let rpc = Rpc::new(gateway);
        let known = Known::default();
        let http = Web::new(bearer(&known).layer(JsonRpcLayer::new(server()).layer(rpc.clone())));
        let sse = Web::new(bearer(&known).layer(LegacySseLayer::new(server(), "/sse/messages/").layer(rpc.clone())));
        let bare = Web::new(JsonRpcLayer::new(server()).layer(rpc.clone()));
        Self { infobase, rpc, known, http, sse, bare }
    }

    /// One request, with a token of this caller; of nobody where there is no authentication at all.
    pub(crate) async fn ask(&self, over: Over, who: Option<&Identity>, method: &str, params: Value) -> Heard {
        self.ask_with(over, who, method, params, &json!({}), &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        over: Over,
        who: Option<&Identity>,
        method: &str,
        params: Value,
        meta: &Value,
        headers: &[(&'static str, &str)],
    ) -> Heard {
        let mut request = match over {
            Over::Http(MODERN) => modern_with(method, params, meta),
            Over::Http(version) => {
                post(legacy(1, method, &over.params(params, meta)), &[("mcp-protocol-version", version)])
            }
            Over::Stdio(version) => return self.piped(version, who, method, over.params(params, meta)).await,
            Over::Sse => return self.streamed(who, method, over.params(params, meta), headers).await,
        };
        self.dress(&mut request, who, headers);
        let service = if who.is_some() { &self.http } else { &self.bare };
        of_http(read(service.clone().oneshot(request).await.unwrap()).await)
    }

    fn dress<B>(&self, request: &mut http::Request<B>, who: Option<&Identity>, headers: &[(&'static str, &str)]) {
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        if let Some(who) = who {
            let token = format!("token-{}", NEXT.fetch_add(1, Ordering::Relaxed));
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            self.known.lock().unwrap().insert(token, who.clone());
        }
    }

    async fn piped(&self, version: &str, who: Option<&Identity>, method: &str, params: Value) -> Heard {
        let mut client = self.pipe(who);
        if version != MODERN {
            let hello = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
            let hello = client.ask(&legacy(0, "initialize", &hello)).await;
            assert_eq!(hello["result"]["protocolVersion"], version, "{hello}");
        }
        Heard::plain(client.ask(&legacy(1, method, &params)).await)
    }

    /// The stack over standard streams, all of it for one caller.
    pub(crate) fn pipe(&self, who: Option<&Identity>) -> Pipe {
        let (inner, who) = (self.rpc.clone(), who.cloned());
        let service = rpc(move |mut request| {
            if let Some(who) = &who {
                request.extensions.insert(who.clone());
            }
            inner.clone().oneshot(request)
        });
        let ((to, input), (output, from)) = (duplex(1 << 16), duplex(1 << 16));
        tokio::spawn(stdio::serve(server(), service, input, output));
        Pipe { to, from: BufReader::new(from) }
    }

    async fn streamed(
        &self,
        who: Option<&Identity>,
        method: &str,
        params: Value,
        headers: &[(&'static str, &str)],
    ) -> Heard {
        let mut open = http::Request::get("/sse").header("accept", "text/event-stream").body(Full::default()).unwrap();
        self.dress(&mut open, who, &[]);
        let mut events = Events::of(self.sse.clone().oneshot(open).await.unwrap());
        let first = events.next().await.unwrap();
        let path = first.strip_prefix("event: endpoint\ndata: ").unwrap().to_owned();
        events.talk.says(legacy(1, method, &params).as_bytes());
        let mut message = post(legacy(1, method, &params), &[]);
        *message.uri_mut() = path.parse().unwrap();
        self.dress(&mut message, who, headers);
        let got = read(self.sse.clone().oneshot(message).await.unwrap()).await;
        assert_eq!(got.status, 202, "{got:?}");
        Heard::plain(events.message().await.unwrap())
    }

    /// What 1C was asked by the caller whom it knows under this name.
    pub(crate) fn asked(&self, sub: Option<&str>) -> Vec<Asked> {
        let requests = self.infobase.requests().into_iter();
        let asked = requests.map(|request| {
            let values = |name: &str| -> Vec<String> {
                request.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
            };
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            Asked {
                path: request.path.clone(),
                method: body["method"].as_str().unwrap_or_default().to_owned(),
                sub: values("x-mcp-sub"),
                scopes: values("x-mcp-scopes"),
                text: format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body)),
                body,
            }
        });
        asked.filter(|asked| asked.sub.first().map(String::as_str) == sub).collect()
    }

    /// The same without lists of tools.
    pub(crate) fn called(&self, sub: Option<&str>) -> Vec<Asked> {
        self.asked(sub).into_iter().filter(|asked| asked.method != "tools/list").collect()
    }
}

/// A client of the stack over standard streams.
pub(crate) struct Pipe {
    to: DuplexStream,
    from: BufReader<DuplexStream>,
}

impl Pipe {
    pub(crate) async fn ask(&mut self, line: &str) -> Value {
        self.to.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).await.unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }
}

fn bearer(known: &Known) -> BearerAuthLayer<impl onec_mcp::auth::TokenValidator> {
    let known = Arc::clone(known);
    let validate = move |presented: Presented<'_>| {
        let found = known.lock().unwrap().get(presented.token).cloned();
        std::future::ready(found.ok_or(AuthError::Unknown))
    };
    BearerAuthLayer::new(validate).site(Site::new()).scopes(Scopes::parse("mcp"))
}

fn of_http(got: Got) -> Heard {
    let challenge = got.headers.get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    Heard { status: Some(got.status), challenge, json: serde_json::from_str(&got.text).unwrap() }
}
