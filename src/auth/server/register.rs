//! Dynamic client registration ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)).

use super::reply::{self, OAuthError};
use super::scopes::Asked;
use super::service::{Asker, is_type};
use super::store::{Client, TokenStore};
use super::{Inner, redirect, secret};
use crate::audit::Event;
use crate::auth::clock::Timestamp;
use crate::auth::login::Login;
use crate::identity::Scopes;
use crate::net::Body;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// The most redirect URIs of a client.
const MOST_URIS: usize = 20;
/// The most bytes that are stored of a client, name and redirect URIs: any stranger can register.
const LONGEST: usize = 2 * 1024;
/// The longest name of a client, in characters.
const LONGEST_NAME: usize = 200;

/// The response to a registration, [RFC 7591, section 3.2.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1).
#[derive(Serialize)]
struct Registered<'a> {
    client_id: &'a str,
    client_id_issued_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'a str>,
    redirect_uris: &'a [String],
    grant_types: Vec<&'a str>,
    response_types: [&'a str; 1],
    token_endpoint_auth_method: &'a str,
    scope: String,
}

impl<L: Login, S: TokenStore> Inner<L, S> {
    pub(super) async fn register(&self, asker: &Asker<'_>, body: &[u8]) -> Result<Response<Body>, OAuthError> {
        let members = members(asker, body)?;
        // Clients are public, whatever method they ask for; none is refused because of it.
        string(&members, "token_endpoint_auth_method")?;
        string(&members, "application_type")?;
        let grant_types = self.granted_types(&members)?;
        let scope = self.registered_scope(string(&members, "scope")?);
        if strings(&members, "response_types")?.is_some_and(|types| !types.contains(&"code")) {
            return Err(metadata("response_types: only code is supported"));
        }
        let name = name(&members)?;
        let client = Client {
            id: secret::new(secret::CLIENT)?.to_string(),
            redirect_uris: redirect_uris(&members, LONGEST.saturating_sub(name.as_ref().map_or(0, String::len)))?,
            name,
            registered: self.clock.now(),
        };
        self.store.put_client(client.clone()).await?;
        let (client_id, remote) = (Some(client.id.as_str()), asker.remote);
        Event { name: "oauth.client.registered", client_id, remote, ..Event::default() }.emit_some(None, &self.sampler);
        let registered = Registered {
            client_id: &client.id,
            client_id_issued_at: client.registered,
            client_name: client.name.as_deref(),
            redirect_uris: &client.redirect_uris,
            grant_types,
            response_types: ["code"],
            token_endpoint_auth_method: "none",
            scope: scope.to_string(),
        };
        Ok(reply::json(StatusCode::CREATED, &registered))
    }

    fn granted_types<'a>(&self, members: &'a Map<String, Value>) -> Result<Vec<&'a str>, OAuthError> {
        let Some(asked) = strings(members, "grant_types")? else {
            return Ok(vec!["authorization_code", "refresh_token"]);
        };
        let mut granted: Vec<_> = asked.into_iter().filter(|kind| self.grant_types().contains(kind)).collect();
        if granted.is_empty() {
            return Err(metadata("grant_types: none of them is supported"));
        }
        // The response type `code`, which every client gets, is useless without this grant type
        // ([RFC 7591, section 2.1](https://www.rfc-editor.org/rfc/rfc7591#section-2.1)).
        if !granted.contains(&"authorization_code") {
            granted.insert(0, "authorization_code");
        }
        Ok(granted)
    }

    /// Returns the scopes that the client may expect; each authorization request asks for its own.
    fn registered_scope(&self, asked: Option<&str>) -> Scopes {
        let asked = Asked::parse(asked);
        if asked.is_nothing() {
            return asked.told(&self.default_scopes());
        }
        asked.told(&asked.scopes().intersection(&self.supported))
    }
}

/// Parses the members that describe the client: everything may be omitted
/// ([RFC 7591, section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)), including the body and its type.
fn members(asker: &Asker<'_>, body: &[u8]) -> Result<Map<String, Value>, OAuthError> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    if asker.head.headers.contains_key(CONTENT_TYPE) && !is_type(asker.head, "application/json") {
        return Err(metadata("Content-Type must be application/json"));
    }
    serde_json::from_slice(body).map_err(|_| metadata("the body is not a JSON object"))
}

fn metadata(why: impl Into<String>) -> OAuthError {
    OAuthError::new("invalid_client_metadata", why.into())
}

/// Returns a member that must be a string if it is there.
fn string<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, OAuthError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(metadata(format!("{name} must be a string"))),
    }
}

/// Returns a member that must be a list of strings if it is there.
fn strings<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<Vec<&'a str>>, OAuthError> {
    let list = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
        Some(_) => None,
    };
    list.map(Some).ok_or_else(|| metadata(format!("{name} must be a list of strings")))
}

fn redirect_uris(members: &Map<String, Value>, longest: usize) -> Result<Vec<String>, OAuthError> {
    let bad = |why: String| OAuthError::new("invalid_redirect_uri", why);
    let uris = strings(members, "redirect_uris").map_err(|failure| bad(failure.description.into_owned()))?;
    let uris = uris.unwrap_or_default();
    if uris.len() > MOST_URIS {
        return Err(bad(format!("redirect_uris: at most {MOST_URIS}")));
    }
    for (at, uri) in uris.iter().enumerate() {
        redirect::check(uri).map_err(|why| bad(format!("redirect_uris, number {}: {why}", at + 1)))?;
    }
    if uris.iter().map(|uri| uri.len()).sum::<usize>() > longest {
        return Err(bad(format!("redirect_uris: at most {LONGEST} bytes together with client_name")));
    }
    Ok(uris.into_iter().map(str::to_owned).collect())
}

/// Returns the name of the client, without characters that hide or reorder text.
fn name(members: &Map<String, Value>) -> Result<Option<String>, OAuthError> {
    let name = string(members, "client_name")?.unwrap_or_default();
    if name.chars().count() > LONGEST_NAME {
        return Err(metadata(format!("client_name must have at most {LONGEST_NAME} characters")));
    }
    let name: String = name.chars().filter(|char| !char.is_control() && !is_bidi(*char)).collect();
    let name = name.trim();
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

/// Whether the character controls the direction of text.
const fn is_bidi(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
