//! [`Limits`]: how often one address may use the authorization server.

use crate::auth::buckets::ByNetwork;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// How many requests a minute one client address may make to each endpoint of the authorization
/// server. More get 429 with `Retry-After`.
///
/// By default 10 to the authorization endpoint, 30 to registration and 120 to the token endpoint.
/// All of them may come at once; then they are granted again one by one, evenly over the minute.
///
/// IPv6 addresses count together by their /64, which is what one customer gets; a /56 may do 4 times as
/// much, and a /48 16 times. Requests whose address is unknown share one count. Up to 10 000 networks are
/// remembered for each endpoint, and as many more that are held up.
/// Clones share the counts.
#[derive(Clone, Debug)]
pub struct Limits {
    authorize: Limit,
    register: Limit,
    token: Limit,
}

type Limit = Option<Arc<ByNetwork>>;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/authorize`, the page and what it posts.
    Authorize,
    /// `/register`.
    Register,
    /// `/token` and `/revoke`.
    Token,
}

impl Default for Limits {
    fn default() -> Self {
        Self::unlimited().authorize(10).register(30).token(120)
    }
}

impl Limits {
    /// No limits: for tests, or where something before this server limits already.
    pub const fn unlimited() -> Self {
        Self { authorize: None, register: None, token: None }
    }

    /// Requests a minute to the authorization endpoint; 0 for any number.
    #[must_use]
    pub fn authorize(self, per_minute: u32) -> Self {
        Self { authorize: limit(per_minute), ..self }
    }

    /// Requests a minute to the registration endpoint; 0 for any number.
    #[must_use]
    pub fn register(self, per_minute: u32) -> Self {
        Self { register: limit(per_minute), ..self }
    }

    /// Requests a minute to the token and revocation endpoints; 0 for any number.
    #[must_use]
    pub fn token(self, per_minute: u32) -> Self {
        Self { token: limit(per_minute), ..self }
    }

    /// Counts a request, or says after how many whole seconds the next one is welcome.
    pub(crate) fn check(&self, endpoint: Endpoint, address: Option<IpAddr>) -> Result<(), Duration> {
        let limit = match endpoint {
            Endpoint::Authorize => &self.authorize,
            Endpoint::Register => &self.register,
            Endpoint::Token => &self.token,
        };
        limit.as_ref().map_or(Ok(()), |limit| limit.check(address))
    }
}

fn limit(per_minute: u32) -> Limit {
    NonZeroU32::new(per_minute).map(|events| Arc::new(ByNetwork::per_minute(events)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn allowed(limits: &Limits, endpoint: Endpoint, address: Option<IpAddr>) -> usize {
        (0..1_000).take_while(|_| limits.check(endpoint, address).is_ok()).count()
    }

    #[test]
    fn the_defaults() {
        let limits = Limits::default();
        for (endpoint, count) in [(Endpoint::Authorize, 10), (Endpoint::Register, 30), (Endpoint::Token, 120)] {
            let found = allowed(&limits, endpoint, address("198.51.100.1"));
            // A slow machine may see the first ones granted again.
            assert!((count..count + 5).contains(&found), "{endpoint:?}: {found}");
            let wait = limits.check(endpoint, address("198.51.100.1")).unwrap_err();
            assert!(wait.as_secs() >= 1 && wait.subsec_nanos() == 0, "{wait:?}");
        }
    }

    #[test]
    fn what_counts_together() {
        let limits = Limits::unlimited().authorize(1);
        let check = |text| limits.check(Endpoint::Authorize, address(text)).is_ok();
        assert!(check("2001:db8:1:2::1"));
        assert!(!check("2001:db8:1:2:ffff::9"));
        assert!(check("2001:db8:1:3::1"));
        assert!(check("198.51.100.1"));
        assert!(check("198.51.100.2"));
        assert!(!check("::ffff:198.51.100.1"));
        assert!(limits.check(Endpoint::Authorize, None).is_ok());
        assert!(limits.check(Endpoint::Authorize, None).is_err());
        assert!(limits.clone().check(Endpoint::Authorize, None).is_err(), "clones share the count");
    }

    #[test]
    fn no_limit() {
        assert_eq!(allowed(&Limits::unlimited(), Endpoint::Token, None), 1_000);
        assert_eq!(allowed(&Limits::default().token(0), Endpoint::Token, None), 1_000);
    }
}
