//! Tools whose names not every client takes: what clients see, and what they call.

use crate::support::mcp;
use crate::support::schema::odd_results;
use mcp::{Rpc, http, legacy, modern, post, result, rpc, send};
use onec_mcp::alias::{Alias, AliasLayer, alias};
use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{advance, timeout};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceExt};
use tower_test::mock;

const TOOLS: &str = r#"{"x":1.10,"tools":[ {"inputSchema":{"type":"object"}, "name" : "Остатки товаров","y":[1.0]},{"name":"find","title":"Найти"} , {"name":"Отчёт","title":"Отчёт по продажам","_meta":{"a":1}},{"title":null,"name":"a.b"},{"name":"б","title":" "}]}"#;

/// A stand-in for 1C with tools of these names, and what it was asked.
#[derive(Clone, Default)]
struct Onec(Arc<Mutex<Vec<Request>>>);

impl Onec {
    fn service(&self, pages: &[&[&str]]) -> Rpc {
        let pages: Vec<Vec<String>> =
            pages.iter().map(|page| page.iter().map(|name| (*name).to_owned()).collect()).collect();
        let log = Arc::clone(&self.0);
        rpc(move |request: Request| {
            let answer = match request.method {
                Method::ToolsList => {
                    let at: usize = request.params.text(Param::Cursor).map_or(0, |cursor| cursor.parse().unwrap());
                    let tools: Vec<Value> = pages[at].iter().map(|name| json!({ "name": name })).collect();
                    match at + 1 < pages.len() {
                        true => json!({ "tools": tools, "nextCursor": (at + 1).to_string() }),
                        false => json!({ "tools": tools }),
                    }
                }
                _ => json!({ "content": [], "called": request.params.text(Param::Name) }),
            };
            log.lock().unwrap().push(request);
            async move {
                tokio::task::yield_now().await;
                result(answer.to_string())
            }
        })
    }

    fn lists(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|request| request.method == Method::ToolsList).count()
    }
}

fn request(method: Method, params: &Value) -> Request {
    Request::new(method, Params::parse(&params.to_string().into()).unwrap(), Version::V2025_11_25)
}

fn aliased<S>(inner: S) -> Alias<S> {
    AliasLayer::new().layer(inner)
}

async fn call<S>(service: &S, name: &str) -> Value
where
    S: Service<Request, Response = Response> + Clone,
    S::Error: Into<BoxError> + std::fmt::Debug,
{
    let answer = service.clone().oneshot(request(Method::ToolsCall, &json!({ "name": name }))).await.unwrap();
    match answer.outcome {
        Ok(payload) => serde_json::from_slice::<Value>(payload.json()).unwrap()["called"].clone(),
        Err(error) => json!(error.code),
    }
}

async fn list<S>(service: &S) -> Payload
where
    S: Service<Request, Response = Response> + Clone,
    S::Error: std::fmt::Debug,
{
    service.clone().oneshot(request(Method::ToolsList, &json!({}))).await.unwrap().outcome.unwrap()
}

/// Whatever 1C calls its tools, no two of a list have one name, and each is called by the name it has there.
#[tokio::test]
async fn no_two_tools_of_a_list_have_one_name() {
    let made = alias("Номенклатура").into_owned();
    for names in [["Номенклатура", &made], [&made, "Номенклатура"]] {
        let service = AliasLayer::new().layer(Onec::default().service(&[&names]));
        let list = service.clone().oneshot(Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25));
        let list = json(&list.await.unwrap());
        let shown: Vec<_> =
            list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(shown.len(), 2);
        assert_ne!(shown[0], shown[1]);
        for (shown, name) in shown.into_iter().zip(names) {
            let params = Params::parse(&json!({ "name": shown }).to_string().into()).unwrap();
            let call = Request::new(Method::ToolsCall, params, Version::V2025_11_25);
            assert_eq!(json(&service.clone().oneshot(call).await.unwrap())["called"], *name);
        }
    }
}

fn json(response: &Response) -> Value {
    serde_json::from_slice(response.outcome.as_ref().unwrap().json()).unwrap()
}

#[tokio::test]
async fn only_what_must_change_changes() {
    let service = aliased(mcp::always(TOOLS));
    let goods = alias("Остатки товаров");
    let expected = TOOLS
        .replace("[ {", "[{")
        .replace("} , {", "},{")
        .replace("\"Остатки товаров\"", &format!("\"{goods}\",\"title\":\"Остатки товаров\""))
        .replace("\"name\":\"Отчёт\"", &format!("\"name\":\"{}\"", alias("Отчёт")))
        .replace("\"title\":null,\"name\":\"a.b\"", &format!("\"title\":\"a.b\",\"name\":\"{}\"", alias("a.b")))
        .replace("\"name\":\"б\",\"title\":\" \"", &format!("\"name\":\"{}\",\"title\":\"б\"", alias("б")));
    assert_eq!(*list(&service).await.json(), expected);
}

/// 1C's name is kept where people read it, but not what cannot be seen in it.
#[tokio::test]
async fn names_with_controls_have_titles_without() {
    let tool = json!({
        "name": "Остатки\u{202e}\n",
        "inputSchema": { "type": "object", "properties": { "Склад\u{7}": { "title": "Где" } } }
    });
    let list = json!({ "tools": [tool] }).to_string();
    let service = aliased(rpc(move |_| std::future::ready(result(list.clone()))));
    let shown: Value = serde_json::from_slice(self::list(&service).await.json()).unwrap();
    let tool = &shown["tools"][0];
    assert_eq!((&tool["title"], tool["name"].as_str().map(str::is_ascii)), (&json!("Остатки\n"), Some(true)));
    assert!(tool["inputSchema"].to_string().contains(r#""description":"Склад""#), "{tool}");
}

/// Names that nobody could read as they are go, where all others stay. Calls find their tools all the same.
#[tokio::test]
async fn only_names_with_what_is_not_seen() {
    let deceptive =
        ["find\u{202e}", "find\u{7}", "find\n", "Отчёт\u{200f}", "\u{2066}x\u{2069}", "a\u{85}b", "\u{9b}31m"];
    let honest = ["find", "Отчёт", "Отчёт о продажах", "a.b/c", "x_2abcde"];
    let onec = Onec::default();
    let service = AliasLayer::new().only_unseen().layer(onec.service(&[&deceptive, &honest]));
    let shown: Value = serde_json::from_slice(list(&service).await.json()).unwrap();
    for (tool, name) in shown["tools"].as_array().unwrap().iter().zip(deceptive) {
        assert_eq!(tool["name"], *alias(name));
        assert!(!tool["title"].as_str().unwrap().chars().any(|c| c != '\n' && c.is_control()), "{tool}");
        assert_eq!(call(&service, &alias(name)).await, name);
    }
    let lists = onec.lists();
    for name in honest.into_iter().chain(deceptive) {
        assert_eq!(call(&service, name).await, name);
    }
    assert_eq!(onec.lists(), lists + 2, "both pages, once, for the one that looks like an alias");
    let next = service.clone().oneshot(request(Method::ToolsList, &json!({ "cursor": "1" }))).await.unwrap();
    let next: Value = serde_json::from_slice(next.outcome.unwrap().json()).unwrap();
    assert_eq!(next["tools"], json!(honest.map(|name| json!({ "name": name }))));
    // Another replica knows them, too.
    let service = AliasLayer::new().only_unseen().layer(onec.service(&[&deceptive, &honest]));
    assert_eq!(call(&service, &alias(deceptive[0])).await, deceptive[0]);
}

#[tokio::test]
async fn lists_that_need_nothing_pass_as_they_are() {
    for same in [
        r#"{ "tools" : [ {"name":"a-b_C9"} , {"name":"sales_report"} ] }"#,
        r#"{"tools":[]}"#,
        r#"{"tools":[{"title":"nameless"}]}"#,
        r#"{"other":[]}"#,
    ] {
        let payload = Payload::parse(same).unwrap();
        let memory = payload.json().as_ptr();
        let service = aliased(rpc(move |_| std::future::ready(Ok(Response::result(payload.clone())))));
        let shown = list(&service).await;
        assert_eq!((&**shown.json(), shown.json().as_ptr()), (same.as_bytes(), memory));
    }
    // Other lists, prompts among them, are none of its business.
    let prompts = r#"{"prompts":[{"name":"Отчёт"}]}"#;
    let service = aliased(mcp::always(prompts));
    let answer = service.oneshot(request(Method::PromptsList, &json!({}))).await.unwrap();
    assert_eq!(*answer.outcome.unwrap().json(), prompts);
}

/// Gemini takes a letter or an underscore first.
#[tokio::test]
async fn no_name_begins_with_a_digit_or_a_hyphen() {
    let names = ["1c_report", "-find", "2", "_find", "f1-2"];
    let onec = Onec::default();
    let service = aliased(onec.service(&[&names]));
    let shown: Value = serde_json::from_slice(list(&service).await.json()).unwrap();
    for (tool, name) in shown["tools"].as_array().unwrap().iter().zip(names) {
        let shown = tool["name"].as_str().unwrap();
        assert!(shown.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'), "{shown}");
        assert_eq!(shown == name, ["_find", "f1-2"].contains(&name), "{shown}");
        for called in [shown, name] {
            assert_eq!(call(&service, called).await, name);
        }
    }
}

/// An unchanged list costs nothing, and what was said of keeping it is of this answer.
#[tokio::test]
async fn the_same_list_is_the_same_memory() {
    let _odd = odd_results("tools without schemas, which are mended below");
    let ttl = Arc::new(Mutex::new(5));
    let now = Arc::clone(&ttl);
    let http = http(Rpc::new(aliased(rpc(move |_| {
        let payload = Payload::parse(TOOLS).unwrap().with_ttl_ms(*now.lock().unwrap());
        std::future::ready(Ok(Response::result(payload)))
    }))));
    for expected in [5, 7] {
        *ttl.lock().unwrap() = expected;
        assert_eq!(send(&http, modern("tools/list", json!({}))).await.result()["ttlMs"], expected);
    }
    let payload = Payload::parse(TOOLS).unwrap();
    let service = aliased(rpc(move |_| std::future::ready(Ok(Response::result(payload.clone())))));
    let (first, second) = (list(&service).await, list(&service).await);
    assert_eq!(first.json().as_ptr(), second.json().as_ptr());
}

#[tokio::test]
async fn calls_reach_the_tool_under_its_own_name() {
    let onec = Onec::default();
    let service = aliased(onec.service(&[&["Остатки", "find", "x_2abcde"], &["Отчёт"]]));
    list(&service).await;
    for (name, called) in [
        (&*alias("Остатки"), "Остатки"),
        ("Остатки", "Остатки"),
        ("find", "find"),
        ("x_2abcde", "x_2abcde"),
        ("нет такого", "нет такого"),
    ] {
        assert_eq!(call(&service, name).await, called);
    }
    assert_eq!(onec.lists(), 1, "the list was not needed again");
    // On a page that nobody has seen yet.
    assert_eq!(call(&service, &alias("Отчёт")).await, "Отчёт");
    assert_eq!(onec.lists(), 3);
}

#[tokio::test]
async fn everything_else_of_a_call_is_kept() {
    let onec = Onec::default();
    let service = aliased(onec.service(&[&["Остатки"]]));
    let params = json!({
        "_meta": { "progressToken": "t" }, "arguments": { "name": "б", "n": 1 },
        "name": alias("Остатки"), "requestState": "s", "inputResponses": {},
    });
    let mut request = request(Method::ToolsCall, &params);
    request.headers.insert("x-a", "b".parse().unwrap());
    request.extensions.insert(7_u8);
    request.version = Version::V2026_07_28;
    service.oneshot(request).await.unwrap();
    let seen = onec.0.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for request in &*seen {
        assert_eq!((&request.headers["x-a"], request.extensions.get()), (&"b".parse().unwrap(), Some(&7_u8)));
        assert_eq!(request.version, Version::V2026_07_28);
    }
    let call = &seen[1].params;
    assert_eq!(call.text(Param::Name).as_deref(), Some("Остатки"));
    for (param, key) in [
        (Param::Arguments, "arguments"),
        (Param::RequestState, "requestState"),
        (Param::InputResponses, "inputResponses"),
    ] {
        assert_eq!(serde_json::from_slice::<Value>(call.raw(param).unwrap()).unwrap(), params[key]);
    }
    assert_eq!(call.meta_text(onec_mcp::rpc::Meta::ProgressToken).as_deref(), Some("t"));
}

/// A replica that never saw a list, both eras over HTTP; in 2026-07-28 the alias stands in `Mcp-Name` too.
#[tokio::test]
async fn fresh_replicas_know_aliases() {
    let name = alias("Остатки товаров");
    let params = json!({ "name": name, "arguments": {} });
    let fresh = || http(Rpc::new(aliased(Onec::default().service(&[&["find"], &["Остатки товаров"]]))));
    let got = send(&fresh(), post(legacy(1, "tools/call", &params), &[])).await;
    assert_eq!(got.result()["called"], "Остатки товаров");
    let request = modern("tools/call", params);
    assert_eq!(request.headers()["mcp-name"], &*name);
    assert_eq!(send(&fresh(), request).await.result()["called"], "Остатки товаров");
}

#[tokio::test(start_paused = true)]
async fn unknown_names_do_not_make_lists_for_ever() {
    let onec = Onec::default();
    let service = aliased(onec.service(&[&["Остатки"]]));
    for number in 0..50 {
        let made = alias(&format!("нет {number}")).into_owned();
        assert_eq!(call(&service, &made).await, made, "goes on as it is");
    }
    assert_eq!(onec.lists(), 1);
    advance(Duration::from_secs(5)).await;
    call(&service, &alias("нет")).await;
    assert_eq!(onec.lists(), 2);
    // A name that looks like none never makes one.
    advance(Duration::from_secs(5)).await;
    call(&service, "sales_report").await;
    assert_eq!(onec.lists(), 2);
}

/// One caller's vain attempts do not keep another from its list; those of one caller share one.
#[tokio::test(start_paused = true)]
async fn each_caller_has_its_own_turn() {
    let onec = Onec::default();
    let service = aliased(onec.service(&[&["Остатки"]]));
    let call = |who: &str, scopes: &str| {
        let mut request = request(Method::ToolsCall, &json!({ "name": alias("нет") }));
        request.extensions.insert(Identity::new(who, Scopes::parse(scopes)));
        service.clone().oneshot(request)
    };
    for _ in 0..3 {
        let all = tokio::join!(call("a", "mcp"), call("a", "mcp"), call("a", "mcp mcp:resolve"), call("b", "mcp"));
        assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok() && all.3.is_ok());
    }
    assert_eq!(onec.lists(), 3);
}

#[tokio::test]
async fn a_name_of_two_tools_is_refused() {
    let onec = Onec::default();
    let made = alias("Остатки").into_owned();
    let service = aliased(onec.service(&[&["Остатки"], &[&made]]));
    assert_eq!(call(&service, &made).await, -32602);
    assert_eq!(call(&service, &made).await, -32602);
    assert_eq!(onec.lists(), 2);
    assert_eq!(onec.0.lock().unwrap().len(), 2, "no tool was called");
    assert_eq!(call(&service, "Остатки").await, "Остатки");
}

#[tokio::test]
async fn a_list_that_fails_is_what_the_call_fails_with() {
    let service = aliased(rpc(|_| std::future::ready(Err::<Response, BoxError>(RpcError::overloaded().into()))));
    let call = service.oneshot(request(Method::ToolsCall, &json!({ "name": alias("Остатки") })));
    assert_eq!(RpcError::from_error(&call.await.unwrap_err()).status, 503);
}

/// Pages that lead in a circle, that never end, or that hold more tools than any model reads: the call says so, and
/// what was on the pages before is known all the same.
#[tokio::test]
async fn a_list_without_an_end_is_an_error() {
    let many: Vec<_> = (0..6_000).map(|number| json!({ "name": format!("tool {number}") })).collect();
    let many = json!({ "tools": many }).to_string();
    type Next = fn(usize) -> String;
    let (circle, line): (Next, Next) = (|page| (page % 3).to_string(), |page| page.to_string());
    for (tools, next, pages, why) in [
        (r#"{"tools":[{"name":"Остатки"}]}"#, circle, 4, "one cursor stands on two of them"),
        (r#"{"tools":[]}"#, line, 100, "more than 100 pages"),
        (&many, line, 2, "more than 10000 tools"),
    ] {
        let lists = mcp::Alive::default();
        let count = lists.clone();
        let page = serde_json::from_str::<Value>(tools).unwrap();
        let service = aliased(rpc(move |request| {
            let mut page = page.clone();
            if request.method == Method::ToolsList {
                page["nextCursor"] = next(count.count()).into();
                std::mem::forget(count.guard());
            } else {
                page = json!({ "content": [], "called": "Остатки" });
            }
            std::future::ready(result(page.to_string()))
        }));
        let unknown = request(Method::ToolsCall, &json!({ "name": alias("Заказы") }));
        let error = service.clone().oneshot(unknown).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(lists.count(), pages, "{why}");
        if tools.contains("Остатки") {
            assert_eq!(call(&service, &alias("Остатки")).await, "Остатки");
            assert_eq!(lists.count(), pages);
        }
    }
}

/// Waiting calls hold no place that the list needs.
#[tokio::test(start_paused = true)]
async fn one_place_is_enough_for_all() {
    let onec = Onec::default();
    let limited = ConcurrencyLimitLayer::new(1).layer(onec.service(&[&["a"], &["Остатки"]]));
    let service = aliased(limited);
    let made = alias("Остатки");
    let calls = async { tokio::join!(call(&service, &made), call(&service, &made), call(&service, &made)) };
    let called = timeout(Duration::from_secs(1), calls).await.expect("they wait for each other");
    assert_eq!(called, (json!("Остатки"), json!("Остатки"), json!("Остатки")));
    assert_eq!(onec.lists(), 2);
}

/// Who leaves in the middle of a list leaves the turn to the next.
#[tokio::test(start_paused = true)]
async fn a_dropped_call_blocks_nobody() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    let service = aliased(inner);
    let made = alias("Остатки").into_owned();
    let first = tokio::spawn(service.clone().oneshot(request(Method::ToolsCall, &json!({ "name": made }))));
    let (_, unanswered) = handle.next_request().await.unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    drop(unanswered);
    let second = tokio::spawn(service.oneshot(request(Method::ToolsCall, &json!({ "name": made }))));
    for answer in [r#"{"tools":[{"name":"Остатки"}]}"#, r#"{"content":[]}"#] {
        let (_, respond) = timeout(Duration::from_secs(1), handle.next_request()).await.unwrap().unwrap();
        respond.send_response(Response::result(Payload::parse(answer).unwrap()));
    }
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut service = aliased(inner);
    assert!(timeout(Duration::ZERO, service.ready()).await.is_err());
    handle.allow(3);
    service.ready().await.unwrap();
    let calling = tokio::spawn(service.call(request(Method::ToolsCall, &json!({ "name": alias("Остатки") }))));
    for answer in [r#"{"tools":[{"name":"Остатки"}]}"#, r#"{"content":[]}"#] {
        let (_, respond) = handle.next_request().await.unwrap();
        respond.send_response(Response::result(Payload::parse(answer).unwrap()));
    }
    calling.await.unwrap().unwrap();
}

const fn shared<T: Clone + Send + Sync + 'static>() {}
const _: () = shared::<Alias<Rpc>>();

fn is_legal(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Names as 1C has them, any others, and pairs that differ in little.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[а-яёА-Я ]{1,90}",
        1 => "[a-zA-Z0-9_-]{1,70}",
        1 => "[ -~]{0,10}",
        1 => any::<String>(),
        1 => "(Отчет|Отчёт|отчет|Otchet)( |_|-|\\.|  )?(А|A|а|ъ|ь|'|)",
    ]
}

proptest! {
    /// MCP 2025-11-25 and MCP 2026-07-28, "Tool Names".
    #[test]
    fn aliases_are_legal_and_legal_names_are_aliases(name in name()) {
        let made = alias(&name).into_owned();
        prop_assert!(is_legal(&made), "{name:?} {made:?}");
        prop_assert!(!made.contains("__") || is_legal(&name), "{name:?} {made:?}");
        prop_assert_eq!(is_legal(&name), made == name);
        prop_assert_eq!(alias(&name), &*made);
        prop_assert_eq!(alias(&made), &*made);
    }

    /// MCP 2025-11-25 and MCP 2026-07-28, "Tool Names".
    #[test]
    fn names_that_differ_have_aliases_that_differ(names in proptest::collection::hash_set(name(), 0..60)) {
        let mut tools = HashMap::new();
        for name in &names {
            if let Some(other) = tools.insert(alias(name).into_owned(), name) {
                prop_assert!(false, "{name:?} and {other:?} are both {:?}", alias(name));
            }
        }
    }

    /// From a list that was read, and from one that was not.
    #[test]
    fn any_name_comes_back(names in proptest::collection::hash_set(name(), 1..12), listed in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let names: Vec<String> = names.into_iter().collect();
        let (first, second) = names.split_at(names.len() / 2);
        let page = |names: &[String]| names.iter().map(|name| Box::leak(name.clone().into_boxed_str()) as &str).collect::<Vec<_>>();
        let onec = Onec::default();
        let service = aliased(onec.service(&[&page(first), &page(second)]));
        runtime.block_on(async {
            if listed {
                list(&service).await;
            }
            for name in &names {
                assert_eq!(call(&service, &alias(name)).await, json!(name));
                assert_eq!(call(&service, name).await, json!(name));
            }
        });
    }
}
