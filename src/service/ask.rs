//! Requests for lists of tools that layers and bridges make themselves.

use crate::rpc::{BoxError, ErrorObject, MAX_ITEMS, Method, Params, Payload, Request, Response, RpcError, Unasked};
use crate::service::aside::{aside, is_long};
use serde::Deserialize;
use std::collections::HashSet;
use tower::ServiceExt as _;
use tower_service::Service;

/// A list of more pages is taken to be endless.
const MAX_PAGES: usize = 100;

/// The fields read from a page.
#[derive(Deserialize)]
struct Page {
    #[serde(rename = "nextCursor")]
    next: Option<String>,
    #[serde(default)]
    tools: Vec<serde::de::IgnoredAny>,
}

/// Fetches the list of tools as the caller of `request` sees it, and gives `each` page to the closure, with the
/// request for it, until that returns `false`. A long page is read off the serving threads. An answer that is a
/// JSON-RPC error ends the list and is returned.
///
/// # Errors
/// The error of the service; an [`RpcError`] for an endless list: a cursor that comes twice, more than 100 pages, or
/// more than 10 000 tools.
pub(crate) async fn tools<S>(
    request: &Request,
    service: &mut S,
    each: impl Fn(&Request, &Payload) -> bool + Clone + Send + 'static,
) -> Result<Option<ErrorObject>, BoxError>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    let mut params = Params::default();
    let (mut cursors, mut tools) = (HashSet::new(), 0);
    loop {
        let mut page = Request { method: Method::ToolsList, params, ..request.clone() };
        page.extensions.insert(Unasked);
        let asked = page.clone();
        let answer = service.ready().await.map_err(Into::into)?.call(page).await.map_err(Into::into)?;
        let payload = match answer.outcome {
            Ok(payload) => payload,
            Err(error) => return Ok(Some(error)),
        };
        let long = is_long(payload.json().len());
        let each = each.clone();
        let look =
            move || if each(&asked, &payload) { serde_json::from_slice::<Page>(payload.json()).ok() } else { None };
        let page = if long { aside(look).await? } else { look() };
        let Some(page) = page else { return Ok(None) };
        tools += page.tools.len();
        if tools > MAX_ITEMS {
            return Err(endless(format!("a list of more than {MAX_ITEMS} tools")));
        }
        let Some(cursor) = page.next else { return Ok(None) };
        let next = serde_json::json!({ "cursor": cursor }).to_string();
        params = Params::parse(&next.into()).unwrap_or_default();
        if !cursors.insert(cursor) {
            return Err(endless("a list of tools whose pages come again: one cursor stands on two of them".into()));
        }
        if cursors.len() >= MAX_PAGES {
            return Err(endless(format!("a list of tools of more than {MAX_PAGES} pages")));
        }
    }
}

fn endless(why: String) -> BoxError {
    RpcError::no_answer(&why).into()
}
