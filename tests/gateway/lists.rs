//! A list of tools on its way through the whole stack: read once, written once, remembered.

use bytes::Bytes;
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::onec::{Infobase, OneCService, RestCall};
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, Version};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

type Rpc = BoxCloneSyncService<Request, Response, BoxError>;

/// What 1C sends, over lines and in memory of its own each time.
#[derive(Clone)]
struct OneC(Arc<Mutex<Value>>);

impl OneC {
    fn new(edition: u64) -> Self {
        let onec = Self(Arc::default());
        onec.is_at(edition);
        onec
    }

    fn is_at(&self, edition: u64) {
        let argument = json!({ "type": "object", "properties": { "Склад": { "type": "string" } } });
        let asks = json!({ "type": "object", "properties": { "_confirmation": { "type": "string" } } });
        *self.0.lock().unwrap() = json!({
            "resultType": "complete",
            "tools": [
                { "name": "Остатки", "inputSchema": argument },
                { "name": "secret", "inputSchema": { "type": "object" } },
                { "name": "plain", "inputSchema": { "type": "object" } },
                { "name": "cash_flow", "inputSchema": { "type": "object" } },
                { "name": "execute", "inputSchema": asks },
            ],
            "edition": edition,
        });
    }

    fn rpc(&self) -> Rpc {
        let onec = self.clone();
        BoxCloneSyncService::new(service_fn(move |_: Request| {
            let text = serde_json::to_string_pretty(&*onec.0.lock().unwrap()).unwrap();
            std::future::ready(Payload::parse(text).map(Response::result).map_err(BoxError::from))
        }))
    }

    fn gateway(&self) -> Rpc {
        gateway(self.rpc())
    }
}

/// All layers over a leaf.
fn gateway(leaf: Rpc) -> Rpc {
    let rest = service_fn(|_: RestCall| async { Ok::<_, BoxError>(Response::result(Payload::empty())) });
    let rest = BoxCloneSyncService::<RestCall, Response, BoxError>::new(rest);
    let catalog = Catalog::new(Tools::trade(Limits::default()).unwrap());
    BoxCloneSyncService::new(
        Gateway::builder(leaf)
            .aliases(AliasLayer::new())
            .audit(AuditLayer::new())
            .check(CheckLayer::new())
            .scopes(ScopePolicy::everything("mcp").tool("secret*", "top"))
            .confirm(ConfirmLayer::new())
            .catalog(CatalogLayer::new(catalog, rest))
            .build(),
    )
}

async fn listed(stack: &Rpc, scopes: &str) -> Bytes {
    let mut request = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    stack.clone().oneshot(request).await.unwrap().outcome.unwrap().json().clone()
}

fn read(list: &Bytes) -> Value {
    serde_json::from_slice(list).unwrap()
}

fn names(list: &Bytes) -> Vec<String> {
    let list = read(list);
    list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// 1C's list in other memory is the same list: who asks again gets the very bytes that were written before.
#[tokio::test]
async fn the_same_list_is_written_once_for_all_who_see_the_same() {
    let onec = OneC::new(1);
    let stack = onec.gateway();
    let first = listed(&stack, "mcp").await;
    for scopes in ["mcp", "mcp other", "mcp"] {
        assert_eq!(listed(&stack, scopes).await.as_ptr(), first.as_ptr());
    }
    let all = listed(&stack, "mcp top").await;
    assert_eq!(names(&all).len(), names(&first).len() + 1);
    assert_eq!(listed(&stack, "mcp top").await.as_ptr(), all.as_ptr());
    onec.is_at(2);
    let second = listed(&stack, "mcp").await;
    assert_eq!(read(&second)["edition"], 2);
    onec.is_at(1);
    assert_eq!(listed(&stack, "mcp").await.as_ptr(), first.as_ptr());
}

/// Each layer has done its part, and what stands around the tools is as 1C sent it.
#[tokio::test]
async fn every_layer_edits_the_items_that_the_next_one_finds() {
    let list = listed(&OneC::new(7).gateway(), "mcp mcp:report:money").await;
    let names = names(&list);
    assert_eq!(names.iter().filter(|name| *name == "cash_flow").count(), 1, "{names:?}");
    assert_eq!(names[names.len() - 2..], ["plain", "execute"], "{names:?}");
    assert!(names.iter().all(|name| name.is_ascii() && name != "secret"), "{names:?}");
    let shown = read(&list);
    let tools = shown["tools"].as_array().unwrap();
    assert_eq!(tools[tools.len() - 3]["title"], "Остатки");
    let arguments = tools[tools.len() - 3]["inputSchema"]["properties"].as_object().unwrap();
    assert!(arguments.keys().all(|key| key.is_ascii()), "{arguments:?}");
    assert_eq!(tools[tools.len() - 1]["inputSchema"]["properties"], json!({}));
    assert_eq!((&shown["edition"], &shown["resultType"]), (&json!(7), &json!("complete")));
    assert!(!list.contains(&b'\n'));
}

/// A layer of somebody else sees bytes, and may write other ones.
#[tokio::test]
async fn a_layer_between_that_knows_bytes_alone_changes_nothing() {
    let anew = |inner: Rpc| {
        service_fn(move |request: Request| {
            let answer = inner.clone().oneshot(request);
            async move {
                let list = answer.await?.outcome.unwrap();
                Ok::<_, BoxError>(Response::result(Payload::parse(Bytes::copy_from_slice(list.json()))?))
            }
        })
    };
    let policy = || ScopeLayer::new(ScopePolicy::everything("mcp").tool("secret", "top"));
    let onec = OneC::new(1);
    let apart = ServiceBuilder::new()
        .layer(AliasLayer::new())
        .layer_fn(|inner| anew(BoxCloneSyncService::new(inner)))
        .layer(policy())
        .service(onec.rpc());
    let apart = BoxCloneSyncService::new(apart);
    let together = BoxCloneSyncService::new(AliasLayer::new().layer(policy().layer(onec.rpc())));
    assert_eq!(listed(&apart, "mcp").await, listed(&together, "mcp").await);
    assert_eq!(listed(&apart, "mcp").await.as_ptr(), listed(&apart, "mcp").await.as_ptr());
}

/// Tools change, come, go and move from list to list; each list is what it would be if it came alone.
#[tokio::test]
async fn a_list_that_changed_is_the_one_that_would_have_come_alone() {
    let tool = |name: &str, note: &str| {
        let argument = json!({ "type": "строка", "description": note });
        json!({
            "name": name,
            "description": "Остатки товаров на складах ".repeat(20),
            "inputSchema": { "properties": { "Склад": argument, "_confirmation": { "type": "string" } } },
        })
    };
    let mut tools: Vec<Value> =
        ["one", "Остатки", "secret", "two", "secret 2", "three"].map(|name| tool(name, "")).to_vec();
    let mut lists = vec![tools.clone()];
    tools[1] = tool("Остатки", "на складе");
    lists.push(tools.clone());
    tools[2] = tool("open", "");
    lists.push(tools.clone());
    tools.remove(0);
    lists.push(tools.clone());
    tools.insert(3, tool("four", ""));
    lists.push(tools.clone());
    tools.swap(0, 4);
    lists.push(tools.clone());
    tools.push(tool("two", "again"));
    lists.push(tools.clone());
    tools.push(json!({ "no": "name" }));
    lists.extend([tools, vec![], lists[0].clone()]);

    let now = Arc::new(Mutex::new(Value::Null));
    let seen = Arc::clone(&now);
    let leaf = move || {
        let seen = Arc::clone(&seen);
        let client = service_fn(move |_: http::Request<Bytes>| {
            let text = serde_json::to_string_pretty(&*seen.lock().unwrap()).unwrap().replace('\n', "\r\n");
            std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(Bytes::from(text))))
        });
        BoxCloneSyncService::new(OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap())
    };
    let stack = gateway(leaf());
    for (number, tools) in lists.iter().enumerate() {
        *now.lock().unwrap() = json!({ "id": 1, "result": { "edition": number, "tools": tools } });
        for scopes in ["mcp", "mcp top", "top", "mcp"] {
            let shown = listed(&stack, scopes).await;
            assert_eq!(read(&shown), read(&listed(&gateway(leaf()), scopes).await), "list {number} for {scopes}");
            assert_eq!(listed(&stack, scopes).await.as_ptr(), shown.as_ptr(), "list {number} for {scopes}");
        }
    }
}
