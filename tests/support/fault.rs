//! A server that misbehaves on a real socket as it is told to, and remembers what it was sent.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use onec_mcp::Identity;
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::onec::{Error, ErrorKind, Infobase, OneCService};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Response, ServerInfo, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tower::{Layer, Service, ServiceExt};

/// What the server does with one request. The last one of a script is repeated for ever.
#[derive(Clone)]
pub(crate) enum Act {
    /// Answers with a status and a body and keeps the connection. `$ID` is the id of the request.
    Answer(u16, &'static str, Vec<u8>),
    /// Writes these bytes instead of a response and closes.
    Raw(Vec<u8>),
    /// Answers after so long.
    Late(Duration, &'static str),
    /// Resets the connection without an answer.
    Reset,
    /// Answers nothing until the client is gone.
    Hang,
    /// Announces and writes as many bytes as the client takes; with a length or in chunks.
    Flood { length: Option<usize> },
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Act {
    Act::Answer(200, "application/json", body.into())
}

/// A result, as it should be.
pub(crate) fn result(json: &str) -> Act {
    ok(format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{json}}}"))
}

pub(crate) fn status(code: u16, body: impl Into<Vec<u8>>) -> Act {
    Act::Answer(code, "text/plain", body.into())
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) line: String,
    /// Names in lower case, sorted.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The server; dropping it closes its port and its connections.
pub(crate) struct Faulty {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepted: Arc<AtomicUsize>,
    gone: mpsc::UnboundedReceiver<usize>,
    task: JoinHandle<()>,
}

impl Faulty {
    pub(crate) async fn start(script: impl Into<Vec<Act>>) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), script).await
    }

    pub(crate) async fn on(addr: SocketAddr, script: impl Into<Vec<Act>>) -> Self {
        Self::over(TcpListener::bind(addr).await.unwrap(), script)
    }

    pub(crate) fn over(listener: TcpListener, script: impl Into<Vec<Act>>) -> Self {
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(VecDeque::from(script.into())));
        let (tell, gone) = mpsc::unbounded_channel();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // Owned here, so that the connections end with the server.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                open.spawn(connection(stream, Arc::clone(&script), Arc::clone(&log), tell.clone()));
            }
        });
        Self { addr, seen, accepted, gone, task }
    }

    pub(crate) fn infobase(&self) -> Infobase {
        infobase(self.addr)
    }

    pub(crate) fn service(&self) -> OneCService {
        OneCService::new(self.infobase()).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits until the client has closed a connection; how many bytes of a body it let in.
    pub(crate) async fn gone(&mut self) -> usize {
        tokio::time::timeout(Duration::from_secs(10), self.gone.recv()).await.expect("the client stays").unwrap()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn reached(&self, requests: usize) {
        while self.seen.lock().unwrap().len() < requests {
            tokio::task::yield_now().await;
        }
    }

    /// Frees the port.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Script = Arc<Mutex<VecDeque<Act>>>;

async fn connection(
    mut stream: TcpStream,
    script: Script,
    seen: Arc<Mutex<Vec<Seen>>>,
    tell: mpsc::UnboundedSender<usize>,
) {
    while let Some(request) = read(&mut stream).await {
        let id = request.body.split("\"id\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("0").to_owned();
        seen.lock().unwrap().push(request);
        let act = {
            let mut script = script.lock().unwrap();
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        };
        let mut taken = 0;
        match act.expect("an empty script") {
            Act::Answer(status, kind, body) => {
                if stream.write_all(&response(status, kind, &body, &id)).await.is_ok() {
                    continue;
                }
            }
            Act::Late(pause, json) => {
                tokio::time::sleep(pause).await;
                let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{json}}}");
                let _ = stream.write_all(&response(200, "application/json", body.as_bytes(), &id)).await;
            }
            Act::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Act::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Hang => while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {},
            Act::Flood { length } => taken = flood(&mut stream, length).await,
        }
        let _ = tell.send(taken);
        return;
    }
}

fn response(status: u16, kind: &str, body: &[u8], id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match std::str::from_utf8(body) {
        Ok(text) if text.contains("$ID") => out.extend_from_slice(text.replace("$ID", id).as_bytes()),
        _ => out.extend_from_slice(body),
    }
    let head = format!("HTTP/1.1 {status} Any\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", out.len());
    [head.as_bytes(), &out].concat()
}

async fn flood(stream: &mut TcpStream, length: Option<usize>) -> usize {
    let framing = length.map_or("Transfer-Encoding: chunked".into(), |length| format!("Content-Length: {length}"));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{framing}\r\n\r\n");
    let chunk = match length {
        Some(_) => vec![b' '; 0x10000],
        None => [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat(),
    };
    let mut taken = 0;
    let _ = stream.write_all(head.as_bytes()).await;
    while taken < 50 << 20 && stream.write_all(&chunk).await.is_ok() {
        taken += 0x10000;
    }
    taken
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let mut headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    headers.sort();
    let mut seen = Seen { line, headers, body: String::new() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = body;
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = String::from_utf8(body).unwrap();
    Some(seen)
}

pub(crate) fn infobase(addr: SocketAddr) -> Infobase {
    Infobase::new(&format!("http://{addr}/base")).unwrap()
}

/// A request of a legacy client.
pub(crate) fn request(method: &str, params: &str) -> Request {
    of(Version::V2025_11_25, method, params)
}

pub(crate) fn of(version: Version, method: &str, params: &str) -> Request {
    let params = Params::parse(&Bytes::copy_from_slice(params.as_bytes())).unwrap();
    Request::new(Method::from_name(method), params, version)
}

pub(crate) fn list() -> Request {
    request("tools/list", "{}")
}

pub(crate) fn tool() -> Request {
    request("tools/call", r#"{"name":"проводка"}"#)
}

/// The trouble that a call ended with, and what the client is told.
pub(crate) fn trouble(answer: Result<Response, BoxError>) -> (ErrorKind, String) {
    let error = answer.expect_err("no trouble at all");
    let error = Error::find(&*error).expect("an error of another kind");
    (error.kind().clone(), error.to_string())
}

/// The status of what a caller gets for a call of a tool over Streamable HTTP, where it ends as all calls end.
pub(crate) async fn over_http<S>(rpc: S, identity: &Identity) -> StatusCode
where
    S: Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
{
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"проводка"}}"#;
    let request = http::Request::post("/mcp").header("accept", "application/json");
    let request = request.header("content-type", "application/json").extension(identity.clone());
    let mcp = JsonRpcLayer::new(ServerInfo::default()).layer(rpc);
    mcp.oneshot(request.body(Full::<Bytes>::from(call)).unwrap()).await.unwrap().status()
}

pub(crate) async fn ask(service: &OneCService, request: Request) -> Result<Response, BoxError> {
    service.clone().oneshot(request).await
}

/// The JSON of the result.
pub(crate) fn json(answer: Result<Response, BoxError>) -> String {
    String::from_utf8(answer.unwrap().outcome.unwrap().json().to_vec()).unwrap()
}
