//! The audit trail of the authorization server, and what never reaches a log.

use crate::support::lines;
use crate::support::oauth::{self, CALLBACK, Lab, Params, VERIFIER, lab, pair};
use http::Request;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::store::MemoryStore;
use onec_mcp::auth::{Digest, Site};
use onec_mcp::net::{Caller, Peer};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// All that is logged in this thread, down to TRACE.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, lines::listen(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The audit lines of one event.
    fn events(&self, name: &str) -> Vec<String> {
        let event = format!("event=\"{name}\"");
        self.text()
            .lines()
            .filter(|line| line.contains("onec_mcp::audit") && line.contains(&event))
            .map(str::to_owned)
            .collect()
    }
}

/// CONTRACT, section 7: who, through which client, from where.
#[tokio::test]
async fn every_step_leaves_a_line() {
    let (log, _guard) = Log::start();
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    assert!(log.events("oauth.client.registered")[0].contains(&client));
    lab.log_in_as(&Params::of(&client), &[("username", "norole"), ("password", "x")]).await.assert_page(403);
    let failed = log.events("oauth.login.failed");
    assert!(failed[0].contains("norole") && failed[0].contains("no_role") && failed[0].contains(&client), "{failed:?}");
    let code = lab.code(&Params::of(&client)).await;
    assert!(log.events("oauth.code.issued")[0].contains("onec:Иванов"));
    let (access, refresh) = pair(&lab.redeem(&code, &[]).await);
    assert!(log.events("oauth.token.issued")[0].contains("onec:Иванов"));
    assert_eq!(lab.post("/revoke", &[("token", &access)]).await.status, 200);
    let revoked = log.events("oauth.token.revoked");
    assert!(revoked[0].contains("onec:Иванов") && revoked[0].contains(&client), "{revoked:?}");
    lab.log_in_as(&Params::of(&client), &[("username", "nobody"), ("password", "")]).await.assert_sent("invalid_scope");
    let failed = log.events("oauth.login.failed");
    assert!(failed[1].contains("no_scope") && failed[1].contains("onec:nobody"), "{failed:?}");
    lab.refresh("unknown", &[]).await.assert_error(400, "invalid_grant");
    assert!(log.events("oauth.token.refused")[0].contains("not_found"));
    lab.pass(15 * 24 * 3600);
    lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
    assert!(log.events("oauth.token.refused")[1].contains("expired"));
    lab.redeem(&code, &[]).await.assert_error(400, "invalid_grant");
    assert!(log.events("oauth.token.replay_detected")[0].contains(&client));
}

/// CONTRACT, section 7: the remote address; behind trusted proxies, the client's.
#[tokio::test]
async fn the_address_of_the_caller_is_told() {
    let (log, _guard) = Log::start();
    let lab = lab();
    for caller in [None, Some(Caller::new("203.0.113.9".parse().ok(), None))] {
        let mut request =
            Request::post("/register").header("content-type", "application/json").body("{}".into()).unwrap();
        request.extensions_mut().insert(Peer("198.51.100.7:5000".parse().unwrap()));
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        assert_eq!(lab.call(request).await.status, 201);
    }
    let registered = log.events("oauth.client.registered");
    assert!(registered[0].contains("198.51.100.7") && registered[1].contains("203.0.113.9"), "{registered:?}");
}

/// CONTRACT, section 4: no token, code, key or password reaches a log. MCP 2025-11-25, "Token Theft".
#[tokio::test]
async fn no_secret_is_logged() {
    let (log, _guard) = Log::start();
    let site = Site::new().public_url(&oauth::BASE.parse().unwrap());
    let (users, keys) = (lab(), Lab::at(site, Form::Key, MemoryStore::new()));
    let client = users.register(&[CALLBACK]).await;
    let code = users.code(&Params::of(&client)).await;
    let (access, refresh) = pair(&users.redeem(&code, &[]).await);
    let (access_2, refresh_2) = pair(&users.refresh(&refresh, &[]).await);
    let (access_3, _) = pair(&users.refresh(&refresh, &[]).await);
    users.pass(30);
    users.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
    users
        .log_in_as(&Params::of(&client), &[("username", "down"), ("password", "wrong-password")])
        .await
        .assert_page(503);
    keys.log_in_as(&Params::of("mcp-public-client").with("redirect_uri", "http://127.0.0.1/"), &[("key", "wrong-key")])
        .await;
    tracing::debug!(control = %access, "the search works");
    let text = log.text();
    assert_eq!(text.matches(&access).count(), 1);
    for secret in
        [&code, &refresh, &access_2, &refresh_2, &access_3, VERIFIER, "п:а%роль", "wrong-password", "wrong-key"]
    {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!text.contains(&hex(&Digest::of(&refresh))));
}

fn hex(digest: &Digest) -> String {
    digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What 1C says, or a user types, cannot steer the terminal that shows the log.
#[tokio::test]
async fn no_control_character_reaches_a_log() {
    let (log, _guard) = Log::start();
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    for user in ["terminal", "\u{1b}[31mred", "a\r\nb"] {
        lab.log_in_as(&Params::of(&client), &[("username", user), ("password", "x")]).await;
    }
    lab.refresh("x", &[("client_id", "\u{1b}[31m\r\nevent=forged")]).await;
    let text = log.text();
    assert!(text.contains("said"), "the cause is logged: {text}");
    let control = |char: char| char.is_control() && char != '\n';
    assert!(!text.contains(control) && !text.contains("\nb") && !text.contains("\nevent=forged"), "{text:?}");
}
