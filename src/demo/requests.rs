//! Requests that reached the infobase.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

/// The number of requests that are remembered, and the bytes of each body.
const REMEMBERED: usize = 100;
const BODY: usize = 64 * 1024;

/// A request to the HTTP service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The user of the infobase.
    pub user: String,
    /// The HTTP method.
    pub method: Method,
    /// The path below the root of the service, such as `reports/sales`.
    pub path: String,
    /// The headers as they were sent, without the login.
    pub headers: HeaderMap,
    /// The first 64 KiB of the body.
    pub body: Bytes,
}

/// The last requests, the newest at the end.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<VecDeque<Received>>);

impl Requests {
    pub(super) fn remember(&self, user: &str, method: &Method, path: &str, headers: &HeaderMap, body: &Bytes) {
        let mut headers = headers.clone();
        headers.remove(AUTHORIZATION);
        // A slice would keep the whole body in memory.
        let body =
            if body.len() > BODY { Bytes::copy_from_slice(body.get(..BODY).unwrap_or_default()) } else { body.clone() };
        let (user, method, path) = (user.to_owned(), method.clone(), path.to_owned());
        let mut requests = self.requests();
        if requests.len() == REMEMBERED {
            requests.pop_front();
        }
        requests.push_back(Received { user, method, path, headers, body });
    }

    pub(super) fn now(&self) -> Vec<Received> {
        self.requests().iter().cloned().collect()
    }

    fn requests(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
