//! [`MemoryStore`]: what is remembered, until the process ends.

use super::{
    Client, Exchange, FOREIGN, Found, Grant, JUST_REGISTERED, Kind, NO_ROOM, NOTED, StoreError, Token, TokenStore,
    UNUSED, belong,
};
use crate::auth::{Digest, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A [`TokenStore`] in memory: a restart logs everybody out.
///
/// It holds no more than its capacity. What happens when it is full:
///
/// - *Clients* that have no grant are forgotten and have to register again: those through which nobody
///   ever logged in first, then the ones used the longest ago. One that registered within the last 10
///   minutes stays. If there is none to forget, no more can register.
/// - *Tokens*: what has expired is forgotten first; then the grants whose last token expires the
///   soonest, with a warning in the log; those users have to log in again.
/// - *Tokens of one grant* (256): used ones are forgotten first, then those that expire the soonest.
/// - *Known logins*: those that end the soonest are forgotten.
/// - *What came once* (the ids of assertions): no more can come until the time of some is over.
///
/// Cloning is cheap; clones share what they remember.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    capacity: usize,
}

/// How many tokens one grant may have, used ones included.
const PER_GRANT: usize = 256;

#[derive(Default)]
struct State {
    clients: HashMap<String, Known>,
    /// With the digests of their tokens.
    grants: HashMap<String, (Grant, BTreeSet<Digest>)>,
    tokens: HashMap<Digest, Kept>,
    /// What came for the first time, and until when that counts.
    once: HashMap<Digest, Timestamp>,
    /// What is known of the logins of accounts, and until when.
    logins: HashMap<Digest, (Vec<u8>, Timestamp)>,
}

/// A client, and when it was used.
struct Known {
    client: Client,
    used: Option<Timestamp>,
}

struct Kept {
    token: Token,
    used: bool,
    grace_ends: Option<Timestamp>,
}

impl Kept {
    /// What of a grant goes first: used ones that cannot come again, then those that expire soonest.
    fn rank(&self) -> (bool, Timestamp, Digest) {
        (!self.used || self.grace_ends.is_some(), self.token.expires, self.token.digest)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Room for 50 000 clients and 50 000 codes and tokens.
    pub fn new() -> Self {
        Self::with_capacity(50_000)
    }

    /// Room for so many clients, and as many codes and tokens.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { state: Arc::default(), capacity }
    }

    /// No method panics halfway, so what a poisoned lock guards is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_grant(&mut self, id: &str) {
        if let Some((_, digests)) = self.grants.remove(id) {
            for digest in digests {
                self.tokens.remove(&digest);
            }
        }
    }

    fn forget_token(&mut self, digest: &Digest) {
        if let Some(Kept { token, .. }) = self.tokens.remove(digest)
            && let Some((_, digests)) = self.grants.get_mut(&token.grant)
        {
            digests.remove(digest);
        }
    }

    /// Tokens that do not count any more, and grants without tokens.
    fn forget_expired(&mut self, now: Timestamp) -> usize {
        let before = self.tokens.len() + self.grants.len();
        let mut expired = Vec::new();
        for Kept { token, grace_ends, .. } in self.tokens.values_mut() {
            if token.expires <= now {
                expired.push(token.digest);
            } else if grace_ends.is_some_and(|ends| ends <= now) {
                (*grace_ends, token.sealed) = (None, None);
            }
        }
        for digest in &expired {
            self.forget_token(digest);
        }
        self.grants.retain(|_, (_, digests)| !digests.is_empty());
        before - self.tokens.len() - self.grants.len()
    }

    /// What came once and may come again by now; how many went.
    fn forget_uses(&mut self, now: Timestamp) -> usize {
        let before = self.once.len();
        self.once.retain(|_, until| *until > now);
        before - self.once.len()
    }

    /// Clients that have no grant, the least wanted first.
    fn forget_clients(&mut self, most: usize, now: Timestamp) -> Result<(), StoreError> {
        let holders: BTreeSet<&str> = self.grants.values().map(|(grant, _)| grant.client.as_str()).collect();
        let settled = now.saturating_sub(JUST_REGISTERED);
        let idle = self
            .clients
            .values()
            .filter(|Known { client, .. }| client.registered < settled && !holders.contains(client.id.as_str()));
        let mut idle: Vec<_> =
            idle.map(|Known { client, used }| (*used, client.registered, client.id.clone())).collect();
        if idle.is_empty() {
            return Err(StoreError::new(NO_ROOM));
        }
        idle.sort_unstable();
        for (_, _, id) in idle.into_iter().take(most) {
            self.clients.remove(&id);
        }
        Ok(())
    }

    /// Known logins whose time is over; how many went.
    fn forget_logins(&mut self, now: Timestamp) -> usize {
        let before = self.logins.len();
        self.logins.retain(|_, (_, until)| *until > now);
        before - self.logins.len()
    }

    /// Makes room for `more` tokens, and for an eighth of the capacity if anything must go: looking
    /// for what goes takes long.
    fn make_room(&mut self, more: usize, capacity: usize, now: Timestamp) -> Result<(), StoreError> {
        if more > capacity.min(PER_GRANT) {
            return Err(StoreError::new("more tokens than there is room for"));
        }
        if self.tokens.len() + more <= capacity && self.grants.len() < capacity {
            return Ok(());
        }
        self.forget_expired(now);
        if self.tokens.len() + more <= capacity && self.grants.len() < capacity {
            return Ok(());
        }
        let last = |digests: &BTreeSet<Digest>| {
            digests.iter().filter_map(|digest| self.tokens.get(digest)).map(|kept| kept.token.expires).max()
        };
        let mut grants: Vec<_> = self.grants.iter().map(|(id, (_, digests))| (last(digests), id.clone())).collect();
        grants.sort_unstable();
        let room = more.max(capacity / 8);
        let mut forgotten = 0_usize;
        for (_, id) in grants {
            if self.tokens.len() + room <= capacity && self.grants.len() + room.min(capacity) <= capacity {
                break;
            }
            self.forget_grant(&id);
            forgotten += 1;
        }
        tracing::warn!(forgotten, "the token store is full: these logins were forgotten");
        Ok(())
    }

    fn insert(&mut self, grant: &str, tokens: Vec<Token>) {
        let Some((_, digests)) = self.grants.get_mut(grant) else { return };
        for token in tokens {
            digests.insert(token.digest);
            self.tokens.insert(token.digest, Kept { token, used: false, grace_ends: None });
        }
        if digests.len() > PER_GRANT {
            let known = |digest: &Digest| self.tokens.get(digest).map(Kept::rank);
            let mut ranked: Vec<_> = digests.iter().filter_map(known).collect();
            ranked.sort_unstable();
            ranked.truncate(digests.len() - PER_GRANT);
            for (_, _, digest) in ranked {
                self.forget_token(&digest);
            }
        }
    }

    /// Whether one of these would take the place of another.
    fn any_known(&self, tokens: &[Token]) -> bool {
        let mut digests = BTreeSet::new();
        tokens.iter().any(|token| self.tokens.contains_key(&token.digest) || !digests.insert(token.digest))
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
            // Some at once, since looking for them takes long.
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
        if kept.token.kind == Kind::Access || kept.token.expires <= now {
            return Ok(Exchange::Gone);
        }
        if !belong(&successors, &grant) {
            return Err(StoreError::new(FOREIGN));
        }
        if state.any_known(&successors) {
            return Err(StoreError::new("a token that exists"));
        }
        // Only now: nobody makes others go with a token that is none. It may be the one that goes.
        state.make_room(successors.len(), self.capacity, now)?;
        let Some(Kept { token, used, grace_ends }) = state.tokens.get_mut(used) else { return Ok(Exchange::Gone) };
        if !again {
            *used = true;
            *grace_ends = (grace > 0 && token.kind == Kind::Refresh).then(|| now.saturating_add(grace));
            if grace_ends.is_none() {
                // What it carried goes: nobody may open it again.
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
            // Whatever went could come again.
            return Err(StoreError::new("there is no room to remember what came once"));
        }
        state.once.insert(*id, until);
        Ok(true)
    }

    async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.logins.len() >= self.capacity && !state.logins.contains_key(account) {
            // Some at once, since looking for them takes long.
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
