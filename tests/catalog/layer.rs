//! The catalog among the tools of 1C: merged lists, calls in the REST dialect, everything else
//! untouched.

use crate::support::catalog as support;
use crate::support::catalog::tools;
use bytes::Bytes;
use http::StatusCode;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, CatalogService, Limits, Tools};
use onec_mcp::onec::{ErrorKind, RestCall};
use onec_mcp::rpc::{BoxError, ErrorObject, Method, Param, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
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
            return Poll::Ready(Err(RpcError::overloaded().into()));
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

fn trouble(trouble: ErrorKind) -> Answer {
    Err(RpcError::from(trouble).into())
}

fn request(method: Method, params: &Value) -> Request {
    Request::new(method, Params::parse(&params.to_string().into()).unwrap(), Version::V2025_11_25)
}

/// What fails the check of the catalog is trouble once, and not until it would be forgotten.
#[tokio::test]
async fn a_useless_answer_is_not_remembered() {
    let asked = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&asked);
    let answer = move |_: &RestCall| {
        let mut asked = counter.lock().unwrap();
        *asked += 1;
        result(if *asked == 1 { "{}" } else { r#"{"candidates":[]}"# })
    };
    let onec = OneC::new(|_| result("{}"), answer);
    let cache = CacheLayer::new().layer(onec.clone());
    let layer = CatalogLayer::new(Catalog::trade(Limits::default()).unwrap(), cache.rest(onec));
    let service = layer.layer(cache);
    let call = || json!({ "name": "resolve_customer", "arguments": { "query": "x" } });
    assert!(ask(&service, Method::ToolsCall, call()).await.is_err());
    for _ in 0..2 {
        let got = json_of(&service, Method::ToolsCall, call()).await;
        assert_eq!(got["structuredContent"], json!({ "candidates": [] }));
    }
    assert_eq!(*asked.lock().unwrap(), 2);
}

fn layer(onec: OneC) -> CatalogLayer<OneC> {
    CatalogLayer::new(Catalog::new(tools()), onec)
}

/// The layer over a 1C of both dialects.
fn over(onec: OneC, layer: impl FnOnce(OneC) -> CatalogLayer<OneC>) -> CatalogService<OneC, OneC> {
    layer(onec.clone()).layer(onec)
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
    let service = over(OneC::saying(LIST, "{}"), layer);
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
    let service = over(OneC::saying(LIST, "{}"), layer);
    let list = json_of(&service, Method::ToolsList, json!({ "cursor": "1" })).await;
    assert_eq!(names(&list), ["own"]);
    assert_eq!(list["nextCursor"], "2");
    let list = json_of(&service, Method::ToolsList, json!({ "cursor": null })).await;
    assert_eq!(names(&list), ["report", "find", "own"]);
    // A page without them is passed on as it is.
    const OTHER: &str = r#"{ "tools" : [ {"name":"own"} ] }"#;
    let service = over(OneC::saying(OTHER, "{}"), layer);
    assert_eq!(*payload(&service, Method::ToolsList, json!({ "cursor": "2" })).await.json(), OTHER);
}

#[tokio::test]
async fn a_list_that_did_not_change_is_merged_once() {
    let service = over(OneC::saying(LIST, "{}"), layer);
    let one = payload(&service, Method::ToolsList, json!({})).await;
    let other = payload(&service.clone(), Method::ToolsList, json!({})).await;
    assert_eq!(one.json().as_ptr(), other.json().as_ptr());
}

#[tokio::test]
async fn a_list_that_fails_is_a_failure() {
    let refuse = |_: &Request| Ok(Response::error(ErrorObject::internal("Нет прав")));
    let service = over(OneC::new(refuse, |_| result("{}")), layer);
    let error = ask(&service, Method::ToolsList, json!({})).await.unwrap().outcome.unwrap_err();
    assert_eq!((error.code, &*error.message), (-32603, "Нет прав"));
    let service = over(OneC::new(|_| trouble(ErrorKind::Unreachable), |_| result("{}")), layer);
    let error = ask(&service, Method::ToolsList, json!({})).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, StatusCode::BAD_GATEWAY);
    for list in ["{}", r#"{"tools":5}"#, r#"{"tools":[{"name":"a","name":"b"}]}"#] {
        let service = over(OneC::saying(list, "{}"), layer);
        let error = ask(&service, Method::ToolsList, json!({})).await.unwrap_err();
        assert!(RpcError::from_error(&error).error.message.contains("list of tools"), "{list}");
    }
}

#[tokio::test]
async fn a_call_is_one_call_in_the_rest_dialect() {
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let service = over(onec.clone(), layer);
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
    let service = over(OneC::saying(LIST, ANSWER), layer);
    let got = payload(&service, Method::ToolsCall, find("1")).await;
    let compact = r#"{"rows":[[1.10,"a \"b\\ \n \u0041\/ я",12345678901234567890]],"\\":" { } ","_meta":{}}"#;
    let whole = format!(
        r#"{{"content":[{{"type":"text","text":{}}}],"structuredContent":{ANSWER}}}"#,
        serde_json::to_string(compact).unwrap()
    );
    assert_eq!(*got.json(), whole);
    // Without it, there are no output schemas either.
    let service = over(OneC::saying(LIST, ANSWER), |onec| layer(onec).structured(false));
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
    let service = over(onec, layer);
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
    let bad = |text: &str| ErrorKind::Status(StatusCode::BAD_REQUEST, text.to_owned());
    for (said, told) in [("Склад не найден", "Склад не найден"), (" ", "1C refused these arguments (400)")]
    {
        let service = over(OneC::new(|_| panic!("asked"), move |_| trouble(bad(said))), layer);
        let got = json_of(&service, Method::ToolsCall, find("1")).await;
        assert_eq!(got["isError"], true);
        assert!(got["content"][0]["text"].as_str().unwrap().contains(told), "{got}");
    }
    let service = over(OneC::new(|_| panic!("asked"), move |_| trouble(bad(&"ы".repeat(10_000)))), layer);
    let got = json_of(&service, Method::ToolsCall, find("1")).await;
    let text = got["content"][0]["text"].as_str().unwrap();
    assert!(text.len() < 4100 && text.ends_with('…'), "4 KiB are enough of what 1C says");
}

#[tokio::test]
async fn other_trouble_is_trouble() {
    let status = |code| ErrorKind::Status(code, "Ошибка".to_owned());
    for (kind, expected) in [
        (status(StatusCode::INTERNAL_SERVER_ERROR), StatusCode::BAD_GATEWAY),
        (status(StatusCode::UNAUTHORIZED), StatusCode::BAD_GATEWAY),
        (ErrorKind::LoginRefused, StatusCode::UNAUTHORIZED),
        (ErrorKind::Slow(Duration::from_secs(1)), StatusCode::GATEWAY_TIMEOUT),
    ] {
        let service = over(OneC::new(|_| panic!("asked"), move |_| trouble(kind.clone())), layer);
        let error = ask(&service, Method::ToolsCall, find("1")).await.unwrap_err();
        assert_eq!(RpcError::from_error(&error).status, expected);
    }
}

#[tokio::test]
async fn more_rows_than_allowed_are_an_error() {
    let answer = json!({ "rows": vec![1; 101] }).to_string();
    let service = over(OneC::new(|_| result(LIST), move |_| result(answer.clone())), layer);
    let got = json_of(&service, Method::ToolsCall, find("1")).await;
    let text = got["content"][0]["text"].as_str().unwrap();
    assert_eq!(got["isError"], true);
    assert!(got.get("structuredContent").is_none());
    for part in ["limit_exceeded", "101", "100", "Narrow"] {
        assert!(text.contains(part), "{text}");
    }
}

/// A tool of the built-in catalog, asked of a 1C that says this. The answer, and the texts after it.
async fn noted(tools: &Tools, tool: &str, arguments: Value, answer: &Value) -> (Value, Vec<String>) {
    let text = answer.to_string();
    let onec = OneC::new(|_| panic!("asked"), move |_| result(text.clone()));
    let service = over(onec, |onec| CatalogLayer::new(Catalog::new(tools.clone()), onec));
    let call = json!({ "name": tool, "arguments": arguments });
    let mut got = json_of(&service, Method::ToolsCall, call).await;
    let mut texts = got["content"].as_array().unwrap().iter().map(|block| block["text"].as_str().unwrap().to_owned());
    let first = texts.next().unwrap();
    let rest = texts.collect();
    if got["isError"] == true {
        return (json!(first), rest);
    }
    let answer = got["structuredContent"].take();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap(), answer);
    (answer, rest)
}

fn rows(count: usize) -> Value {
    json!({ "columns": [{ "name": "n" }], "rows": (0..count).map(|at| json!([at])).collect::<Vec<_>>(), "totals": { "n": 1 } })
}

/// A model takes what it sees for all there is, unless it is told.
#[tokio::test]
async fn an_answer_that_came_full_says_so() {
    let tools = Tools::trade(Limits::default()).unwrap();
    let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    let id = "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002";
    let candidates = |count: usize| json!({ "candidates": vec![json!({ "id": "1", "label": "x" }); count] });
    let events =
        |count: usize| json!({ "period": period, "count": count, "events": vec![json!({ "user": "x" }); count] });
    let found = |count: usize| json!({ "doc_type": "Document.X", "candidates": vec![json!({ "number": "1" }); count] });
    let sales = json!({ "period": period });
    let start = "This answer is full: it holds ";
    let rest = "there may be more that it does not show. To see the rest, ";
    let narrow = "a shorter period, more filters, fewer dimensions in group_by";
    for (tool, arguments, answer, says) in [
        ("sales_report", sales.clone(), rows(199), None),
        (
            "sales_report",
            sales.clone(),
            rows(200),
            Some(format!(
                "200 rows, as many as were asked for with top, so {rest}raise top (up to 5000), or narrow the request ({narrow})."
            )),
        ),
        (
            "sales_report",
            json!({ "period": period, "top": 5000 }),
            rows(5000),
            Some(format!("5000 rows, as many as were asked for with top, so {rest}narrow the request ({narrow}).")),
        ),
        ("sales_report", json!({ "period": period, "top": 300 }), rows(299), None),
        (
            "sales_report",
            json!({ "period": period, "top": 1 }),
            rows(1),
            Some("1 row, as many as were asked for with top, ".to_owned()),
        ),
        ("top_products", sales.clone(), rows(9), None),
        (
            "top_products",
            sales.clone(),
            rows(10),
            Some(format!(
                "10 rows, as many as were asked for with top, so {rest}raise top (up to 5000), or narrow the request (a shorter period, more filters)."
            )),
        ),
        (
            "customer_summary",
            json!({ "customer_id": id, "period": period }),
            rows(5),
            Some(format!(
                "5 rows, as many as were asked for with top_products, so {rest}raise top_products (up to 5000), or narrow the request (a shorter period)."
            )),
        ),
        (
            "customer_summary",
            json!({ "customer_id": id, "period": period }),
            json!({ "top_products": vec![1; 5], "totals": {} }),
            Some("5 items, as many as were asked for with top_products, ".to_owned()),
        ),
        (
            "customer_summary",
            json!({ "customer_id": id, "period": period }),
            json!({ "top_products": vec![1; 4] }),
            None,
        ),
        (
            "resolve_customer",
            json!({ "query": "x" }),
            candidates(10),
            Some(format!(
                "10 candidates, as many as were asked for with limit, so {rest}narrow the request (a more exact query)."
            )),
        ),
        (
            "resolve_customer",
            json!({ "query": "x", "limit": 3 }),
            candidates(3),
            Some(format!(
                "3 candidates, as many as were asked for with limit, so {rest}raise limit (up to 10), or narrow the request (a more exact query)."
            )),
        ),
        ("resolve_customer", json!({ "query": "x" }), candidates(9), None),
        (
            "event_log",
            json!({}),
            events(100),
            Some(format!(
                "100 events, as many as were asked for with limit, so {rest}raise limit (up to 500), or narrow the request (a shorter period, fewer levels, fewer kinds of events, one user, one session)."
            )),
        ),
        ("event_log", json!({}), rows(100), Some("100 rows, as many".to_owned())),
        ("event_log", json!({}), events(99), None),
        (
            "object_history",
            json!({ "object_type": "Document.X", "limit": 2 }),
            events(2),
            Some(format!(
                "2 events, as many as were asked for with limit, so {rest}raise limit (up to 500), or narrow the request (a shorter period, fewer kinds of events, one object_id)."
            )),
        ),
        (
            "find_document",
            json!({ "doc_type": "X", "number": "1" }),
            found(20),
            Some(format!(
                "20 candidates, as many as were asked for with limit, so {rest}raise limit (up to 100), or narrow the request (a shorter period, more digits of the number)."
            )),
        ),
        ("stock_balance", json!({}), json!({ "columns": [], "rows": [] }), None),
    ] {
        let (got, texts) = noted(&tools, tool, arguments.clone(), &answer).await;
        assert_eq!(got, answer, "{tool} {arguments}");
        match says {
            None => assert_eq!(texts, [""; 0], "{tool} {arguments}"),
            Some(says) => assert!(
                texts.len() == 1 && texts[0].starts_with(&format!("{start}{says}")),
                "{tool} {arguments}: {texts:?}\n{says}"
            ),
        }
    }
    // A tool of one's own has other arguments.
    let own = json!({ "tools": [{ "name": "own", "description": "x", "scope": "x", "path": "x", "clamp": { "сколько": "max_rows" },
        "input_schema": { "type": "object", "properties": { "сколько": { "type": "integer" } } } }] });
    let own = Tools::read(&own, "x", Limits::default().default_rows(2)).unwrap();
    let (_, texts) = noted(&own, "own", json!({}), &rows(2)).await;
    assert!(texts[0].ends_with("with сколько, so there may be more that it does not show. To see the rest, raise сколько (up to 5000), or narrow the request."), "{texts:?}");
    // Where nothing is asked for, nothing can be full.
    let (_, texts) = noted(&support::tools(), "find", json!({ "number": "1" }), &rows(100)).await;
    assert_eq!(texts, [""; 0]);
}

/// What other 1C sides answer for the event log and for a customer, and what ours does.
#[tokio::test]
async fn the_forms_of_other_1c_sides_pass_whole() {
    let tools = Tools::trade(Limits::default()).unwrap();
    let id = "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002";
    let customer = json!({ "customer_id": id, "period": { "from": "2026-01-01", "to": "2026-01-31" } });
    for (tool, arguments, answer) in [
        (
            "event_log",
            json!({}),
            json!({ "period": { "from": "2026-01-01T00:00:00", "to": "2026-01-31" }, "count": 1, "events": [{ "event": "_$Data$_.New", "user": null }] }),
        ),
        ("object_history", json!({ "object_type": "Document.X" }), json!({ "period": null, "count": 0, "events": [] })),
        (
            "find_document",
            json!({ "doc_type": "X", "number": "1" }),
            json!({ "doc_type": "X", "candidates": [{ "id": id, "number": "1" }] }),
        ),
        ("find_document", json!({ "doc_type": "X", "number": "1" }), json!({ "found": "ничего" })),
        ("event_log", json!({}), json!({})),
        ("customer_summary", customer.clone(), json!({ "customer": { "id": id }, "totals": [1, 2], "products": [] })),
        ("customer_summary", customer, json!({ "columns": [], "rows": [], "totals": {} })),
    ] {
        let shown = tools.get(tool).unwrap().output_schema().unwrap();
        assert!(jsonschema::is_valid(shown, &answer), "{tool} {answer}");
        assert_eq!(noted(&tools, tool, arguments, &answer).await, (answer, vec![]), "{tool}");
    }
    // More than the ceiling is more than the ceiling, whatever it is called.
    for (tool, arguments, answer, most) in [
        ("event_log", json!({}), json!({ "events": vec![1; 501] }), "500"),
        ("object_history", json!({ "object_type": "Document.X" }), json!({ "events": vec![1; 501] }), "500"),
        ("find_document", json!({ "doc_type": "X", "number": "1" }), json!({ "candidates": vec![1; 101] }), "100"),
        ("sales_report", json!({ "period": { "from": "2026-01-01", "to": "2026-01-31" } }), rows(5001), "5000"),
    ] {
        let (got, _) = noted(&tools, tool, arguments, &answer).await;
        assert!(
            got.as_str().is_some_and(|text| text.starts_with("limit_exceeded: ") && text.contains(most)),
            "{tool}: {got}"
        );
    }
}

fn of_at_most(max_chars: usize) -> Tools {
    let mut tool = support::find();
    tool["max_chars"] = json!(max_chars);
    tool["_meta"] = json!({ "own": [1] });
    Tools::read(&json!({ "tools": [tool] }), "x", Limits::default().resolve_limit(100)).unwrap()
}

/// JSON that breaks off is no JSON, and a part without a word is taken for the whole.
#[tokio::test]
async fn a_long_answer_is_cut_at_a_row() {
    let row = json!(["Ёж \"\\", 1.5, { "id": [] }]);
    let answer = json!({ "a": "Ж", "rows": vec![row.clone(); 100], "totals": { "n": 1 } });
    let whole = answer.to_string().chars().count();
    for (max_chars, kept) in [(5000, Some(100)), (whole, Some(100)), (whole - 1, Some(99)), (1000, None), (200, None)] {
        let (got, texts) = noted(&of_at_most(max_chars), "find", json!({ "number": "1" }), &answer).await;
        let shown = got["rows"].as_array().unwrap().len();
        let kept = kept.unwrap_or(shown);
        let mut expected = answer.clone();
        expected["rows"].as_array_mut().unwrap().truncate(kept);
        assert_eq!(got, expected, "{max_chars}");
        let (chars, next) = (got.to_string().chars().count(), row.to_string().chars().count() + 1);
        assert!(chars <= max_chars && (kept == 100 || chars + next > max_chars), "{max_chars} {chars}");
        match kept {
            100 => assert_eq!(texts, [""; 0]),
            _ => assert_eq!(
                texts,
                [format!(
                    "This answer was cut: it holds the first {kept} of the 100 rows that 1C sent, since it may have at most {max_chars} characters. To see the rest, narrow the request (a shorter period, more digits of the number)."
                )]
            ),
        }
    }
    // The longest of the arrays is the one to cut; what 1C indents does not count.
    let both = json!({ "candidates": ["x"], "events": vec!["y".repeat(50); 10] });
    let onec = OneC::new(|_| panic!("asked"), move |_| result(serde_json::to_string_pretty(&both).unwrap()));
    let service = over(onec, |onec| CatalogLayer::new(Catalog::new(of_at_most(300)), onec));
    let got = json_of(&service, Method::ToolsCall, find("1")).await;
    assert_eq!(got["structuredContent"], json!({ "candidates": ["x"], "events": vec!["y".repeat(50); 5] }));
    assert!(got["content"][1]["text"].as_str().unwrap().contains("first 5 of the 10 events"));
    // Where nothing can be left out, or not enough, it is refused.
    let far = "я".repeat(400);
    for answer in [
        json!({ "text": far }),
        json!({ "rows": [[far]] }),
        json!({ "text": far, "rows": [1, 2] }),
        json!({ "rows": [] , "text": far }),
    ] {
        let (got, texts) = noted(&of_at_most(300), "find", json!({ "number": "1" }), &answer).await;
        let text = got.as_str().unwrap();
        assert!(
            text.starts_with("limit_exceeded: the answer has 4")
                && text.contains("at most 300 are allowed")
                && texts.is_empty(),
            "{text}"
        );
    }
    let list = json_of(
        &over(OneC::saying(LIST, "{}"), |onec| CatalogLayer::new(Catalog::new(of_at_most(300)), onec).rpc(false)),
        Method::ToolsList,
        json!({}),
    )
    .await;
    assert_eq!(list["tools"][0]["_meta"], json!({ "own": [1] }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever 1C writes between its tokens: what is cut is JSON, the text is the structure, and it fits.
    #[test]
    fn what_is_cut_is_whole_in_itself(
        rows in proptest::collection::vec(("[a-zёЖ\"\\\\\n😀 ]{0,30}", any::<i64>()), 0..40),
        name in "rows|candidates|events|others",
        max_chars in 200_usize..2000,
        pretty in any::<bool>(),
    ) {
        let rows = rows.into_iter().map(|(text, number)| json!([text, number, null])).collect::<Vec<_>>();
        let answer = json!({ "я": "\u{1f600}", (name.as_str()): rows, "totals": {} });
        let text = if pretty { serde_json::to_string_pretty(&answer).unwrap() } else { answer.to_string() };
        let onec = OneC::new(|_| panic!("asked"), move |_| result(text.clone()));
        let service = over(onec, |onec| CatalogLayer::new(Catalog::new(of_at_most(max_chars)), onec));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let got = runtime.block_on(json_of(&service, Method::ToolsCall, find("1")));
        let shown = got["content"][0]["text"].as_str().unwrap();
        let fits = answer.to_string().chars().count() <= max_chars;
        if got["isError"] == true {
            prop_assert!(!fits && shown.starts_with("limit_exceeded: "));
        } else {
            prop_assert!(shown.chars().count() <= max_chars);
            prop_assert_eq!(&serde_json::from_str::<Value>(shown).unwrap(), &got["structuredContent"]);
            prop_assert_eq!(got["content"].as_array().unwrap().len(), if fits { 1 } else { 2 });
            let kept = got["structuredContent"][&name].as_array().unwrap();
            prop_assert!(rows.starts_with(kept) && fits == (kept.len() == rows.len()));
        }
    }
}

/// A full answer that is cut besides says both.
#[tokio::test]
async fn a_full_answer_may_be_cut_too() {
    let mut tool = support::report();
    tool["max_chars"] = json!(300);
    let tools = Tools::read(&json!({ "tools": [tool] }), "x", Limits::default()).unwrap();
    let arguments = json!({ "period": { "from": "2026-01-01", "to": "2026-01-31" }, "top": 100 });
    let (got, texts) = noted(&tools, "report", arguments, &rows(100)).await;
    assert!(got["rows"].as_array().unwrap().len() > 50 && got["totals"] == json!({ "n": 1 }));
    assert!(
        texts.len() == 1
            && texts[0].starts_with("This answer is full: ")
            && texts[0].contains(" This answer was cut: "),
        "{texts:?}"
    );
}

/// Clients refuse structured content that is not what `outputSchema` says, with words that no model can
/// use. So it is 1C's trouble, and said as such.
#[tokio::test]
async fn an_answer_that_the_output_schema_forbids_is_no_result() {
    let trade = |onec| CatalogLayer::new(Catalog::new(Tools::trade(Limits::default()).unwrap()), onec);
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
        let got = ask(&over(OneC::saying(LIST, answer), trade), Method::ToolsCall, call()).await;
        match expected {
            None => assert!(got.unwrap().outcome.is_ok(), "{answer}"),
            Some(words) => {
                let failure = RpcError::from_error(&got.unwrap_err());
                assert_eq!(failure.status, StatusCode::BAD_GATEWAY, "{answer}");
                assert!(failure.error.message.contains(words), "{answer}: {}", failure.error.message);
            }
        }
        // A text is whatever 1C says.
        let text = over(OneC::saying(LIST, answer), |onec| trade(onec).structured(false));
        assert!(ask(&text, Method::ToolsCall, call()).await.unwrap().outcome.is_ok(), "{answer}");
    }
}

#[tokio::test]
async fn everything_else_passes_through() {
    let onec = OneC::new(|request| result(format!("{{\"was\":\"{}\"}}", request.method)), |_| panic!("called"));
    let service = over(onec.clone(), layer);
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
    let service = over(onec, |onec| layer(onec).rpc(false));
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
    let service = over(OneC::saying(LIST, "{}"), |onec| layer(onec).rpc(false).structured(false));
    let list = json_of(&service, Method::ToolsList, json!({})).await;
    assert!(list["tools"][0].get("outputSchema").is_none());
}

#[tokio::test]
async fn a_new_catalog_is_in_force_at_once() {
    let catalog = Catalog::new(tools());
    let service = over(OneC::saying(LIST, r#"{"rows":[]}"#), |onec| CatalogLayer::new(catalog.clone(), onec));
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
    let error = ask(&over(onec, layer), Method::ToolsCall, find("1")).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, StatusCode::SERVICE_UNAVAILABLE);
    // One readiness is one call: the stand-in fails a second one, and a clone that was not asked.
    let mut service = over(OneC::saying(LIST, r#"{"rows":[]}"#), layer);
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
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let layer = layer(onec.clone());
    let policy = layer.catalog().policy(ScopePolicy::everything("mcp"));
    // What a layer between them does to the headers changes nothing of what a caller may do.
    let without_headers = |inner| {
        let cleaned = |mut request: Request| {
            request.headers.clear();
            request
        };
        tower::util::MapRequest::new(inner, cleaned)
    };
    let service = ScopeLayer::new(policy).layer(without_headers(layer.layer(onec.clone())));
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
        let failure = RpcError::from_error(&error);
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
    let catalog = Catalog::new(tools);
    let onec = OneC::saying(LIST, r#"{"rows":[]}"#);
    let service = ScopeLayer::new(catalog.policy(ScopePolicy::default()))
        .layer(over(onec, |onec| CatalogLayer::new(catalog, onec)));
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
    let service = over(onec.clone(), layer);
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
    shared::<CatalogLayer<OneC>>();
    shared::<CatalogService<OneC, OneC>>();
    shared::<Tools>();
    sent::<onec_mcp::catalog::ResponseFuture<Ready<Answer>, OneC>>();
};
