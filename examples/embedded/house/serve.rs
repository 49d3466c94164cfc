//! One port for everything, over HTTP/1.1 and HTTP/2.

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use onec_mcp::net::Peer;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Serves until `shutdown`; then what runs may run on for ten seconds.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> Result<(), std::io::Error> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = &mut shutdown => break,
        };
        // Rate limits and the audit trail tell callers apart by their addresses.
        let app = app.clone().map_request(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(Peer(address));
            request
        });
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)).into_owned();
        connections.spawn(graceful.watch(connection));
        // Removes the connections that have ended.
        while connections.try_join_next().is_some() {}
    }
    tokio::time::timeout(Duration::from_secs(10), graceful.shutdown()).await.ok();
    Ok(())
}
