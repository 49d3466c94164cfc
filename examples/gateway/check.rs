//! The command `check`: tries everything that must work, one step at a time. It changes nothing and creates nothing.

mod catalog;
mod files;
mod listener;
mod onec;
mod say;

use crate::auth;
use crate::infobase::Opened;
use crate::oauth;
use crate::settings::{Auth, Login as LoginType, OAuth2, Settings, Store};
use say::{fail, note, ok, skip, wait};
use std::process::ExitCode;
use std::time::Duration;

/// The time limit for reaching a token store.
const STORE: Duration = Duration::from_secs(10);

/// Prints a line for each step; the exit code is 0 only if all pass.
pub(crate) async fn run(settings: &Settings, infobase: &Opened) -> ExitCode {
    ok("settings", &format!("infobase {}, auth mode {}", infobase.address(), settings.auth.mode()));
    for warning in &settings.warnings {
        note("settings", warning);
    }
    for remark in &settings.notes {
        note("settings", remark);
    }
    let http = &settings.http;
    for warning in auth::exposed(settings, &http.host, auth::is_local(&http.host)) {
        note("security", &warning);
    }
    let serving = &settings.serving;
    if let Some(catalog) = &serving.catalog {
        // A catalog that cannot be used has stopped the start already.
        ok("catalog", &format!("{} tools ({})", catalog.tools.iter().count(), catalog.name()));
    }
    let names = &settings.names;
    let files = settings.audit_log.as_deref().is_none_or(|path| told("audit log", files::log(path, &names.audit_log)));
    let listener = listener::check(&settings.http).await;
    let onec = onec::check(settings, infobase).await;
    let oauth = match &settings.auth {
        Auth::OAuth2(oauth) => authorization_server(settings, infobase, oauth, onec).await,
        Auth::None { .. } | Auth::Basic { .. } => true,
    };
    if files && listener && onec && oauth { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks whether users could get tokens.
async fn authorization_server(settings: &Settings, infobase: &Opened, oauth: &OAuth2, onec: bool) -> bool {
    let keys = match oauth.login {
        LoginType::Credentials => true,
        LoginType::Key if onec => onec::access_keys(&infobase.onec, settings.onec.timeout).await,
        LoginType::Key => {
            skip("access keys");
            false
        }
    };
    let store = told("token store", token_store(oauth, &settings.names.store).await);
    match &settings.http.public_url {
        Some(url) => ok("public URL", url.as_str()),
        None => {
            note("public URL", "taken from each request; behind a proxy set MCP_PUBLIC_URL, or MCP_TRUSTED_PROXIES")
        }
    }
    keys && store
}

async fn token_store(oauth: &OAuth2, name: &str) -> Result<String, String> {
    match &oauth.store {
        Store::Memory => Ok("in memory; a restart of the gateway logs everybody out".to_owned()),
        Store::Sqlite(path) => files::database(path, oauth.makes_folder, name),
        Store::Postgres(url) => {
            wait("the PostgreSQL database", STORE);
            let reached = oauth::reach(url, name).await;
            reached.map(|()| "the PostgreSQL database".to_owned()).map_err(|error| error.to_string())
        }
    }
}

/// Prints the line of a step, passed or failed.
fn told(step: &str, outcome: Result<String, String>) -> bool {
    match &outcome {
        Ok(text) => ok(step, text),
        Err(text) => fail(step, text),
    }
    outcome.is_ok()
}
