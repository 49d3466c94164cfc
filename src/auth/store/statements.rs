//! The statements of the stores in databases, which both dialects understand.

pub(super) mod room;

/// Implements [`TokenStore`](super::TokenStore) for a type with the pools `read` and `write`.
///
/// It is a macro, since the bounds of a generic implementation would be longer than its code. The dialects differ in
/// how a writing transaction begins, how rows are locked, and how locked rows are skipped.
///
/// A change to a grant's tokens first locks the grant, and only then its tokens (SQLite locks the whole database when
/// the transaction begins). So there are no deadlocks, and a revocation of a grant during an exchange either ends the
/// exchange or deletes the successors too. A sweep does not wait for locks: it skips locked rows.
macro_rules! token_store {
    ($store:ty, begin: $begin:literal, lock: $lock:literal, skip: $skip:literal) => {
        statements::room::store_room!($store, skip: $skip);

        impl $store {
            async fn insert(
                connection: &mut <Database as sqlx::Database>::Connection,
                tokens: &[Token],
            ) -> Result<(), sqlx::Error> {
                for Token { digest, grant, kind, scopes, sealed, expires } in tokens {
                    let (kind, redirect_uri, challenge) = sql::columns(kind);
                    sqlx::query(
                        "INSERT INTO onec_mcp_tokens \
                         (digest, grant_id, kind, redirect_uri, challenge, scopes, sealed, expires, used) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE)",
                    )
                    .bind(digest.as_bytes().as_slice())
                    .bind(grant.as_str())
                    .bind(kind)
                    .bind(redirect_uri)
                    .bind(challenge)
                    .bind(scopes.to_string())
                    .bind(sealed.as_deref())
                    .bind(*expires)
                    .execute(&mut *connection)
                    .await?;
                }
                Ok(())
            }
        }

        impl TokenStore for $store {
            async fn put_client(&self, client: Client) -> Result<(), StoreError> {
                sql::bounded(async {
                    let query = sqlx::query(
                        "UPDATE onec_mcp_clients SET metadata = $2, registered = $3 WHERE id = $1",
                    );
                    let metadata = sql::metadata(&client)?;
                    let query = query.bind(client.id.as_str()).bind(metadata.as_str()).bind(client.registered);
                    if query.execute(&self.write).await?.rows_affected() == 1 {
                        return Ok(());
                    }
                    self.make_room_for_client(client.registered).await?;
                    sqlx::query(
                        "INSERT INTO onec_mcp_clients (id, metadata, registered) VALUES ($1, $2, $3) \
                         ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata, registered = excluded.registered",
                    )
                    .bind(client.id.as_str())
                    .bind(metadata)
                    .bind(client.registered)
                    .execute(&self.write)
                    .await?;
                    Ok(())
                })
                .await
            }

            async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
                if !sql::askable(id) {
                    return Ok(None);
                }
                sql::bounded(async {
                    let row: Option<(String, i64)> =
                        sqlx::query_as("SELECT metadata, registered FROM onec_mcp_clients WHERE id = $1")
                            .bind(id)
                            .fetch_optional(&self.read)
                            .await?;
                    row.map(|(metadata, registered)| sql::client(id, &metadata, registered)).transpose()
                })
                .await
            }

            async fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> Result<(), StoreError> {
                sql::bounded(async {
                    sql::check(&tokens, &grant.id)?;
                    let mut transaction = self.write.begin_with($begin).await?;
                    sqlx::query(
                        "INSERT INTO onec_mcp_grants (id, client, subject, scopes, resource, created, confidential) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    )
                    .bind(grant.id)
                    .bind(grant.client.as_str())
                    .bind(grant.subject)
                    .bind(grant.scopes.to_string())
                    .bind(grant.resource)
                    .bind(grant.created)
                    .bind(grant.confidential)
                    .execute(&mut *transaction)
                    .await?;
                    Self::insert(&mut transaction, &tokens).await?;
                    // Last, since other transactions may update this client.
                    sqlx::query(
                        "UPDATE onec_mcp_clients SET used = $2 WHERE id = $1 AND (used IS NULL OR used < $3)",
                    )
                    .bind(grant.client)
                    .bind(grant.created)
                    .bind(grant.created.saturating_sub(NOTED))
                    .execute(&mut *transaction)
                    .await?;
                    transaction.commit().await
                })
                .await
            }

            async fn find(&self, digest: &Digest) -> Result<Option<Found>, StoreError> {
                sql::bounded(async {
                    let row = sqlx::query(
                        "SELECT t.grant_id, t.kind, t.redirect_uri, t.challenge, t.scopes, t.sealed, t.expires, t.used, \
                         t.grace_ends, g.client, g.subject, g.scopes AS grant_scopes, g.resource, g.created, \
                         g.confidential \
                         FROM onec_mcp_tokens t JOIN onec_mcp_grants g ON g.id = t.grant_id WHERE t.digest = $1",
                    )
                    .bind(digest.as_bytes().as_slice())
                    .fetch_optional(&self.read)
                    .await?;
                    row.map(|row| sql::found(digest, &row)).transpose()
                })
                .await
            }

            async fn exchange(
                &self,
                used: &Digest,
                successors: Vec<Token>,
                now: Timestamp,
                grace: Timestamp,
            ) -> Result<Exchange, StoreError> {
                let grace_ends = now.saturating_add(grace.max(0));
                let used = used.as_bytes().as_slice();
                sql::bounded(async {
                    let mut transaction = self.write.begin_with($begin).await?;
                    let grant: Option<String> = sqlx::query_scalar(concat!(
                        "SELECT id FROM onec_mcp_grants \
                         WHERE id = (SELECT grant_id FROM onec_mcp_tokens WHERE digest = $1)",
                        $lock
                    ))
                    .bind(used)
                    .fetch_optional(&mut *transaction)
                    .await?;
                    let Some(grant) = grant else { return Ok(Exchange::Gone) };
                    // The credentials are deleted unless the token may come again, since it cannot be used otherwise.
                    let won = sqlx::query(
                        "UPDATE onec_mcp_tokens SET used = TRUE, \
                         grace_ends = CASE WHEN kind = 'refresh' AND $3 > $2 THEN $3 END, \
                         sealed = CASE WHEN kind = 'refresh' AND $3 > $2 THEN sealed END \
                         WHERE digest = $1 AND NOT used AND expires > $2 AND kind <> 'access'",
                    )
                    .bind(used)
                    .bind(now)
                    .bind(grace_ends)
                    .execute(&mut *transaction)
                    .await?;
                    if won.rows_affected() == 1 {
                        sql::check(&successors, &grant)?;
                        Self::insert(&mut transaction, &successors).await?;
                        transaction.commit().await?;
                        return Ok(Exchange::Done);
                    }
                    let state: Option<(bool, i64, Option<i64>)> =
                        sqlx::query_as("SELECT used, expires, grace_ends FROM onec_mcp_tokens WHERE digest = $1")
                            .bind(used)
                            .fetch_optional(&mut *transaction)
                            .await?;
                    match state {
                        Some((true, expires, Some(ends))) if ends > now => {
                            if expires <= now {
                                return Ok(Exchange::Gone);
                            }
                            sql::check(&successors, &grant)?;
                            Self::insert(&mut transaction, &successors).await?;
                            transaction.commit().await?;
                            Ok(Exchange::Repeated)
                        }
                        Some((true, ..)) => {
                            sqlx::query("DELETE FROM onec_mcp_grants WHERE id = $1")
                                .bind(grant)
                                .execute(&mut *transaction)
                                .await?;
                            transaction.commit().await?;
                            Ok(Exchange::Replayed)
                        }
                        _ => Ok(Exchange::Gone),
                    }
                })
                .await
            }

            async fn first_use(&self, id: &Digest, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
                let query = sqlx::query(
                    "INSERT INTO onec_mcp_once (id, expires) VALUES ($1, $2) \
                     ON CONFLICT (id) DO UPDATE SET expires = excluded.expires WHERE onec_mcp_once.expires <= $3",
                );
                let query = query.bind(id.as_bytes().as_slice()).bind(until).bind(now);
                Ok(sql::bounded(query.execute(&self.write)).await?.rows_affected() == 1)
            }

            async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
                let query = sqlx::query(
                    "INSERT INTO onec_mcp_logins (account, known, expires) VALUES ($1, $2, $3) \
                     ON CONFLICT (account) DO UPDATE SET known = excluded.known, expires = excluded.expires",
                );
                let query = query.bind(account.as_bytes().as_slice()).bind(known).bind(until);
                sql::bounded(query.execute(&self.write)).await?;
                Ok(())
            }

            async fn login(&self, account: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
                let query =
                    sqlx::query_scalar("SELECT known FROM onec_mcp_logins WHERE account = $1 AND expires > $2");
                let query = query.bind(account.as_bytes().as_slice()).bind(now);
                sql::bounded(query.fetch_optional(&self.read)).await
            }

            async fn revoke_grant(&self, id: &str) -> Result<(), StoreError> {
                if sql::askable(id) {
                    let query = sqlx::query("DELETE FROM onec_mcp_grants WHERE id = $1").bind(id);
                    sql::bounded(query.execute(&self.write)).await?;
                }
                Ok(())
            }

            async fn revoke_subject(&self, subject: &str) -> Result<(), StoreError> {
                if sql::askable(subject) {
                    // In a fixed order, so that two of these statements do not deadlock.
                    let query = sqlx::query(concat!(
                        "DELETE FROM onec_mcp_grants WHERE id IN \
                         (SELECT id FROM onec_mcp_grants WHERE subject = $1 ORDER BY id",
                        $lock,
                        ")"
                    ));
                    sql::bounded(query.bind(subject).execute(&self.write)).await?;
                }
                Ok(())
            }

            async fn revoke_token(&self, digest: &Digest) -> Result<(), StoreError> {
                let query = sqlx::query("DELETE FROM onec_mcp_tokens WHERE digest = $1");
                sql::bounded(query.bind(digest.as_bytes().as_slice()).execute(&self.write)).await?;
                Ok(())
            }

            async fn sweep(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
                self.swept(now, idle).await
            }

            async fn close(&self) {
                self.end().await;
            }
        }
    };
}
pub(super) use token_store;
