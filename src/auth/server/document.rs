//! [`MetadataService`].

use super::AuthorizationServer;
use super::reply;
use super::routes::Route;
use super::service::ResponseFuture;
use super::store::TokenStore;
use crate::auth::Site;
use crate::auth::login::Login;
use crate::net::Body;
use crate::rpc::BoxError;
use bytes::Buf;
use http::{Response, StatusCode};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// A service with one metadata document of an [`AuthorizationServer`], for routers that shorten the path. Cloning is
/// cheap.
///
/// [`AuthorizationServer::resource_metadata`] and [`AuthorizationServer::server_metadata`] return it.
#[derive(Clone)]
pub struct MetadataService<L, S> {
    server: AuthorizationServer<L, S>,
    document: Document,
}

#[derive(Clone, Copy, Debug)]
enum Document {
    Resource,
    Server,
}

impl Document {
    fn route<'a>(self, site: &'a Site, path: &str) -> Option<Route<'a>> {
        match self {
            Self::Resource => Route::resource(site, path),
            Self::Server => Some(Route::Server),
        }
    }
}

impl<L: Login, S: TokenStore> AuthorizationServer<L, S> {
    /// Returns a service with the metadata of the protected resources
    /// ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)), to be routed below `/.well-known/oauth-protected-resource`.
    ///
    /// It finds the resource by the end of the path, so it works at the whole path as well as nested in a router that
    /// shortens it. The server itself has the document too, but needs all of the path, or all after `/.well-known`.
    pub fn resource_metadata(&self) -> MetadataService<L, S> {
        MetadataService { server: self.clone(), document: Document::Resource }
    }

    /// Returns a service with the metadata of this server ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414)), to be
    /// routed below `/.well-known/oauth-authorization-server`. It does not look at the path.
    pub fn server_metadata(&self) -> MetadataService<L, S> {
        MetadataService { server: self.clone(), document: Document::Server }
    }
}

impl<L, S> fmt::Debug for MetadataService<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataService").field("document", &self.document).finish_non_exhaustive()
    }
}

impl<L, S, B> Service<http::Request<B>> for MetadataService<L, S>
where
    L: Login,
    S: TokenStore,
    B: http_body::Body<Data: Buf + Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        let (server, document) = (Arc::clone(&self.server.0), self.document);
        let (head, body) = request.into_parts();
        ResponseFuture(Box::pin(async move {
            reply::guard(match document.route(&server.site, head.uri.path()) {
                Some(route) => server.answer_at(route, &head, body).await,
                None => reply::status(StatusCode::NOT_FOUND),
            })
        }))
    }
}
