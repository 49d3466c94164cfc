//! [`PostgresStore`]: a token store in a database that replicas share.

use super::{
    Client, Exchange, Found, Grant, JUST_REGISTERED, NO_ROOM, NOTED, StoreError, Token, TokenStore, UNUSED, sql,
    statements,
};
use crate::auth::{Digest, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool, Postgres};
use std::fmt;

type Database = Postgres;

const CONNECTIONS: u32 = 8;

/// Settings of each connection: no statement waits for ever, not even for a lock of a replica that was cut off in the
/// middle of a transaction, and what is confirmed is on the disk.
const SETTINGS: &str = "SET statement_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET synchronous_commit = on";

/// A [`TokenStore`] in PostgreSQL 12 or later, for any number of replicas. It opens up to 8 connections.
///
/// While the database is down, methods return a [`StoreError`] within seconds; when it is back, the store works again.
///
/// Cloning is cheap; clones share the connections.
#[derive(Clone)]
pub struct PostgresStore {
    write: PgPool,
    read: PgPool,
    clients: i64,
}

impl PostgresStore {
    /// Connects to `postgres://user:password@host/database` and brings the tables up to date. They are named
    /// `onec_mcp_*`, in the first schema of the search path. TLS is used as `sslmode` says (`prefer` by default,
    /// `verify-full` over a network).
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the URL is malformed, the database cannot be reached, its tables cannot be created,
    /// or they were created by a later version. The error never shows the URL.
    pub async fn connect(url: &SecretString) -> Result<Self, StoreError> {
        let options = options(url)?;
        // A pool would try again until the time is over, and would not report the cause.
        once(&options).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(sql::ACQUIRE)
            .after_connect(|connection, _| Box::pin(async move { connection.execute(SETTINGS).await.map(drop) }))
            .connect_with(options)
            .await
            .map_err(|error| sql::failed(&error))?;
        let migrator = sql::migrator(&[
            ("grants", include_str!("migrations/postgres/0001_grants.sql")),
            ("grace", include_str!("migrations/postgres/0002_grace.sql")),
            ("logins", include_str!("migrations/postgres/0003_logins.sql")),
            ("clients", include_str!("migrations/postgres/0004_clients.sql")),
        ]);
        let mut connection = pool.acquire().await.map_err(|error| sql::failed(&error))?;
        // `run_direct` is `run` without its generic argument, which makes futures that are not `Send`.
        if let Err(error) = migrator.run_direct(None, &mut *connection, false).await {
            // Ends the session, and with it the lock for the migration.
            connection.close_on_drop();
            return Err(sql::failed(&error));
        }
        drop(connection);
        Ok(Self { write: pool.clone(), read: pool, clients: sql::MOST_CLIENTS })
    }

    async fn end(&self) {
        self.write.close().await;
    }

    /// Checks that the database can be connected to, without creating or changing anything.
    ///
    /// # Errors
    /// Returns a [`StoreError`], as [`connect`](Self::connect) does.
    pub async fn reach(url: &SecretString) -> Result<(), StoreError> {
        once(&options(url)?).await
    }
}

fn options(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.expose_secret().parse().map_err(|error: sqlx::Error| sql::failed(&error))?;
    Ok(options.application_name("onec-mcp").disable_statement_logging())
}

/// Connects once and disconnects.
async fn once(options: &PgConnectOptions) -> Result<(), StoreError> {
    let one = tokio::time::timeout(sql::ACQUIRE, options.connect()).await.map_err(StoreError::new)?;
    one.map_err(|error| sql::failed(&error))?.close().await.map_err(|error| sql::failed(&error))
}

statements::token_store!(PostgresStore, begin: "BEGIN", lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED");

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore")
    }
}
