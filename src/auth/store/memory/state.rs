//! [`State`]: the content of a store in memory, and what is forgotten first when there is no room.

use crate::auth::store::{Client, Grant, JUST_REGISTERED, NO_ROOM, StoreError, Token};
use crate::auth::{Digest, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// How many tokens one grant may have, used ones included.
const PER_GRANT: usize = 256;

/// The content of a [`MemoryStore`](super::MemoryStore), and what of it is forgotten when there is no room.
#[derive(Default)]
pub(super) struct State {
    pub(super) clients: HashMap<String, Known>,
    /// The grants, each with the digests of its tokens.
    pub(super) grants: HashMap<String, (Grant, BTreeSet<Digest>)>,
    pub(super) tokens: HashMap<Digest, Kept>,
    /// Ids that have been used, and when they expire.
    pub(super) once: HashMap<Digest, Timestamp>,
    /// What is known of the logins of accounts, and when it expires.
    pub(super) logins: HashMap<Digest, (Vec<u8>, Timestamp)>,
}

/// A client, and when it was last used.
pub(super) struct Known {
    pub(super) client: Client,
    pub(super) used: Option<Timestamp>,
}

/// A token, and whether it was used.
pub(super) struct Kept {
    pub(super) token: Token,
    pub(super) used: bool,
    pub(super) grace_ends: Option<Timestamp>,
}

impl Kept {
    /// The order in which tokens of a grant are forgotten: used ones that cannot come again, then those that expire
    /// soonest.
    fn rank(&self) -> (bool, Timestamp, Digest) {
        (!self.used || self.grace_ends.is_some(), self.token.expires, self.token.digest)
    }
}

impl State {
    pub(super) fn forget_grant(&mut self, id: &str) {
        if let Some((_, digests)) = self.grants.remove(id) {
            for digest in digests {
                self.tokens.remove(&digest);
            }
        }
    }

    pub(super) fn forget_token(&mut self, digest: &Digest) {
        if let Some(Kept { token, .. }) = self.tokens.remove(digest)
            && let Some((_, digests)) = self.grants.get_mut(&token.grant)
        {
            digests.remove(digest);
        }
    }

    /// Forgets expired tokens, ended graces and grants without tokens; returns how many tokens and grants were
    /// forgotten.
    pub(super) fn forget_expired(&mut self, now: Timestamp) -> usize {
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

    /// Forgets used ids that have expired; returns how many.
    pub(super) fn forget_uses(&mut self, now: Timestamp) -> usize {
        let before = self.once.len();
        self.once.retain(|_, until| *until > now);
        before - self.once.len()
    }

    /// Forgets clients that have no grant: those never used first, then those used the longest ago.
    pub(super) fn forget_clients(&mut self, most: usize, now: Timestamp) -> Result<(), StoreError> {
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

    /// Forgets known logins that have expired; returns how many.
    pub(super) fn forget_logins(&mut self, now: Timestamp) -> usize {
        let before = self.logins.len();
        self.logins.retain(|_, (_, until)| *until > now);
        before - self.logins.len()
    }

    /// Makes room for `more` tokens, and for an eighth of the capacity if anything must be forgotten, since the search
    /// is slow.
    pub(super) fn make_room(&mut self, more: usize, capacity: usize, now: Timestamp) -> Result<(), StoreError> {
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

    pub(super) fn insert(&mut self, grant: &str, tokens: Vec<Token>) {
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

    /// Whether one of these tokens exists already or is there twice.
    pub(super) fn any_known(&self, tokens: &[Token]) -> bool {
        let mut digests = BTreeSet::new();
        tokens.iter().any(|token| self.tokens.contains_key(&token.digest) || !digests.insert(token.digest))
    }
}
