//! [`MemoryStore`]: a token store in memory, until the process ends.

mod state;

use self::state::{Kept, Known, State};
use super::{Client, Exchange, FOREIGN, Found, Grant, NOTED, StoreError, Token, TokenKind, TokenStore, UNUSED, belong};
use crate::auth::{Digest, Timestamp};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A [`TokenStore`] in memory: a restart logs all users out.
///
/// It holds no more than its capacity. When it is full:
///
/// - *Clients* that have no grant are forgotten and have to register again: those that were never used first, then the
///   ones used the longest ago. A client that registered within the last 10 minutes stays. If there is none to forget,
///   no more clients can register.
/// - *Tokens*: expired ones are forgotten first, then the grants whose last token expires the soonest, with a warning
///   in the log; the users of those grants have to log in again.
/// - *Tokens of one grant* (256): used ones are forgotten first, then those that expire the soonest.
/// - *Known logins*: those that expire the soonest are forgotten.
/// - *Ids that may come once* (of assertions): new ones are rejected until some have expired.
///
/// Cloning is cheap; clones share their content.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    capacity: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Creates a store with room for 50 000 clients and 50 000 codes and tokens.
    pub fn new() -> Self {
        Self::with_capacity(50_000)
    }

    /// Creates a store with room for `capacity` clients, and as many codes and tokens.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { state: Arc::default(), capacity }
    }

    /// Returns the locked state. No method panics halfway, so the state is consistent even if the lock is poisoned.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    async fn put_client(&self, client: Client) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(known) = state.clients.get_mut(&client.id) {
            known.client = client;
            return Ok(());
        }
        if state.clients.len() >= self.capacity {
            // Several at once, since the search is slow.
            state.forget_clients(1 + self.capacity / 64, client.registered)?;
        }
        state.clients.insert(client.id.clone(), Known { client, used: None });
        Ok(())
    }

    async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        Ok(self.state().clients.get(id).map(|known| known.client.clone()))
    }

    async fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> Result<(), StoreError> {
        let mut state = self.state();
        if !belong(&tokens, &grant.id) {
            return Err(StoreError::new(FOREIGN));
        }
        if state.grants.contains_key(&grant.id) || state.any_known(&tokens) {
            return Err(StoreError::new("a grant or token that exists"));
        }
        state.make_room(tokens.len(), self.capacity, grant.created)?;
        let id = grant.id.clone();
        if let Some(known) = state.clients.get_mut(&grant.client)
            && known.used.is_none_or(|used| used.saturating_add(NOTED) < grant.created)
        {
            known.used = Some(grant.created);
        }
        state.grants.insert(id.clone(), (grant, BTreeSet::new()));
        state.insert(&id, tokens);
        Ok(())
    }

    async fn find(&self, digest: &Digest) -> Result<Option<Found>, StoreError> {
        let state = self.state();
        Ok(state.tokens.get(digest).and_then(|Kept { token, used, grace_ends }| {
            let (grant, _) = state.grants.get(&token.grant)?;
            Some(Found { token: token.clone(), grant: grant.clone(), used: *used, grace_ends: *grace_ends })
        }))
    }

    async fn exchange(
        &self,
        used: &Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let mut state = self.state();
        let Some(kept) = state.tokens.get(used) else { return Ok(Exchange::Gone) };
        let (grant, again) = (kept.token.grant.clone(), kept.used);
        if again && kept.grace_ends.is_none_or(|ends| ends <= now) {
            state.forget_grant(&grant);
            return Ok(Exchange::Replayed);
        }
        if kept.token.kind == TokenKind::Access || kept.token.expires <= now {
            return Ok(Exchange::Gone);
        }
        if !belong(&successors, &grant) {
            return Err(StoreError::new(FOREIGN));
        }
        if state.any_known(&successors) {
            return Err(StoreError::new("a token that exists"));
        }
        // Only after the checks, so that an invalid token cannot displace others. It may be the one that is forgotten.
        state.make_room(successors.len(), self.capacity, now)?;
        let Some(Kept { token, used, grace_ends }) = state.tokens.get_mut(used) else { return Ok(Exchange::Gone) };
        if !again {
            *used = true;
            *grace_ends = (grace > 0 && token.kind == TokenKind::Refresh).then(|| now.saturating_add(grace));
            if grace_ends.is_none() {
                // The credentials are forgotten, since the token cannot be used again.
                token.sealed = None;
            }
        }
        state.insert(&grant, successors);
        Ok(if again { Exchange::Repeated } else { Exchange::Done })
    }

    async fn first_use(&self, id: &Digest, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.once.get(id).is_some_and(|until| *until > now) {
            return Ok(false);
        }
        if state.once.len() >= self.capacity && state.forget_uses(now) == 0 {
            // An id that is forgotten early could be used again.
            return Err(StoreError::new("there is no room to remember what came once"));
        }
        state.once.insert(*id, until);
        Ok(true)
    }

    async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.logins.len() >= self.capacity && !state.logins.contains_key(account) {
            // Several at once, since the search is slow.
            let mut ends: Vec<_> = state.logins.iter().map(|(account, (_, until))| (*until, *account)).collect();
            ends.sort_unstable();
            for (_, account) in ends.into_iter().take(1 + self.capacity / 64) {
                state.logins.remove(&account);
            }
        }
        state.logins.insert(*account, (known, until));
        Ok(())
    }

    async fn login(&self, account: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let known = self.state().logins.get(account).filter(|(_, until)| *until > now).cloned();
        Ok(known.map(|(known, _)| known))
    }

    async fn revoke_grant(&self, id: &str) -> Result<(), StoreError> {
        self.state().forget_grant(id);
        Ok(())
    }

    async fn revoke_subject(&self, subject: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        let theirs = state.grants.values().filter(|(grant, _)| grant.subject == subject);
        let theirs: Vec<String> = theirs.map(|(grant, _)| grant.id.clone()).collect();
        theirs.iter().for_each(|id| state.forget_grant(id));
        Ok(())
    }

    async fn revoke_token(&self, digest: &Digest) -> Result<(), StoreError> {
        self.state().forget_token(digest);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let mut gone = state.forget_expired(now) + state.forget_uses(now) + state.forget_logins(now);
        let State { clients, grants, .. } = &mut *state;
        let holders: BTreeSet<&str> = grants.values().map(|(grant, _)| grant.client.as_str()).collect();
        let before = clients.len();
        let (idle, unused) = (now.saturating_sub(idle), now.saturating_sub(idle.min(UNUSED)));
        clients.retain(|id, Known { client, used }| {
            used.map_or(client.registered >= unused, |used| used >= idle) || holders.contains(id.as_str())
        });
        gone += before - clients.len();
        Ok(gone as u64)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
