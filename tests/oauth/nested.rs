//! Two infobases below prefixes of one axum application, which share a token store: challenges and metadata name the
//! paths that clients see, and a token for one is none for the other.

use crate::support::oauth::{Answer, BASE, Params, Users, VERIFIER, encoded, pair, posting};
use crate::support::stores::{Folder, grant, sqlite, token};
use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use onec_mcp::Scopes;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::{AuthorizationServer, RateLimits, Tokens};
use onec_mcp::auth::store::{BoxStore, Grant, MemoryStore, TokenKind, TokenStore};
use onec_mcp::auth::{BearerAuthLayer, Site};
use serde_json::json;
use std::convert::Infallible;
use std::future::ready;
use tower::{Layer, ServiceExt, service_fn};

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const NAMES: [&str; 2] = ["a", "b"];

/// The prefix of a base.
fn at(name: &str) -> String {
    format!("/api/v1/{name}")
}

/// The routes of a base below its prefix, and its documents at the root of the host.
fn with_base(app: Router, name: &'static str, store: BoxStore) -> Router {
    let prefix = at(name);
    let site = Site::new().public_url(&BASE.parse().unwrap()).mount(&prefix);
    let site = site.resources([format!("{prefix}/mcp"), format!("{prefix}/sse")]);
    let server = AuthorizationServer::new(site.clone(), Users(Form::Credentials), store)
        .scopes(Scopes::parse("mcp"))
        .rate_limits(RateLimits::unlimited());
    let guarded = |path: &str| {
        let inner =
            service_fn(move |_: Request<Body>| ready(Ok::<_, Infallible>(http::Response::new(Body::from(name)))));
        let layer = BearerAuthLayer::new(server.tokens()).site(site.clone());
        layer.resource(&format!("{prefix}{path}")).layer(inner)
    };
    let nested = Router::new()
        .route_service("/mcp", guarded("/mcp"))
        .route_service("/mcp/", guarded("/mcp"))
        .route_service("/sse", guarded("/sse"))
        .fallback_service(server.clone());
    app.nest(&prefix, nested)
        .route_service(&format!("{RESOURCE}{prefix}/{{*rest}}"), server.clone())
        .route_service(&format!("{SERVER}{prefix}"), server)
}

fn app(store: &BoxStore) -> Router {
    let own = Router::new().route("/api/v1/users", axum::routing::get(async || "the house's own"));
    NAMES.into_iter().fold(own, |app, name| with_base(app, name, store.clone()))
}

/// One of each kind, with what keeps it.
async fn stores() -> (Vec<BoxStore>, Folder) {
    let folder = Folder::new();
    (vec![BoxStore::new(MemoryStore::new()), BoxStore::new(sqlite(&folder).await)], folder)
}

async fn call(app: &Router, request: Request<Body>) -> Answer {
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
}

async fn get(app: &Router, url: &str) -> Answer {
    let path = url.strip_prefix(BASE).unwrap_or(url);
    call(app, Request::get(path).header("host", "inside.example").body(Body::empty()).unwrap()).await
}

async fn post(app: &Router, path: &str, form: &[(&str, &str)]) -> Answer {
    call(app, posting(path).body(Body::new(encoded(form))).unwrap()).await
}

async fn ask(app: &Router, path: &str, token: Option<&str>) -> Answer {
    let request = Request::post(path).header("host", "inside.example");
    let request =
        token.iter().fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
    call(app, request.body(Body::empty()).unwrap()).await
}

/// A login with the password grant of a base.
async fn log_in(app: &Router, name: &str, resource: &[&str]) -> Answer {
    let form = [("grant_type", "password"), ("username", "Иванов"), ("password", "п:а%роль")];
    let form: Vec<_> = form.into_iter().chain(resource.iter().map(|resource| ("resource", *resource))).collect();
    post(app, &format!("{}/token", at(name)), &form).await
}

/// A login on the page of a base, up to the answer to the client.
async fn log_in_by_page(app: &Router, name: &str, resource: &str) -> Answer {
    let path = format!("{}/authorize", at(name));
    let request = Params::of("mcp-public-client").with("resource", resource).with("state", resource);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.0).finish();
    let page = get(app, &format!("{path}?{query}")).await;
    if page.status != 200 {
        return page;
    }
    assert!(page.body.contains(&format!("action=\"{path}\"")), "{}", page.body);
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let form = request.and("csrf", cookie.split_once('=').unwrap().1).and("action", "allow");
    let form = form.and("username", "Иванов").and("password", "п:а%роль").0;
    call(app, posting(&path).header("cookie", &cookie).body(Body::new(encoded(&form))).unwrap()).await
}

/// RFC 9728, sections 3.1, 3.3 and 5.1; RFC 8414, section 3.1: from the challenge to the endpoints of the server, as a
/// client goes.
#[tokio::test]
async fn challenge_and_metadata_name_the_paths_that_clients_see() {
    let app = app(&BoxStore::new(MemoryStore::new()));
    for name in NAMES {
        for (path, resource) in [("/mcp", "/mcp"), ("/mcp/", "/mcp"), ("/sse", "/sse")] {
            let answer = ask(&app, &format!("{}{path}", at(name)), None).await;
            let metadata = format!("{BASE}{RESOURCE}{}{resource}", at(name));
            assert_eq!(answer.status, 401);
            assert_eq!(answer.header("www-authenticate"), format!("Bearer resource_metadata=\"{metadata}\""));

            let document = get(&app, &metadata).await.json();
            assert_eq!(document["resource"], format!("{BASE}{}{resource}", at(name)));
            let issuer = format!("{BASE}{}", at(name));
            assert_eq!(document["authorization_servers"], json!([issuer]));

            let document = get(&app, &issuer.replace(BASE, &format!("{BASE}{SERVER}"))).await.json();
            assert_eq!(document["issuer"], issuer);
            for (endpoint, method) in
                [("authorization", 400), ("token", 405), ("registration", 405), ("revocation", 405)]
            {
                let url = document[format!("{endpoint}_endpoint")].as_str().unwrap();
                assert!(url.starts_with(&format!("{issuer}/")), "{url}");
                assert_eq!(get(&app, url).await.status, method, "{url}");
            }
        }
    }
    assert_eq!(get(&app, "/api/v1/users").await.body, "the house's own");
}

/// RFC 8707, section 2: a token is valid for what it was asked for, its trailing slash and the other paths of its site;
/// asked for the whole host, or for nothing, it is for the site that gave it.
#[tokio::test]
async fn a_token_is_valid_at_the_site_that_gave_it() {
    let (stores, _folder) = stores().await;
    for store in stores {
        let app = app(&store);
        let own = ["/api/v1/a/mcp", "/api/v1/a/mcp/", "/api/v1/a/sse", "", "/"].map(|path| format!("{BASE}{path}"));
        let mut asked: Vec<Vec<&str>> = own.iter().map(|own| vec![own.as_str()]).collect();
        asked.extend([vec![], vec![&*own[0], &*own[2]], vec![&*own[0], &*own[3]]]);
        for asked in asked {
            let (access, refresh) = pair(&log_in(&app, "a", &asked).await);
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
            post(&app, "/api/v1/b/token", &form).await.assert_error(400, "invalid_grant");
            let again: Vec<_> = form.into_iter().chain(asked.iter().map(|asked| ("resource", *asked))).collect();
            let (renewed, _) = pair(&post(&app, "/api/v1/a/token", &again).await);
            for token in [access, renewed] {
                for path in ["/mcp", "/mcp/", "/sse"] {
                    let answer = ask(&app, &format!("/api/v1/a{path}"), Some(&token)).await;
                    assert_eq!((answer.status.as_u16(), &*answer.body), (200, "a"), "{asked:?}");
                    let answer = ask(&app, &format!("/api/v1/b{path}"), Some(&token)).await;
                    answer.assert_error(401, "invalid_token");
                    let challenge = answer.header("www-authenticate");
                    assert!(challenge.contains("for another resource"), "{asked:?}: {challenge}");
                }
            }
        }
    }
}

/// RFC 8707, section 2: `invalid_target` at every endpoint that takes the parameter.
#[tokio::test]
async fn another_resource_is_no_target() {
    let (stores, _folder) = stores().await;
    for store in stores {
        let app = app(&store);
        let own = format!("{BASE}/api/v1/a/mcp");
        let code = log_in_by_page(&app, "a", &own).await.sent("code").expect("a code");
        let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)];
        let with = |form: &[(&'static str, &str)], resource: &str| {
            form.iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .chain([("resource", resource.to_owned())])
                .collect()
        };
        let send = async |form: Vec<(&'static str, String)>| {
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            post(&app, "/api/v1/a/token", &form).await
        };
        let others = ["/api/v1/b/mcp", "/api/v1/a", "/api/v1/a/other", "/mcp", "/api/v1/a/mcp/x", "/api/v1/a/mcp?x"];
        for other in others.map(|path| format!("{BASE}{path}")) {
            log_in(&app, "a", &[&other]).await.assert_error(400, "invalid_target");
            log_in(&app, "a", &[&own, &other]).await.assert_error(400, "invalid_target");
            log_in_by_page(&app, "a", &other).await.assert_sent("invalid_target");
            send(with(&form, &other)).await.assert_error(400, "invalid_target");
        }
        // At the other base the code is nobody's, and stays good where it was given.
        post(&app, "/api/v1/b/token", &form).await.assert_error(400, "invalid_grant");
        let (_, refresh) = pair(&send(with(&form, &own)).await);
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
        for other in others.map(|path| format!("{BASE}{path}")) {
            send(with(&form, &other)).await.assert_error(400, "invalid_target");
        }
        assert_eq!(send(with(&form, &own)).await.status, 200);
    }
}

/// A token for a whole host, as earlier versions gave to clients that named no resource, is for no site of it.
#[tokio::test]
async fn a_token_for_a_whole_host_is_valid_nowhere() {
    let (stores, _folder) = stores().await;
    for store in stores {
        let site = Site::new().public_url(&BASE.parse().unwrap()).resources(["/api/v1/a/mcp"]);
        let inner = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(http::Response::new(Body::empty())));
        let mcp = BearerAuthLayer::new(Tokens::new(store.clone())).site(site).resource("/api/v1/a/mcp").layer(inner);
        let app = Router::new().nest("/api/v1/a", Router::new().route_service("/mcp", mcp));
        for (id, path, status) in [
            ("g1", "", 401),
            ("g2", "/", 401),
            ("g3", "/api/v1", 401),
            ("g4", "/api/v1/a", 401),
            ("g5", "/api/v1/a/mcp", 200),
        ] {
            let grant = Grant { resource: format!("{BASE}{path}"), ..grant(id, "onec:Иванов") };
            store.put_grant(grant, vec![token(id, id, TokenKind::Access, i64::MAX)]).await.unwrap();
            let answer = ask(&app, "/api/v1/a/mcp", Some(id)).await;
            assert_eq!(answer.status, status, "{path}");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge.contains("for another resource"), status == 401, "{path}: {challenge}");
        }
    }
}

/// Sites whose root URL is taken from the request: a token is for the host where it was given, too.
#[tokio::test]
async fn a_token_belongs_to_its_host() {
    let site = Site::new().resources(["/api/v1/a/mcp"]).mount("/api/v1/a").https();
    let store = MemoryStore::new();
    let server = AuthorizationServer::new(site.clone(), Users(Form::Credentials), store).scopes(Scopes::parse("mcp"));
    let inner = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(http::Response::new(Body::empty())));
    let mcp = BearerAuthLayer::new(server.tokens()).site(site).resource("/api/v1/a/mcp").layer(inner);
    let app = Router::new().nest("/api/v1/a", Router::new().route_service("/mcp", mcp).fallback_service(server));
    let form = [("grant_type", "password"), ("username", "Иванов"), ("password", "п:а%роль")];
    let login = posting("/api/v1/a/token").header("host", "one.example").body(Body::new(encoded(&form))).unwrap();
    let (access, _) = pair(&call(&app, login).await);
    for (host, status) in [("one.example", 200), ("ONE.example", 200), ("two.example", 401), ("one.example:8443", 401)]
    {
        let request = Request::post("/api/v1/a/mcp").header("host", host);
        let request = request.header("authorization", format!("Bearer {access}")).body(Body::empty()).unwrap();
        assert_eq!(call(&app, request).await.status, status, "{host}");
    }
}
