//! Metadata documents and the paths of the authorization server.

use crate::support::oauth::{BASE, CALLBACK, Lab, Params, lab};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use onec_mcp::Scopes;
use onec_mcp::auth::Site;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::ClientMetadata;
use onec_mcp::auth::store::MemoryStore;
use onec_mcp::net::{Caller, OriginPolicy};
use serde_json::json;
use tower::ServiceExt;
use url::Url;

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

fn request(method: Method, path: &str) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri(path).header("host", "h").body(Full::default()).unwrap()
}

/// RFC 8414, section 2; RFC 9207, section 3; RFC 7636 by RFC 8414; MCP 2026-07-28, authorization
/// server discovery and client registration; MCP 2025-11-25, "Overview" and "Authorization Code
/// Protection".
#[tokio::test]
async fn the_server_describes_itself() {
    let answer = lab().get(SERVER).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "issuer": BASE,
            "authorization_endpoint": "https://mcp.example/authorize",
            "token_endpoint": "https://mcp.example/token",
            "registration_endpoint": "https://mcp.example/register",
            "revocation_endpoint": "https://mcp.example/revoke",
            "scopes_supported": ["mcp", "mcp:report", "mcp:resolve", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "password"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "client_id_metadata_document_supported": false,
            "authorization_response_iss_parameter_supported": true,
        })
    );
}

/// RFC 8414, section 2: clients can prove themselves where their documents, and so their keys, are known;
/// then the algorithms have to be told.
#[tokio::test]
async fn proofs_of_clients_are_told_where_their_documents_are_read() {
    let lab = lab().with(|server| server.client_metadata(ClientMetadata::new()));
    let document = lab.get(SERVER).await.json();
    for endpoint in ["token", "revocation"] {
        let member = |rest: &str| document[format!("{endpoint}_endpoint_auth_{rest}")].clone();
        assert_eq!(member("methods_supported"), json!(["none", "private_key_jwt"]));
        assert_eq!(member("signing_alg_values_supported"), json!(["RS256", "PS256", "ES256", "EdDSA"]));
    }
}

/// RFC 8414, section 2: only what is supported.
#[tokio::test]
async fn the_password_grant_is_told_only_where_it_works() {
    let off = lab().with(|server| server.password_grant(false));
    let keys = Lab::at(Site::new(), Form::Key, MemoryStore::new());
    for lab in [off, keys] {
        let answer = lab.get(SERVER).await;
        assert_eq!(answer.json()["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
    }
}

/// CONTRACT, section 2: a loopback listener refuses a foreign `Host`, so that no page gets here under
/// its own name (DNS rebinding); what a trusted proxy says counts instead.
#[tokio::test]
async fn a_foreign_host_is_refused_on_loopback() {
    let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
    let open = lab.get(SERVER).await;
    assert_eq!(open.status, 200, "any host, unless told otherwise");
    let lab = lab.with(|server| server.hosts(OriginPolicy::new().loopback_listener()));
    for path in [SERVER, RESOURCE, "/authorize"] {
        assert_eq!(lab.get(path).await.status, 403, "{path}");
        let mut proxied = Request::get(path).header("host", "mcp.example").body(Full::default()).unwrap();
        proxied.extensions_mut().insert(Caller::new(None, Some("https://mcp.example".to_owned())));
        assert_ne!(lab.call(proxied).await.status, 403, "{path}");
        let local = Request::get(path).header("host", "127.0.0.1:8000").body(Full::default()).unwrap();
        assert_ne!(lab.call(local).await.status, 403, "{path}");
    }
    assert_eq!(lab.post("/token", &[("grant_type", "password")]).await.status, 400, "no Host at all is no page's");
}

/// RFC 9728, sections 2 and 3.3; MCP 2026-07-28; MCP 2025-11-25, "Authorization Server Location"
/// and "Protected Resource Metadata Discovery Requirements": no `offline_access` among a resource's
/// scopes.
#[tokio::test]
async fn a_resource_describes_itself() {
    let lab = lab().with(|server| server.documentation("https://docs.example"));
    for (path, resource) in [
        (RESOURCE.to_owned(), BASE),
        (format!("{RESOURCE}/"), BASE),
        (format!("{RESOURCE}/mcp"), "https://mcp.example/mcp"),
        (format!("/mcp{RESOURCE}"), "https://mcp.example/mcp"),
    ] {
        let answer = lab.get(&path).await;
        assert_eq!(
            answer.json(),
            json!({
                "resource": resource,
                "authorization_servers": [BASE],
                "scopes_supported": ["mcp", "mcp:report", "mcp:resolve"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Test",
                "resource_documentation": "https://docs.example",
            }),
            "{path}"
        );
    }
}

/// RFC 8414, section 3.1; MCP 2026-07-28, "Authorization Server Metadata Discovery": the path of
/// the issuer is inserted; older clients append.
#[tokio::test]
async fn metadata_is_found_where_clients_look() {
    let site = Site::new().public_url(&Url::parse(BASE).unwrap()).mount("/auth");
    let lab = Lab::at(site, Form::Credentials, MemoryStore::new());
    for path in [
        SERVER.to_owned(),
        format!("{SERVER}/auth"),
        format!("{SERVER}/mcp"),
        format!("/auth{SERVER}"),
        format!("/mcp{SERVER}"),
        format!("/mcp{SERVER}/"),
    ] {
        let answer = lab.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["issuer"], "https://mcp.example/auth");
        assert_eq!(answer.json()["token_endpoint"], "https://mcp.example/auth/token");
    }
    assert_eq!(lab.get(&format!("{SERVER}/other")).await.status, 404);
    // Routers that nest take the mount away.
    assert_eq!(lab.get("/auth/token").await.status, 405);
    assert_eq!(lab.get("/token").await.status, 405);
}

/// RFC 9111, section 3: a document made of a request's headers is nobody else's.
#[tokio::test]
async fn only_a_fixed_document_may_be_cached() {
    let answer = lab().get(SERVER).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
    let answer = lab.call(request(Method::GET, SERVER)).await;
    assert_eq!(answer.json()["issuer"], "http://h");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// A host that is none gets no URLs made of it.
#[tokio::test]
async fn a_host_must_be_one() {
    let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
    for host in ["", "a b", "user@h", "h?x", "h#x", "h\"><script>", "[::1", "h:99999"] {
        let request = Request::get(SERVER).header("host", host).body(Full::default()).unwrap();
        assert_eq!(lab.call(request).await.status, 400, "{host}");
    }
}

/// RFC 9110, sections 9.3.2, 9.3.7, 15.5.5 and 15.5.6; RFC 6749, sections 3.1 and 3.2; RFC 7009,
/// sections 2 and 2.1; RFC 7591, section 3.1; RFC 8414, section 3.1; RFC 9728, sections 3 and 3.1.
#[tokio::test]
async fn methods_and_paths() {
    let lab = lab();
    for (path, allow) in [
        (SERVER, "GET, HEAD, OPTIONS"),
        (RESOURCE, "GET, HEAD, OPTIONS"),
        ("/register", "POST, OPTIONS"),
        ("/oauth/register/", "POST, OPTIONS"),
        ("/authorize", "GET, POST, OPTIONS"),
        ("/oauth/token", "POST, OPTIONS"),
        ("/revoke", "POST, OPTIONS"),
    ] {
        let refused = lab.call(request(Method::DELETE, path)).await;
        assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, allow), "{path}");
        let told = lab.call(request(Method::OPTIONS, path)).await;
        assert_eq!((told.status.as_u16(), told.header("allow")), (204, allow), "{path}");
    }
    let (head, whole) = (lab.call(request(Method::HEAD, SERVER)).await, lab.get(SERVER).await);
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), whole.body.len().to_string());
    for path in ["/", "/tokens", "/oauth", "/oauth/oauth/token", "/.well-known/openid-configuration"] {
        assert_eq!(lab.get(path).await.status, 404, "{path}");
    }
}

/// Nothing is sniffed or leaks by `Referer`, and nothing with a secret is kept (RFC 6749, section 5.1).
#[tokio::test]
async fn every_answer_is_guarded() {
    let lab = lab();
    for path in [SERVER, "/authorize", "/token", "/none"] {
        let answer = lab.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        // Pages need the Origin header of their own form.
        let policy = if path == "/authorize" { "same-origin" } else { "no-referrer" };
        assert_eq!(answer.header("referrer-policy"), policy, "{path}");
        assert_eq!(answer.header("cache-control") == "no-store", path != SERVER, "{path}");
    }
}

/// RFC 9728, section 3.2: JSON with status 200, and no empty lists.
#[tokio::test]
async fn empty_lists_are_left_out() {
    let answer = lab().with(|server| server.scopes(Scopes::default())).get(&format!("{RESOURCE}/mcp")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    assert_eq!((&document["resource"], document.get("scopes_supported")), (&"https://mcp.example/mcp".into(), None));
}

/// RFC 8414, sections 2 and 3.3; RFC 9207, section 2.3; MCP 2026-07-28, "Authorization Response
/// Validation" and "Authorization Server Metadata Discovery": one issuer in the metadata of the
/// server, of the resource, and in answers, letter by letter.
#[tokio::test]
async fn the_issuer_is_the_same_everywhere() {
    for (site, issuer) in [
        (Site::new().public_url(&Url::parse(BASE).unwrap()), BASE),
        (Site::new().public_url(&Url::parse(BASE).unwrap()).mount("/auth/"), "https://mcp.example/auth"),
    ] {
        let lab = Lab::at(site, Form::Credentials, MemoryStore::new());
        assert_eq!(lab.get(SERVER).await.json()["issuer"], issuer);
        assert_eq!(lab.get(RESOURCE).await.json()["authorization_servers"], json!([issuer]));
        let client = lab.register(&[CALLBACK]).await;
        let (right, wrong) = (Params::of(&client), Params::of(&client).with("scope", "unknown"));
        for answer in [lab.log_in(&right).await, lab.authorize(&wrong).await] {
            assert_eq!(answer.sent("iss").as_deref(), Some(issuer), "{}", answer.header("location"));
        }
    }
}

/// RFC 9728, section 3.1; RFC 8414, section 3.1: the documents of a server beneath a prefix are at the root of the host,
/// also where axum's router shortens their paths.
#[tokio::test]
async fn nested_under_well_known() {
    let site =
        Site::new().public_url(&BASE.parse().unwrap()).mount("/api/1c").resources(["/api/1c/mcp", "/api/1c/sse"]);
    let server = Lab::at(site, Form::Credentials, MemoryStore::new()).server;
    let of_server = server.server_metadata();
    let of_resource = server.resource_metadata();
    let routers = [
        axum::Router::new().nest_service("/.well-known", server.clone()),
        axum::Router::new().fallback_service(server.clone()),
        axum::Router::new().nest_service(SERVER, of_server.clone()).nest_service(RESOURCE, of_resource.clone()),
        axum::Router::new()
            .nest_service(&format!("{SERVER}/api/1c"), of_server.clone())
            .nest_service(&format!("{RESOURCE}/api/1c"), of_resource.clone()),
        axum::Router::new()
            .route_service(&format!("{SERVER}/api/1c"), of_server)
            .route_service(&format!("{RESOURCE}/api/1c/mcp"), of_resource.clone())
            .route_service(&format!("{RESOURCE}/api/1c/sse"), of_resource.clone()),
    ];
    for (at, router) in routers.into_iter().enumerate() {
        let get = async |path: &str| {
            let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            (status.as_u16(), serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default())
        };
        let (status, document) = get(&format!("{SERVER}/api/1c")).await;
        assert_eq!((status, &document["issuer"]), (200, &json!("https://mcp.example/api/1c")), "router {at}");
        for end in ["mcp", "sse"] {
            let (status, document) = get(&format!("{RESOURCE}/api/1c/{end}")).await;
            let resource = json!(format!("https://mcp.example/api/1c/{end}"));
            assert_eq!((status, &document["resource"]), (200, &resource), "router {at}");
        }
        assert_eq!(get(&format!("{RESOURCE}/api/1c/other")).await.0, 404, "router {at}");
    }
    // Other methods are as those of the server.
    let post = Request::post("/").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(of_resource.oneshot(post).await.unwrap().status(), 405);
}
