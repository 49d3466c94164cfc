//! The bearer layer: who is let in, and how the others are told what to do.

use crate::support::mcp::{self, Http, always, http, legacy, modern, post, read, rpc};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use onec_mcp::auth::{
    AuthError, Authenticated, Bearer, BearerAuthLayer, BoxValidator, NeededScopes, Presented, ServiceValidator, Site,
    StaticToken, TokenRequest,
};
use onec_mcp::net::{Body, Caller};
use onec_mcp::rpc::{BoxError, RpcError};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;

const PRM: &str = r#"resource_metadata="http://h:8000/.well-known/oauth-protected-resource/mcp""#;

fn robot() -> Identity {
    Identity::new("robot", Scopes::parse("mcp mcp:resolve"))
}

/// A layer over a service that says who calls.
fn layer() -> BearerAuthLayer<StaticToken> {
    BearerAuthLayer::new(StaticToken::new("g00d-token", robot())).site(Site::new()).scopes(Scopes::parse("mcp"))
}

type Answer = Response<Full<Bytes>>;

async fn who(request: Request<Full<Bytes>>) -> Result<Answer, Infallible> {
    let identity = request.extensions().get::<Identity>().expect("let in without an identity");
    Ok(Response::new(Full::from(identity.subject().to_owned())))
}

fn request(authorization: &[&str]) -> Request<Full<Bytes>> {
    let mut request = Request::post("/mcp").header("host", "h:8000").body(Full::default()).unwrap();
    for value in authorization {
        request.headers_mut().append("authorization", HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

async fn ask(authorization: &[&str]) -> Answer {
    layer().layer(service_fn(who)).oneshot(request(authorization)).await.unwrap()
}

fn challenge<B>(answer: &Response<B>) -> &str {
    let mut all = answer.headers().get_all("www-authenticate").iter();
    let one = all.next().expect("no challenge").to_str().unwrap();
    assert!(all.next().is_none(), "more than one challenge");
    one
}

/// RFC 6750, section 2.1: the scheme's name in any case, one or more spaces.
#[tokio::test]
async fn a_good_token_is_let_in() {
    for value in ["Bearer g00d-token", "bearer g00d-token", "BEARER   g00d-token"] {
        let answer = ask(&[value]).await;
        assert_eq!(answer.status(), 200, "{value}");
        assert!(answer.headers().get("www-authenticate").is_none());
    }
}

/// RFC 6750, section 3.1: no error code for a request that shows nothing. RFC 9728, section 5.1; MCP
/// 2025-11-25, "Protected Resource Metadata Discovery Requirements"; MCP 2026-07-28, "Scope Selection
/// Strategy".
#[tokio::test]
async fn without_a_token_the_challenge_says_where_to_get_one() {
    for value in [&[][..], &["Basic dTpw"], &["g00d-token"], &["Token g00d-token"]] {
        let answer = ask(value).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(challenge(&answer), format!(r#"Bearer scope="mcp", {PRM}"#), "{value:?}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
}

/// RFC 6750, section 3.1; RFC 9728, section 5.1; MCP 2025-11-25, "Token Handling" and "Error
/// Handling": `invalid_token` for one that is expired, revoked, malformed or wrong.
#[tokio::test]
async fn a_wrong_token_is_invalid() {
    for value in ["Bearer wrong", "Bearer ", "Bearer", "Bearer two tokens", "Bearer t\"", "Bearer g00d-tokeN"] {
        let answer = ask(&[value]).await;
        assert_eq!(answer.status(), 401, "{value}");
        assert!(challenge(&answer).contains(r#"error="invalid_token", error_description=""#), "{value}");
        assert!(challenge(&answer).ends_with(PRM), "{value}");
    }
    let long = format!("Bearer {}", "x".repeat(9000));
    assert_eq!(ask(&[&long]).await.status(), 401);
}

/// RFC 6750, section 3.1, `invalid_request`; MCP 2025-11-25, "Error Handling": more than one method
/// or value.
#[tokio::test]
async fn two_authorization_headers_are_a_bad_request() {
    let answer = ask(&["Bearer g00d-token", "Bearer g00d-token"]).await;
    assert_eq!(answer.status(), 400);
    assert!(challenge(&answer).starts_with("Bearer error=\"invalid_request\", error_description="), "{answer:?}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

/// MCP 2025-11-25, "Token Requirements"; RFC 6750, section 2.3: tokens must not stand in the query
/// string.
#[tokio::test]
async fn a_token_in_the_query_does_not_count() {
    let mut asked = request(&[]);
    *asked.uri_mut() = "/mcp?access_token=g00d-token".parse().unwrap();
    let answer = layer().layer(service_fn(who)).oneshot(asked).await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn without_a_site_the_challenge_names_no_metadata() {
    let layer = BearerAuthLayer::new(StaticToken::new("t", robot()));
    let answer = layer.layer(service_fn(who)).oneshot(request(&[])).await.unwrap();
    assert_eq!((answer.status(), challenge(&answer)), (StatusCode::UNAUTHORIZED, "Bearer"));
}

/// RFC 9728, section 3.1: the path of the resource is inserted.
#[tokio::test]
async fn the_challenge_follows_path_and_proxy() {
    let site = Site::new().resources(["/gate/mcp", "/gate/sse"]);
    let layer = layer().site(site);
    for (path, metadata) in [
        ("/gate/mcp/", "https://1c.example/.well-known/oauth-protected-resource/gate/mcp"),
        ("/gate/sse", "https://1c.example/.well-known/oauth-protected-resource/gate/sse"),
        ("/other", "https://1c.example/.well-known/oauth-protected-resource"),
    ] {
        let mut asked = request(&[]);
        *asked.uri_mut() = path.parse().unwrap();
        asked.extensions_mut().insert(Caller::new(None, Some("https://1c.example/".to_owned())));
        let answer = layer.layer(service_fn(who)).oneshot(asked).await.unwrap();
        assert!(challenge(&answer).ends_with(&format!("resource_metadata=\"{metadata}\"")), "{path}");
    }
    let public = Site::new().public_url(&"https://public.example/x/".parse().unwrap());
    let answer = layer.site(public).layer(service_fn(who)).oneshot(request(&[])).await.unwrap();
    assert!(challenge(&answer).contains("\"https://public.example/x/.well-known/oauth-protected-resource/mcp\""));
}

/// RFC 9728, section 3.1: a router that nests has taken the prefix off the path.
#[tokio::test]
async fn the_challenge_names_the_resource_that_it_was_given() {
    let site = || Site::new().resources(["/api/v1/1c/sse", "/api/v1/1c/mcp"]);
    for layer in [
        layer().site(site()).resource("/api/v1/1c/mcp"),
        layer().resource("api/v1/1c/mcp/").site(site()),
        layer().resource("/api/v1/1c/mcp"),
        layer().site(Site::new()).resource("/api/v1/1c/mcp"),
    ] {
        for path in ["/mcp", "/", "/api/v1/1c/sse"] {
            let mut asked = request(&[]);
            *asked.uri_mut() = path.parse().unwrap();
            let answer = layer.layer(service_fn(who)).oneshot(asked).await.unwrap();
            let challenge = challenge(&answer);
            assert!(challenge.ends_with("/.well-known/oauth-protected-resource/api/v1/1c/mcp\""), "{challenge}");
        }
    }
}

/// RFC 8707, section 2: a token is for its resource. One that a site does not have stands alone.
#[tokio::test]
async fn a_validator_knows_the_resource_that_the_layer_was_given() {
    let validator = async |presented: Presented<'_>| {
        tokio::task::yield_now().await;
        if presented.is_for(presented.token) { Ok(robot()) } else { Err(AuthError::Audience) }
    };
    let service = ServiceValidator::new(service_fn(async |asked: TokenRequest| {
        let token = asked.token.expose_secret();
        if asked.is_for(token) { Ok(robot()) } else { Err(AuthError::Audience) }
    }));
    let public = |site: Site| site.public_url(&"https://h.example".parse().unwrap());
    let pair = || public(Site::new()).resources(["/a/mcp", "/a/sse"]);
    for (site, resource, good) in [
        (pair(), "/a/mcp", &["/a/mcp", "/a/mcp/", "/a/sse"][..]),
        (pair(), "/b/mcp", &["/b/mcp", "/b/mcp/"]),
        (public(Site::new()), "/b/mcp", &["/b/mcp", "/b/mcp/"]),
    ] {
        let layers = [
            BearerAuthLayer::new(BoxValidator::new(validator)).site(site.clone()).resource(resource),
            BearerAuthLayer::new(BoxValidator::new(service.clone())).resource(resource).site(site),
        ];
        for path in ["", "/", "/mcp", "/a", "/a/mcp", "/a/mcp/", "/a/mcp//", "/a/sse", "/b/mcp", "/b/mcp/"] {
            for layer in &layers {
                let asked = request(&[&format!("Bearer https://h.example{path}")]);
                let status = layer.layer(service_fn(who)).oneshot(asked).await.unwrap().status();
                let good = good.contains(&path);
                assert_eq!(status, if good { StatusCode::OK } else { StatusCode::UNAUTHORIZED }, "{resource}: {path}");
            }
        }
    }
}

/// RFC 6750, section 3: a `Host` that is no host cannot break out of the challenge.
#[tokio::test]
async fn the_challenge_takes_no_injection() {
    let mut asked = request(&[]);
    asked.headers_mut().insert("host", HeaderValue::from_static(r#"h", error="x\"#));
    let answer = layer().layer(service_fn(who)).oneshot(asked).await.unwrap();
    assert_eq!(challenge(&answer).matches('"').count(), 4, "{}", challenge(&answer));
}

/// RFC 6750, section 3.1, `insufficient_scope`; MCP 2025-11-25, "Runtime Insufficient Scope
/// Errors"; RFC 9728, section 5.1.
#[tokio::test]
async fn a_required_scope_is_403_with_the_scopes() {
    let answer = layer()
        .require(Scopes::parse("mcp mcp:report:money"))
        .layer(service_fn(who))
        .oneshot(request(&["Bearer g00d-token"]));
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(
        challenge(&answer),
        format!(r#"Bearer error="insufficient_scope", scope="mcp mcp:report:money", {PRM}"#)
    );
}

/// A body that fails its test when it is read.
struct Untouched;

impl http_body::Body for Untouched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        panic!("the body was read");
    }
}

/// MCP 2025-11-25, "Access Token Privilege Restriction".
#[tokio::test]
async fn a_refusal_reads_no_body() {
    let service = layer().require(Scopes::parse("other")).layer(http(always("{}")));
    for value in ["Bearer wrong", "Bearer g00d-token"] {
        let asked = Request::post("/mcp").header("authorization", value).body(Untouched).unwrap();
        let answer = service.clone().oneshot(asked).await.unwrap();
        assert!(answer.status().is_client_error());
        assert_eq!(answer.headers()["connection"], "close", "what is unread would be taken for the next request");
    }
    let empty = request(&["Bearer wrong"]);
    assert!(!service.oneshot(empty).await.unwrap().headers().contains_key("connection"));
}

/// RFC 6750, section 3.1; MCP 2025-11-25 and MCP 2026-07-28, "Token Handling".
#[tokio::test]
async fn closures_validate_and_each_refusal_has_its_status() {
    let validator = |presented: Presented<'_>| {
        ready(match presented.token {
            "unknown" => Err(AuthError::Unknown),
            "expired" => Err(AuthError::Expired),
            "audience" => Err(AuthError::Audience),
            "down" => Err(AuthError::Unavailable("database gone at 10.0.0.7".into())),
            "many" => Err(AuthError::TooMany(7)),
            _ => Ok(robot()),
        })
    };
    let service = BearerAuthLayer::new(validator).layer(service_fn(who));
    for (token, status, retry) in [
        ("unknown", 401, None),
        ("expired", 401, None),
        ("audience", 401, None),
        ("down", 503, Some("5")),
        ("many", 429, Some("7")),
        ("good", 200, None),
    ] {
        let answer = service.clone().oneshot(request(&[&format!("Bearer {token}")])).await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
        let after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(after, retry, "{token}");
        // Clients throw their tokens away on a challenge.
        assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401, "{token}");
        let text = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        assert!(!String::from_utf8_lossy(&text).contains("10.0.0.7"), "internals for strangers");
    }
}

/// A tower service may validate, with tower's layers around it; what is no refusal is an outage.
#[tokio::test(start_paused = true)]
async fn services_validate() {
    let service = service_fn(|asked: TokenRequest| async move {
        assert_eq!(asked.base, "http://h:8000");
        match asked.token.expose_secret() {
            "good" => Ok(robot()),
            "slow" => pending().await,
            "broken" => Err::<_, BoxError>("no route".into()),
            _ => Err(AuthError::Unknown.into()),
        }
    });
    let timely = tower::ServiceBuilder::new().timeout(std::time::Duration::from_secs(3)).service(service);
    let protected = BearerAuthLayer::new(ServiceValidator::new(timely)).layer(service_fn(who));
    for (token, status) in [("good", 200), ("other", 401), ("broken", 503), ("slow", 503)] {
        let answer = protected.clone().oneshot(request(&[&format!("Bearer {token}")])).await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
    }
}

type Protected = Authenticated<Http, Bearer<StaticToken>>;

async fn said(service: &Protected, mut asked: Request<Full<Bytes>>) -> Response<Body> {
    asked.headers_mut().insert("authorization", HeaderValue::from_static("Bearer g00d-token"));
    asked.headers_mut().insert("host", HeaderValue::from_static("h:8000"));
    service.clone().oneshot(asked).await.unwrap()
}

fn failing(status: StatusCode, scopes: Option<&'static str>) -> Protected {
    layer().layer(http(rpc(move |_| {
        let failure = match scopes {
            Some(scopes) => RpcError::insufficient_scope(Scopes::parse(scopes)),
            None => RpcError::new(status, "no"),
        };
        ready(Err::<onec_mcp::rpc::Response, BoxError>(Box::new(failure)))
    })))
}

fn call(version: &str) -> Request<Full<Bytes>> {
    let params = json!({ "name": "t", "arguments": {} });
    match version {
        mcp::MODERN => modern("tools/call", params),
        version => post(legacy(1, "tools/call", &params), &[("mcp-protocol-version", version)]),
    }
}

/// A login that 1C no longer takes: the client must log in again, whichever era it speaks.
#[tokio::test]
async fn a_401_from_below_gets_the_challenge() {
    let service = failing(StatusCode::UNAUTHORIZED, None);
    for version in ["2025-03-26", "2025-11-25", "2026-07-28"] {
        // The validation of Mcp-Param headers asks for the list of tools first, and meets the same.
        let answer = said(&service, call(version)).await;
        assert_eq!(answer.status(), 401, "{version}");
        assert!(challenge(&answer).contains(r#"error="invalid_token""#));
        assert!(challenge(&answer).ends_with(PRM));
    }
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Runtime Insufficient Scope Errors": 403 with all the scopes
/// needed.
#[tokio::test]
async fn missing_scopes_from_below_are_403_where_clients_can_step_up() {
    let service = failing(StatusCode::FORBIDDEN, Some("mcp mcp:report:cost"));
    for version in ["2025-11-25", "2026-07-28"] {
        let answer = said(&service, call(version)).await;
        assert_eq!(answer.status(), 403, "{version}");
        assert_eq!(answer.extensions().get(), Some(&NeededScopes(Scopes::parse("mcp mcp:report:cost"))));
        assert!(challenge(&answer).contains(r#"error="insufficient_scope", scope="mcp mcp:report:cost""#));
        assert!(read(answer).await.json()["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn missing_scopes_are_a_tool_result_for_older_clients() {
    let service = failing(StatusCode::FORBIDDEN, Some("mcp"));
    for version in ["2025-06-18", "2025-03-26", "2024-11-05"] {
        let result = read(said(&service, call(version)).await).await.result();
        assert_eq!(result["isError"], true, "{version}");
        assert!(result["content"][0]["text"].as_str().unwrap().contains("mcp"), "{version}");
    }
    // What is no tool call is an error, and no failed request.
    let list = post(legacy(1, "tools/list", &json!({})), &[("mcp-protocol-version", "2025-06-18")]);
    let got = read(said(&service, list).await).await;
    assert_eq!((got.status, got.code()), (200, -32600));
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_ready() {
    let (inner, mut handle) = mock::pair::<Request<Full<Bytes>>, Answer>();
    handle.allow(0);
    let mut service = layer().layer(inner);
    let waiting = tokio::time::timeout(std::time::Duration::ZERO, ServiceExt::ready(&mut service)).await;
    assert!(waiting.is_err(), "ready before the inner service");
    handle.allow(1);
    ServiceExt::ready(&mut service).await.unwrap();
    let call = tokio::spawn(service.call(request(&["Bearer g00d-token"])));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::new(Full::default()));
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

/// Dropping the answer drops the validation.
#[tokio::test]
async fn nothing_is_spawned() {
    let validator = |_: Presented<'_>| pending::<Result<Identity, AuthError>>();
    let service = BearerAuthLayer::new(validator).layer(service_fn(who));
    let call = service.oneshot(request(&["Bearer t"]));
    assert!(tokio::time::timeout(std::time::Duration::ZERO, call).await.is_err());
}

#[test]
fn the_layers_are_shared_and_sent_freely() {
    fn check<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn check_future<T: Future + Send>(_: &T) {}
    check(&layer());
    let service = layer().layer(http(always("{}")));
    check(&service);
    check_future(&service.clone().oneshot(request(&[])));
}

#[test]
fn nothing_shows_the_token() {
    let shown = format!("{:?} {:?}", layer(), layer().layer(http(always("{}"))));
    assert!(shown.contains("robot") && !shown.contains("g00d"), "{shown}");
}

proptest! {
    /// RFC 6750, section 3: whatever stands in the header, the answer is one of the few that are
    /// meant.
    #[test]
    fn any_header_gets_a_clean_answer(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..3)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut asked = request(&[]);
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                asked.headers_mut().append("authorization", value);
            }
        }
        let answer = runtime.block_on(layer().layer(service_fn(who)).oneshot(asked)).unwrap();
        prop_assert!(matches!(answer.status().as_u16(), 400 | 401));
        prop_assert!(answer.headers().contains_key("www-authenticate"));
        let body: Value = serde_json::from_slice(&runtime.block_on(http_body_util::BodyExt::collect(answer.into_body())).unwrap().to_bytes()).unwrap();
        prop_assert!(body["error"].is_string());
    }
}

/// MCP 2026-07-28, "Refresh Tokens": a challenge does not ask for `offline_access`.
#[tokio::test]
async fn a_challenge_leaves_refresh_tokens_to_the_authorization_server() {
    let layer = layer().scopes(Scopes::parse("mcp offline_access"));
    let answer = layer.layer(service_fn(who)).oneshot(request(&[])).await.unwrap();
    assert_eq!(challenge(&answer), format!(r#"Bearer scope="mcp", {PRM}"#));
}

/// RFC 6750, section 2.2: a form is not looked into; the metadata says so (`bearer_methods_supported`).
#[tokio::test]
async fn a_token_in_a_form_does_not_count() {
    let form = Full::from("access_token=g00d-token");
    let asked = Request::post("/mcp").header("content-type", "application/x-www-form-urlencoded").body(form).unwrap();
    assert_eq!(layer().layer(service_fn(who)).oneshot(asked).await.unwrap().status(), 401);
}
