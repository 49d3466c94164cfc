//! The limits of requests over HTTP: [`Options`].

use super::reply;
use crate::net::Body;
use crate::net::budget::{AFTER_NO_ROOM, NO_ROOM};
use crate::net::collect::{BodyError, CUT_OFF, CollectError, Within, collect};
use crate::net::{OriginPolicy, Refused};
use crate::rpc::{ErrorObject, encode_error};
use http::{Response, StatusCode};
use std::time::Duration;

/// The settings that only HTTP needs.
#[derive(Clone, Debug)]
pub(in crate::bridge) struct Options {
    pub(in crate::bridge) origins: OriginPolicy,
    pub(in crate::bridge) max_body: usize,
    pub(in crate::bridge) body_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { origins: OriginPolicy::new(), max_body: 4 * 1024 * 1024, body_timeout: Duration::from_secs(30) }
    }
}

impl Options {
    /// Reads a body within its limits.
    pub(in crate::bridge) fn read<B: http_body::Body>(&self, body: B) -> Within<B> {
        collect(body, self.max_body).within(self.body_timeout)
    }

    /// What is answered where there is no whole body.
    pub(in crate::bridge) fn unread(&self, why: BodyError) -> Response<Body> {
        match why {
            BodyError::Collect(CollectError::TooLarge) => self.too_large(),
            BodyError::Collect(CollectError::CutOff) => {
                reply::error(StatusCode::PAYLOAD_TOO_LARGE, &ErrorObject::invalid_request(CUT_OFF), None)
            }
            BodyError::Collect(CollectError::NoRoom) => {
                let error = encode_error(&ErrorObject::internal(NO_ROOM), None);
                let mut refusal = reply::json(error, StatusCode::SERVICE_UNAVAILABLE, Some(AFTER_NO_ROOM));
                Refused::Because(NO_ROOM.into()).mark(&mut refusal);
                refusal
            }
            BodyError::Collect(CollectError::Broken(_)) => {
                reply::error(StatusCode::BAD_REQUEST, &ErrorObject::parse_error("The body broke off"), None)
            }
            BodyError::TooSlow => {
                let error = ErrorObject::invalid_request("The body took too long to arrive");
                reply::error(StatusCode::REQUEST_TIMEOUT, &error, None)
            }
        }
    }

    pub(in crate::bridge) fn too_large(&self) -> Response<Body> {
        let text = format!("A body may have at most {} bytes", self.max_body);
        reply::error(StatusCode::PAYLOAD_TOO_LARGE, &ErrorObject::invalid_request(text), None)
    }
}
