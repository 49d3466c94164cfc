//! MCP over HTTP: the routes.

use crate::Failure;
use crate::infobase::Opened;
use crate::server;
use crate::settings::Settings;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any_service, get};
use axum::{Json, Router};
use onec_mcp::Bridge;
use onec_mcp::http::{JsonRpcLayer, LegacySseLayer, OriginPolicy};
use onec_mcp::onec::OneCService;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// Serves until `stop`, then lets running calls finish.
pub(crate) async fn serve(
    bridge: Bridge,
    infobase: &Opened,
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let tls = settings.http.tls.as_ref().map(server::tls).transpose()?;
    let listener = bind(&settings.http.host, settings.http.port).await?;
    let address = listener.local_addr()?;
    let app = router(bridge, infobase, settings, address);
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!("listening on {scheme}://{address}");
    // One early look at 1C: it warms a connection, and says in the log what a client would meet.
    let look = async {
        if let Err(error) = infobase.onec.health().await {
            tracing::warn!("1C does not answer as it should yet: {error}");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = server::run(listener, tls, app, stop, settings.http.drain_timeout) => {}
        () = look => {}
    }
    Ok(())
}

async fn bind(host: &str, port: u16) -> Result<TcpListener, Failure> {
    let addresses = tokio::net::lookup_host((host, port)).await;
    let addresses = addresses.map_err(|error| format!("cannot resolve {host}: {error}"))?;
    let mut last = format!("{host} has no address");
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = format!("cannot listen on {address}: {error}"),
        }
    }
    Err(last.into())
}

fn router(bridge: Bridge, infobase: &Opened, settings: &Settings, address: SocketAddr) -> Router {
    let origins = origins(settings, address);
    let mcp = JsonRpcLayer::new(bridge.clone()).origins(origins.clone()).layer(infobase.onec.clone());
    let sse = LegacySseLayer::new(bridge, "/sse/messages/").origins(origins).layer(infobase.onec.clone());
    let info = json!({
        "name": settings.server_name,
        "version": settings.server_version,
        "transports": { "streamable_http": "/mcp", "sse": "/sse" },
    });
    let endpoints = json!({
        "name": settings.server_name,
        "version": settings.server_version,
        "endpoints": {
            "/mcp": "MCP, Streamable HTTP (POST)",
            "/sse": "MCP, HTTP+SSE of revision 2024-11-05 (GET)",
            "/sse/messages/": "messages to an open /sse stream (POST)",
            "/health": "whether this gateway and 1C work",
            "/livez": "whether this gateway works",
            "/info": "name, version, transports",
        },
    });
    Router::new()
        .route("/mcp", any_service(mcp.clone()))
        .route("/mcp/", any_service(mcp))
        .route("/sse", any_service(sse.clone()))
        .route("/sse/messages/", any_service(sse.clone()))
        .route("/sse/messages", any_service(sse))
        .route("/health", get(health).with_state(infobase.onec.clone()))
        .route("/livez", get(async || Json(json!({ "status": "alive" }))))
        .route("/info", get(async move || Json(info)))
        .route("/", get(async move || Json(endpoints)))
        .layer(cors(&settings.http.cors_origins))
}

/// Who may call the MCP endpoints. A `*` admits nobody here: there is no login to keep strangers out.
fn origins(settings: &Settings, address: SocketAddr) -> OriginPolicy {
    let listed = settings.http.cors_origins.iter().filter(|origin| *origin != "*");
    let mut policy = OriginPolicy::new().allow(listed);
    if let Some(url) = &settings.http.public_url {
        policy = policy.public_url(url.clone());
    }
    if address.ip().is_loopback() { policy.loopback_listener() } else { policy }
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin.trim_end_matches('/')).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(Duration::from_secs(600))
        .expose_headers([
            HeaderName::from_static("mcp-protocol-version"),
            HeaderName::from_static("mcp-session-id"),
            HeaderName::from_static("mcp-method"),
            HeaderName::from_static("mcp-name"),
            header::WWW_AUTHENTICATE,
            header::RETRY_AFTER,
        ])
}

/// What is wrong stays in the log: strangers may ask.
async fn health(State(onec): State<OneCService>) -> impl IntoResponse {
    let (code, status, connection) = match onec.health().await {
        Ok(()) => (StatusCode::OK, "healthy", "ok"),
        Err(error) => {
            tracing::warn!("health: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "unhealthy", "error")
        }
    };
    (code, Json(json!({ "status": status, "onec_connection": connection, "auth": { "mode": "none" } })))
}
