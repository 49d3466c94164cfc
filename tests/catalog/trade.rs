//! The built-in tools: names, scopes, paths, arguments, allowed values, defaults and ceilings.

use crate::support::trade::{Kind, Row, TABLE, UUID, always, minimal, set};
use onec_mcp::catalog::{ArgumentError, Limits, Tool, Tools};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

fn tools() -> Tools {
    static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools::trade(Limits::default()).unwrap());
    TOOLS.clone()
}

fn tool(row: &Row) -> Tool {
    tools().get(row.name).unwrap_or_else(|| panic!("no {}", row.name)).clone()
}

/// What 1C would be sent.
fn sent(tool: &Tool, arguments: &Value) -> Value {
    let call = tool.prepare(Some(arguments.to_string().as_bytes()));
    let call = call.unwrap_or_else(|unfit| panic!("{}: {arguments}: {unfit}", tool.name()));
    serde_json::from_slice(&call.body).unwrap()
}

#[track_caller]
fn refused(tool: &Tool, arguments: &Value) -> ArgumentError {
    match tool.prepare(Some(arguments.to_string().as_bytes())) {
        Ok(call) => panic!("{}: {arguments} is sent as {:?}", tool.name(), call.body),
        Err(unfit) => unfit,
    }
}

/// The schema of an argument by its path.
fn schema<'a>(tool: &'a Tool, path: &str) -> &'a Value {
    path.split('.').fold(tool.input_schema(), |schema, name| {
        let schema = schema.get("items").unwrap_or(schema);
        &schema["properties"][name]
    })
}

/// MCP 2026-07-28, "Listing Tools".
#[test]
fn names_and_order() {
    let names: Vec<_> = tools().iter().map(|tool| tool.name().to_owned()).collect();
    let expected: Vec<_> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(names, expected);
    assert_eq!(names.len(), 19);
}

#[test]
fn scopes_paths_and_time_classes() {
    for row in TABLE {
        let tool = tool(row);
        assert_eq!(tool.scope(), row.scope, "{}", row.name);
        let call = tool.prepare(Some(minimal(row).to_string().as_bytes())).unwrap();
        assert_eq!(&*call.path, row.path, "{}", row.name);
        let quick = row.path.starts_with("resolve/");
        assert_eq!(call.slow, !quick, "{}", row.name);
        assert_eq!(call.cache.map(|time| time.as_secs()), quick.then_some(60), "{}", row.name);
        assert!(call.headers.is_empty(), "{}", row.name);
        let rest = (!row.path.starts_with("admin/")).then(|| format!("/{}", row.path));
        assert_eq!(tool.rest(), rest.as_deref(), "{}", row.name);
    }
    assert_eq!(tools().iter().filter(|tool| tool.rest().is_some()).count(), 16);
    let scopes = "mcp:admin:eventlog mcp:report:cost mcp:report:money mcp:report:sales mcp:report:stock mcp:resolve";
    let all: BTreeSet<_> = tools().scopes().to_string().split(' ').map(str::to_owned).collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>().join(" "), scopes);
}

#[test]
fn all_of_them_only_read() {
    for tool in tools().iter() {
        let hints = json!({
            "title": tool.title(), "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
            "openWorldHint": false,
        });
        assert_eq!(tool.annotations(), Some(&hints), "{}", tool.name());
    }
}

#[test]
fn required_and_optional_arguments() {
    for row in TABLE {
        let tool = tool(row);
        let required: BTreeSet<_> =
            tool.input_schema()["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(required, row.required.iter().copied().collect(), "{}", row.name);
        let mut arguments = BTreeSet::new();
        for (name, schema) in tool.input_schema()["properties"].as_object().unwrap() {
            match name.as_str() {
                "filters" => {
                    let filters = schema["properties"].as_object().unwrap().keys();
                    arguments.extend(filters.map(|filter| format!("filters.{filter}")));
                }
                _ => _ = arguments.insert(name.clone()),
            }
        }
        let expected: BTreeSet<_> = row.arguments.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(arguments, expected, "{}", row.name);
    }
}

#[test]
fn without_a_required_argument_there_is_no_call() {
    for row in TABLE {
        for name in row.required {
            let absent = |arguments: &mut serde_json::Map<String, Value>| drop(arguments.remove(*name));
            let empty =
                |arguments: &mut serde_json::Map<String, Value>| drop(arguments.insert((*name).into(), json!("")));
            for change in [&absent as &dyn Fn(&mut _), &empty] {
                let mut arguments = minimal(row);
                change(arguments.as_object_mut().unwrap());
                let unfit = refused(&tool(row), &arguments);
                assert!(unfit.field == *name && unfit.message.contains(name), "{}: {unfit:?}", row.name);
            }
        }
    }
}

#[test]
fn allowed_values() {
    for row in TABLE {
        let tool = tool(row);
        for (path, kind) in row.arguments {
            let found = schema(&tool, path);
            match kind {
                Kind::One(values, _) => assert_eq!(found["enum"], json!(values), "{} {path}", row.name),
                Kind::Some(values, _) => {
                    assert_eq!(found["items"]["enum"], json!(values), "{} {path}", row.name);
                    assert_eq!((&found["minItems"], &found["uniqueItems"]), (&json!(1), &json!(true)));
                }
                Kind::Sort => {
                    let [dimensions, measures] =
                        ["group_by", "measures"].map(|list| schema(&tool, list)["items"]["enum"].as_array().unwrap());
                    let all: Vec<_> = dimensions.iter().chain(measures).cloned().collect();
                    let item = &found["items"];
                    assert_eq!(item["properties"]["field"]["enum"], Value::from(all), "{}", row.name);
                    assert_eq!(item["properties"]["dir"]["enum"], json!(["asc", "desc"]), "{}", row.name);
                    assert_eq!(item["required"], json!(["field"]), "{}", row.name);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn what_is_allowed_reaches_1c_and_what_is_not_does_not() {
    for row in TABLE {
        let tool = tool(row);
        for (path, kind) in row.arguments {
            for value in kind.good() {
                let mut arguments = minimal(row);
                if row.name == "find_document" && *path == "period" {
                    arguments.as_object_mut().unwrap().remove("number");
                }
                set(&mut arguments, path, value.clone());
                let body = sent(&tool, &arguments);
                let pointer = format!("/{}", path.replace('.', "/"));
                assert_eq!(body.pointer(&pointer), Some(&value), "{} {path}", row.name);
            }
            for value in kind.bad() {
                let mut arguments = minimal(row);
                set(&mut arguments, path, value.clone());
                let unfit = refused(&tool, &arguments);
                assert!(unfit.field.starts_with(path), "{} {path} {value}: {unfit:?}", row.name);
            }
        }
    }
}

/// What clients and models send for an optional argument that they have no value for.
#[test]
fn what_says_nothing_is_as_if_it_were_not_there() {
    let mut count = 0;
    for row in TABLE {
        let tool = tool(row);
        let optional = |path: &str| !(row.required.contains(&path) || row.name == "find_document" && path == "number");
        for (path, _) in row.arguments.iter().filter(|(path, _)| optional(path)) {
            let takes_text = schema(&tool, path)["type"] == "string";
            for nothing in [json!(null), json!([]), json!({}), json!("[]"), json!("{}"), json!("")] {
                if takes_text && nothing.as_str().is_some_and(|text| !text.is_empty()) {
                    continue;
                }
                let mut arguments = minimal(row);
                set(&mut arguments, path, nothing.clone());
                assert_eq!(sent(&tool, &arguments), sent(&tool, &minimal(row)), "{} {path} {nothing}", row.name);
                count += 1;
            }
        }
        for (path, kind) in row.arguments {
            let Kind::Count { .. } = kind else { continue };
            for none in [json!(0), json!(-1), json!(-5.0), json!("0"), json!("-1")] {
                let mut arguments = minimal(row);
                set(&mut arguments, path, none.clone());
                assert_eq!(sent(&tool, &arguments), sent(&tool, &minimal(row)), "{} {path} {none}", row.name);
            }
        }
    }
    assert!(count > 200, "{count}");
    // A filter of the event log is no number of rows: 0 must not mean all of them.
    assert!(refused(tools().get("event_log").unwrap(), &json!({ "session": 0 })).message.contains("at least 1"));
}

/// The words of the first gateway of this kind, and of models that remember the schema by halves.
#[test]
fn words_are_taken_as_they_are_meant() {
    let tools = tools();
    let body = |tool: &str, arguments: Value| sent(tools.get(tool).unwrap(), &arguments);
    let report = body(
        "sales_report",
        json!({
            "period": { "from": "2026-07-01T00:00:00", "to": "2026-07-31 23:59:59" }, "filters": { "customer_cohort": "NEW" },
            "group_by": ["Product", "salesChannel"], "measures": "Amount, QTY",
            "sort": [{ "field": "AMOUNT", "dir": "DESC" }, { "field": "Sales channel", "dir": "Asc" }], "top": -1,
        }),
    );
    let expected = json!({
        "period": { "from": "2026-07-01", "to": "2026-07-31" }, "filters": { "customer_cohort": "new" },
        "group_by": ["product", "sales_channel"], "measures": ["amount", "qty"],
        "sort": [{ "field": "amount", "dir": "desc" }, { "field": "sales_channel", "dir": "asc" }], "top": 200,
    });
    assert_eq!(report, expected);
    assert_eq!(body("top_products", json!({ "period": report["period"], "by": "Qty", "top": 0 }))["by"], "qty");
    for (written, meant) in [
        (json!(1), true),
        (json!(0), false),
        (json!(1.0), true),
        (json!("1"), true),
        (json!("0"), false),
        (json!("yes"), true),
        (json!("No"), false),
        (json!("Истина"), true),
        (json!("нет"), false),
    ] {
        let body = body("resolve_customer", json!({ "query": "x", "include_groups": written }));
        assert_eq!(body["include_groups"], meant, "{written}");
    }
    assert_eq!(body("stock_balance", json!({ "date": "2026-07-01T00:00:00Z" }))["date"], "2026-07-01");
    assert_eq!(body("event_log", json!({ "level": "Error,warning" }))["level"], json!(["error", "warning"]));
    // Where another day may be meant, or another word, nothing is guessed.
    for arguments in [
        json!({ "date": "2026-07-01T21:00:00Z" }),
        json!({ "group_by": "warehouse and product" }),
        json!({ "group_by": ["products"] }),
        json!({ "group_by": "warehouse,colour" }),
    ] {
        refused(tools.get("stock_balance").unwrap(), &arguments);
    }
}

#[test]
fn defaults_are_filled_in() {
    for row in TABLE {
        let mut expected = minimal(row);
        for (name, value) in always(row) {
            set(&mut expected, name, value);
        }
        for (path, kind) in row.arguments {
            if let Some(default) = kind.default(Limits::default()) {
                set(&mut expected, path, default);
            }
        }
        assert_eq!(sent(&tool(row), &minimal(row)), expected, "{}", row.name);
    }
}

#[test]
fn ceilings_lower_what_is_above_them() {
    for limits in [
        Limits::default(),
        Limits::default().resolve_limit(3).max_rows(4),
        Limits::default().resolve_limit(50).max_rows(60),
    ] {
        let tools = Tools::trade(limits).unwrap();
        for row in TABLE {
            let tool = tools.get(row.name).unwrap();
            for (path, kind) in row.arguments {
                let Kind::Count { .. } = kind else { continue };
                let ceiling = kind.ceiling(limits).unwrap();
                for (asked, passed) in [(1, 1), (ceiling, ceiling), (ceiling + 1, ceiling), (1_000_000, ceiling)] {
                    let mut arguments = minimal(row);
                    set(&mut arguments, path, json!(asked));
                    assert_eq!(sent(tool, &arguments)[*path], json!(passed), "{} {path} {limits:?}", row.name);
                }
                let default = kind.default(limits).unwrap();
                assert_eq!(sent(tool, &minimal(row))[*path], default, "{} {path} {limits:?}", row.name);
            }
        }
    }
}

#[test]
fn unknown_arguments_are_errors_at_every_level() {
    for row in TABLE {
        let tool = tool(row);
        let paths = row.arguments.iter().filter_map(|(path, kind)| match kind {
            Kind::Period | Kind::Moments => Some(format!("{path}.until")),
            _ if path.starts_with("filters.") => Some("filters.colour".to_owned()),
            _ => None,
        });
        for path in paths.chain(["colour".to_owned(), "_meta".to_owned()]) {
            let mut arguments = minimal(row);
            if let Some((parent @ "period", _)) = path.split_once('.') {
                set(&mut arguments, parent, json!({ "from": "2026-01-01", "to": "2026-01-31" }));
                arguments.as_object_mut().unwrap().remove("number");
            }
            set(&mut arguments, &path, json!("red"));
            let unfit = refused(&tool, &arguments);
            let name = path.rsplit('.').next().unwrap();
            assert!(unfit.message.contains(name) || unfit.field.contains(name), "{}: {unfit:?}", row.name);
        }
    }
}

#[test]
fn sorting_is_by_what_was_chosen() {
    let tools = tools();
    let tool = tools.get("sales_report").unwrap();
    let arguments = |field: &str| {
        json!({
            "period": { "from": "2026-01-01", "to": "2026-01-31" },
            "group_by": ["product"], "measures": ["qty"], "sort": [{ "field": field, "dir": "desc" }],
        })
    };
    for field in ["product", "qty"] {
        assert_eq!(sent(tool, &arguments(field))["sort"][0]["field"], field);
    }
    for field in ["amount", "warehouse", "profit"] {
        let unfit = refused(tool, &arguments(field));
        assert!(unfit.field.starts_with("sort[0]"), "{unfit:?}");
        assert!(unfit.message.contains("product") && unfit.message.contains("qty"), "{unfit:?}");
    }
    // The defaults count as chosen.
    let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    assert_eq!(sent(tool, &json!({ "period": period, "sort": [{ "field": "amount" }] }))["sort"][0]["field"], "amount");
    refused(tool, &json!({ "period": period, "sort": [{ "field": "receipts" }] }));
    for row in TABLE.iter().filter(|row| row.arguments.iter().any(|(_, kind)| matches!(kind, Kind::Sort))) {
        let tool = tools.get(row.name).unwrap();
        let defaults = sent(tool, &minimal(row));
        for list in ["group_by", "measures"] {
            for value in schema(tool, list)["items"]["enum"].as_array().unwrap() {
                let mut arguments = minimal(row);
                set(&mut arguments, "sort", json!([{ "field": value }]));
                let chosen = defaults[list].as_array().unwrap().contains(value);
                assert_eq!(
                    tool.prepare(Some(arguments.to_string().as_bytes())).is_ok(),
                    chosen,
                    "{} {value}",
                    row.name
                );
            }
        }
    }
}

#[test]
fn a_document_is_found_by_number_by_period_or_by_both() {
    let tools = tools();
    let tool = tools.get("find_document").unwrap();
    let (number, period) = (json!("000-1"), json!({ "from": "2026-01-01", "to": "2026-01-31" }));
    sent(tool, &json!({ "doc_type": "Document.SalesInvoice", "number": number }));
    sent(tool, &json!({ "doc_type": "Document.SalesInvoice", "period": period }));
    let both = json!({ "doc_type": "Document.SalesInvoice", "number": number, "period": period });
    assert_eq!(sent(tool, &both)["period"], period);
    let unfit = refused(tool, &json!({ "doc_type": "Document.SalesInvoice" }));
    assert!(unfit.message.contains("number") && unfit.message.contains("period"), "{unfit:?}");
}

#[test]
fn a_period_does_not_end_before_it_begins() {
    let tools = tools();
    for row in TABLE.iter().filter(|row| row.arguments.iter().any(|(path, _)| *path == "period")) {
        let mut arguments = minimal(row);
        arguments.as_object_mut().unwrap().remove("number");
        for (from, to, fits) in [
            ("2026-01-31", "2026-01-01", false),
            ("2026-01-01", "2026-01-01", true),
            ("2025-12-31", "2026-01-01", true),
        ] {
            set(&mut arguments, "period", json!({ "from": from, "to": to }));
            let tool = tools.get(row.name).unwrap();
            let answer = tool.prepare(Some(arguments.to_string().as_bytes()));
            assert_eq!(answer.is_ok(), fits, "{} {from} {to}: {answer:?}", row.name);
            if let Err(unfit) = answer {
                assert!(unfit.field.starts_with("period"), "{unfit:?}");
            }
        }
    }
    // A moment of the last day is within it.
    let log = tools.get("event_log").unwrap();
    sent(log, &json!({ "period": { "from": "2026-01-01T10:00:00", "to": "2026-01-01" } }));
    sent(log, &json!({ "period": { "from": "2026-01-01", "to": "2026-01-01T10:00:00" } }));
    refused(log, &json!({ "period": { "from": "2026-01-02T10:00:00", "to": "2026-01-01" } }));
}

/// Texts of a schema, with where they stand; `visit` sees every schema.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(schema, path);
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        walk(member, &format!("{path}.{name}"), visit);
    }
    if let Some(items) = schema.get("items") {
        walk(items, &format!("{path}[]"), visit);
    }
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Tool".
#[test]
fn input_schemas_are_what_model_apis_take() {
    for tool in tools().iter() {
        let schema = tool.input_schema();
        jsonschema::draft202012::meta::validate(schema).unwrap();
        assert_eq!(schema["type"], "object", "{}", tool.name());
        for key in ["oneOf", "anyOf", "allOf", "not", "if", "$ref", "$defs", "enum"] {
            assert!(schema.get(key).is_none(), "{} {key}", tool.name());
        }
        walk(schema, tool.name(), &mut |schema, path| {
            assert!(schema["type"].is_string(), "{path} has no type");
            if schema["type"] == "object" {
                assert_eq!(schema["additionalProperties"], false, "{path} takes anything");
            }
            if schema["type"] == "array" {
                assert!(schema["items"].is_object(), "{path} takes any items");
                assert!(schema["maxItems"].is_u64() || schema["items"]["enum"].is_array(), "{path} has no end");
            }
            if path != tool.name() && !path.ends_with("[]") {
                let text = schema["description"].as_str().unwrap_or_default();
                assert!((8..160).contains(&text.len()), "{path}: {text}");
            }
            if let Some(default) = schema.get("default") {
                assert!(jsonschema::is_valid(schema, default), "{path}");
            }
        });
    }
}

#[test]
fn texts_say_what_a_model_needs_and_name_only_tools_and_arguments_that_are_there() {
    let tools = tools();
    let mut titles = BTreeSet::new();
    for tool in tools.iter() {
        assert!((4..40).contains(&tool.title().len()) && titles.insert(tool.title().to_owned()), "{}", tool.title());
        let text = tool.description();
        assert!((150..1000).contains(&text.len()), "{}: {}", tool.name(), text.len());
        assert!(text.contains("Returns") && text.ends_with('.'), "{}", tool.name());
        // Whatever looks like a name is one: of a tool, an argument, a column or a value.
        let own = tool.input_schema().to_string() + &tool.output_schema().unwrap().to_string();
        let known: String = tools.iter().map(|tool| format!(" {} {}", tool.name(), tool.input_schema())).collect();
        for word in
            text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_').filter(|word| word.contains('_'))
        {
            assert!(own.contains(word) || known.contains(word), "{}: {word}", tool.name());
        }
    }
}

#[test]
fn no_text_names_the_measures_that_need_a_scope() {
    for tool in tools().iter() {
        let mut texts = vec![tool.title().to_owned(), tool.description().to_owned()];
        walk(tool.input_schema(), "", &mut |schema, _| texts.extend(schema["description"].as_str().map(str::to_owned)));
        walk(tool.output_schema().unwrap(), "", &mut |schema, path| {
            texts.extend(schema["description"].as_str().map(str::to_owned));
            texts.push(path.to_owned());
        });
        for text in texts.iter().map(|text| text.replace("cost_article", "").to_lowercase()) {
            for word in ["cost", "profit", "margin"] {
                assert!(!text.contains(word), "{}: {text}", tool.name());
            }
        }
    }
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Output Schema".
#[test]
fn output_schemas_take_what_1c_may_send() {
    let reference = json!({ "id": UUID, "label": "Север", "kind": "Контрагент", "city": "Киев" });
    let candidates = json!({ "candidates": [
        { "id": UUID, "label": "Север", "archived": false, "code": "001", "phone": null, "city": null, "is_group": true,
          "status": { "code": "new", "label": "Новинка" }, "status_changed_at": "2026-01-31", "markets": ["UA", "EU"],
          "eu_certification": null },
        { "id": UUID, "label": "" },
    ], "more": true });
    let report = json!({
        "columns": [{ "name": "customer", "type": "ref", "title": "Покупатель" }, { "name": "amount", "type": "number" }],
        "rows": [[reference, 10.5], [null, null], ["2026-01-31", "text"]],
        "totals": { "amount": 10.5, "anything": "else" }, "period": { "from": "2026-01-01", "to": "2026-01-31" },
        "date": "2026-01-31", "applied_filters": { "customer_ids": [reference] }, "more": [1],
    });
    let bare = json!({ "columns": [], "rows": [] });
    let events =
        json!({ "period": { "from": "2026-01-01" }, "count": 1, "events": [{ "date": "2026-01-01T08:00:00" }] });
    let (empty, odd) = (json!({}), json!({ "rows": 5, "events": null, "candidates": "нет", "totals": [] }));
    let nulls =
        json!({ "columns": [], "rows": [], "totals": null, "period": null, "date": null, "applied_filters": null });
    for tool in tools().iter() {
        let schema = tool.output_schema().unwrap();
        jsonschema::draft202012::meta::validate(schema).unwrap();
        assert_eq!(schema["type"], "object", "{}", tool.name());
        walk(schema, tool.name(), &mut |schema, path| {
            assert!(schema.get("additionalProperties").is_none(), "{path} takes nothing more");
        });
        let resolver = tool.name().starts_with("resolve_");
        // What 1C sides answer here differs, so clients must take any object.
        let any = tool.path().unwrap().starts_with("admin/") || tool.name() == "customer_summary";
        let good = match (resolver, any) {
            (true, _) => vec![&candidates],
            (_, false) => vec![&report, &bare, &nulls],
            (_, true) => vec![&report, &bare, &nulls, &events, &candidates, &empty, &odd],
        };
        for answer in good {
            jsonschema::validate(schema, answer).unwrap_or_else(|error| panic!("{}: {error}", tool.name()));
        }
        let bad = [json!([]), json!({}), if resolver { report.clone() } else { candidates.clone() }];
        for answer in bad.into_iter().take(if any { 1 } else { 3 }) {
            assert!(!jsonschema::is_valid(schema, &answer), "{} takes {answer}", tool.name());
        }
        assert!(schema.to_string().len() < 1200, "{}", tool.name());
    }
}
