//! Lists whose items a layer of the embedder edits.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::rpc::{
    BoxError, Item, JsonError, ListEditor, Method, Next, Params, Payload, Request, Response, ServerInfo, Version,
    from_fn,
};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::{Layer, ServiceExt, service_fn};

const LIST: &str =
    r#"{"_meta":{"x":1.10},"tools":[{"name":"a","n":1.10},{"title":"B","name":"b"},{}],"nextCursor":"2"}"#;

fn list() -> Payload {
    Payload::parse(LIST).unwrap()
}

fn edited(edit: impl FnOnce(&mut Vec<Item>) -> Result<(), JsonError>) -> Result<String, JsonError> {
    let mut payload = list();
    ListEditor::new().edit(&mut payload, &Method::ToolsList, &(), edit)?;
    Ok(String::from_utf8(payload.json().to_vec()).unwrap())
}

#[test]
fn items_are_changed_dropped_added_and_sorted() {
    let got = edited(|items| {
        assert_eq!(items.iter().map(Item::name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(items[1].get("title")?, Some(json!("B")));
        assert_eq!((items[1].get("n")?, items[1].as_json()), (None, &br#"{"title":"B","name":"b"}"#[..]));
        items[0] = items[0].with("title", &json!("А"))?.with("name", &json!("c"))?;
        assert_eq!(items[0].name(), "c");
        items[1] = items[1].without("title")?;
        items.push(Item::new(&Method::ToolsList, &json!({ "name": "d" }))?);
        items.reverse();
        Ok(())
    });
    // Everything else keeps its bytes; an item without a name is left out.
    let expected = r#"{"_meta":{"x":1.10},"tools":[{"name":"d"},{"name":"b"},{"name":"c","n":1.10,"title":"А"}],"nextCursor":"2"}"#;
    assert_eq!(got.unwrap(), expected);
}

#[test]
fn items_without_a_name_are_refused() {
    let tool = |item: Value| Item::new(&Method::ToolsList, &item).is_ok();
    assert!(tool(json!({ "name": "a" })) && !tool(json!({ "title": "a" })) && !tool(json!({ "name": 5 })));
    assert!(!tool(json!("name")) && Item::new(&Method::Ping, &json!({ "name": "a" })).is_err());
    let resource = Item::new(&Method::ResourcesList, &json!({ "uri": "a:b", "name": "A" })).unwrap();
    assert_eq!((resource.name(), resource.with("name", &json!("B")).unwrap().name()), ("a:b", "a:b"));
    assert!(resource.without("uri").is_err() && resource.with("uri", &Value::Null).is_err());
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert!(resource.with("_meta", &deep).is_err());
}

#[test]
fn a_failed_edit_changes_nothing() {
    let mut payload = list();
    let failed = ListEditor::new().edit(&mut payload, &Method::ToolsList, &(), |items| {
        items.clear();
        items.extend([Item::new(&Method::ToolsList, &json!({}))?]);
        Ok(())
    });
    assert!(failed.is_err());
    assert_eq!(payload.json(), LIST);
    assert!(ListEditor::new().edit(&mut payload, &Method::PromptsList, &(), |_| Ok(())).is_err());
}

/// Once for each list and key, and not for another editor's.
#[test]
fn what_was_edited_is_remembered() {
    let (one, other) = (ListEditor::new(), ListEditor::new());
    let times = AtomicUsize::new(0);
    let edit = |editor: &ListEditor, key: &str| {
        let mut payload = list();
        let edited = editor.edit(&mut payload, &Method::ToolsList, &key.to_owned(), |items| {
            times.fetch_add(1, Ordering::SeqCst);
            items[0] = items[0].with("title", &json!(key))?;
            Ok(())
        });
        edited.unwrap();
        payload.json().clone()
    };
    let first = edit(&one, "x");
    assert_eq!(edit(&one.clone(), "x").as_ptr(), first.as_ptr());
    assert_eq!(times.load(Ordering::SeqCst), 1);
    assert_ne!(edit(&one, "y"), first);
    assert_eq!(edit(&other, "x"), first);
    assert_eq!(times.load(Ordering::SeqCst), 3);
}

/// The hints of layers beneath reach the client, and what layers above remember of a list stays in use.
#[tokio::test]
async fn hints_and_memory_stay() {
    let editor = ListEditor::new();
    let times = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&times);
    let titles = from_fn(move |request: Request, next: Next| {
        let (editor, count) = (editor.clone(), Arc::clone(&count));
        async move {
            let mut answer = next.run(request).await?;
            if let Ok(list) = &mut answer.outcome {
                editor.edit(list, &Method::ToolsList, &(), |items| {
                    count.fetch_add(1, Ordering::SeqCst);
                    for item in items {
                        *item = item.with("title", &json!("T"))?;
                    }
                    Ok(())
                })?;
            }
            Ok(answer)
        }
    });
    // Anew each time, as 1C sends it.
    let onec = service_fn(|_: Request| {
        let list = Payload::parse(Bytes::copy_from_slice(LIST.as_bytes())).unwrap();
        ready(Ok::<_, BoxError>(Response::result(list.with_ttl_ms(1234))))
    });
    let policy = ScopePolicy::everything("mcp").tool("b", "mcp:b");
    let stack = ScopeLayer::new(policy).layer(titles.layer(onec));
    let ask = || async {
        let mut request = Request::new(Method::ToolsList, Params::default(), Version::V2026_07_28);
        request.extensions.insert(Identity::new("me", Scopes::parse("mcp")));
        stack.clone().oneshot(request).await.unwrap().outcome.unwrap()
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first.json().as_ptr(), second.json().as_ptr());
    assert_eq!(times.load(Ordering::SeqCst), 1);

    let identified = stack.clone().map_request(|mut request: Request| {
        request.extensions.insert(Identity::new("me", Scopes::parse("mcp")));
        request
    });
    let mcp = JsonRpcLayer::new(ServerInfo::new("test", "1")).layer(identified);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    } } });
    let request = http::Request::post("/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/list");
    let answer = mcp.oneshot(request.body(Full::<Bytes>::from(body.to_string())).unwrap()).await.unwrap();
    let answer = answer.into_body().collect().await.unwrap().to_bytes();
    let result = serde_json::from_slice::<Value>(&answer).unwrap()["result"].take();
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(1234), &json!("private")), "{result}");
    assert_eq!(result["tools"], json!([{ "name": "a", "n": 1.1, "title": "T" }]));
}
