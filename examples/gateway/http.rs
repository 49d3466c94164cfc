//! MCP over HTTP: the routes.

use crate::access::Access;
use crate::auth;
use crate::connections::Connections;
use crate::endpoints::{Front, Mcp, Received, Unguarded};
use crate::infobase::{ANONYMOUS, Opened};
use crate::server::Server;
use crate::settings::{Auth, Settings};
use crate::stack::{Bridge, Stack};
use crate::{about, open_files, rest, server};
use axum::body::Body as RouterBody;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::Either;
use onec_mcp::net::Body as McpBody;
use onec_mcp::net::budget::{BudgetLayer, MemoryBudget};
use onec_mcp::net::{HostLayer, OriginPolicy, ProxiesLayer, RefusalsLayer};
use onec_mcp::onec::{Error, ErrorKind, OneCService};
use onec_mcp::rpc::BoxError;
use serde_json::json;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The body of any answer.
type AnswerBody = Either<McpBody, RouterBody>;

/// The pause between log lines about 1C's health, since strangers may ask for it at any rate.
const MINUTE: Duration = Duration::from_secs(60);
/// The time limit for closing the token store.
const CLOSE: Duration = Duration::from_secs(5);

/// Serves until `stop`, then lets running calls finish.
pub(crate) async fn serve(
    bridge: Bridge,
    stack: &Stack,
    infobase: &Opened,
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<(), BoxError> {
    let tls = settings.http.tls.as_ref().map(server::tls).transpose()?;
    let listener = bind(&settings.http.host, settings.http.port).await?;
    let address = listener.local_addr()?;
    let (origins, hosts) = (origins(settings), hosts(settings, address));
    let public_path = settings.http.public_url.as_ref().map_or("", |url| url.path().trim_end_matches('/'));
    let mcp = Unguarded::new(bridge, stack.mcp(), &origins, public_path);
    let Access { mcp, others, upkeep, closing } = auth::guard(mcp, infobase, settings, &hosts).await?;
    let (mcp, sse) = if settings.serving.mcp { (Some(mcp.mcp), mcp.sse) } else { (None, Router::new()) };
    let router = router(sse.fallback_service(rest::before(others, stack)), stack, infobase, settings);
    let app = around(mcp, router, &settings.http.cors_origins, hosts);
    let app = BudgetLayer::new(MemoryBudget::new(settings.http.max_buffered)).layer(app);
    let refusals = RefusalsLayer::new();
    let app = refusals.layer(app);
    let app = ProxiesLayer::new(settings.http.trusted_proxies.clone()).layer(app);
    let connections = Connections::new(open_files::room_for(settings), settings.http.trusted_proxies.clone());
    let server = Server { tls, app, connections, stop: stop.clone(), refusals };
    auth::announce(settings, infobase, address);
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    tracing::info!("listening on {scheme}://{address}");
    // One early call to 1C: it opens a connection, and shows errors in the log before a client meets them.
    let look = async {
        if let Err(error) = infobase.probe().health().await {
            unwell(&error, "1C does not answer as it should yet");
        }
        match infobase.onec.asks_for_login().await {
            Ok(false) if settings.auth.is_own_login() => {
                tracing::error!("nobody will be let in: {}", Error::from(ErrorKind::Open));
            }
            Ok(false) => tracing::warn!("{ANONYMOUS}"),
            _ => {}
        }
        upkeep.await;
        // Never completes: there is no more to do.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = server.run(listener, settings.http.drain_timeout) => {}
        () = look => {}
    }
    if timeout(CLOSE, closing).await.is_err() {
        tracing::warn!("the token store could not be closed in time");
    }
    Ok(())
}

async fn bind(host: &str, port: u16) -> Result<TcpListener, BoxError> {
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

/// Adds the open routes to the guarded ones.
fn router(guarded: Router, stack: &Stack, infobase: &Opened, settings: &Settings) -> Router {
    let health = Health { onec: infobase.probe().clone(), mode: settings.auth.mode(), seen: Mutex::default() };
    let info = about::info(settings);
    let (about, catalog) = (about::Endpoints::new(settings), stack.rest().map(|(_, catalog)| catalog));
    let endpoints = async move || Json(about.with(catalog.map(|catalog| catalog.current()).as_deref()));
    guarded
        .route("/health", get(self::health).with_state(Arc::new(health)))
        .route("/livez", get(async || Json(json!({ "status": "alive" }))))
        .route("/info", get(async move || Json(info)))
        .route("/", get(endpoints))
}

/// Adds the layers around every route.
fn around(
    mcp: Option<Mcp>,
    router: Router,
    cors_origins: &[String],
    hosts: OriginPolicy,
) -> impl Service<Received, Response = Response<AnswerBody>, Error = Infallible, Future: Send> + Clone + Send + use<> {
    // Outside the guard: browsers send no token with a preflight request.
    let cors = cors(cors_origins);
    // Before any layer or route that sends a client to another address.
    let hosts = HostLayer::new(hosts);
    let mcp = mcp.map(|mcp| {
        let mcp = hosts.layer(cors.layer(mcp));
        mcp.map_response(|answer: Response<McpBody>| answer.map(AnswerBody::Left))
    });
    let router = router.layer(cors).layer(hosts);
    let router =
        ServiceExt::<Received>::map_response(router, |answer: Response<RouterBody>| answer.map(AnswerBody::Right));
    Front::new(mcp, router)
}

/// Returns the pages that may call the MCP endpoints. A `*` counts only if a token or login keeps strangers out.
fn origins(settings: &Settings) -> OriginPolicy {
    let (any, listed): (Vec<_>, Vec<_>) = settings.http.cors_origins.iter().partition(|origin| *origin == "*");
    let mut policy = OriginPolicy::new().allow(listed);
    if !matches!(settings.auth, Auth::None { token: None }) {
        policy = policy.authenticated();
        if !any.is_empty() {
            policy = policy.allow_any();
        }
    }
    match &settings.http.public_url {
        Some(url) => policy.public_url(url.clone()),
        None => policy,
    }
}

/// Returns the host names that requests may use.
fn hosts(settings: &Settings, address: SocketAddr) -> OriginPolicy {
    let policy = origins(settings);
    if address.ip().is_loopback() { policy.loopback_listener() } else { policy }
}

/// Allows scripts of other sites to call everything but the login page, which browsers only navigate to
/// ([RFC 9700, section 2.6](https://www.rfc-editor.org/rfc/rfc9700#section-2.6)).
fn cors(origins: &[String]) -> CorsLayer {
    let any = origins.iter().any(|origin| origin == "*");
    let listed: Vec<_> =
        origins.iter().filter_map(|origin| HeaderValue::from_str(origin.trim_end_matches('/')).ok()).collect();
    let allowed = AllowOrigin::predicate(move |origin, head| {
        !head.uri.path().trim_end_matches('/').ends_with("/authorize") && (any || listed.contains(origin))
    });
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

/// Answers `/health`. The cause goes only to the log: strangers may ask.
async fn health(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let (code, status, connection) = match health.is_well().await {
        true => (StatusCode::OK, "healthy", "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy", "error"),
    };
    (code, Json(json!({ "status": status, "onec_connection": connection, "auth": { "mode": health.mode } })))
}

/// Logs the error of 1C and its cause in one word.
fn unwell(error: &BoxError, what: &str) {
    let onec = Error::find(&**error);
    let (status, cause) = (onec.and_then(Error::answered), onec.map(Error::name));
    let error = &**error as &dyn std::error::Error;
    tracing::warn!(status = status.map(|status| status.as_u16()), cause, error, "{what}");
}

/// Whether 1C works. One question at a time, however many strangers ask: each takes a place in the queue to 1C.
struct Health {
    onec: OneCService,
    mode: &'static str,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The time of the last question to 1C, and whether 1C was well.
    last: Option<(Instant, bool)>,
    /// The time of the last log line about 1C not being well.
    told: Option<Instant>,
}

impl Health {
    async fn is_well(&self) -> bool {
        let came = Instant::now();
        let mut seen = self.seen.lock().await;
        // A question that was sent while this one waited answers it too.
        if let Some((_, well)) = seen.last.filter(|(asked, _)| *asked >= came) {
            return well;
        }
        let asked = Instant::now();
        let answer = self.onec.health().await;
        if let Err(error) = &answer
            && seen.told.is_none_or(|told| told.elapsed() >= MINUTE)
        {
            unwell(error, "/health: 1C is not well");
            seen.told = Some(asked);
        }
        seen.last = Some((asked, answer.is_ok()));
        answer.is_ok()
    }
}
