//! The 1C side: the leaf over the configured infobase, or over the demo.

use crate::BoxError;
use crate::settings::{Account, Onec, Settings, Target};
use onec_mcp::demo;
use onec_mcp::onec::{DeadlineLayer, FairQueueLayer, HttpClient, Infobase, OneCService};
use secrecy::ExposeSecret;
use tower::Layer;

/// The warning for a 1C that accepts calls without a login and does not check logins of users.
pub(crate) const ANONYMOUS: &str = "1C lets anybody in without a login: whoever reaches its web server works in it as the \
    user of the publication. Remove the user from the publication (Usr= and Pwd= in its .vrd file) and switch anonymous \
    access off on the web server";

/// The leaf, and the demo infobase behind it if there is one.
pub(crate) struct Opened {
    /// The leaf for calls.
    pub(crate) onec: OneCService,
    /// The leaf under the service account, for the health check.
    account: Option<OneCService>,
    demo: Option<demo::DemoInfobase>,
    address: String,
}

impl Opened {
    /// Returns the infobase URL, for the log.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the leaf under the service account, if there is such an account.
    pub(crate) const fn account(&self) -> Option<&OneCService> {
        self.account.as_ref()
    }

    /// Returns the leaf for the health check: under the service account, or under none.
    pub(crate) fn probe(&self) -> &OneCService {
        self.account.as_ref().unwrap_or(&self.onec)
    }

    pub(crate) const fn demo(&self) -> Option<&demo::DemoInfobase> {
        self.demo.as_ref()
    }

    pub(crate) async fn close(self) {
        if let Some(demo) = self.demo {
            demo.stop().await;
        }
    }
}

/// Opens the infobase. Does not call 1C, which may start later.
pub(crate) async fn open(settings: &Settings) -> Result<Opened, BoxError> {
    let onec = &settings.onec;
    let demo = match onec.target {
        Target::Demo => Some(demo::DemoInfobase::start().await?),
        Target::Infobase { .. } => None,
    };
    let (bare, account) = match (&onec.target, &demo) {
        (Target::Infobase { url, account }, _) => {
            let bare = tuned(trusting(Infobase::new(url.as_str())?, onec)?, onec).service_root(&onec.service_root);
            let account = account.as_ref().map(|account| log_in(bare.clone(), account)).transpose()?;
            (bare, account)
        }
        // The demo's HTTP service is always called mcp.
        (Target::Demo, Some(demo)) => {
            let bare = tuned(Infobase::new(demo.url())?, onec);
            let account = bare.clone().basic(demo.username(), demo.password());
            (bare, Some(account))
        }
        (Target::Demo, None) => return Err("the demo infobase did not start".into()),
    };
    let address = match (&onec.target, &demo) {
        (Target::Infobase { url, .. }, _) => url.to_string(),
        (_, Some(demo)) => format!("{} (demo)", demo.url()),
        _ => String::new(),
    };
    // One queue for all accounts: 1C counts sessions, not logins.
    let limit = FairQueueLayer::new(onec.max_concurrency).per_flow(onec.user_concurrency);
    let client = limit.layer(DeadlineLayer.layer(HttpClient::new(&bare)?));
    let account = account.map(|account| OneCService::with_client(account, client.clone())).transpose()?;
    let onec = match &account {
        Some(account) if !settings.auth.is_own_login() => account.clone(),
        // Without an account: a call whose identity is missing by mistake must not run under another account.
        _ => OneCService::with_client(bare, client)?,
    };
    Ok(Opened { onec, account, demo, address })
}

/// Applies the settings that all calls share, whatever their login.
fn tuned(infobase: Infobase, settings: &Onec) -> Infobase {
    let infobase = infobase.timeouts(settings.timeout, settings.report_timeout).keep_alive(settings.keep_alive);
    match &settings.tenant {
        Some(tenant) => infobase.tenant(tenant.header.clone(), tenant.value.clone()),
        None => infobase,
    }
}

fn trusting(infobase: Infobase, settings: &Onec) -> Result<Infobase, BoxError> {
    if !settings.tls_verify {
        return Ok(infobase.trust_anybody());
    }
    let Some(file) = &settings.ca else { return Ok(infobase) };
    let failed = |why: &dyn std::fmt::Display| format!("MCP_ONEC_CA: cannot use {}: {why}", file.display());
    let pem = std::fs::read(file).map_err(|error| failed(&error))?;
    Ok(infobase.trust(pem).map_err(|error| failed(&error))?)
}

fn log_in(infobase: Infobase, account: &Account) -> Result<Infobase, BoxError> {
    Ok(match account {
        Account::Basic { username, password } => infobase.basic(username, password.expose_secret()),
        Account::Bearer(token) => infobase.bearer(token.expose_secret())?,
    })
}
