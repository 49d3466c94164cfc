//! [`Call`].

use crate::identity::Identity;
use crate::onec::RestCall;
use crate::rpc::{Extensions, RequestId};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use std::sync::Arc;

/// A call that the program itself answers, of a [`Tool`](super::Tool), [`Prompt`](super::Prompt) or
/// [`Resource`](super::Resource) of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The name of the tool or prompt, or the URI of the resource.
    pub name: Arc<str>,
    /// The arguments, an object: mended, completed with defaults, limited by the ceilings and checked.
    pub arguments: Value,
    /// Headers for 1C: who calls, as the scope layer tells.
    pub headers: HeaderMap,
    /// Values that layers attached to the request, such as the [`Identity`] of the caller.
    pub extensions: Extensions,
    /// Identifies the request in the log and the audit trail.
    pub id: RequestId,
}

impl Call {
    /// Creates a call by a caller who is not known, as tests of a function need it.
    pub fn new(name: impl Into<Arc<str>>, arguments: Value) -> Self {
        let (headers, extensions, id) = (HeaderMap::new(), Extensions::new(), RequestId::next());
        Self { name: name.into(), arguments, headers, extensions, id }
    }

    /// Returns the caller, if an authentication layer identified one.
    pub fn identity(&self) -> Option<&Identity> {
        self.extensions.get()
    }

    /// Returns a call to 1C for the caller of this one: it runs under the caller's own login, if there is one, takes
    /// turns with the caller's other calls, and tells 1C who calls.
    ///
    /// [`OneCRest`](crate::onec::OneCRest) makes the call, which no scope layer judges.
    pub fn to_onec(&self, path: impl Into<Arc<str>>, body: impl Into<Bytes>) -> RestCall {
        let mut call = RestCall::new(path, body);
        call.headers = self.headers.clone();
        call.extensions = self.extensions.clone();
        call
    }
}
