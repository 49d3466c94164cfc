//! Arguments that do not fit: what the model is told, the same at every door, and 1C is not asked.

use crate::fixtures::doors::Doors;
use crate::fixtures::tool_arguments::{Place, call, good, places, pointers, with, without};
use onec_mcp::catalog::Limits;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Each tool with its schema, and a 1C of its own.
async fn tools() -> Vec<(String, Value, Doors)> {
    let mut tools = Vec::new();
    for tool in Doors::open(Limits::default()).await.listed().await {
        let name = tool["name"].as_str().unwrap().to_owned();
        tools.push((name, tool["inputSchema"].clone(), Doors::open(Limits::default()).await));
    }
    tools
}

/// Asks with wrong arguments; the refusal says all of this.
async fn refused(doors: &Doors, tool: &str, arguments: &Value, says: &[&str]) {
    let text = doors.refused(tool, arguments).await;
    for word in says {
        assert!(text.contains(word), "{tool} {arguments}: no {word:?} in {text:?}");
    }
}

/// Tries something on every place of every tool; `attempt` says whether it applies there.
async fn everywhere(attempt: impl AsyncFn(&Doors, &str, &Place<'_>, &Value) -> bool) -> BTreeSet<String> {
    let mut tried = BTreeSet::new();
    for (name, schema, doors) in tools().await {
        let mut met = BTreeSet::new();
        for place in places(&schema) {
            let arguments = call(&name, |arguments| arguments.pointer(&place.pointer).is_some());
            if attempt(&doors, &name, &place, &arguments).await {
                tried.insert(format!("{name}{}", place.pointer));
            }
            met.insert(place.pointer);
        }
        assert_eq!(met, pointers(&schema));
    }
    tried
}

/// The places of all tools that are so.
async fn all(applies: impl Fn(&Place<'_>) -> bool) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (name, schema, _) in tools().await {
        all.extend(
            places(&schema).iter().filter(|place| applies(place)).map(|place| format!("{name}{}", place.pointer)),
        );
    }
    all
}

#[tokio::test]
async fn what_is_required_and_missing() {
    let tried = everywhere(async |doors, tool, place, arguments| {
        if !place.required {
            return false;
        }
        let field = place.field();
        let mut says = vec![format!("Argument {field}: required and missing")];
        says.extend(place.choices().into_iter().flatten().map(str::to_owned));
        let says = says.iter().map(String::as_str).collect::<Vec<_>>();
        refused(doors, tool, &without(arguments, &place.pointer), &says).await;
        for nothing in [json!(null), json!("")] {
            let says = format!("Argument {field}");
            refused(doors, tool, &with(arguments, &place.pointer, nothing), &[&says]).await;
        }
        true
    })
    .await;
    assert_eq!(tried, all(|place| place.required).await);
    let of = |end: &str| tried.iter().filter(|place| place.ends_with(end)).count();
    // Resolvers, tools with a period, and sorted reports.
    assert_eq!((of("/query"), of("/period/from"), of("/period/to"), of("/sort/0/field")), (7, 8, 8, 7), "{tried:?}");
    assert!(tried.contains("customer_summary/customer_id") && tried.contains("object_history/object_type"));
    assert!(tried.contains("find_document/doc_type") && tried.contains("sales_report/period"));
}

#[tokio::test]
async fn what_nobody_knows() {
    for (name, schema, doors) in tools().await {
        // All that there are is told.
        let known = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
        for arguments in good().into_iter().filter(|(tool, _)| *tool == name).map(|(_, arguments)| arguments) {
            for strange in ["colour", "_meta", "Query", "Период"] {
                let mut says = known.clone();
                says.extend([strange, "there is no such argument"]);
                refused(&doors, &name, &with(&arguments, &format!("/{strange}"), json!("red")), &says).await;
            }
        }
    }
    let inside = |place: &Place<'_>| place.is("object") || place.schema["items"]["type"] == "object";
    let tried = everywhere(async |doors, tool, place, arguments| {
        if !inside(place) {
            return false;
        }
        let below = if place.is("object") { "" } else { "/0" };
        let members = place.schema.pointer(if below.is_empty() { "/properties" } else { "/items/properties" }).unwrap();
        let field =
            format!("Argument {}{}.colour: there is no such argument", place.field(), below.replace("/0", "[0]"));
        let mut says = members.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
        says.push(&field);
        let pointer = format!("{}{below}/colour", place.pointer);
        refused(doors, tool, &with(arguments, &pointer, json!(["x"])), &says).await;
        // Nor is it silently dropped for being empty: a caller must not take all for a part.
        refused(doors, tool, &with(arguments, &pointer, json!(null)), &says).await;
        // And as JSON text.
        let mut text = with(arguments, &pointer, json!(["x"]));
        let value = text.pointer(&place.pointer).unwrap().to_string();
        text = with(&text, &place.pointer, json!(value));
        refused(doors, tool, &text, &says).await;
        true
    })
    .await;
    assert_eq!(tried, all(inside).await);
    assert_eq!(tried.iter().filter(|place| place.ends_with("/filters")).count(), 8, "{tried:?}");
}

#[tokio::test]
async fn what_is_none_of_the_allowed_values() {
    let tried = everywhere(async |doors, tool, place, arguments| {
        let Some(choices) = place.choices() else { return false };
        let field = place.field();
        let nearly = format!("{}x", choices[0].to_uppercase());
        for wrong in ["something else", &*nearly, "; drop"] {
            let (value, at) = match place.is("array") {
                true => (json!([choices[0], wrong]), format!("Argument {field}[1]: \"{wrong}\"")),
                false => (json!(wrong), format!("Argument {field}: \"{wrong}\"")),
            };
            let allowed = format!("allowed: {}", choices.join(", "));
            let arguments = with(arguments, &place.pointer, value);
            refused(doors, tool, &arguments, &[&*at, "is not allowed", &*allowed]).await;
        }
        // Something of another type is told the values too.
        let wrong = if place.is("array") { json!([7]) } else { json!(7) };
        let mut says = choices;
        says.push(&field);
        refused(doors, tool, &with(arguments, &place.pointer, wrong), &says).await;
        true
    })
    .await;
    assert_eq!(tried, all(|place| place.choices().is_some()).await);
    assert!(tried.len() > 30, "{tried:?}");
}

#[tokio::test]
async fn what_is_of_a_wrong_type() {
    let tried = everywhere(async |doors, tool, place, arguments| {
        let field = place.field();
        let field = format!("Argument {field}");
        let (values, wanted) = match place.schema["type"].as_str().unwrap() {
            "integer" => (
                vec![json!("many"), json!(1.5), json!("1.5"), json!({ "a": 1 }), json!([2]), json!(true)],
                "a whole number",
            ),
            "boolean" => (vec![json!("perhaps"), json!(2), json!("2"), json!([1]), json!({ "a": 1 })], "true or false"),
            "string" => (vec![json!(5), json!({ "a": 1 }), json!(true), json!(["x"])], ""),
            "object" => (vec![json!(5), json!([1]), json!("text"), json!("{"), json!("[1]"), json!(true)], "an object"),
            "array" => (
                vec![
                    json!({ "a": 1 }),
                    json!([[]]),
                    json!(5),
                    json!(true),
                    json!("[1"),
                    json!([null]),
                    json!("{\"a\":1}"),
                ],
                "",
            ),
            other => panic!("{other}"),
        };
        // A text by itself is one item, whatever it looks like.
        let texts = place.schema["items"] == json!({ "type": "string", "minLength": 1, "maxLength": 200 });
        for value in values.into_iter().filter(|value| !texts || *value != "[1") {
            refused(doors, tool, &with(arguments, &place.pointer, value), &[&*field, wanted]).await;
        }
        true
    })
    .await;
    assert_eq!(tried, all(|_| true).await);
}

#[tokio::test]
async fn what_is_too_small_or_too_large_or_no_date() {
    let tried = everywhere(async |doors, tool, place, arguments| {
        let schema = place.schema;
        let mut wrong: Vec<(Value, String)> = Vec::new();
        // With a default it is as if nothing were asked for.
        if let Some(least) = schema["minimum"].as_i64().filter(|_| schema.get("default").is_none()) {
            wrong.extend([json!(least - 1), json!(-5), json!("0")].map(|value| (value, format!("at least {least}"))));
        }
        if let Some(most) = schema["maxLength"].as_u64() {
            wrong.push((json!("я".repeat(most as usize + 1)), format!("at most {most} characters")));
        }
        if schema["uniqueItems"] == true {
            let one = &arguments.pointer(&place.pointer).unwrap()[0];
            wrong.push((json!([one, one]), "without repeated items".to_owned()));
        }
        if let Some(most) = schema["maxItems"].as_u64() {
            wrong.push((many(schema, most + 1), format!("at most {most} items")));
        }
        match schema["format"].as_str().or_else(|| schema["items"]["format"].as_str()) {
            Some("date") => wrong.extend(
                ["2026-02-30", "28.02.2026", "2026-02-28T10:00:00Z", "today"]
                    .map(|text| (json!(text), "a date of the calendar as 2026-03-31".to_owned())),
            ),
            Some("uuid") => {
                let texts = ["Север", "0b6d7a0e-8f3c-11ee-b9d1", "0b6d7a0e8f3c11eeb9d10242ac120002x"];
                wrong.extend(texts.map(|text| (json!(text), "a UUID as 6f9619ff".to_owned())));
            }
            Some(other) => panic!("{other}"),
            None => {}
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            let texts = ["28.02.2026", "yesterday", "2026-02-28 10:00", "SalesInvoice", "Document."];
            wrong.extend(texts.map(|text| (json!(text), "a text of the pattern".to_owned())));
            assert!(pattern.starts_with('^') && pattern.ends_with('$'));
        }
        let field = format!("Argument {}", place.field());
        for (value, says) in &wrong {
            refused(doors, tool, &with(arguments, &place.pointer, value.clone()), &[&field, says]).await;
        }
        !wrong.is_empty()
    })
    .await;
    let bounded = ["maxLength", "maxItems", "uniqueItems", "format", "pattern"];
    let is_least = |schema: &Value| schema.get("minimum").is_some() && schema.get("default").is_none();
    let is_bounded =
        |place: &Place<'_>| is_least(place.schema) || bounded.iter().any(|key| place.schema.get(*key).is_some());
    assert_eq!(tried, all(is_bounded).await);
}

/// So many items, each fitting and another.
fn many(schema: &Value, count: u64) -> Value {
    let item = |at| match schema["items"]["type"].as_str() {
        Some("object") => json!({ "field": "amount" }),
        _ => json!(format!("{at:08x}-8f3c-11ee-b9d1-0242ac120002")),
    };
    (0..count).map(item).collect()
}
