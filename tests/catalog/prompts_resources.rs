//! Prompts and resources that the program itself answers, before those of 1C.

use onec_mcp::catalog::{ArgumentError, Call, Catalog, CatalogLayer, Limits, Prompt, Resource, Tools};
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, BoxService, ErrorObject, Method, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::{Layer, ServiceExt, service_fn};

const LISTS: &str = r#"{"x":1,"resources":[{"uri":"onec://a","name":"A"},{"uri":"app://rules","name":"1C's"}],"prompts":[{"name":"own"},{"name":"close"}],"nextCursor":"2"}"#;

fn prompt() -> Value {
    json!({
        "name": "close", "title": "Close", "description": "Closing a month.", "scope": "app:prompts",
        "arguments": [{ "name": "month", "description": "As 2026-01", "required": true }, { "name": "note" }],
        "_meta": { "a": 1 },
    })
}

fn resource() -> Value {
    json!({ "uri": "app://rules", "name": "Rules", "mimeType": "text/plain", "size": 5, "scope": "app:rules" })
}

fn message(text: String) -> Value {
    json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] })
}

fn contents(text: &str) -> Value {
    json!({ "contents": [{ "uri": "app://rules", "mimeType": "text/plain", "text": text }] })
}

fn catalog() -> Catalog {
    let prompt = Prompt::from_fn(&prompt(), |call: Call| async move {
        assert_eq!(&*call.name, "close");
        Ok::<_, BoxError>(message(call.arguments.to_string()))
    });
    let resource = Resource::from_fn(&resource(), |call: Call| async move {
        assert_eq!((&*call.name, &call.arguments), ("app://rules", &json!({})));
        Ok::<_, BoxError>(contents("Rules."))
    });
    Catalog::new(Tools::default()).with_prompts([prompt.unwrap()]).with_resources([resource.unwrap()])
}

fn no_rest(_: RestCall) -> Ready<Result<Response, BoxError>> {
    panic!("called")
}

/// Over a 1C that answers everything with its lists, and counts.
fn over(catalog: &Catalog, rpc: bool) -> (BoxService, Arc<AtomicUsize>) {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let onec = service_fn(move |_: Request| {
        count.fetch_add(1, Ordering::SeqCst);
        ready(Payload::parse(LISTS).map(Response::result))
    });
    let layer = CatalogLayer::new(catalog.clone(), service_fn(no_rest)).rpc(rpc);
    (BoxService::new(layer.layer(onec)), reached)
}

fn request(method: Method, params: Value) -> Request {
    Request::new(method, Params::try_from(params).unwrap(), Version::V2025_11_25)
}

fn of(mut request: Request, scopes: &str) -> Request {
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    request
}

async fn ask(service: &BoxService, request: Request) -> Result<Value, ErrorObject> {
    let answer = service.clone().oneshot(request).await.unwrap();
    answer.outcome.map(|payload| serde_json::from_slice(payload.json()).unwrap())
}

fn names(list: &Value, member: &str, key: &str) -> Vec<String> {
    list[member].as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn they_stand_before_those_of_1c() {
    let (service, _) = over(&catalog(), true);
    let list = ask(&service, request(Method::ResourcesList, json!({}))).await.unwrap();
    assert_eq!(names(&list, "resources", "uri"), ["app://rules", "onec://a"]);
    let mut shown = resource();
    shown.as_object_mut().unwrap().remove("scope");
    assert_eq!((&list["resources"][0], &list["x"], &list["nextCursor"]), (&shown, &json!(1), &json!("2")));
    let list = ask(&service, request(Method::PromptsList, json!({}))).await.unwrap();
    assert_eq!(names(&list, "prompts", "name"), ["close", "own"]);
    let mut shown = prompt();
    shown.as_object_mut().unwrap().remove("scope");
    assert_eq!(list["prompts"][0], shown);
    let list = ask(&service, request(Method::PromptsList, json!({ "cursor": "2" }))).await.unwrap();
    assert_eq!(names(&list, "prompts", "name"), ["own"]);
}

#[tokio::test]
async fn they_are_answered_here_and_others_by_1c() {
    let (service, reached) = over(&catalog(), true);
    let read = |uri: &str| request(Method::ResourcesRead, json!({ "uri": uri }));
    assert_eq!(ask(&service, read("app://rules")).await.unwrap(), contents("Rules."));
    let get =
        |name: &str, arguments: Value| request(Method::PromptsGet, json!({ "name": name, "arguments": arguments }));
    let got = ask(&service, get("close", json!({ "month": "2026-01", "note": null }))).await.unwrap();
    assert_eq!(got, message(r#"{"month":"2026-01"}"#.into()));
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    for other in [read("onec://a"), read("APP://rules"), get("own", json!({})), get("CLOSE", json!({}))] {
        assert_eq!(ask(&service, other).await.unwrap()["x"], 1);
    }
    assert_eq!(reached.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn arguments_of_prompts_are_checked() {
    let (service, _) = over(&catalog(), true);
    for (arguments, part) in [
        (json!({}), "month"),
        (json!({ "month": 5 }), "month"),
        (json!({ "month": "1", "mont": "1" }), "mont"),
        (Value::Null, "month"),
    ] {
        let error =
            ask(&service, request(Method::PromptsGet, json!({ "name": "close", "arguments": arguments }))).await;
        let error = error.unwrap_err();
        assert!(error.code == -32602 && error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn errors_are_errors() {
    let failing = |error: fn() -> BoxError| {
        let resource = Resource::from_fn(&resource(), move |_| ready(Err::<Value, _>(error()))).unwrap();
        over(&catalog().with_resources([resource]), true).0
    };
    let read = || request(Method::ResourcesRead, json!({ "uri": "app://rules" }));
    let error = ask(&failing(|| "The rules are being written.".into()), read()).await.unwrap_err();
    assert_eq!((error.code, &*error.message), (-32603, "The rules are being written."));
    let error = ask(&failing(|| ArgumentError::refused("uri", "is old").into()), read()).await.unwrap_err();
    assert_eq!((error.code, &*error.message), (-32602, "Argument uri: is old."));
    let error = failing(|| RpcError::overloaded().into()).oneshot(read()).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, 503);
    // What is no answer to the request.
    for answer in [json!({ "content": [] }), json!({ "contents": "s3cret" }), json!([])] {
        let resource = Resource::from_fn(&resource(), move |_| ready(Ok::<_, BoxError>(answer.clone()))).unwrap();
        let error = over(&catalog().with_resources([resource]), true).0.oneshot(read()).await.unwrap_err();
        let failure = RpcError::from_error(&error);
        assert!(failure.status == 500 && !failure.error.message.contains("s3cret"), "{failure}");
    }
}

#[tokio::test]
async fn their_scopes_count() {
    let catalog = catalog();
    let policy = ScopePolicy::everything("mcp").resource("app://*", "mcp:other").prompt("cl*", "mcp:other");
    let (inside, reached) = over(&catalog, true);
    let service = BoxService::new(ScopeLayer::new(catalog.policy(policy)).layer(inside));
    let read = || request(Method::ResourcesRead, json!({ "uri": "app://rules" }));
    let get = || request(Method::PromptsGet, json!({ "name": "close", "arguments": { "month": "1" } }));
    for (asked, scopes, needed) in [
        (read(), "mcp mcp:other app:prompts", "app:rules"),
        (get(), "mcp mcp:other app:rules", "app:prompts"),
        (request(Method::Complete, json!({ "ref": { "type": "ref/prompt", "name": "close" } })), "mcp", "app:prompts"),
        // What 1C may take for it needs more, not less.
        (request(Method::ResourcesRead, json!({ "uri": "APP://RULES" })), "app:rules", "app:rules mcp"),
    ] {
        let error = service.clone().oneshot(of(asked, scopes)).await.unwrap_err();
        let failure = RpcError::from_error(&error);
        assert_eq!((failure.status.as_u16(), failure.scopes), (403, Some(Scopes::parse(needed))));
    }
    let error = service.clone().oneshot(read()).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, 403);
    let got = service.clone().oneshot(of(read(), "app:rules")).await.unwrap().outcome.unwrap();
    assert_eq!(got.json(), contents("Rules.").to_string().as_str());
    assert!(ask(&service, of(get(), "app:prompts")).await.is_ok());
    // A caller who may see nothing of 1C sees them all the same, and 1C is not asked.
    let list = |method| request(method, json!({}));
    let shown = ask(&service, of(list(Method::ResourcesList), "app:rules")).await.unwrap();
    assert_eq!(names(&shown, "resources", "uri"), ["app://rules"]);
    let shown = ask(&service, of(list(Method::PromptsList), "app:prompts")).await.unwrap();
    assert_eq!(names(&shown, "prompts", "name"), ["close"]);
    let shown = ask(&service, of(list(Method::PromptsList), "app:rules")).await.unwrap();
    assert_eq!(shown["prompts"], json!([]));
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    let shown = ask(&service, of(list(Method::ResourcesList), "mcp")).await.unwrap();
    assert_eq!(names(&shown, "resources", "uri"), ["onec://a"]);
    // The rules of a catalog name their scopes.
    assert!(catalog.policy(ScopePolicy::default()).scopes().contains_all(&Scopes::parse("app:rules app:prompts")));
}

/// Where 1C has no RPC dialect.
#[tokio::test]
async fn a_catalog_alone_lists_them() {
    let (service, reached) = over(&catalog(), false);
    let list = ask(&service, request(Method::ResourcesList, json!({}))).await.unwrap();
    assert_eq!(names(&list, "resources", "uri"), ["app://rules"]);
    let list = ask(&service, request(Method::PromptsList, json!({}))).await.unwrap();
    assert_eq!(names(&list, "prompts", "name"), ["close"]);
    assert!(ask(&service, request(Method::PromptsList, json!({ "cursor": "2" }))).await.is_err());
    let list = ask(&service, request(Method::ResourceTemplatesList, json!({}))).await.unwrap();
    assert_eq!(list, json!({ "resourceTemplates": [] }));
    assert!(ask(&service, request(Method::ResourcesRead, json!({ "uri": "app://rules" }))).await.is_ok());
    assert!(ask(&service, request(Method::ResourcesRead, json!({ "uri": "app://other" }))).await.is_err());
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_reload_of_the_file_keeps_them() {
    let catalog = catalog();
    catalog.replace(Tools::trade(Limits::default()).unwrap());
    let (inside, _) = over(&catalog, true);
    let stack = Gateway::builder(inside).catalog(CatalogLayer::new(catalog, service_fn(no_rest)));
    let stack = BoxService::new(stack.scopes(ScopePolicy::everything("mcp")).build());
    let read = request(Method::ResourcesRead, json!({ "uri": "app://rules" }));
    assert_eq!(ask(&stack, of(read, "app:rules")).await.unwrap(), contents("Rules."));
}

/// Lists that did not change are merged once.
#[tokio::test]
async fn lists_are_remembered() {
    let (service, _) = over(&catalog(), true);
    let list = || async {
        let answer = service.clone().oneshot(request(Method::ResourcesList, json!({}))).await.unwrap();
        answer.outcome.unwrap().json().clone()
    };
    assert_eq!(list().await.as_ptr(), list().await.as_ptr());
}

#[tokio::test]
async fn services_answer_too() {
    let service = service_fn(|call: Call| ready(Ok::<_, BoxError>(contents(&call.name))));
    let catalog = catalog().with_resources([Resource::from_service(&resource(), service).unwrap()]);
    let (stack, _) = over(&catalog, true);
    let read = request(Method::ResourcesRead, json!({ "uri": "app://rules" }));
    assert_eq!(ask(&stack, read).await.unwrap(), contents("app://rules"));
    let service = service_fn(|call: Call| ready(Ok::<_, BoxError>(message(call.name.to_string()))));
    let catalog = catalog.with_prompts([Prompt::from_service(&prompt(), service).unwrap()]);
    let (stack, _) = over(&catalog, true);
    let get = request(Method::PromptsGet, json!({ "name": "close", "arguments": { "month": "1" } }));
    assert_eq!(ask(&stack, get).await.unwrap(), message("close".into()));
    let list = ask(&stack, request(Method::PromptsList, json!({}))).await.unwrap();
    assert_eq!(names(&list, "prompts", "name"), ["close", "own"]);
}

#[test]
fn entries_that_are_wrong() {
    let of_prompt = |change: fn(&mut Value)| {
        let mut entry = prompt();
        change(&mut entry);
        Prompt::from_fn(&entry, |_| ready(Ok::<_, BoxError>(json!({})))).unwrap_err().to_string()
    };
    let of_resource = |change: fn(&mut Value)| {
        let mut entry = resource();
        change(&mut entry);
        Resource::from_fn(&entry, |_| ready(Ok::<_, BoxError>(json!({})))).unwrap_err().to_string()
    };
    for (error, parts) in [
        (
            of_prompt(|entry| drop(entry.as_object_mut().unwrap().remove("scope"))),
            ["a prompt of this program", "scope"],
        ),
        (of_prompt(|entry| entry["arguments"][0]["type"] = json!("a")), ["arguments[0]", "unknown key"]),
        (of_prompt(|entry| entry["arguments"][1]["name"] = json!("month")), ["arguments[1].name", "another argument"]),
        (of_prompt(|entry| entry["name"] = json!(5)), ["name", "must be a text"]),
        (of_resource(|entry| entry["uri"] = json!("rules")), ["a resource of this program", "must be a URI"]),
        (of_resource(|entry| drop(entry.as_object_mut().unwrap().remove("name"))), ["name", "is missing"]),
        (of_resource(|entry| entry["scope"] = json!("a b")), ["scope", "must be one scope"]),
        (of_resource(|entry| entry["path"] = json!("a")), ["unknown key", "path"]),
    ] {
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}
