//! The doctor: goes through everything that must work, one step at a time.

use crate::infobase::Opened;
use crate::oauth;
use crate::output::line as println;
use crate::settings::{Auth, Login as LoginType, OAuth2, Serving, Settings};
use onec_mcp::auth::login::{AccessKey, Login, LoginError, Typed};
use onec_mcp::catalog::Tools;
use onec_mcp::onec::{Error, OneCService, Trouble};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Version};
use serde_json::{Value, json};
use std::error::Error as StdError;
use std::path::Path;
use std::process::ExitCode;
use tower::ServiceExt;

/// What the first question to 1C can show, in the order of the steps.
const STEPS: [&str; 3] = ["1C address", "login", "HTTP service"];

/// The tool by which the REST dialect is tried.
const PROBE: &str = "resolve_customer";

/// Prints a line for each step; 0 only if all pass.
pub(crate) async fn run(settings: &Settings, infobase: &Opened) -> ExitCode {
    println!("ok    settings: infobase {}, auth mode {}", infobase.address(), settings.auth.mode());
    for note in settings.notes.iter().chain(&settings.warnings) {
        println!("note  settings: {note}");
    }
    let serving = &settings.serving;
    if let Some(catalog) = &serving.catalog {
        // One that cannot be used has stopped the start already.
        println!("ok    catalog: {} tools ({})", catalog.tools.iter().count(), catalog.name());
    }
    let files = settings.audit_log.as_deref().is_none_or(audit_log);
    let onec = match infobase.account() {
        Some(account) => with_account(account, serving).await,
        None => without_account(&infobase.onec, serving).await,
    };
    let onec = onec && (!settings.auth.is_own_login() || strangers(&infobase.onec).await);
    let oauth = match &settings.auth {
        Auth::OAuth2(oauth) => authorization_server(settings, infobase, oauth, onec).await,
        Auth::None { .. } | Auth::Basic { .. } => true,
    };
    if files && onec && oauth { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether 1C does what it should for the service account.
async fn with_account(onec: &OneCService, serving: &Serving) -> bool {
    if let Err(error) = onec.health().await {
        let failed = step(&error);
        for name in STEPS.iter().take(failed) {
            println!("ok    {name}");
        }
        let name = STEPS.get(failed).copied().unwrap_or("1C");
        println!("FAIL  {name}: {error}");
        for name in STEPS.into_iter().skip(failed + 1).chain(offers(serving)) {
            println!("-     {name}: not tried");
        }
        return false;
    }
    for name in STEPS {
        println!("ok    {name}");
    }
    // Both are tried, so that one run shows all that is to be mended.
    let rpc = !serving.rpc || rpc_dialect(onec, serving.catalog.is_some()).await;
    let rest = match &serving.catalog {
        Some(catalog) => rest_dialect(onec, &catalog.tools).await,
        None => true,
    };
    rpc && rest
}

/// The steps after [`STEPS`]: what the 1C extension should be able to do.
fn offers(serving: &Serving) -> impl Iterator<Item = &'static str> {
    let reports = serving.catalog.as_ref().map(|_| "REST dialect");
    serving.rpc.then_some("tools/list").into_iter().chain(reports)
}

/// Whether the 1C extension lists its tools. It may do without where there is a catalog, if the settings
/// say so.
async fn rpc_dialect(onec: &OneCService, catalog: bool) -> bool {
    match tools(onec).await {
        Ok(count) => {
            println!("ok    tools/list: {count} tools");
            true
        }
        Err(error) => {
            let why = error.downcast_ref::<Error>().map(Error::trouble);
            let absent = matches!(why, Some(Trouble::Status(status, _)) if status.as_u16() == 404);
            let hint = if catalog && absent {
                " If the extension has no tools of its own, set MCP_ONEC_RPC=false: the catalog does without."
            } else {
                ""
            };
            println!("FAIL  tools/list: {error}{hint}");
            false
        }
    }
}

/// Whether 1C is there. Without an account more cannot be said: it asks for a login before all else.
async fn without_account(onec: &OneCService, serving: &Serving) -> bool {
    let answer = onec.health().await;
    match &answer {
        Ok(()) => println!("ok    1C address"),
        Err(error) => println!("FAIL  1C address: {error}"),
    }
    let why = "not tried: users log in as themselves, and MCP_ONEC_USERNAME is not set";
    let steps: Vec<_> = STEPS.into_iter().skip(1).chain(offers(serving)).collect();
    println!("note  {}: {why}", steps.join(", "));
    answer.is_ok()
}

/// Whether 1C refuses who has no login: else it would take any password for right.
async fn strangers(onec: &OneCService) -> bool {
    let trouble = match onec.asks_for_login().await {
        Ok(true) => None,
        Ok(false) => Some(Error::from(Trouble::Open).to_string()),
        Err(error) => Some(error.to_string()),
    };
    match &trouble {
        None => println!("ok    without a login: 1C refuses"),
        Some(trouble) => println!("FAIL  without a login: {trouble}"),
    }
    trouble.is_none()
}

/// Which of [`STEPS`] an error of the health question belongs to.
fn step(error: &BoxError) -> usize {
    match error.downcast_ref::<Error>().map(Error::trouble) {
        Some(Trouble::Status(status, _)) => match status.as_u16() {
            401 | 402 => 1,
            _ => 2,
        },
        _ => 0,
    }
}

async fn tools(onec: &OneCService) -> Result<usize, BoxError> {
    let request = Request::new(Method::ToolsList, Params::default(), Version::NEWEST_LEGACY);
    let answer = onec.clone().oneshot(request).await?;
    let payload = answer.outcome?;
    let list: Value = serde_json::from_slice(payload.json())?;
    Ok(list.get("tools").and_then(Value::as_array).map_or(0, Vec::len))
}

/// Whether 1C answers calls of a catalog: it is asked for a customer that nobody has.
async fn rest_dialect(onec: &OneCService, tools: &Tools) -> bool {
    let Some(tool) = tools.get(PROBE) else {
        println!("note  REST dialect: not tried, as the catalog has no {PROBE}");
        return true;
    };
    let arguments = json!({ "query": "no customer of anybody: the gateway's check" }).to_string();
    let call = match tool.prepare(Some(arguments.as_bytes())) {
        Ok(call) => call,
        Err(unfit) => {
            println!("note  REST dialect: not tried, as {PROBE} wants other arguments ({unfit})");
            return true;
        }
    };
    let path = call.path.clone();
    let trouble = match onec.clone().oneshot(call).await.map(|answer| answer.outcome) {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.message.into_owned()),
        Err(error) => Some(match error.downcast_ref::<Error>().map(Error::trouble) {
            Some(Trouble::Status(status, _)) if status.as_u16() == 404 => format!(
                "the HTTP service has no {path}; publish an extension with the REST dialect, or name its paths in the \
                 catalog"
            ),
            _ => error.to_string(),
        }),
    };
    match &trouble {
        None => println!("ok    REST dialect: 1C answers {path}"),
        Some(trouble) => println!("FAIL  REST dialect: {trouble}"),
    }
    trouble.is_none()
}

/// Whether the audit trail can be written.
fn audit_log(path: &Path) -> bool {
    let opened = crate::audit_log::open(path);
    match &opened {
        Ok(_) => println!("ok    audit log: {}", path.display()),
        Err(error) => println!("FAIL  audit log: {}: {error}", path.display()),
    }
    opened.is_ok()
}

/// Whether users could get tokens.
async fn authorization_server(settings: &Settings, infobase: &Opened, oauth: &OAuth2, onec: bool) -> bool {
    let keys = match oauth.login {
        LoginType::Credentials => true,
        LoginType::Key if onec => access_keys(&infobase.onec).await,
        LoginType::Key => {
            println!("-     access keys: not tried");
            false
        }
    };
    let store = oauth::try_store(&oauth.store).await;
    match &store {
        Ok(name) => println!("ok    token store: {name}"),
        Err(error) => println!("FAIL  token store: {error}"),
    }
    match &settings.http.public_url {
        Some(url) => println!("ok    public URL: {url}"),
        None => println!(
            "note  public URL: taken from each request; behind a proxy set MCP_PUBLIC_URL, or MCP_TRUSTED_PROXIES"
        ),
    }
    keys && store.is_ok()
}

/// Whether 1C checks access keys: it must refuse one that nobody has.
async fn access_keys(onec: &OneCService) -> bool {
    let nobodys = Typed::Key("no key of anybody: the gateway's check".into());
    let trouble = match AccessKey::new(onec.clone()).check(nobodys).await {
        Err(LoginError::Wrong) => None,
        Ok(_) => Some("1C accepts any key".to_owned()),
        Err(error) => Some(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
    };
    match &trouble {
        None => println!("ok    access keys: 1C checks them"),
        Some(trouble) => println!("FAIL  access keys: {trouble}"),
    }
    trouble.is_none()
}
