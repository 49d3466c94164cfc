//! The catalog among the tools of 1C: merged lists, calls in the REST dialect, everything else
//! untouched.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper that fails fails its test")]

#[path = "support/catalog.rs"]
mod support;

use bytes::Bytes;
use http::StatusCode;
use onec_mcp::catalog::{Catalog, CatalogLayer, Catalogued, Limits, Tools};
use onec_mcp::onec::{self, RestCall, Trouble};
use onec_mcp::rpc::{BoxError, ErrorObject, Failure, Method, Param, Params, Payload, Request, Response, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use support::tools;
use tower::{Layer, Service, ServiceExt};

type Answer = Result<Response, BoxError>;
type Answers<T> = Arc<dyn Fn(&T) -> Answer + Send + Sync>;

/// 1C in both dialects. It must be asked for readiness before each call, and is ready only once.
#[derive(Clone)]
struct OneC {
    rpc: Answers<Request>,
    rest: Answers<RestCall>,
    seen: Arc<Mutex<(Vec<Request>, Vec<RestCall>)>>,
    ready: bool,
    /// Told by `poll_ready`.
    broken: bool,
}

impl OneC {
    fn new(
        rpc: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        rest: impl Fn(&RestCall) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self { rpc: Arc::new(rpc), rest: Arc::new(rest), seen: Arc::default(), ready: false, broken: false }
    }

    /// With this list of tools and this answer to calls.
    fn saying(list: &'static str, answer: &'static str) -> Self {
        Self::new(move |_| result(list), move |_| result(answer))
    }

    fn poll(&mut self) -> Poll<Result<(), BoxError>> {
        if self.broken {
            return Poll::Ready(Err(Failure::overloaded().into()));
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn used(&mut self) {
        assert!(std::mem::take(&mut self.ready), "called before it was ready");
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().0.len()
    }

    fn call(&self) -> RestCall {
        let mut calls = std::mem::take(&mut self.seen.lock().unwrap().1);
        assert_eq!(calls.len(), 1);
        calls.remove(0)
    }
}

impl Service<Request> for OneC {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll()
    }

    fn call(&mut self, request: Request) -> Ready<Answer> {
        self.used();
        let answer = (self.rpc)(&request);
        self.seen.lock().unwrap().0.push(request);
        ready(answer)
    }
}

impl Service<RestCall> for OneC {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll()
    }

    fn call(&mut self, call: RestCall) -> Ready<Answer> {
        self.used();
        let answer = (self.rest)(&call);
        self.seen.lock().unwrap().1.push(call);
        ready(answer)
    }
}

fn result(json: impl Into<Bytes>) -> Answer {
    let mut response = Response::result(Payload::parse(json)?);
    response.upstream = Some(Duration::from_millis(7));
    Ok(response)
}

fn trouble(trouble: Trouble) -> Answer {
    Err(onec::Error::from(trouble).into())
}

fn request(method: Method, params: &Value) -> Request {
    Request::new(method, Params::parse(&params.to_string().into()).unwrap(), Version::V2025_11_25)
}

fn layer() -> CatalogLayer {
    CatalogLayer::new(Catalog::new(tools()))
}

async fn ask<S>(service: &S, method: Method, params: Value) -> Answer
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    service.clone().oneshot(request(method, &params)).await
}

async fn payload<S>(service: &S, method: Method, params: Value) -> Payload
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    ask(service, method, params).await.unwrap().outcome.unwrap()
}

async fn json_of<S>(service: &S, method: Method, params: Value) -> Value
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    serde_json::from_slice(payload(service, method, params).await.json()).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn find(number: &str) -> Value {
    json!({ "name": "find", "arguments": { "number": number } })
}

const LIST: &str = r#"{"_meta":{"x":1.10},"tools":[{"name":"own","inputSchema":{}},{"name":"find"}],"nextCursor":"2"}"#;

#[tokio::test]
async fn the_catalog_stands_before_the_tools_of_1c() {
    let service = layer().layer(OneC::saying(LIST, "{}"));
    let list = json_of(&service, Method::ToolsList, json!({})).await;
    assert_eq!(names(&list), ["report", "find", "own"]);
    assert_eq!((&list["nextCursor"], &list["_meta"]), (&json!("2"), &json!({ "x": 1.10 })));
    assert_eq!(list["tools"][2], json!({ "name": "own", "inputSchema": {} }));
    let report = &list["tools"][0];
    let tools = tools();
    let tool = tools.get("report").unwrap();
    assert_eq!(report["inputSchema"], *tool.input_schema());
    assert_eq!(report["outputSchema"], *tool.output_schema().unwrap());
    assert_eq!(report["annotations"], json!({ "readOnlyHint": true }));
    assert_eq!((&report["title"], &report["description"]), (&json!("Report"), &json!("Any figures.")));
    assert_eq!(report.as_object().unwrap().len(), 6);
    assert!(list["tools"][1].get("title").is_none());
}

#[tokio::test]
async fn later_pages_have_no_names_of_the_catalog() {
    let service = layer().layer(OneC::saying(LIST, "{}"));
    let list = json_of(&service, Method::ToolsList, json!({ "cursor": "1" })).await;
    assert_eq!(names(&list), ["own"]);
    assert_eq!(list["nextCursor"], "2");
    let list = json_of(&service, Method::ToolsList, json!({ "cursor": null })).await;
    assert_eq!(names(&list), ["report", "find", "own"]);
    // A page without them is passed on as it is.
    const OTHER: &str = r#"{ "tools" : [ {"name":"own"} ] }"#;
    let service = layer().layer(OneC::saying(OTHER, "{}"));
    assert_eq!(*payload(&service, Method::ToolsList, json!({ "cursor": "2" })).await.json(), OTHER);
}

#[tokio::test]
async fn a_list_that_did_not_change_is_merged_once() {
    let service = layer().layer(OneC::saying(LIST, "{}"));
    let one = payload(&service, Method::ToolsList, json!({})).await;
    let other = payload(&service.clone(), Method::ToolsList, json!({})).await;
    assert_eq!(one.json().as_ptr(), other.json().as_ptr());
}

#[tokio::test]
async fn a_list_that_fails_is_a_failure() {
    let refuse = |_: &Request| Ok(Response::error(ErrorObject::internal("Нет прав")));
    let service = layer().layer(OneC::new(refuse, |_| result("{}")));
    let error = ask(&service, Method::ToolsList, json!({})).await.unwrap().outcome.unwrap_err();
    assert_eq!((error.code, &*error.message), (-32603, "Нет прав"));
    let service = layer().layer(OneC::new(|_| trouble(Trouble::Unreachable), |_| result("{}")));
    let error = ask(&service, Method::ToolsList, json!({})).await.unwrap_err();
    assert_eq!(Failure::from_error(&error).status, StatusCode::BAD_GATEWAY);
    for list in ["{}", r#"{"tools":5}"#, r#"{"tools":[{"name":"a","name":"b"}]}"#] {
        let service = layer().layer(OneC::saying(list, "{}"));
        let error = ask(&service, Method::ToolsList, json!({})).await.unwrap_err();
        assert!(Failure::from_error(&error).error.message.contains("list of tools"), "{list}");
    }
}

#[tokio::test]
async fn a_call_is_one_call_in_the_rest_dialect() {
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let service = layer().layer(onec.clone());
    let mut request = request(
        Method::ToolsCall,
        &json!({
            "name": "report",
            "arguments": { "period": "{\"from\":\"2026-01-01\",\"to\":\"2026-01-31\"}", "top": "1000" },
            "inputResponses": { "a": 1 }, "requestState": "state", "_meta": { "progressToken": 1 },
        }),
    );
    request.headers.insert("x-mcp-sub", "me".parse().unwrap());
    request.extensions.insert(Identity::new("me", Scopes::parse("mcp")));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.upstream, Some(Duration::from_millis(7)));
    let call = onec.call();
    assert_eq!((&*call.path, call.slow, call.cache), ("reports/any", true, Some(Duration::from_secs(60))));
    let body = r#"{"group_by":["warehouse"],"limit":10,"measures":["amount","qty"],"period":{"from":"2026-01-01","to":"2026-01-31"},"top":100}"#;
    assert_eq!(call.body, body);
    assert_eq!(call.headers["x-mcp-sub"], "me");
    assert_eq!(call.headers.len(), 1);
    assert_eq!(call.extensions.get::<Identity>().unwrap().subject(), "me");
    assert_eq!(onec.requests(), 0);
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Structured Content".
#[tokio::test]
async fn results_are_text_and_structured_content() {
    const ANSWER: &str = "{ \"rows\" :\r\n\t[ [ 1.10, \"a \\\"b\\\\ \\n \\u0041\\/ я\", 12345678901234567890 ] ],\"\\\\\" : \" { } \" ,\"_meta\":{} }";
    let service = layer().layer(OneC::saying(LIST, ANSWER));
    let got = payload(&service, Method::ToolsCall, find("1")).await;
    let compact = r#"{"rows":[[1.10,"a \"b\\ \n \u0041\/ я",12345678901234567890]],"\\":" { } ","_meta":{}}"#;
    let whole = format!(
        r#"{{"content":[{{"type":"text","text":{}}}],"structuredContent":{ANSWER}}}"#,
        serde_json::to_string(compact).unwrap()
    );
    assert_eq!(*got.json(), whole);
    // Without it, there are no output schemas either.
    let service = layer().structured(false).layer(OneC::saying(LIST, ANSWER));
    let got = json_of(&service, Method::ToolsCall, find("1")).await;
    assert_eq!(got, json!({ "content": [{ "type": "text", "text": compact }] }));
    let list = json_of(&service, Method::ToolsList, json!({})).await;
    assert!(list["tools"].as_array().unwrap().iter().all(|tool| tool.get("outputSchema").is_none()));
    assert_eq!(names(&list), ["report", "find", "own"]);
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Error Handling".
#[tokio::test]
async fn arguments_that_do_not_fit_never_reach_1c() {
    let onec = OneC::new(|_| panic!("asked"), |_| panic!("called"));
    let service = layer().layer(onec);
    let call = json!({ "name": "report", "arguments": { "perid": {} } });
    let got = json_of(&service, Method::ToolsCall, call).await;
    assert_eq!(got["isError"], true);
    let text = got["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("perid") && text.contains("did you mean period?"), "{text}");
    let got = json_of(&service, Method::ToolsCall, json!({ "name": "report" })).await;
    assert!(got["content"][0]["text"].as_str().unwrap().contains("period"));
}

#[tokio::test]
async fn what_1c_says_of_the_arguments_is_for_the_model() {
    let bad = |text: &str| Trouble::Status(StatusCode::BAD_REQUEST, text.to_owned());
    for (said, told) in [("Склад не найден", "Склад не найден"), (" ", "1C refused these arguments (400)")]
    {
        let service = layer().layer(OneC::new(|_| panic!("asked"), move |_| trouble(bad(said))));
        let got = json_of(&service, Method::ToolsCall, find("1")).await;
        assert_eq!(got["isError"], true);
        assert!(got["content"][0]["text"].as_str().unwrap().contains(told), "{got}");
    }
    let service = layer().layer(OneC::new(|_| panic!("asked"), move |_| trouble(bad(&"ы".repeat(10_000)))));
    let got = json_of(&service, Method::ToolsCall, find("1")).await;
    let text = got["content"][0]["text"].as_str().unwrap();
    assert!(text.len() < 4100 && text.ends_with('…'), "4 KiB are enough of what 1C says");
}

#[tokio::test]
async fn other_trouble_is_trouble() {
    let status = |code| Trouble::Status(code, "Ошибка".to_owned());
    for (kind, expected) in [
        (status(StatusCode::INTERNAL_SERVER_ERROR), StatusCode::BAD_GATEWAY),
        (status(StatusCode::UNAUTHORIZED), StatusCode::BAD_GATEWAY),
        (Trouble::LoginRefused, StatusCode::UNAUTHORIZED),
        (Trouble::Slow(Duration::from_secs(1)), StatusCode::GATEWAY_TIMEOUT),
    ] {
        let service = layer().layer(OneC::new(|_| panic!("asked"), move |_| trouble(kind.clone())));
        let error = ask(&service, Method::ToolsCall, find("1")).await.unwrap_err();
        assert_eq!(Failure::from_error(&error).status, expected);
    }
}

#[tokio::test]
async fn more_rows_than_allowed_are_an_error() {
    let answer = json!({ "rows": vec![1; 101] }).to_string();
    let service = layer().layer(OneC::new(|_| result(LIST), move |_| result(answer.clone())));
    let got = json_of(&service, Method::ToolsCall, find("1")).await;
    let text = got["content"][0]["text"].as_str().unwrap();
    assert_eq!(got["isError"], true);
    assert!(got.get("structuredContent").is_none());
    for part in ["limit_exceeded", "101", "100", "Narrow"] {
        assert!(text.contains(part), "{text}");
    }
}

/// Clients refuse structured content that is not what `outputSchema` says, with words that no model can
/// use. So it is 1C's trouble, and said as such.
#[tokio::test]
async fn an_answer_that_the_output_schema_forbids_is_no_result() {
    let trade = || CatalogLayer::new(Catalog::new(Tools::trade(Limits::default()).unwrap()));
    let call = || json!({ "name": "stock_balance", "arguments": {} });
    for (answer, expected) in [
        (r#"{"columns":[],"rows":[]}"#, None),
        (r#"{"columns":[],"rows":[],"totals":null,"more":1}"#, None),
        ("{}", Some("it must have columns, rows")),
        (r#"{"columns":[]}"#, Some("it must have columns, rows")),
        (r#"{"columns":"нет","rows":[]}"#, Some("columns is not")),
        (r#"{"columns":[],"rows":{"a":1}}"#, Some("rows is not")),
        (r#"{"columns":[],"rows":null}"#, Some("rows is not")),
        (r#"{"columns":[],"rows":[],"totals":5}"#, Some("totals is not")),
    ] {
        let got = ask(&trade().layer(OneC::saying(LIST, answer)), Method::ToolsCall, call()).await;
        match expected {
            None => assert!(got.unwrap().outcome.is_ok(), "{answer}"),
            Some(words) => {
                let failure = Failure::from_error(&got.unwrap_err());
                assert_eq!(failure.status, StatusCode::BAD_GATEWAY, "{answer}");
                assert!(failure.error.message.contains(words), "{answer}: {}", failure.error.message);
            }
        }
        // A text is whatever 1C says.
        let text = trade().structured(false).layer(OneC::saying(LIST, answer));
        assert!(ask(&text, Method::ToolsCall, call()).await.unwrap().outcome.is_ok(), "{answer}");
    }
}

#[tokio::test]
async fn everything_else_passes_through() {
    let onec = OneC::new(|request| result(format!("{{\"was\":\"{}\"}}", request.method)), |_| panic!("called"));
    let service = layer().layer(onec.clone());
    let calls = [
        (Method::ToolsCall, json!({ "name": "own", "arguments": { "a": 1 }, "requestState": "s" })),
        (Method::ToolsCall, json!({ "name": "Report" })),
        (Method::ToolsCall, json!({})),
        (Method::ResourcesRead, json!({ "uri": "report" })),
        (Method::PromptsGet, json!({ "name": "report" })),
        (Method::ResourcesList, json!({})),
        (Method::Complete, json!({})),
    ];
    for (method, params) in calls {
        let got = payload(&service, method.clone(), params.clone()).await;
        assert_eq!(*got.json(), format!("{{\"was\":\"{method}\"}}"));
        let (requests, _) = &*onec.seen.lock().unwrap();
        let seen = requests.last().unwrap();
        assert_eq!(seen.params.raw(Param::Arguments).is_some(), params.get("arguments").is_some());
        assert_eq!(seen.params.text(Param::RequestState).as_deref(), params["requestState"].as_str());
    }
}

#[tokio::test]
async fn without_the_rpc_dialect_there_is_nothing_but_the_catalog() {
    let onec = OneC::new(|_| panic!("asked"), |_| result(r#"{"rows":[]}"#));
    let service = layer().rpc(false).layer(onec);
    let list = json_of(&service, Method::ToolsList, json!({})).await;
    assert_eq!(names(&list), ["report", "find"]);
    assert!(list["tools"][0].get("outputSchema").is_some());
    let again = payload(&service, Method::ToolsList, json!({})).await;
    let once = payload(&service, Method::ToolsList, json!({})).await;
    assert_eq!(again.json().as_ptr(), once.json().as_ptr());
    assert_eq!(json_of(&service, Method::ToolsCall, find("1")).await["structuredContent"], json!({ "rows": [] }));
    for (method, nothing) in [
        (Method::ResourcesList, json!({ "resources": [] })),
        (Method::ResourceTemplatesList, json!({ "resourceTemplates": [] })),
        (Method::PromptsList, json!({ "prompts": [] })),
        (Method::Complete, json!({ "completion": { "values": [] } })),
    ] {
        assert_eq!(json_of(&service, method, json!({})).await, nothing);
    }
    for (method, params, code) in [
        (Method::ToolsCall, json!({ "name": "own" }), -32602),
        (Method::ToolsCall, json!({}), -32602),
        (Method::PromptsGet, json!({ "name": "own" }), -32602),
        (Method::ResourcesRead, json!({ "uri": "file:///x" }), -32002),
        (Method::ToolsList, json!({ "cursor": "2" }), -32602),
        (Method::Other("own/method".into()), json!({}), -32601),
    ] {
        let error = ask(&service, method, params).await.unwrap().outcome.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
    let mut modern = request(Method::ResourcesRead, &json!({ "uri": "file:///x" }));
    modern.version = Version::V2026_07_28;
    let error = service.oneshot(modern).await.unwrap().outcome.unwrap_err();
    assert_eq!((error.code, error.data.unwrap()), (-32602, Bytes::from_static(br#"{"uri":"file:///x"}"#)));
    let service = layer().rpc(false).structured(false).layer(OneC::saying(LIST, "{}"));
    let list = json_of(&service, Method::ToolsList, json!({})).await;
    assert!(list["tools"][0].get("outputSchema").is_none());
}

#[tokio::test]
async fn a_new_catalog_is_in_force_at_once() {
    let catalog = Catalog::new(tools());
    let service = CatalogLayer::new(catalog.clone()).layer(OneC::saying(LIST, r#"{"rows":[]}"#));
    let mut running = service.clone();
    ServiceExt::<Request>::ready(&mut running).await.unwrap();
    let under_way = running.call(request(Method::ToolsCall, &find("1")));
    assert_eq!(names(&json_of(&service, Method::ToolsList, json!({})).await), ["report", "find", "own"]);

    let mut other = support::report();
    other["name"] = json!("other");
    catalog.replace(Tools::read(&json!({ "tools": [other] }), "x", Limits::default()).unwrap());
    assert_eq!(names(&json_of(&service, Method::ToolsList, json!({})).await), ["other", "own", "find"]);
    // Now it is a tool of 1C.
    assert!(json_of(&service, Method::ToolsCall, find("1")).await.get("tools").is_some());
    let under_way: Value = serde_json::from_slice(under_way.await.unwrap().outcome.unwrap().json()).unwrap();
    assert_eq!(under_way["structuredContent"], json!({ "rows": [] }));

    catalog.replace(tools());
    assert_eq!(names(&json_of(&service, Method::ToolsList, json!({})).await), ["report", "find", "own"]);
}

#[tokio::test]
async fn readiness_is_that_of_1c() {
    let mut onec = OneC::saying(LIST, "{}");
    onec.broken = true;
    let error = ask(&layer().layer(onec), Method::ToolsCall, find("1")).await.unwrap_err();
    assert_eq!(Failure::from_error(&error).status, StatusCode::SERVICE_UNAVAILABLE);
    // One readiness is one call: the stand-in fails a second one, and a clone that was not asked.
    let mut service = layer().layer(OneC::saying(LIST, r#"{"rows":[]}"#));
    for _ in 0..2 {
        for (method, params) in [(Method::ToolsCall, find("1")), (Method::ToolsList, json!({}))] {
            ServiceExt::<Request>::ready(&mut service).await.unwrap();
            assert!(service.call(request(method, &params)).await.is_ok());
        }
    }
}

/// What stands in JSON text within a string is seen too, after mending.
#[tokio::test]
async fn guarded_values_do_not_hide_in_text() {
    let policy = tools().policy(ScopePolicy::everything("mcp"));
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let service = ScopeLayer::new(policy).layer(layer().layer(onec.clone()));
    let caller = |scopes: &str, measures: Value| {
        let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
        let arguments = json!({ "period": period, "measures": measures });
        let mut request = request(Method::ToolsCall, &json!({ "name": "report", "arguments": arguments.to_string() }));
        request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
        request
    };
    let few = "mcp mcp:report:sales";
    for measures in [json!(["cost"]), json!("cost"), json!("[\"cost\"]"), json!("[\"\\u0063ost\"]")] {
        let error = service.clone().oneshot(caller(few, measures.clone())).await.unwrap_err();
        let failure = Failure::from_error(&error);
        assert_eq!(failure.status, StatusCode::FORBIDDEN, "{measures}");
        assert!(failure.scopes.unwrap().contains("mcp:report:cost"));
        let all = format!("{few} mcp:report:cost");
        assert!(service.clone().oneshot(caller(&all, measures)).await.is_ok());
    }
    // Nor are they told.
    for (scopes, told) in [(few, false), ("mcp mcp:report:sales mcp:report:cost", true)] {
        for wrong in [json!(["proft"]), json!([5])] {
            let answer = service.clone().oneshot(caller(scopes, wrong)).await.unwrap().outcome.unwrap();
            let text = String::from_utf8(answer.json().to_vec()).unwrap();
            assert!(text.contains("amount, qty") && text.contains("profit") == told, "{text}");
        }
    }
    assert!(service.oneshot(caller(few, json!(["qty"]))).await.is_ok());
}

/// Nor where the schema gives a choice of schemas.
#[tokio::test]
async fn guarded_values_are_not_told_as_one_of_several_schemas() {
    let names = json!({ "type": "string", "enum": ["amount", "cost", "profit"] });
    let mut tool = support::report();
    tool["input_schema"]["properties"]["measures"] = json!({ "anyOf": [names, { "type": "array", "items": names }] });
    tool["within"] = json!({});
    let tools = Tools::read(&json!({ "tools": [tool] }), "test", Limits::default()).unwrap();
    let policy = tools.policy(ScopePolicy::default());
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let service = ScopeLayer::new(policy).layer(CatalogLayer::new(Catalog::new(tools)).layer(onec));
    let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    for wrong in [json!("proft"), json!(["proft"]), json!(7)] {
        let arguments = json!({ "period": period, "measures": wrong });
        let mut request = request(Method::ToolsCall, &json!({ "name": "report", "arguments": arguments }));
        request.extensions.insert(Identity::new("me", Scopes::parse("mcp:report:sales")));
        let answer = service.clone().oneshot(request).await.unwrap().outcome.unwrap();
        let text = String::from_utf8(answer.json().to_vec()).unwrap();
        assert!(text.contains("isError") && !text.contains("profit") && !text.contains("cost"), "{text}");
    }
}

#[tokio::test]
async fn without_authentication_everything_is_allowed() {
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let service = layer().layer(onec.clone());
    let arguments = json!({ "period": { "from": "2026-01-01", "to": "2026-01-31" }, "measures": ["cost"] });
    let got = json_of(&service, Method::ToolsCall, json!({ "name": "report", "arguments": arguments })).await;
    assert!(got.get("isError").is_none(), "{got}");
    assert!(onec.call().headers.is_empty());
}

const fn shared<T: Clone + Send + Sync + 'static>() {}
const fn sent<T: Send + 'static>() {}

/// Checked by the compiler.
const _: () = {
    shared::<Catalog>();
    shared::<CatalogLayer>();
    shared::<Catalogued<OneC>>();
    shared::<Tools>();
    sent::<onec_mcp::catalog::ResponseFuture<Ready<Answer>, Ready<Answer>>>();
};
