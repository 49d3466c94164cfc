//! While catalogs are replaced, no call is judged by one and served by another, wherever between the rules and the
//! tools it is at that moment.

use crate::support::dialects::both_dialects;
use bytes::Bytes;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::check::CheckLayer;
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Gateway, Identity, Scopes};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
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
fn path((scope, guarded): (&str, bool)) -> String {
    format!("reports/{}/{guarded}", scope.replace(':', "-"))
}

/// What a caller needs; where there is no such tool, what the base of the rules says.
fn needed(edition: Edition, measure: &str) -> Vec<&'static str> {
    match edition {
        None => vec!["mcp"],
        Some((scope, guarded)) if guarded && measure == "cost" => vec![scope, "own:cost"],
        Some((scope, _)) => vec![scope],
    }
}

fn tools(edition: Edition) -> Tools {
    let tool = edition.map(|(scope, guarded)| {
        let path = path((scope, guarded));
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
        Ok(Response::result(Payload::parse(json!({ "content": [], "from": what }).to_string()).unwrap()))
    }

    fn report(&self, call: RestCall) -> Result<Response, BoxError> {
        let [_, scope, guarded] = call.path.split('/').collect::<Vec<_>>()[..] else { panic!("{}", call.path) };
        let scope = scope.replace('-', ":");
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let costs = guarded == "true" && body["measures"] == json!(["cost"]);
        let needed = if costs { &[&*scope, "own:cost"][..] } else { &[&*scope] };
        self.note(&call.path, &call.headers, needed)
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

/// What 1C answered, if the call got through; a refusal says what is missing.
#[track_caller]
fn passed(answer: Result<Response, BoxError>) -> Option<String> {
    match answer {
        Ok(answer) => Some(String::from_utf8(answer.outcome.unwrap().json().to_vec()).unwrap()),
        Err(error) => {
            let failure = RpcError::from_error(&error);
            assert!(failure.status == 403 && failure.scopes.is_some_and(|needed| !needed.is_empty()));
            None
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
    let inner = CatalogLayer::new(catalog, onec.clone()).layer(onec);
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
    fn a_call_is_judged_and_served_by_the_catalog_that_it_found(
        first in edition(),
        next in vec((edition(), 0..300_u64), 1..6),
        calls in vec(call(), 1..60),
    ) {
        let onec = OneC::default();
        paused().block_on(async {
            let catalog = Catalog::new(tools(first));
            let policy = catalog.policy(ScopePolicy::everything("mcp"));
            let in_force = Arc::new(Mutex::new(first));
            let mut all = JoinSet::new();
            for Call { scopes, measure, after, wait } in calls {
                let stack = waiting(policy.clone(), catalog.clone(), onec.clone(), wait);
                let in_force = Arc::clone(&in_force);
                all.spawn(async move {
                    sleep(Duration::from_millis(after)).await;
                    let edition = *in_force.lock().unwrap();
                    let got = passed(stack.oneshot(request(&scopes, measure)).await);
                    let may = needed(edition, measure).iter().all(|needed| scopes.contains(needed));
                    assert_eq!(got.is_some(), may, "{edition:?} {scopes:?} {measure} {got:?}");
                    let from = edition.map_or("1C's own".to_owned(), path);
                    assert!(got.is_none_or(|got| got.contains(&from)), "{edition:?}");
                });
            }
            for (edition, pause) in next {
                sleep(Duration::from_millis(pause)).await;
                *in_force.lock().unwrap() = edition;
                catalog.replace(tools(edition));
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
    let onec = OneC::default();
    let editions: [Edition; 6] =
        [Some(("own:a", true)), Some(("own:b", false)), None, Some(("mcp", true)), Some(("own:a", false)), None];
    let editions = editions.map(tools);
    let catalog = Catalog::new(editions[0].clone());
    let gateway = Gateway::builder(onec.clone())
        .aliases(AliasLayer::new())
        .audit(AuditLayer::new())
        .check(CheckLayer::new())
        .scopes(ScopePolicy::everything("mcp"))
        .catalog(CatalogLayer::new(catalog.clone(), onec.clone()))
        .cache(CacheLayer::new())
        .build();
    let callers: [&[&str]; 6] = [&["own:a"], &["own:b"], &["mcp"], &["own:a", "mcp"], &["own:b", "own:cost"], &SCOPES];
    let threads = callers.map(|scopes| {
        let gateway = gateway.clone();
        std::thread::spawn(move || {
            let (runtime, mut counts) = (paused(), [0, 0]);
            for turn in 0..1000 {
                let measure = ["amount", "cost"][turn % 2];
                let got = passed(runtime.block_on(gateway.clone().oneshot(request(scopes, measure))));
                assert!(got.is_some() || scopes.len() < SCOPES.len());
                counts[usize::from(got.is_some())] += 1;
            }
            counts
        })
    });
    let mut swaps = 0;
    for edition in editions.iter().cycle() {
        catalog.replace(edition.clone());
        swaps += 1;
        if threads.iter().all(JoinHandle::is_finished) {
            break;
        }
        std::thread::yield_now();
    }
    let counts = threads.map(|thread| thread.join().unwrap());
    assert_eq!(*onec.wrong.lock().unwrap(), [""; 0]);
    let [refused, passed] = [0, 1].map(|kind| counts.iter().map(|counts| counts[kind]).sum::<usize>());
    assert_eq!(onec.right.load(Ordering::Relaxed), passed);
    assert!(swaps > 100 && refused > 100 && passed > 1000, "{swaps} swaps, {counts:?}");
}
