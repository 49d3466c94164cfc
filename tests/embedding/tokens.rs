//! Tokens of the house's identity provider.

use crate::lab::{Lab, claims, list, signed};
use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

/// RFC 7519, section 4.1; RFC 8707: what the house's tokens must say.
#[tokio::test]
async fn only_good_tokens_count() {
    let lab = Lab::new().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims("trade", "mcp");
        claims[name] = value;
        signed(&claims)
    };
    let good = with("sub", json!("anna"));
    assert_eq!(lab.post("/api/v1/1c/mcp", Some(&good), &list()).await.status, 200);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let swapped = format!("{head}.{}{}", &signature[1..], &signature[..1]);
    for (what, token) in [
        ("expired", with("exp", json!(get_current_timestamp() - 3600))),
        ("another audience", with("aud", json!("https://house.example/api/v1/1c/trade/mcp"))),
        ("no audience", with("aud", Value::Null)),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("another tenant", with("tenant", json!("warehouse"))),
        ("no tenant", with("tenant", Value::Null)),
        ("another signature", swapped),
        ("no token of the house", "guess".to_owned()),
    ] {
        let answer = lab.post("/api/v1/1c/mcp", Some(&token), &list()).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("invalid_token"), "{what}: {challenge}");
        let metadata = "https://house.example/.well-known/oauth-protected-resource/api/v1/1c/mcp";
        assert!(challenge.contains(metadata), "{what}: {challenge}");
    }
    let metadata = lab.get("/.well-known/oauth-protected-resource/api/v1/1c/mcp").await.json();
    assert_eq!(metadata["resource"], "https://house.example/api/v1/1c/mcp");
    assert_eq!(metadata["authorization_servers"], json!(["https://id.house.example"]));
}
