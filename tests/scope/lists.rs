//! Lists through `ScopeLayer`: what a caller may see, and that nothing else changes.

use crate::fixtures::scoped::{self, LISTS, listed, onec, request, value};
use crate::support::mcp::{self, http, modern, read};
use bytes::Bytes;
use onec_mcp::rpc::{Method, Payload, Request, Response, RpcError};
use onec_mcp::scope::{Scope, ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

/// One rule for all four kinds.
fn policy() -> ScopePolicy {
    ScopePolicy::everything("mcp").tool("secret*", "top").prompt("secret*", "top").resource("secret*", "top")
}

fn over(list: &str) -> Scope<mcp::Rpc> {
    ScopeLayer::new(policy()).layer(onec(list).0)
}

/// A list with strange members around it, all of which stay.
fn list(member: &str, items: &str) -> String {
    format!(
        "{{\"x\" : {{\"{member}\":[{{\"name\":\"secret\"}}],\"n\":1.10}},\r\n\"{member}\" : {items} ,\"nextCursor\":\"\\u0441\",\
         \"_meta\":{{\"{member}\":[1]}},\"ttlMs\":5,\"total\":1e400}}"
    )
}

/// MCP 2026-07-28, "Listing Tools".
#[tokio::test]
async fn callers_see_what_they_may_use() {
    for (method, member, key) in LISTS {
        let items: Vec<String> =
            ["open", "secret:1", "second", "secret", "secretive"].iter().map(|name| item(key, name)).collect();
        let all = list(member, &format!("[{}]", items.join(" ,\n")));
        let service = over(&all);
        assert_eq!(listed(&service, method.clone(), "mcp top").await.json(), &all, "{method}");
        // What is written anew is on one line, as clients get it.
        let written = |items: &str| list(member, items).replace(['\r', '\n'], " ");
        let some = written(&format!("[{},{}]", items[0], items[2]));
        assert_eq!(listed(&service, method.clone(), "mcp").await.json(), &some, "{method}");
        let others = written(&format!("[{},{},{}]", items[1], items[3], items[4]));
        assert_eq!(listed(&service, method.clone(), "top other").await.json(), &others, "{method}");
        for scopes in ["other", ""] {
            let nothing = format!("{{\"{member}\":[]}}");
            assert_eq!(listed(&service, method.clone(), scopes).await.json(), &nothing, "{method}");
        }
    }
}

fn item(key: &str, name: &str) -> String {
    format!("{{\"title\":\"\\u0422\",\"nested\":{{\"{key}\":\"secret\"}}, \"{key}\" :\"{name}\",\"n\":1.0e+2}}")
}

#[tokio::test]
async fn what_is_no_list_is_an_error_and_never_shown() {
    for (method, member, key) in LISTS {
        for broken in [
            "{}".to_owned(),
            r#"{"items":[]}"#.to_owned(),
            format!(r#"{{"{member}":null}}"#),
            format!(r#"{{"{member}":{{"{key}":"a"}}}}"#),
            format!(r#"{{"{member}":"[]"}}"#),
            format!(r#"{{"{member}":[],"{member}":[{{"{key}":"secret"}}]}}"#),
            format!(r#"{{"{member}":[],"\u00{:x}{}":[{{"{key}":"secret"}}]}}"#, member.as_bytes()[0], &member[1..]),
            format!(r#"{{"{member}":[{{"{key}":"a","{key}":"secret"}}]}}"#),
            format!(r#"{{"{member}":[{{"{key}":"a","\u00{:x}{}":"secret"}}]}}"#, key.as_bytes()[0], &key[1..]),
            r#"{"resultType":"input_required","inputRequests":{}}"#.to_owned(),
        ] {
            for scopes in ["mcp top", "top"] {
                let answer = over(&broken).oneshot(request(method.clone(), "{}", scopes)).await;
                let failure = RpcError::from_error(&answer.unwrap_err());
                assert_eq!((failure.error.code, &failure.scopes), (-32603, &None), "{broken}");
                assert!(!failure.error.message.contains("secret"), "{failure}");
            }
        }
    }
}

/// 1C is not asked for what its caller could not see, whatever it has; nor does it matter whether it works.
#[tokio::test]
async fn who_can_open_nothing_causes_no_call() {
    for (method, member, _) in LISTS {
        let (onec, reached) = onec("{}");
        let service = ScopeLayer::new(policy()).layer(onec);
        for (params, code) in [("{}", 0), (r#"{"cursor":null}"#, 0), (r#"{"cursor":"a"}"#, -32602)] {
            let answer = service.clone().oneshot(request(method.clone(), params, "other")).await.unwrap();
            match answer.outcome {
                Ok(list) => assert_eq!((code, value(&list)), (0, json!({ member: [] })), "{method} {params}"),
                Err(error) => assert_eq!(error.code, code, "{method} {params}"),
            }
        }
        assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0, "{method}");
        // One scope of any rule that may speak of an item is enough to ask.
        let some = service.oneshot(request(method.clone(), "{}", "top")).await;
        assert_eq!((some.is_err(), reached.load(std::sync::atomic::Ordering::SeqCst)), (true, 1), "{method}");
    }
}

/// Nothing can be decided of them, and nobody could call for them.
#[tokio::test]
async fn items_without_a_name_are_left_out_and_the_rest_works() {
    for (method, member, key) in LISTS {
        let odd = format!(
            r#"null,7,"secret",[{{"{key}":"secret"}}],{{}},{{"{key}":7}},{{"{key}":null}},{{"{key}":"\ud800"}},{{"\ud800":1,"{key}":"secret"}}"#
        );
        let good = item(key, "open");
        let service = over(&list(member, &format!("[{odd},{good},{odd}]")));
        for scopes in ["mcp top", "mcp"] {
            assert_eq!(
                listed(&service, method.clone(), scopes).await.json(),
                &on_one_line(&list(member, &format!("[{good}]")))
            );
        }
    }
}

#[tokio::test]
async fn errors_of_1c_stay_what_they_are() {
    let refusing = mcp::rpc(|_| {
        let error = onec_mcp::rpc::ErrorObject::method_not_found("resources/templates/list");
        std::future::ready(Ok(Response::error(error)))
    });
    for (method, ..) in LISTS {
        let answer = ScopeLayer::new(policy()).layer(refusing.clone()).oneshot(request(method, "{}", "mcp")).await;
        assert_eq!(answer.unwrap().outcome.unwrap_err().code, -32601);
    }
}

/// MCP 2026-07-28, "Caching": what depends on who asks is `private`, whatever 1C says.
#[tokio::test]
async fn lists_and_resources_are_never_public() {
    let list = json!({ "tools": [], "prompts": [], "resources": [], "resourceTemplates": [], "contents": [],
        "ttlMs": 5, "cacheScope": "public" });
    let methods = LISTS.map(|(method, ..)| method.as_str().to_owned());
    for method in methods.iter().map(String::as_str).chain(["resources/read"]) {
        let service = http(mcp::Rpc::new(over(&list.to_string())));
        let mut asked = modern(method, json!({ "uri": "a:b" }));
        asked.extensions_mut().insert(Identity::new("me", Scopes::parse("mcp")));
        let result = read(service.oneshot(asked).await.unwrap()).await.result();
        assert_eq!((&result["cacheScope"], &result["ttlMs"]), (&json!("private"), &json!(5)), "{method}");
    }
}

/// What a layer below says of keeping a list stays beside it, call by call.
#[tokio::test]
async fn hints_are_those_of_the_call() {
    let ttl = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(7));
    let next = std::sync::Arc::clone(&ttl);
    let bytes = Bytes::from_static(br#"{"tools":[{"name":"a"},{"name":"secret"}]}"#);
    let below = mcp::rpc(move |_| {
        let ttl = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::future::ready(Ok(Response::result(Payload::parse(bytes.clone()).unwrap().with_ttl_ms(ttl))))
    });
    let service = http(mcp::Rpc::new(ScopeLayer::new(policy()).layer(below)));
    for ttl in 7..10 {
        let mut asked = modern("tools/list", json!({}));
        asked.extensions_mut().insert(Identity::new("me", Scopes::parse("mcp")));
        let result = read(service.clone().oneshot(asked).await.unwrap()).await.result();
        assert_eq!((&result["ttlMs"], &result["tools"]), (&json!(ttl), &json!([{ "name": "a" }])));
    }
}

/// The same list for the same scopes is not filtered again: it is the same memory.
#[tokio::test]
async fn an_unchanged_list_is_filtered_once() {
    let service = over(&list("tools", r#"[{"name":"a"},{"name":"secret"}]"#));
    let first = listed(&service, Method::ToolsList, "mcp").await;
    let same = |payload: &Payload| payload.json().as_ptr() == first.json().as_ptr();
    assert!(same(&listed(&service, Method::ToolsList, "mcp").await));
    // Scopes that no rule knows change nothing.
    assert!(same(&listed(&service, Method::ToolsList, "mcp other offline_access").await));
    let all = listed(&service, Method::ToolsList, "mcp top").await;
    assert_eq!(all.json(), &list("tools", r#"[{"name":"a"},{"name":"secret"}]"#));
    assert!(same(&listed(&service, Method::ToolsList, "mcp").await));
}

/// What was shown under old rules is not shown under new ones.
#[tokio::test]
async fn new_rules_count_at_once() {
    let rules = policy();
    let service = ScopeLayer::new(rules.clone()).layer(onec(r#"{"tools":[{"name":"a"},{"name":"secret"}]}"#).0);
    let names = |payload: Payload| -> Vec<String> {
        let list = value(&payload);
        list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(listed(&service, Method::ToolsList, "mcp").await), ["a"]);
    rules.replace(&ScopePolicy::everything("mcp").tool("a", "top"));
    assert_eq!(names(listed(&service, Method::ToolsList, "mcp").await), ["secret"]);
    rules.replace(&ScopePolicy::default());
    assert_eq!(names(listed(&service, Method::ToolsList, "mcp").await), ["a", "secret"]);
    rules.replace(&ScopePolicy::everything("top"));
    assert!(names(listed(&service, Method::ToolsList, "mcp").await).is_empty());
}

fn json_value() -> impl Strategy<Value = Value> {
    let key = || select(vec!["tools", "name", "secret", "ф", "", "_meta", "a\"b", "nextCursor", "resultType"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from),
        key().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key(), inner), 0..4)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// As a list goes on that was written anew.
fn on_one_line(json: &str) -> String {
    json.replace(['\r', '\n'], " ")
}

/// Several writings of the same JSON.
fn written(value: &Value, pretty: bool) -> String {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.unwrap()
}

proptest! {
    /// Any items come through byte for byte, in their order; those that are not allowed do not, and
    /// nothing else changes.
    #[test]
    fn items_are_picked_and_not_changed(
        items in proptest::collection::vec((select(vec!["a", "secret", "", "ф", "secret2"]), json_value(), any::<bool>()), 0..6),
        around in json_value(),
        pretty in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let texts: Vec<(&str, String)> = items
            .iter()
            .map(|(name, more, first)| {
                let (name_text, more) = (format!(r#""name":"{name}""#), format!(r#""more":{}"#, written(more, pretty)));
                (*name, if *first { format!("{{{name_text} , {more}}}") } else { format!("{{{more},{name_text}}}") })
            })
            .collect();
        let join = |keep: &dyn Fn(&str) -> bool| -> String {
            let kept: Vec<&str> = texts.iter().filter(|(name, _)| keep(name)).map(|(_, text)| text.as_str()).collect();
            format!(r#"{{"around":{},"tools":[{}],"after":0.10}}"#, written(&around, pretty), kept.join(","))
        };
        let whole = join(&|_| true);
        let service = over(&whole);
        let shown = |scopes: &str| runtime.block_on(listed(&service, Method::ToolsList, scopes)).json().clone();
        let shown = |scopes: &str| on_one_line(std::str::from_utf8(&shown(scopes)).unwrap());
        prop_assert_eq!(shown("mcp top"), on_one_line(&whole));
        prop_assert_eq!(shown("mcp"), on_one_line(&join(&|name| !name.starts_with("secret"))));
        prop_assert_eq!(shown("top"), on_one_line(&join(&|name| name.starts_with("secret"))));
    }
}

/// Whoever is not known sees no list at all.
#[tokio::test]
async fn nobody_sees_no_list() {
    for (method, member, key) in LISTS {
        let list = format!(r#"{{"{member}":[{{"{key}":"a"}}]}}"#);
        let asked: Request = scoped::anonymous(method, "{}");
        let failure = RpcError::from_error(&over(&list).oneshot(asked).await.unwrap_err());
        assert_eq!((failure.status.as_u16(), failure.scopes), (403, Some(Scopes::parse("mcp"))));
    }
}
