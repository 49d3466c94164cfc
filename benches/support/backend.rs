//! The process that stands for 1C: answers at hand, and one tool that never ends.

use crate::support::answers::{self, Answer};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) const BIG: &str = "big_report";
pub(crate) const SLOW: &str = "slow_report";

struct Backend {
    small: Answer,
    list: Answer,
    big: Answer,
    waiting: AtomicUsize,
}

/// Counts a call for as long as it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) async fn serve(port: u16) {
    let backend = Arc::new(Backend {
        small: Answer::new(&answers::text(500)),
        list: Answer::new(&answers::tools(16_000)),
        big: Answer::new(&answers::text(1_000_000)),
        waiting: AtomicUsize::new(0),
    });
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    let listener = socket.listen(4096).unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let backend = Arc::clone(&backend);
        tokio::spawn(async move {
            let service = service_fn(|request| backend.answer(request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Backend {
    async fn answer(&self, request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
        if request.uri().path() == "/waiting" {
            let text = self.waiting.load(Ordering::Relaxed).to_string();
            return Ok(http::Response::new(Full::new(text.into())));
        }
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let holds = |word: &str| body.windows(word.len()).any(|part| part == word.as_bytes());
        let answer = if holds("tools/list") {
            &self.list
        } else if holds(BIG) {
            &self.big
        } else if holds(SLOW) {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiting = Waiting(&self.waiting);
            std::future::pending::<()>().await;
            &self.small
        } else {
            &self.small
        };
        let mut reply = http::Response::new(Full::new(answer.under(id(&body))));
        let kind = HeaderValue::from_static("application/json; charset=utf-8");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(reply)
    }
}

/// The id in a request, wherever it stands.
fn id(body: &[u8]) -> &[u8] {
    let mark = b"\"id\":";
    let at = body.windows(mark.len()).position(|part| part == mark).map_or(body.len(), |at| at + mark.len());
    let rest = body.get(at..).unwrap();
    rest.split(|byte| matches!(byte, b',' | b'}')).next().unwrap()
}

/// How many calls wait at the backend.
pub(crate) async fn waiting(backend: SocketAddr) -> usize {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let answer = client.get(format!("http://{backend}/waiting").parse().unwrap()).await.unwrap();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    std::str::from_utf8(&text).unwrap().parse().unwrap()
}
