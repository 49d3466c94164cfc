//! Checks whether 1C works.

use super::catalog;
use super::say::{fail, note, ok, skip, unknown, wait};
use crate::infobase::{self, Opened};
use crate::settings::{Serving, Settings};
use onec_mcp::auth::login::{AccessKey, Login, LoginError, Typed};
use onec_mcp::onec::{Cause, Error, ErrorKind, OneCService, RestCall};
use onec_mcp::rpc::{BoxError, ErrorObject, Method, Params, Request, Version};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::error::Error as StdError;
use std::time::Duration;
use tower::ServiceExt;

/// The most pages of a list, as in service.
const MOST_PAGES: usize = 100;

/// The steps that the first question to 1C decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Address,
    Login,
    Service,
}

impl Step {
    /// All steps, in their order.
    const ALL: [Self; 3] = [Self::Address, Self::Login, Self::Service];

    const fn name(self) -> &'static str {
        match self {
            Self::Address => "1C address",
            Self::Login => "login",
            Self::Service => "HTTP service",
        }
    }
}

/// The result of the first question.
struct Tried {
    /// Nothing failed.
    well: bool,
    /// A web server answers at the address.
    answered: bool,
    /// The service account is denied access, so a call without a login would be denied too.
    denied: bool,
}

/// Checks what all clients need of 1C.
pub(super) async fn check(settings: &Settings, infobase: &Opened) -> bool {
    let limit = settings.onec.timeout;
    wait("1C", limit);
    let tried = match infobase.account() {
        Some(account) => with_account(account, settings).await,
        None => without_account(&infobase.onec, &settings.serving).await,
    };
    if !tried.answered {
        skip(STRANGERS);
        return false;
    }
    if tried.denied {
        unknown(STRANGERS, "access is denied with a login too");
        return false;
    }
    // This is reported whatever else is wrong: 1C must not accept calls without a login.
    let closed = strangers(&infobase.onec, settings, tried.well, limit).await;
    tried.well && closed
}

/// Checks 1C under the service account.
async fn with_account(onec: &OneCService, settings: &Settings) -> Tried {
    let serving = &settings.serving;
    if let Err(error) = onec.health().await {
        let status = Error::find(&*error).and_then(Error::status);
        let denied = status.is_some_and(|status| status.as_u16() == 403);
        return Tried { denied, ..failed(&error, offers(serving)) };
    }
    for step in Step::ALL {
        ok(step.name(), "");
    }
    // Try both, so that one run shows all that needs to be fixed.
    let rpc = !serving.rpc || rpc_dialect(onec, serving.catalog.is_some(), settings.onec.timeout).await;
    let rest = match &serving.catalog {
        Some(catalog) => catalog::check(onec, &catalog.tools, &settings.onec).await,
        None => true,
    };
    Tried { well: rpc && rest, answered: true, denied: false }
}

/// Reports a failed first question: the steps that passed, failed, and are unknown.
fn failed(error: &BoxError, more: impl Iterator<Item = &'static str>) -> Tried {
    let failed = step(error);
    let mut past = false;
    for step in Step::ALL {
        match step {
            _ if step == failed => {
                fail(step.name(), &error.to_string());
                past = true;
            }
            _ if past => skip(step.name()),
            Step::Address => ok(step.name(), "a web server answers"),
            // The call may not have reached 1C.
            _ => unknown(step.name(), "the HTTP service of 1C has not answered"),
        }
    }
    more.for_each(skip);
    Tried { well: false, answered: failed != Step::Address, denied: false }
}

/// Returns the steps after [`Step`]: what the 1C extension should be able to do.
fn offers(serving: &Serving) -> impl Iterator<Item = &'static str> {
    let reports = serving.catalog.as_ref().map(|_| "REST dialect");
    serving.rpc.then_some("tools/list").into_iter().chain(reports)
}

/// Checks whether the 1C extension lists its tools. If there is a catalog, the settings may say that it has none.
async fn rpc_dialect(onec: &OneCService, catalog: bool, limit: Duration) -> bool {
    wait("tools/list", limit);
    let error = match tools(onec).await {
        Ok(0) => match list_known(onec).await {
            Ok(known) => return no_tools(known, catalog),
            Err(error) => error,
        },
        Ok(count) => {
            ok("tools/list", &format!("{count} tools"));
            return true;
        }
        Err(error) => error,
    };
    let without = without(catalog);
    let status = Error::find(&*error).and_then(Error::status).map(|status| status.as_u16());
    match status {
        Some(404 | 405) => fail(
            "tools/list",
            &format!(
                "the HTTP service is well, but has no rpc ({}): the extension is too old or has no tools of its own. \
                 Update it. {without}",
                status.unwrap_or_default()
            ),
        ),
        _ => fail("tools/list", &error.to_string()),
    }
    false
}

/// Returns the advice for an extension without tools of its own.
const fn without(catalog: bool) -> &'static str {
    if catalog {
        "If the extension has no tools of its own, set MCP_ONEC_RPC=false: the catalog does without."
    } else {
        "If it only answers the calls of a catalog, set MCP_CATALOG and MCP_ONEC_RPC=false."
    }
}

/// Reports a list without tools; `known` is the first list that the extension knows.
fn no_tools(known: Option<Method>, catalog: bool) -> bool {
    let remark = match &known {
        Some(Method::ToolsList) => "the extension answers, but with none: no tool is registered there, or none that \
            the user of MCP_ONEC_USERNAME may see"
            .to_owned(),
        Some(other) => format!("the extension has no tools at all (-32601), but answers {}", other.as_str()),
        None => {
            let without = without(catalog);
            fail(
                "tools/list",
                &format!(
                    "the extension knows neither tools/list nor any other list (-32601): it is too old. Update it. \
                     {without}"
                ),
            );
            return false;
        }
    };
    ok("tools/list", "0 tools");
    note("tools/list", &remark);
    true
}

/// Returns the first list that the extension does not answer with -32601. The leaf turns that error into an
/// empty list, so ask 1C directly.
async fn list_known(onec: &OneCService) -> Result<Option<Method>, BoxError> {
    for method in [Method::ToolsList, Method::ResourcesList, Method::ResourceTemplatesList, Method::PromptsList] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method.as_str(), "params": {} }).to_string();
        let answer = onec.rest().oneshot(RestCall::new("rpc", body)).await?.outcome?;
        let told: Value = serde_json::from_slice(answer.json())?;
        if told.pointer("/error/code").and_then(Value::as_i64) != Some(ErrorObject::METHOD_NOT_FOUND) {
            return Ok(Some(method));
        }
    }
    Ok(None)
}

/// Counts the tools on all pages of the bare leaf: the library's own requests for lists go through layers.
async fn tools(onec: &OneCService) -> Result<usize, BoxError> {
    let (mut count, mut params, mut cursors) = (0, Params::default(), HashSet::new());
    loop {
        let request = Request::new(Method::ToolsList, params, Version::NEWEST_LEGACY);
        let payload = onec.clone().oneshot(request).await?.outcome?;
        let list: Value = serde_json::from_slice(payload.json())?;
        count += list.get("tools").and_then(Value::as_array).map_or(0, Vec::len);
        let Some(cursor) = list.get("nextCursor").and_then(Value::as_str) else { return Ok(count) };
        params = Params::parse(&json!({ "cursor": cursor }).to_string().into())?;
        if !cursors.insert(cursor.to_owned()) || cursors.len() >= MOST_PAGES {
            return Err(
                "the list of tools has no end: its pages come again, or there are more than 100. Look at nextCursor \
                        in the extension's answers"
                    .into(),
            );
        }
    }
}

/// Checks whether 1C answers. Without an account nothing more can be checked: 1C asks for a login first.
async fn without_account(onec: &OneCService, serving: &Serving) -> Tried {
    if let Err(error) = onec.health().await {
        return failed(&error, offers(serving));
    }
    ok(Step::Address.name(), "");
    let steps: Vec<_> = [Step::Login, Step::Service].map(Step::name).into_iter().chain(offers(serving)).collect();
    note(&steps.join(", "), "not tried: users log in as themselves, and MCP_ONEC_USERNAME is not set");
    Tried { well: true, answered: true, denied: false }
}

const STRANGERS: &str = "without a login";

/// Checks whether 1C refuses calls without a login. If users log in with 1C, it would otherwise accept any
/// password; if all calls run under the service account, it is only noted. `well` says whether 1C works
/// otherwise.
async fn strangers(onec: &OneCService, settings: &Settings, well: bool, limit: Duration) -> bool {
    wait("1C, without a login", limit);
    match (onec.asks_for_login().await, settings.auth.is_own_login()) {
        (Ok(true), _) => ok(STRANGERS, "1C refuses"),
        (Ok(false), true) => {
            fail(STRANGERS, &Error::from(ErrorKind::Open).to_string());
            return false;
        }
        (Ok(false), false) => note(
            STRANGERS,
            &format!("{}. Until then nothing shows whether the login in the settings is right", infobase::ANONYMOUS),
        ),
        (Err(error), true) if well => {
            fail(STRANGERS, &error.to_string());
            return false;
        }
        (Err(error), _) => unknown(STRANGERS, &error.to_string()),
    }
    true
}

/// Returns the step that an error of the health check belongs to.
fn step(error: &BoxError) -> Step {
    let Some(error) = Error::find(&**error) else { return Step::Address };
    match (error.why(), error.kind()) {
        (Some(Cause::NoLicence | Cause::Blocked | Cause::WindowsLogin | Cause::OtherLogin), _) => Step::Login,
        (Some(Cause::Redirect | Cause::RedirectCase | Cause::RedirectToHttps | Cause::OnlyTls), _) => Step::Address,
        (_, ErrorKind::Status(status, _)) if matches!(status.as_u16(), 401 | 402) => Step::Login,
        (_, ErrorKind::Status(..) | ErrorKind::Nonsense(_)) => Step::Service,
        _ => Step::Address,
    }
}

/// Checks whether 1C checks access keys: it must refuse a made-up one.
pub(super) async fn access_keys(onec: &OneCService, limit: Duration) -> bool {
    wait("1C, which checks a key that nobody has", limit);
    let nobodys = Typed::Key("no key of anybody: the gateway's check".into());
    let trouble = match AccessKey::new(onec.clone()).check(nobodys).await {
        Err(LoginError::Wrong) => None,
        Ok(_) => Some("1C accepts any key".to_owned()),
        Err(LoginError::Unavailable(error)) => Some(match Error::find(&*error).and_then(Error::status) {
            Some(status) if matches!(status.as_u16(), 404 | 405 | 501) => format!(
                "the extension does not check access keys: its HTTP service is well, but has no auth/verify ({}). \
                 Update the extension, or set MCP_OAUTH2_LOGIN=credentials",
                status.as_u16()
            ),
            _ => error.to_string(),
        }),
        Err(error) => Some(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
    };
    match &trouble {
        None => ok("access keys", "1C checks them"),
        Some(trouble) => fail("access keys", trouble),
    }
    trouble.is_none()
}
