//! However callers come and go, what is remembered for one never answers another whom 1C would have
//! answered otherwise: the whole stack with a cache answers as the whole stack without one.

use crate::support::cached::OneC;
use bytes::Bytes;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits};
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Credentials, Gateway, Identity, Scopes};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// Few of each, so that many ask for the same.
const SCOPES: [&[&str]; 5] = [
    &["mcp", "mcp:resolve"],
    &["mcp", "mcp:report:cost", "mcp:resolve"],
    &["mcp", "mcp:resolve", "own:a"],
    &["mcp:report:money"],
    &[],
];
const RESOLVERS: [&str; 3] = ["resolve_warehouse", "resolve_customer", "resolve_cash"];
const LISTS: [&str; 4] = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

/// What is asked, by whom, and when.
#[derive(Clone, Debug)]
struct Visit {
    method: &'static str,
    params: Value,
    version: Version,
    who: Option<Who>,
    after: u64,
    /// Leaves if there is no answer by then.
    patience: Option<u64>,
}

#[derive(Clone, Debug)]
struct Who {
    subject: &'static str,
    scopes: &'static [&'static str],
    login: Option<(&'static str, &'static str)>,
}

/// Spellings differ that mean the same.
fn question() -> impl Strategy<Value = (&'static str, Value)> {
    let query = select(vec![json!("а"), json!("аб")]);
    let limit = select(vec![json!(10), json!("10"), json!(99), json!(null), json!(5)]);
    let call = (select(RESOLVERS.to_vec()), query, limit).prop_map(|(name, query, limit)| {
        ("tools/call", json!({ "name": name, "arguments": { "query": query, "limit": limit } }))
    });
    let list = (select(LISTS.to_vec()), option::of(select(vec!["", "б"])))
        .prop_map(|(method, cursor)| (method, cursor.map_or(json!({}), |cursor| json!({ "cursor": cursor }))));
    let own = select(vec!["tool", "a_tool"]).prop_map(|name| ("tools/call", json!({ "name": name, "arguments": {} })));
    prop_oneof![5 => call, 3 => list, 1 => own]
}

fn visit() -> impl Strategy<Value = Visit> {
    let login = (select(vec!["a", "б"]), select(vec!["", "p"]));
    let who = (select(vec!["a", "б"]), select(SCOPES.to_vec()), option::weighted(0.5, login));
    let who = who.prop_map(|(subject, scopes, login)| Who { subject, scopes, login });
    let version = select(vec![Version::V2025_11_25, Version::V2026_07_28, Version::V2024_11_05]);
    (question(), version, option::weighted(0.95, who), 0..300_u64, option::weighted(0.2, 0..40_u64)).prop_map(
        |((method, params), version, who, after, patience)| Visit { method, params, version, who, after, patience },
    )
}

impl Visit {
    fn request(&self) -> Request {
        let params = Params::parse(&Bytes::from(self.params.to_string())).unwrap();
        let mut request = Request::new(Method::from_name(self.method), params, self.version);
        if let Some(Who { subject, scopes, login }) = &self.who {
            let mut identity = Identity::new(*subject, scopes.iter().copied().collect::<Scopes>());
            if let Some((user, password)) = login {
                identity = identity.with_credentials(Credentials::new(user, *password));
            }
            request.extensions.insert(identity);
        }
        request
    }
}

/// 1C: it tells in all its answers what it was asked and by whom, also in the names of what it has.
fn onec() -> OneC {
    OneC::saying(|asked| {
        let told: Value = serde_json::from_str(asked)?;
        let named = |prefix: &str| json!({ "name": prefix, "uri": prefix, "uriTemplate": prefix, "title": asked });
        let items = json!([named("tool"), named("a_tool"), named(&format!("инструмент {}", told["login"]))]);
        let answer = match told["what"].as_str().unwrap_or_default() {
            "tools/list" => json!({ "tools": items }),
            "prompts/list" => json!({ "prompts": items }),
            "resources/list" => json!({ "resources": items }),
            "resources/templates/list" => json!({ "resourceTemplates": items }),
            _ if told["kind"] == "rpc" => json!({ "content": [{ "type": "text", "text": asked }] }),
            _ => json!({ "candidates": [{ "id": asked, "label": asked, "archived": false }] }),
        };
        Ok(Response::result(Payload::parse(answer.to_string())?))
    })
}

fn stack(onec: &OneC, cache: Option<CacheLayer>) -> Gateway<OneC, OneC> {
    let policy = ScopePolicy::everything("mcp").tool("a_*", "own:a").prompt("a_*", "own:a").resource("a_*", "own:a");
    Gateway::builder(onec.clone())
        .aliases(AliasLayer::new())
        .audit(AuditLayer::new())
        .scopes(policy)
        .catalog(CatalogLayer::new(Catalog::trade(Limits::default()).unwrap(), onec.clone()))
        .cache(cache)
        .build()
}

/// All that a client would see, but for how long it may keep it.
fn seen(answer: Result<Response, BoxError>) -> String {
    match answer {
        Ok(Response { outcome: Ok(payload), .. }) => String::from_utf8(payload.json().to_vec()).unwrap(),
        Ok(Response { outcome: Err(error), .. }) => format!("{error:?}"),
        Err(error) => {
            let RpcError { error, status, scopes, .. } = RpcError::from_error(&error);
            format!("{status} {error:?} {scopes:?}")
        }
    }
}

/// All visits to one stack; how many calls of 1C they came to, with a cache and without.
fn run(layer: CacheLayer, takes: u64, visits: Vec<Visit>) -> (usize, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (onec, plain) = (onec().taking(Duration::from_millis(takes)), onec());
        let (cached, uncached) = (stack(&onec, Some(layer)), stack(&plain, None));
        let mut all = JoinSet::new();
        for visit in visits {
            let (cached, uncached) = (cached.clone(), uncached.clone());
            all.spawn(async move {
                sleep(Duration::from_millis(visit.after)).await;
                let patience = Duration::from_millis(visit.patience.unwrap_or(u64::MAX >> 20));
                let Ok(answer) = timeout(patience, cached.oneshot(visit.request())).await else {
                    assert!(visit.patience.is_some(), "waits for ever");
                    return;
                };
                assert_eq!(seen(answer), seen(uncached.oneshot(visit.request()).await), "{visit:?}");
            });
        }
        while let Some(visit) = all.join_next().await {
            visit.unwrap();
        }
        (onec.calls(), plain.calls())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn answers_never_cross(
        visits in vec(visit(), 1..100),
        takes in 0..50_u64,
        lists in 0..200_u64,
        entries in prop_oneof![0..5_u64, Just(1000)],
    ) {
        let layer = CacheLayer::new().lists(Duration::from_millis(lists)).max_entries(entries);
        // Who left before the end has not asked the other stack.
        let stayed = visits.iter().all(|visit| visit.patience.is_none());
        let (cached, uncached) = run(layer, takes, visits);
        prop_assert!(!stayed || cached <= uncached, "{} {}", cached, uncached);
    }
}

/// The property is no idle one: most of this is answered from memory, and says whose it is.
#[test]
fn much_is_remembered_and_all_of_it_tells_whose_it_is() {
    let visit = |login: Option<(&'static str, &'static str)>, scopes: &'static [&'static str], after| Visit {
        method: "tools/call",
        params: json!({ "name": "resolve_warehouse", "arguments": { "query": "а" } }),
        version: Version::V2025_11_25,
        who: Some(Who { subject: "a", scopes, login }),
        after,
        patience: None,
    };
    let kinds = [
        (None, &["mcp:resolve"][..]),
        (None, &["mcp:report:cost", "mcp:resolve"]),
        (Some(("a", "")), &["mcp:resolve"]),
        (Some(("a", "p")), &["mcp:resolve"]),
        (Some(("б", "")), &["mcp:resolve"]),
    ];
    let visits = (0..100).map(|at| {
        let (login, scopes) = kinds[at % kinds.len()];
        visit(login, scopes, at as u64)
    });
    assert_eq!(run(CacheLayer::new(), 7, visits.collect()), (kinds.len(), 100));
}
