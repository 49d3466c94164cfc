//! A token store of the house's own: each method is one transaction of its database.

use onec_mcp::auth::store::{Client, Exchange, Found, Grant, StoreError, Token, TokenKind, TokenStore, UNUSED};
use onec_mcp::auth::{Digest, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The store. Clones share what is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HouseStore(Arc<Mutex<Tables>>);

/// The tables of the database, for which maps stand here.
#[derive(Debug, Default)]
struct Tables {
    /// Each client, with when it was last used.
    clients: HashMap<String, (Client, Option<Timestamp>)>,
    grants: HashMap<String, Grant>,
    tokens: HashMap<Digest, Row>,
    /// What came once, and until when it may not come again.
    once: HashMap<Digest, Timestamp>,
    logins: HashMap<Digest, (Vec<u8>, Timestamp)>,
}

#[derive(Debug)]
struct Row {
    token: Token,
    used: bool,
    grace_ends: Option<Timestamp>,
}

impl HouseStore {
    /// Begins a transaction, which ends when the guard is dropped.
    fn begin(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// Inserts tokens of this grant, all or none.
    fn insert(&mut self, grant: &str, tokens: Vec<Token>) -> Result<(), StoreError> {
        if tokens.iter().any(|token| token.grant != grant || self.tokens.contains_key(&token.digest)) {
            return Err(StoreError::new("a token of another grant, or one that exists"));
        }
        for token in tokens {
            self.tokens.insert(token.digest, Row { token, used: false, grace_ends: None });
        }
        Ok(())
    }

    fn revoke(&mut self, grant: &str) {
        self.grants.remove(grant);
        self.tokens.retain(|_, row| row.token.grant != grant);
    }

    fn rows(&self) -> usize {
        self.clients.len() + self.grants.len() + self.tokens.len() + self.once.len() + self.logins.len()
    }
}

impl TokenStore for HouseStore {
    async fn put_client(&self, client: Client) -> Result<(), StoreError> {
        let mut tables = self.begin();
        let used = tables.clients.get(&client.id).and_then(|(_, used)| *used);
        tables.clients.insert(client.id.clone(), (client, used));
        Ok(())
    }

    async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        Ok(self.begin().clients.get(id).map(|(client, _)| client.clone()))
    }

    async fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> Result<(), StoreError> {
        let mut tables = self.begin();
        if tables.grants.contains_key(&grant.id) {
            return Err(StoreError::new("a grant that exists"));
        }
        tables.insert(&grant.id, tokens)?;
        if let Some((_, used)) = tables.clients.get_mut(&grant.client) {
            *used = Some(grant.created);
        }
        tables.grants.insert(grant.id.clone(), grant);
        Ok(())
    }

    async fn find(&self, digest: &Digest) -> Result<Option<Found>, StoreError> {
        let tables = self.begin();
        Ok(tables.tokens.get(digest).and_then(|Row { token, used, grace_ends }| {
            let grant = tables.grants.get(&token.grant)?.clone();
            Some(Found { token: token.clone(), grant, used: *used, grace_ends: *grace_ends })
        }))
    }

    async fn exchange(
        &self,
        used: &Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let mut tables = self.begin();
        let Some(row) = tables.tokens.get(used) else { return Ok(Exchange::Gone) };
        let (grant, again) = (row.token.grant.clone(), row.used);
        if again && row.grace_ends.is_none_or(|ends| ends <= now) {
            tables.revoke(&grant);
            return Ok(Exchange::Replayed);
        }
        if row.token.kind == TokenKind::Access || row.token.expires <= now {
            return Ok(Exchange::Gone);
        }
        tables.insert(&grant, successors)?;
        if again {
            return Ok(Exchange::Repeated);
        }
        if let Some(row) = tables.tokens.get_mut(used) {
            row.used = true;
            row.grace_ends = (grace > 0 && row.token.kind == TokenKind::Refresh).then(|| now.saturating_add(grace));
            if row.grace_ends.is_none() {
                // It cannot come again, so nobody needs the login that it carries.
                row.token.sealed = None;
            }
        }
        Ok(Exchange::Done)
    }

    async fn first_use(&self, id: &Digest, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let mut tables = self.begin();
        let is_first = tables.once.get(id).is_none_or(|until| *until <= now);
        if is_first {
            tables.once.insert(*id, until);
        }
        Ok(is_first)
    }

    async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
        self.begin().logins.insert(*account, (known, until));
        Ok(())
    }

    async fn login(&self, account: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let tables = self.begin();
        Ok(tables.logins.get(account).filter(|(_, until)| *until > now).map(|(known, _)| known.clone()))
    }

    async fn revoke_grant(&self, id: &str) -> Result<(), StoreError> {
        self.begin().revoke(id);
        Ok(())
    }

    async fn revoke_subject(&self, subject: &str) -> Result<(), StoreError> {
        let mut tables = self.begin();
        let theirs = tables.grants.values().filter(|grant| grant.subject == subject);
        let theirs = theirs.map(|grant| grant.id.clone()).collect::<Vec<_>>();
        theirs.iter().for_each(|id| tables.revoke(id));
        Ok(())
    }

    async fn revoke_token(&self, digest: &Digest) -> Result<(), StoreError> {
        self.begin().tokens.remove(digest);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.begin();
        let before = tables.rows();
        let Tables { clients, grants, tokens, once, logins } = &mut *tables;
        tokens.retain(|_, row| row.token.expires > now);
        for row in tokens.values_mut().filter(|row| row.grace_ends.is_some_and(|ends| ends <= now)) {
            (row.grace_ends, row.token.sealed) = (None, None);
        }
        grants.retain(|id, _| tokens.values().any(|row| row.token.grant == *id));
        once.retain(|_, until| *until > now);
        logins.retain(|_, (_, until)| *until > now);
        clients.retain(|id, (client, used)| {
            let ends = used.map_or(client.registered + idle.min(UNUSED), |used| used + idle);
            ends >= now || grants.values().any(|grant| grant.client == *id)
        });
        Ok((before - tables.rows()) as u64)
    }
}
