//! The time for which a document may be cached.

use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA};
use http::{HeaderValue, Request, Response};
use http_cache_semantics::{CacheOptions, CachePolicy};
use std::time::{Duration, SystemTime};

/// The lifetime of documents whose headers name none.
const DEFAULT: Duration = Duration::from_secs(5 * 60);

/// The longest lifetime, whatever the headers say.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns how long the answer may be used from `now` on, by its headers
/// ([RFC 9111](https://www.rfc-editor.org/rfc/rfc9111#section-4.2)).
pub(super) fn lifetime<B>(request: &Request<()>, response: &Response<B>, now: SystemTime) -> Duration {
    if ![CACHE_CONTROL, EXPIRES, PRAGMA].iter().any(|name| response.headers().contains_key(name)) {
        return DEFAULT;
    }
    let mut answer = Response::new(());
    *answer.status_mut() = response.status();
    for (name, value) in response.headers() {
        // Names of directives may be in any case, but the policy knows them in lower case only.
        let lower = (name == CACHE_CONTROL).then(|| HeaderValue::from_bytes(&value.as_bytes().to_ascii_lowercase()));
        answer.headers_mut().append(name, lower.and_then(Result::ok).unwrap_or_else(|| value.clone()));
    }
    // The cache serves one server only, so `private` does not matter and `s-maxage` does not apply.
    let options = CacheOptions { shared: false, ..CacheOptions::default() };
    let policy = CachePolicy::new_options(request, &answer, now, options);
    if policy.is_storable() { policy.time_to_live(now).min(LONGEST) } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(headers: &[(&str, &str)]) -> u64 {
        let mut response = Response::builder();
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        // 2026-07-28, 12:00:00 UTC
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_785_240_000);
        let request = Request::get("https://h/c").body(()).unwrap();
        lifetime(&request, &response.body("").unwrap(), now).as_secs()
    }

    #[test]
    fn by_the_headers() {
        for (headers, expected) in [
            (&[][..], 300),
            (&[("etag", "\"x\"")], 300),
            (&[("cache-control", "max-age=60")], 60),
            (&[("cache-control", "public, Max-Age=\"60\"")], 60),
            (&[("cache-control", "private, max-age=60")], 60),
            (&[("cache-control", "max-age=60, s-maxage=600")], 60),
            (&[("cache-control", "max-age=60"), ("age", "20")], 40),
            (&[("cache-control", "max-age=60"), ("age", "70")], 0),
            (&[("cache-control", "public"), ("cache-control", "max-age=60")], 60),
            (&[("cache-control", "max-age=0")], 0),
            (&[("cache-control", "no-store, max-age=60")], 0),
            (&[("cache-control", "No-Store, max-age=60")], 0),
            (&[("cache-control", "max-age=60, No-Cache")], 0),
            (&[("cache-control", "max-age=60, no-cache")], 0),
            (&[("cache-control", "max-age=9999999")], 86_400),
            (&[("cache-control", "max-age=18446744073709551615"), ("age", "18446744073709551615")], 0),
            (&[("cache-control", "max-age=99999999999999999999999")], 0),
            (&[("cache-control", "max-age=-1")], 0),
            (&[("cache-control", "max-age=x")], 0),
            (&[("cache-control", "=,;;\"")], 0),
            (&[("expires", "0")], 0),
            (&[("expires", "Tue, 28 Jul 2026 12:10:00 GMT"), ("date", "Tue, 28 Jul 2026 12:00:00 GMT")], 600),
            (&[("expires", "Tue, 28 Jul 2026 11:00:00 GMT"), ("date", "Tue, 28 Jul 2026 12:00:00 GMT")], 0),
            (&[("pragma", "no-cache")], 0),
        ] {
            assert_eq!(seconds(headers), expected, "{headers:?}");
        }
    }
}
