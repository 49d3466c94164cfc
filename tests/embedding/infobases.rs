//! Two infobases nested below a prefix, beside the house's own routes and with tower-http's layers around.

use crate::lab::{BASE, Lab, call, list, names};
use serde_json::json;

const TRADE: &str = "/api/v1/1c/trade";
const PAYROLL: &str = "/api/v1/1c/payroll";

/// RFC 9728, section 3.1; RFC 8414, section 3.1: each infobase is found from its own challenge on.
#[tokio::test]
async fn each_has_its_own_metadata() {
    let lab = Lab::new().await;
    for prefix in [TRADE, PAYROLL] {
        let refused = lab.post(&format!("{prefix}/mcp"), None, &list()).await;
        assert_eq!(refused.status, 401);
        let path = format!("/.well-known/oauth-protected-resource{prefix}/mcp");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains(&format!("resource_metadata=\"{BASE}{path}\"")), "{challenge}");
        let resource = lab.get(&path).await.json();
        assert_eq!(resource["resource"], format!("{BASE}{prefix}/mcp"));
        assert_eq!(resource["authorization_servers"], json!([format!("{BASE}{prefix}")]));
        let server = lab.get(&format!("/.well-known/oauth-authorization-server{prefix}")).await.json();
        assert_eq!(server["issuer"], format!("{BASE}{prefix}"));
        assert_eq!(server["token_endpoint"], format!("{BASE}{prefix}/token"));
    }
    assert_eq!(lab.get("/.well-known/oauth-protected-resource/api/v1/1c/other/mcp").await.status, 404);
}

#[tokio::test]
async fn a_token_is_for_one_of_them() {
    let lab = Lab::new().await;
    for (own, other) in [(TRADE, PAYROLL), (PAYROLL, TRADE)] {
        let token = lab.log_in(own).await;
        let answer = lab.post(&format!("{own}/mcp"), Some(&token), &list()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(names(&answer).contains(&"whoami".to_owned()), "{answer:?}");
        for path in [format!("{other}/mcp"), "/api/v1/1c/mcp".to_owned(), "/api/v1/1c/rest/openapi.json".to_owned()] {
            assert_eq!(lab.post(&path, Some(&token), &list()).await.status, 401, "{path}");
        }
        // Calls run as the user who logged in.
        let who = lab.post(&format!("{own}/mcp"), Some(&token), &call("whoami", &json!({}))).await.json();
        let text = who["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(lab.demos[0].users()[0].name), "{who}");
    }
}

/// The house's own route, and what tower-http's layers do for all routes alike.
#[tokio::test]
async fn beside_the_houses_routes() {
    let lab = Lab::new().await;
    let orders = lab.get("/api/v1/orders").await;
    assert_eq!((orders.status, &orders.json()["orders"][0]["number"]), (200, &json!("H-17")));
    let token = lab.log_in(TRADE).await;
    let answer = lab.post(&format!("{TRADE}/mcp"), Some(&token), &list()).await;
    for id in [orders.header("x-request-id"), answer.header("x-request-id")] {
        assert_eq!(id.len(), 36, "{id}");
    }
    // RFC 9110, section 15.5.14: the limit of the house is lower than that of the bridge.
    let long =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "x".repeat(300 * 1024) } });
    assert_eq!(lab.post(&format!("{TRADE}/mcp"), Some(&token), &long).await.status, 413);
}

#[tokio::test]
async fn events_become_metrics() {
    use tracing_subscriber::layer::SubscriberExt;
    let lab = Lab::new().await;
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(lab.metrics.clone()));
    let token = lab.log_in(TRADE).await;
    lab.post(&format!("{TRADE}/mcp"), Some("guess"), &list()).await;
    for _ in 0..2 {
        lab.post(&format!("{TRADE}/mcp"), Some(&token), &call("whoami", &json!({}))).await;
    }
    let text = lab.get("/metrics").await.text;
    for line in [
        r#"onec_events_total{event="mcp.tool.call",reason=""} 2"#,
        r#"onec_events_total{event="oauth.token.issued",reason=""} 1"#,
        r#"onec_events_total{event="oauth.token.refused",reason="not_found"} 1"#,
    ] {
        assert!(text.lines().any(|said| said == line), "{line}: {text}");
    }
}

/// What every token store must do.
#[tokio::test]
async fn the_houses_store_keeps_the_contract() {
    let store = crate::house::store::HouseStore::default();
    onec_mcp::auth::store::contract::all(&store, &store.clone()).await.unwrap();
}
