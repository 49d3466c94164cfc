//! One endpoint for several infobases.

use crate::house::tenants::{Tenant, by_tenant, sharing};
use crate::lab::{Lab, call, claims, list, names, signed};
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, Version};
use onec_mcp::{CacheLayer, Identity, Scopes, Sharing};
use serde_json::json;
use std::time::Duration;
use tower::{Layer, Service, ServiceExt, service_fn};

fn infobase(
    name: &'static str,
) -> impl Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static {
    service_fn(move |_: Request| async move {
        let list = format!(r#"{{"tools":[{{"name":"{name}","inputSchema":{{"type":"object"}}}}]}}"#);
        Ok(Response::result(Payload::parse(list)?))
    })
}

/// A cache above never gives one tenant what another one was told.
#[tokio::test]
async fn a_cache_keeps_tenants_apart() {
    for sharing in [sharing(), Sharing::nobody(), Sharing::default()] {
        let lists = CacheLayer::new().sharing(sharing).lists(Duration::from_secs(60));
        let stack = lists.layer(by_tenant(infobase("of_trade"), infobase("of_payroll")));
        for (tenant, expected) in [(Tenant::Trade, "of_trade"), (Tenant::Payroll, "of_payroll")] {
            let mut request = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
            request.extensions.insert(Identity::new("anna", Scopes::parse("mcp")).with_claim(tenant));
            let answer = stack.clone().oneshot(request).await.unwrap().outcome.unwrap();
            let text = std::str::from_utf8(answer.json()).unwrap().to_owned();
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

/// A caller without a tenant gets nothing.
#[tokio::test]
async fn nobody_else_is_served() {
    let stack = by_tenant(infobase("of_trade"), infobase("of_payroll"));
    let request = || Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
    assert!(stack.clone().oneshot(request()).await.is_err());
    let mut known = request();
    known.extensions.insert(Identity::new("anna", Scopes::parse("mcp")));
    assert!(stack.oneshot(known).await.is_err());
}

/// Through all of the application.
#[tokio::test]
async fn the_claim_of_a_token_chooses() {
    let lab = Lab::new().await;
    for (tenant, own, other) in [("trade", 0, 1), ("payroll", 1, 0)] {
        let asked = |demo: usize| lab.demos[demo].requests().len();
        let (before, others) = (asked(own), asked(other));
        let token = signed(&claims(tenant, "mcp"));
        let answer = lab.post("/api/v1/1c/mcp", Some(&token), &list()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(names(&answer).contains(&"whoami".to_owned()));
        let answer = lab.post("/api/v1/1c/mcp", Some(&token), &call("whoami", &json!({}))).await.json();
        assert!(answer["result"]["content"][0]["text"].is_string(), "{answer}");
        assert_eq!((asked(own) - before, asked(other)), (2, others), "{tenant}");
    }
    // The scope counts here too.
    let token = signed(&claims("trade", "other"));
    assert_eq!(names(&lab.post("/api/v1/1c/mcp", Some(&token), &list()).await), [""; 0]);
}
