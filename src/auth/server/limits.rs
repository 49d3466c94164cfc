//! [`RateLimits`]: how often one address may call the authorization server.

use crate::auth::buckets::{ByNetwork, at_least_one};
#[cfg(doc)]
use crate::auth::login::Login;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Limits how many requests a minute one client address may send to each endpoint of the authorization server. Further
/// ones get 429 with `Retry-After`.
///
/// The defaults are 10 for the authorization endpoint, 30 for registration and 120 for the token endpoint. All of them
/// may come at once; then requests are allowed one by one, evenly over the minute.
///
/// At the authorization endpoint only errors count: wrong logins and malformed requests. Logins may be sent 6 times as
/// often, and the page may be shown 30 times as often, since many people may share an address. Users who have to wait
/// keep the form, and a login that is [known](Login::check_held) to have been right before need not wait because of the
/// errors of others.
///
/// IPv6 addresses count by their /64, which is what one customer gets; a /56 may do 4 times as much, and a /48 16
/// times. Requests whose address is unknown count together. Up to 10 000 networks are remembered for each endpoint, and
/// as many more that are blocked. Clones share the counts.
#[derive(Clone, Debug)]
pub struct RateLimits {
    page: Option<Arc<Page>>,
    register: Limit,
    token: Limit,
}

type Limit = Option<Arc<ByNetwork>>;

/// The limits of the login page.
#[derive(Debug)]
struct Page {
    failures: ByNetwork,
    posts: ByNetwork,
    views: ByNetwork,
}

/// How many logins, and how many views of the page, are allowed for each allowed error.
const POSTS: NonZeroU32 = at_least_one(6);
const VIEWS: NonZeroU32 = at_least_one(30);

/// An endpoint with a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/register`.
    Register,
    /// `/token` and `/revoke`.
    Token,
}

/// What may be done with a form that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Post {
    /// The form is processed.
    Welcome,
    /// The form is shown again, since too many were sent; with the time to wait.
    Again(Duration),
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::unlimited().authorize(10).register(30).token(120)
    }
}

impl RateLimits {
    /// Creates no limits: for tests, or where a layer before this server limits requests.
    pub const fn unlimited() -> Self {
        Self { page: None, register: None, token: None }
    }

    /// Sets how many errors a minute are allowed at the authorization endpoint; 0 for any number.
    #[must_use]
    pub fn authorize(self, per_minute: u32) -> Self {
        let page = NonZeroU32::new(per_minute).map(|failures| {
            let more = |share| ByNetwork::per_minute(failures.saturating_mul(share));
            Arc::new(Page { failures: more(NonZeroU32::MIN), posts: more(POSTS), views: more(VIEWS) })
        });
        Self { page, ..self }
    }

    /// Sets how many requests a minute are allowed at the registration endpoint; 0 for any number.
    #[must_use]
    pub fn register(self, per_minute: u32) -> Self {
        Self { register: limit(per_minute), ..self }
    }

    /// Sets how many requests a minute are allowed at the token and revocation endpoints; 0 for any number.
    #[must_use]
    pub fn token(self, per_minute: u32) -> Self {
        Self { token: limit(per_minute), ..self }
    }

    /// Counts a request, or returns how many whole seconds to wait for the next one.
    pub(crate) fn check(&self, endpoint: Endpoint, address: Option<IpAddr>) -> Result<(), Duration> {
        let limit = match endpoint {
            Endpoint::Register => &self.register,
            Endpoint::Token => &self.token,
        };
        limit.as_ref().map_or(Ok(()), |limit| limit.check(address))
    }

    /// Counts a view of the login page, or returns how long to wait.
    pub(crate) fn view(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.page.as_ref().map_or(Ok(()), |page| page.views.check(address))
    }

    /// Counts a form that is sent. An address that may not view the page any more does not get the form again either.
    pub(crate) fn post(&self, address: Option<IpAddr>) -> Result<Post, Duration> {
        let Some(page) = &self.page else { return Ok(Post::Welcome) };
        match page.posts.check(address) {
            Ok(()) => Ok(Post::Welcome),
            Err(wait) => page.views.check(address).map(|()| Post::Again(wait)),
        }
    }

    /// Returns how long to wait if there were too many errors at the login page.
    pub(crate) fn may_fail(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.page.as_ref().map_or(Ok(()), |page| page.failures.admit(address))
    }

    /// Counts an error at the login page.
    pub(crate) fn failed(&self, address: Option<IpAddr>) {
        if let Some(page) = &self.page {
            page.failures.count(address);
        }
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

    fn allowed(limits: &RateLimits, endpoint: Endpoint, address: Option<IpAddr>) -> usize {
        (0..1_000).take_while(|_| limits.check(endpoint, address).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn the_defaults() {
        let (limits, address) = (RateLimits::default(), address("198.51.100.1"));
        for (endpoint, count) in [(Endpoint::Register, 30), (Endpoint::Token, 120)] {
            assert_eq!(allowed(&limits, endpoint, address), count, "{endpoint:?}");
            let wait = limits.check(endpoint, address).unwrap_err();
            assert!(wait.as_secs() >= 1 && wait.subsec_nanos() == 0, "{wait:?}");
        }
        assert_eq!((0..1_000).take_while(|_| limits.post(address) == Ok(Post::Welcome)).count(), 60);
        let again = |_: &_| matches!(limits.post(address), Ok(Post::Again(wait)) if wait.as_secs() == 1);
        // The loop above has taken one more.
        assert_eq!((0..1_000).take_while(again).count(), 299);
        assert_eq!(limits.post(address), Err(Duration::from_secs(1)));
        assert_eq!(limits.view(address), Err(Duration::from_secs(1)));
        for _ in 0..10 {
            assert_eq!(limits.may_fail(address), Ok(()));
            limits.failed(address);
        }
        assert_eq!(limits.may_fail(address), Err(Duration::from_secs(6)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_counts_together() {
        let limits = RateLimits::unlimited().register(1);
        let check = |text| limits.check(Endpoint::Register, address(text)).is_ok();
        assert!(check("2001:db8:1:2::1"));
        assert!(!check("2001:db8:1:2:ffff::9"));
        assert!(check("2001:db8:1:3::1"));
        assert!(check("198.51.100.1"));
        assert!(check("198.51.100.2"));
        assert!(!check("::ffff:198.51.100.1"));
        assert!(limits.check(Endpoint::Register, None).is_ok());
        assert!(limits.check(Endpoint::Register, None).is_err());
        assert!(limits.clone().check(Endpoint::Register, None).is_err(), "clones share the count");
    }

    #[test]
    fn no_limit() {
        assert_eq!(allowed(&RateLimits::unlimited(), Endpoint::Token, None), 1_000);
        assert_eq!(allowed(&RateLimits::default().token(0), Endpoint::Token, None), 1_000);
        let limits = RateLimits::default().authorize(0);
        assert!((0..1_000).all(|_| limits.view(None).is_ok() && limits.post(None) == Ok(Post::Welcome)));
    }
}
