//! The clients.

use crate::backend::{BIG, SLOW};
use crate::support::answers::TOOL;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::net::SocketAddr;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Call,
    ModernCall,
    List,
    Big,
    Slow,
}

/// So many calls over so many connections, one after another on each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) kind: Kind,
    pub(crate) connections: usize,
    pub(crate) calls: usize,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "call" => Self::Call,
            "modern" => Self::ModernCall,
            "list" => Self::List,
            "big" => Self::Big,
            _ => panic!("no such load: {name}"),
        }
    }

    fn body(self) -> Bytes {
        let arguments = json!({ "query": "чайник электрический", "limit": 20, "warehouse": "Основной" });
        let mut params = match self {
            Self::List => json!({}),
            Self::Call | Self::ModernCall => json!({ "name": TOOL, "arguments": arguments }),
            Self::Big => json!({ "name": BIG, "arguments": arguments }),
            Self::Slow => json!({ "name": SLOW, "arguments": arguments }),
        };
        if self == Self::ModernCall {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        json!({ "jsonrpc": "2.0", "id": 4711, "method": self.method(), "params": params }).to_string().into()
    }

    const fn method(self) -> &'static str {
        match self {
            Self::List => "tools/list",
            _ => "tools/call",
        }
    }

    fn request(self, address: SocketAddr, body: Bytes) -> http::Request<Full<Bytes>> {
        let request = http::Request::post("/mcp")
            .header("host", address.to_string())
            .header("user-agent", "bench/1.0")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        let request = match self {
            Self::ModernCall => request
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", self.method())
                .header("mcp-name", TOOL),
            _ => request.header("mcp-protocol-version", "2025-11-25"),
        };
        request.body(Full::new(body)).unwrap()
    }
}

/// Each client has an address of its own, since turns and connections are shared out among addresses.
async fn connect(to: SocketAddr, client: usize) -> SendRequest<Full<Bytes>> {
    let socket = TcpSocket::new_v4().unwrap();
    let [.., high, low] = u32::try_from(client).unwrap().to_be_bytes();
    socket.bind(([127, 1, high, low], 0).into()).unwrap();
    let stream = socket.connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

impl Load {
    pub(crate) async fn run(self, to: SocketAddr) {
        let mut clients = JoinSet::new();
        for client in 0..self.connections {
            let calls = self.calls / self.connections + usize::from(client < self.calls % self.connections);
            clients.spawn(self.client(to, client, calls));
        }
        while let Some(end) = clients.join_next().await {
            end.unwrap();
        }
    }

    async fn client(self, to: SocketAddr, client: usize, calls: usize) {
        let mut sender = connect(to, client).await;
        let body = self.kind.body();
        for call in 0..calls {
            sender.ready().await.unwrap();
            let answer = sender.send_request(self.kind.request(to, body.clone())).await.unwrap();
            assert_eq!(answer.status(), 200);
            let mut text = answer.into_body();
            let mut first = Vec::new();
            while let Some(frame) = text.frame().await {
                let data = frame.unwrap().into_data().unwrap_or_default();
                if call == 0 {
                    first.extend_from_slice(&data);
                }
            }
            if call == 0 {
                check(&first);
            }
        }
    }
}

/// A result under the right id, and not some error that is quick to make.
fn check(text: &[u8]) {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let message: serde_json::Value = serde_json::from_slice(text).unwrap();
    assert_eq!(message["id"], 4711, "{message}");
    assert!(message["result"].is_object(), "{message}");
}

/// Calls that are never answered; they end with this value.
#[derive(Debug)]
pub(crate) struct Open {
    _calls: JoinSet<()>,
}

/// Makes so many of them and gives them when all are sent.
pub(crate) async fn wait_on(to: SocketAddr, calls: usize) -> Open {
    let mut open = JoinSet::new();
    let body = Kind::Slow.body();
    for client in 0..calls {
        let mut sender = connect(to, client).await;
        let request = Kind::Slow.request(to, body.clone());
        open.spawn(async move {
            let answer = sender.send_request(request).await;
            if let Ok(answer) = answer {
                assert_eq!(answer.status(), 200);
                let _ = answer.into_body().collect().await;
            }
        });
    }
    Open { _calls: open }
}
