//! What reaches 1C of a client's request: neither its token nor its headers
//! (MCP 2026-07-28, "Access Token Privilege Restriction": no token of a client travels on).

use crate::support::fault::{Faulty, Seen, result};
use crate::support::oauth::{CALLBACK, Lab, Params, lab, pair};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use onec_mcp::Credentials;
use onec_mcp::auth::BearerAuthLayer;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::store::MemoryStore;
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::onec::OneCService;
use onec_mcp::rpc::ServerInfo;
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use tower::{Layer, ServiceExt};

const SMUGGLED: [(&str, &str); 8] = [
    ("x-mcp-sub", "smuggled"),
    ("x-mcp-sub", "smuggled-2"),
    ("x-mcp-scopes", "smuggled"),
    ("x-tenant", "smuggled"),
    ("cookie", "a=smuggled"),
    ("x-forwarded-for", "smuggled"),
    ("x-forwarded-user", "smuggled"),
    ("proxy-authorization", "Basic smuggled"),
];

/// Asks for the tools with this token and much besides, and says what 1C saw.
async fn seen(lab: &Lab, needed: &str, token: &str) -> Seen {
    let onec = Faulty::start([result(r#"{"tools":[]}"#)]).await;
    let service = OneCService::new(onec.infobase().basic("Служба", "s")).unwrap();
    let service = ScopeLayer::new(ScopePolicy::everything(needed)).layer(service);
    let service = JsonRpcLayer::new(ServerInfo::new("test", "1")).layer(service);
    let service = BearerAuthLayer::new(lab.server.tokens()).site(lab.site.clone()).layer(service);
    let request = Request::post("/mcp").header("host", "mcp.example").header("content-type", "application/json");
    let request = SMUGGLED.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let request = request.header("authorization", format!("Bearer {token}"));
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"authorization":"smuggled"}}}"#;
    let answer = service.oneshot(request.body(Full::<Bytes>::from(body)).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    onec.seen().pop().unwrap()
}

fn assert_only_ours(seen: &Seen, token: &str, login: &Credentials, [subject, scopes]: [&str; 2]) {
    let all = format!("{} {:?} {}", seen.line, seen.headers, seen.body);
    assert!(!all.contains(token) && !all.contains("smuggled"), "{all}");
    let values = |name: &str| -> Vec<&str> {
        seen.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(values("authorization"), [login.authorization().to_str().unwrap()]);
    assert_eq!((values("x-mcp-sub"), values("x-mcp-scopes")), (vec![subject], vec![scopes]));
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Access Token Privilege Restriction".
#[tokio::test]
async fn a_users_call_carries_the_users_login_and_nothing_of_the_client() {
    let lab = lab();
    let (token, _) = lab.tokens(&[]).await;
    let login = Credentials::new("Иванов", "п:а%роль");
    let told = ["onec:%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2", "mcp"];
    assert_only_ours(&seen(&lab, "mcp", &token).await, &token, &login, told);
}

/// MCP 2025-11-25, "Access Token Privilege Restriction".
#[tokio::test]
async fn a_key_holders_call_carries_the_service_account_and_nothing_of_the_client() {
    let lab = Lab::at(lab().site, Form::Key, MemoryStore::new());
    let client = lab.register(&[CALLBACK]).await;
    let request = Params::of(&client).with("scope", "mcp:resolve");
    let code = lab.log_in_as(&request, &[("key", "key-1")]).await.sent("code").unwrap();
    let (token, _) = pair(&lab.redeem(&code, &[]).await);
    let account = Credentials::new("Служба", "s");
    assert_only_ours(&seen(&lab, "mcp:resolve", &token).await, &token, &account, ["robot", "mcp:resolve"]);
}
