//! Token stores to test with, and what goes into them.
#![allow(dead_code, reason = "each test takes a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

use onec_mcp::Scopes;
use onec_mcp::auth::store::{Grant, PostgresStore, SqliteStore, Token, TokenKind};
use onec_mcp::auth::{Digest, Timestamp};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::path::PathBuf;
use std::{env, fs, process};
use uuid::Uuid;

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = env::temp_dir().join(format!("onec-mcp-{}-{}", process::id(), Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Of a database in it.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("tokens.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn sqlite(folder: &Folder) -> SqliteStore {
    SqliteStore::open(folder.database()).await.unwrap()
}

/// A schema of its own in the PostgreSQL of `ONEC_MCP_TEST_POSTGRES`.
pub(crate) struct Schema {
    pub(crate) url: String,
    server: String,
    name: String,
}

impl Schema {
    /// Whoever asks for a test that is ignored because it needs a server has to have one.
    pub(crate) async fn new() -> Self {
        let server = env::var("ONEC_MCP_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("ONEC_MCP_TEST_POSTGRES names no PostgreSQL: eval \"$(.ci/postgres start)\""));
        let name = format!("test_{}", Uuid::new_v4().simple());
        let url = format!("{server}?options=-csearch_path%3D{name}");
        let schema = Self { url, server, name };
        schema.execute(format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    pub(crate) async fn admin(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    async fn execute(&self, statement: String) {
        let mut connection = PgConnection::connect(&self.server).await.unwrap();
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
        connection.close().await.unwrap();
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::connect(&SecretString::from(self.url.as_str())).await.unwrap()
    }

    pub(crate) async fn remove(self) {
        self.execute(format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }
}

pub(crate) const NOW: Timestamp = 1_000_000;

pub(crate) fn grant(id: &str, subject: &str) -> Grant {
    Grant {
        id: id.to_owned(),
        client: "mcp-public-client".to_owned(),
        subject: subject.to_owned(),
        scopes: Scopes::parse("mcp offline_access"),
        resource: "https://host.example/mcp".to_owned(),
        created: NOW,
        confidential: false,
    }
}

pub(crate) fn token(text: &str, grant: &str, kind: TokenKind, expires: Timestamp) -> Token {
    let scopes = Scopes::parse("mcp offline_access");
    Token { digest: Digest::of(text), grant: grant.to_owned(), kind, scopes, sealed: None, expires }
}

pub(crate) fn code(text: &str, grant: &str) -> Token {
    token(text, grant, TokenKind::Code { redirect_uri: None, challenge: "challenge".to_owned() }, NOW + 60)
}
