//! The part that the stores in databases share, besides the statements: limits, errors, and reading rows.

use super::{Client, FOREIGN, Found, Grant, StoreError, Token, TokenKind, belong};
use crate::auth::Digest;
use crate::identity::Scopes;
use serde::{Deserialize, Serialize};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{ColumnIndex, Decode, Row, SqlSafeStr, Type};
use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

/// How long a statement may wait for a connection.
pub(super) const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a whole operation may take, even if the network is silent.
const OPERATION: Duration = Duration::from_secs(10);
/// How many rows one statement sweeps, so that none takes long.
pub(super) const BATCH: u64 = 10_000;
/// How many clients are stored by default.
pub(super) const MOST_CLIENTS: i64 = 50_000;
/// For how many accounts known logins are kept after a sweep.
pub(super) const MOST_LOGINS: i64 = 50_000;

/// Runs an operation within [`OPERATION`].
pub(super) async fn bounded<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(OPERATION, work).await {
        Ok(result) => result.map_err(|error| failed(&error)),
        Err(elapsed) => Err(StoreError::new(elapsed)),
    }
}

/// Keeps only the text of an error: the details that a database adds, which `Debug` shows, can contain values of rows.
pub(super) fn failed(error: &dyn std::error::Error) -> StoreError {
    StoreError::new(error.to_string())
}

/// Returns the migrations. They have a table of their own, since other users of sqlx may share the database.
///
/// A replica of the previous version may still run while a migration is applied, so migrations only add, and columns
/// that they add have a default.
pub(super) fn migrator(migrations: &[(&'static str, &'static str)]) -> Migrator {
    let simple = |(at, (name, text)): (i64, &(&'static str, &'static str))| {
        Migration::new(at, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations((1..).zip(migrations).map(simple).collect());
    migrator.dangerous_set_table_name("onec_mcp_migrations");
    migrator
}

/// The metadata of a client, stored as JSON, which can escape U+0000: text in PostgreSQL cannot contain it.
#[derive(Serialize, Deserialize)]
struct Metadata<'a> {
    name: Option<Cow<'a, str>>,
    redirect_uris: Cow<'a, [String]>,
}

pub(super) fn metadata(client: &Client) -> Result<String, sqlx::Error> {
    let name = client.name.as_deref().map(Cow::Borrowed);
    let metadata = Metadata { name, redirect_uris: Cow::Borrowed(&client.redirect_uris) };
    serde_json::to_string(&metadata).map_err(|error| sqlx::Error::Encode(error.into()))
}

pub(super) fn client(id: &str, metadata: &str, registered: i64) -> Result<Client, sqlx::Error> {
    let metadata: Metadata<'_> = serde_json::from_str(metadata).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let (name, redirect_uris) = (metadata.name.map(Cow::into_owned), metadata.redirect_uris.into_owned());
    Ok(Client { id: id.to_owned(), name, redirect_uris, registered })
}

/// Returns the columns `kind`, `redirect_uri` and `challenge`.
pub(super) fn columns(kind: &TokenKind) -> (&'static str, Option<&str>, Option<&str>) {
    match kind {
        TokenKind::Code { redirect_uri, challenge } => ("code", redirect_uri.as_deref(), Some(challenge)),
        TokenKind::Access => ("access", None, None),
        TokenKind::Refresh => ("refresh", None, None),
    }
}

/// Checks that all tokens belong to this grant.
pub(super) fn check(tokens: &[Token], grant: &str) -> Result<(), sqlx::Error> {
    if belong(tokens, grant) { Ok(()) } else { Err(sqlx::Error::InvalidArgument(FOREIGN.to_owned())) }
}

/// Whether the text can be in a database: none contains U+0000, and PostgreSQL rejects a query with it.
pub(super) fn askable(text: &str) -> bool {
    !text.contains('\0')
}

pub(super) fn found<'r, R>(digest: &Digest, row: &'r R) -> Result<Found, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<Vec<u8>>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let kind = match text("kind")?.as_str() {
        "code" => TokenKind::Code {
            redirect_uri: row.try_get("redirect_uri")?,
            challenge: row.try_get::<Option<String>, _>("challenge")?.unwrap_or_default(),
        },
        "access" => TokenKind::Access,
        "refresh" => TokenKind::Refresh,
        _ => return Err(sqlx::Error::Decode("a token of unknown kind".into())),
    };
    let grant = Grant {
        id: text("grant_id")?,
        client: text("client")?,
        subject: text("subject")?,
        scopes: Scopes::parse(&text("grant_scopes")?),
        resource: text("resource")?,
        created: row.try_get("created")?,
        confidential: row.try_get("confidential")?,
    };
    let token = Token {
        digest: *digest,
        grant: grant.id.clone(),
        kind,
        scopes: Scopes::parse(&text("scopes")?),
        sealed: row.try_get("sealed")?,
        expires: row.try_get("expires")?,
    };
    Ok(Found { token, grant, used: row.try_get("used")?, grace_ends: row.try_get("grace_ends")? })
}
