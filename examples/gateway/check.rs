//! The doctor: goes through everything that must work, one step at a time.

use crate::infobase::Opened;
use crate::settings::Settings;
use onec_mcp::onec::{Error, Trouble};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Version};
use serde_json::Value;
use std::process::ExitCode;
use tower::ServiceExt;

/// What the first question to 1C can show, in the order of the steps.
const STEPS: [&str; 3] = ["1C address", "login", "HTTP service"];

/// Prints a line for each step; 0 only if all pass.
pub(crate) async fn run(settings: &Settings, infobase: &Opened) -> ExitCode {
    println!("ok    settings: infobase {}", infobase.address());
    for warning in &settings.warnings {
        println!("note  settings: {warning}");
    }
    if let Err(error) = infobase.onec.health().await {
        let failed = step(&error);
        for name in STEPS.iter().take(failed) {
            println!("ok    {name}");
        }
        let name = STEPS.get(failed).copied().unwrap_or("1C");
        println!("FAIL  {name}: {error}");
        for name in STEPS.iter().skip(failed + 1).chain(&["tools/list"]) {
            println!("-     {name}: not tried");
        }
        return ExitCode::FAILURE;
    }
    for name in STEPS {
        println!("ok    {name}");
    }
    match tools(infobase).await {
        Ok(count) => {
            println!("ok    tools/list: {count} tools");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("FAIL  tools/list: {error}");
            ExitCode::FAILURE
        }
    }
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

async fn tools(infobase: &Opened) -> Result<usize, BoxError> {
    let request = Request::new(Method::ToolsList, Params::default(), Version::NEWEST_LEGACY);
    let answer = infobase.onec.clone().oneshot(request).await?;
    let payload = answer.outcome?;
    let list: Value = serde_json::from_slice(payload.json())?;
    Ok(list.get("tools").and_then(Value::as_array).map_or(0, Vec::len))
}
