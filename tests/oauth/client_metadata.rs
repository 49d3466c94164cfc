//! Client ID metadata documents: what is fetched, from where, and how long it counts
//! (draft-ietf-oauth-client-id-metadata-document-00; MCP 2025-11-25 and 2026-07-28, client
//! registration and its security considerations).

use crate::fixtures::tls_host::{Host, Reply};
use crate::support::oauth;
use onec_mcp::auth::server::{ClientMetadata, ClientMetadataSettings, MetadataError};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

fn document(own: &str, path: &str) -> String {
    format!(r#"{{"client_id":"{own}{path}","client_name":"Чат","redirect_uris":["http://127.0.0.1/cb"]}}"#)
}

/// A host with a valid document at every path, and these headers.
async fn documents(headers: &'static str) -> Host {
    Host::start(move |own, path| Reply::json(headers, &document(own, path))).await
}

/// A host that answers everything alike, and what comes of it.
async fn outcome(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> MetadataError {
    let host = Host::start(answer).await;
    host.metadata().fetch(&host.url("/client")).await.unwrap_err()
}

/// MCP 2025-11-25, "Client ID Metadata Documents".
#[tokio::test]
async fn a_document() {
    let host = documents("").await;
    let url = host.url("/oauth/client.json?v=1");
    let client = host.metadata().fetch(&url).await.unwrap();
    assert_eq!(client.id, url);
    assert_eq!(client.name.as_deref(), Some("Чат"));
    assert_eq!(client.redirect_uris, ["http://127.0.0.1/cb"]);
    let seen = host.seen();
    let head = seen[0].to_lowercase();
    assert!(head.starts_with("get /oauth/client.json?v=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\naccept: application/json\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", host.port)), "{head}");
    assert!(!head.contains("\r\ncookie:") && !head.contains("\r\nauthorization:"), "{head}");
}

#[tokio::test]
async fn a_document_at_a_name() {
    let host = Host::start(|own, path| Reply::json("", &document(&own.replace("127.0.0.1", "localhost"), path))).await;
    let url = host.url("/c").replace("127.0.0.1", "localhost");
    assert_eq!(host.metadata().fetch(&url).await.unwrap().id, url);
}

/// Section 6.5 of the draft: without leave no connection is made to this machine, by address or by
/// name, and the error does not say what the name stands for. MCP 2025-11-25, "Client ID Metadata
/// Document Security"; MCP 2026-07-28, "Authorization Server Abuse Protection".
#[tokio::test]
async fn no_request_to_this_network() {
    let host = documents("").await;
    let metadata = ClientMetadata::with(ClientMetadataSettings::new().trust(&host.root).unwrap());
    let port = host.port;
    for host in ["127.0.0.1", "[::1]", "localhost", "10.0.0.1", "169.254.169.254", "[fd00::1]", "0.0.0.0", "127.9.9.9"]
    {
        let error = metadata.fetch(&format!("https://{host}:{port}/c")).await.unwrap_err();
        assert_eq!(error, MetadataError::Unreachable, "{host}");
        assert!(!error.to_string().contains(host), "{error}");
    }
    assert_eq!(host.connections(), 0);
    // The same server can be reached once that is allowed, but no other network.
    let other = ClientMetadata::with(
        ClientMetadataSettings::new().trust(&host.root).unwrap().allow(["10.0.0.0/8".parse().unwrap()]),
    );
    assert_eq!(other.fetch(&host.url("/c")).await, Err(MetadataError::Unreachable));
    assert_eq!(host.connections(), 0);
    assert!(host.metadata().fetch(&host.url("/c")).await.is_ok());
}

/// MCP 2026-07-28, "Client ID Metadata Documents".
#[tokio::test]
async fn what_is_no_url_of_a_document() {
    let host = documents("").await;
    let metadata = host.metadata();
    let port = host.port;
    for url in [
        format!("http://127.0.0.1:{port}/c"),
        format!("https://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/c#f"),
        format!("https://user@127.0.0.1:{port}/c"),
        format!("https://127.0.0.1:{port}/a/../c"),
        format!("https://127.0.0.1:{port}/%2e%2e/c"),
        format!("https://127.1:{port}/c"),
        "mcp-public-client".to_owned(),
        String::new(),
    ] {
        let error = metadata.fetch(&url).await.unwrap_err();
        assert!(matches!(error, MetadataError::Url(_)), "{url}: {error}");
    }
    assert_eq!(host.connections(), 0);
}

#[tokio::test]
async fn certificates_count() {
    let host = documents("").await;
    let loopback = ["127.0.0.0/8".parse().unwrap()];
    let strange = documents("").await;
    let metadata = ClientMetadata::with(ClientMetadataSettings::new().allow(loopback).trust(&strange.root).unwrap());
    assert_eq!(metadata.fetch(&host.url("/c")).await, Err(MetadataError::Unreachable));
    assert!(host.seen().is_empty(), "nothing is sent to a server that is not trusted");
    assert_eq!(ClientMetadataSettings::new().trust(b"no certificate").err(), Some(MetadataError::Certificates));
}

/// A certificate of another name does not count either.
#[tokio::test]
async fn names_of_certificates_count() {
    let host = documents("").await;
    let url = host.url("/c").replace("127.0.0.1", "127.0.0.2");
    assert_eq!(host.metadata().fetch(&url).await, Err(MetadataError::Unreachable));
    assert!(host.seen().is_empty());
}

/// MCP 2025-11-25, "Client ID Metadata Document Security".
#[tokio::test]
async fn redirects_are_not_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let host = Host::start(move |own, path| match path {
            "/c" => Reply::new(status, "location: /d\r\ncontent-type: application/json\r\n", &document(own, path)),
            _ => Reply::json("", &document(own, "/c")),
        })
        .await;
        assert_eq!(host.metadata().fetch(&host.url("/c")).await, Err(MetadataError::Redirect), "{status}");
        assert_eq!(host.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn only_status_200() {
    for (status, code) in [("404 Not Found", 404), ("500 Oops", 500), ("201 Created", 201), ("206 Part", 206)] {
        let json = "content-type: application/json\r\n";
        let error = outcome(move |own, path| Reply::new(status, json, &document(own, path))).await;
        assert_eq!(error, MetadataError::Status(code));
    }
}

/// MCP 2025-11-25, "Client ID Metadata Documents".
#[tokio::test]
async fn only_json() {
    for headers in ["", "content-type: text/html\r\n", "content-type: application/javascript\r\n"] {
        let error = outcome(move |own, path| Reply::new("200 OK", headers, &document(own, path))).await;
        assert_eq!(error, MetadataError::ContentType, "{headers}");
    }
    let host = Host::start(|own, path| {
        Reply::new("200 OK", "content-type: application/client+json; charset=utf-8\r\n", &document(own, path))
    });
    let host = host.await;
    assert!(host.metadata().fetch(&host.url("/c")).await.is_ok());
}

/// MCP 2025-11-25, "Client ID Metadata Documents".
#[tokio::test]
async fn the_document_must_be_about_its_url() {
    for answer in [
        |own: &str, _: &str| document(own, "/other"),
        |_: &str, path: &str| document("https://app.example.com", path),
        |own: &str, path: &str| document(&own.to_uppercase(), path),
        |_: &str, _: &str| "{}".to_owned(),
        |_: &str, _: &str| String::new(),
    ] {
        let error = outcome(move |own, path| Reply::json("", &answer(own, path))).await;
        assert!(matches!(error, MetadataError::Document(_)), "{error}");
    }
}

/// MCP 2025-11-25, "Client ID Metadata Document Security".
#[tokio::test]
async fn no_long_documents() {
    let too_large = MetadataError::TooLarge(16 * 1024);
    let long = outcome(|own, path| {
        let spaces = " ".repeat(16 * 1024);
        Reply::json("", &format!("{}{spaces}", document(own, path)))
    });
    assert_eq!(long.await, too_large);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
    let chunked =
        move |_: &str, _: &str| Reply::Endless(format!("{head}transfer-encoding: chunked\r\n\r\n"), chunk.clone());
    assert_eq!(outcome(chunked).await, too_large);
    let open = move |_: &str, _: &str| Reply::Endless(format!("{head}\r\n"), vec![b' '; 4096]);
    assert_eq!(outcome(open).await, too_large);
    let endless_head = move |_: &str, _: &str| Reply::Endless(head.to_owned(), b"x: y\r\n".repeat(500));
    assert_eq!(outcome(endless_head).await, MetadataError::Unreachable);
    let just = |own: &str, path: &str| {
        let document = document(own, path);
        let spaces = " ".repeat(16 * 1024 - document.len());
        Reply::json("", &format!("{document}{spaces}"))
    };
    let host = Host::start(just).await;
    assert!(host.metadata().fetch(&host.url("/c")).await.is_ok(), "16 KiB are not too many");
}

/// MCP 2025-11-25, "Client ID Metadata Document Security".
#[tokio::test]
async fn no_waiting_for_ever() {
    let limit = Duration::from_millis(100);
    for sent in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"] {
        let host = Host::start(move |_, _| Reply::Stuck(sent.to_owned())).await;
        let metadata = ClientMetadata::with(host.settings().timeout(limit));
        let error = metadata.fetch(&host.url("/c")).await.unwrap_err();
        assert_eq!(error, MetadataError::Slow(limit), "{sent:?}");
    }
    // Connections are taken by the system, but nobody speaks TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metadata =
        ClientMetadata::with(ClientMetadataSettings::new().allow(["127.0.0.0/8".parse().unwrap()]).timeout(limit));
    let url = format!("https://127.0.0.1:{}/c", listener.local_addr().unwrap().port());
    // A machine without any root certificates says so before it connects.
    let error = metadata.fetch(&url).await.unwrap_err();
    assert!(matches!(error, MetadataError::Slow(_) | MetadataError::Certificates), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{";
    assert_eq!(outcome(|_, _| Reply::Text(whole.to_owned())).await, MetadataError::Unreachable);
    assert_eq!(outcome(|_, _| Reply::Text("nonsense\r\n\r\n".to_owned())).await, MetadataError::Unreachable);
}

/// Section 4.3 of the draft, RFC 9111. MCP 2025-11-25, "Client ID Metadata Documents".
#[tokio::test]
async fn remembered_as_the_headers_say() {
    for (headers, requests) in [
        ("", 1),
        ("cache-control: max-age=600\r\n", 1),
        ("cache-control: private\r\ncache-control: max-age=600\r\n", 1),
        ("cache-control: no-store\r\n", 3),
        ("cache-control: no-cache, max-age=600\r\n", 3),
        ("cache-control: max-age=0\r\n", 3),
        ("cache-control: max-age=600\r\nage: 600\r\n", 3),
        ("expires: 0\r\n", 3),
    ] {
        let host = documents(headers).await;
        let metadata = host.metadata();
        for _ in 0..3 {
            metadata.clone().fetch(&host.url("/c")).await.unwrap();
        }
        assert_eq!(host.seen().len(), requests, "{headers}");
        metadata.fetch(&host.url("/d")).await.unwrap();
        assert_eq!(host.seen().len(), requests + 1, "another document is another request");
    }
}

/// Section 4.3 of the draft: neither errors nor bad documents are remembered.
#[tokio::test]
async fn failures_are_not_remembered() {
    let count = AtomicUsize::new(0);
    let host = Host::start(move |own, path| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::new("503 Busy", "cache-control: max-age=600\r\n", ""),
        1 => Reply::json("cache-control: max-age=600\r\n", "{}"),
        _ => Reply::json("", &document(own, path)),
    })
    .await;
    let metadata = host.metadata();
    assert_eq!(metadata.fetch(&host.url("/c")).await, Err(MetadataError::Status(503)));
    assert!(matches!(metadata.fetch(&host.url("/c")).await, Err(MetadataError::Document(_))));
    assert!(metadata.fetch(&host.url("/c")).await.is_ok());
}

/// MCP 2026-07-28, "Authorization Server Abuse Protection": nobody can use this server to flood
/// another.
#[tokio::test]
async fn no_host_is_hammered() {
    let host = Host::start(|_, _| Reply::new("404 Not Found", "", "")).await;
    let metadata = host.metadata();
    let mut refused = None;
    for attempt in 0..200 {
        if let Err(MetadataError::Busy(wait)) = metadata.fetch(&host.url(&format!("/{attempt}"))).await {
            refused = Some(wait);
            break;
        }
    }
    let wait = refused.unwrap();
    assert!(wait >= Duration::from_secs(1) && wait.subsec_nanos() == 0, "{wait:?}");
    assert_eq!(host.seen().len(), host.connections());
    // A slow machine sees some more granted again, one a second.
    assert!((60..200).contains(&host.seen().len()), "{}", host.seen().len());
}

#[tokio::test]
async fn one_request_for_all_who_ask_at_once() {
    let host = documents("cache-control: no-store\r\n").await;
    let metadata = host.metadata();
    let url = host.url("/c");
    let found = futures_util::future::join_all((0..20).map(|_| metadata.fetch(&url))).await;
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(host.seen().len(), 1);
}

/// However many documents are asked for, few are fetched at once.
#[tokio::test]
async fn few_requests_at_once() {
    let host = Host::start(|_, _| Reply::Stuck(String::new())).await;
    let metadata = host.metadata();
    let urls: Vec<_> = (0..40).map(|n| host.url(&format!("/{n}"))).collect();
    let all = futures_util::future::join_all(urls.iter().map(|url| metadata.fetch(url)));
    let watch = async {
        while host.connections() < 16 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Time for one more to come, if it would.
        tokio::time::sleep(Duration::from_millis(50)).await;
        host.connections()
    };
    tokio::select! {
        _ = all => panic!("none of them ends"),
        connections = watch => assert_eq!(connections, 16),
    }
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Client ID Metadata Documents": a client that is known by its
/// document logs a user in with a redirect URI of the document, and with no other.
#[tokio::test]
async fn only_redirect_uris_of_the_document() {
    let host = documents("").await;
    let lab = oauth::lab().with(|server| server.client_metadata(host.metadata()));
    let url = host.url("/client.json");
    let right = oauth::Params::of(&url).with("redirect_uri", "http://127.0.0.1:49152/cb");
    let page = lab.authorize(&right).await;
    page.assert_page(200);
    for shown in ["Чат", "127.0.0.1:49152"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    for other in
        ["http://127.0.0.1:49152/other", "https://evil.example/cb", "http://localhost/cb", "com.example.app:/cb"]
    {
        let wrong = right.clone().with("redirect_uri", other);
        lab.authorize(&wrong).await.assert_page(400);
        lab.log_in(&wrong).await.assert_page(400);
    }
    let code = lab.code(&right).await;
    let more = [("redirect_uri", "http://127.0.0.1:49152/cb"), ("client_id", &url)];
    let (access, _) = oauth::pair(&lab.redeem(&code, &more).await);
    assert_eq!(lab.who(&access).await.unwrap().client(), Some(url.as_str()));
}
