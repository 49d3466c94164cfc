//! What language models often get wrong in arguments reaches 1C as if it had been right: for every
//! argument of every tool, through every door.

use crate::fixtures::doors::{self, Doors};
use crate::fixtures::tool_arguments::{Place, call, completed, good, places, pointers, with, without};
use onec_mcp::catalog::Limits;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A call as it should be, and as a model may write it.
struct Case {
    plain: Value,
    written: Value,
}

/// Calls that differ from `arguments` in how one argument is written.
fn rewritten(place: &Place<'_>, arguments: &Value) -> Vec<Case> {
    let value = arguments.pointer(&place.pointer).unwrap();
    let quoted = value.to_string();
    let case =
        |plain: &Value, written: Value| Case { plain: plain.clone(), written: with(plain, &place.pointer, written) };
    let texts = |texts: &[String]| texts.iter().map(|text| case(arguments, json!(text))).collect::<Vec<_>>();
    match place.schema["type"].as_str().unwrap() {
        "integer" => texts(&[quoted.clone(), format!(" {quoted}\n")]),
        "boolean" => {
            let no = with(arguments, &place.pointer, json!(false));
            let mut cases = texts(&["true".into(), "True".into(), " TRUE ".into()]);
            cases.extend(["false", "False", "FALSE"].map(|text| case(&no, json!(text))));
            cases
        }
        "object" => texts(&[quoted.clone(), spaced(value), as_text(value).as_str().unwrap().to_owned()]),
        "array" => {
            let mut cases = texts(&[quoted.clone(), spaced(value), as_text(value).as_str().unwrap().to_owned()]);
            let items = value.as_array().unwrap();
            let one = with(arguments, &place.pointer, json!([items[0]]));
            cases.push(case(&one, items[0].clone()));
            if items[0].is_object() {
                cases.push(case(&one, json!(items[0].to_string())));
                // Each item as a text of its own.
                let each = items.iter().map(|item| json!(item.to_string())).collect::<Vec<_>>();
                cases.push(case(arguments, json!(each)));
            }
            cases
        }
        // A text is as it should be.
        "string" => vec![],
        other => panic!("{}: what may be wrong with a {other}?", place.pointer),
    }
}

/// JSON over several lines, as 1C and some models write it.
fn spaced(value: &Value) -> String {
    format!("\n{}\n", serde_json::to_string_pretty(value).unwrap())
}

/// As a text, and so is everything within.
fn as_text(value: &Value) -> Value {
    json!(texts_within(value).to_string())
}

fn texts_within(value: &Value) -> Value {
    let text = |value: &Value| if value.is_string() { value.clone() } else { as_text(value) };
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Value::Array(items) => items.iter().map(text).collect(),
        other => other.clone(),
    }
}

/// Calls that say of an optional argument that there is none.
fn absent(tool: &str, place: &Place<'_>, arguments: &Value) -> Vec<Case> {
    if place.required {
        return vec![];
    }
    // A document is found by either; without one there must be the other.
    let either = tool == "find_document" && ["/number", "/period"].contains(&&*place.pointer);
    // What is sorted by must be chosen.
    let sorted = ["/group_by", "/measures"].contains(&&*place.pointer);
    let plain = match either {
        true => call(tool, |arguments| arguments.pointer(&place.pointer).is_none()),
        false if sorted => without(&without(arguments, &place.pointer), "/sort"),
        false => without(arguments, &place.pointer),
    };
    let mut empty = vec![json!(null), json!(""), json!([]), json!({})];
    if !place.is("string") {
        empty.push(json!(" \n"));
    }
    empty.into_iter().map(|value| Case { written: with(&plain, &place.pointer, value), plain: plain.clone() }).collect()
}

/// Asks both ways, each through every door; the number of ways it was written.
async fn check(doors: &Doors, tool: &str, schema: &Value, cases: Vec<Case>) -> usize {
    let mut known = BTreeMap::new();
    let count = cases.len();
    for Case { plain, written } in cases {
        assert_ne!(plain, written, "{tool}: nothing to mend");
        let key = plain.to_string();
        if !known.contains_key(&key) {
            let body = doors.sent(tool, &plain).await;
            assert_eq!(body, completed(schema, plain), "{tool}");
            known.insert(key.clone(), body);
        }
        assert_eq!(doors.sent(tool, &written).await, known[&key], "{tool} {written}");
    }
    count
}

#[tokio::test]
async fn every_argument_is_mended_wherever_the_schema_leaves_no_doubt() {
    let listed = Doors::open(Limits::default()).await.listed().await;
    let mut kinds = BTreeMap::<&str, usize>::new();
    for tool in &listed {
        let (name, schema) = (tool["name"].as_str().unwrap(), &tool["inputSchema"]);
        let doors = Doors::open(Limits::default()).await;
        let mut seen = BTreeSet::new();
        for (_, arguments) in good().iter().filter(|(tool, _)| *tool == name) {
            let is_there = |place: &Place<'_>| arguments.pointer(&place.pointer).is_some();
            for place in places(schema).into_iter().filter(is_there) {
                let mut cases = rewritten(&place, arguments);
                cases.extend(absent(name, &place, arguments));
                let least = usize::from(!place.required || !place.is("string"));
                assert!(cases.len() >= least, "{name} {}", place.pointer);
                *kinds.entry(place.schema["type"].as_str().unwrap()).or_default() +=
                    check(&doors, name, schema, cases).await;
                seen.insert(place.pointer);
            }
            // Everything wrong at once.
            let cases = vec![Case { plain: arguments.clone(), written: texts_within(arguments) }];
            check(&doors, name, schema, cases).await;
        }
        assert_eq!(seen, pointers(schema), "{name}");
    }
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), ["array", "boolean", "integer", "object", "string"]);
    assert!(kinds.values().sum::<usize>() > 500, "{kinds:?}");
}

#[tokio::test]
async fn what_fits_is_left_as_it_is() {
    let doors = Doors::open(Limits::default()).await;
    // A text that reads like something else is a text where one is wanted.
    for text in ["12", "true", "null", "[1]", "{\"a\":1}", "1e9", " Север "] {
        let body = doors.sent("resolve_product", &json!({ "query": text })).await;
        assert_eq!(body, json!({ "query": text, "limit": 10, "include_groups": false }));
    }
    for text in ["12", "[\"a\"]", "false"] {
        let arguments = json!({ "user": text, "events": [text] });
        let mut expected = arguments.clone();
        expected["limit"] = json!(100);
        assert_eq!(doors.sent("event_log", &arguments).await, expected);
    }
}

#[tokio::test]
async fn arguments_that_are_not_there_at_all_are_none() {
    let listed = Doors::open(Limits::default()).await.listed().await;
    for tool in &listed {
        let (name, schema) = (tool["name"].as_str().unwrap(), &tool["inputSchema"]);
        if schema["required"].as_array().is_some_and(|names| !names.is_empty()) {
            continue;
        }
        let doors = Doors::open(Limits::default()).await;
        let body = doors.sent(name, &json!({})).await;
        assert_eq!(body, completed(schema, json!({})), "{name}");
        // The REST face wants an object, as its document says.
        for arguments in [json!(null), json!(""), json!("{}"), json!("\n{ }")] {
            for door in doors::MCP {
                let told = doors.call(door, name, &arguments).await;
                assert_eq!(told.error, None, "{name} {door:?} {arguments}: {told:?}");
                let sent: Value = serde_json::from_str(&doors.last().body).unwrap();
                assert_eq!(sent, body, "{name} {door:?} {arguments}");
            }
        }
    }
}
