//! The application: one module for each recipe, and here what joins them.

pub(crate) mod infobases;
pub(crate) mod jwt;
pub(crate) mod metrics;
pub(crate) mod pieces;
pub(crate) mod reqwest_client;
pub(crate) mod serve;
pub(crate) mod store;
pub(crate) mod tenants;
pub(crate) mod tools;

use axum::routing::get;
use axum::{Json, Router};
use http::header::AUTHORIZATION;
use infobases::{Mount, mounted};
use jwt::HouseTokens;
use metrics::Metrics;
use onec_mcp::auth::login::{OwnLogin, Slowdown};
use onec_mcp::auth::server::Lifetimes;
use onec_mcp::auth::{BearerAuthLayer, Site};
use onec_mcp::catalog::{Catalog, Limits};
use onec_mcp::demo::DemoInfobase;
use onec_mcp::onec::{DeadlineLayer, FairQueueLayer};
use onec_mcp::rpc::BoxError;
use onec_mcp::{Gateway, Infobase, JsonRpcLayer, OneCService, RestService, ScopePolicy, ServerInfo};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use store::HouseStore;
use tower::ServiceBuilder;
use tower_http::ServiceBuilderExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::MakeRequestUuid;
use tower_http::trace::TraceLayer;
use url::Url;

/// What the application is told at its start.
pub(crate) struct Settings<'a> {
    /// Its root URL, as clients see it.
    pub(crate) base: Url,
    pub(crate) trade: &'a DemoInfobase,
    pub(crate) payroll: &'a DemoInfobase,
    /// The lifetime of access tokens.
    pub(crate) access: Duration,
    pub(crate) metrics: Metrics,
    /// The keys of the house's identity provider.
    pub(crate) keys: jsonwebtoken::jwk::JwkSet,
}

/// The application, ready to be served.
pub(crate) struct House {
    pub(crate) router: Router,
    /// Removes what has expired; to be polled as long as the application runs.
    pub(crate) upkeep: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Below it is all that is 1C's.
pub(crate) const PREFIX: &str = "/api/v1/1c";

/// Who signs the house's tokens.
pub(crate) const ISSUER: &str = "https://id.house.example";

pub(crate) fn new(settings: Settings<'_>) -> Result<House, BoxError> {
    let Settings { base, trade, payroll, access, metrics, keys } = settings;
    // Two leaves: one with the client of this crate, and one with the house's own.
    let account =
        |demo: &DemoInfobase| Ok::<_, BoxError>(Infobase::new(demo.url())?.basic(demo.username(), demo.password()));
    let trade = OneCService::new(account(trade)?)?;
    let client = reqwest_client::service(reqwest_client::client(reqwest_client::Network::default())?);
    let client = ServiceBuilder::new().layer(FairQueueLayer::new(8)).layer(DeadlineLayer).service(client);
    let payroll = OneCService::with_client(account(payroll)?, client)?;

    // Trade has a tool of the house, and pieces of tower between its layers.
    let catalog = tools::with_orders(Catalog::trade(Limits::default())?)?;
    let mcp = ScopePolicy::everything("mcp");
    let policy = catalog.policy(mcp.clone());
    let of_trade = pieces::stack(trade.clone(), catalog.clone(), policy.clone());
    let of_payroll = Gateway::builder(payroll.clone()).scopes(mcp.clone()).build();

    // Each has a login page and a store of its own.
    let mount = |name: &str, scopes: &ScopePolicy| Mount {
        base: &base,
        prefix: format!("{PREFIX}/{name}"),
        scopes: scopes.scopes(),
        lifetimes: Lifetimes::default().access(access),
    };
    let login = Slowdown::new(OwnLogin::new(trade.clone()));
    let (trade_router, trade_server) = mounted(mount("trade", &policy), of_trade, login, HouseStore::default());
    let login = Slowdown::new(OwnLogin::new(payroll.clone()));
    let (payroll_router, payroll_server) = mounted(mount("payroll", &mcp), of_payroll, login, HouseStore::default());

    // Either of them for those who have a token of the house.
    let tokens = HouseTokens::new(keys, ISSUER);
    let site = Site::new().public_url(&base).resources([format!("{PREFIX}/mcp")]);
    let auth = BearerAuthLayer::new(tokens).site(site).resource(&format!("{PREFIX}/mcp"));
    let either = pieces::scoped(tenants::by_tenant(trade.clone(), payroll), tenants::sharing(), mcp);
    let either = ServiceBuilder::new()
        .layer(auth.clone())
        .layer(JsonRpcLayer::new(ServerInfo::new("House", "1.0.0")))
        .service(either);
    let reports = RestService::with_auth(catalog, auth, trade.rest());

    let router = Router::new()
        .route("/api/v1/orders", get(async || Json(tools::orders())))
        .route("/metrics", get(async move || metrics.text()))
        .route_service(&format!("{PREFIX}/mcp"), either)
        .route(
            &format!("/.well-known/oauth-protected-resource{PREFIX}/mcp"),
            get(jwt::resource_metadata(&base, &format!("{PREFIX}/mcp"))),
        )
        .nest_service(&format!("{PREFIX}/rest"), reports)
        .merge(trade_router)
        .merge(payroll_router);
    let upkeep = Box::pin(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(300)).await;
            for swept in [trade_server.sweep().await, payroll_server.sweep().await] {
                swept.inspect_err(|error| tracing::warn!("expired tokens stay: {error}")).ok();
            }
        }
    });
    Ok(House { router: around(router), upkeep })
}

/// Puts the pieces of tower-http around all routes, outermost first.
fn around(router: Router) -> Router {
    let around = ServiceBuilder::new()
        .sensitive_request_headers(Arc::new([AUTHORIZATION]))
        .set_x_request_id(MakeRequestUuid)
        .layer(TraceLayer::new_for_http())
        .propagate_x_request_id()
        .layer(CatchPanicLayer::new())
        .layer(RequestBodyLimitLayer::new(256 * 1024));
    router.layer(around)
}
