//! What holds between arguments, and ceilings: sorting by what was chosen, periods, one of two, and at most
//! so many rows. The same at every door.

use crate::fixtures::doors::Doors;
use crate::fixtures::tool_arguments::{call, places, with, without};
use onec_mcp::catalog::Limits;
use serde_json::{Value, json};

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

#[tokio::test]
async fn sorting_by_what_was_not_chosen() {
    let mut sorted = 0;
    for (name, schema, doors) in tools().await {
        let Some(fields) = schema.pointer("/properties/sort/items/properties/field/enum") else { continue };
        sorted += 1;
        let arguments = call(&name, |_| true);
        let (group, measure) = (arguments["group_by"][0].clone(), arguments["measures"][0].clone());
        for field in fields.as_array().unwrap() {
            let chosen = with(&with(&arguments, "/group_by", json!([group])), "/measures", json!([measure]));
            let chosen = with(&chosen, "/sort", json!([{ "field": measure }, { "field": field, "dir": "desc" }]));
            if [&group, &measure].contains(&field) {
                let body = doors.sent(&name, &chosen).await;
                assert_eq!(
                    body["sort"],
                    json!([{ "field": measure, "dir": "asc" }, { "field": field, "dir": "desc" }])
                );
                continue;
            }
            let says = ["Argument sort[1].field: ", "group_by, measures", "allowed here: "];
            refused(&doors, &name, &chosen, &says).await;
            let mut here = [group.as_str().unwrap(), measure.as_str().unwrap()];
            here.sort_unstable();
            refused(&doors, &name, &chosen, &[&format!("allowed here: {}", here.join(", "))]).await;
        }
        // What counts as chosen where nothing was said are the defaults.
        for (list, default) in ["group_by", "measures"].map(|list| (list, &schema["properties"][list]["default"])) {
            for value in schema["properties"][list]["items"]["enum"].as_array().unwrap() {
                let least = without(&without(&arguments, "/group_by"), "/measures");
                let least = with(&least, "/sort", json!({ "field": value }));
                if default.as_array().unwrap().contains(value) {
                    assert_eq!(doors.sent(&name, &least).await["sort"][0]["field"], *value);
                } else {
                    refused(&doors, &name, &least, &["Argument sort[0].field: ", "allowed here: "]).await;
                }
            }
        }
    }
    assert_eq!(sorted, 7);
}

#[tokio::test]
async fn periods_that_end_before_they_begin() {
    let mut periods = Vec::new();
    for (name, schema, doors) in tools().await {
        if schema["properties"].get("period").is_none() {
            continue;
        }
        let arguments = call(&name, |arguments| arguments.get("period").is_some());
        for (from, to) in [("2026-03-31", "2026-01-01"), ("2026-01-02", "2026-01-01"), ("2027-01-01", "2026-12-31")] {
            let reversed = with(&arguments, "/period", json!({ "from": from, "to": to }));
            let says = ["Argument period.from: ", from, "comes after period.to", to];
            refused(&doors, &name, &reversed, &says).await;
            let text = with(&arguments, "/period", json!(format!(r#"{{"from":"{from}","to":"{to}"}}"#)));
            refused(&doors, &name, &text, &says).await;
            let right = with(&arguments, "/period", json!({ "from": to, "to": from }));
            assert_eq!(doors.sent(&name, &right).await["period"], right["period"]);
        }
        let day = with(&arguments, "/period", json!({ "from": "2026-01-01", "to": "2026-01-01" }));
        assert_eq!(doors.sent(&name, &day).await["period"], day["period"]);
        periods.push(name);
    }
    let expected = [
        "sales_report",
        "top_products",
        "customer_summary",
        "cash_flow",
        "purchases_report",
        "event_log",
        "object_history",
        "find_document",
    ];
    assert_eq!(periods, expected);
}

#[tokio::test]
async fn a_document_by_its_number_and_by_a_period() {
    let doors = Doors::open(Limits::default()).await;
    let by_number = call("find_document", |arguments| arguments.get("number").is_some());
    let by_period = call("find_document", |arguments| arguments.get("period").is_some());
    let both = with(&by_number, "/period", by_period["period"].clone());
    assert_eq!(doors.sent("find_document", &both).await, both);
    let neither = without(&by_number, "/number");
    let says = "at least one of these is needed, and none is given: number, period";
    refused(&doors, "find_document", &neither, &[says]).await;
    for nothing in [json!(null), json!("")] {
        refused(&doors, "find_document", &with(&neither, "/number", nothing.clone()), &[says]).await;
        refused(&doors, "find_document", &with(&neither, "/period", nothing), &[says]).await;
    }
}

/// The most that an argument may ask for.
fn ceiling(tool: &str, argument: &str, limits: Limits) -> Option<u64> {
    match (tool, argument) {
        ("event_log", "session") => None,
        ("event_log" | "object_history", "limit") => Some(500),
        ("find_document", "limit") => Some(100),
        (_, "limit") => Some(limits.resolve_limit),
        (_, "top" | "top_products") => Some(limits.max_rows),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_above_the_ceiling_is_lowered() {
    for limits in [Limits::default().resolve_limit(7).max_rows(4), Limits::default().resolve_limit(40).max_rows(9000)] {
        let mut lowered = 0;
        for tool in Doors::open(limits).await.listed().await {
            let (name, schema) = (tool["name"].as_str().unwrap(), &tool["inputSchema"]);
            let doors = Doors::open(limits).await;
            for place in places(schema).into_iter().filter(|place| place.is("integer")) {
                let arguments = call(name, |_| true);
                let argument = &place.pointer[1..];
                let sent =
                    async |value| doors.sent(name, &with(&arguments, &place.pointer, value)).await[argument].clone();
                let Some(most) = ceiling(name, argument, limits) else {
                    assert_eq!(sent(json!(u64::MAX)).await, json!(u64::MAX), "{name}");
                    continue;
                };
                for above in [json!(most + 1), json!(u64::MAX), json!(1e15), json!((most + 1).to_string())] {
                    assert_eq!(sent(above.clone()).await, json!(most), "{name} {above}");
                }
                for below in [most, most - 1, 1] {
                    assert_eq!(sent(json!(below)).await, json!(below), "{name}");
                }
                let own =
                    [("limit", 10, "resolve"), ("limit", 20, "find"), ("limit", 100, ""), ("top_products", 5, "")];
                let own = own.into_iter().find(|(named, _, tools)| *named == argument && name.starts_with(tools));
                let own = if name == "top_products" { Some(10) } else { own.map(|(_, default, _)| default) };
                let rows = if argument == "top" { limits.default_rows } else { most };
                let default = json!(own.unwrap_or(rows).min(most));
                let body = doors.sent(name, &without(&arguments, &place.pointer)).await;
                assert_eq!((&body[argument], &place.schema["default"]), (&default, &default), "{name}");
                lowered += 1;
            }
        }
        assert_eq!(lowered, 19);
    }
}
