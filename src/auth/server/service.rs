//! The [`Service`] of the authorization server: finds the endpoint of a path, and applies what is common to all.

use super::limits::{Endpoint, Post};
use super::page::{AuthorizationError, Language, error_page};
use super::params::Params;
use super::reply::{self, OAuthError};
use super::routes::Route;
use super::store::TokenStore;
use super::{AuthorizationServer, Inner};
use crate::auth::login::Login;
use crate::net::collect::{BodyError, CollectError, collect};
use crate::net::{Body, is_encoded};
use crate::rpc::{BoxError, without_bom};
use bytes::{Buf, Bytes};
use futures_core::future::BoxFuture;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;
use url::Url;

/// The longest body.
const MAX_BODY: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The answer of an [`AuthorizationServer`].
// Boxed: an answer takes a body, the store and 1C, in `async fn`s of many steps, whose futures have no names.
pub struct ResponseFuture(pub(super) BoxFuture<'static, Response<Body>>);

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl<L, S, B> Service<http::Request<B>> for AuthorizationServer<L, S>
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
        let server = Arc::clone(&self.0);
        let (head, body) = request.into_parts();
        ResponseFuture(Box::pin(async move { reply::guard(server.answer(&head, body).await) }))
    }
}

/// The sender of a request, and the URL that it used.
pub(super) struct Asker<'a> {
    pub(super) head: &'a Parts,
    /// The root URL of this server.
    pub(super) base: Arc<str>,
    /// The root URL with the mount path.
    pub(super) issuer: String,
    pub(super) remote: Option<IpAddr>,
    pub(super) language: Language,
}

impl Asker<'_> {
    /// Whether the browser uses https.
    pub(super) fn is_secure(&self) -> bool {
        self.base.starts_with("https:")
    }
}

impl<L: Login, S: TokenStore> Inner<L, S> {
    async fn answer<B>(&self, head: &Parts, body: B) -> Response<Body>
    where
        B: http_body::Body<Data: Buf + Send> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match Route::of(&self.site, head.uri.path()) {
            Some(Route::Callback) if self.login.page().providers.is_empty() => reply::status(StatusCode::NOT_FOUND),
            Some(route) => self.answer_at(route, head, body).await,
            None => reply::status(StatusCode::NOT_FOUND),
        }
    }

    pub(super) async fn answer_at<B>(&self, route: Route<'_>, head: &Parts, body: B) -> Response<Body>
    where
        B: http_body::Body<Data: Buf + Send> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if head.method == Method::OPTIONS {
            return reply::allowing(StatusCode::NO_CONTENT, route.allowed());
        }
        if let Some(why) = self.hosts.refuse_host(head) {
            return OAuthError::request(why).with_status(StatusCode::FORBIDDEN).response();
        }
        let Some(asker) = self.asker(head) else {
            return OAuthError::request("the Host header must name one host").response();
        };
        if head.method == Method::POST && is_encoded(&head.headers) {
            return reply::encoded();
        }
        let get = matches!(head.method, Method::GET | Method::HEAD);
        let answer = match route {
            Route::Resource(path) if get => Ok(self.resource_metadata(&asker, path)),
            Route::Server if get => Ok(self.server_metadata(&asker)),
            Route::Authorize(path) if head.method == Method::GET => self.ask(&asker, path).await,
            Route::Callback if head.method == Method::GET => self.back(&asker).await,
            route if head.method == Method::POST => self.posted(route, &asker, body).await,
            route => Ok(not_allowed(route)),
        };
        if let Err(failure) = &answer {
            self.tell(&asker, failure);
        }
        match answer {
            answer if matches!(route, Route::Authorize(_)) => {
                self.counted(&asker, answer.unwrap_or_else(|failure| page(&asker, failure)))
            }
            Err(failure) if route == Route::Callback => page(&asker, failure),
            Ok(answer) if head.method == Method::HEAD => headers_only(answer),
            Ok(answer) => answer,
            Err(failure) => failure.response(),
        }
    }

    /// Counts errors at the login page; after too many, the answer no longer explains them.
    fn counted(&self, asker: &Asker<'_>, answer: Response<Body>) -> Response<Body> {
        let failed = match asker.head.method {
            // An error that is redirected to the client counts too.
            Method::GET => answer.status().is_client_error() || answer.status().is_redirection(),
            Method::POST => answer.status().is_client_error(),
            _ => false,
        };
        if !failed || matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT) {
            return answer;
        }
        match self.limits.may_fail(asker.remote) {
            // A wrong login that was checked nevertheless keeps its form.
            Err(wait) if answer.status() != StatusCode::FORBIDDEN => page(asker, too_many(wait)),
            _ => {
                self.limits.failed(asker.remote);
                answer
            }
        }
    }

    /// Logs the cause of an error.
    pub(super) fn tell(&self, asker: &Asker<'_>, failure: &OAuthError) {
        if let Some((what, error)) = &failure.trouble {
            self.troubles.tell(asker.remote, what, &**error);
        }
    }

    async fn posted<B>(&self, route: Route<'_>, asker: &Asker<'_>, body: B) -> Result<Response<Body>, OAuthError>
    where
        B: http_body::Body<Data: Buf + Send> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match route {
            Route::Register => {
                self.limited(asker, Endpoint::Register)?;
                self.register(asker, &read(body).await?).await
            }
            Route::Token => {
                self.limited(asker, Endpoint::Token)?;
                self.token(asker, &form(asker, body).await?).await
            }
            Route::Revoke => {
                self.limited(asker, Endpoint::Token)?;
                self.revoke(asker, &form(asker, body).await?).await
            }
            Route::Authorize(path) => {
                let held = match self.limits.post(asker.remote).map_err(too_many)? {
                    Post::Welcome => None,
                    Post::Again(wait) => Some(reply::seconds(wait)),
                };
                Ok(self.log_in(asker, path, &form(asker, body).await?, held).await)
            }
            Route::Resource(_) | Route::Server | Route::Callback => Ok(not_allowed(route)),
        }
    }

    /// Answers an authorization request in the query.
    async fn ask(&self, asker: &Asker<'_>, path: &str) -> Result<Response<Body>, OAuthError> {
        self.limits.view(asker.remote).map_err(too_many)?;
        let params = read_params(asker.head.uri.query().unwrap_or_default().as_bytes())?;
        Ok(self.authorize(asker, path, &params).await)
    }

    /// Answers a user whom a provider has sent back.
    async fn back(&self, asker: &Asker<'_>) -> Result<Response<Body>, OAuthError> {
        self.limits.view(asker.remote).map_err(too_many)?;
        let answer = read_params(asker.head.uri.query().unwrap_or_default().as_bytes())?;
        Ok(self.came_back(asker, &answer).await)
    }

    /// Returns the sender; `None` if the URL that the request came under is not valid.
    fn asker<'a>(&self, head: &'a Parts) -> Option<Asker<'a>> {
        let base = self.site.base(head);
        let url = Url::parse(&base).ok().filter(Url::has_host)?;
        // With two `Host` headers, a proxy may have read the other one (RFC 9112, section 3.2).
        if head.headers.get_all(HOST).iter().nth(1).is_some() {
            return None;
        }
        if !url.username().is_empty() || base.contains(['?', '#', '\\', '@', ' ']) {
            return None;
        }
        let remote = crate::net::remote(head.extensions.get(), head.extensions.get());
        Some(Asker { head, issuer: self.site.issuer(&base), base, remote, language: Language::of(&head.headers) })
    }

    fn limited(&self, asker: &Asker<'_>, endpoint: Endpoint) -> Result<(), OAuthError> {
        self.limits.check(endpoint, asker.remote).map_err(too_many)
    }
}

fn too_many(wait: Duration) -> OAuthError {
    OAuthError::too_many(reply::seconds(wait))
}

async fn form<B>(asker: &Asker<'_>, body: B) -> Result<Params, OAuthError>
where
    B: http_body::Body<Data: Buf + Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if !is_type(asker.head, "application/x-www-form-urlencoded") {
        return Err(OAuthError::request("Content-Type must be application/x-www-form-urlencoded"));
    }
    read_params(&read(body).await?)
}

async fn read<B>(body: B) -> Result<Bytes, OAuthError>
where
    B: http_body::Body<Data: Buf + Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let read = collect(body, MAX_BODY).within(BODY_TIME).await;
    read.map(without_bom).map_err(|why| match why {
        BodyError::Collect(CollectError::TooLarge) => {
            OAuthError::request("the body is over 64 KiB").with_status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        BodyError::Collect(CollectError::CutOff) => OAuthError::request("the body is longer than this server accepts")
            .with_status(StatusCode::PAYLOAD_TOO_LARGE),
        BodyError::Collect(CollectError::NoRoom) => OAuthError::no_room(),
        BodyError::Collect(CollectError::Broken(_)) => OAuthError::request("the body broke off"),
        BodyError::TooSlow => {
            OAuthError::request("the body took too long to arrive").with_status(StatusCode::REQUEST_TIMEOUT)
        }
    })
}

fn not_allowed(route: Route<'_>) -> Response<Body> {
    reply::allowing(StatusCode::METHOD_NOT_ALLOWED, route.allowed())
}

fn read_params(encoded: &[u8]) -> Result<Params, OAuthError> {
    Params::parse(encoded).map_err(|malformed| OAuthError::request(malformed.why()))
}

/// Whether the body is of this media type.
pub(super) fn is_type(head: &Parts, expected: &str) -> bool {
    let given = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split_once(';').map_or(given, |(essence, _)| essence);
    given.trim().eq_ignore_ascii_case(expected)
}

/// Returns an error of the authorization endpoint as a page, since the sender may be a person.
fn page(asker: &Asker<'_>, failure: OAuthError) -> Response<Body> {
    let problem = match failure.retry_after {
        Some(seconds) => AuthorizationError::TooMany(seconds),
        None => AuthorizationError::BadRequest(failure.description.into_owned()),
    };
    let mut response = error_page(asker.language, &problem);
    *response.status_mut() = failure.status;
    response
}

/// Returns the answer to HEAD: that to GET without the body.
fn headers_only(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    head.headers.insert(CONTENT_LENGTH, http_body::Body::size_hint(&body).lower().into());
    Response::from_parts(head, Body::default())
}
