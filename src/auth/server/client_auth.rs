//! Which client calls the token or revocation endpoint. All are public: they have a name and no
//! secret.

use super::client_metadata::is_metadata_url;
use super::params::Params;
use super::reply::Failure;
use super::service::Asker;
use super::store::TokenStore;
use super::{Inner, PUBLIC_CLIENT};
use crate::auth::login::Login;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// The `client_id`, from the form or as the user of HTTP Basic; nothing if it is left out.
pub(super) fn client_id(asker: &Asker<'_>, form: &Params) -> Result<Option<String>, Failure> {
    if let Some(name) = form.repeated() {
        return Err(Failure::request(format!("{} is given twice", super::reply::plain(name))));
    }
    if form.get("client_secret").is_some() || form.get("client_assertion").is_some() {
        return Err(Failure::client("clients have no secret here"));
    }
    let in_form = form.get("client_id");
    match (basic(asker)?, in_form) {
        (Some(basic), Some(in_form)) if basic != in_form => Err(Failure::client("two different client ids")),
        (Some(basic), _) => Ok(Some(basic)),
        (None, in_form) => Ok(in_form.map(str::to_owned)),
    }
}

/// The user of `Authorization: Basic`
/// ([RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
fn basic(asker: &Asker<'_>) -> Result<Option<String>, Failure> {
    let bad = || Failure::client("the Authorization header is not HTTP Basic with a client id");
    let Some(header) = asker.head.headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, login) = header.to_str().ok().and_then(|header| header.split_once(' ')).ok_or_else(bad)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad());
    }
    let login = Zeroizing::new(STANDARD.decode(login.trim()).map_err(|_| bad())?);
    let login = std::str::from_utf8(&login).map_err(|_| bad())?;
    let (id, secret) = login.split_once(':').unwrap_or((login, ""));
    if !secret.is_empty() {
        return Err(Failure::client("clients have no secret here"));
    }
    let id = id.replace('+', " ");
    let id = percent_decode_str(&id).decode_utf8().map_err(|_| bad())?;
    if id.is_empty() { Err(bad()) } else { Ok(Some(id.into_owned())) }
}

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Whether anybody may call by this name. A client that this server has forgotten learns it
    /// from `invalid_client`, and registers again.
    pub(super) async fn must_be_known(&self, client: Option<&str>) -> Result<(), Failure> {
        let Some(id) = client.filter(|id| *id != PUBLIC_CLIENT) else { return Ok(()) };
        if self.client_metadata.is_some() && is_metadata_url(id) {
            return Ok(());
        }
        match self.store.client(id).await? {
            Some(_) => Ok(()),
            None => Err(Failure::client("this client is not registered")),
        }
    }
}
