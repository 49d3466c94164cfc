//! Arguments of a catalog tool: mended where the schema leaves no doubt, checked, completed with
//! defaults, kept within the ceilings, and refused in words that help.

use crate::support::catalog as support;
use crate::support::catalog::{body, schema, tool};
use onec_mcp::catalog::{ArgumentError, Limits, Tools};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

/// Arguments that fit, with the defaults that were filled in.
fn whole() -> Value {
    json!({
        "period": { "from": "2026-01-01", "to": "2026-03-31" },
        "group_by": ["warehouse"], "measures": ["amount", "qty"], "top": 100, "limit": 10,
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut all = whole();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    all.pointer_mut(parent).unwrap()[key] = value;
    all
}

/// What becomes of `value` at `pointer`.
#[track_caller]
fn mended(pointer: &str, value: Value) -> Value {
    let mut body = body(&tool("report"), &with(pointer, value)).unwrap();
    body.pointer_mut(pointer).map(Value::take).unwrap_or_default()
}

#[track_caller]
fn unfit(pointer: &str, value: Value, field: &str, says: &[&str]) -> ArgumentError {
    refused(&with(pointer, value).to_string(), field, says)
}

#[track_caller]
fn refused(arguments: &str, field: &str, says: &[&str]) -> ArgumentError {
    let unfit = tool("report").prepare(Some(arguments.as_bytes())).unwrap_err();
    assert_eq!(unfit.field, field, "{unfit}");
    assert!(unfit.message.contains(field) && unfit.message.len() < 1200, "{unfit}");
    for text in says {
        assert!(unfit.message.contains(text), "no {text} in: {unfit}");
    }
    unfit
}

#[test]
fn a_call_says_all_that_1c_and_the_layers_want() {
    let call = tool("report").prepare(Some(whole().to_string().as_bytes())).unwrap();
    assert_eq!((&*call.path, call.slow, call.cache), ("reports/any", true, Some(Duration::from_secs(60))));
    assert_eq!(serde_json::from_slice::<Value>(&call.body).unwrap(), whole());
    assert!(call.headers.is_empty());
    let call = tool("find").prepare(Some(br#"{"number":"1"}"#)).unwrap();
    assert_eq!((&*call.path, call.slow, call.cache), ("admin/find", false, None));
}

#[test]
fn equal_arguments_are_equal_bytes() {
    let one = br#"{"period":{"from":"2026-01-01","to":"2026-03-31"},"share":1.50,"top":1e1,"any":{"b":1,"a":-0.0}}"#;
    let other = br#" {"any" : {"a":0,"b":1.0}, "top":10,"share" : 15e-1,"period":{"to":"2026-03-31", "from":"2026-01\u002d01"}}"#;
    let (one, other) = (tool("report").prepare(Some(one)).unwrap(), tool("report").prepare(Some(other)).unwrap());
    assert_eq!(one.body, other.body);
    assert_eq!(
        one.body,
        r#"{"any":{"a":0,"b":1},"group_by":["warehouse"],"limit":10,"measures":["amount","qty"],"period":{"from":"2026-01-01","to":"2026-03-31"},"share":1.5,"top":10}"#
    );
}

#[test]
fn defaults_at_the_top_and_in_objects_that_are_there() {
    let tool = tool("report");
    let period = json!({ "from": "2026-01-01", "to": "2026-03-31" });
    assert_eq!(body(&tool, &json!({ "period": period })).unwrap(), whole());
    assert_eq!(mended("/filters", json!({})), json!({ "archived": false }));
    assert_eq!(mended("/sort", json!([{ "field": "qty" }])), json!([{ "field": "qty", "dir": "desc" }]));
}

#[test]
fn ceilings_lower_and_fill_in() {
    for (asked, got) in
        [(json!(1), 1), (json!(100), 100), (json!(101), 100), (json!(u64::MAX), 100), (json!("500"), 100)]
    {
        assert_eq!(mended("/top", asked), got);
    }
    assert_eq!(mended("/top", json!(1e300)), 100);
    // Beyond what any number type holds, in quotes or not.
    for huge in ["99999999999999999999", "123456789012345678901234567890", "1e400", "1.5e400", "1e99999999999"] {
        for asked in [huge.to_owned(), format!("\"{huge}\"")] {
            let text = format!("{{\"period\":{},\"top\":{asked},\"limit\":{asked}}}", whole()["period"]);
            let call = tool("report").prepare(Some(text.as_bytes())).unwrap_or_else(|unfit| panic!("{asked}: {unfit}"));
            let body: Value = serde_json::from_slice(&call.body).unwrap();
            assert_eq!((&body["top"], &body["limit"]), (&json!(100), &json!(20)), "{asked}");
        }
    }
    assert_eq!(mended("/limit", json!(21)), 20);
    assert_eq!(mended("/limit", json!(null)), 10);
    // "None" is what programs mean by these.
    for none in [json!(0), json!(-5), json!("0"), json!(-0.5)] {
        assert_eq!((mended("/top", none.clone()), mended("/limit", none)), (json!(100), json!(10)));
    }
    // Where a tool takes 0, it stays, and where it says nothing of it, it does not mean all there is.
    let top = |schema: Value, asked: i64| {
        let mut tool = support::report();
        tool["input_schema"]["properties"]["top"] = schema;
        let tools = Tools::read(&json!({ "tools": [tool] }), "x", support::limits()).unwrap();
        body(tools.get("report").unwrap(), &with("/top", json!(asked))).unwrap()["top"].clone()
    };
    assert_eq!(top(json!({ "type": "integer", "minimum": 0 }), 0), 0);
    assert_eq!(top(json!({ "type": "integer", "minimum": -1, "default": 5 }), -1), -1);
    assert_eq!(top(json!({ "type": "integer" }), 0), 100);
    assert_eq!(top(json!({ "type": "integer", "default": 7 }), -1), 7);
    // No limit is a large one.
    let mut open = support::report();
    open["input_schema"]["properties"]["top"] = json!({ "type": ["integer", "null"] });
    let tools = Tools::read(&json!({ "tools": [open] }), "x", support::limits()).unwrap();
    let endless = json!({ "period": whole()["period"], "top": null });
    assert_eq!(body(tools.get("report").unwrap(), &endless).unwrap()["top"], 100);
    // A ceiling below the default lowers it.
    let few = Limits::default().resolve_limit(3).max_rows(5);
    let tools = Tools::read(&json!({ "tools": [support::report()] }), "x", few).unwrap();
    let body = body(tools.get("report").unwrap(), &json!({ "period": whole()["period"] })).unwrap();
    assert_eq!((&body["limit"], &body["top"]), (&json!(3), &json!(5)));
}

#[test]
fn numbers_and_booleans_in_quotes() {
    for (quoted, number) in [("10", json!(10)), (" 10 ", json!(10)), ("10.0", json!(10)), ("1e1", json!(10))] {
        assert_eq!(mended("/top", json!(quoted)), number);
        assert_eq!(mended("/share", json!(quoted)), number);
    }
    assert_eq!(mended("/top", json!(10.0)), json!(10));
    assert_eq!(mended("/share", json!("-0.25")), json!(-0.25));
    for (quoted, value) in [("true", true), ("false", false), ("True", true), (" FALSE ", false)] {
        assert_eq!(mended("/filters", json!({ "archived": quoted })), json!({ "archived": value }));
    }
    assert_eq!(mended("/extra", json!("7")), json!(7));
    assert_eq!(mended("/extra", json!("true")), json!(true));
    for wrong in ["ten", "1 000", "10,5", "0x10", "10.5", "1_0", "+1", "", "NaN"] {
        if !wrong.is_empty() {
            unfit("/top", json!(wrong), "top", &["a whole number", wrong]);
        }
    }
    // Where a text is wanted, a text stays.
    for text in ["10", "true", "{}", "[1]", "null", ""] {
        assert_eq!(mended("/code", json!(text)), json!(text));
        assert_eq!(mended("/any", json!(text)), json!(text));
    }
}

#[test]
fn objects_and_arrays_as_text() {
    let period = json!({ "from": "2026-01-01", "to": "2026-03-31" });
    assert_eq!(mended("/period", json!(period.to_string())), period);
    assert_eq!(mended("/measures", json!("[\"qty\"]")), json!(["qty"]));
    assert_eq!(mended("/sort", json!(" [ {\"field\":\"qty\"} ] ")), json!([{ "field": "qty", "dir": "desc" }]));
    assert_eq!(mended("/sort", json!(["{\"field\":\"qty\"}"])), json!([{ "field": "qty", "dir": "desc" }]));
    // Text within text, and numbers within that.
    let filters = json!({ "customer_ids": "[\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"]", "archived": "true" });
    assert_eq!(
        mended("/filters", json!(filters.to_string())),
        json!({ "customer_ids": ["6f9619ff-8b86-d011-b42d-00c04fc964ff"], "archived": true })
    );
    // All of them.
    let text = json!(whole().to_string()).to_string();
    let call = tool("report").prepare(Some(text.as_bytes())).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&call.body).unwrap(), whole());
    unfit("/period", json!("{from: 2026}"), "period", &["an object", "{from: 2026}"]);
    unfit("/period", json!("[1]"), "period", &["an object"]);
    unfit(
        "/period",
        json!(r#"{"from":"2026-01-01","from":"2026-01-01","to":"2026-01-01"}"#),
        "period",
        &["from", "twice"],
    );
}

#[test]
fn one_value_where_several_are_wanted() {
    assert_eq!(mended("/measures", json!("qty")), json!(["qty"]));
    assert_eq!(mended("/sort", json!({ "field": "qty" })), json!([{ "field": "qty", "dir": "desc" }]));
    assert_eq!(mended("/sort", json!("{\"field\":\"qty\"}")), json!([{ "field": "qty", "dir": "desc" }]));
    unfit("/measures", json!("nothing"), "measures[0]", &["nothing", "amount, qty, cost, profit"]);
    unfit("/measures", json!(5), "measures[0]", &["5", "amount"]);
}

#[test]
fn empty_texts_and_nulls_for_what_is_absent() {
    let tool = tool("report");
    for nothing in [json!(""), json!("  "), json!(null)] {
        for name in ["filters", "sort", "share", "extra"] {
            assert!(mended(&format!("/{name}"), nothing.clone()).is_null(), "{name}");
        }
        assert_eq!(mended("/measures", nothing.clone()), json!(["amount", "qty"]));
        assert_eq!(mended("/top", nothing.clone()), json!(100));
        unfit("/period", nothing, "period", &["an object"]);
    }
    let period = json!({ "period": whole()["period"] });
    let top = json!({ "filters": { "cohort": "", "since": "", "article": "", "note": "", "customer_ids": "" } });
    let all = json!({ "period": period["period"], "filters": top["filters"] });
    // A text that may be empty stays.
    assert_eq!(body(&tool, &all).unwrap()["filters"], json!({ "archived": false, "note": "" }));
    assert!(mended("/code", json!(null)).is_null());
    for nothing in ["", "null", "\"\"", "\" \""] {
        let unfit = tool.prepare(Some(nothing.as_bytes()));
        assert!(unfit.is_err(), "{nothing}");
    }
    refused("null", "period", &["required"]);
    refused("\"\"", "period", &["required", "from, to"]);
    assert_eq!(tool.prepare(None).unwrap_err().field, "period");
}

/// Only what the schema refuses: an empty list may mean something to its tool.
#[test]
fn empty_lists_and_objects_for_what_is_absent() {
    for nothing in [json!([]), json!({}), json!("[]"), json!("{}")] {
        assert_eq!(mended("/group_by", nothing.clone()), json!(["warehouse"]), "{nothing}");
        assert!(mended("/share", nothing.clone()).is_null(), "{nothing}");
        if nothing.as_str().is_none() {
            assert!(mended("/number", nothing.clone()).is_null(), "{nothing}");
        }
        assert!(body(&tool("report"), &with("/period", nothing)).unwrap_err().field.starts_with("period"));
    }
    assert_eq!(mended("/measures", json!([])), json!([]));
    assert_eq!(mended("/filters", json!([])), Value::Null);
    assert_eq!(mended("/filters", json!({ "customer_ids": [], "cohort": [] }))["customer_ids"], json!([]));
    let tools = Tools::trade(Limits::default()).unwrap();
    for period in [json!({}), json!({ "from": "", "to": null }), json!({ "from": [], "to": {} })] {
        let body = body(tools.get("event_log").unwrap(), &json!({ "period": period })).unwrap();
        assert_eq!(body, json!({ "limit": 100 }), "{period}");
    }
    let half = body(tools.get("event_log").unwrap(), &json!({ "period": { "from": "", "to": "2026-01-01" } }));
    assert_eq!(half.unwrap_err().field, "period.from");
}

#[test]
fn unknown_arguments_are_named() {
    unfit("/mesures", json!([]), "mesures", &["no such argument", "did you mean measures?", "group_by", "period"]);
    unfit("/filters", json!({ "custmer_ids": [] }), "filters.custmer_ids", &["did you mean customer_ids?", "cohort"]);
    unfit("/period", json!({ "from": "2026-01-01", "to": "2026-01-02", "till": 1 }), "period.till", &["from, to"]);
    unfit("/sort", json!([{ "field": "qty" }, { "field": "qty", "order": "asc" }]), "sort[1].order", &["dir, field"]);
    // It is told before what is missing.
    refused(r#"{"perid":{"from":"2026-01-01","to":"2026-01-01"}}"#, "perid", &["did you mean period?"]);
    let two =
        refused(r#"{"aaaaaaaaaaaaaaaaaa":1,"bbbbbbbbbbbbbbbbbb":2}"#, "aaaaaaaaaaaaaaaaaa", &["bbbbbbbbbbbbbbbbbb"]);
    assert!(!two.message.contains("did you mean"), "{two}");
}

#[test]
fn what_is_missing_is_named() {
    refused("{}", "period", &["required and missing", "an object with from, to"]);
    refused(r#"{"period":{"from":"2026-01-01"}}"#, "period.to", &["required and missing"]);
    unfit("/sort", json!([{ "dir": "asc" }]), "sort[0].field", &["warehouse, customer"]);
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Security Considerations".
#[test]
fn values_are_refused_with_what_is_allowed() {
    unfit(
        "/measures",
        json!(["qty", "proft"]),
        "measures[1]",
        &["\"proft\"", "did you mean profit?", "amount, qty, cost"],
    );
    unfit("/period", json!({ "from": "01.01.2026", "to": "2026-01-01" }), "period.from", &["2026-03-31", "01.01.2026"]);
    unfit("/period", json!({ "from": "2026-02-30", "to": "2026-03-01" }), "period.from", &["a date"]);
    unfit("/filters", json!({ "customer_ids": ["42"] }), "filters.customer_ids[0]", &["a UUID as", "\"42\""]);
    unfit("/filters", json!({ "since": "2026-01-01" }), "filters.since", &["a date with time as 2026"]);
    unfit("/filters", json!({ "article": "x" }), "filters.article", &["^[0-9]+$"]);
    unfit("/number", json!(5), "number", &["a text in quotes"]);
    unfit("/extra", json!("x"), "extra", &["a whole number, or true or false"]);
    unfit("/share", json!([1, 2]), "share", &["a number", "an array"]);
}

/// What a language model sends when it has not read the schema well, and what it needs to mend that: where
/// an argument belongs, the form of a value, the tool that yields ids.
#[test]
fn the_catalog_s_own_words_help_to_mend_a_call() {
    let tools = Tools::trade(Limits::default()).unwrap();
    let period = json!({ "from": "2026-04-01", "to": "2026-06-30" });
    let cases = [
        ("sales_report", json!({ "period": "last quarter" }), &["period:", "an object with from, to"][..]),
        ("sales_report", json!({ "from": "2026-04-01", "to": "2026-06-30" }), &["did you mean period.from?", "no to"]),
        ("sales_report", json!({ "period": period, "customer_ids": [] }), &["did you mean filters.customer_ids?"]),
        ("sales_report", json!({ "period": { "from": "01.04.2026", "to": "" } }), &["First day, YYYY-MM-DD"]),
        ("sales_report", json!({ "period": { "from": "2026-04-01" } }), &["period.to: required", "Last day, included"]),
        (
            "sales_report",
            json!({ "period": period, "filters": { "customer_ids": ["Ромашка"] } }),
            &["customer_ids[0]: \"Ромашка\"", "resolve_customer"],
        ),
        ("sales_report", json!({ "period": period, "sort": "profit desc" }), &["an object with field, and maybe dir"]),
        ("customer_summary", json!({ "period": period }), &["customer_id: required", "resolve_customer"]),
        (
            "event_log",
            json!({ "period": { "from": "2026-07-01 00:00", "to": "2026-07-02" } }),
            &["YYYY-MM-DDThh:mm:ss", "(Z|[+-][0-9]{2}:[0-9]{2})?)?$ (\"Start"],
        ),
        ("object_history", json!({ "object_type": "Документ.Реализация" }), &["^(Document|Catalog)", "configuration"]),
    ];
    for (name, arguments, told) in cases {
        let unfit = tools.get(name).unwrap().prepare(Some(arguments.to_string().as_bytes())).unwrap_err();
        assert!(told.iter().all(|part| unfit.message.contains(part)), "{name} {arguments}: {unfit}");
    }
}

/// Every filter and argument that wants ids says which tool yields them.
#[test]
fn the_trade_catalog_says_where_ids_come_from() {
    let mut seen = 0;
    for tool in Tools::trade(Limits::default()).unwrap().iter() {
        let top = &tool.input_schema()["properties"];
        let filters = top["filters"]["properties"].as_object().into_iter().flatten();
        for (name, schema) in top.as_object().unwrap().iter().chain(filters) {
            if name.ends_with("_ids") || name.ends_with("_id") {
                seen += 1;
                let about = schema["description"].as_str().unwrap();
                let told = about.contains("resolve_") || about.contains("find_document") || about.contains("rows of");
                assert!(told, "{} {name}: {about}", tool.name());
            }
        }
    }
    assert_eq!(seen, 20);
}

#[test]
fn values_of_others_are_told_in_part() {
    let long = "y".repeat(10_000);
    let unfit = unfit("/measures", json!([long]), "measures[0]", &["yyy…"]);
    assert!(unfit.message.len() < 300, "{unfit}");
    let all = json!({ "period": whole()["period"], (long.as_str()): 1 });
    let unfit = tool("report").prepare(Some(all.to_string().as_bytes())).unwrap_err();
    assert!(unfit.message.len() < 600 && unfit.field.len() < 400, "{unfit}");
    let all = json!({ "period": whole()["period"], "a\nb\u{1b}[31m": 1 });
    let unfit = tool("report").prepare(Some(all.to_string().as_bytes())).unwrap_err();
    assert!(!unfit.message.chars().any(char::is_control), "{unfit}");
}

#[test]
fn long_lists_of_values_are_cut() {
    let mut report = support::report();
    let many = (0..1000).map(|number| format!("value_{number}")).collect::<Vec<_>>();
    report["input_schema"]["properties"]["code"]["enum"] = json!(many);
    let tools = Tools::read(&json!({ "tools": [report] }), "x", Limits::default()).unwrap();
    let unfit = body(tools.get("report").unwrap(), &with("/code", json!("value_5000"))).unwrap_err();
    assert!(unfit.message.contains("(1000 in all)") && unfit.message.len() < 1000, "{unfit}");
}

#[test]
fn what_is_no_json_or_ambiguous() {
    for text in ["{", "[1]", "5", "{\"a\":1}x", "\u{feff}{}"] {
        assert!(tool("report").prepare(Some(text.as_bytes())).is_err(), "{text}");
    }
    assert!(tool("report").prepare(Some(b"{\"any\":\"\xff\"}")).unwrap_err().message.contains("UTF-8"));
    refused(r#"{"any":{"x":[{"a":1,"\u0061":2}]}}"#, "any.x[0]", &["\"a\" stands there twice"]);
    refused(r#"{"any":1,"any":1}"#, "", &["\"any\" stands there twice"]);
    refused(r#"{"any":["\ud800"]}"#, "any[0]", &["surrogate"]);
    for number in ["1e400", "123456789012345678901234567890", "0.1234567890123456789"] {
        refused(&format!("{{\"any\":[{number}]}}"), "any[0]", &["too large or has too many digits"]);
        unfit("/share", json!(number), "share", &["digits"]);
    }
    let deep = format!("{{\"any\":{}{}}}", "[".repeat(100), "]".repeat(100));
    assert!(tool("report").prepare(Some(deep.as_bytes())).unwrap_err().message.contains("64 levels"));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(tool("report").prepare(Some(deep.as_bytes())).is_err());
}

#[test]
fn many_values_take_no_longer_than_they_must() {
    let many = vec!["x"; 90_000];
    unfit("/measures", json!(many), "measures[0]", &["amount, qty"]);
    let unfit = body(&tool("report"), &with("/any", json!(vec![0; 100_001]))).unwrap_err();
    assert!(unfit.message.contains("more than 100000 values"), "{unfit}");
    // Each of one list is looked for in the other.
    let sort = vec![json!({ "field": "qty", "dir": "asc" }); 15_000];
    let mut all = with("/sort", json!(sort));
    let mut measures = vec!["amount"; 40_000];
    measures.push("qty");
    all["measures"] = json!(measures);
    assert!(body(&tool("report"), &all).is_ok());
}

#[test]
fn schemas_that_lead_back_to_themselves_end() {
    let node = json!({ "type": "array", "items": { "$ref": "#/$defs/node" } });
    let schema =
        json!({ "type": "object", "properties": { "node": { "$ref": "#/$defs/node" } }, "$defs": { "node": node } });
    let file =
        json!({ "tools": [{ "name": "t", "description": "t", "scope": "s", "path": "t", "input_schema": schema }] });
    let tools = Tools::read(&file, "x", Limits::default()).unwrap();
    let tool = tools.get("t").unwrap();
    assert_eq!(body(tool, &json!({ "node": [[], [[]]] })).unwrap(), json!({ "node": [[], [[]]] }));
    // Wrapped again and again, but not for ever.
    let unfit = tool.prepare(Some(br#"{"node":5}"#)).unwrap_err();
    assert!(unfit.message.contains("64 levels") && unfit.message.len() < 600, "{unfit}");
    // Text in text in text.
    let mut text = json!([]).to_string();
    for _ in 0..12 {
        text = format!("{}{}{}", "[".repeat(30), json!(text), "]".repeat(30));
    }
    let unfit = tool.prepare(Some(format!("{{\"node\":{text}}}").as_bytes())).unwrap_err();
    assert!(unfit.message.contains("64 levels"), "{unfit}");
}

#[test]
fn what_is_sorted_by_must_be_chosen() {
    unfit(
        "/sort",
        json!([{ "field": "profit" }]),
        "sort[0].field",
        &["\"profit\"", "group_by, measures", "amount, qty, warehouse"],
    );
    let mut all = with("/sort", json!([{ "field": "amount" }, { "field": "day" }]));
    refused(&all.to_string(), "sort[1].field", &["\"day\""]);
    all["group_by"] = json!("day");
    assert!(body(&tool("report"), &all).is_ok());
}

/// Finding what was probably meant is not worth comparing everything that a call brings.
#[test]
fn hints_do_not_take_for_ever() {
    let mut open = support::report();
    open["input_schema"]["properties"]["group_by"] = json!({ "type": "array", "items": { "type": "string" } });
    open["input_schema"]["$defs"]["order"]["properties"]["field"] = json!({ "type": "string" });
    open["guarded"] = json!([]);
    let tools = Tools::read(&json!({ "tools": [open] }), "x", support::limits()).unwrap();
    let names: Vec<_> = (0..90_000).map(|at| format!("{at:>180}")).collect();
    let mut all = whole();
    all["group_by"] = json!(names);
    all["sort"] = json!([{ "field": "y".repeat(190) }]);
    let started = std::time::Instant::now();
    let unfit = body(tools.get("report").unwrap(), &all).unwrap_err();
    assert_eq!(unfit.field, "sort[0].field");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn exactly_one_of_these() {
    let find = tool("find");
    assert!(body(&find, &json!({ "number": "1" })).is_ok());
    assert!(body(&find, &json!({ "number": "1", "period": "" })).is_ok());
    let none = body(&find, &json!({})).unwrap_err();
    assert!(
        none.message.contains("exactly one of these is needed") && none.message.contains("number, period"),
        "{none}"
    );
    let both = body(&find, &json!({ "number": "1", "period": "2026-01-01" })).unwrap_err();
    assert!(both.message.contains("only one of number, period"), "{both}");
}

#[test]
fn periods_do_not_run_backwards() {
    unfit("/period", json!({ "from": "2026-04-01", "to": "2026-03-31" }), "period.from", &["comes after period.to"]);
    assert!(body(&tool("report"), &with("/period", json!({ "from": "2026-04-01", "to": "2026-04-01" }))).is_ok());
    // A day that ends a period is a whole one.
    let mut report = support::report();
    for end in ["from", "to"] {
        report["input_schema"]["properties"]["period"]["properties"][end] = json!({ "type": "string" });
    }
    let tools = Tools::read(&json!({ "tools": [report] }), "x", Limits::default()).unwrap();
    let ordered = |from: &str, to: &str| {
        body(tools.get("report").unwrap(), &with("/period", json!({ "from": from, "to": to }))).is_ok()
    };
    assert!(ordered("2026-01-31T10:00:00", "2026-01-31"));
    assert!(ordered("2026-01-31", "2026-01-31T10:00:00"));
    assert!(!ordered("2026-02-01T00:00:00", "2026-01-31"));
}

#[test]
fn the_zone_of_a_moment_is_no_part_of_its_time() {
    let tools = Tools::trade(Limits::default()).unwrap();
    let event_log = tools.get("event_log").unwrap();
    let taken = |from: &str, to: &str| {
        let period = json!({ "period": { "from": from, "to": to } });
        let sent = body(event_log, &period);
        assert!(sent.as_ref().is_ok_and(|sent| sent["period"] == period["period"]) || sent.is_err(), "{sent:?}");
        sent.map_err(|unfit| (unfit.field, unfit.message))
    };
    for (from, to) in [
        ("2026-09-30T10:00Z", "2026-09-30T10:00:30Z"),
        ("2026-09-30T10:00:30Z", "2026-09-30T10:00Z"),
        ("2026-09-30T10:00Z", "2026-09-30T10:00:00+00:00"),
        ("2026-09-30T10:00-00:00", "2026-09-30T10:00Z"),
        ("2026-09-30T10:00+03:00", "2026-09-30T10:00:30+03:00"),
        // Later by the clock, earlier in time; and such as only 1C can tell.
        ("2026-09-30T10:00+05:00", "2026-09-30T09:30+03:00"),
        ("2026-10-01T01:00+05:00", "2026-09-30"),
        ("2026-09-30T10:00", "2026-09-30T09:00Z"),
    ] {
        assert!(taken(from, to).is_ok(), "{from} {to}");
    }
    for (from, to) in [
        ("2026-09-30T10:01Z", "2026-09-30T10:00:59Z"),
        ("2026-09-30T10:00:01Z", "2026-09-30T10:00:00Z"),
        ("2026-09-30T10:00:01Z", "2026-09-30T10:00:00+00:00"),
        ("2026-09-30T10:01-03:00", "2026-09-30T10:00-03:00"),
        ("2026-09-30T10:01", "2026-09-30T10:00"),
        ("2026-10-01T10:00", "2026-09-30"),
    ] {
        let (field, message) = taken(from, to).unwrap_err();
        assert!(field == "period.from" && message.contains("comes after period.to"), "{from} {to}: {message}");
    }
    // Other texts have no zones.
    let mut report = support::report();
    for end in ["from", "to"] {
        report["input_schema"]["properties"]["period"]["properties"][end] = json!({ "type": "string" });
    }
    let tools = Tools::read(&json!({ "tools": [report] }), "x", Limits::default()).unwrap();
    for (from, to, fits) in [("ART-2", "ART-1", false), ("ART+1", "ART-2", true), ("2026T-2", "2026T-1", false)] {
        let sent = body(tools.get("report").unwrap(), &with("/period", json!({ "from": from, "to": to })));
        assert_eq!(sent.is_ok(), fits, "{from} {to}");
    }
}

#[test]
fn rows_and_candidates_are_counted() {
    let payload = |json: String| onec_mcp::rpc::Payload::parse(json).unwrap();
    let rows = |name: &str, count: usize| {
        payload(json!({ "columns": [[1], [2]], name: vec![json!([1, "a"]); count] }).to_string())
    };
    let report = tool("report");
    assert_eq!(report.excess(&rows("rows", 100)), None);
    assert_eq!(report.excess(&rows("rows", 101)), Some((101, 100)));
    assert_eq!(report.excess(&rows("columns2", 1000)), None);
    let find = tool("find");
    assert_eq!(find.excess(&rows("candidates", 20)), None);
    assert_eq!(find.excess(&rows("candidates", 21)), Some((21, 20)));
    assert_eq!(find.excess(&rows("rows", 101)), Some((101, 100)));
    assert_eq!(find.excess(&payload(r#"{"rows":5,"x":{"rows":[1]}}"#.to_owned())), None);
    assert_eq!(find.excess(&payload("{}".to_owned())), None);
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9\\-{}\\[\\]\": ]{0,12}".prop_map(Value::from),
        prop_oneof![Just("qty"), Just("[\"qty\"]"), Just("10"), Just("true"), Just(""), Just("2026-01-01")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            Just("period"),
            Just("from"),
            Just("to"),
            Just("filters"),
            Just("customer_ids"),
            Just("archived"),
            Just("sort"),
            Just("field"),
            Just("measures"),
            Just("top"),
            Just("x"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Arguments for `report`: some of the right ones, some anyhow.
fn arguments() -> impl Strategy<Value = Value> {
    let names = schema()["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let day = (1..=28_u8).prop_map(|day| format!("2026-01-{day:02}"));
    let right = (day.clone(), day, 1..300_u32, prop::sample::subsequence(vec!["amount", "qty", "cost"], 0..=3));
    let right = right.prop_map(
        |(from, to, top, measures)| json!({ "period": { "from": from, "to": to }, "top": top, "measures": measures }),
    );
    (right, prop::collection::vec((prop::sample::select(names), any_json()), 0..2)).prop_map(|(mut all, others)| {
        for (name, value) in others {
            all[name] = value;
        }
        all
    })
}

/// Numbers may be written otherwise and still be the same.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        // More may have been filled in.
        (Value::Object(one), Value::Object(other)) => {
            one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_fits_is_only_completed_and_lowered(arguments in arguments()) {
        let mut closed = schema();
        closed["additionalProperties"] = json!(false);
        let fits = jsonschema::options().should_validate_formats(true).build(&closed).unwrap().is_valid(&arguments);
        let ordered = arguments["period"]["from"].as_str() <= arguments["period"]["to"].as_str();
        match body(&tool("report"), &arguments) {
            Ok(body) if fits => {
                let mut before = arguments.clone();
                for (name, ceiling) in [("top", 100), ("limit", 20)] {
                    if before[name].as_f64().is_some_and(|asked| asked > f64::from(ceiling)) {
                        before[name] = json!(ceiling);
                    } else if before[name].is_null() {
                        before.as_object_mut().unwrap().remove(name);
                    }
                }
                prop_assert!(same(&before, &body), "{before} became {body}");
            }
            Ok(_) => {}
            Err(unfit) => prop_assert!(
                !fits || !ordered || unfit.field.starts_with("sort"),
                "{unfit}: {arguments}"
            ),
        }
    }

    #[test]
    fn what_was_prepared_stays_as_it_is(arguments in arguments()) {
        let tool = tool("report");
        if let Ok(first) = tool.prepare(Some(arguments.to_string().as_bytes())) {
            let again = tool.prepare(Some(&first.body)).unwrap();
            prop_assert_eq!(first.body, again.body);
        }
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9.eE\\\\ -]{0,80}", value in any_json()) {
        for tool in support::tools().iter() {
            let _ = tool.prepare(Some(&bytes));
            let _ = tool.prepare(Some(text.as_bytes()));
            if let Err(unfit) = tool.prepare(Some(value.to_string().as_bytes())) {
                prop_assert!(unfit.message.len() < 2000);
            }
        }
    }
}
