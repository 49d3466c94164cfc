//! The whole stack over a 1C that remembers what it was sent, asked through each of its doors.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use super::fault::{Act, Faulty, Seen, ok};
use super::mcp::{self, MODERN};
use super::rest;
use http::HeaderMap;
use http_body_util::Full;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::{CacheLayer, RestCache};
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::onec::{OneCRest, OneCService};
use onec_mcp::rest::RestService;
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity};
use serde_json::{Value, json};
use std::sync::Mutex;
use tower::Layer;
use tower::util::BoxCloneSyncService;

/// What fits every report and every resolver.
pub(crate) const NOTHING: &str = r#"{"columns":[],"rows":[],"candidates":[]}"#;
pub(crate) const EMPTY: &[(&str, &str)] = &[];

/// Where a call comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Mcp(&'static str),
    Rest,
}

pub(crate) const MCP: [Door; 2] = [Door::Mcp("2025-11-25"), Door::Mcp(MODERN)];

/// What came back: the text of a tool or of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    /// `isError`, or the code of an error.
    pub(crate) error: Option<String>,
    pub(crate) text: String,
}

pub(crate) struct Doors {
    pub(crate) server: Faulty,
    tools: Tools,
    mcp: mcp::Http,
    rest: RestService<RestCache<OneCRest>>,
}

impl Doors {
    /// Everybody may do everything, and nothing is remembered, so that each call can be seen.
    pub(crate) async fn open(limits: Limits) -> Self {
        Self::new([ok(NOTHING)], limits, None, CacheLayer::new().max_entries(0)).await
    }

    pub(crate) async fn new(
        script: impl Into<Vec<Act>>,
        limits: Limits,
        policy: Option<ScopePolicy>,
        cache: CacheLayer,
    ) -> Self {
        let server = Faulty::start(script).await;
        let onec = OneCService::new(server.infobase().basic("Служба", "пароль")).unwrap();
        let handle = onec.rest();
        let leaf = cache.layer(onec);
        let handle = leaf.rest(handle);
        let tools = trade(limits);
        let catalog = Catalog::new(tools.clone());
        let rest = RestService::new(catalog.clone(), rest::TOKEN, handle.clone());
        let layer = CatalogLayer::new(catalog, handle).rpc(false);
        let stack = Gateway::builder(leaf).aliases(AliasLayer::new()).audit(AuditLayer::new()).catalog(layer);
        let rpc = match policy {
            Some(policy) => BoxCloneSyncService::new(stack.scopes(policy).build()),
            None => BoxCloneSyncService::new(stack.without_authentication().build()),
        };
        Self { server, tools, mcp: mcp::http(rpc), rest }
    }

    /// The tools as a client sees them.
    pub(crate) async fn listed(&self) -> Vec<Value> {
        let got = mcp::send(&self.mcp, mcp::modern("tools/list", json!({}))).await.result();
        let tools = got["tools"].as_array().unwrap().clone();
        assert_eq!(tools.len(), 19);
        tools
    }

    /// The path below the service root of 1C.
    pub(crate) fn path(&self, tool: &str) -> String {
        self.tools.get(tool).unwrap().path().to_owned()
    }

    /// The doors that a tool has.
    pub(crate) fn of(&self, tool: &str) -> Vec<Door> {
        let rest = self.tools.get(tool).unwrap().rest().map(|_| Door::Rest);
        MCP.into_iter().chain(rest).collect()
    }

    pub(crate) async fn call(&self, door: Door, tool: &str, arguments: &Value) -> Told {
        self.call_as(door, tool, arguments, None, EMPTY).await
    }

    pub(crate) async fn call_as(
        &self,
        door: Door,
        tool: &str,
        arguments: &Value,
        caller: Option<Identity>,
        headers: &[(&'static str, &str)],
    ) -> Told {
        let params = json!({ "name": tool, "arguments": arguments });
        let mut request = match door {
            Door::Mcp(MODERN) => mcp::modern("tools/call", params),
            Door::Mcp(version) => {
                mcp::post(mcp::legacy(1, "tools/call", &params), &[("mcp-protocol-version", version)])
            }
            Door::Rest => rest::post(self.tools.get(tool).unwrap().rest().unwrap(), arguments.to_string()),
        };
        add(request.headers_mut(), headers);
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        match door {
            Door::Mcp(_) => self.mcp(request).await,
            Door::Rest => self.rest(request).await,
        }
    }

    async fn mcp(&self, request: http::Request<Full<bytes::Bytes>>) -> Told {
        let got = mcp::send(&self.mcp, request).await;
        let result = got.result();
        let content = result["content"].as_array().unwrap();
        assert_eq!(content[0]["type"], "text", "{got:?}");
        let note = content.get(1).map(|note| note["text"].as_str().unwrap());
        assert!(note.is_none_or(|note| content.len() == 2 && note.starts_with("This answer is full: ")), "{got:?}");
        let text = content[0]["text"].as_str().unwrap().to_owned();
        let error = (result["isError"] == true).then(|| "isError".to_owned());
        if error.is_none() {
            assert_eq!(result["structuredContent"], serde_json::from_str::<Value>(&text).unwrap());
        }
        Told { status: got.status, error, text }
    }

    async fn rest(&self, request: http::Request<Full<bytes::Bytes>>) -> Told {
        let answer = rest::ask(self.rest.clone(), request).await;
        let status = answer.status.as_u16();
        if status == 200 {
            return Told { status, error: None, text: String::from_utf8(answer.body.to_vec()).unwrap() };
        }
        let (_, code, text) = answer.error();
        Told { status, error: Some(code), text }
    }

    /// The body that 1C gets, the same from every door.
    pub(crate) async fn sent(&self, tool: &str, arguments: &Value) -> Value {
        let mut bodies = Vec::new();
        for door in self.of(tool) {
            let before = self.server.seen().len();
            let told = self.call(door, tool, arguments).await;
            assert_eq!((told.status, &told.error), (200, &None), "{tool} {door:?} {arguments}: {told:?}");
            let seen = self.server.seen().split_off(before);
            let [seen] = &*seen else { panic!("{tool} {door:?} {arguments}: {} requests", seen.len()) };
            assert_eq!(seen.line, format!("POST /base/hs/mcp/{} HTTP/1.1", self.path(tool)));
            bodies.push(seen.body.clone());
        }
        let mut bodies = bodies.iter().map(|body| serde_json::from_str::<Value>(body).unwrap()).collect::<Vec<_>>();
        if let [mcp, _, rest] = &mut *bodies
            && mcp["top"].as_u64() < rest["top"].as_u64()
        {
            // A program that names no number of rows gets all that there may be.
            let default = self.tools.get(tool).unwrap().input_schema()["properties"]["top"]["default"].clone();
            assert_eq!(mcp["top"], default, "{tool} {arguments}");
            rest["top"] = default;
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{tool} {arguments}: {bodies:?}");
        bodies.remove(0)
    }

    /// The text of the refusal, the same at every door, and 1C was not asked.
    pub(crate) async fn refused(&self, tool: &str, arguments: &Value) -> String {
        let before = self.server.seen().len();
        let mut texts = Vec::new();
        for door in self.of(tool) {
            let told = self.call(door, tool, arguments).await;
            let expected = match door {
                Door::Mcp(_) => (200, Some("isError")),
                Door::Rest => (400, Some("validation_error")),
            };
            assert_eq!((told.status, told.error.as_deref()), expected, "{tool} {door:?} {arguments}: {}", told.text);
            texts.push(told.text);
        }
        assert_eq!(self.server.seen().len(), before, "{tool} {arguments}: 1C was asked");
        assert!(texts.iter().all(|text| *text == texts[0]), "{tool} {arguments}: {texts:?}");
        texts.remove(0)
    }

    /// What has reached 1C since it was last looked.
    pub(crate) fn last(&self) -> Seen {
        self.server.seen().pop().expect("1C was not asked")
    }
}

/// The built-in tools; reading them takes a while.
fn trade(limits: Limits) -> Tools {
    static READ: Mutex<Vec<(Limits, Tools)>> = Mutex::new(Vec::new());
    let mut read = READ.lock().unwrap();
    if let Some((_, tools)) = read.iter().find(|(of, _)| *of == limits) {
        return tools.clone();
    }
    let tools = Tools::trade(limits).unwrap();
    read.push((limits, tools.clone()));
    tools
}

fn add(headers: &mut HeaderMap, more: &[(&'static str, &str)]) {
    for (name, value) in more {
        headers.append(*name, value.parse().unwrap());
    }
}
