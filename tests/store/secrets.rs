//! Who reads the database, or the log at DEBUG, learns no token, no code and no password.

use crate::support::stores::{Folder, NOW, Schema, code, grant, sqlite, token};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use onec_mcp::Credentials;
use onec_mcp::auth::server::Tokens;
use onec_mcp::auth::store::{Exchange, Token, TokenKind, TokenStore, seal};
use onec_mcp::auth::{Clock, Digest, Presented, Site, TokenValidator};
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use tracing_subscriber::filter::LevelFilter;

const CODE: &str = "onec_ac_4f9a0c1e5b7d";
const ACCESS: &str = "onec_at_8b2d6e3f1a90";
const REFRESH: &str = "onec_rt_c7e1d2b3a4f5";
const ACCESS_2: &str = "onec_at_1d5e7f9a2b4c";
const REFRESH_2: &str = "onec_rt_6a8c0e2f4b1d";
const ACCESS_3: &str = "onec_at_3c5a7e9b1f0d";
const REFRESH_3: &str = "onec_rt_9e1b3d5f7a8c";
const UNKNOWN: &str = "onec_at_never_given_out";
const USER: &str = "Иван";
const PASSWORD: &str = "pa55-of-Иван";

/// Each as it is, and as others might write it down.
fn secrets() -> Vec<Vec<u8>> {
    let login = format!("{USER}:{PASSWORD}");
    let mut all: Vec<Vec<u8>> = Vec::new();
    for text in [CODE, ACCESS, REFRESH, ACCESS_2, REFRESH_2, ACCESS_3, REFRESH_3, UNKNOWN, PASSWORD, &login] {
        all.push(text.into());
        all.push(STANDARD.encode(text).into());
        all.push(URL_SAFE_NO_PAD.encode(text).into());
        all.push(hex(text.as_bytes()).into());
        all.push(format!("{:?}", text.as_bytes()).into());
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|piece| piece == needle)
}

fn assert_no_secret(hay: &[u8], what: &str) {
    for secret in secrets() {
        assert!(!contains(hay, &secret), "{} is in {what}", String::from_utf8_lossy(&secret));
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that is logged in this process, by any crate.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(LevelFilter::DEBUG);
    subscriber.with_writer(move || writer.clone()).init();
    log
});

fn sealed(text: &str, kind: TokenKind, expires: i64) -> Token {
    let sealed = seal::seal(&Credentials::new(USER, PASSWORD), text).unwrap();
    Token { sealed: Some(sealed), ..token(text, "g", kind, expires) }
}

/// A login, the exchange of its code, a call, and a replay that fails: all that a secret goes through.
async fn use_secrets<S: TokenStore>(store: &S) {
    let first = Token { sealed: sealed(CODE, TokenKind::Access, 0).sealed, ..code(CODE, "g") };
    store.put_grant(grant("g", &format!("onec:{USER}")), vec![first.clone()]).await.unwrap();
    let successors = vec![sealed(ACCESS, TokenKind::Access, NOW + 60), sealed(REFRESH, TokenKind::Refresh, NOW + 60)];
    // One that fails, too.
    store.exchange(&Digest::of(CODE), vec![first], NOW, 0).await.expect_err("it exists");
    assert_eq!(store.exchange(&Digest::of(CODE), successors, NOW, 0).await.unwrap(), Exchange::Done);
    // A refresh token that comes again within its grace keeps what it needs for that.
    let next = |access, refresh| {
        vec![sealed(access, TokenKind::Access, NOW + 60), sealed(refresh, TokenKind::Refresh, NOW + 60)]
    };
    let old = Digest::of(REFRESH);
    assert_eq!(store.exchange(&old, next(ACCESS_2, REFRESH_2), NOW, 30).await.unwrap(), Exchange::Done);
    assert_eq!(store.exchange(&old, next(ACCESS_3, REFRESH_3), NOW + 1, 30).await.unwrap(), Exchange::Repeated);
    let found = store.find(&Digest::of(CODE)).await.unwrap().unwrap();
    assert_eq!((found.used, &found.token.sealed), (true, &None), "a used code still carries the login");

    let tokens = Tokens::new(store.clone()).clock(Clock::new(|| NOW));
    let site = Site::new();
    let presented = |token| Presented::new(token, "https://host.example", &site);
    let identity = tokens.validate(presented(ACCESS)).await.unwrap();
    assert_eq!(identity.credentials().map(Credentials::user), Some(USER));
    for token in [REFRESH, CODE, UNKNOWN] {
        let refusal = tokens.validate(presented(token)).await.expect_err("that is no access token");
        tracing::debug!(?refusal, ?tokens, ?identity, ?found, "what may be logged");
    }
}

fn check_log(control: &str) {
    tracing::debug!(control, "the search works");
    let log = LOG.0.lock().unwrap();
    assert!(contains(&log, control.as_bytes()) && contains(&log, b"what may be logged"));
    assert_no_secret(&log, "the log");
}

/// RFC 6749, sections 10.3 and 10.4; MCP 2025-11-25, "Token Theft".
#[tokio::test]
async fn nothing_in_the_sqlite_file() {
    LazyLock::force(&LOG);
    let folder = Folder::new();
    let store = sqlite(&folder).await;
    use_secrets(&store).await;
    let mut all = Vec::new();
    for file in std::fs::read_dir(&folder.0).unwrap() {
        all.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    for there in [USER.as_bytes(), Digest::of(ACCESS).as_bytes(), Digest::of(CODE).as_bytes(), b"host.example/mcp"] {
        assert!(contains(&all, there), "the search does not find what is there");
    }
    assert_no_secret(&all, "the database");
    check_log("control-of-sqlite");
}

/// RFC 6749, sections 10.3 and 10.4; MCP 2025-11-25, "Token Theft".
#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn nothing_in_the_tables_of_postgres() {
    LazyLock::force(&LOG);
    let schema = Schema::new().await;
    use_secrets(&schema.store().await).await;
    let mut admin = schema.admin().await;
    let mut all = Vec::new();
    for dump in [
        "SELECT t::text FROM onec_mcp_tokens t",
        "SELECT g::text FROM onec_mcp_grants g",
        "SELECT c::text FROM onec_mcp_clients c",
        "SELECT encode(sealed, 'escape') FROM onec_mcp_tokens WHERE sealed IS NOT NULL",
    ] {
        let rows: Vec<String> = sqlx::query_scalar(dump).fetch_all(&mut admin).await.unwrap();
        all.extend(rows.concat().into_bytes());
    }
    for there in [USER, &hex(Digest::of(ACCESS).as_bytes()), &hex(Digest::of(CODE).as_bytes()), "host.example/mcp"] {
        assert!(contains(&all, there.as_bytes()), "the search does not find what is there");
    }
    assert_no_secret(&all, "the database");
    let url = url::Url::parse(&schema.url).unwrap();
    assert!(!contains(&LOG.0.lock().unwrap(), url.password().unwrap().as_bytes()), "the log shows the password");
    check_log("control-of-postgres");
    schema.remove().await;
}
