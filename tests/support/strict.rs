//! What every result that goes out must be.
#![allow(dead_code, reason = "each user takes a part of it")]

use super::schema;
use onec_mcp::rpc::Version;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The member that a result is about.
pub(crate) fn subject(method: &str) -> &'static str {
    match method {
        "tools/list" => "tools",
        "tools/call" => "content",
        "resources/list" => "resources",
        "resources/templates/list" => "resourceTemplates",
        "resources/read" => "contents",
        "prompts/list" => "prompts",
        "prompts/get" => "messages",
        _ => "completion",
    }
}

fn definition(method: &str) -> &'static str {
    match method {
        "tools/list" => "ListToolsResult",
        "tools/call" => "CallToolResult",
        "resources/list" => "ListResourcesResult",
        "resources/templates/list" => "ListResourceTemplatesResult",
        "resources/read" => "ReadResourceResult",
        "prompts/list" => "ListPromptsResult",
        "prompts/get" => "GetPromptResult",
        _ => "CompleteResult",
    }
}

/// Fails unless `result` is one of `method` that a strict client of `version` takes.
#[track_caller]
pub(crate) fn check(version: Version, method: &str, mut result: Value) {
    for tool in result["tools"].as_array().into_iter().flatten() {
        for key in ["inputSchema", "outputSchema"] {
            if let Some(schema) = tool.get(key) {
                check_schema(schema);
                if key == "inputSchema" && version != Version::V2026_07_28 {
                    check_top(schema);
                }
            }
        }
    }
    let names: Vec<_> = result["tools"].as_array().into_iter().flatten().map(|tool| tool["name"].to_string()).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "two of one name: {result}");
    check_items(&result);
    if version == Version::V2026_07_28 {
        // The bridge adds these.
        for (key, value) in [("resultType", json!("complete")), ("ttlMs", json!(0)), ("cacheScope", json!("private"))] {
            let members = result.as_object_mut().unwrap();
            if !members.contains_key(key) {
                members.insert(key.to_owned(), value);
            }
        }
    }
    schema::valid(version.as_str(), definition(method), &result);
}

/// The same of what the whole stack shows: names are such as model APIs take, and what only the user may say is
/// nowhere asked of a model.
#[track_caller]
pub(crate) fn check_shown(version: Version, method: &str, result: &Value) {
    check(version, method, result.clone());
    for tool in result["tools"].as_array().into_iter().flatten() {
        let name = tool["name"].as_str().unwrap();
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        assert!(first && is_name(name, "_-"), "the tool {name}");
        names(&tool["inputSchema"], tool);
    }
}

fn is_name(name: &str, others: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

#[track_caller]
fn names(schema: &Value, tool: &Value) {
    let Value::Object(members) = schema else { return };
    let object = |key: &str| members.get(key).and_then(Value::as_object).into_iter().flatten();
    let list = |key: &str| members.get(key).and_then(Value::as_array).into_iter().flatten();
    for (name, _) in object("properties") {
        assert!(is_name(name, "_.-"), "the argument {name}: {tool}");
        assert!(!name.eq_ignore_ascii_case("_confirmation"), "{tool}");
    }
    let maps = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
    maps.iter().flat_map(|key| object(key)).for_each(|(_, schema)| names(schema, tool));
    ["anyOf", "oneOf", "allOf", "prefixItems"].iter().flat_map(|key| list(key)).for_each(|schema| names(schema, tool));
    for key in ["items", "additionalProperties", "contains", "not", "if", "then", "else", "unevaluatedProperties"] {
        if let Some(schema) = members.get(key) {
            names(schema, tool);
        }
    }
}

/// Texts to read have no controls.
#[track_caller]
fn labels(thing: &Value) {
    for key in ["title", "description"] {
        label(&thing[key]);
    }
}

#[track_caller]
fn label(text: &Value) {
    let unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.as_str().is_some_and(|text| text.contains(unseen)), "{text:?}");
}

/// The items of a list, and what describes parts of them.
#[track_caller]
fn check_items(result: &Value) {
    for key in ["tools", "prompts", "resources", "resourceTemplates"] {
        for item in result[key].as_array().into_iter().flatten() {
            labels(item);
            item["arguments"].as_array().filter(|_| key == "prompts").into_iter().flatten().for_each(labels);
            if key == "tools" {
                label(&item["annotations"]["title"]);
            } else {
                label(&item["name"]);
            }
        }
    }
}

/// A schema that validators take, with what model APIs ask of one beyond that.
#[track_caller]
fn check_schema(schema: &Value) {
    jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{error}: {schema}"));
    // References lead somewhere, and regular expressions are some.
    jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("{error}: {schema}"));
    inner(schema, schema);
}

/// Model APIs refuse these at the top of an input schema, and a whole request with them. 2026-07-28 has them kept
/// (SEP-2106).
#[track_caller]
fn check_top(schema: &Value) {
    for key in ["anyOf", "oneOf", "allOf", "not", "enum"] {
        assert!(schema.get(key).is_none(), "{key}: {schema}");
    }
}

#[track_caller]
fn inner(schema: &Value, whole: &Value) {
    const MAPS: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
    const LISTS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
    const ONES: [&str; 7] =
        ["items", "additionalProperties", "contains", "then", "else", "propertyNames", "unevaluatedItems"];
    const SAME: [&str; 8] = ["$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"];
    let Value::Object(members) = schema else { return };
    labels(schema);
    for (key, value) in members {
        assert!(!value.is_null() || key == "const", "{key}: {whole}");
    }
    let types = members.get("type");
    let array =
        |types: &Value| types == "array" || types.as_array().is_some_and(|types| types.contains(&"array".into()));
    assert!(!types.is_some_and(array) || members.contains_key("items"), "no items: {whole}");
    assert!(members.get("required").is_none_or(|names| *names != json!([])), "{whole}");
    if let Some(choices) = members.get("enum") {
        let choices = choices.as_array().unwrap();
        let unique: BTreeSet<_> = choices.iter().map(Value::to_string).collect();
        assert!(!choices.is_empty() && unique.len() == choices.len(), "{whole}");
    }
    if let (Some(required), Some(properties)) = (members.get("required"), members.get("properties"))
        && !SAME.iter().any(|key| members.contains_key(*key))
        && std::ptr::eq(schema, whole)
    {
        for name in required.as_array().unwrap() {
            assert!(properties.get(name.as_str().unwrap()).is_some(), "{name} is no property: {whole}");
        }
    }
    let maps = MAPS.iter().filter_map(|key| members.get(*key)?.as_object()).flat_map(|map| map.values());
    let lists = LISTS.iter().filter_map(|key| members.get(*key)?.as_array()).flatten();
    let ones = ONES.iter().filter_map(|key| members.get(*key));
    maps.chain(lists).chain(ones).for_each(|schema| inner(schema, whole));
}
