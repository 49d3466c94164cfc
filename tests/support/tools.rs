//! The tools of the built-in catalog, asked at every door over the stand-in infobase.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use crate::support::mcp::{Got, Http, MODERN, Rpc, http, legacy, modern, post, read, send};
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::Full;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::{CacheLayer, RestCache};
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::demo::{self, Received};
use onec_mcp::onec::{Infobase, OneCRest, OneCService};
use onec_mcp::rest::RestService;
use onec_mcp::rpc::Request;
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};
use tower::{Layer, ServiceExt};

/// The day of the infobase: after its last document.
pub(crate) const TODAY: &str = "2026-10-05";
const TOKEN: &str = "rest-t0ken";

/// The stack over an infobase of its own.
pub(crate) struct Doors {
    pub(crate) infobase: demo::DemoInfobase,
    mcp: Http,
    rest: RestService<RestCache<OneCRest>>,
    tools: Tools,
    /// Who asks: the subject and the scopes.
    caller: Option<(&'static str, &'static str)>,
    exercised: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Doors {
    /// Where nobody logs in.
    pub(crate) async fn open() -> Self {
        static TRADE: LazyLock<Tools> = LazyLock::new(|| Tools::trade(Limits::default()).unwrap());
        Self::with(TRADE.clone(), None).await
    }

    /// With these ceilings.
    pub(crate) async fn limited(limits: Limits) -> Self {
        Self::with(Tools::trade(limits).unwrap(), None).await
    }

    /// With a caller who is known. The REST face knows no callers, and is not asked.
    pub(crate) async fn of(subject: &'static str, scopes: &'static str) -> Self {
        Self::with(Tools::trade(Limits::default()).unwrap(), Some((subject, scopes))).await
    }

    async fn with(tools: Tools, caller: Option<(&'static str, &'static str)>) -> Self {
        let infobase = demo::DemoInfobase::builder().today(TODAY.parse().unwrap()).start().await.unwrap();
        let target = Infobase::new(infobase.url()).unwrap().basic(infobase.username(), infobase.password());
        let onec = OneCService::new(target).unwrap();
        let handle = onec.rest();
        let leaf = CacheLayer::new().layer(onec);
        let handle = leaf.rest(handle);
        let catalog = Catalog::new(tools.clone());
        let rest = RestService::new(catalog.clone(), TOKEN, handle.clone());
        let stack = Gateway::builder(leaf)
            .aliases(AliasLayer::new())
            .audit(AuditLayer::new())
            .catalog(CatalogLayer::new(catalog, handle));
        let mcp = match caller {
            None => Rpc::new(stack.without_authentication().build()),
            Some((subject, scopes)) => {
                let identity = Identity::new(subject, Scopes::parse(scopes));
                let stack = stack.scopes(ScopePolicy::everything("mcp")).build();
                Rpc::new(stack.map_request(move |mut request: Request| {
                    request.extensions.insert(identity.clone());
                    request
                }))
            }
        };
        Self { infobase, mcp: http(mcp), rest, tools, caller, exercised: Mutex::default() }
    }

    /// The tool as `tools/list` shows it.
    pub(crate) async fn shown(&self, tool: &str) -> Value {
        let list = send(&self.mcp, legacy_request("tools/list", &json!({}))).await.result();
        let tools = list["tools"].as_array().unwrap();
        tools.iter().find(|shown| shown["name"] == tool).unwrap_or_else(|| panic!("{tool} is not shown")).clone()
    }

    /// The answer at all doors, which is one and the same.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Value {
        self.ask_sent(tool, arguments).await.0
    }

    /// The answer at all doors, and what 1C was sent for each.
    pub(crate) async fn ask_sent(&self, tool: &str, arguments: Value) -> (Value, Value) {
        let entry = self.tools.get(tool).unwrap();
        let (mut answers, mut came, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for request in self.mcp_requests(tool, &arguments) {
            let (got, new) = self.watched(send(&self.mcp, request)).await;
            let result = got.result();
            assert!(result.get("isError").is_none_or(|error| *error == false), "{tool} {arguments}: {result}");
            let content = result["content"].as_array().unwrap();
            let text = serde_json::from_str::<Value>(content[0]["text"].as_str().unwrap()).unwrap();
            assert_eq!(text, result["structuredContent"], "{tool} {arguments}");
            notes.push(content[1..].to_vec());
            answers.push(text);
            came.extend(new);
        }
        if let (Some(path), None) = (entry.rest(), self.caller) {
            let (got, new) = self.watched(self.rest(path, &arguments)).await;
            assert_eq!(got.status, 200, "{tool} {arguments}: {got:?}");
            answers.push(got.json());
            came.extend(new);
        }
        // What is remembered for a while is asked for once at most; all else once for each door.
        let remembered = tool.starts_with("resolve_");
        let expected = if remembered { 1 } else { self.doors(tool) };
        assert_eq!(came.len(), expected, "{tool} {arguments}: {came:?}");
        let mut sent = came.iter().map(|received| self.whole(entry.path().unwrap(), received)).collect::<Vec<_>>();
        if let [mcp, _, rest] = &mut *sent {
            as_for_a_model(mcp, rest, &mut answers[2]);
        }
        assert!(sent.iter().all(|other| *other == sent[0]), "{sent:?}");
        let (answer, sent) = (answers[0].clone(), sent[0].clone());
        assert!(answers.iter().all(|other| *other == answer), "{tool} {arguments}: {answers:?}");
        notes.iter().for_each(|notes| is_told_if_full(notes, &answer, &sent));
        if let Some(schema) = entry.output_schema() {
            let problems = jsonschema::validator_for(schema).unwrap();
            let problems = problems.iter_errors(&answer).map(|error| error.to_string()).collect::<Vec<_>>();
            assert!(problems.is_empty(), "{tool} {arguments}: {problems:?}");
        }
        self.note(tool, "", &arguments);
        (answer, sent)
    }

    /// Why the call is refused, at all doors. 1C is not asked.
    pub(crate) async fn refused(&self, tool: &str, arguments: Value) -> String {
        let mut all = Vec::new();
        for request in self.mcp_requests(tool, &arguments) {
            let (got, came) = self.watched(send(&self.mcp, request)).await;
            let result = got.result();
            assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
            assert!(result.get("structuredContent").is_none(), "{result}");
            assert!(came.is_empty(), "{came:?}");
            all.push(result["content"][0]["text"].as_str().unwrap().to_owned());
        }
        if let (Some(path), None) = (self.tools.get(tool).unwrap().rest(), self.caller) {
            let (got, came) = self.watched(self.rest(path, &arguments)).await;
            let answer = got.json();
            assert_eq!((got.status, &answer["error"]), (400, &json!("validation_error")), "{got:?}");
            assert!(came.is_empty(), "{came:?}");
            all.push(answer["message"].as_str().unwrap().to_owned());
        }
        let first = all[0].clone();
        assert!(!first.is_empty() && all.iter().all(|other| *other == first), "{all:?}");
        first
    }

    /// What 1C itself says no to: the text at the MCP doors.
    pub(crate) async fn refused_by_onec(&self, tool: &str, arguments: Value) -> String {
        let mut all = Vec::new();
        for request in self.mcp_requests(tool, &arguments) {
            let result = send(&self.mcp, request).await.result();
            assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
            all.push(result["content"][0]["text"].as_str().unwrap().to_owned());
        }
        assert_eq!(all[0], all[1]);
        all.remove(0)
    }

    /// The answers of both revisions, whatever they are.
    pub(crate) async fn raw(&self, tool: &str, arguments: &Value) -> Vec<Got> {
        let mut all = Vec::new();
        for request in self.mcp_requests(tool, arguments) {
            all.push(send(&self.mcp, request).await);
        }
        all
    }

    /// Every property of the tool's own schema was in a call that succeeded, and every value of an
    /// enumeration.
    pub(crate) async fn covered(&self, tool: &str) {
        let shown = self.shown(tool).await;
        let mut missing = Vec::new();
        let exercised = self.exercised.lock().unwrap();
        walk(&shown["inputSchema"], "", &mut |path, value| {
            let key = format!("{tool}{path}");
            let seen = exercised.get(&key);
            match value {
                None if seen.is_none() => missing.push(key),
                Some(value) if !seen.is_some_and(|seen| seen.contains(&value.to_string())) => {
                    missing.push(format!("{key} = {value}"));
                }
                _ => {}
            }
        });
        assert!(missing.is_empty(), "never exercised: {missing:?}");
    }

    fn doors(&self, tool: &str) -> usize {
        let rest = self.tools.get(tool).unwrap().rest().is_some() && self.caller.is_none();
        2 + usize::from(rest)
    }

    fn mcp_requests(&self, tool: &str, arguments: &Value) -> [http::Request<Full<Bytes>>; 2] {
        let params = json!({ "name": tool, "arguments": arguments });
        let modern = modern("tools/call", params.clone());
        assert_eq!(modern.headers()["mcp-protocol-version"], MODERN);
        [legacy_request("tools/call", &params), modern]
    }

    async fn rest(&self, path: &str, arguments: &Value) -> Got {
        let request = http::Request::post(path).header("authorization", format!("Bearer {TOKEN}"));
        let request = request.header("x-mcp-scopes", "mcp:report:cost").header("x-mcp-sub", "intruder");
        let request = request.body(Full::<Bytes>::from(arguments.to_string())).unwrap();
        read(self.rest.clone().oneshot(request).await.unwrap()).await
    }

    /// What is asked, and what reached 1C meanwhile.
    async fn watched(&self, asked: impl Future<Output = Got>) -> (Got, Vec<Received>) {
        let before = self.infobase.calls().started();
        let got = asked.await;
        let new = usize::try_from(self.infobase.calls().started() - before).unwrap();
        let mut all = self.infobase.requests();
        (got, all.split_off(all.len() - new))
    }

    /// The body of a request that came whole.
    fn whole(&self, path: &str, received: &Received) -> Value {
        assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", path));
        assert_eq!(received.user, self.infobase.username());
        let length = received.body.len().to_string();
        let host = self.infobase.url().strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let mut expected = vec![
            ("accept", "application/json".to_owned()),
            ("content-length", length),
            ("content-type", "application/json".to_owned()),
            ("host", host),
        ];
        if let Some((subject, scopes)) = self.caller {
            expected.push(("x-mcp-scopes", Scopes::parse(scopes).iter().collect::<Vec<_>>().join(",")));
            expected.push(("x-mcp-sub", subject.to_owned()));
        }
        assert_eq!(
            sorted(&received.headers),
            expected.iter().map(|(name, v)| format!("{name}: {v}")).collect::<Vec<_>>()
        );
        serde_json::from_slice(&received.body).unwrap()
    }

    /// Remembers which arguments and values there were.
    fn note(&self, tool: &str, path: &str, value: &Value) {
        let mut exercised = self.exercised.lock().unwrap();
        let mut open = vec![(format!("{tool}{path}"), value.clone())];
        while let Some((key, value)) = open.pop() {
            exercised.entry(key.clone()).or_default().insert(value.to_string());
            match value {
                Value::Object(members) => {
                    open.extend(members.into_iter().map(|(name, v)| (format!("{key}.{name}"), v)))
                }
                Value::Array(items) => open.extend(items.into_iter().map(|item| (format!("{key}[]"), item))),
                _ => {}
            }
        }
    }
}

fn legacy_request(method: &str, params: &Value) -> http::Request<Full<Bytes>> {
    post(legacy(1, method, params), &[("mcp-protocol-version", "2025-11-25")])
}

fn sorted(headers: &HeaderMap) -> Vec<String> {
    let mut all =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect::<Vec<_>>();
    all.sort();
    all
}

/// Every property with its path, and every value of its enumeration.
fn walk(schema: &Value, path: &str, each: &mut dyn FnMut(&str, Option<&Value>)) {
    for value in schema["enum"].as_array().into_iter().flatten() {
        each(path, Some(value));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        each(&path, None);
        walk(property, &path, each);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), each);
    }
}

/// A program that names no number of rows gets all that there may be; apart from that, the same.
fn as_for_a_model(mcp: &Value, rest: &mut Value, answer: &mut Value) {
    let (few, all) = (mcp["top"].as_u64(), rest["top"].as_u64());
    if few < all {
        rest["top"] = mcp["top"].clone();
        answer["rows"].as_array_mut().unwrap().truncate(few.unwrap() as usize);
    }
}

/// An answer with as many rows or candidates as were asked for says so, and no other one does.
fn is_told_if_full(notes: &[Value], answer: &Value, sent: &Value) {
    let asked = ["top", "limit", "top_products"].into_iter().find_map(|name| sent[name].as_u64()).unwrap();
    let count = answer["rows"].as_array().or_else(|| answer["candidates"].as_array()).unwrap().len() as u64;
    let told = notes.iter().map(|note| note["text"].as_str().unwrap()).collect::<Vec<_>>();
    match *told {
        [] => assert!(count < asked, "{count} of {asked} are not told"),
        [text] => {
            assert!(count == asked && text.starts_with(&format!("This answer is full: it holds {count} ")), "{text}")
        }
        _ => panic!("{told:?}"),
    }
}
