//! Tools that the program itself answers: called, judged, checked and listed as those of a file.

use crate::support::catalog::limits;
use onec_mcp::catalog::{ArgumentError, Call, Catalog, CatalogLayer, Limits, Tool, Tools};
use onec_mcp::onec::{ErrorKind, RestCall};
use onec_mcp::rpc::{
    BoxError, BoxService, ErrorObject, Method, Next, Params, Payload, Request, Response, RpcError, Version, from_fn,
};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tower::limit::ConcurrencyLimit;
use tower::timeout::Timeout;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

fn entry() -> Value {
    json!({
        "name": "rates", "title": "Rates", "description": "Rates of currencies.", "scope": "mcp:rates",
        "rest": "/rates/all", "annotations": { "readOnlyHint": true }, "clamp": { "top": "max_rows" },
        "guarded": [{ "field": "kinds", "values": ["margin"], "scope": "mcp:margin" }],
        "input_schema": { "type": "object", "properties": {
            "date": { "type": "string", "format": "date" },
            "top": { "type": "integer", "minimum": 1 },
            "kinds": { "type": "array", "items": { "enum": ["buy", "margin"] }, "default": ["buy"] },
        }, "required": ["date"] },
        "output_schema": { "type": "object", "properties": { "rows": { "type": "array" } }, "required": ["rows"] },
    })
}

fn answering(answer: impl Fn(Call) -> Result<Value, BoxError> + Send + Sync + 'static) -> Tool {
    Tool::from_fn(&entry(), limits(), move |call| std::future::ready(answer(call))).unwrap()
}

/// 1C, which lists one tool and is not called for others.
fn onec() -> BoxService {
    BoxService::new(service_fn(|request: Request| async move {
        assert_eq!(request.method, Method::ToolsList, "1C was called");
        Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[{"name":"own"},{"name":"rates"}]}"#)?))
    }))
}

fn no_rest(_: RestCall) -> std::future::Ready<Result<Response, BoxError>> {
    panic!("1C was called")
}

fn over(catalog: &Catalog) -> BoxService {
    BoxService::new(CatalogLayer::new(catalog.clone(), service_fn(no_rest)).layer(onec()))
}

fn with(tool: Tool) -> BoxService {
    over(&Catalog::new(Tools::default()).with_tools([tool]))
}

fn request(method: Method, params: Value) -> Request {
    Request::new(method, Params::try_from(params).unwrap(), Version::V2025_11_25)
}

fn call(arguments: Value) -> Request {
    request(Method::ToolsCall, json!({ "name": "rates", "arguments": arguments }))
}

fn of(mut request: Request, scopes: &str) -> Request {
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    request
}

async fn ask(service: &BoxService, request: Request) -> Value {
    let answer = service.clone().oneshot(request).await.unwrap();
    serde_json::from_slice(answer.outcome.unwrap().json()).unwrap()
}

async fn refused(service: &BoxService, request: Request) -> RpcError {
    RpcError::from_error(&service.clone().oneshot(request).await.unwrap_err())
}

fn text(result: &Value) -> &str {
    assert_eq!(result["isError"], true, "{result}");
    assert!(result.get("structuredContent").is_none());
    result["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn arguments_are_mended_and_the_answer_is_structured() {
    let tool = answering(|call| {
        assert_eq!(&*call.name, "rates");
        assert_eq!(call.arguments, json!({ "date": "2026-01-31", "kinds": ["buy"], "top": 100 }));
        assert_eq!(call.identity().unwrap().subject(), "me");
        Ok(json!({ "rows": [["EUR", 98.5]] }))
    });
    let asked = call(json!({ "date": "2026-01-31", "top": "100000" }));
    let got = ask(&with(tool), of(asked, "")).await;
    assert_eq!(got["structuredContent"], json!({ "rows": [["EUR", 98.5]] }));
    assert_eq!(got["content"], json!([{ "type": "text", "text": r#"{"rows":[["EUR",98.5]]}"# }]));
}

#[tokio::test]
async fn arguments_that_do_not_fit_do_not_reach_the_function() {
    let service = with(answering(|_| panic!("called")));
    assert!(text(&ask(&service, call(json!({ "dat": "2026-01-31" }))).await).contains("did you mean date?"));
    assert!(text(&ask(&service, call(json!({}))).await).contains("date"));
}

#[tokio::test]
async fn it_stands_first_and_once_in_the_list() {
    let file = json!({ "tools": [
        { "name": "a", "description": "A", "scope": "mcp", "path": "a", "input_schema": { "type": "object" } },
        { "name": "rates", "description": "R", "scope": "mcp", "path": "r", "input_schema": { "type": "object" } },
    ] });
    let file = || Tools::read(&file, "own.yaml", limits()).unwrap();
    let catalog = Catalog::new(file()).with_tools([answering(|_| Ok(json!({ "rows": [] })))]);
    let expected = Tool::from_fn(&entry(), limits(), |_| async { Ok::<_, BoxError>(json!({})) }).unwrap();
    // The file is read anew, as on SIGHUP.
    for _ in 0..2 {
        let service = over(&catalog);
        let list = ask(&service, request(Method::ToolsList, json!({}))).await;
        let names: Vec<_> = list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
        assert_eq!(names, ["rates", "a", "own"]);
        let shown = &list["tools"][0];
        assert_eq!(shown["inputSchema"], *expected.input_schema());
        assert_eq!(shown["inputSchema"]["additionalProperties"], false);
        assert_eq!(shown["outputSchema"], *expected.output_schema().unwrap());
        assert_eq!((&shown["title"], &shown["annotations"]), (&json!("Rates"), &json!({ "readOnlyHint": true })));
        assert!(catalog.current().notes().iter().any(|note| note.contains("rates") && note.contains("left out")));
        assert_eq!(
            ask(&service, call(json!({ "date": "2026-01-31" }))).await["structuredContent"],
            json!({ "rows": [] })
        );
        catalog.replace(file());
    }
    catalog.replace(Tools::default());
    assert_eq!(catalog.current().iter().map(Tool::name).collect::<Vec<_>>(), ["rates"]);
    assert_eq!(catalog.current().scopes(), Scopes::parse("mcp:rates mcp:margin"));
}

#[tokio::test]
async fn catalogs_made_before_do_not_have_it() {
    let before = Catalog::new(Tools::default());
    let after = before.clone().with_tools([answering(|_| Ok(json!({ "rows": [] })))]);
    assert_eq!((before.current().iter().count(), after.current().iter().count()), (0, 1));
    // The later one of a name counts.
    let later = answering(|_| Ok(json!({ "rows": [1] })));
    let after = after.with_tools([later]);
    assert_eq!(after.current().iter().count(), 1);
    let got = ask(&over(&after), call(json!({ "date": "2026-01-31" }))).await;
    assert_eq!(got["structuredContent"], json!({ "rows": [1] }));
}

#[tokio::test]
async fn errors_of_the_function_are_for_the_model() {
    let date = || call(json!({ "date": "2026-01-31" }));
    let service = with(answering(|_| Err("There are no rates on a Sunday.".into())));
    assert_eq!(text(&ask(&service, date()).await), "There are no rates on a Sunday.");
    let service = with(answering(|_| Err(" ".into())));
    assert_eq!(text(&ask(&service, date()).await), "This failed without saying why.");
    let service = with(answering(|_| Err(ArgumentError::refused("date", "is a Sunday").into())));
    assert_eq!(text(&ask(&service, date()).await), "Argument date: is a Sunday.");
    let service = with(answering(|_| {
        let error = ErrorKind::Status(http::StatusCode::BAD_REQUEST, "Дата не та".to_owned());
        Err(RpcError::from(error).into())
    }));
    assert_eq!(text(&ask(&service, date()).await), "Дата не та");
}

/// What is not about the request is no text for the model.
#[tokio::test(start_paused = true)]
async fn other_errors_stay_errors() {
    let date = || call(json!({ "date": "2026-01-31" }));
    for (error, status) in [
        (BoxError::from(RpcError::from(ErrorKind::Unreachable)), 502),
        (RpcError::insufficient_scope(Scopes::parse("a")).into(), 403),
        (RpcError::overloaded().into(), 503),
        (ErrorObject::invalid_params("no").into(), 200),
    ] {
        let error = Mutex::new(Some(error));
        let service = with(answering(move |_| Err(error.lock().unwrap().take().unwrap())));
        assert_eq!(refused(&service, date()).await.status, status);
    }
    let slow = service_fn(|_: Call| pending::<Result<Value, BoxError>>());
    let slow = Timeout::new(slow, Duration::from_secs(3));
    let service = with(Tool::from_service(&entry(), limits(), slow).unwrap());
    assert_eq!(refused(&service, date()).await.status, 504);
}

/// What the program does wrong is in the log, and no business of the client.
#[tokio::test]
async fn mistakes_of_the_program_are_internal_errors() {
    let date = || call(json!({ "date": "2026-01-31" }));
    let answers: [fn(Call) -> Result<Value, BoxError>; 4] = [
        |_| panic!("s3cret"),
        |_| Ok(json!(["s3cret"])),
        |_| Ok(json!({ "rows": "s3cret" })),
        |_| Ok(json!({ "s3cret": [] })),
    ];
    for answer in answers {
        let failure = refused(&with(answering(answer)), date()).await;
        assert_eq!(failure.status, 500);
        assert!(!failure.error.to_string().contains("s3cret"), "{failure}");
    }
    let later = |_| async {
        tokio::task::yield_now().await;
        if true {
            panic!("s3cret");
        }
        Ok::<Value, BoxError>(json!({}))
    };
    let service = with(Tool::from_fn(&entry(), limits(), later).unwrap());
    // Other calls go on, and so does the same tool.
    for _ in 0..2 {
        assert_eq!(refused(&service, date()).await.status, 500);
    }
}

#[tokio::test]
async fn more_rows_than_the_ceiling_are_an_error_and_a_full_answer_says_so() {
    let rows = |count: usize| json!({ "rows": vec![1; count] });
    let service = with(answering(move |_| Ok(rows(101))));
    let date = || call(json!({ "date": "2026-01-31" }));
    let told = ask(&service, date()).await;
    assert!(text(&told).contains("limit_exceeded: the tool returned 101 rows"), "{told}");
    let service = with(answering(move |call| Ok(rows(call.arguments["top"].as_u64().unwrap() as usize))));
    let told = ask(&service, call(json!({ "date": "2026-01-31", "top": 3 }))).await;
    assert!(told["content"][1]["text"].as_str().unwrap().starts_with("This answer is full: it holds 3 rows"), "{told}");
}

#[tokio::test]
async fn its_scopes_count() {
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let tool = answering(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(json!({ "rows": [], "margin": 7, "columns": ["buy"] }))
    });
    let catalog = Catalog::new(Tools::default()).with_tools([tool]);
    // Patterns and the scope of everything else are no rules for it.
    let policy = catalog.policy(ScopePolicy::everything("mcp").tool("r*", "mcp:other"));
    let service = BoxService::new(ScopeLayer::new(policy).layer(over(&catalog)));
    let date = || call(json!({ "date": "2026-01-31" }));
    let margin = |kinds: Value| call(json!({ "date": "2026-01-31", "kinds": kinds }));
    for (asked, scopes, needed) in [
        (date(), "mcp mcp:other", "mcp:rates"),
        (margin(json!(["margin"])), "mcp:rates", "mcp:margin mcp:rates"),
        // As JSON text, which only mending shows.
        (margin(json!("[\"marg\\u0069n\"]")), "mcp:rates", "mcp:margin mcp:rates"),
    ] {
        let failure = refused(&service, of(asked, scopes)).await;
        assert_eq!((failure.status.as_u16(), failure.scopes), (403, Some(Scopes::parse(needed))));
    }
    assert_eq!(refused(&service, date()).await.status, 403);
    assert_eq!(called.load(Ordering::SeqCst), 0);
    // Guarded values are removed from answers, and from the schema that is listed.
    let got = ask(&service, of(date(), "mcp:rates")).await;
    assert_eq!(got["structuredContent"], json!({ "rows": [], "columns": ["buy"] }));
    let got = ask(&service, of(margin(json!("margin")), "mcp:rates mcp:margin")).await;
    assert_eq!(got["structuredContent"]["margin"], 7);
    let list = ask(&service, of(request(Method::ToolsList, json!({})), "mcp:rates")).await;
    assert_eq!(list["tools"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["tools"][0]["inputSchema"]["properties"]["kinds"]["items"]["enum"], json!(["buy"]));
    let list = ask(&service, of(request(Method::ToolsList, json!({})), "mcp")).await;
    assert_eq!(list["tools"], json!([{ "name": "own" }]));
}

/// A request is judged and served by one set of tools, also while the file's tools are replaced.
#[tokio::test]
async fn one_request_one_set_of_tools() {
    let file = |guarded: bool| {
        let guard = json!([{ "field": "kinds", "values": ["cost"], "scope": "mcp:cost" }]);
        let tool = json!({
            "name": "a", "description": "A", "scope": "mcp", "path": "a",
            "guarded": if guarded { guard } else { json!([]) },
            "input_schema": { "type": "object", "properties": {
                "kinds": { "type": "array", "items": { "enum": ["amount", "cost"] } } } },
        });
        Tools::read(&json!({ "tools": [tool] }), "own.yaml", limits()).unwrap()
    };
    for guarded in [true, false] {
        let tool = answering(|_| Ok(json!({ "rows": [], "cost": 5 })));
        let catalog = Catalog::new(file(guarded)).with_tools([tool]);
        let policy = catalog.policy(ScopePolicy::everything("mcp"));
        let (reloaded, inside) = (catalog.clone(), over(&catalog));
        let stack = ServiceBuilder::new()
            .layer(ScopeLayer::new(policy))
            .layer(from_fn(move |request: Request, next: Next| {
                reloaded.replace(file(!guarded));
                next.run(request)
            }))
            .service(inside);
        let stack = BoxService::new(stack);
        for hides in [guarded, !guarded] {
            let got = ask(&stack, of(call(json!({ "date": "2026-01-31" })), "mcp:rates")).await;
            assert_eq!(got["structuredContent"].get("cost").is_none(), hides, "{got}");
            // For the second round, what the first one left.
            if hides == guarded {
                assert_eq!(catalog.current().scopes().contains("mcp:cost"), !guarded);
            }
        }
    }
}

#[tokio::test]
async fn a_dropped_answer_ends_the_function() {
    struct Ended(Arc<AtomicBool>);

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let waits = move |_: Call| {
        let ended = Ended(Arc::clone(&flag));
        async move {
            let _ended = ended;
            pending::<Result<Value, BoxError>>().await
        }
    };
    let service = with(Tool::from_fn(&entry(), limits(), waits).unwrap());
    let mut answer = Box::pin(service.oneshot(call(json!({ "date": "2026-01-31" }))));
    let pending = std::future::poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx).is_pending())).await;
    assert!(pending);
    assert!(!ended.load(Ordering::SeqCst));
    drop(answer);
    assert!(ended.load(Ordering::SeqCst));
}

/// Each call takes a clone of the service, which is polled to readiness.
#[tokio::test]
async fn services_answer_too() {
    let running = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&running);
    let inner = service_fn(move |call: Call| {
        let now = Arc::clone(&now);
        async move {
            assert_eq!(now.fetch_add(1, Ordering::SeqCst), 0, "two at once");
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, BoxError>(json!({ "rows": [call.arguments["date"]] }))
        }
    });
    // Boxed so, it is no `Sync`.
    let inner = BoxCloneService::new(ConcurrencyLimit::new(inner, 1));
    let service = with(Tool::from_service(&entry(), limits(), inner).unwrap());
    let asked = (1..=9).map(|day| {
        let service = service.clone();
        async move { ask(&service, call(json!({ "date": format!("2026-01-0{day}") }))).await }
    });
    for (got, day) in futures_util::future::join_all(asked).await.into_iter().zip(1..) {
        assert_eq!(got["structuredContent"], json!({ "rows": [format!("2026-01-0{day}")] }));
    }
}

/// A function may ask 1C for the caller, and pass its bytes on as they are.
#[tokio::test]
async fn a_function_calls_1c_as_its_caller() {
    const ANSWER: &str = "{\"rows\":[ 1.10 ]}";
    let rest = service_fn(|call: RestCall| async move {
        assert_eq!((&*call.path, &*call.body), ("reports/rates", &b"{}"[..]));
        assert_eq!(call.headers["x-mcp-sub"], "me");
        assert_eq!(call.extensions.get::<Identity>().unwrap().subject(), "me");
        Ok::<_, BoxError>(Response::result(Payload::parse(ANSWER)?))
    });
    let tool = Tool::from_fn(&entry(), limits(), move |call: Call| async move {
        let answer = rest.oneshot(call.to_onec("reports/rates", "{}")).await?;
        Ok::<_, BoxError>(answer.outcome?)
    });
    let catalog = Catalog::new(Tools::default()).with_tools([tool.unwrap()]);
    let policy = catalog.policy(ScopePolicy::default());
    let service = BoxService::new(ScopeLayer::new(policy).layer(over(&catalog)));
    let got = service.oneshot(of(call(json!({ "date": "2026-01-31" })), "mcp:rates")).await.unwrap();
    let got = String::from_utf8(got.outcome.unwrap().json().to_vec()).unwrap();
    assert!(got.ends_with(&format!("\"structuredContent\":{ANSWER}}}")), "{got}");
}

#[test]
fn entries_that_are_wrong() {
    let wrong = |change: fn(&mut Value)| {
        let mut entry = entry();
        change(&mut entry);
        let error = Tool::from_fn(&entry, Limits::default(), |_| async { Ok::<_, BoxError>(json!({})) });
        error.unwrap_err().to_string()
    };
    for (error, parts) in [
        (wrong(|entry| entry["path"] = json!("reports/rates")), ["a tool of this program: tool \"rates\"", "path"]),
        (wrong(|entry| entry["cache_seconds"] = json!(5)), ["unknown key", "cache_seconds"]),
        (wrong(|entry| entry["scope"] = json!("a b")), ["scope", "must be one scope"]),
        (wrong(|entry| entry["input_schema"]["type"] = json!("string")), ["input_schema", "\"type\": \"object\""]),
        (wrong(|entry| entry["name"] = json!("")), ["name", "1 to 256 characters"]),
        (wrong(|entry| *entry = json!([])), ["a tool of this program", "object"]),
    ] {
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let of_nothing = Limits::default().max_rows(0);
    assert!(Tool::from_fn(&entry(), of_nothing, |_| async { Ok::<_, BoxError>(json!({})) }).is_err());
}

/// Only 1C's tools have calls of 1C.
#[test]
fn it_is_no_call_of_1c() {
    let tool = answering(|_| Ok(json!({})));
    assert_eq!((tool.path(), tool.rest()), (None, Some("/rates/all")));
    let error = tool.prepare(Some(br#"{"date":"2026-01-31"}"#)).unwrap_err();
    assert!(error.to_string().contains("not 1C"), "{error}");
    assert!(tool.prepare(None).unwrap_err().to_string().contains("date"));
}

/// Which the traits of futures decide.
#[test]
fn stacks_with_it_are_shared() {
    fn shared<S: Service<Request> + Clone + Send + Sync + 'static>(_: S) {}
    let catalog = Catalog::new(Tools::default()).with_tools([answering(|_| Ok(json!({})))]);
    shared(CatalogLayer::new(catalog, service_fn(no_rest)).layer(onec()));
}
