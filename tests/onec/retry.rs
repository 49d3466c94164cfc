//! What is sent to 1C a second time, what is not, and what 1C sees of a call that nobody waits for.

use crate::support::fault::{Act, Faulty, ask, infobase, json, list, request, result, status, tool, trouble};
use bytes::Bytes;
use http::StatusCode;
use onec_mcp::onec::{ClientError, ErrorKind, HttpClient, OneCService};
use onec_mcp::rpc::{BoxError, Request};
use std::future::{Future, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::time::Instant;
use tower::{Service, ServiceExt, service_fn};

const DONE: &str = r#"{"content":[],"tools":[]}"#;

/// How many requests the server saw, and whether the call came to a result.
async fn tries(script: impl Into<Vec<Act>>, request: Request) -> (usize, bool) {
    let server = Faulty::start(script).await;
    let answer = ask(&server.service(), request).await;
    (server.seen().len(), answer.is_ok())
}

#[tokio::test]
async fn a_connection_that_broke_after_the_call_was_sent() {
    let cut = || Act::Raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".into());
    for act in [Act::Reset, Act::Raw(Vec::new()), cut()] {
        assert_eq!(tries([act.clone(), result(DONE)], tool()).await, (1, false), "a tool may have run");
        assert_eq!(tries([act.clone(), result(DONE)], list()).await, (2, true));
        assert_eq!(tries([act.clone(), act, result(DONE)], list()).await, (2, false), "two tries, never three");
    }
    let read = request("resources/read", r#"{"uri":"1c://a"}"#);
    assert_eq!(tries([Act::Reset, result(r#"{"contents":[]}"#)], read).await, (2, true));
    let prompt = request("prompts/get", r#"{"name":"a"}"#);
    assert_eq!(tries([Act::Reset, result(r#"{"messages":[]}"#)], prompt).await, (2, true));
}

#[tokio::test]
async fn a_kept_connection_that_breaks_is_no_excuse_to_run_a_tool_twice() {
    let server = Faulty::start([result(DONE), Act::Reset, result(DONE)]).await;
    let service = server.service();
    json(ask(&service, tool()).await);
    assert_eq!(trouble(ask(&service, tool()).await).0, ErrorKind::Broken);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_expired_session() {
    for request in [tool(), list()] {
        assert_eq!(tries([status(406, ""), result(DONE)], request.clone()).await, (2, true));
        assert_eq!(tries([status(406, ""), status(406, ""), result(DONE)], request).await, (2, false));
    }
    assert_eq!(tries([status(406, ""), Act::Reset, result(DONE)], list()).await, (2, false));
    assert_eq!(tries([Act::Reset, status(406, ""), result(DONE)], list()).await, (2, false));
}

#[tokio::test]
async fn the_second_try_is_the_same_call() {
    let server = Faulty::start([status(406, ""), result(DONE)]).await;
    json(ask(&server.service(), tool()).await);
    let seen = server.seen();
    assert_eq!((&seen[0].line, &seen[0].headers, &seen[0].body), (&seen[1].line, &seen[1].headers, &seen[1].body));
}

/// A client of counted tries that end as `end` says.
fn counted<F, T>(end: F) -> (OneCService<impl Client>, Arc<AtomicUsize>)
where
    F: Fn(usize) -> T + Clone + Send + 'static,
    T: Future<Output = Result<http::Response<Bytes>, BoxError>> + Send + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let client = service_fn(move |_: http::Request<Bytes>| end(counter.fetch_add(1, Ordering::SeqCst)));
    (OneCService::with_client(infobase(([127, 0, 0, 1], 1).into()), client).unwrap(), count)
}

trait Client:
    Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = BoxError, Future: Send> + Clone + Send + 'static
{
}

impl<C> Client for C where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + 'static
{
}

#[tokio::test(start_paused = true)]
async fn statuses() {
    for code in [204, 302, 400, 401, 402, 403, 404, 406, 408, 429, 500, 502, 503, 504] {
        for (request, expected) in
            [(tool(), if code == 406 { 2 } else { 1 }), (list(), if matches!(code, 406 | 502 | 503) { 2 } else { 1 })]
        {
            let (service, count) =
                counted(move |_| ready(Ok(http::Response::builder().status(code).body(Bytes::new()).unwrap())));
            let started = Instant::now();
            let method = request.method.clone();
            let (kind, _) = trouble(service.oneshot(request).await);
            assert_eq!(kind, ErrorKind::Status(StatusCode::from_u16(code).unwrap(), String::new()));
            assert_eq!(count.load(Ordering::SeqCst), expected, "{code} {method}");
            // A web server that restarts is given a moment.
            let pause = if expected == 2 && code != 406 { Duration::from_millis(200) } else { Duration::ZERO };
            assert!(started.elapsed().abs_diff(pause) <= Duration::from_millis(2), "{code} {method}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_client() {
    let broken = |_| ready(Err(ClientError::Broken("reset".into()).into()));
    let (service, count) = counted(broken);
    assert_eq!(trouble(service.oneshot(tool()).await).0, ErrorKind::Broken);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let (service, count) = counted(broken);
    assert_eq!(trouble(service.oneshot(list()).await).0, ErrorKind::Broken);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let (service, count) = counted(|_| ready(Err(ClientError::TooLarge(9).into())));
    assert_eq!(trouble(service.oneshot(list()).await).0, ErrorKind::TooLarge(9));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let (service, count) = counted(|_| ready(Err("an error of the client's own".into())));
    assert_eq!(service.oneshot(list()).await.unwrap_err().to_string(), "an error of the client's own");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

/// A port that is taken, so that nobody else gets it, but not listened on.
fn silent_port() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    socket
}

#[tokio::test]
async fn a_refused_connection_is_tried_once_more() {
    for request in [tool(), list()] {
        let port = silent_port();
        let addr = port.local_addr().unwrap();
        let client = HttpClient::new(&infobase(addr)).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let client = client.map_request(move |request: http::Request<Bytes>| {
            counter.fetch_add(1, Ordering::SeqCst);
            request
        });
        let service = OneCService::with_client(infobase(addr), client).unwrap();
        assert_eq!(trouble(service.oneshot(request).await).0, ErrorKind::Unreachable);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_1c_that_comes_back_between_the_tries() {
    for request in [tool(), list()] {
        let port = silent_port();
        let addr = port.local_addr().unwrap();
        let port = Arc::new(Mutex::new(Some(port)));
        let back = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&back);
        let client = HttpClient::new(&infobase(addr)).unwrap().map_result(move |answer: Result<_, ClientError>| {
            if let Err(ClientError::Connect(_)) = &answer {
                let listener = port.lock().unwrap().take().unwrap().listen(16).unwrap();
                *kept.lock().unwrap() = Some(Faulty::over(listener, [result(DONE)]));
            }
            answer
        });
        let service = OneCService::with_client(infobase(addr), client).unwrap();
        assert_eq!(json(service.oneshot(request).await), DONE);
        assert_eq!(back.lock().unwrap().as_ref().unwrap().seen().len(), 1, "the first try was never sent");
    }
}

#[tokio::test]
async fn a_dropped_call_is_seen_as_a_closed_connection() {
    let mut server = Faulty::start([Act::Hang]).await;
    let service = OneCService::with_concurrency(server.infobase(), 1).unwrap();
    let call = tokio::spawn(service.clone().oneshot(tool()));
    server.reached(1).await;
    call.abort();
    server.gone().await;
    // Its turn is free again.
    let next = tokio::spawn(service.oneshot(list()));
    server.reached(2).await;
    next.abort();
    server.gone().await;
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn calls_share_a_warm_connection() {
    let server = Faulty::start([result(DONE)]).await;
    let service = server.service();
    for _ in 0..3 {
        json(ask(&service, list()).await);
    }
    assert_eq!(server.connections(), 1);
}

/// Apache closes a connection 5 s after its last answer.
#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_not_used_again() {
    let server = Faulty::start([result(DONE)]).await;
    let service = server.service();
    for (idle, connections) in [(0, 1), (3_900, 1), (4_100, 2), (3_900, 2)] {
        tokio::time::advance(Duration::from_millis(idle)).await;
        json(ask(&service, tool()).await);
        assert_eq!(server.connections(), connections, "after {idle} ms");
    }
    for (keep, connections) in [(0, 3), (60_000, 1)] {
        let server = Faulty::start([result(DONE)]).await;
        let service = OneCService::new(server.infobase().keep_alive(Duration::from_millis(keep))).unwrap();
        for _ in 0..3 {
            json(ask(&service, tool()).await);
            tokio::time::advance(Duration::from_secs(20)).await;
        }
        assert_eq!(server.connections(), connections, "kept for {keep} ms");
    }
}

/// Apache ends a connection with its hundredth answer.
#[tokio::test]
async fn a_connection_carries_a_hundred_requests() {
    let server = Faulty::start([result(DONE)]).await;
    let service = server.service();
    for _ in 0..250 {
        json(ask(&service, tool()).await);
    }
    assert_eq!((server.connections(), server.seen().len()), (3, 250));
}

/// The web server ends the connection while it is idle, and that is known before the next call is sent. The
/// thread of the test waits for it, so that hyper has no chance to notice by itself.
#[tokio::test]
async fn no_call_is_lost_on_a_connection_that_has_ended() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (tell, ended) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let mut served = 0;
        while served < 1000 {
            let (mut stream, _) = listener.accept().unwrap();
            // Two calls, so that the connection is one that was kept.
            for last in [false, true] {
                let mut request = Vec::new();
                while !request.ends_with(b"}}") {
                    let mut piece = [0; 4096];
                    match stream.read(&mut piece).unwrap() {
                        0 => panic!("the client has gone"),
                        read => request.extend_from_slice(&piece[..read]),
                    }
                }
                let id = String::from_utf8(request).unwrap();
                let id = id.split("\"id\":").nth(1).unwrap().split(',').next().unwrap().to_owned();
                let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{DONE}}}");
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).unwrap();
                served += 1;
                if last {
                    stream.shutdown(std::net::Shutdown::Both).unwrap();
                    tell.send(()).unwrap();
                }
            }
        }
    });
    let service = OneCService::new(infobase(addr)).unwrap();
    for call in 0..1000 {
        json(ask(&service, tool()).await);
        if call % 2 == 1 {
            ended.recv_timeout(Duration::from_secs(10)).unwrap();
            // A connection that was answered on just now is left to hyper.
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    server.join().unwrap();
}
