//! A leaf with an infobase for each tenant, beneath all layers that know tools: what one tenant was shown never decides
//! about the calls of another.

use crate::support::mcp::{Rpc, modern, result, rpc};
use http_body_util::BodyExt;
use onec_mcp::alias::{AliasLayer, alias};
use onec_mcp::auth::{AuthError, Presented};
use onec_mcp::catalog::Limits;
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::demo::DemoInfobase;
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Extensions, Method, Param, Params, Request, Response, Version};
use onec_mcp::{
    BearerAuthLayer, Bridge, CacheLayer, Catalog, CatalogLayer, Credentials, Gateway, Identity, Infobase, JsonRpcLayer,
    OneCService, ScopePolicy, Scopes, ServerInfo, Sharing,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{Layer, ServiceExt, service_fn};

#[derive(Debug, PartialEq, Eq, Hash)]
struct Tenant(&'static str);

/// The two tenants, told apart by one thing each time.
fn pairs() -> Vec<(&'static str, [Identity; 2])> {
    let anna = || Identity::new("anna", Scopes::parse("mcp"));
    vec![
        ("subject", ["a", "b"].map(|name| Identity::new(name, Scopes::parse("mcp")))),
        ("client", ["a", "b"].map(|name| anna().with_client(name))),
        ("claim", ["a", "b"].map(|name| anna().with_claim(Tenant(name)))),
        ("partition", ["a", "b"].map(|name| anna().with_partition(name))),
        ("login", ["a", "b"].map(|name| anna().with_credentials(Credentials::new(name, "")))),
    ]
}

/// Whether the caller belongs to the second tenant.
fn is_second(caller: &Identity) -> bool {
    caller.subject() == "b"
        || caller.client() == Some("b")
        || caller.claim() == Some(&Tenant("b"))
        || caller.partition() == Some("b")
        || caller.credentials().is_some_and(|own| own.user() == "b")
}

/// What the leaf was called with: the tenant, the tool and its arguments.
type Calls = Arc<Mutex<Vec<(bool, String, Value)>>>;

fn leaf(calls: &Calls) -> Rpc {
    let calls = Arc::clone(calls);
    rpc(move |request: Request| {
        let second = request.extensions.get::<Identity>().is_some_and(is_second);
        if request.method == Method::ToolsList {
            return ready(result(tools(second).to_string()));
        }
        let name = request.params.text(Param::Name).unwrap().into_owned();
        let arguments = serde_json::from_slice(request.params.raw(Param::Arguments).unwrap_or(b"{}")).unwrap();
        calls.lock().unwrap().push((second, name, arguments));
        ready(result(json!({ "content": [] }).to_string()))
    })
}

/// Tools of one name, each with a meaning of its own.
fn tools(second: bool) -> Value {
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let consent = json!({ "type": "boolean" });
    let tools = if second {
        json!([
            { "name": "count", "inputSchema": object(json!({ "n": { "type": "string" } })) },
            { "name": "act", "inputSchema": object(json!({ "_confirmation": consent })) },
            { "name": alias("Отчёт"), "inputSchema": object(json!({})) },
            { "name": "find", "inputSchema": object(json!({ "region": { "type": "string" } })) },
        ])
    } else {
        json!([
            { "name": "count", "inputSchema": object(json!({ "n": { "type": "integer" } })) },
            { "name": "act", "inputSchema": object(json!({})) },
            { "name": "Отчёт", "inputSchema": object(json!({})) },
            { "name": "find", "inputSchema": object(json!({ "region": { "type": "string", "x-mcp-header": "Region" } })) },
        ])
    };
    json!({ "tools": tools })
}

fn stack(calls: &Calls) -> Gateway<Rpc> {
    Gateway::builder(leaf(calls))
        .without_authentication()
        .aliases(AliasLayer::new())
        .check(CheckLayer::new())
        .confirm(ConfirmLayer::new())
        .cache(CacheLayer::new().lists(Duration::from_secs(60)))
        .build()
}

async fn ask(stack: &Gateway<Rpc>, caller: &Identity, method: Method, params: Value) -> Result<Response, BoxError> {
    let params = Params::parse(&params.to_string().into()).unwrap();
    let mut request = Request::new(method, params, Version::V2026_07_28);
    request.extensions.insert(caller.clone());
    stack.clone().oneshot(request).await
}

async fn list(stack: &Gateway<Rpc>, caller: &Identity) -> Value {
    let answer = ask(stack, caller, Method::ToolsList, json!({})).await.unwrap();
    serde_json::from_slice(answer.outcome.unwrap().json()).unwrap()
}

/// Calls a tool; returns what reached the leaf.
async fn call(stack: &Gateway<Rpc>, calls: &Calls, caller: &Identity, tool: &str, arguments: Value) -> Vec<Value> {
    calls.lock().unwrap().clear();
    let params = json!({ "name": tool, "arguments": arguments });
    let answer = ask(stack, caller, Method::ToolsCall, params).await.unwrap();
    assert!(answer.outcome.is_ok(), "{answer:?}");
    let reached = calls.lock().unwrap().clone();
    reached.into_iter().map(|(second, tool, arguments)| json!([is_second(caller) == second, tool, arguments])).collect()
}

#[tokio::test(start_paused = true)]
async fn tools_of_one_name_are_those_of_their_tenant() {
    for (by, [a, b]) in pairs() {
        // Whoever is shown the list first, and whether the other is shown it at all.
        for shown in [vec![&a], vec![&b], vec![&a, &b], vec![&b, &a]] {
            let calls = Calls::default();
            let stack = stack(&calls);
            for caller in shown {
                let names = list(&stack, caller).await;
                let whose = names["tools"][0]["inputSchema"]["properties"]["n"]["type"].clone();
                assert_eq!(whose, if is_second(caller) { "string" } else { "integer" }, "{by}");
            }
            for _ in 0..2 {
                // Consent is asked of the second tenant, and only there.
                assert_eq!(call(&stack, &calls, &a, "act", json!({})).await, [json!([true, "act", {}])], "{by}");
                assert_eq!(call(&stack, &calls, &b, "act", json!({})).await, [] as [Value; 0], "{by}");
                // An alias means the tool whose alias it is there.
                let report = alias("Отчёт");
                let reached = call(&stack, &calls, &a, &report, json!({})).await;
                assert_eq!(reached, [json!([true, "Отчёт", {}])], "{by}");
                let reached = call(&stack, &calls, &b, &report, json!({})).await;
                assert_eq!(reached, [json!([true, report, {}])], "{by}");
            }
            // Arguments are mended by the schema that was shown to the caller.
            for caller in [&a, &b] {
                list(&stack, caller).await;
            }
            let reached = call(&stack, &calls, &a, "count", json!({ "n": "5" })).await;
            assert_eq!(reached, [json!([true, "count", { "n": 5 }])], "{by}");
            let reached = call(&stack, &calls, &b, "count", json!({ "n": "5" })).await;
            assert_eq!(reached, [json!([true, "count", { "n": "5" }])], "{by}");
        }
    }
}

/// The header rules of 2026-07-28 for arguments that a client repeats in headers.
#[tokio::test(start_paused = true)]
async fn headers_are_checked_by_the_schema_of_their_tenant() {
    for (by, [a, b]) in pairs() {
        for order in [[&a, &b], [&b, &a]] {
            let calls = Calls::default();
            let http = JsonRpcLayer::new(ServerInfo::default()).layer(leaf(&calls));
            for caller in order.into_iter().chain(order) {
                let mut request = modern("tools/call", json!({ "name": "find", "arguments": { "region": "n" } }));
                request.extensions_mut().insert(caller.clone());
                let answer = http.clone().oneshot(request).await.unwrap();
                let body = answer.into_body().collect().await.unwrap().to_bytes();
                let answer: Value = serde_json::from_slice(&body).unwrap();
                // The first tenant's tool wants a header that is not there.
                let code = answer["error"]["code"].as_i64();
                assert_eq!(code, if is_second(caller) { None } else { Some(-32020) }, "{by} {answer}");
            }
        }
    }
}

/// An infobase for each tenant, chosen by a claim of the token.
#[tokio::test]
async fn an_infobase_for_each_tenant_by_claim() {
    let infobases = [("a", DemoInfobase::start().await.unwrap()), ("b", DemoInfobase::start().await.unwrap())];
    let leaf = |demo: &DemoInfobase| {
        OneCService::new(Infobase::new(demo.url()).unwrap().basic(demo.username(), demo.password())).unwrap()
    };
    let leaves: HashMap<_, _> = infobases.iter().map(|(name, demo)| (*name, leaf(demo))).collect();

    // The recipe: two services that choose the leaf, and the word that callers of one tenant are alike.
    let leaves = Arc::new(leaves);
    let of = move |extensions: &Extensions| -> Result<OneCService, BoxError> {
        let tenant =
            extensions.get::<Identity>().and_then(Identity::claim::<Tenant>).ok_or("a token without tenant")?;
        Ok(leaves.get(tenant.0).ok_or("an unknown tenant")?.clone())
    };
    let choose = of.clone();
    let rpc = service_fn(move |request: Request| {
        let leaf = choose(&request.extensions);
        async move { leaf?.oneshot(request).await }
    });
    let rest = service_fn(move |call: RestCall| {
        let leaf = of(&call.extensions);
        async move { leaf?.rest().oneshot(call).await }
    });
    let sharing = Sharing::by(|caller| caller.claim::<Tenant>().map(|tenant| tenant.0.to_owned()));
    let rpc = CacheLayer::new().sharing(sharing.clone()).layer(rpc);
    let rest = rpc.rest(rest);
    let stack = Gateway::builder(rpc)
        .scopes(ScopePolicy::everything("mcp"))
        .catalog(CatalogLayer::new(Catalog::trade(Limits::default()).unwrap(), rest))
        .build();
    let tokens = |presented: Presented<'_>| {
        let caller = presented.token.split_once('.').map(|(user, tenant)| {
            let tenant = if tenant == "a" { Tenant("a") } else { Tenant("b") };
            Identity::new(user, Scopes::parse("mcp mcp:resolve")).with_claim(tenant)
        });
        ready(caller.ok_or(AuthError::Unknown))
    };
    let bridge = Bridge::new(ServerInfo::default()).sharing(sharing);
    let mcp = BearerAuthLayer::new(tokens).layer(JsonRpcLayer::new(bridge).layer(stack));

    let asked = |name: &str| {
        let demo = infobases.iter().find(|(known, _)| *known == name).unwrap();
        demo.1.requests().iter().filter(|request| request.path == "resolve/customer").count()
    };
    // Two users of one tenant share an answer; users of the other tenant have their own.
    for (user, tenant, calls) in [("anna", "a", [1, 0]), ("boris", "a", [1, 0]), ("anna", "b", [1, 1])] {
        let mut request = modern("tools/call", json!({ "name": "resolve_customer", "arguments": { "query": "ро" } }));
        request.headers_mut().insert("authorization", format!("Bearer {user}.{tenant}").parse().unwrap());
        let answer = mcp.clone().oneshot(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert!(answer["result"]["structuredContent"]["candidates"].is_array(), "{answer}");
        assert_eq!(["a", "b"].map(asked), calls, "{user} {tenant}");
    }
}
