//! [`SqliteStore`]: a token store in a file.

use super::{
    Client, Exchange, Found, Grant, JUST_REGISTERED, NO_ROOM, NOTED, StoreError, Token, TokenStore, UNUSED, sql,
    statements,
};
use crate::auth::{Digest, Timestamp};
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool, Transaction};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, fs, io};

type Database = Sqlite;

/// How long a connection waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// A [`TokenStore`] in an SQLite file, meant for one process, though several on one machine can share it.
///
/// Only the owner can read the file (mode 0600) and its companions `-wal` and `-shm`. What a method has confirmed is on
/// the disk: it survives the end of the process and of the machine. Part of it is in the companion `-wal` until
/// [`close`](TokenStore::close) has moved everything into the file.
///
/// Cloning is cheap; clones share the connections.
#[derive(Clone)]
pub struct SqliteStore {
    /// One connection: SQLite allows one writer at a time, and the pool's ordered queue is fairer than waiting for its
    /// lock.
    write: SqlitePool,
    read: SqlitePool,
    clients: i64,
}

impl SqliteStore {
    /// Opens the file, or creates it, and brings its tables up to date.
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the file cannot be created or read, is no database, or was written by a later
    /// version.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = own_file(path.as_ref()).map_err(StoreError::new)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(sql::ACQUIRE)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        // The journal mode is stored in the file, so the readers need not set it.
        let write = pool(1).connect_lazy_with(options.clone().journal_mode(SqliteJournalMode::Wal));
        migrate(&write).await?;
        Ok(Self { write, read: pool(READERS).connect_lazy_with(options), clients: sql::MOST_CLIENTS })
    }

    /// Closes the readers first, since the write-ahead log cannot be emptied while one of them reads it.
    async fn end(&self) {
        self.read.close().await;
        let emptied = sql::bounded(sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.write)).await;
        if let Err(error) = emptied {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the token store is whole only with its -wal file"
            );
        }
        self.write.close().await;
    }
}

/// Migrates in one transaction that excludes other processes, which may be starting too.
async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = begin(pool).await.map_err(|error| sql::failed(&error))?;
    let migrator = sql::migrator(&[
        ("grants", include_str!("migrations/sqlite/0001_grants.sql")),
        ("grace", include_str!("migrations/sqlite/0002_grace.sql")),
        ("logins", include_str!("migrations/sqlite/0003_logins.sql")),
        ("clients", include_str!("migrations/sqlite/0004_clients.sql")),
    ]);
    // `run_direct` is `run` without its generic argument, which makes futures that are not `Send`.
    migrator.run_direct(None, &mut *transaction, false).await.map_err(|error| sql::failed(&error))?;
    transaction.commit().await.map_err(|error| sql::failed(&error))
}

/// Begins the first transaction. Two connections that switch a new file to the write-ahead log simultaneously do not
/// wait for each other as they do later, so this function retries.
async fn begin(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    let until = Instant::now() + BUSY;
    loop {
        match pool.begin_with("BEGIN IMMEDIATE").await {
            Err(sqlx::Error::Database(error)) if is_busy(&*error) && Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

/// Whether the error is SQLITE_BUSY, possibly with an extended code in the upper bytes.
fn is_busy(error: &dyn DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Creates the file if it does not exist, readable only by the owner, and returns its absolute path.
///
/// An existing file is not opened: closing it would end the locks that SQLite has on it in this process.
fn own_file(path: &Path) -> io::Result<PathBuf> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let path = fs::canonicalize(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = fs::metadata(&path)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(permissions.mode() & !0o077))?;
        }
    }
    Ok(path)
}

statements::token_store!(SqliteStore, begin: "BEGIN IMMEDIATE", lock: "", skip: "");

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}
