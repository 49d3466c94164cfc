//! Work that takes long leaves the threads that serve, and what has no end is an error.
//!
//! Beneath each layer stands a service that answers at once, so that a call which is still pending after it was polled
//! once waits for another thread.

use crate::support::dialects::both_dialects;
use crate::support::lines::Lines;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::fuzzing::onec::{AnswerError, decode};
use onec_mcp::onec::{Infobase, OneCService, RestCall};
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, ServerInfo, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::{Future, poll_fn, ready};
use std::pin::pin;

use tower::{Layer, Service, ServiceExt, service_fn};

/// 1C, which has answered already.
#[derive(Clone)]
struct OneC(Payload);

impl OneC {
    fn says(json: &Value) -> Self {
        Self(Payload::parse(json.to_string()).unwrap())
    }

    #[allow(clippy::unnecessary_wraps, reason = "what a service answers")]
    fn answer(&self) -> Result<Response, BoxError> {
        Ok(Response::result(self.0.clone()))
    }
}

both_dialects!(OneC, |onec, _| onec.answer(), |onec, _| onec.answer());

fn request(method: Method, params: &Value) -> Request {
    let params = Params::parse(&params.to_string().into()).unwrap();
    let mut request = Request::new(method, params, Version::V2025_11_25);
    request.extensions.insert(Identity::new("onec:Иванов", Scopes::parse("mcp mcp:resolve mcp:report:sales")));
    request
}

fn list() -> Request {
    request(Method::ToolsList, &json!({}))
}

/// So many tools whose descriptions are so long.
fn tools(count: usize, description: usize) -> Value {
    let tool = |number: usize| {
        let name = format!("Инструмент {number}");
        json!({ "name": name, "description": "я".repeat(description), "inputSchema": { "type": "object" } })
    };
    json!({ "tools": (0..count).map(tool).collect::<Vec<_>>() })
}

/// 1 MB, and 2 KB.
fn long_and_short() -> [(Value, bool); 2] {
    [(tools(10, 53_000), true), (tools(10, 100), false)]
}

/// The answer, and whether it was not there at once.
async fn timed<T>(call: impl Future<Output = T>) -> (T, bool) {
    let mut call = pin!(call);
    let mut first = None;
    let answer = poll_fn(|cx| {
        let polled = call.as_mut().poll(cx);
        first.get_or_insert(polled.is_pending());
        polled
    })
    .await;
    (answer, first.unwrap())
}

#[track_caller]
fn read(answer: Result<Response, BoxError>) -> Value {
    serde_json::from_slice(answer.unwrap().outcome.unwrap().json()).unwrap()
}

/// Both answers of a layer: one after work elsewhere, one at once; each with all its tools.
async fn check<S>(name: &str, layered: impl Fn(OneC) -> S, more: usize)
where
    S: Service<Request, Response = Response, Error = BoxError>,
{
    for (json, long) in long_and_short() {
        let (answer, waited) = timed(layered(OneC::says(&json)).oneshot(list())).await;
        assert_eq!(read(answer)["tools"].as_array().unwrap().len(), 10 + more, "{name}");
        assert_eq!(waited, long, "{name}");
    }
}

async fn each_layer() {
    check("alias", |onec| AliasLayer::new().layer(onec), 0).await;
    check("check", |onec| CheckLayer::new().layer(onec), 0).await;
    check("scope", |onec| ScopeLayer::new(ScopePolicy::everything("mcp")).layer(onec), 0).await;
    check("confirm", |onec| ConfirmLayer::new().layer(onec), 0).await;
    let trade = || Catalog::new(Tools::trade(Limits::default()).unwrap());
    let more = trade().current().iter().count();
    check("catalog", |onec| CatalogLayer::new(trade(), onec.clone()).layer(onec), more).await;
}

/// The library also works where there is but one thread.
#[tokio::test]
async fn long_lists_leave_the_only_thread() {
    each_layer().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn long_lists_leave_the_threads_that_serve() {
    let all = |onec| AliasLayer::new().layer(CheckLayer::new().layer(ConfirmLayer::new().layer(onec)));
    tokio::spawn(check("all", all, 0)).await.unwrap();
}

#[tokio::test]
async fn long_lists_are_counted_elsewhere() {
    let (_log, _guard) = Lines::start();
    check("audit", |onec| AuditLayer::new().layer(onec), 0).await;
}

/// What a report says is copied as text, counted, and looked through for columns to hide.
#[tokio::test]
async fn long_reports_leave_the_thread() {
    for (rows, long) in [(20_000, true), (20, false)] {
        let rows: Vec<_> = (0..rows).map(|number| json!({ "product": "Ф".repeat(50), "revenue": number })).collect();
        let onec = OneC::says(&json!({ "columns": [], "rows": rows }));
        let catalog = Catalog::new(Tools::trade(Limits::default()).unwrap());
        let service = CatalogLayer::new(catalog, onec.clone()).layer(onec);
        let arguments = json!({ "period": { "from": "2026-01-01", "to": "2026-01-31" }, "group_by": ["product"] });
        let call = request(Method::ToolsCall, &json!({ "name": "sales_report", "arguments": arguments }));
        let (answer, waited) = timed(service.oneshot(call)).await;
        assert!(read(answer)["content"].is_array());
        assert_eq!(waited, long);
    }
}

fn leaf(
    body: String,
) -> OneCService<
    impl Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static,
> {
    let body = Bytes::from(body);
    let client = service_fn(move |_| ready(Ok(http::Response::new(body.clone()))));
    OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap()
}

#[tokio::test]
async fn long_answers_of_1c_are_read_elsewhere() {
    for (json, long) in long_and_short() {
        let answers = leaf(json!({ "jsonrpc": "2.0", "id": 1, "result": json }).to_string());
        let (answer, waited) = timed(answers.oneshot(list())).await;
        assert_eq!(read(answer), json);
        assert_eq!(waited, long);
        let rest = leaf(json.to_string()).rest();
        let (answer, waited) = timed(rest.oneshot(RestCall::new("reports/sales", "{}"))).await;
        assert_eq!(read(answer), json);
        assert_eq!(waited, long);
    }
}

/// Compiled once, by the first call.
#[tokio::test]
async fn long_schemas_are_compiled_elsewhere() {
    let properties = |count| (0..count).map(|n| (format!("p{n}"), json!({ "type": "integer" }))).collect::<Value>();
    for (count, long) in [(2_000, true), (2, false)] {
        let schema = json!({ "type": "object", "properties": properties(count) });
        let tool = json!({ "name": "stock", "inputSchema": schema });
        let service = CheckLayer::new().layer(OneC::says(&json!({ "tools": [tool], "content": [] })));
        service.clone().oneshot(list()).await.unwrap();
        for (value, first, fits) in [(json!("seven"), true, false), (json!(7), false, true)] {
            let call = request(Method::ToolsCall, &json!({ "name": "stock", "arguments": { "p1": value } }));
            let (answer, waited) = timed(service.clone().oneshot(call)).await;
            assert_eq!(read(answer)["isError"] != true, fits, "{count}");
            assert_eq!(waited, first && long, "{count}");
        }
    }
}

/// Over HTTP, whatever the layers make of them.
#[tokio::test]
async fn long_arguments_are_worked_on_elsewhere() {
    let tool =
        json!({ "name": "stock", "inputSchema": { "type": "object", "properties": { "p": { "type": "string" } } } });
    let onec = OneC::says(&json!({ "tools": [tool], "content": [] }));
    let catalog = Catalog::new(Tools::trade(Limits::default()).unwrap());
    let layers = CheckLayer::new().layer(CatalogLayer::new(catalog, onec.clone()).layer(onec));
    let http = JsonRpcLayer::new(ServerInfo::default()).layer(layers);
    let call = async |method: &str, params: Value| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let post = http::Request::post("/mcp").header("accept", "application/json, text/event-stream");
        let post = post.header("content-type", "application/json").body(Full::<Bytes>::from(body)).unwrap();
        let (answer, waited) = timed(http.clone().oneshot(post)).await;
        let answer = answer.unwrap().into_body().collect().await.unwrap().to_bytes();
        (serde_json::from_slice::<Value>(&answer).unwrap()["result"].clone(), waited)
    };
    call("tools/list", json!({})).await;
    let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    for (size, long) in [(1_200_000, true), (100, false)] {
        for (name, arguments, fits) in [
            ("stock", json!({ "p": "x".repeat(size) }), true),
            ("stock", json!({ "p": vec![1; size / 2] }), false),
            ("sales_report", json!({ "period": period, "group_by": vec!["product"; size / 10 ] }), false),
        ] {
            let (result, waited) = call("tools/call", json!({ "name": name, "arguments": arguments })).await;
            assert_eq!((waited, result["isError"] != true), (long, fits), "{size} {name} {result}");
        }
    }
}

/// No model reads a hundredth of them.
#[test]
fn lists_of_more_than_ten_thousand_are_an_error() {
    let items = |key: &str, name: &str, count: usize| {
        let item =
            |number: usize| json!({ name: format!("x:{number}"), "name": number.to_string(), "inputSchema": {} });
        json!({ "id": 1, "result": { key: (0..count).map(item).collect::<Vec<_>>() } }).to_string()
    };
    for (method, key, name) in [
        (Method::ToolsList, "tools", "title"),
        (Method::PromptsList, "prompts", "title"),
        (Method::ResourcesList, "resources", "uri"),
        (Method::ResourceTemplatesList, "resourceTemplates", "uriTemplate"),
    ] {
        let asked = request(method, &json!({}));
        assert!(decode(items(key, name, 10_000).into(), &asked).unwrap().is_ok(), "{key}");
        assert_eq!(decode(items(key, name, 10_001).into(), &asked).unwrap_err(), AnswerError::TooMany, "{key}");
    }
}

/// Whoever asks for the next page gets this one again.
#[tokio::test]
async fn a_page_that_is_its_own_next_one_is_an_error() {
    let page = json!({ "tools": [{ "name": "a", "inputSchema": { "type": "object" } }], "nextCursor": "2" });
    let onec = leaf(json!({ "id": 1, "result": page }).to_string());
    assert_eq!(read(onec.clone().oneshot(list()).await), page);
    for method in [Method::ToolsList, Method::ToolsList] {
        let error = onec.clone().oneshot(request(method, &json!({ "cursor": "2" }))).await.unwrap_err();
        assert!(error.to_string().contains("names itself as the next one"), "{error}");
    }
    assert_eq!(read(onec.oneshot(request(Method::ToolsList, &json!({ "cursor": "1" }))).await), page);
}

/// As its message is, and it stays JSON.
#[test]
fn long_data_of_an_error_is_cut() {
    let asked = request(Method::ToolsCall, &json!({ "name": "a" }));
    let data = |data: &Value| {
        let said = json!({ "id": 1, "error": { "code": 7, "message": "m", "data": data } });
        let error = decode(said.to_string().into(), &asked).unwrap().unwrap_err();
        serde_json::from_slice::<Value>(&error.data.unwrap()).unwrap()
    };
    for short in [json!({ "n": 1, "t": "я" }), json!("я".repeat(2_000)), json!([])] {
        assert_eq!(data(&short), short);
    }
    for (long, start) in [
        (json!("я".repeat(1_000_000)), "яяя"),
        (json!((0..100_000).map(|n| format!("\"{n}\\\n")).collect::<String>()), "\"0\\\n\"1\\\n"),
        (json!({ "rows": vec!["ф"; 100_000] }), r#"{"rows":["ф","ф""#),
    ] {
        let cut = data(&long);
        let cut = cut.as_str().unwrap();
        assert!(cut.starts_with(start) && cut.ends_with('…') && cut.len() <= 4_100, "{}", cut.len());
    }
}
