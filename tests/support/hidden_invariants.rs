//! What must hold of an answer for who may not see all of it, whatever 1C sends: shared by the property tests, the corpus
//! and the fuzz target.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a broken invariant is a panic")]

use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, Version};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::future::{Ready, ready};
use std::sync::LazyLock;
use std::task::{Context, Poll};
use tower::{Service, ServiceExt};

const SECRET: [&str; 6] = ["cost", "profit", "margin", "gross_profit", "себестоимость", "маржа"];

static TRADE: LazyLock<Tools> = LazyLock::new(|| Tools::trade(Limits::default()).unwrap());

/// A 1C that sends everybody the same.
#[derive(Clone)]
pub(crate) struct Careless(pub(crate) String);

macro_rules! answers {
    ($($request:ty),*) => { $(
        impl Service<$request> for Careless {
            type Response = Response;
            type Error = BoxError;
            type Future = Ready<Result<Response, BoxError>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, _: $request) -> Self::Future {
                ready(Payload::parse(self.0.clone()).map(Response::result).map_err(Into::into))
            }
        }
    )* };
}

answers!(Request, RestCall);

/// An answer of 1C: no member and no column of such a name is left, the text is the structure, and a holder of the scope
/// gets it as it came.
pub(crate) fn hidden(answer: &[u8]) {
    let Ok(text) = std::str::from_utf8(answer) else { return };
    let Ok(sent @ Value::Object(_)) = serde_json::from_str::<Value>(text) else { return };
    if let Some(left) = shown(text, "mcp:report:sales") {
        assert!(!tells(&left), "{text}: {left}");
    }
    if let Some(whole) = shown(text, "mcp:report:sales mcp:report:cost") {
        assert_eq!(whole, sent);
    }
}

/// Nothing where it is no answer.
fn shown(answer: &str, scopes: &str) -> Option<Value> {
    let onec = Careless(answer.to_owned());
    let layer = CatalogLayer::new(Catalog::new(TRADE.clone()), onec.clone());
    let gateway = Gateway::builder(onec).scopes(ScopePolicy::default()).catalog(layer).build();
    let arguments = json!({
        "customer_id": "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002", "period": { "from": "2026-07-01", "to": "2026-07-31" },
    });
    let params = json!({ "name": "customer_summary", "arguments": arguments }).to_string();
    let mut request = Request::new(Method::ToolsCall, Params::parse(&params.into()).unwrap(), Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let payload = runtime.block_on(gateway.oneshot(request)).ok()?.outcome.ok()?;
    let mut got: Value = serde_json::from_slice(payload.json()).expect("a result is JSON");
    if got["isError"] == true {
        return None;
    }
    let structured = got["structuredContent"].take();
    let text: Value = serde_json::from_str(got["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, structured);
    Some(structured)
}

fn tells(value: &Value) -> bool {
    let is_secret = |text: &str| SECRET.contains(&&*text.trim().to_lowercase());
    match value {
        Value::Object(members) => members.iter().any(|(key, value)| {
            let columns = value.as_array().filter(|_| key == "columns").into_iter().flatten();
            let named = |column: &Value| column.as_str().or(column["name"].as_str()).is_some_and(is_secret);
            is_secret(key) || columns.into_iter().any(named) || tells(value)
        }),
        Value::Array(items) => items.iter().any(tells),
        _ => false,
    }
}
