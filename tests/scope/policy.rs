//! `ScopePolicy`: which rule counts for what a request names.

use crate::fixtures::scoped::{LISTS, anonymous, listed, missing, onec, request, value};
use crate::support::mcp;
use onec_mcp::rpc::{Method, Request, RpcError};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use std::sync::Arc;
use tokio::sync::Notify;
use tower::{Layer, ServiceExt};

fn policy() -> ScopePolicy {
    ScopePolicy::everything("mcp")
        .tool("admin_who", "mcp")
        .tool("admin_*", "admin")
        .tool("admin_root", "root")
        .tool("*_users", "users")
        .tool("отчёт_??", "report:ru report")
        .resource("onec://doc/{id}", "docs")
        .resource("onec://doc/secret", "never")
        .resource("onec://find?q=*", "find")
        .resource("onec://open", "")
        .prompt("audit", "audit")
        .prompt("admin_*", "admin")
}

async fn check(method: Method, params: &str, needed: &str) {
    let all = policy().scopes();
    let rest = needed.split(' ').fold(all.clone(), |rest, scope| rest.without(scope)).to_string();
    assert_eq!(missing(&policy(), request(method.clone(), params, needed)).await, None, "{params}");
    let answer = missing(&policy(), request(method.clone(), params, &rest)).await;
    assert_eq!(answer.as_deref(), Some(needed).filter(|needed| !needed.is_empty()), "{params}");
    assert_eq!(missing(&policy(), anonymous(method, params)).await.as_deref(), Some(needed), "{params}");
}

#[tokio::test]
async fn tools_need_what_the_first_rule_that_fits_says() {
    for (name, needed) in [
        ("admin_kick", "admin"),
        ("admin_users", "admin"),
        ("admin_who", "mcp"),
        ("admin_root", "admin"),
        ("list_users", "users"),
        ("отчёт_01", "report report:ru"),
        ("отчёт_1", "mcp"),
        // What 1C might take for the name of a rule.
        ("Admin_kick", "admin mcp"),
        ("admin_WHO", "admin mcp"),
        (" list_USERS\\n", "mcp users"),
        ("ОТЧЁТ_01", "mcp report report:ru"),
        ("отче\u{308}т_01", "mcp report report:ru"),
        ("ａｄｍｉｎ＿kick", "admin mcp"),
        ("admın_kick", "admin mcp"),
        ("list_uſers", "mcp users"),
        ("𝖆dmin_kick", "admin mcp"),
        ("stock", "mcp"),
        ("", "mcp"),
        (r"admi\u006e_kick", "admin"),
    ] {
        check(Method::ToolsCall, &format!(r#"{{"name":"{name}"}}"#), needed).await;
    }
    for odd in [r"{}", r#"{"name":7}"#, r#"{"name":null}"#, r#"{"name":["admin_kick"]}"#, r#"{"uri":"onec://doc/1"}"#] {
        check(Method::ToolsCall, odd, "mcp").await;
        check(Method::PromptsGet, odd, "mcp").await;
    }
}

#[tokio::test]
async fn resources_and_prompts_have_rules_of_their_own() {
    for (uri, needed) in [
        ("onec://doc/17", "docs"),
        ("onec://doc/secret", "docs"),
        ("onec://doc/{id}", "docs"),
        ("onec://doc", "mcp"),
        ("onec://find?q=", "find"),
        ("onec://find?q=stock", "find"),
        ("onec://open", ""),
        ("admin_kick", "mcp"),
    ] {
        check(Method::ResourcesRead, &format!(r#"{{"uri":"{uri}"}}"#), needed).await;
        let complete = format!(r#"{{"ref":{{"type":"ref/resource","uri":"{uri}"}},"argument":{{}}}}"#);
        check(Method::Complete, &complete, needed).await;
    }
    for (name, needed) in [("audit", "audit"), ("admin_x", "admin"), ("list_users", "mcp")] {
        check(Method::PromptsGet, &format!(r#"{{"name":"{name}"}}"#), needed).await;
        check(Method::Complete, &format!(r#"{{"ref":{{"type":"ref/prompt","name":"{name}"}}}}"#), needed).await;
    }
    for odd in ["{}", r#"{"ref":7}"#, r#"{"ref":{}}"#, r#"{"ref":{"type":"ref/prompt","name":[]}}"#] {
        check(Method::Complete, odd, "mcp").await;
    }
    // Whatever the type says: 1C may look at either.
    for kind in ["ref/prompt", "ref/resource", "x"] {
        let both = format!(r#"{{"ref":{{"type":"{kind}","name":"audit","uri":"onec://doc/1"}}}}"#);
        check(Method::Complete, &both, "audit docs").await;
    }
    // 1C finds members of a Structure whatever their case.
    for (reference, needed) in
        [(r#"{"Name":"audit"}"#, "audit"), (r#"{"type":"ref/resource","URI":"onec://doc/1"}"#, "docs")]
    {
        check(Method::Complete, &format!(r#"{{"ref":{reference}}}"#), needed).await;
    }
    for method in [Method::Other("tools/secret".into()), Method::ResourcesSubscribe, Method::SetLevel] {
        check(method, r#"{"name":"admin_kick","uri":"onec://doc/1"}"#, "mcp").await;
    }
}

/// Which of the two 1C would take, nobody knows.
#[tokio::test]
async fn a_reference_with_two_names_is_refused() {
    let (onec, reached) = onec("{}");
    let service = ScopeLayer::new(policy()).layer(onec);
    for reference in [
        r#"{"name":"a","n\u0061me":"audit"}"#,
        r#"{"uri":"a","uri":"b"}"#,
        r#"{"name":"a","Name":"audit"}"#,
        r#"{"name":"a","ｎame":"audit"}"#,
        r#"{"uri":"a","ＵRI":"b"}"#,
        r#"{"\ud800":1,"name":"audit"}"#,
    ] {
        let all = policy().scopes().to_string();
        let asked = request(Method::Complete, &format!(r#"{{"ref":{reference}}}"#), &all);
        let error = service.clone().oneshot(asked).await.unwrap_err();
        assert_eq!(RpcError::from_error(&error).error.code, -32602, "{reference}");
    }
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// Whichever way round they are written, and for a name in other letters no less than for each of the
/// names that it may stand for.
#[tokio::test]
async fn the_first_rule_counts_be_it_a_name_or_a_pattern() {
    let name_first = ScopePolicy::everything("mcp").tool("get_secret", "top").tool("get_*", "read");
    let pattern_first = ScopePolicy::everything("mcp").tool("get_*", "read").tool("get_secret", "top");
    let twice = ScopePolicy::everything("mcp").tool("a", "one").tool("a", "two").tool("?", "three");
    for (policy, name, needed) in [
        (&name_first, "get_secret", "top"),
        (&name_first, "get_other", "read"),
        (&pattern_first, "get_secret", "read"),
        (&pattern_first, "GET_SECRET", "mcp read"),
        (&name_first, "GET_SECRET", "mcp top"),
        (&twice, "a", "one"),
        (&twice, "b", "three"),
    ] {
        assert_eq!(policy.of_tool(name), Scopes::parse(needed), "{name} {policy:?}");
    }
    let alike = ScopePolicy::everything("mcp").tool("Ab", "one").tool("aB", "two");
    assert_eq!(alike.of_tool("AB"), Scopes::parse("mcp one two"));
    assert_eq!(alike.of_tool("aB"), Scopes::parse("two"));
}

#[tokio::test]
async fn a_policy_can_be_asked() {
    let policy = policy();
    assert_eq!(policy.of_tool("отчёт_99"), Scopes::parse("report report:ru"));
    assert_eq!((policy.of_tool("x"), policy.of_prompt("audit")), (Scopes::parse("mcp"), Scopes::parse("audit")));
    assert_eq!(policy.of_resource("onec://doc/1"), Scopes::parse("docs"));
    assert_eq!(policy.scopes(), Scopes::parse("mcp admin root users report report:ru docs never find audit"));
}

/// A rule that nobody can fulfil is better than one that is open.
#[tokio::test]
async fn a_misspelled_scope_closes() {
    for scope in ["мср", "a\"b", "back\\slash"] {
        let policy = ScopePolicy::everything(scope).tool("t", scope);
        for params in [r#"{"name":"t"}"#, r#"{"name":"u"}"#] {
            let needed = missing(&policy, request(Method::ToolsCall, params, &format!("mcp t {scope}"))).await;
            assert!(needed.is_some_and(|needed| !needed.is_empty()), "{scope}");
        }
    }
}

#[tokio::test]
async fn the_open_policy_wants_an_identity_and_nothing_else() {
    let open = ScopePolicy::default();
    for (method, ..) in LISTS {
        assert_eq!(missing(&open, anonymous(method.clone(), "{}")).await.as_deref(), Some(""));
        assert_eq!(missing(&open, request(method, "{}", "")).await, None);
    }
    assert_eq!(missing(&open, anonymous(Method::ToolsCall, r#"{"name":"t"}"#)).await.as_deref(), Some(""));
    assert_eq!(missing(&open, request(Method::ToolsCall, r#"{"name":"t"}"#, "")).await, None);
}

#[tokio::test]
async fn a_rule_added_to_a_clone_is_the_clones_alone() {
    let one = ScopePolicy::everything("mcp");
    let two = one.clone().tool("t", "two");
    assert_eq!((one.of_tool("t"), two.of_tool("t")), (Scopes::parse("mcp"), Scopes::parse("two")));
    let handle = one.clone();
    one.replace(&two);
    assert_eq!(handle.of_tool("t"), Scopes::parse("two"));
    let _three = two.tool("t2", "three");
    assert_eq!(handle.of_tool("t2"), Scopes::parse("mcp"));
}

/// The rules of a request are those that were in force when it came.
#[tokio::test]
async fn a_request_under_way_ends_with_its_rules() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (seen, wait) = (Arc::clone(&asked), Arc::clone(&go));
    let slow = mcp::rpc(move |_: Request| {
        let (seen, wait) = (Arc::clone(&seen), Arc::clone(&wait));
        async move {
            seen.notify_one();
            wait.notified().await;
            mcp::result(r#"{"tools":[{"name":"a"},{"name":"b"}]}"#)
        }
    });
    let policy = ScopePolicy::everything("mcp").tool("a", "a");
    let service = ScopeLayer::new(policy.clone()).layer(slow);
    let first = tokio::spawn(service.clone().oneshot(request(Method::ToolsList, "{}", "mcp")));
    asked.notified().await;
    policy.replace(&ScopePolicy::everything("mcp").tool("b", "b"));
    go.notify_one();
    let names = |list: serde_json::Value| list["tools"][0]["name"].as_str().map(str::to_owned);
    let old = value(&first.await.unwrap().unwrap().outcome.unwrap());
    assert_eq!((old["tools"].as_array().unwrap().len(), names(old).as_deref()), (1, Some("b")));
    go.notify_one();
    let new = value(&listed(&service, Method::ToolsList, "mcp").await);
    assert_eq!((new["tools"].as_array().unwrap().len(), names(new).as_deref()), (1, Some("a")));
}

/// An identity without the scope is told what it lacks, and so is the audit trail (see `audit`).
#[tokio::test]
async fn a_refusal_names_the_scopes() {
    let (onec, _) = onec("{}");
    let mut asked = anonymous(Method::ToolsCall, r#"{"name":"отчёт_01"}"#);
    asked.extensions.insert(Identity::new("me", Scopes::parse("report")));
    let error = ScopeLayer::new(policy()).layer(onec).oneshot(asked).await.unwrap_err();
    assert_eq!(error.to_string(), "Not allowed: this needs the scopes report report:ru");
}
