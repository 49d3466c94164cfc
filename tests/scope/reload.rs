//! While catalogs are replaced, no caller gets through a tool under a weaker rule than came with it,
//! wherever between the rules and the tools a call is at that moment.

use crate::support::dialects::both_dialects;
use bytes::Bytes;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::gateway::Rules;
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Failure, Method, Params, Payload, Request, Response, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Gateway, Identity, Scopes};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

const SCOPES: [&str; 4] = ["mcp", "own:a", "own:b", "own:cost"];

/// The tool in one catalog: what it needs, and whether its cost needs more. `None` where the catalog has
/// no such tool, so that 1C's own one of that name is called.
type Edition = Option<(&'static str, bool)>;

fn edition() -> impl Strategy<Value = Edition> {
    option::weighted(0.8, (select(vec!["own:a", "own:b", "mcp"]), any::<bool>()))
}

/// Its path tells 1C all that its edition asks for.
fn tools(edition: Edition) -> Tools {
    let tool = edition.map(|(scope, guarded)| {
        let path = format!("reports/{}/{guarded}", scope.replace(':', "-"));
        let guard = json!([{ "field": "measures", "values": ["cost"], "scope": "own:cost" }]);
        json!({
            "name": "report", "description": "D", "scope": scope, "path": path,
            "guarded": if guarded { guard } else { json!([]) },
            "input_schema": {
                "type": "object",
                "properties": { "measures": { "type": "array", "items": { "enum": ["amount", "cost"] } } },
            },
        })
    });
    let tools: Vec<_> = tool.into_iter().collect();
    Tools::read(&json!({ "tools": tools }), "own", Limits::default()).unwrap()
}

/// 1C: it notes each call of somebody who may not make it, and counts the others.
#[derive(Clone, Default)]
struct OneC {
    wrong: Arc<Mutex<Vec<String>>>,
    right: Arc<AtomicUsize>,
}

impl OneC {
    fn note(&self, what: &str, headers: &http::HeaderMap, needed: &[&str]) -> Result<Response, BoxError> {
        let have = headers["x-mcp-scopes"].to_str().unwrap();
        if needed.iter().all(|needed| have.split(',').any(|have| have == *needed)) {
            self.right.fetch_add(1, Ordering::Relaxed);
        } else {
            self.wrong.lock().unwrap().push(format!("{what} by {have:?}"));
        }
        Ok(Response::result(Payload::parse(r#"{"content":[]}"#).unwrap()))
    }

    fn report(&self, call: RestCall) -> Result<Response, BoxError> {
        let [_, scope, guarded] = call.path.split('/').collect::<Vec<_>>()[..] else { panic!("{}", call.path) };
        let scope = scope.replace('-', ":");
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let costs = guarded == "true" && body["measures"] == json!(["cost"]);
        let needed = if costs { &[&*scope, "own:cost"][..] } else { &[&*scope] };
        self.note(&format!("{} {body}", call.path), &call.headers, needed)
    }
}

both_dialects!(OneC, |onec, request| onec.note("1C's own", &request.headers, &["mcp"]), OneC::report);

fn request(scopes: &[&str], measure: &str) -> Request {
    let params = json!({ "name": "report", "arguments": { "measures": [measure] } });
    let params = Params::parse(&Bytes::from(params.to_string())).unwrap();
    let mut request = Request::new(Method::ToolsCall, params, Version::V2025_11_25);
    request.extensions.insert(Identity::new("a", scopes.iter().copied().collect::<Scopes>()));
    request
}

/// Whether it got through; a refusal says what is missing.
#[track_caller]
fn passed(answer: Result<Response, BoxError>) -> bool {
    match answer {
        Ok(answer) => answer.outcome.is_ok(),
        Err(error) => {
            let failure = Failure::from_error(&error);
            assert!(failure.status == 403 && failure.scopes.is_some_and(|needed| !needed.is_empty()));
            false
        }
    }
}

/// Its pauses are over at once, so nothing rests on how long they are.
fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// A stack with a layer of somebody's between rules and tools, where calls wait for so long.
fn waiting(
    policy: ScopePolicy,
    catalog: Catalog,
    onec: OneC,
    wait: u64,
) -> BoxCloneSyncService<Request, Response, BoxError> {
    let inner = CatalogLayer::new(catalog).layer(onec);
    let wait = service_fn(move |request: Request| {
        let inner = inner.clone();
        async move {
            sleep(Duration::from_millis(wait)).await;
            inner.oneshot(request).await
        }
    });
    BoxCloneSyncService::new(ScopeLayer::new(policy).layer(wait))
}

#[derive(Clone, Debug)]
struct Call {
    scopes: Vec<&'static str>,
    measure: &'static str,
    after: u64,
    wait: u64,
}

fn call() -> impl Strategy<Value = Call> {
    let who = subsequence(SCOPES.to_vec(), 0..=SCOPES.len());
    (who, select(vec!["amount", "cost"]), 0..1500_u64, prop_oneof![Just(0), 0..900_u64])
        .prop_map(|(scopes, measure, after, wait)| Call { scopes, measure, after, wait })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_call_slips_through_between_two_catalogs(
        first in edition(),
        next in vec((edition(), 0..300_u64), 1..6),
        calls in vec(call(), 1..60),
    ) {
        let onec = OneC::default();
        paused().block_on(async {
            let (catalog, rules) = (Catalog::new(tools(first)), Rules::new(ScopePolicy::everything("mcp")));
            rules.replace(&catalog, tools(first)).await;
            let mut all = JoinSet::new();
            for Call { scopes, measure, after, wait } in calls {
                let stack = waiting(rules.policy(), catalog.clone(), onec.clone(), wait);
                all.spawn(async move {
                    sleep(Duration::from_millis(after)).await;
                    let got = passed(stack.oneshot(request(&scopes, measure)).await);
                    // Whoever may do everything is never kept waiting for rules.
                    assert!(got || scopes.len() < SCOPES.len());
                });
            }
            for (edition, pause) in next {
                sleep(Duration::from_millis(pause)).await;
                rules.replace(&catalog, tools(edition)).await;
            }
            while let Some(call) = all.join_next().await {
                call.unwrap();
            }
        });
        let wrong = onec.wrong.lock().unwrap();
        prop_assert!(wrong.is_empty(), "{:?}", wrong);
    }
}

/// The whole stack, called from many threads while its catalog changes as fast as it can.
#[test]
fn nor_under_load() {
    let (onec, done) = (OneC::default(), Arc::new(AtomicBool::new(false)));
    let editions: Vec<Edition> =
        vec![Some(("own:a", true)), Some(("own:b", false)), None, Some(("mcp", true)), Some(("own:a", false)), None];
    let (catalog, rules) = (Catalog::new(tools(editions[0])), Rules::new(ScopePolicy::everything("mcp")));
    let gateway = Gateway::builder(onec.clone())
        .aliases(AliasLayer::new())
        .audit(AuditLayer::new())
        .scopes(rules.policy())
        .catalog(CatalogLayer::new(catalog.clone()))
        .cache(CacheLayer::new())
        .build();
    let callers: [&[&str]; 6] = [&["own:a"], &["own:b"], &["mcp"], &["own:a", "mcp"], &["own:b", "own:cost"], &SCOPES];
    let threads = callers.map(|scopes| {
        let (gateway, done) = (gateway.clone(), Arc::clone(&done));
        std::thread::spawn(move || {
            let (runtime, mut counts) = (paused(), (0, 0));
            while !done.load(Ordering::Relaxed) || counts.0 + counts.1 < 100 {
                for measure in ["amount", "cost"] {
                    let got = passed(runtime.block_on(gateway.clone().oneshot(request(scopes, measure))));
                    assert!(got || scopes.len() < SCOPES.len());
                    *(if got { &mut counts.0 } else { &mut counts.1 }) += 1;
                }
            }
            counts
        })
    });
    let runtime = paused();
    for turn in 0..2000 {
        runtime.block_on(rules.replace(&catalog, tools(editions[turn % editions.len()])));
    }
    done.store(true, Ordering::Relaxed);
    let counts = threads.map(|thread| thread.join().unwrap());
    assert_eq!(*onec.wrong.lock().unwrap(), [""; 0]);
    assert_eq!(onec.right.load(Ordering::Relaxed), counts.iter().map(|counts| counts.0).sum::<usize>());
    assert!(counts.iter().map(|counts| counts.1).sum::<usize>() > 100, "{counts:?}");
}
