//! What must hold of redirect URIs and parameters whatever comes: shared by the property tests, the
//! corpus and the fuzz targets.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken invariant is a panic")]

use onec_mcp::fuzzing::oauth::{
    assertion as read_assertion, params, redirect_matches, redirect_uri, redirect_with, signed,
};
use url::{Host, Url, form_urlencoded};

/// A line to be registered, and one to be asked for.
pub(crate) fn redirect(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (registered, asked) = text.split_once('\n').unwrap_or((text, text));
    if redirect_uri(registered) {
        check(registered);
    }
    if redirect_matches(asked, registered) {
        check(asked);
        assert!(redirect_uri(registered) || asked == registered);
        if asked != registered {
            let (asked, registered) = (Url::parse(asked).unwrap(), Url::parse(registered).unwrap());
            assert_eq!(asked.scheme(), "http", "only ports of this machine differ");
            assert_eq!(
                (asked.host(), asked.path(), asked.query()),
                (registered.host(), registered.path(), registered.query())
            );
        }
    }
}

/// What browsers make of it is what was checked.
fn check(text: &str) {
    let url = Url::parse(text).expect(text);
    assert!(text.len() <= 2048 && text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none(), "{text}");
    match url.scheme() {
        "https" => assert!(url.has_host()),
        "http" => match url.host().unwrap() {
            Host::Domain(name) => assert_eq!(name, "localhost"),
            Host::Ipv4(address) => assert!(address.is_loopback()),
            Host::Ipv6(address) => assert!(address.is_loopback()),
        },
        scheme => {
            let acted_on =
                ["javascript", "data", "file", "vbscript", "blob", "about", "ftp", "ws", "steam", "vnc", "rdp"];
            assert!(!acted_on.contains(&scheme) && !scheme.starts_with("ms-") && !scheme.starts_with("microsoft"));
        }
    }
    let answer = [("code", "a&b=c#d"), ("state", "\r\nю\"<"), ("iss", "https://h")];
    let sent = redirect_with(text, &answer).expect("it was good");
    assert!(sent.starts_with(text) && sent.bytes().all(|byte| byte.is_ascii_graphic()), "{sent}");
    let sent = Url::parse(&sent).expect("an answer is a URL");
    assert!(sent.fragment().is_none());
    assert_eq!((sent.scheme(), sent.host_str(), sent.port()), (url.scheme(), url.host_str(), url.port()));
    for (name, value) in answer {
        let found: Vec<_> = sent.query_pairs().filter(|(other, _)| other == name).collect();
        assert_eq!(found.len(), 1, "{sent}");
        assert_eq!(found.first().unwrap().1, value);
    }
}

/// A query or a form: what is accepted reads as others read it.
pub(crate) fn oauth_params(bytes: &[u8]) {
    for name in ["scope", "resource", "client_id", "state"] {
        let Some((values, _)) = params(bytes, name) else { return };
        let theirs: Vec<_> = form_urlencoded::parse(bytes)
            .filter(|(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
            .collect();
        assert_eq!(values, theirs);
    }
    let (_, repeated) = params(bytes, "").unwrap();
    let mut names: Vec<_> =
        form_urlencoded::parse(bytes).map(|(name, _)| name).filter(|name| name != "resource").collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(repeated, names.len() < all);
}

/// What a client sends to prove who it is: what is believed of its times is near, and no key has signed it.
pub(crate) fn assertion(bytes: &[u8]) {
    const NOW: i64 = 1_800_000_000;
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((client, id, until)) = read_assertion(text, &["https://h".to_owned()], NOW) else { return };
    assert!(text.len() <= 8192 && text.matches('.').count() == 2, "{text}");
    assert!(id.starts_with(&client) && id.len() > client.len() + 1, "{id}");
    assert!(until.is_none_or(|until| (NOW..=NOW + 800).contains(&until)), "{until:?}");
    for keys in KEYS {
        assert_eq!(signed(keys, text), (true, false), "{text}");
    }
}

/// Keys that have signed nothing: of RFC 7517, appendix A.1, RFC 8037, appendix A.2, and none.
const KEYS: [&str; 3] = [
    r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#,
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    r#"{"keys":[]}"#,
];

/// The keys that a client publishes: no private one is taken, and none signs what it cannot.
pub(crate) fn key_set(bytes: &[u8]) {
    // A signature of nobody.
    const STRAY: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJjIiwic3ViIjoiYyIsImF1ZCI6IngiLCJleHAiOjEsImp0aSI6ImoifQ.AAAA";
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (taken, stray) = signed(text, STRAY);
    assert!(!stray, "{text}");
    let Ok(read) = serde_json::from_str::<serde_json::Value>(text) else { return };
    let keys = read.get("keys").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let secret = |key: &serde_json::Value| {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .iter()
            .any(|name| key.get(name).is_some_and(|value| !value.is_null()))
    };
    assert!(!taken || (keys.len() <= 32 && !keys.iter().any(secret)), "{text}");
}
