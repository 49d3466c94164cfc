//! What HTTP itself and JSON-RPC ask of a request before MCP is looked at.

use crate::support::mcp::{self, Events, Got, Http, always, http, modern, open, post, send, server};
use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::net::{HostLayer, OriginPolicy, Peer, ProxiesLayer};
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, ServiceExt};
use tower_http::limit::RequestBodyLimitLayer;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

fn any() -> Http {
    http(always(r#"{"tools":[]}"#))
}

fn with(layer: JsonRpcLayer) -> Http {
    layer.layer(always(r#"{"tools":[]}"#))
}

/// A body of unknown length; `stuck` ones never end.
struct Chunks {
    left: VecDeque<Bytes>,
    stuck: bool,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.left.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None if self.stuck => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

fn chunked<'a>(chunks: impl IntoIterator<Item = &'a str>, stuck: bool) -> http::Request<Chunks> {
    let left = chunks.into_iter().map(|chunk| Bytes::copy_from_slice(chunk.as_bytes())).collect();
    http::Request::post("/mcp").body(Chunks { left, stuck }).unwrap()
}

async fn say(body: impl Into<Bytes>) -> Got {
    send(&any(), post(body, &[])).await
}

#[tokio::test]
async fn only_post_is_served() {
    for method in ["GET", "DELETE", "PUT", "HEAD", "PATCH"] {
        let mut request = post("", &[("accept", "text/event-stream")]);
        *request.method_mut() = method.parse().unwrap();
        let got = send(&any(), request).await;
        assert_eq!(got.status, 405, "{method}");
        assert_eq!(got.headers["allow"], "POST");
    }
}

#[tokio::test]
async fn the_body_must_be_json_by_its_type() {
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "", "json"] {
        let mut request = post(PING, &[]);
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        assert_eq!(send(&any(), request).await.status, 415, "{kind}");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=UTF-8"] {
        let mut request = post(PING, &[]);
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        assert_eq!(send(&any(), request).await.status, 200, "{kind}");
    }
    let mut request = post(PING, &[]);
    request.headers_mut().remove("content-type");
    assert_eq!(send(&any(), request).await.status, 200);
}

/// RFC 9110, section 15.5.16: the answer says that only what is not encoded is taken.
#[tokio::test]
async fn a_compressed_body_is_refused() {
    for coding in ["gzip", "br", "zstd", "deflate", "identity, gzip", "GZIP", "x-unknown"] {
        let got = send(&any(), post(PING, &[("content-encoding", coding)])).await;
        assert_eq!(
            (got.status, got.code(), got.headers["accept-encoding"].to_str().unwrap()),
            (415, -32600, "identity"),
            "{coding}"
        );
    }
    let two = [("content-encoding", "identity"), ("content-encoding", "gzip")];
    assert_eq!(send(&any(), post(PING, &two)).await.status, 415);
    // RFC 9112, section 6.1: as codings of the transfer they are told elsewhere.
    for coding in ["gzip, chunked", "gzip", "deflate,Chunked"] {
        assert_eq!(send(&any(), post(PING, &[("transfer-encoding", coding)])).await.status, 415, "{coding}");
    }
    assert_eq!(send(&any(), post(PING, &[("transfer-encoding", "Chunked")])).await.status, 200);
    for coding in ["identity", "Identity", "", "identity, identity"] {
        assert_eq!(send(&any(), post(PING, &[("content-encoding", coding)])).await.status, 200, "{coding}");
    }
}

/// RFC 9112, section 3.2, at a service of any kind.
#[tokio::test]
async fn a_request_names_one_host() {
    let service = HostLayer::new(OriginPolicy::new().loopback_listener()).layer(any());
    let status = async |version: http::Version, hosts: &[&str]| {
        let hosts = hosts.iter().map(|host| ("host", *host)).collect::<Vec<_>>();
        let mut request = post(PING, &hosts);
        *request.version_mut() = version;
        mcp::read(service.clone().oneshot(request).await.unwrap()).await
    };
    use http::Version;
    for (version, hosts, expected) in [
        (Version::HTTP_11, &["localhost:8000"][..], 200),
        (Version::HTTP_11, &[], 400),
        (Version::HTTP_11, &[""], 400),
        (Version::HTTP_11, &["localhost", "localhost"], 400),
        (Version::HTTP_11, &["user@localhost"], 400),
        (Version::HTTP_11, &["localhost/mcp"], 400),
        (Version::HTTP_11, &["local host"], 400),
        (Version::HTTP_11, &["LOCALHOST"], 200),
        (Version::HTTP_11, &["127.0.0.1:65535"], 200),
        (Version::HTTP_11, &["[::1]:8000"], 200),
        (Version::HTTP_11, &["localhost:65536"], 400),
        (Version::HTTP_11, &["localhost:80:80"], 400),
        (Version::HTTP_11, &["localhost:port"], 400),
        (Version::HTTP_11, &["localhost:-1"], 400),
        (Version::HTTP_11, &[":8000"], 400),
        (Version::HTTP_11, &["localhost;evil.example"], 400),
        (Version::HTTP_11, &["localhost&evil.example"], 400),
        (Version::HTTP_11, &["local%68ost"], 400),
        (Version::HTTP_11, &["[::1"], 400),
        (Version::HTTP_11, &["::1"], 400),
        (Version::HTTP_11, &["[localhost]"], 400),
        (Version::HTTP_11, &["[::1]x"], 400),
        (Version::HTTP_11, &["[::1%25lo]"], 400),
        (Version::HTTP_11, &["{localhost}"], 400),
        (Version::HTTP_11, &["локальный"], 400),
        (Version::HTTP_11, &["http://localhost"], 400),
        (Version::HTTP_11, &["rebound.example"], 403),
        (Version::HTTP_10, &[], 200),
        (Version::HTTP_10, &["rebound.example"], 403),
        (Version::HTTP_2, &[], 200),
    ] {
        let got = status(version, hosts).await;
        assert_eq!((got.status, got.code()), (expected, if expected == 200 { 0 } else { -32600 }), "{hosts:?}");
        assert_eq!(got.headers.contains_key("connection"), expected != 200 && version != Version::HTTP_2, "{hosts:?}");
    }
}

/// RFC 9112, section 3.2.2: a request in absolute form, and any of HTTP/2, says the host in its target.
#[tokio::test]
async fn a_target_names_no_user() {
    let service = HostLayer::new(OriginPolicy::new().loopback_listener()).layer(any());
    for (target, expected) in
        [("http://localhost:8000/mcp", 200), ("http://evil@localhost/mcp", 400), ("http://rebound.example/mcp", 403)]
    {
        let mut request = post(PING, &[("host", "localhost")]);
        *request.uri_mut() = target.parse().unwrap();
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), expected, "{target}");
    }
}

/// A page whose name has come to point here (DNS rebinding), in a browser on an address that the proxies have, too: it
/// may say whatever a proxy says, and its requests are of the same origin. What it cannot leave out is `Origin`.
#[tokio::test]
async fn a_page_is_no_proxy() {
    let proxies = ProxiesLayer::new(["127.0.0.0/8".parse().unwrap()]);
    let plain = OriginPolicy::new();
    let public = |policy: OriginPolicy| policy.public_url("https://1c.example".parse().unwrap());
    let said = [
        &[("x-forwarded-proto", "http")][..],
        &[("x-forwarded-host", "evil.example:8000")],
        &[("x-forwarded-host", "1c.example"), ("x-forwarded-proto", "https")],
        &[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "http")],
        &[("forwarded", "for=127.0.0.1;proto=http;host=\"evil.example:8000\"")],
        &[("forwarded", "proto=http")],
        &[],
    ];
    for (policy, what) in [
        (plain.clone(), "any listener"),
        (plain.clone().loopback_listener(), "on loopback"),
        (public(plain.clone()), "with a public URL"),
        (public(plain.clone()).loopback_listener(), "with a public URL, on loopback"),
        (public(plain.clone()).authenticated().loopback_listener(), "with a public URL and a login"),
    ] {
        let mcp = with(JsonRpcLayer::new(server()).origins(policy.clone()));
        let service = proxies.clone().layer(HostLayer::new(policy).layer(mcp));
        let status = async |headers: &[(&'static str, &'static str)]| {
            let mut request = post(LIST, headers);
            request.extensions_mut().insert(Peer("127.0.0.1:40000".parse().unwrap()));
            service.clone().oneshot(request).await.unwrap().status().as_u16()
        };
        for said in said {
            let page = [("host", "evil.example:8000"), ("origin", "http://evil.example:8000")];
            assert_eq!(status(&[&page, said].concat()).await, 403, "{what}: {said:?}");
        }
        // The user's own pages and programs, with and without a proxy.
        let own = [("host", "localhost:8000"), ("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin")];
        assert_eq!(status(&own).await, 200, "{what}");
        let proxied = [("host", "127.0.0.1:8000"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")];
        assert_eq!(status(&proxied).await, 200, "{what}");
    }
}

/// Over https every request of a page says what it is for, a GET too.
#[tokio::test]
async fn a_page_cannot_name_the_host_itself() {
    let status = async |policy: OriginPolicy, headers: &[(&'static str, &'static str)]| {
        let service = HostLayer::new(policy.loopback_listener()).layer(any());
        let service = ProxiesLayer::new(["127.0.0.0/8".parse().unwrap()]).layer(service);
        let proxy = [("host", "gate.example"), ("x-forwarded-proto", "https")];
        let mut request = post(PING, &[&proxy, headers].concat());
        request.extensions_mut().insert(Peer("127.0.0.1:40000".parse().unwrap()));
        service.oneshot(request).await.unwrap().status().as_u16()
    };
    for name in ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user"] {
        assert_eq!(status(OriginPolicy::new(), &[(name, "x")]).await, 403, "{name}");
        assert_eq!(status(OriginPolicy::new().authenticated(), &[(name, "x")]).await, 200, "{name}");
    }
    assert_eq!(status(OriginPolicy::new(), &[]).await, 200, "no browser");
    let public = OriginPolicy::new().public_url("https://1c.example".parse().unwrap());
    assert_eq!(status(public, &[]).await, 403, "whatever a proxy says");
}

#[tokio::test]
async fn a_body_has_a_greatest_length() {
    let http = with(JsonRpcLayer::new(server()).max_body(100));
    let fits = format!("{PING}{}", " ".repeat(100 - PING.len()));
    let over = format!("{fits} ");
    assert_eq!(send(&http, post(fits.clone(), &[])).await.status, 200);
    let got = send(&http, post(over.clone(), &[])).await;
    assert_eq!((got.status, got.code()), (413, -32600));
    // The same where the length is not told before.
    let (a, b) = fits.split_at(50);
    assert_eq!(send(&http, chunked([a, b], false)).await.status, 200);
    let (a, b) = over.split_at(50);
    assert_eq!(send(&http, chunked([a, b], false)).await.status, 413);
    // It ends at the limit, and does not wait for the rest.
    assert_eq!(send(&http, chunked([a, b], true)).await.status, 413);
    // 4 MiB unless told otherwise.
    let big = format!("{PING}{}", " ".repeat(4 * 1024 * 1024 - PING.len()));
    assert_eq!(say(big.clone()).await.status, 200);
    assert_eq!(say(format!("{big} ")).await.status, 413);
}

/// RFC 9110, section 15.5.14: with tower-http's limit around the endpoint, a body whose length is not declared is cut off
/// within.
#[tokio::test]
async fn a_body_that_an_outer_layer_cuts_off_is_413() {
    let limited = RequestBodyLimitLayer::new(100).layer(any());
    let ask = async |chunks: &[&str]| {
        let mut request = chunked(chunks.iter().copied(), false);
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("accept", "application/json, text/event-stream".parse().unwrap());
        let (head, body) = limited.clone().oneshot(request).await.unwrap().into_parts();
        (head.status.as_u16(), body.collect().await.unwrap().to_bytes())
    };
    assert_eq!(ask(&[PING]).await.0, 200);
    let space = " ".repeat(90);
    let (status, body) = ask(&[PING, &space]).await;
    assert_eq!(status, 413);
    let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(error["error"]["code"], -32600, "the error of the bridge, not a broken connection: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_given_up() {
    let start = Instant::now();
    let got = send(&any(), chunked([r#"{"jsonrpc":"2.0","#], true)).await;
    assert_eq!((got.status, start.elapsed()), (408, Duration::from_secs(30)));
    let http = with(JsonRpcLayer::new(server()).body_timeout(Duration::from_secs(2)));
    assert_eq!(send(&http, chunked([], true)).await.status, 408);
    assert_eq!(start.elapsed(), Duration::from_secs(32));
}

#[tokio::test]
async fn foreign_pages_are_refused() {
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://"] {
        let got = send(&any(), post(PING, &[("origin", origin)])).await;
        assert_eq!((got.status, got.json().get("id")), (403, None), "{origin}");
        // Before anything else is said.
        let mut request = post("", &[("origin", origin)]);
        *request.method_mut() = http::Method::GET;
        assert_eq!(send(&any(), request).await.status, 403);
    }
    for origin in ["http://localhost:3000", "http://127.0.0.1:8000", "http://[::1]"] {
        assert_eq!(send(&any(), post(PING, &[("origin", origin)])).await.status, 200, "{origin}");
    }
    let two = [("origin", "http://localhost"), ("origin", "https://evil.example")];
    assert_eq!(send(&any(), post(PING, &two)).await.status, 403);
    let listed = with(JsonRpcLayer::new(server()).origins(OriginPolicy::new().allow(["https://app.example"])));
    assert_eq!(send(&listed, post(PING, &[("origin", "https://app.example")])).await.status, 200);
    assert_eq!(send(&listed, post(PING, &[("origin", "https://app.example:444")])).await.status, 403);
}

#[tokio::test]
async fn foreign_hosts_are_refused_on_a_loopback_listener() {
    let local = with(JsonRpcLayer::new(server()).origins(OriginPolicy::new().loopback_listener()));
    for (host, status) in [("localhost:8000", 200), ("127.0.0.1", 200), ("evil.example", 403), ("10.0.0.1:8000", 403)] {
        assert_eq!(send(&local, post(PING, &[("host", host)])).await.status, status, "{host}");
    }
    assert_eq!(send(&any(), post(PING, &[("host", "any.example")])).await.status, 200);
}

#[tokio::test]
async fn the_answer_is_of_a_type_that_the_client_takes() {
    for accept in [
        "application/json, text/event-stream",
        "*/*",
        "application/*",
        "application/json",
        "APPLICATION/JSON;q=0.5",
        "",
    ] {
        let headers = [("accept", accept)];
        let request = post(LIST, if accept.is_empty() { &[] } else { &headers });
        assert_eq!(send(&any(), request).await.result(), json!({ "tools": [] }), "{accept}");
    }
    for accept in ["text/event-stream", "text/*", "application/json;q=0, text/event-stream"] {
        let mut events = Events::of(open(&any(), post(LIST, &[("accept", accept)])).await);
        assert_eq!(events.message().await.unwrap()["result"], json!({ "tools": [] }));
        assert_eq!(events.next().await, None);
    }
    for accept in ["text/html", "image/png, text/plain", "application/json;q=0", "text/event-stream; q=0.0"] {
        assert_eq!(send(&any(), post(LIST, &[("accept", accept)])).await.status, 406, "{accept}");
    }
    // In several headers.
    let both = [("accept", "text/html"), ("accept", "application/json")];
    assert_eq!(send(&any(), post(LIST, &both)).await.status, 200);
    // Errors with a status of their own are JSON for everybody.
    let mut unknown = modern("server/unknown", json!({}));
    unknown.headers_mut().insert("mcp-method", "other".parse().unwrap());
    unknown.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
    assert_eq!(send(&any(), unknown).await.code(), -32020);
}

#[tokio::test]
async fn notifications_are_accepted_without_a_word() {
    for text in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#,
        r#"{"jsonrpc":"2.0","method":"unknown","params":null}"#,
    ] {
        let got = say(text).await;
        assert_eq!((got.status, &*got.text), (202, ""), "{text}");
    }
}
