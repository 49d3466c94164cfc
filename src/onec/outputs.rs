//! Results of tools that have an output schema.
//!
//! For such a tool, clients expect a `structuredContent` that fits the schema, and fail the call without one
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/server/tools#output-schema)). 1C
//! often sends the data as text only.

use super::mend::{Listed, Output};
use crate::rpc::{Method, Param, Payload, Request};
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// The most tools with an output schema that are remembered.
const KEPT: usize = 1024;
/// The longest schema that is remembered, in bytes.
const LONGEST: usize = 64 * 1024;

/// A schema of this many bytes takes milliseconds to compile.
const WORK: usize = 16 * 1024;

/// The output schemas of listed tools.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    any: AtomicBool,
    any_long: AtomicBool,
    schemas: RwLock<HashMap<String, Bytes>>,
}

impl Outputs {
    /// Remembers the output schemas in a list of tools, and forgets those that its tools no longer have.
    pub(super) fn learn(&self, Listed { names, outputs }: Listed) {
        if outputs.is_empty() && !self.any() {
            return;
        }
        let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
        schemas.retain(|name, _| !names.contains(name));
        for Output { name, schema } in outputs {
            if schemas.len() < KEPT && schema.len() <= LONGEST {
                schemas.insert(name, schema);
            }
        }
        self.any.store(!schemas.is_empty(), Ordering::Relaxed);
        self.any_long.store(schemas.values().any(|schema| schema.len() >= WORK), Ordering::Relaxed);
    }

    /// Returns whether a tool with an output schema was listed.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    fn schema(&self, tool: &str) -> Option<Bytes> {
        self.schemas.read().unwrap_or_else(PoisonError::into_inner).get(tool).cloned()
    }

    /// Returns whether an answer to `request` may need a check against a schema that takes long to compile.
    pub(super) fn takes_long(&self, request: &Request) -> bool {
        let schema = || self.schema(&request.params.text(Param::Name)?);
        let may = request.method == Method::ToolsCall && self.any_long.load(Ordering::Relaxed);
        may && schema().is_some_and(|schema| schema.len() >= WORK)
    }

    /// Mends a result of `tool` without `structuredContent` for strict clients.
    ///
    /// A text that is JSON of the schema becomes the `structuredContent`; without one the result becomes a tool
    /// error. The text stays in either case.
    pub(super) fn complete(&self, tool: &str, payload: Payload) -> Payload {
        if payload.is_tool_error() || payload.is_input_required() {
            return payload;
        }
        let Some(schema) = self.schema(tool) else { return payload };
        let structured = structured(&payload, &schema);
        let mended = structured.is_some();
        tracing::warn!(tool, mended, "1C sent no structuredContent, though the tool has an output schema");
        structured.or_else(|| failed(tool, &payload)).unwrap_or(payload)
    }
}

/// The members of a result.
type Members = BTreeMap<String, Box<RawValue>>;

fn members(payload: &Payload) -> Option<(Members, Vec<Box<RawValue>>)> {
    let members: Members = serde_json::from_slice(payload.json()).ok()?;
    let content = serde_json::from_str(members.get("content")?.get()).ok()?;
    Some((members, content))
}

fn rewritten(payload: &Payload, members: &Members) -> Option<Payload> {
    payload.rewritten(serde_json::to_vec(members).ok()?).ok()?.without_lone_surrogates().ok()
}

/// Returns the result with the first text that is JSON of the schema as `structuredContent`.
fn structured(payload: &Payload, schema: &[u8]) -> Option<Payload> {
    let (mut members, content) = members(payload)?;
    let texts = content.iter().filter_map(|block| serde_json::from_str::<Text>(block.get()).ok()?.text);
    let text = texts
        .filter(|text| matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'[')))
        .find(|text| serde_json::from_str(text).is_ok_and(|value| fits(schema, &value)))?;
    members.insert("structuredContent".into(), RawValue::from_string(text).ok()?);
    rewritten(payload, &members)
}

#[derive(serde::Deserialize)]
struct Text {
    text: Option<String>,
}

/// Returns the result as a tool error that says why.
fn failed(tool: &str, payload: &Payload) -> Option<Payload> {
    let (mut members, mut content) = members(payload)?;
    let why = format!(
        "The tool {tool:?} has an output schema, but 1C sent no structured content that fits it. What it sent \
         follows. The 1C side should return structuredContent, or list the tool without outputSchema."
    );
    let block = serde_json::json!({ "type": "text", "text": why });
    content.insert(0, serde_json::value::to_raw_value(&block).ok()?);
    members.insert("content".into(), serde_json::value::to_raw_value(&content).ok()?);
    members.insert("isError".into(), serde_json::value::to_raw_value(&true).ok()?);
    rewritten(payload, &members)
}

/// Returns whether a value fits a schema. Every value fits a schema that cannot be read, since clients cannot
/// read it either.
#[cfg(feature = "catalog")]
fn fits(schema: &[u8], value: &Value) -> bool {
    let schema = serde_json::from_slice::<Value>(schema).ok();
    schema.and_then(|schema| jsonschema::validator_for(&schema).ok()).is_none_or(|schema| schema.is_valid(value))
}

#[cfg(not(feature = "catalog"))]
fn fits(_schema: &[u8], value: &Value) -> bool {
    value.is_object()
}
