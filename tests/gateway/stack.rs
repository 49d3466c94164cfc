//! The canonical order of the stack: what each layer sees, because of where it stands.

use bytes::Bytes;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::gateway::{Builder, NoRest};
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes, Sharing};
use serde_json::{Value, json};
use std::future::{Ready, ready};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Service, ServiceExt};

/// A tool of 1C that clients cannot call by its own name.
const CYRILLIC: &str = "Отчёт о продажах";

/// 1C: what it was asked, in both dialects.
#[derive(Clone, Default)]
struct OneC(Arc<Seen>);

#[derive(Default)]
struct Seen {
    busy: AtomicBool,
    requests: Mutex<Vec<Request>>,
    calls: Mutex<Vec<RestCall>>,
}

impl OneC {
    fn requests(&self, method: &Method) -> usize {
        self.0.requests.lock().unwrap().iter().filter(|request| request.method == *method).count()
    }

    fn last(&self) -> Request {
        self.0.requests.lock().unwrap().last().cloned().unwrap()
    }

    fn calls(&self) -> Vec<RestCall> {
        self.0.calls.lock().unwrap().clone()
    }
}

impl Service<Request> for OneC {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.0.busy.load(Ordering::Relaxed) { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let tool = |name: &str| json!({ "name": name, "description": "", "inputSchema": { "type": "object" } });
        let answer = match request.method {
            Method::ToolsList => json!({ "tools": [tool(CYRILLIC), tool("get_metadata")] }),
            _ => json!({ "content": [{ "type": "text", "text": "done" }] }),
        };
        self.0.requests.lock().unwrap().push(request);
        ready(Payload::parse(answer.to_string()).map(Response::result).map_err(Into::into))
    }
}

impl Service<RestCall> for OneC {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Request>::poll_ready(self, cx)
    }

    fn call(&mut self, call: RestCall) -> Self::Future {
        let answer =
            if call.path.starts_with("resolve/") { r#"{"candidates":[]}"# } else { r#"{"columns":[],"rows":[]}"# };
        self.0.calls.lock().unwrap().push(call);
        ready(Payload::parse(answer).map(Response::result).map_err(Into::into))
    }
}

fn request(method: Method, params: &Value, scopes: Option<&str>) -> Request {
    let params = Params::parse(&Bytes::from(params.to_string())).unwrap();
    let mut request = Request::new(method, params, Version::V2025_11_25);
    if let Some(scopes) = scopes {
        request.extensions.insert(Identity::new("onec:Я", Scopes::parse(scopes)));
    }
    request
}

fn call(name: &str, arguments: &Value, scopes: Option<&str>) -> Request {
    request(Method::ToolsCall, &json!({ "name": name, "arguments": arguments }), scopes)
}

fn list(scopes: Option<&str>) -> Request {
    request(Method::ToolsList, &json!({}), scopes)
}

/// Names of tools, as a client sees them.
fn names(answer: Result<Response, BoxError>) -> Vec<String> {
    let answer: Value = serde_json::from_slice(answer.unwrap().outcome.unwrap().json()).unwrap();
    answer["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// The scopes that a refusal asks for.
fn refused(answer: Result<Response, BoxError>) -> u16 {
    RpcError::from_error(&answer.expect_err("this must be refused")).status.as_u16()
}

fn catalog(onec: &OneC) -> CatalogLayer<OneC> {
    CatalogLayer::new(Catalog::new(Tools::trade(Limits::default()).unwrap()), onec.clone())
}

fn all<C>(onec: &OneC, builder: Builder<OneC, NoRest, C>) -> Builder<OneC, OneC, C> {
    builder.aliases(AliasLayer::new()).audit(AuditLayer::new()).catalog(catalog(onec)).cache(CacheLayer::new())
}

/// Everything that is logged, by any test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A subscriber of one thread would miss events that another thread, which has none, came upon first.
fn log() -> Log {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(lines).unwrap();
    log
}

#[test]
fn it_goes_wherever_a_bridge_takes_it() {
    fn fits<S>(_: &S)
    where
        S: Service<Request, Response = Response, Error = BoxError> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
    }
    fits(&Gateway::builder(OneC::default()).without_authentication().build());
    fits(&all(&OneC::default(), Gateway::builder(OneC::default())).scopes(ScopePolicy::everything("mcp")).build());
}

#[tokio::test]
async fn clients_see_aliases_and_rules_see_the_names_of_1c() {
    let onec = OneC::default();
    let policy = ScopePolicy::everything("mcp").tool("Отчёт*", "own:reports");
    let gateway = Gateway::builder(onec.clone()).aliases(AliasLayer::new()).scopes(policy).build();
    let shown = names(gateway.clone().oneshot(list(Some("mcp own:reports"))).await);
    assert_eq!(shown.len(), 2);
    let alias = &shown[0];
    assert!(alias.is_ascii() && *alias != CYRILLIC, "{alias}");
    assert_eq!(names(gateway.clone().oneshot(list(Some("mcp"))).await), ["get_metadata"]);

    assert_eq!(refused(gateway.clone().oneshot(call(alias, &json!({}), Some("mcp"))).await), 403);
    assert_eq!(onec.requests(&Method::ToolsCall), 0);
    gateway.oneshot(call(alias, &json!({}), Some("mcp own:reports"))).await.unwrap();
    assert_eq!(onec.last().params.text(Param::Name).unwrap(), CYRILLIC);
}

#[tokio::test]
async fn a_refusal_is_reported_under_the_name_of_1c() {
    let log = log();
    // Known by the name, among all that the other tests do meanwhile.
    let caller = |mut request: Request, scopes: &str| {
        request.extensions.insert(Identity::new("Audit", Scopes::parse(scopes)));
        request
    };
    // The names that another caller was shown are known where the leaf treats both alike.
    let builder = all(&OneC::default(), Gateway::builder(OneC::default())).sharing(Sharing::by_account());
    let gateway = builder.scopes(ScopePolicy::everything("mcp")).build();
    let shown = names(gateway.clone().oneshot(list(Some("mcp"))).await);
    let alias = shown.iter().find(|name| name.contains("prod")).unwrap();
    gateway.clone().oneshot(caller(call(alias, &json!({}), None), "own:other")).await.unwrap_err();
    gateway.oneshot(caller(call("cash_flow", &json!({}), None), "mcp")).await.unwrap_err();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines = |event: &str| -> Vec<_> {
        log.lines().filter(|line| line.contains("sub=\"Audit\"") && line.contains(event)).collect()
    };
    for calls in [lines("mcp.tool.call"), lines("oauth.scope.denied")] {
        assert_eq!(calls.len(), 2, "{log}");
        assert!(calls[0].contains(CYRILLIC) && calls[1].contains("cash_flow"), "{calls:?}");
    }
    assert!(lines("mcp.tool.call").iter().all(|line| line.contains("ok=false")), "{log}");
}

/// Nothing that is remembered, and no tool of the catalog, is within reach of who lacks the scope.
#[tokio::test]
async fn what_answers_is_beneath_what_refuses() {
    let onec = OneC::default();
    let gateway = all(&onec, Gateway::builder(onec.clone())).scopes(ScopePolicy::everything("mcp")).build();
    let find = |limit: Value, scopes| call("resolve_customer", &json!({ "query": "Север", "limit": limit }), scopes);
    for limit in [json!(5), json!("5"), json!(5)] {
        gateway.clone().oneshot(find(limit, Some("mcp:resolve"))).await.unwrap().outcome.unwrap();
    }
    // The cache sees arguments that are mended: three spellings are one question.
    assert_eq!(onec.calls().len(), 1);
    for scopes in [None, Some(""), Some("mcp"), Some("mcp:report:sales")] {
        assert_eq!(refused(gateway.clone().oneshot(find(json!(5), scopes)).await), 403, "{scopes:?}");
    }
    assert_eq!(onec.calls().len(), 1);
}

#[tokio::test]
async fn lists_are_remembered_as_1c_gave_them() {
    let onec = OneC::default();
    let gateway = Gateway::builder(onec.clone())
        .scopes(ScopePolicy::everything("mcp").tool("get_*", "own:read"))
        .cache(CacheLayer::new().lists(Duration::from_secs(60)))
        .build();
    let caller = |scopes| {
        let gateway = gateway.clone();
        async move { names(gateway.oneshot(list(Some(scopes))).await) }
    };
    for _ in 0..2 {
        assert_eq!(caller("mcp").await, [CYRILLIC]);
        assert_eq!(caller("mcp own:read").await, [CYRILLIC, "get_metadata"]);
        assert_eq!(caller("own:read").await, ["get_metadata"]);
    }
    assert!((1..=3).contains(&onec.requests(&Method::ToolsList)), "{}", onec.requests(&Method::ToolsList));
}

#[tokio::test]
async fn the_rules_of_the_catalog_are_added_in_any_order() {
    let onec = || Gateway::builder(OneC::default());
    let trade = || catalog(&OneC::default());
    let (first, second) = (ScopePolicy::everything("mcp"), ScopePolicy::everything("mcp"));
    let gateways =
        [onec().scopes(first.clone()).catalog(trade()).build(), onec().catalog(trade()).scopes(second).build()];
    for gateway in gateways {
        let stock = names(gateway.clone().oneshot(list(Some("mcp:report:stock"))).await);
        assert_eq!(stock, ["stock_balance"]);
        assert_eq!(refused(gateway.oneshot(call("cash_flow", &json!({}), Some("mcp mcp:resolve"))).await), 403);
    }
    // The handle that was given speaks for the stack from then on, but for the tools that carry rules.
    let gateway = onec().scopes(first.clone()).catalog(trade()).build();
    first.replace(&ScopePolicy::everything("own:else"));
    let passes = async |name, scopes| gateway.clone().oneshot(call(name, &json!({}), Some(scopes))).await.is_ok();
    assert!(!passes("get_metadata", "mcp").await && passes("get_metadata", "own:else").await);
    assert!(!passes("stock_balance", "own:else").await && passes("stock_balance", "mcp:report:stock").await);
}

#[tokio::test]
async fn without_authentication_everything_is_allowed_and_nothing_told() {
    let onec = OneC::default();
    let gateway = all(&onec, Gateway::builder(onec.clone())).without_authentication().build();
    assert_eq!(names(gateway.clone().oneshot(list(None)).await).len(), 2 + 19);
    gateway.clone().oneshot(call("resolve_cash", &json!({ "query": "касса" }), None)).await.unwrap().outcome.unwrap();
    gateway.oneshot(call("get_metadata", &json!({}), None)).await.unwrap().outcome.unwrap();
    assert!(onec.last().headers.is_empty() && onec.calls()[0].headers.is_empty());
}

#[tokio::test]
async fn who_calls_reaches_both_dialects() {
    let onec = OneC::default();
    let gateway = all(&onec, Gateway::builder(onec.clone())).scopes(ScopePolicy::everything("mcp")).build();
    let scopes = Some("mcp mcp:resolve");
    gateway.clone().oneshot(call("resolve_customer", &json!({ "query": "a" }), scopes)).await.unwrap();
    gateway.oneshot(call("get_metadata", &json!({}), scopes)).await.unwrap();
    for headers in [&onec.last().headers, &onec.calls()[0].headers] {
        assert_eq!(
            (&headers["x-mcp-sub"], &headers["x-mcp-scopes"]),
            (&"onec:%D0%AF".parse().unwrap(), &"mcp,mcp:resolve".parse().unwrap())
        );
    }
}

#[test]
fn the_stack_is_ready_when_the_leaf_is() {
    let onec = OneC::default();
    let mut gateway = all(&onec, Gateway::builder(onec.clone())).scopes(ScopePolicy::everything("mcp")).build();
    onec.0.busy.store(true, Ordering::Relaxed);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(gateway.poll_ready(&mut cx).is_pending());
    onec.0.busy.store(false, Ordering::Relaxed);
    assert!(gateway.poll_ready(&mut cx).is_ready());
}

/// A catalog with this tool of that scope.
fn one(name: &str, scope: &str) -> Tools {
    let tool = json!({
        "name": name, "title": "T", "description": "D", "scope": scope, "path": "reports/own",
        "guarded": [{ "field": "measures", "values": ["cost"], "scope": format!("{scope}:cost") }],
        "input_schema": {
            "type": "object",
            "properties": { "measures": { "type": "array", "items": { "enum": ["amount", "cost"] } } },
        },
    });
    Tools::read(&json!({ "tools": [tool] }), "own", Limits::default()).unwrap()
}

#[tokio::test]
async fn tools_are_replaced_together_with_the_rules_that_they_carry() {
    let catalog = Catalog::new(one("report", "own:a"));
    let base = ScopePolicy::everything("mcp");
    let layer = CatalogLayer::new(catalog.clone(), OneC::default());
    let gateway = Gateway::builder(OneC::default()).scopes(base.clone()).catalog(layer).build();
    // Which of these callers get through, and which with the guarded value too.
    let passes = async |tool: &str| {
        let callers = ["own:a", "own:b", "own:a own:b", "mcp", "mcp own:a own:b own:a:cost own:b:cost"];
        let mut passed = Vec::new();
        for (at, scopes) in callers.into_iter().enumerate() {
            for (kind, measures) in [("amount", json!(["amount"])), ("cost", json!(["cost"]))] {
                let request = call(tool, &json!({ "measures": measures }), Some(scopes));
                if gateway.clone().oneshot(request).await.is_ok() {
                    passed.push((at, kind));
                }
            }
        }
        passed
    };
    let all = [(4, "amount"), (4, "cost")];
    assert_eq!(passes("report").await, [&[(0, "amount"), (2, "amount")][..], &all].concat());
    catalog.replace(one("report", "own:b"));
    assert_eq!(passes("report").await, [&[(1, "amount"), (2, "amount")][..], &all].concat());
    // A name that goes back to the 1C extension needs what that asks for.
    catalog.replace(one("other", "own:b"));
    assert_eq!(passes("report").await, [(3, "amount"), (3, "cost"), all[0], all[1]]);
    assert_eq!(passes("other").await, [&[(1, "amount"), (2, "amount")][..], &all].concat());
    let policy = catalog.policy(base.clone());
    assert_eq!(policy.of_tool("other").to_string(), "own:b");
    assert_eq!(policy.scopes().to_string(), "mcp own:b own:b:cost");
    assert_eq!(base.of_tool("other").to_string(), "mcp", "the caller's own policy stays as it was");
}

/// A rule for a tool of the 1C extension does not open a tool of the catalog that has its name.
#[tokio::test]
async fn a_rule_for_the_name_of_a_tool_of_the_catalog_counts_beside_its_scope() {
    let base = ScopePolicy::everything("mcp").tool("stock_balance", "own:read");
    let gateway = Gateway::builder(OneC::default()).scopes(base.clone()).catalog(catalog(&OneC::default())).build();
    for (scopes, passes) in [("own:read", false), ("mcp:report:stock", false), ("own:read mcp:report:stock", true)] {
        let answer = gateway.clone().oneshot(call("stock_balance", &json!({}), Some(scopes))).await;
        assert_eq!(answer.is_ok(), passes, "{scopes}");
        assert_eq!(names(gateway.clone().oneshot(list(Some(scopes))).await).len(), usize::from(passes), "{scopes}");
    }
    let catalog = Catalog::new(one("report", "own:a"));
    let policy = catalog.policy(ScopePolicy::everything("mcp").tool("report", "own:read"));
    assert_eq!(policy.of_tool("report").to_string(), "own:a own:read");
    catalog.replace(one("report", "own:b"));
    assert_eq!(policy.of_tool("report").to_string(), "own:b own:read");
    // Who knows which tool 1C takes this name for.
    assert_eq!(policy.of_tool("Report").to_string(), "mcp own:b own:read");
}

/// Also where the extension fails, or is not there: it is none of this caller's business.
#[tokio::test]
async fn who_can_open_nothing_of_the_extension_gets_the_list_of_the_catalog() {
    let onec = OneC::default();
    let base = ScopePolicy::everything("mcp").tool("get_*", "own:read").tool("stock_balance", "own:stock");
    let gateway = Gateway::builder(onec.clone()).scopes(base).catalog(catalog(&onec)).build();
    let all = names(gateway.clone().oneshot(list(Some("mcp:resolve"))).await);
    assert!(!all.is_empty() && all.iter().all(|name| name.starts_with("resolve_")), "{all:?}");
    // A rule for the name of a tool of the catalog opens nothing of the extension.
    assert!(names(gateway.clone().oneshot(list(Some("own:stock"))).await).is_empty());
    for method in [Method::ResourcesList, Method::ResourceTemplatesList, Method::PromptsList] {
        let answer = gateway.clone().oneshot(request(method, &json!({}), Some("mcp:resolve own:read"))).await;
        assert!(answer.unwrap().outcome.is_ok());
    }
    let mut page = list(Some("mcp:resolve"));
    page.params = Params::parse(&Bytes::from_static(br#"{"cursor":"2"}"#)).unwrap();
    assert_eq!(gateway.clone().oneshot(page).await.unwrap().outcome.unwrap_err().code, -32602);
    assert_eq!(onec.0.requests.lock().unwrap().len(), 0);
    let both = names(gateway.clone().oneshot(list(Some("mcp:resolve own:read"))).await);
    assert_eq!(both.len(), all.len() + 1, "{both:?}");
    assert_eq!(onec.requests(&Method::ToolsList), 1);
}

const fn sent<T: Send + 'static>() {}

/// Checked by the compiler.
const _: () = {
    sent::<Gateway<OneC, OneC>>();
    sent::<onec_mcp::gateway::ResponseFuture<OneC, OneC>>();
    sent::<onec_mcp::gateway::ResponseFuture<OneC, NoRest>>();
};
