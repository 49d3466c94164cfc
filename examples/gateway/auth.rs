//! Authentication: the guard of the MCP endpoints in each auth mode.

use crate::BoxError;
use crate::access::Access;
use crate::endpoints::Unguarded;
use crate::infobase::Opened;
use crate::oauth;
use crate::settings::{Auth, Login, Settings};
use onec_mcp::auth::login::{Cached, CachedLayer, OwnLogin, Slowdown};
use onec_mcp::auth::{BasicAuthLayer, BearerAuthLayer, StaticToken};
use onec_mcp::net::OriginPolicy;
use onec_mcp::{Identity, Scopes, demo};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tower::Layer;
use url::{Host, Url};

/// A wrong login that is repeated within this time counts once.
const WRONG_AGAIN: Duration = Duration::from_secs(30);

/// Puts the guard of the auth mode around the MCP endpoints.
pub(crate) async fn guard(
    mcp: Unguarded,
    infobase: &Opened,
    settings: &Settings,
    hosts: &OriginPolicy,
) -> Result<Access, BoxError> {
    Ok(match &settings.auth {
        Auth::None { token: None } => Access::new(mcp.open()),
        Auth::None { token: Some(token) } => {
            // All callers with the token share one name, which 1C does not get.
            let bearer = Identity::new("bearer", Scopes::default()).shared();
            Access::new(mcp.behind(BearerAuthLayer::new(StaticToken::new(token.clone(), bearer))))
        }
        Auth::Basic { scopes } => {
            // The inner cache keeps right logins; with the outer one, a repeated wrong login counts once.
            let known = Cached::new(OwnLogin::new(infobase.onec.clone()));
            let login = CachedLayer::new().ttl(Duration::ZERO, WRONG_AGAIN).layer(Slowdown::new(known));
            Access::new(mcp.behind(BasicAuthLayer::new(login).scopes(scopes.clone())))
        }
        Auth::OAuth2(oauth) => oauth::guard(mcp, infobase, settings, oauth, hosts).await?,
    })
}

/// Logs what an administrator should know about the auth mode.
pub(crate) fn announce(settings: &Settings, infobase: &Opened, address: SocketAddr) {
    for warning in exposed(settings, &address.to_string(), address.ip().is_loopback()) {
        tracing::warn!("{warning}");
    }
    let public = settings.http.public_url.as_ref();
    if matches!(settings.auth, Auth::OAuth2(_)) {
        match public {
            Some(url) => tracing::info!("OAuth: the issuer is {}", url.as_str().trim_end_matches('/')),
            None => tracing::info!("OAuth: the issuer is the address that clients use; MCP_PUBLIC_URL would fix it"),
        }
    }
    if let Some(demo) = infobase.demo() {
        show_demo_logins(demo, &settings.auth);
    }
}

/// Returns warnings of what strangers could read or do if the gateway listens at `address`, which may be `local`.
pub(crate) fn exposed(settings: &Settings, address: &str, local: bool) -> Vec<String> {
    let Settings { http, serving, auth, .. } = settings;
    let public = http.public_url.as_ref().filter(|url| !is_loopback(url));
    let reached = match public {
        Some(url) => Some(url.as_str().trim_end_matches('/')),
        None if !local => Some(address),
        None if !http.trusted_proxies.is_empty() => Some("the proxies in MCP_TRUSTED_PROXIES"),
        None => None,
    };
    let open = matches!(auth, Auth::None { token: None });
    let mut warnings = Vec::new();
    if let Some(reached) = reached.filter(|_| open && serving.mcp) {
        warnings.push(format!(
            "no authentication: whoever reaches {reached} works in 1C under the service account; \
             set MCP_AUTH_MODE or MCP_BEARER_TOKEN, or listen on 127.0.0.1 and let no proxy lead there"
        ));
    }
    let secrets = !open || serving.rest.is_some();
    match public {
        Some(url) if url.scheme() == "http" => warnings.push(format!(
            "the public URL {url} is without encryption: logins, tokens and what 1C answers cross the network in the \
             clear; put a proxy with https before the gateway, or set MCP_TLS_CERT and MCP_TLS_KEY, and say https:// in \
             MCP_PUBLIC_URL"
        )),
        None if secrets && !local && http.tls.is_none() => warnings.push(
            "logins and tokens cross the network in the clear: set MCP_TLS_CERT and MCP_TLS_KEY, or put a proxy \
             with https before the gateway and say so in MCP_PUBLIC_URL"
                .to_owned(),
        ),
        _ => {}
    }
    warnings
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_local(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns whether only programs on this machine reach a listener at `host`.
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Logs the logins of the demo, all of which are public.
fn show_demo_logins(demo: &demo::DemoInfobase, auth: &Auth) {
    match auth {
        Auth::None { .. } => {}
        Auth::OAuth2(oauth) if oauth.login == Login::Key => {
            for key in demo.keys().iter().filter(|key| !key.scopes.is_empty()) {
                let by_default = key.scopes.iter().any(|scope| oauth.default_scopes.contains(scope));
                let hint = if by_default { "" } else { "; the client must ask for a scope of this key" };
                tracing::info!("demo login: key \"{}\" ({}: {}{hint})", key.key, key.name, key.scopes.join(" "));
            }
        }
        Auth::OAuth2(_) | Auth::Basic { .. } => {
            for user in demo.users() {
                tracing::info!("demo login: user \"{}\", password \"{}\" ({})", user.name, user.password, user.note);
            }
        }
    }
}
