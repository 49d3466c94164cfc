//! The statements that make room in the stores in databases: for expired rows, and for rows above a limit.

/// Adds the limits and the sweep to a type with the pools `read` and `write`.
macro_rules! store_room {
    ($store:ty, skip: $skip:literal) => {
        impl $store {
            /// Sets how many registered clients are stored at most; 50 000 by default. When there are more, see
            /// [`TokenStore::put_client`].
            #[must_use]
            pub fn most_clients(self, clients: u32) -> Self {
                Self { clients: i64::from(clients), ..self }
            }

            /// Deletes clients that have no grant, if there are too many: several at once, since the search is slow.
            async fn make_room_for_client(&self, now: Timestamp) -> Result<(), sqlx::Error> {
                const IDLE: &str = concat!(
                    "DELETE FROM onec_mcp_clients WHERE id IN (SELECT c.id FROM onec_mcp_clients c \
                     WHERE c.registered < $2 AND NOT EXISTS \
                     (SELECT 1 FROM onec_mcp_grants g WHERE g.client = c.id) \
                     ORDER BY c.used IS NOT NULL, COALESCE(c.used, c.registered), c.id LIMIT $1",
                    $skip,
                    ")"
                );
                let count: i64 =
                    sqlx::query_scalar("SELECT COUNT(*) FROM onec_mcp_clients").fetch_one(&self.write).await?;
                if count < self.clients {
                    return Ok(());
                }
                let query = sqlx::query(IDLE).bind(1 + self.clients / 64).bind(now.saturating_sub(JUST_REGISTERED));
                match query.execute(&self.write).await?.rows_affected() {
                    0 => Err(sqlx::Error::InvalidArgument(NO_ROOM.to_owned())),
                    _ => Ok(()),
                }
            }

            /// Deletes known logins above the limit, those that expire the soonest.
            async fn trim_logins(&self) -> Result<u64, StoreError> {
                let query = sqlx::query(
                    "DELETE FROM onec_mcp_logins WHERE expires < \
                     (SELECT expires FROM onec_mcp_logins ORDER BY expires DESC LIMIT 1 OFFSET $1)",
                );
                let query = query.bind(sql::MOST_LOGINS.saturating_sub(1));
                Ok(sql::bounded(query.execute(&self.write)).await?.rows_affected())
            }

            /// Repeats a statement that changes a limited number of rows, until it changes fewer.
            async fn in_batches(&self, statement: &'static str, before: Option<Timestamp>) -> Result<u64, StoreError> {
                let mut total = 0;
                loop {
                    let query = sqlx::query(statement).bind(sql::BATCH.cast_signed());
                    let query = if before.is_some() { query.bind(before) } else { query };
                    let gone = sql::bounded(query.execute(&self.write)).await?.rows_affected();
                    total += gone;
                    if gone < sql::BATCH {
                        return Ok(total);
                    }
                }
            }

            /// Implements [`TokenStore::sweep`].
            async fn swept(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
                const TOKENS: &str = concat!(
                    "DELETE FROM onec_mcp_tokens WHERE digest IN \
                     (SELECT digest FROM onec_mcp_tokens WHERE expires <= $2 LIMIT $1",
                    $skip,
                    ")"
                );
                const GRACE: &str = concat!(
                    "UPDATE onec_mcp_tokens SET sealed = NULL, grace_ends = NULL WHERE digest IN \
                     (SELECT digest FROM onec_mcp_tokens WHERE grace_ends <= $2 LIMIT $1",
                    $skip,
                    ")"
                );
                const ONCE: &str = concat!(
                    "DELETE FROM onec_mcp_once WHERE id IN \
                     (SELECT id FROM onec_mcp_once WHERE expires <= $2 LIMIT $1",
                    $skip,
                    ")"
                );
                const LOGINS: &str = concat!(
                    "DELETE FROM onec_mcp_logins WHERE account IN \
                     (SELECT account FROM onec_mcp_logins WHERE expires <= $2 LIMIT $1",
                    $skip,
                    ")"
                );
                const GRANTS: &str = concat!(
                    "DELETE FROM onec_mcp_grants WHERE id IN (SELECT g.id FROM onec_mcp_grants g WHERE NOT EXISTS \
                     (SELECT 1 FROM onec_mcp_tokens t WHERE t.grant_id = g.id) LIMIT $1",
                    $skip,
                    ")"
                );
                const CLIENTS: &str = concat!(
                    "DELETE FROM onec_mcp_clients WHERE id IN (SELECT c.id FROM onec_mcp_clients c \
                     WHERE c.used < $2 AND NOT EXISTS \
                     (SELECT 1 FROM onec_mcp_grants g WHERE g.client = c.id) LIMIT $1",
                    $skip,
                    ")"
                );
                const UNUSED_CLIENTS: &str = concat!(
                    "DELETE FROM onec_mcp_clients WHERE id IN (SELECT c.id FROM onec_mcp_clients c \
                     WHERE c.used IS NULL AND c.registered < $2 AND NOT EXISTS \
                     (SELECT 1 FROM onec_mcp_grants g WHERE g.client = c.id) LIMIT $1",
                    $skip,
                    ")"
                );
                let tokens = self.in_batches(TOKENS, Some(now)).await?;
                self.in_batches(GRACE, Some(now)).await?;
                let once = self.in_batches(ONCE, Some(now)).await?;
                let logins = self.in_batches(LOGINS, Some(now)).await? + self.trim_logins().await?;
                let grants = self.in_batches(GRANTS, None).await?;
                let clients = self.in_batches(CLIENTS, Some(now.saturating_sub(idle))).await?;
                let unused = self.in_batches(UNUSED_CLIENTS, Some(now.saturating_sub(idle.min(UNUSED)))).await?;
                Ok(tokens + once + logins + grants + clients + unused)
            }
        }
    };
}
pub(in crate::auth::store) use store_room;
