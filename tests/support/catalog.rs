//! A small catalog of every rule, for the tests of the catalog.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

use onec_mcp::catalog::{ArgumentError, Limits, Tool, Tools};
use serde_json::{Value, json};
use std::sync::LazyLock;

pub(crate) fn schema() -> Value {
    let period = json!({
        "type": "object",
        "properties": { "from": { "type": "string", "format": "date" }, "to": { "type": "string", "format": "date" } },
        "required": ["from", "to"],
        "additionalProperties": false,
    });
    let filters = json!({
        "type": "object",
        "properties": {
            "customer_ids": { "type": "array", "items": { "type": "string", "format": "uuid" } },
            "cohort": { "type": "string", "enum": ["new", "returning"] },
            "archived": { "type": "boolean", "default": false },
            "note": { "type": "string" },
            "since": { "type": "string", "format": "date-time" },
            "article": { "type": "string", "pattern": "^[0-9]+$" },
        },
        "additionalProperties": false,
    });
    let names = json!(["warehouse", "customer", "day", "amount", "qty", "cost", "profit"]);
    json!({
        "type": "object",
        "properties": {
            "period": period,
            "filters": filters,
            "group_by": {
                "type": "array", "items": { "type": "string", "enum": ["warehouse", "customer", "day"] },
                "minItems": 1, "default": ["warehouse"],
            },
            "measures": {
                "type": "array", "items": { "type": "string", "enum": ["amount", "qty", "cost", "profit"] },
                "default": ["amount", "qty"],
            },
            "sort": { "type": "array", "items": { "$ref": "#/$defs/order" } },
            "top": { "type": "integer", "minimum": 1 },
            "limit": { "type": "integer", "minimum": 1, "default": 10 },
            "share": { "type": "number" },
            "number": { "type": "string" },
            "code": { "type": "string" },
            "extra": { "anyOf": [{ "type": "integer" }, { "type": "boolean" }] },
            "any": {},
        },
        "required": ["period"],
        "$defs": { "order": {
            "type": "object",
            "properties": {
                "field": { "type": "string", "enum": names },
                "dir": { "type": "string", "enum": ["asc", "desc"], "default": "desc" },
            },
            "required": ["field"],
            "additionalProperties": false,
        } },
    })
}

pub(crate) fn report() -> Value {
    json!({
        "name": "report",
        "title": "Report",
        "description": "Any figures.",
        "scope": "mcp:report:sales",
        "path": "reports/any",
        "slow": true,
        "cache_seconds": 60,
        "clamp": { "top": "max_rows", "limit": "resolve_limit" },
        "guarded": [
            { "field": "measures", "values": ["cost", "profit"], "scope": "mcp:report:cost" },
            { "field": "sort.field", "values": ["cost", "profit"], "scope": "mcp:report:cost" },
        ],
        "within": { "sort.field": ["group_by", "measures"] },
        "order": [["period.from", "period.to"]],
        "rest": "/reports/any",
        "annotations": { "readOnlyHint": true },
        "input_schema": schema(),
        "output_schema": { "type": "object", "properties": { "rows": { "type": "array" } } },
    })
}

pub(crate) fn find() -> Value {
    json!({
        "name": "find",
        "description": "One document.",
        "scope": "mcp:resolve",
        "path": "admin/find",
        "one_of": [["number", "period"]],
        "input_schema": { "type": "object", "properties": {
            "number": { "type": "string" }, "period": { "type": "string", "format": "date" },
        } },
    })
}

pub(crate) fn limits() -> Limits {
    Limits::default().resolve_limit(20).max_rows(100)
}

pub(crate) fn tools() -> Tools {
    static TOOLS: LazyLock<Tools> =
        LazyLock::new(|| Tools::read(&json!({ "tools": [report(), find()] }), "test", limits()).unwrap());
    TOOLS.clone()
}

pub(crate) fn tool(name: &str) -> Tool {
    tools().get(name).unwrap().clone()
}

/// The body for these arguments.
pub(crate) fn body(tool: &Tool, arguments: &Value) -> Result<Value, ArgumentError> {
    let call = tool.prepare(Some(arguments.to_string().as_bytes()))?;
    Ok(serde_json::from_slice(&call.body).unwrap())
}
