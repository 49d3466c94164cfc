//! Which endpoint a request is for, and what it must bring.

use super::document::Document;
use super::door::Door;
use super::error::RestError;
use crate::catalog::{Catalog, Tool, Tools};
use crate::net::collect::{BodyError, CUT_OFF, CollectError, Within, collect};
use crate::net::is_encoded;
use crate::rpc::json::{JsonError, Scanner};
use crate::rpc::without_bom;
use bytes::Bytes;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a request needs, except the service beneath.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    catalog: Catalog,
    pub(super) door: Door,
    pub(super) document: Document,
    pub(super) max_body: usize,
    pub(super) body_timeout: Duration,
}

/// Where a request goes.
pub(super) enum Route<'a> {
    Document,
    Tool(&'a Tool),
}

impl Endpoints {
    pub(super) fn new(catalog: Catalog, door: Door) -> Self {
        let document = Document::default().scoped(matches!(door, Door::Callers(_)));
        Self { catalog, door, document, max_body: 4 * 1024 * 1024, body_timeout: Duration::from_secs(30) }
    }

    /// What can be said before the body is read. Strangers have been refused: they do not learn what there is.
    pub(super) fn route<'a>(&self, head: &Parts, tools: &'a Tools) -> Result<Route<'a>, RestError> {
        let path = percent_decode_str(head.uri.path()).decode_utf8().map_err(|_| RestError::not_found())?;
        if path == "/openapi.json" {
            return match head.method {
                Method::GET | Method::HEAD => Ok(Route::Document),
                _ => Err(RestError::only("GET, HEAD")),
            };
        }
        let tool = tools.iter().find(|tool| tool.rest() == Some(&*path)).ok_or_else(RestError::not_found)?;
        match head.method {
            Method::POST if is_encoded(&head.headers) => Err(RestError::encoded()),
            Method::POST => Ok(Route::Tool(tool)),
            _ => Err(RestError::only("POST")),
        }
    }

    /// The arguments: a body that is a JSON object, whatever its `Content-Type` says.
    pub(super) fn arguments(&self, body: Result<Bytes, BodyError>) -> Result<Bytes, RestError> {
        let whole = body.map_err(|why| match why {
            BodyError::Collect(CollectError::TooLarge) => {
                RestError::too_large(format!("A body may have at most {} bytes", self.max_body))
            }
            BodyError::Collect(CollectError::CutOff) => RestError::too_large(CUT_OFF),
            BodyError::Collect(CollectError::NoRoom) => RestError::no_room(),
            BodyError::Collect(CollectError::Broken(_)) => RestError::invalid_request("The body broke off"),
            BodyError::TooSlow => RestError::too_late(),
        })?;
        // 1C's own clients write a byte order mark.
        let whole = without_bom(whole);
        if whole.iter().all(u8::is_ascii_whitespace) {
            return Err(RestError::invalid_request("The body must be a JSON object with the arguments; it is empty"));
        }
        let read = object(&whole);
        read.map(|()| whole).map_err(|error| {
            RestError::invalid_request(format!("The body must be a JSON object with the arguments: {error}"))
        })
    }

    pub(super) fn read<B: http_body::Body>(&self, body: B) -> Within<B> {
        collect(body, self.max_body).within(self.body_timeout)
    }

    /// The tools of now; a call under way ends with those that it began with.
    pub(super) fn tools(&self) -> Arc<Tools> {
        self.catalog.current()
    }
}

fn object(text: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text)?;
    scanner.object::<JsonError>(|scanner, _| scanner.skip().map(|_| ()))?;
    scanner.end()
}
