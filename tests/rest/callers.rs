//! Endpoints whose callers a validator tells apart: what each may do, and what 1C is told of them.

use crate::support::fault::{self, Faulty};
use crate::support::rest::{Answer, Calls, TOKEN, ask, get, object, onec, post, trade};
use http::StatusCode;
use onec_mcp::auth::{AuthError, BearerAuthLayer, Presented, Site, StaticToken};
use onec_mcp::onec::{Flow, OneCService, RestCall};
use onec_mcp::rest::RestService;
use onec_mcp::rpc::{BoxError, Response};
use onec_mcp::{Credentials, Identity, Scopes};
use serde_json::json;
use std::time::Duration;
use tower::Service;

const TABLE: &str =
    r#"{"columns":["customer","amount","cost"],"rows":[["North",10,7]],"totals":{"amount":10,"cost":7}}"#;

fn caller(scopes: &str) -> Identity {
    Identity::new("Иванов", Scopes::parse(scopes))
}

fn layer(identity: Identity) -> BearerAuthLayer<StaticToken> {
    BearerAuthLayer::new(StaticToken::new(TOKEN, identity))
}

/// The endpoints for this caller, over a 1C that answers with [`TABLE`].
fn service(
    identity: Identity,
) -> (Calls, RestService<impl Service<RestCall, Response = Response, Error = BoxError, Future: Send> + Clone + Send>) {
    let (calls, inner) = onec(|| object(TABLE));
    (calls, RestService::with_auth(trade(), layer(identity), inner))
}

fn sales(measures: &str) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let period = r#""period":{"from":"2026-01-01","to":"2026-01-31"}"#;
    post("/reports/sales", format!(r#"{{{period},"group_by":["customer"],"measures":{measures}}}"#))
}

fn error(answer: &Answer) -> (u16, String) {
    let json = answer.json();
    assert!(!json["message"].as_str().unwrap().is_empty(), "{answer:?}");
    (answer.status.as_u16(), json["error"].as_str().unwrap().to_owned())
}

/// RFC 6750, section 3: strangers get the challenge of the layer, in the shape of the other errors.
#[tokio::test]
async fn strangers_learn_nothing() {
    let (calls, inner) = onec(|| object(TABLE));
    let site = Site::new().public_url(&"https://h.example".parse().unwrap());
    let layer = layer(caller("mcp:report:sales")).site(site).scopes(Scopes::parse("mcp:report:sales"));
    let service = RestService::with_auth(trade(), layer, inner);
    for (method, path) in [("POST", "/reports/sales"), ("GET", "/openapi.json"), ("POST", "/nowhere")] {
        for token in [None, Some("Bearer guess")] {
            let mut request = post(path, "{}");
            *request.method_mut() = method.parse().unwrap();
            request.headers_mut().remove("authorization");
            token.map(|token| request.headers_mut().insert("authorization", token.parse().unwrap()));
            let answer = ask(service.clone(), request).await;
            assert_eq!(error(&answer), (401, "unauthorized".to_owned()), "{method} {path}");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains(r#"scope="mcp:report:sales""#), "{challenge}");
            assert!(challenge.contains("https://h.example/.well-known/oauth-protected-resource"), "{challenge}");
            assert_eq!(challenge.contains("invalid_token"), token.is_some(), "{challenge}");
        }
    }
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_calls_what_its_scopes_allow() {
    let (calls, service) = service(caller("mcp:report:sales"));
    let answer = ask(service.clone(), sales(r#"["amount"]"#)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // Nor does it see what it may not name, though 1C sends it.
    let shown = json!({ "columns": ["customer", "amount"], "rows": [["North", 10]], "totals": { "amount": 10 } });
    assert_eq!(answer.json(), shown);
    {
        let calls = calls.lock().unwrap();
        assert_eq!(calls[0].headers["x-mcp-sub"], "%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2");
        assert_eq!(calls[0].headers["x-mcp-scopes"], "mcp:report:sales");
        assert_eq!(Flow::of(&calls[0].extensions), Flow::subject("Иванов"));
    }
    // Guarded values, as they are and as text that is mended later.
    for measures in [r#"["cost"]"#, r#""[\"amount\",\"cost\"]""#, r#""COST""#] {
        let answer = ask(service.clone(), sales(measures)).await;
        assert_eq!(error(&answer), (403, "insufficient_scope".to_owned()), "{measures}");
        let challenge = r#"Bearer error="insufficient_scope", scope="mcp:report:cost mcp:report:sales""#;
        assert_eq!(answer.header("www-authenticate"), challenge, "{measures}");
    }
    let answer = ask(service.clone(), post("/resolve/customer", r#"{"query":"x"}"#)).await;
    assert_eq!(error(&answer), (403, "insufficient_scope".to_owned()));
    assert_eq!(answer.header("www-authenticate"), r#"Bearer error="insufficient_scope", scope="mcp:resolve""#);
    assert_eq!(calls.lock().unwrap().len(), 1);
    // A wrong argument does not tell of values that are guarded.
    let answer = ask(service, sales(r#"["amont"]"#)).await;
    let (status, code) = error(&answer);
    assert_eq!((status, &*code), (400, "validation_error"));
    assert!(!answer.json().to_string().contains("cost"), "{answer:?}");
}

#[tokio::test]
async fn with_the_scope_guarded_values_are_there() {
    let (calls, service) = service(caller("mcp:report:cost mcp:report:sales"));
    let answer = ask(service, sales(r#"["amount","cost"]"#)).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, TABLE.as_bytes()));
    assert_eq!(calls.lock().unwrap().len(), 1);
}

/// Long arguments are checked aside.
#[tokio::test]
async fn long_arguments_are_judged_too() {
    let (calls, service) = service(caller("mcp:report:sales"));
    let long =
        format!(r#"{{"period":{{"from":"2026-01-01","to":"2026-01-31"}},"measures":["cost"]{}}}"#, " ".repeat(1 << 20));
    let answer = ask(service, post("/reports/sales", long)).await;
    assert_eq!(error(&answer), (403, "insufficient_scope".to_owned()));
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn calls_run_under_the_callers_own_login() {
    let server = Faulty::start([fault::ok(r#"{"columns":[],"rows":[]}"#)]).await;
    let onec = OneCService::new(server.infobase().basic("mcp", "1c-passw0rd")).unwrap();
    let own = caller("mcp:report:sales").with_credentials(Credentials::new("Иванов", "s3cret"));
    let expected = own.credentials().unwrap().authorization().to_str().unwrap().to_owned();
    let answer = ask(RestService::with_auth(trade(), layer(own), onec.rest()), sales(r#"["amount"]"#)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(server.seen()[0].header("authorization"), Some(&*expected));
}

/// A validator that has to ask somebody, and cannot.
#[tokio::test(start_paused = true)]
async fn tokens_that_cannot_be_checked() {
    let (calls, inner) = onec(|| object(TABLE));
    let validator = |_: Presented<'_>| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(AuthError::Unavailable("the identity provider is down".into()))
    };
    let service = RestService::with_auth(trade(), BearerAuthLayer::new(validator), inner);
    let answer = ask(service, sales(r#"["amount"]"#)).await;
    assert_eq!(error(&answer), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!answer.json().to_string().contains("provider"), "{answer:?}");
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_document_names_the_errors_of_callers() {
    let (_, scoped) = service(caller("mcp"));
    let scoped = ask(scoped, get("/openapi.json")).await.json();
    let (_, inner) = onec(|| object(TABLE));
    let open = ask(RestService::new(trade(), TOKEN, inner), get("/openapi.json")).await.json();
    for (document, has) in [(scoped, true), (open, false)] {
        let responses = &document["paths"]["/reports/sales"]["post"]["responses"];
        let codes = document["components"]["schemas"]["Error"]["properties"]["error"]["enum"].as_array().unwrap();
        assert_eq!(codes.contains(&json!("insufficient_scope")), has);
        for (status, name) in [("403", "Forbidden"), ("429", "TooMany"), ("503", "Unavailable")] {
            assert_eq!(responses[status].is_object(), has, "{status}");
            assert_eq!(document["components"]["responses"][name].is_object(), has, "{name}");
        }
    }
}
