//! The REST endpoints. They change with the catalog, so they are no routes of the router.

use crate::stack::Stack;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use onec_mcp::catalog::Tools;
use tower::ServiceExt;

/// Returns the service for paths without a route: the REST endpoints for their paths, and `others` for the rest.
pub(crate) fn before(others: Router, stack: &Stack) -> Router {
    let Some((rest, catalog)) = stack.rest() else { return others };
    Router::new().fallback(async move |request: Request| -> Response {
        if !is_theirs(request.uri().path(), &catalog.current()) {
            return others.oneshot(request).await.into_response();
        }
        match rest.oneshot(request).await {
            Ok(response) => response.into_response(),
            Err(error) => {
                tracing::error!("REST: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    })
}

/// Returns whether a path begins like that of some endpoint. A wrong path below `/reports/` gets an error in
/// the format of these endpoints.
fn is_theirs(path: &str, tools: &Tools) -> bool {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().map(str::to_owned);
    let known = || tools.iter().filter_map(|tool| tool.rest()).any(|rest| first(rest) == first(path));
    path == "/openapi.json" || known()
}
