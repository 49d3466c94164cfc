//! Input that is too large, too slow, or no text: each gets its own answer, and none costs much.

use crate::support::oauth::{self, CALLBACK, Lab, Params, encoded, lab, posting};
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::{Value, json};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::ServiceExt;

const FORMS: [&str; 3] = ["/authorize", "/token", "/revoke"];
/// What the server reads at most.
const MOST: usize = 64 * 1024;

/// A body that gives one piece and then nothing more, or breaks.
struct Stuck {
    first: Option<&'static str>,
    breaks: bool,
}

impl Body for Stuck {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(Bytes::from(first))))),
            None if self.breaks => Poll::Ready(Some(Err(std::io::Error::other("reset")))),
            None => Poll::Pending,
        }
    }
}

async fn status_of(lab: &Lab, path: &str, body: Stuck) -> u16 {
    let kind = if path == "/register" { "application/json" } else { "application/x-www-form-urlencoded" };
    let request = Request::post(path).header("content-type", kind).body(body).unwrap();
    lab.server.clone().oneshot(request).await.unwrap().status().as_u16()
}

/// RFC 9110, section 15.5.14: over 64 KiB is 413, at every endpoint that reads a body.
#[tokio::test]
async fn large_bodies_are_413() {
    let lab = lab();
    for path in FORMS {
        let long = "a".repeat(MOST);
        assert_eq!(lab.post(path, &[("token", &long)]).await.status, 413, "{path}");
        // What just fits is read, and refused for what it says.
        let fits = "a".repeat(MOST - "token=".len());
        assert_ne!(lab.post(path, &[("token", &fits)]).await.status, 413, "{path}");
    }
    assert_eq!(lab.register_with(json!({"client_name": "a".repeat(MOST)})).await.status, 413);
}

/// RFC 9110, section 15.5.14: a body that a layer around the server cuts off is 413 too.
#[tokio::test]
async fn bodies_that_an_outer_layer_cuts_off_are_413() {
    let lab = lab();
    for path in FORMS.into_iter().chain(["/register"]) {
        let kind = if path == "/register" { "application/json" } else { "application/x-www-form-urlencoded" };
        let long = Full::new(Bytes::from("a".repeat(100)));
        let body = Limited::new(long, 10);
        let request = Request::post(path).header("content-type", kind).body(body).unwrap();
        let answer = lab.server.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 413, "{path}");
    }
}

/// A body that stops in the middle holds nobody for long (RFC 9110, section 15.5.9).
#[tokio::test(start_paused = true)]
async fn slow_bodies_are_408() {
    let lab = lab();
    for path in FORMS.into_iter().chain(["/register"]) {
        let began = tokio::time::Instant::now();
        assert_eq!(status_of(&lab, path, Stuck { first: Some("token="), breaks: false }).await, 408, "{path}");
        assert_eq!(began.elapsed(), Duration::from_secs(30), "{path}");
    }
}

#[tokio::test]
async fn bodies_that_break_off_are_400() {
    let lab = lab();
    for path in FORMS.into_iter().chain(["/register"]) {
        assert_eq!(status_of(&lab, path, Stuck { first: Some("token=x"), breaks: true }).await, 400, "{path}");
    }
}

/// RFC 6749, appendix B: parameters are UTF-8. What is not is refused, and not replaced.
#[tokio::test]
async fn bytes_that_are_no_text_are_400() {
    let lab = lab();
    for bytes in [&b"token=\xff\xfe"[..], b"\xc3\x28=x", b"token=%ff", b"token=%ed%a0%80", b"token=%c0%af"] {
        for path in FORMS {
            let request = posting(path).body(Full::from(Bytes::copy_from_slice(bytes))).unwrap();
            assert_eq!(lab.call(request).await.status, 400, "{path} {bytes:?}");
        }
        let query = String::from_utf8_lossy(bytes).replace(['\u{fffd}', '('], "%ff");
        lab.get(&format!("/authorize?{query}")).await.assert_page(400);
    }
    for json in [&b"\xff"[..], b"{\"client_name\":\"\xff\"}", b"{\"client_name\":\"\\ud800\"}", b"\x00", b"[]"] {
        let request = Request::post("/register").header("content-type", "application/json");
        let answer = lab.call(request.body(Full::from(Bytes::copy_from_slice(json))).unwrap()).await;
        answer.assert_error(400, "invalid_client_metadata");
    }
}

/// NUL is a character that databases and headers do not take: nowhere is it more than a wrong value.
#[tokio::test]
async fn nul_is_a_wrong_value() {
    let lab = lab();
    lab.authorize(&Params::of("\0")).await.assert_page(400);
    let client = lab.register(&[CALLBACK]).await;
    lab.authorize(&Params::of(&client).with("redirect_uri", "http://127.0.0.1/\0")).await.assert_page(400);
    lab.log_in_as(&Params::of(&client), &[("username", "a\0"), ("password", "\0")]).await.assert_page(403);
    lab.refresh("\0", &[]).await.assert_error(400, "invalid_grant");
    lab.refresh("x", &[("client_id", "\0")]).await.assert_error(401, "invalid_client");
    assert_eq!(lab.post("/revoke", &[("token", "\0")]).await.status, 200);
    // In what goes back to the client it stays what it was.
    let answer = lab.log_in(&Params::of(&client).with("state", "a\0b\r\nc")).await;
    assert_eq!(answer.sent("state").as_deref(), Some("a\0b\r\nc"));
}

/// Many parameters and deep JSON cost no more than the bytes they are.
#[tokio::test]
async fn many_and_deep_is_400() {
    let lab = lab();
    let names: Vec<String> = (0..65).map(|at| format!("n{at}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    for path in FORMS {
        assert_eq!(lab.post(path, &many).await.status, 400, "{path}");
    }
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let request = Request::post("/register").header("content-type", "application/json").body(deep.into()).unwrap();
    lab.call(request).await.assert_error(400, "invalid_client_metadata");
}

/// RFC 7591, section 3: anybody may register, and registrations are kept for long: each is small.
#[tokio::test]
async fn a_registration_is_small() {
    let lab = lab();
    let uris = |count: usize, length: usize| -> Vec<Value> {
        (0..count).map(|at| format!("https://client.example/{at}/{}", "a".repeat(length)).into()).collect()
    };
    for (count, length, status) in
        [(20, 70, 201), (1, 2000, 201), (2, 1000, 400), (20, 80, 400), (21, 1, 400), (1, 2048, 400)]
    {
        let answer = lab.register_with(json!({"redirect_uris": uris(count, length)})).await;
        assert_eq!(answer.status, status, "{count} of {length}");
        if status == 400 {
            answer.assert_error(400, "invalid_redirect_uri");
        }
    }
    // Together with the name.
    for (name, status) in [(" ".to_owned(), 201), ("ю".repeat(100), 400)] {
        let answer = lab.register_with(json!({"client_name": name, "redirect_uris": uris(1, 2000)})).await;
        assert_eq!(answer.status, status, "{name}");
    }
    lab.register_with(json!({"client_name": "a".repeat(201)})).await.assert_error(400, "invalid_client_metadata");
}

/// RFC 9112, section 3.2: with two Host headers, nobody knows which one a proxy looked at.
#[tokio::test]
async fn two_hosts_are_none() {
    let lab = lab();
    let asked = |hosts: &[&'static str]| {
        let request = Request::get("/.well-known/oauth-authorization-server");
        hosts.iter().fold(request, |request, host| request.header("host", *host)).body(Full::default()).unwrap()
    };
    assert_eq!(lab.call(asked(&["mcp.example"])).await.status, 200);
    assert_eq!(lab.call(asked(&["mcp.example", "evil.example"])).await.status, 400);
    let request = posting("/token").header("host", "a").header("host", "a");
    let (head, body) = (request.body(encoded(&[])).unwrap()).into_parts();
    let answer = lab.server.clone().oneshot(Request::from_parts(head, body)).await.unwrap();
    assert_eq!(answer.status(), 400);
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&text).contains("Host"), "{text:?}");
}

/// RFC 9110, section 15.5.16: at every endpoint that takes a body.
#[tokio::test]
async fn compressed_bodies_are_refused() {
    for path in ["/token", "/register", "/revoke", "/authorize", "/oauth/token"] {
        let request = oauth::posting(path).header("content-encoding", "gzip");
        let answer = oauth::lab().call(request.body(oauth::encoded(&[("grant_type", "password")])).unwrap()).await;
        answer.assert_error(415, "invalid_request");
        assert_eq!(answer.header("accept-encoding"), "identity", "{path}");
    }
}
