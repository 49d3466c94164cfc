//! Forwarding headers count from trusted proxies only (RFC 7239; `MCP_TRUSTED_PROXIES`).

use crate::support::proxy_invariants as invariants;
use crate::support::proxy_invariants::caller;
use http::{Request, Response};
use onec_mcp::net::{Caller, Peer, ProxiesLayer};
use proptest::prelude::*;
use proptest::sample::select;
use std::convert::Infallible;
use std::path::Path;
use tower::{Layer, ServiceExt, service_fn};

const PROXY: Option<&str> = Some("10.0.0.1");

fn told(peer: Option<&str>, headers: &[(&str, &str)]) -> (Option<String>, Option<String>) {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let caller = caller(peer, &headers);
    (caller.address().map(|address| address.to_string()), caller.base().map(str::to_owned))
}

fn is(address: &str, base: &str) -> (Option<String>, Option<String>) {
    (Some(address.to_owned()), (!base.is_empty()).then(|| base.to_owned()))
}

#[test]
fn strangers_are_not_believed() {
    let lies = [
        ("forwarded", "for=192.0.2.1;proto=https;host=evil.example"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("host", "mcp.example.com"),
    ];
    for peer in ["198.51.100.9", "2001:db8::9", "fd00::2", "127.0.0.1", "11.0.0.1"] {
        assert_eq!(told(Some(peer), &lies), is(peer, ""), "{peer}");
    }
    assert_eq!(told(None, &lies), (None, None), "nor is a peer without an address");
}

#[test]
fn a_proxy_that_says_nothing() {
    assert_eq!(told(PROXY, &[("host", "mcp.example.com")]), is("10.0.0.1", ""));
    // A dual-stack listener sees IPv4 in IPv6 dress.
    assert_eq!(told(Some("::ffff:10.0.0.1"), &[("x-forwarded-for", "192.0.2.1")]), is("192.0.2.1", ""));
    assert_eq!(told(Some("::ffff:198.51.100.9"), &[("x-forwarded-for", "192.0.2.1")]), is("198.51.100.9", ""));
}

#[test]
fn one_proxy() {
    for (headers, expected) in [
        (&[("x-forwarded-for", "192.0.2.1")][..], is("192.0.2.1", "")),
        (&[("x-forwarded-for", "2001:db8::7")], is("2001:db8::7", "")),
        (&[("x-forwarded-for", "192.0.2.1:5000")], is("192.0.2.1", "")),
        (&[("x-forwarded-for", "[2001:db8::7]:5000")], is("2001:db8::7", "")),
        (&[("forwarded", "for=192.0.2.1")], is("192.0.2.1", "")),
        (&[("forwarded", "For=\"[2001:db8::7]:5000\";by=10.0.0.1")], is("2001:db8::7", "")),
        (
            &[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https"), ("host", "Mcp.example.com")],
            is("192.0.2.1", "https://mcp.example.com"),
        ),
        (
            &[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-host", "h:8443"), ("x-forwarded-proto", "HTTPS")],
            is("192.0.2.1", "https://h:8443"),
        ),
        (&[("x-forwarded-host", "h:443"), ("x-forwarded-proto", "https"), ("host", "in")], is("10.0.0.1", "https://h")),
        (&[("x-forwarded-host", "h"), ("host", "inner")], is("10.0.0.1", "http://h")),
        (&[("x-forwarded-proto", "https")], is("10.0.0.1", "")),
        (&[("forwarded", "for=192.0.2.1;proto=https;host=h")], is("192.0.2.1", "https://h")),
        (&[("forwarded", "for=192.0.2.1;proto=https;host=\"h:8443\"")], is("192.0.2.1", "https://h:8443")),
        (&[("forwarded", "for=192.0.2.1;proto=https"), ("host", "h")], is("192.0.2.1", "https://h")),
    ] {
        assert_eq!(told(PROXY, headers), expected, "{headers:?}");
    }
}

/// What the client has put at the beginning of a list does not count, in one line or in several.
#[test]
fn made_up_beginnings() {
    for headers in [
        &[("x-forwarded-for", "203.0.113.1, 10.9.9.9, 192.0.2.1")][..],
        &[("x-forwarded-for", "203.0.113.1"), ("x-forwarded-for", "192.0.2.1")],
        &[("x-forwarded-for", "\"203.0.113.1, 192.0.2.1")],
        &[("forwarded", "for=203.0.113.1, for=10.9.9.9,for=192.0.2.1")],
        &[("forwarded", "for=203.0.113.1"), ("forwarded", "for=192.0.2.1")],
        // An open quote swallows nothing of the next line.
        &[("forwarded", "for=\"203.0.113.1"), ("forwarded", "for=192.0.2.1")],
    ] {
        assert_eq!(told(PROXY, headers), is("192.0.2.1", ""), "{headers:?}");
    }
    // In the same line it would: then nothing of it is believed.
    assert_eq!(told(PROXY, &[("forwarded", "for=\"203.0.113.1, for=192.0.2.1")]), is("10.0.0.1", ""));
    let headers = [
        ("x-forwarded-for", "1.1.1.1, 192.0.2.1"),
        ("x-forwarded-proto", "ftp, https"),
        ("x-forwarded-host", "evil, h"),
    ];
    assert_eq!(told(PROXY, &headers), is("192.0.2.1", "https://h"));
    let headers = [("forwarded", "for=1.1.1.1;host=evil;proto=http, for=192.0.2.1;proto=https;host=h")];
    assert_eq!(told(PROXY, &headers), is("192.0.2.1", "https://h"));
}

#[test]
fn proxies_behind_proxies() {
    for (headers, expected) in [
        (&[("x-forwarded-for", "1.1.1.1, 192.0.2.1, 10.0.0.3, 10.0.0.2")][..], is("192.0.2.1", "")),
        (&[("x-forwarded-for", "192.0.2.1, fd00::1")], is("192.0.2.1", "")),
        // Scheme and host are those that the outermost proxy saw.
        (
            &[
                ("x-forwarded-for", "192.0.2.1, 10.0.0.2"),
                ("x-forwarded-proto", "https, http"),
                ("x-forwarded-host", "h, inner"),
            ],
            is("192.0.2.1", "https://h"),
        ),
        // The inner proxy keeps what the outer one has set.
        (
            &[("x-forwarded-for", "192.0.2.1, 10.0.0.2"), ("x-forwarded-proto", "https"), ("host", "h")],
            is("192.0.2.1", "https://h"),
        ),
        (
            &[("forwarded", "for=192.0.2.1;proto=https;host=h, for=10.0.0.2;proto=http;host=inner")],
            is("192.0.2.1", "https://h"),
        ),
        // The client is one of the trusted network itself.
        (&[("x-forwarded-for", "10.0.0.3, 10.0.0.2")], is("10.0.0.3", "")),
        (&[("forwarded", "for=10.0.0.3;host=h, for=10.0.0.2;host=inner")], is("10.0.0.3", "http://h")),
    ] {
        assert_eq!(told(PROXY, headers), expected, "{headers:?}");
    }
}

/// Behind what cannot be read nothing is believed; the client counts by the proxy before.
#[test]
fn unknown_nodes() {
    for node in ["unknown", "_hidden", "client.example", "192.0.2.256", "", "192.0.2.1 192.0.2.2"] {
        let list = format!("192.0.2.1, {node}, 10.0.0.2");
        assert_eq!(told(PROXY, &[("x-forwarded-for", &list)]), is("10.0.0.2", ""), "{node}");
        let list = format!("for=192.0.2.1, for=\"{node}\";proto=https;host=h, for=10.0.0.2");
        assert_eq!(told(PROXY, &[("forwarded", &list)]), is("10.0.0.2", "https://h"), "{node}");
    }
    assert_eq!(told(PROXY, &[("forwarded", "for=192.0.2.1, by=10.0.0.1")]), is("10.0.0.1", ""));
    assert_eq!(told(PROXY, &[("forwarded", "192.0.2.1")]), is("10.0.0.1", ""));
    let odd: &[(&str, &[u8])] = &[("x-forwarded-for", b"192.0.2.1, \xff"), ("x-forwarded-proto", b"\xff")];
    assert_eq!(caller(PROXY, odd), Caller::new("10.0.0.1".parse().ok(), None));
    let odd: &[(&str, &[u8])] = &[("forwarded", b"for=192.0.2.1;host=\"\xff\"")];
    assert_eq!(caller(PROXY, odd), Caller::new("10.0.0.1".parse().ok(), None));
}

/// A proxy writes one kind of header and passes the other on as the client sent it.
#[test]
fn both_kinds_of_header() {
    let usual = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https"), ("host", "h")];
    let with = |forwarded| told(PROXY, &[&usual[..], &[("forwarded", forwarded)]].concat());
    assert_eq!(with("for=192.0.2.1;proto=https"), is("192.0.2.1", "https://h"));
    for other in ["for=203.0.113.1;proto=https", "for=192.0.2.1;proto=https;host=evil", "for=192.0.2.1", "", "broken"] {
        assert_eq!(with(other), is("10.0.0.1", ""), "{other}");
    }
}

#[test]
fn only_plain_hosts() {
    for host in ["evil/path", "user@h", "h?q", "h#f", "h h", "h:x", "h:99999", "пример", "a,", "[::1", "\"h\"", ""]
    {
        let headers = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https"), ("x-forwarded-host", host)];
        assert_eq!(told(PROXY, &headers), is("192.0.2.1", ""), "{host}");
    }
    for proto in ["ftp", "javascript", "https:", "wss", "", "https/2"] {
        let headers = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", proto), ("host", "h")];
        assert_eq!(told(PROXY, &headers), is("192.0.2.1", ""), "{proto}");
    }
}

/// Whatever stood in the extensions before is replaced.
#[tokio::test]
async fn nobody_else_names_the_caller() {
    let inner = service_fn(|request: Request<()>| async move {
        Ok::<_, Infallible>(Response::new(request.extensions().get::<Caller>().cloned()))
    });
    let older = Caller::new("192.0.2.1".parse().ok(), Some("https://evil.example".to_owned()));
    let request = Request::get("/").extension(older.clone()).body(()).unwrap();
    let layer = ProxiesLayer::default();
    assert_eq!(layer.layer(inner).oneshot(request).await.unwrap().into_body(), Some(Caller::default()));
    let peer = Peer("198.51.100.9:1".parse().unwrap());
    let request = Request::get("/").extension(older).extension(peer).header("x-forwarded-for", "192.0.2.1");
    let caller = layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap().into_body().unwrap();
    assert_eq!(caller, Caller::new("198.51.100.9".parse().ok(), None));
}

fn lines() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "for=",
        "FOR=\"",
        "proto=https",
        "host=h",
        ";",
        ",",
        "\"",
        "\\",
        " ",
        "\n",
        "\nF",
        "\na",
        "\np",
        "\nh",
        "F",
        "a",
        "192.0.2.7",
        "10.0.0.2",
        "[2001:db8::1]",
        ":80",
        "unknown",
        "_x",
        "https",
        "h.example",
        "/",
        "@",
        "é",
        "\t",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn headers_of_any_bytes(bytes in any::<Vec<u8>>()) {
        invariants::forwarded(&bytes);
    }

    #[test]
    fn headers_of_familiar_pieces(lines in lines()) {
        invariants::forwarded(lines.as_bytes());
    }
}

#[test]
fn the_corpora() {
    let replay = |target, check: fn(&[u8])| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join::<&str>(target);
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(path).unwrap());
            files += 1;
        }
        assert!(files > 0, "nothing for {target}");
    };
    replay("forwarded", invariants::forwarded);
    replay("client_metadata", invariants::client_metadata);
}
