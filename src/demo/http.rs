//! The part of the web server: finds the infobase, the user and the HTTP service.

use std::io;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use serde_json::{Value, json};

use super::callers::Session;
use super::publication::Publication;
use super::trade::{self, Access};
use super::{keys, rpc, wire};

/// The name of the published infobase. Its case matters, as on most web servers.
pub(super) const BASE: &str = "/demo";

const MAX_BODY: usize = 4 * 1024 * 1024;

type Reply = Response<Full<Bytes>>;

/// Answers a request to the web server.
///
/// # Errors
///
/// If the request's body cannot be read: then the client is gone.
pub(super) async fn answer(publication: &Publication, request: Request<Incoming>) -> io::Result<Reply> {
    // The web server knows no such infobase, so it does not ask for a login.
    let Some(path) = request.uri().path().strip_prefix(BASE).map(str::to_owned) else {
        return Ok(page(StatusCode::NOT_FOUND));
    };
    if !path.is_empty() && !path.starts_with('/') {
        return Ok(page(StatusCode::NOT_FOUND));
    }
    let Some(user) = publication.users.log_in(request.headers()) else {
        return Ok(unauthorized());
    };
    let Some(route) = path.strip_prefix("/hs/mcp/") else {
        return Ok(page(StatusCode::NOT_FOUND));
    };
    if !user.has_role {
        return Ok(forbidden());
    }
    let session = Session::new(user.name, request.headers());
    service(publication, route, &session, request).await
}

/// Answers at the URL templates of the HTTP service, by method.
async fn service(
    publication: &Publication,
    route: &str,
    session: &Session,
    request: Request<Incoming>,
) -> io::Result<Reply> {
    let (head, body) = request.into_parts();
    let Some(body) = read(body).await? else {
        return Ok(page(StatusCode::PAYLOAD_TOO_LARGE));
    };
    publication.requests.remember(session.user(), &head.method, route, &head.headers, &body);
    Ok(match (route, &head.method) {
        ("health", &Method::GET) => json(StatusCode::OK, &json!({ "status": "ok" })),
        ("rpc", &Method::POST) => match rpc::answer(publication, session, &body).await {
            Some(reply) => json(StatusCode::OK, &reply),
            None => empty(StatusCode::NO_CONTENT),
        },
        ("auth/verify", &Method::POST) => {
            let (status, answer) = keys::verify(&body);
            json(status, &answer)
        }
        ("health" | "rpc" | "auth/verify", _) => page(StatusCode::METHOD_NOT_ALLOWED),
        (path, method) => match trade::route(path) {
            Some(route) if method == Method::POST => rest(publication, path, route, session, &body),
            Some(_) => page(StatusCode::METHOD_NOT_ALLOWED),
            None => page(StatusCode::NOT_FOUND),
        },
    })
}

fn rest(publication: &Publication, path: &str, route: trade::Route, session: &Session, body: &[u8]) -> Reply {
    let call = publication.calls.start();
    publication.callers.remember(session, path);
    let (status, answer) = trade::answer(route, body, Access::new(session.scopes()), publication.today());
    call.finish();
    json(status, &answer)
}

/// Reads the whole body; `None` if it is too long.
async fn read(body: Incoming) -> io::Result<Option<Bytes>> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Ok(None);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(whole) => Ok(Some(whole.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn json(status: StatusCode, value: &Value) -> Reply {
    let mut reply = Response::new(Full::new(wire::json(value)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    reply
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

fn unauthorized() -> Reply {
    let mut reply = empty(StatusCode::UNAUTHORIZED);
    let challenge = HeaderValue::from_static("Basic realm=\"1C:Enterprise 8\"");
    reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    reply
}

/// Returns the answer of 1C to a user without the role.
fn forbidden() -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from("Недостаточно прав доступа: HTTPСервис.mcp_APIBackend")));
    *reply.status_mut() = StatusCode::FORBIDDEN;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}

/// Returns a page of the web server itself: no JSON, and not in Russian.
fn page(status: StatusCode) -> Reply {
    let html = format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n\
         <html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    let mut reply = Response::new(Full::new(Bytes::from(html)));
    *reply.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=iso-8859-1");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}
