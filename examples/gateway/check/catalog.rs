//! Checks whether 1C answers the calls of the catalog.

use super::say::{fail, note, ok, wait};
use crate::settings::Onec;
use onec_mcp::catalog::{Limits, Tool, Tools};
use onec_mcp::onec::{Cause, Error, ErrorKind, OneCService, RestCall};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use tower::ServiceExt;

const STEP: &str = "REST dialect";

/// The built-in tool that is tried for all built-in ones.
const PROBE: &str = "resolve_customer";

/// A word that no name in 1C has.
const NOBODY: &str = "nothing of anybody: the gateway's check";

/// The most paths that are tried: each takes a call to 1C.
const MOST: usize = 30;

/// How deep made-up arguments are nested.
const DEPTH: usize = 4;

/// Tries one of the built-in tools, and each path of other tools that only reads.
pub(super) async fn check(onec: &OneCService, tools: &Tools, settings: &Onec) -> bool {
    let built_in = Tools::trade(Limits::default()).ok();
    let is_built_in = |tool: &Tool| {
        let known = built_in.as_ref().and_then(|built_in| built_in.get(tool.name()));
        known.is_some_and(|known| known.path() == tool.path())
    };
    let probe = tools.get(PROBE).into_iter();
    let own = tools.iter().filter(|tool| tool.name() != PROBE && !is_built_in(tool));
    let mut paths = HashSet::new();
    let tried: Vec<_> = probe.chain(own).filter(|tool| paths.insert(tool.path().map(str::to_owned))).collect();
    if tried.is_empty() {
        note(STEP, &format!("not tried, as the catalog has no {PROBE} and no tool of its own"));
    }
    let mut well = true;
    for tool in tried.iter().take(MOST) {
        well &= one(onec, tool, settings).await;
    }
    if let Some(more) = tried.len().checked_sub(MOST).filter(|more| *more > 0) {
        note(STEP, &format!("{more} more paths are not tried"));
    }
    well
}

/// Tries the path of one tool, or says why not.
async fn one(onec: &OneCService, tool: &Tool, settings: &Onec) -> bool {
    let (name, path) = (tool.name(), tool.path().unwrap_or_default());
    if !reads_only(tool) {
        note(STEP, &format!("{path} is not tried, as {name} may change something (it has no readOnlyHint)"));
        return true;
    }
    let Some(arguments) = made_up(tool.input_schema(), DEPTH) else {
        note(STEP, &format!("{path} is not tried, as arguments for {name} cannot be made up"));
        return true;
    };
    let call = match tool.prepare(Some(arguments.to_string().as_bytes())) {
        Ok(call) => call,
        Err(unfit) => {
            note(STEP, &format!("{path} is not tried, as arguments for {name} cannot be made up ({unfit})"));
            return true;
        }
    };
    wait(&format!("1C's {path}"), if call.slow { settings.report_timeout } else { settings.timeout });
    match asked(onec, call).await {
        Ok(text) => ok(STEP, &format!("1C answers {path}{text}")),
        Err(trouble) => {
            fail(STEP, &format!("{path}: {trouble}"));
            return false;
        }
    }
    true
}

async fn asked(onec: &OneCService, call: RestCall) -> Result<&'static str, String> {
    let error = match onec.rest().oneshot(call).await.map(|answer| answer.outcome) {
        Ok(Ok(_)) => return Ok(""),
        Ok(Err(error)) => return Err(error.message.into_owned()),
        Err(error) => error,
    };
    let Some(error) = Error::find(&*error) else { return Err(error.to_string()) };
    match error.kind() {
        ErrorKind::Status(status, _) if matches!(error.why(), None | Some(Cause::NoPath)) && status.as_u16() == 404 => Err(
            "the HTTP service has no such path (404); publish an extension that answers it, or name another path in the \
             catalog"
                .to_owned(),
        ),
        // 1C has read the arguments if it rejects them.
        ErrorKind::Status(status, _) if error.why().is_none() && status.as_u16() == 400 => {
            Ok(", and does not take made-up arguments")
        }
        // The call only reads.
        trouble if error.why().is_none() => Err(Error::from(trouble.clone()).harmless().to_string()),
        _ => Err(error.to_string()),
    }
}

fn reads_only(tool: &Tool) -> bool {
    let hint = tool.annotations().and_then(|hints| hints.get("readOnlyHint"));
    tool.name() == PROBE || hint == Some(&Value::Bool(true))
}

/// Makes up a value that the schema accepts, with only its required members.
fn made_up(schema: &Value, depth: usize) -> Option<Value> {
    let given = ["const", "default"].into_iter().find_map(|key| schema.get(key));
    let listed = || ["enum", "examples"].into_iter().find_map(|key| schema.get(key)?.get(0));
    if let Some(value) = given.or_else(listed) {
        return Some(value.clone());
    }
    let kind = schema.get("type");
    let kind = kind.and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
    Some(match kind? {
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some("date") => json!("2026-01-01"),
            Some("date-time") => json!("2026-01-01T00:00:00Z"),
            Some(_) => return None,
            None => json!(NOBODY),
        },
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(false),
        "array" => match schema.get("minItems").and_then(Value::as_u64).unwrap_or(0) {
            0 => json!([]),
            1 => json!([made_up(schema.get("items")?, depth.checked_sub(1)?)?]),
            _ => return None,
        },
        "object" => {
            let mut object = Map::new();
            for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                let name = name.as_str()?;
                let property = schema.get("properties")?.get(name)?;
                object.insert(name.to_owned(), made_up(property, depth.checked_sub(1)?)?);
            }
            Value::Object(object)
        }
        _ => return None,
    })
}
