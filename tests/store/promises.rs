//! Every token store keeps what `TokenStore` promises; and the tests for it notice one that does not.

use crate::support::cable::{cable, through_a_cable};
use crate::support::faulty_store::{Fault, Faulty};
use crate::support::stores::{self, Folder, NOW, Schema, code, grant, sqlite, token};
use onec_mcp::auth::Digest;
use onec_mcp::auth::store::{
    BoxStore, Client, Exchange, MemoryStore, PostgresStore, SqliteStore, TokenKind, TokenStore, contract,
};
use secrecy::SecretString;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory() {
    let store = MemoryStore::new();
    contract::all(&store, &store.clone()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_in_a_box() {
    let store = MemoryStore::new();
    contract::all(&BoxStore::new(store.clone()), &BoxStore::new(store)).await.unwrap();
}

/// Both handles start at once on a file that is not there yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_with_two_handles() {
    let folder = Folder::new();
    let (one, two) = tokio::join!(sqlite(&folder), sqlite(&folder));
    contract::all(&one, &two).await.unwrap();
}

/// Both handles start at once on a schema without tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn postgres_with_two_pools() {
    let schema = Schema::new().await;
    let (one, two) = tokio::join!(schema.store(), schema.store());
    contract::all(&one, &two).await.unwrap();
    schema.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_start_at_once() {
    let folder = Folder::new();
    let path = folder.database();
    let starting: Vec<_> = (0..8).map(|_| tokio::spawn(SqliteStore::open(path.clone()))).collect();
    for started in starting {
        let store = started.await.unwrap().unwrap();
        assert_eq!(store.client("nobody").await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_store_is_noticed() {
    for (fault, rule) in [
        (Fault::KeepsRevokedTokens, "a token that was revoked is gone"),
        (Fault::KeepsRevokedUsers, "revoking a user revokes all grants"),
        (Fault::ForgivesReplays, "a loser revokes the grant"),
        (Fault::LooksBeforeItUses, "of a hundred exchanges of one code exactly one wins"),
        (Fault::ForgetsClients, "a client is found as it was put last"),
        (Fault::NeverSweeps, "a sweep counts two tokens, a grant and a client"),
        (Fault::ExchangesExpired, "what has expired, is unknown or an access token cannot be exchanged"),
        (Fault::KnowsNoGrace, "a refresh token keeps what it carries until its grace is over"),
        (Fault::NeverEndsGrace, "a refresh token that comes after its grace revokes its grant"),
        (Fault::ForgetsUses, "what comes once is refused the second time"),
        (Fault::KeepsLogins, "what is over is not found"),
        (Fault::ForgetsUsedClients, "a sweep counts five tokens, five grants and two clients"),
    ] {
        let store = Faulty::new(fault);
        let broken = contract::all(&store, &store.clone()).await.expect_err("it was not noticed");
        assert_eq!(broken.rule, rule, "{broken}");
    }
}

/// There are at most 50 000 known logins; those that end the soonest go.
#[tokio::test]
async fn a_sweep_forgets_the_oldest_of_too_many_logins() {
    let folder = Folder::new();
    let store = sqlite(&folder).await;
    let mut file = sqlx::SqliteConnection::connect(&format!("sqlite:{}", folder.database().display())).await.unwrap();
    let fill = "INSERT INTO onec_mcp_logins (account, known, expires) WITH RECURSIVE n (i) AS \
                (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT randomblob(32), x'00', 1000 + i FROM n";
    sqlx::query(fill).execute(&mut file).await.unwrap();
    let (first, last) = (Digest::of("first"), Digest::of("last"));
    store.put_login(&first, vec![1], 1_000).await.unwrap();
    store.put_login(&last, vec![2], 1_000_000).await.unwrap();
    assert_eq!(store.sweep(0, 0).await.unwrap(), 2);
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM onec_mcp_logins").fetch_one(&mut file).await.unwrap();
    assert_eq!(count, 50_000);
    assert_eq!(store.login(&first, 0).await.unwrap(), None);
    assert_eq!(store.login(&last, 0).await.unwrap(), Some(vec![2]));
    assert_eq!(store.sweep(0, 0).await.unwrap(), 0, "no more than that");
}

#[tokio::test]
async fn sqlite_remembers_after_it_was_closed() {
    let folder = Folder::new();
    {
        let store = sqlite(&folder).await;
        store.put_grant(grant("g", "anna"), vec![code("code", "g")]).await.unwrap();
    }
    let found = sqlite(&folder).await.find(&Digest::of("code")).await.unwrap().unwrap();
    assert_eq!(found.grant, grant("g", "anna"));
}

/// The file alone is a backup: of the log beside it nothing is left.
#[tokio::test]
async fn sqlite_is_whole_after_it_was_closed() {
    for turn in 0..5 {
        let (folder, copy) = (Folder::new(), Folder::new());
        let store = sqlite(&folder).await;
        let looking: Vec<_> = (0..20)
            .map(|turn| {
                let (store, text) = (store.clone(), format!("code{turn}"));
                tokio::spawn(async move {
                    store.put_grant(grant(&text, "anna"), vec![code(&text, &text)]).await.unwrap();
                    store.find(&Digest::of(&text)).await.unwrap().unwrap();
                })
            })
            .collect();
        for task in looking {
            task.await.unwrap();
        }
        store.close().await;
        std::fs::copy(folder.database(), copy.database()).unwrap();
        let files = std::fs::read_dir(&folder.0).unwrap().count();
        assert_eq!(files, 1, "turn {turn}: something is left beside the file");
        let copied = sqlite(&copy).await;
        for turn in 0..20 {
            assert!(copied.find(&Digest::of(&format!("code{turn}"))).await.unwrap().is_some(), "code{turn}");
        }
        assert!(store.find(&Digest::of("code0")).await.is_err(), "it is closed");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    // One that others could read is closed to them.
    std::fs::write(folder.database(), b"").unwrap();
    std::fs::set_permissions(folder.database(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let fresh = Folder::new();
    for folder in [folder, fresh] {
        let store = sqlite(&folder).await;
        store.put_grant(grant("g", "anna"), vec![code("code", "g")]).await.unwrap();
        let mut files = 0;
        for file in std::fs::read_dir(&folder.0).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
            files += 1;
        }
        assert!(files >= 2, "the write-ahead log is not there");
    }
}

#[tokio::test]
async fn what_is_no_database_is_an_error() {
    let folder = Folder::new();
    std::fs::write(folder.database(), [b'x'; 4096]).unwrap();
    assert!(SqliteStore::open(folder.database()).await.is_err());
    assert!(SqliteStore::open(folder.0.join("none/tokens.db")).await.is_err());
}

#[tokio::test]
async fn a_full_memory_forgets_the_logins_that_end_first() {
    let store = MemoryStore::with_capacity(8);
    for turn in 0..8 {
        let id = format!("g{turn}");
        store.put_grant(grant(&id, "anna"), vec![token(&id, &id, TokenKind::Refresh, NOW + 10 + turn)]).await.unwrap();
    }
    // All of them count: the one that would end first goes.
    store.put_grant(grant("new", "anna"), vec![token("new", "new", TokenKind::Refresh, NOW + 5)]).await.unwrap();
    assert_eq!(store.find(&Digest::of("g0")).await.unwrap(), None);
    assert!(store.find(&Digest::of("g1")).await.unwrap().is_some());
    // Some have expired: they go, and nobody else.
    let late = stores::grant("late", "anna");
    let late = onec_mcp::auth::store::Grant { created: NOW + 11, ..late };
    store.put_grant(late, vec![token("late", "late", TokenKind::Refresh, NOW + 99)]).await.unwrap();
    assert_eq!(store.find(&Digest::of("new")).await.unwrap(), None);
    for kept in ["g2", "g7", "late"] {
        assert!(store.find(&Digest::of(kept)).await.unwrap().is_some(), "{kept}");
    }
    // Nobody goes for a token that is none.
    let gone = store.exchange(&Digest::of("none"), vec![code("x", "g7"); 8], NOW, 0).await.unwrap();
    assert_eq!(gone, Exchange::Gone);
    assert!(store.find(&Digest::of("g2")).await.unwrap().is_some());
    let many = (0..9).map(|turn| code(&format!("many{turn}"), "many")).collect();
    assert!(store.put_grant(grant("many", "anna"), many).await.is_err());
}

#[tokio::test]
async fn a_grant_in_memory_keeps_its_newest_tokens() {
    let store = MemoryStore::new();
    store.put_grant(grant("g", "anna"), vec![token("0", "g", TokenKind::Refresh, NOW + 1000)]).await.unwrap();
    let other = token("other", "h", TokenKind::Refresh, NOW + 1);
    store.put_grant(grant("h", "anna"), vec![other]).await.unwrap();
    for turn in 0..1000 {
        let successor = token(&format!("{}", turn + 1), "g", TokenKind::Refresh, NOW + 1001 + turn);
        let done = store.exchange(&Digest::of(&turn.to_string()), vec![successor], NOW, 0).await.unwrap();
        assert_eq!(done, Exchange::Done, "{turn}");
    }
    assert!(store.find(&Digest::of("other")).await.unwrap().is_some());
    assert!(store.find(&Digest::of("1000")).await.unwrap().is_some_and(|found| !found.used));
    assert_eq!(store.find(&Digest::of("0")).await.unwrap(), None);
    assert_eq!(store.sweep(NOW + 10_000, 0).await.unwrap(), 256 + 1 + 2);
}

/// Registration is open to all, so it must not fill the disk, nor push out who is logging in.
async fn registrations_are_bounded(store: impl TokenStore) {
    const HOUR: i64 = 3600;
    let client = |id: &str, registered| Client { id: id.to_owned(), name: None, redirect_uris: Vec::new(), registered };
    let put = |id: &str, at| store.put_client(client(id, at));
    // One has a grant, one had one.
    put("busy", NOW).await.unwrap();
    put("used", NOW).await.unwrap();
    store
        .put_grant(grant("g", "anna").of("busy"), vec![token("t", "g", TokenKind::Refresh, NOW + 9 * HOUR)])
        .await
        .unwrap();
    store.put_grant(grant("h", "anna").of("used"), vec![code("code", "h")]).await.unwrap();
    store.revoke_grant("h").await.unwrap();
    for turn in 1..=5 {
        put(&format!("c{turn}"), NOW + turn * HOUR).await.unwrap();
    }
    for (id, known) in [("busy", true), ("used", true), ("c3", false), ("c4", true), ("c5", true)] {
        assert_eq!(store.client(id).await.unwrap().is_some(), known, "{id}");
    }
    // A flood in the minutes in which somebody logs in.
    put("login", NOW + 6 * HOUR).await.unwrap();
    let mut refused = 0;
    for turn in 0..100 {
        refused += usize::from(put(&format!("flood{turn}"), NOW + 6 * HOUR + turn).await.is_err());
    }
    assert!(refused >= 97, "{refused}");
    assert!(store.client("login").await.unwrap().is_some());
    assert!(store.client("busy").await.unwrap().is_some());
    put("login", NOW + 6 * HOUR + 1).await.expect("that is no more clients");
    // When it is over, there is room again.
    put("late", NOW + 7 * HOUR).await.unwrap();
    assert!(store.client("late").await.unwrap().is_some() && store.client("busy").await.unwrap().is_some());
}

trait OfClient {
    fn of(self, client: &str) -> Self;
}

impl OfClient for onec_mcp::auth::store::Grant {
    fn of(self, client: &str) -> Self {
        Self { client: client.to_owned(), ..self }
    }
}

#[tokio::test]
async fn a_full_store_forgets_clients_that_nobody_uses() {
    registrations_are_bounded(MemoryStore::with_capacity(4)).await;
    let folder = Folder::new();
    registrations_are_bounded(sqlite(&folder).await.most_clients(4)).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn a_full_postgres_forgets_clients_that_nobody_uses() {
    let schema = Schema::new().await;
    registrations_are_bounded(schema.store().await.most_clients(4)).await;
    schema.remove().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn a_database_that_went_away_and_came_back() {
    let schema = Schema::new().await;
    let (through, switch) = through_a_cable(&schema.url).await;
    let store = PostgresStore::connect(&SecretString::from(through.as_str())).await.unwrap();
    store.put_grant(grant("g", "anna"), vec![code("code", "g")]).await.unwrap();

    switch.send(false).unwrap();
    let since = Instant::now();
    let error = store.find(&Digest::of("code")).await.expect_err("there is no database");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(through.password().unwrap()), "{shown}");
    store.put_grant(grant("h", "anna"), vec![code("lost", "h")]).await.expect_err("there is no database");
    assert!(since.elapsed() < Duration::from_secs(11), "{:?}", since.elapsed());

    switch.send(true).unwrap();
    assert!(store.find(&Digest::of("code")).await.unwrap().is_some());
    assert_eq!(store.exchange(&Digest::of("code"), Vec::new(), NOW, 0).await.unwrap(), Exchange::Done);
    schema.remove().await;
}

const SECRET: &str = "s3cret-pa55";

#[tokio::test]
async fn errors_of_a_start_show_no_password() {
    let (port, switch) = cable("127.0.0.1:1".to_owned()).await;
    switch.send(false).unwrap();
    for url in [
        format!("postgres://user:{SECRET}@127.0.0.1:{port}/none"),
        format!("postgres://user:{SECRET}@host:port:7/{SECRET}"),
        SECRET.to_owned(),
    ] {
        let error = PostgresStore::connect(&SecretString::from(url)).await.expect_err("there is no such database");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let shown = format!("{error} {error:?} {cause:?}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn errors_and_debug_show_no_password() {
    let schema = Schema::new().await;
    let shown = format!("{:?}", schema.store().await);
    assert_eq!(shown, "PostgresStore");
    let mut wrong = url::Url::parse(&schema.url).unwrap();
    wrong.set_password(Some(SECRET)).unwrap();
    let error = PostgresStore::connect(&SecretString::from(wrong.as_str())).await.expect_err("a wrong password");
    assert!(format!("{error:?}").contains("password authentication failed"), "{error:?}");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    // The database says which value it has twice; we do not.
    let store = schema.store().await;
    store.put_grant(grant("g", "anna"), vec![code("code", "g")]).await.unwrap();
    let error = store.put_grant(grant("h", "anna"), vec![code("code", "h")]).await.expect_err("it is there already");
    let digest = format!("{:02x?}", Digest::of("code").as_bytes()).replace(['[', ']', ',', ' '], "");
    assert!(!format!("{error:?}").contains(&digest), "{error:?}");
    schema.remove().await;
}

/// What the version before has made and filled is brought up to date where it is; and what still runs
/// there writes as it did.
#[tokio::test]
async fn a_database_of_the_version_before() {
    const OLD: &str = include_str!("../../src/auth/store/migrations/sqlite/0001_grants.sql");
    const GRANT: &str = "INSERT INTO onec_mcp_grants (id, client, subject, scopes, resource, created) \
         VALUES ($1, 'mcp-public-client', 'anna', 'mcp offline_access', 'https://host.example/mcp', 1000000)";
    const TOKEN: &str = "INSERT INTO onec_mcp_tokens (digest, grant_id, kind, scopes, expires, used) \
         VALUES ($1, $2, 'refresh', 'mcp offline_access', 1000060, FALSE)";
    let folder = Folder::new();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.database()).create_if_missing(true);
    let mut old = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let first = Migration::new(1, "grants".into(), MigrationType::Simple, OLD.into_sql_str(), false);
    let mut migrator = Migrator::with_migrations(vec![first]);
    migrator.dangerous_set_table_name("onec_mcp_migrations");
    migrator.run_direct(None, &mut old, false).await.unwrap();
    let mut put = async |id: &str| {
        sqlx::query(GRANT).bind(id).execute(&mut old).await.unwrap();
        sqlx::query(TOKEN).bind(&Digest::of(id).as_bytes()[..]).bind(id).execute(&mut old).await.unwrap();
    };
    put("before").await;
    let store = sqlite(&folder).await;
    put("beside").await;
    for id in ["before", "beside"] {
        let found = store.find(&Digest::of(id)).await.unwrap().unwrap();
        assert_eq!((found.grant, found.used, found.grace_ends), (grant(id, "anna"), false, None));
        let pair = |text: &str| vec![token(&format!("{text} of {id}"), id, TokenKind::Refresh, NOW + 60)];
        assert_eq!(store.exchange(&Digest::of(id), pair("one"), NOW, 30).await.unwrap(), Exchange::Done);
        assert_eq!(store.exchange(&Digest::of(id), pair("two"), NOW + 29, 30).await.unwrap(), Exchange::Repeated);
    }
}

#[tokio::test]
async fn what_came_once_is_bounded_in_memory() {
    let store = MemoryStore::with_capacity(3);
    for turn in 0..3 {
        assert!(store.first_use(&Digest::of(&turn.to_string()), NOW + 10 + turn, NOW).await.unwrap());
    }
    store.first_use(&Digest::of("3"), NOW + 10, NOW).await.expect_err("there is no room");
    assert!(!store.first_use(&Digest::of("0"), NOW + 10, NOW).await.unwrap(), "what came is still known");
    assert!(store.first_use(&Digest::of("3"), NOW + 20, NOW + 10).await.unwrap(), "the time of the first is over");
}

/// However often a refresh token comes again, its grant stays small, and the token is among what stays.
#[tokio::test]
async fn a_grant_in_memory_keeps_a_token_that_may_come_again() {
    let store = MemoryStore::new();
    store.put_grant(grant("g", "anna"), vec![token("old", "g", TokenKind::Refresh, NOW + 1000)]).await.unwrap();
    for turn in 0..200 {
        let access = token(&format!("a{turn}"), "g", TokenKind::Access, NOW + 60);
        let pair = [access, token(&format!("r{turn}"), "g", TokenKind::Refresh, NOW + 2000)];
        let wanted = if turn == 0 { Exchange::Done } else { Exchange::Repeated };
        assert_eq!(store.exchange(&Digest::of("old"), pair.to_vec(), NOW, 30).await.unwrap(), wanted, "{turn}");
    }
    assert!(store.sweep(NOW + 10_000, 0).await.unwrap() <= 256 + 1);
}

/// The newest are known, also in a database after a sweep.
#[tokio::test]
async fn known_logins_are_bounded() {
    let store = MemoryStore::with_capacity(100);
    let account = |turn: i64| Digest::of(&turn.to_string());
    for turn in 0..1_000 {
        store.put_login(&account(turn), vec![1], NOW + turn).await.unwrap();
    }
    let mut known = 0;
    for turn in 0..1_000 {
        known += usize::from(store.login(&account(turn), 0).await.unwrap().is_some());
    }
    assert!((90..=100).contains(&known), "{known}");
    assert!(store.login(&account(999), 0).await.unwrap().is_some());
}
