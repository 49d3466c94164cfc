//! The 1C side: the leaf service over the configured infobase, or over the demo one.

use crate::Failure;
use crate::settings::{Account, Onec, Target};
use onec_mcp::demo;
use onec_mcp::onec::{Infobase, OneCService};
use secrecy::ExposeSecret;

/// The leaf, and the demo infobase behind it if there is one.
pub(crate) struct Opened {
    pub(crate) onec: OneCService,
    demo: Option<demo::Infobase>,
    address: String,
}

impl Opened {
    /// The infobase URL, for the log.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) async fn close(self) {
        if let Some(demo) = self.demo {
            demo.stop().await;
        }
    }
}

/// Opens the infobase. Whether 1C runs shows only when it is asked: it may come later.
pub(crate) async fn open(settings: &Onec) -> Result<Opened, Failure> {
    let demo = match settings.target {
        Target::Demo => Some(demo::Infobase::start().await?),
        Target::Infobase { .. } => None,
    };
    let infobase = match (&settings.target, &demo) {
        (Target::Infobase { url, account }, _) => log_in(Infobase::new(url.as_str())?, account)?,
        (Target::Demo, Some(demo)) => Infobase::new(demo.url())?.basic(demo.username(), demo.password()),
        (Target::Demo, None) => return Err("the demo infobase did not start".into()),
    };
    let address = match (&settings.target, &demo) {
        (Target::Infobase { url, .. }, _) => url.to_string(),
        (_, Some(demo)) => format!("{} (demo)", demo.url()),
        _ => String::new(),
    };
    // The demo's HTTP service is always called mcp.
    let infobase = match settings.target {
        Target::Demo => infobase,
        Target::Infobase { .. } => infobase.service_root(&settings.service_root),
    };
    let mut infobase = infobase.timeouts(settings.timeout, settings.report_timeout);
    if let Some(tenant) = &settings.tenant {
        infobase = infobase.tenant(tenant.header.clone(), tenant.value.clone());
    }
    let onec = OneCService::with_concurrency(infobase, settings.max_concurrency)?;
    Ok(Opened { onec, demo, address })
}

fn log_in(infobase: Infobase, account: &Account) -> Result<Infobase, Failure> {
    Ok(match account {
        Account::Basic { username, password } => infobase.basic(username, password.expose_secret()),
        Account::Bearer(token) => infobase.bearer(token.expose_secret())?,
    })
}
