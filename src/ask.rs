//! Lists of tools that layers ask for themselves.

use crate::rpc::{BoxError, Method, Params, Payload, Request, Response, Unasked};
use serde::Deserialize;
use tower::ServiceExt as _;
use tower_service::Service;

/// Pages beyond this are not read.
const MAX_PAGES: usize = 100;

/// Shows `each` page of the list that the sender of `request` sees, with the request for it, until it has
/// seen enough and says `false`.
///
/// # Errors
/// What the service failed with; an answer that is an error is the end of the list.
pub(crate) async fn tools<S>(
    request: &Request,
    service: &mut S,
    mut each: impl FnMut(&Request, &Payload) -> bool,
) -> Result<(), BoxError>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    #[derive(Deserialize)]
    struct Tail {
        #[serde(rename = "nextCursor")]
        next: Option<String>,
    }

    let mut params = Params::default();
    for _ in 0..MAX_PAGES {
        let mut page = Request { method: Method::ToolsList, params, ..request.clone() };
        page.extensions.insert(Unasked);
        let asked = page.clone();
        let answer = service.ready().await.map_err(Into::into)?.call(page).await.map_err(Into::into)?;
        let Ok(payload) = answer.outcome else { break };
        if !each(&asked, &payload) {
            break;
        }
        let Ok(Tail { next: Some(cursor) }) = serde_json::from_slice(payload.json()) else { break };
        let next = serde_json::json!({ "cursor": cursor }).to_string();
        params = Params::parse(&next.into()).unwrap_or_default();
    }
    Ok(())
}
