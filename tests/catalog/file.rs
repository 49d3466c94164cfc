//! A catalog file is read strictly: every error names the file, the tool and the field, and says what
//! would be right.

use crate::support::catalog::{find, report};
use onec_mcp::Scopes;
use onec_mcp::catalog::{CatalogError, Limits, Tools};
use serde_json::{Value, json};

fn read(file: &Value) -> Result<Tools, CatalogError> {
    Tools::read(file, "my.yaml", Limits::default())
}

fn error(file: &Value) -> CatalogError {
    read(file).unwrap_err()
}

/// The error where `report` is changed.
#[track_caller]
fn broken(pointer: &str, value: Value) -> CatalogError {
    let mut tool = report();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    tool.pointer_mut(parent).unwrap()[key] = value;
    let error = error(&json!({ "tools": [tool] }));
    assert_eq!(error.origin, "my.yaml", "{error}");
    let shown = error.to_string();
    assert!(shown.starts_with("my.yaml: ") && !shown.contains('\n'), "{shown}");
    error
}

/// The same, which must name the tool, this field, and say this.
#[track_caller]
fn broken_at(pointer: &str, value: Value, field: &str, says: &str) {
    let error = broken(pointer, value);
    assert_eq!(error.tool.as_deref(), Some("report"), "{error}");
    assert_eq!(error.field.as_deref(), Some(field), "{error}");
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn the_built_in_catalog_is_read() {
    let tools = Tools::trade(Limits::default()).unwrap();
    let read = read(&json!({ "extends": "trade" })).unwrap();
    assert_eq!(read.iter().count(), tools.iter().count());
    assert!(Tools::trade(Limits::default().max_rows(0)).unwrap_err().message.contains("max_rows"));
}

/// All that is wrong, in the order of the file.
#[test]
fn every_mistake_of_a_file_is_told() {
    let mut wrong = report();
    wrong["titel"] = json!("Report");
    wrong["clamp"] = json!({ "tpo": "max_rows" });
    let mut other = report();
    other["name"] = json!("other");
    other["path"] = json!("/x");
    other["clamp"] = json!({ "tpo": "max_rows", "limt": 5 });
    other["order"] = json!([["from", "to"]]);
    other["input_schema"]["required"] = json!(["period", "perid"]);
    let error = error(&json!({ "tools": [wrong, other, { "title": "nameless" }, report()] }));
    let told = error.to_string();
    let lines = told.lines().collect::<Vec<_>>();
    let expected = [
        "my.yaml: tool \"report\": titel: unknown key (did you mean title?)",
        "my.yaml: tool \"report\": clamp.tpo: there is no argument tpo",
        "my.yaml: tool \"other\": path: must be a path",
        "my.yaml: tool \"other\": input_schema: requires perid at the top, and properties has no such name (did you mean period?)",
        "my.yaml: tools[2].name: is missing",
        "my.yaml: tool \"report\": name: is the name of tools[0] already",
    ];
    assert_eq!(lines.len(), expected.len(), "{told}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{start}\n{told}");
    }
    assert_eq!(error.others.len(), 5);
    assert!(error.others.iter().all(|other| other.origin == "my.yaml" && other.others.is_empty()));
    let mut other = report();
    other["clamp"] = json!({ "tpo": "max_rows", "limt": 5 });
    other["order"] = json!([["from", "to"], ["period.from"]]);
    other["guarded"] = json!([{ "field": "measures", "values": ["costs"], "scope": "x" }, { "field": "top" }]);
    let fields = |error: CatalogError| {
        [&error].into_iter().chain(&error.others).map(|error| error.field.clone().unwrap()).collect::<Vec<_>>()
    };
    let error = self::error(&json!({ "tools": [other] }));
    let expected = ["clamp.limt", "clamp.tpo", "guarded[0].values", "guarded[1].field", "order[0]", "order[1]"];
    assert_eq!(fields(error), expected);
    // A thousand times the same is one mistake.
    let many = (0..1000).map(|at| json!({ "name": at.to_string() })).collect::<Vec<_>>();
    let told = self::error(&json!({ "tools": many })).to_string();
    assert!(told.lines().count() == 102 && told.ends_with("\nmy.yaml: and 3899 more"), "{told}");
}

/// A misspelt name there makes a tool that nobody can call.
#[test]
fn what_is_required_must_be_there() {
    let says = "requires perod at ";
    broken_at(
        "/input_schema/required",
        json!(["perod"]),
        "input_schema",
        &format!("{says}the top, and properties has no such name (did you mean period?)"),
    );
    let period = json!({ "type": "object", "properties": { "from": { "type": "string" } }, "required": ["perod"] });
    broken_at("/input_schema/properties/period", period.clone(), "input_schema", &format!("{says}/properties/period,"));
    broken_at("/input_schema/$defs/order", period.clone(), "input_schema", &format!("{says}/$defs/order,"));
    let items = json!({ "type": "array", "items": { "type": "object", "required": ["perod"] } });
    broken_at("/input_schema/properties/any", items, "input_schema", &format!("{says}/properties/any/items,"));
    broken_at("/output_schema/required", json!(["perod"]), "output_schema", says);
    let either = json!({ "type": "object", "properties": { "a": {}, "b": {} }, "anyOf": [{ "required": ["a"] }, { "required": ["perod"] }] });
    broken_at(
        "/input_schema/properties/any",
        either.clone(),
        "input_schema",
        &format!("{says}/properties/any/anyOf/1,"),
    );
    // These say it elsewhere.
    for fine in [
        json!({ "type": "object", "properties": { "a": {}, "b": {} }, "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] }),
        json!({ "type": "object", "required": ["a"], "patternProperties": { "^a": {} } }),
        json!({ "type": "object", "required": ["field"], "allOf": [{ "$ref": "#/$defs/order" }] }),
        json!({ "const": { "required": ["a"] } }),
    ] {
        let mut tool = report();
        tool["input_schema"]["properties"]["any"] = fine.clone();
        assert!(read(&json!({ "tools": [tool] })).is_ok(), "{fine}");
    }
}

#[test]
fn a_bad_pattern_says_why() {
    for (pattern, why) in [
        ("(abc", "unclosed group (character 1)"),
        ("яя[", "unclosed character class (character 3)"),
        ("^(?!x)", "look-around, including look-ahead and look-behind, is not supported (character 2)"),
        (r"(a)\1", "backreferences are not supported (character 4)"),
        ("a{2,1}", "invalid repetition count range, the start must be <= the end (character 2)"),
        (r"\p{Кириллица}", "Unicode property not found"),
    ] {
        let schema = json!({ "type": "string", "pattern": pattern });
        broken_at("/input_schema/properties/code", schema, "input_schema", why);
    }
    assert!(
        broken("/input_schema/properties/code", json!({ "pattern": "(" }))
            .message
            .contains("at /properties/code/pattern, \"(\" is not a \"regex\"")
    );
}

#[test]
fn keywords_and_formats_that_nobody_knows_are_noted() {
    let noted = |pointer: &str, value: Value| {
        let mut tool = report();
        *tool.pointer_mut(pointer).unwrap() = value;
        read(&json!({ "tools": [tool] })).unwrap().notes().to_vec()
    };
    let code = "/input_schema/properties/code";
    let place = "my.yaml: tool \"report\": input_schema: at /properties/code,";
    for (schema, note) in [
        (
            json!({ "minlength": 3 }),
            "minlength is no keyword of JSON Schema and does nothing; the nearest is minLength",
        ),
        (json!({ "nullable": true }), "nullable is no keyword of JSON Schema and does nothing"),
        (json!({ "format": "Date" }), "the format Date is not known and checks nothing; the nearest is date"),
        (json!({ "format": "int64" }), "the format int64 is not known and checks nothing"),
    ] {
        assert_eq!(noted(code, schema), [format!("{place} {note}")]);
    }
    for fine in [
        json!(true),
        json!({ "x-note": 1, "$comment": "", "examples": [{ "formt": 1 }], "default": "x", "deprecated": true }),
        json!({ "type": "object", "properties": { "formt": { "type": "string", "format": "date-time" } } }),
        json!({ "enum": [{ "formt": 1 }], "const": { "formt": 1 } }),
    ] {
        assert_eq!(noted(code, fine.clone()), [""; 0], "{fine}");
    }
    let output = noted("/output_schema/properties/rows", json!({ "type": "array", "itmes": {} }));
    assert!(
        output.len() == 1 && output[0].contains("output_schema: at /properties/rows, itmes is no keyword"),
        "{output:?}"
    );
    // The formats that are said to be known are checked.
    for (format, bad) in [
        ("date", "x"),
        ("time", "x"),
        ("duration", "x"),
        ("email", "x"),
        ("hostname", "-"),
        ("ipv4", "x"),
        ("ipv6", "x"),
        ("uri", "x"),
        ("uri-reference", "\\\\"),
        ("iri", "x"),
        ("uuid", "x"),
        ("uri-template", "{"),
        ("json-pointer", "x"),
        ("relative-json-pointer", "x"),
        ("regex", "("),
        ("date-time", "x"),
        ("iri-reference", "\\\\"),
    ] {
        let mut tool = report();
        tool["input_schema"]["properties"]["code"] = json!({ "type": "string", "format": format });
        let tools = read(&json!({ "tools": [tool] })).unwrap();
        assert_eq!(tools.notes(), [""; 0], "{format}");
        let arguments = json!({ "period": { "from": "2026-01-01", "to": "2026-01-02" }, "code": bad });
        assert!(tools.get("report").unwrap().prepare(Some(arguments.to_string().as_bytes())).is_err(), "{format}");
    }
    assert_eq!(Tools::trade(Limits::default()).unwrap().notes(), [""; 0]);
}

#[test]
fn what_clients_get_untouched_and_how_long_an_answer_may_be() {
    let mut tool = report();
    tool["_meta"] = json!({ "anthropic/maxResultSizeChars": 100_000, "own": { "b": [1, null] } });
    tool["max_chars"] = json!(200);
    let tools = read(&json!({ "tools": [tool] })).unwrap();
    assert_eq!(tools.get("report").unwrap().meta(), Some(&tool["_meta"]));
    for wrong in [json!(5), json!("x"), json!([]), json!(null)] {
        broken_at("/_meta", wrong, "_meta", "must be an object");
    }
    for wrong in [json!(199), json!(0), json!(-1), json!("1000"), json!(1000.5), json!(null)] {
        broken_at("/max_chars", wrong, "max_chars", "a whole number of characters, 200 at least");
    }
}

/// The author of a file cannot know the numbers of whoever runs it.
#[test]
fn descriptions_tell_the_numbers_of_a_ceiling() {
    let mut tool = report();
    tool["input_schema"]["properties"]["top"]["description"] = json!("{default} rows, {ceiling} at most, {other}");
    tool["input_schema"]["properties"]["code"]["description"] = json!("{default}");
    let tools = read(&json!({ "tools": [tool] })).unwrap();
    let tool = tools.get("report").unwrap();
    let members = &tool.input_schema()["properties"];
    let told = "200 rows, 5000 at most, {other}";
    assert_eq!((&members["top"]["description"], &members["code"]["description"]), (&json!(told), &json!("{default}")));
    let wrong = json!({ "period": { "from": "2026-01-01", "to": "2026-01-02" }, "top": "many" });
    let unfit = tool.prepare(Some(wrong.to_string().as_bytes())).unwrap_err();
    assert!(unfit.message.contains(told), "{unfit}");
}

#[test]
fn at_least_one_of_several() {
    let mut tool = find();
    tool.as_object_mut().unwrap().remove("one_of");
    tool["any_of"] = json!([["number", "period"]]);
    let tools = read(&json!({ "tools": [tool] })).unwrap();
    let prepare = |arguments: Value| tools.get("find").unwrap().prepare(Some(arguments.to_string().as_bytes()));
    for arguments in
        [json!({ "number": "1" }), json!({ "period": "2026-01-01" }), json!({ "number": "1", "period": "2026-01-01" })]
    {
        assert!(prepare(arguments).is_ok());
    }
    assert!(
        prepare(json!({}))
            .unwrap_err()
            .message
            .contains("at least one of these is needed, and none is given: number, period")
    );
    for (wrong, says) in [(json!([["number"]]), "at least two"), (json!([["number", "x"]]), "no argument x")] {
        tool_with_any_of(wrong, says);
    }
}

#[track_caller]
fn tool_with_any_of(rules: Value, says: &str) {
    let mut tool = find();
    tool["any_of"] = rules;
    let error = error(&json!({ "tools": [tool] }));
    assert!(error.field.as_deref() == Some("any_of[0]") && error.message.contains(says), "{error}");
}

fn names(tools: &Tools) -> Vec<&str> {
    tools.iter().map(|tool| tool.name()).collect()
}

#[test]
fn a_file_that_extends_another_replaces_drops_and_adds() {
    let trade = Tools::trade(Limits::default()).unwrap();
    let inherited = names(&trade);
    let mut flow = report();
    flow["name"] = json!("cash_balance");
    flow["rest"] = json!("/reports/cash_balance");
    let file = json!({ "extends": "trade", "tools": [find(), flow, { "name": "cash_flow", "drop": true }, report()] });
    let tools = read(&file).unwrap();
    let mut expected = inherited.clone();
    expected.retain(|name| *name != "cash_flow");
    expected.extend(["find", "report"]);
    assert_eq!(names(&tools), expected);
    assert_eq!(tools.get("cash_balance").unwrap().description(), "Any figures.");
    assert!(tools.get("cash_flow").is_none());
    for (tool, field, says) in [
        (json!({ "name": "cash_flw", "drop": true }), "drop", "did you mean cash_flow?"),
        (json!({ "name": "cash_flow", "drop": true, "slow": true }), "drop", "nothing but name"),
        (json!({ "name": "cash_flow", "drop": "yes" }), "drop", "true or false"),
    ] {
        let error = error(&json!({ "extends": "trade", "tools": [tool] }));
        assert_eq!((error.field.as_deref(), error.origin.as_str()), (Some(field), "my.yaml"));
        assert!(error.message.contains(says), "{error}");
    }
    // Its endpoint is taken by an inherited tool.
    let mut other = report();
    other["rest"] = json!("/reports/stock");
    let error = error(&json!({ "extends": "trade", "tools": [other] }));
    assert_eq!((error.tool.as_deref(), error.field.as_deref()), (Some("report"), Some("rest")));
}

#[test]
fn a_whole_file_is_read() {
    let tools = read(&json!({ "tools": [report(), find()] })).unwrap();
    assert_eq!(names(&tools), ["report", "find"]);
    let tool = tools.get("report").unwrap();
    assert_eq!((tool.title(), tool.description()), ("Report", "Any figures."));
    assert_eq!(
        (tool.scope(), tool.path(), tool.rest()),
        ("mcp:report:sales", Some("reports/any"), Some("/reports/any"))
    );
    assert_eq!(tool.annotations(), Some(&json!({ "readOnlyHint": true })));
    assert!(tool.output_schema().is_some());
    assert_eq!(tools.get("find").unwrap().title(), "find");
    assert!(tools.get("other").is_none());
    assert_eq!(tools.scopes(), Scopes::parse("mcp:resolve mcp:report:sales mcp:report:cost"));
}

#[test]
fn the_schema_tells_the_truth_about_ceilings_and_unknown_arguments() {
    let tools = read(&json!({ "tools": [report()] })).unwrap();
    let schema = tools.get("report").unwrap().input_schema();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["top"]["default"], 200);
    assert_eq!(schema["properties"]["limit"]["default"], 10);
    let few = Limits::default().resolve_limit(3).max_rows(7);
    let tools = Tools::read(&json!({ "tools": [report()] }), "x", few).unwrap();
    let schema = tools.get("report").unwrap().input_schema();
    assert_eq!(
        (&schema["properties"]["top"]["default"], &schema["properties"]["limit"]["default"]),
        (&json!(7), &json!(3))
    );
    // Who allows more says so.
    let mut open = find();
    open["input_schema"]["additionalProperties"] = json!(true);
    let tools = read(&json!({ "tools": [open] })).unwrap();
    assert_eq!(tools.get("find").unwrap().input_schema()["additionalProperties"], true);
}

#[test]
fn the_file_itself() {
    for (file, field, says) in [
        (json!([]), None, "must be an object"),
        (json!({}), Some("tools"), "missing"),
        (json!({ "tools": {} }), Some("tools"), "must be an array"),
        (json!({ "tols": [] }), Some("tols"), "did you mean tools?"),
        (json!({ "extends": "trade2", "tools": [] }), Some("extends"), "only trade"),
        (json!({ "extends": 1, "tools": [] }), Some("extends"), "must be a text"),
        (json!({ "tools": [1] }), Some("tools[0]"), "must be an object"),
        (json!({ "tools": [{}] }), Some("tools[0].name"), "missing"),
        (json!({ "tools": [{ "name": 5 }] }), Some("tools[0].name"), "must be a text"),
        (json!({ "tools": [{ "name": " " }] }), Some("tools[0].name"), "1 to 256"),
        (json!({ "tools": [{ "name": "a\u{7}" }] }), Some("tools[0].name"), "control character"),
        (json!({ "tools": [{ "name": "я".repeat(257) }] }), Some("tools[0].name"), "1 to 256"),
    ] {
        let error = error(&file);
        assert_eq!(error.field.as_deref(), field, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    let many = vec![find(); 1001];
    assert!(error(&json!({ "tools": many })).message.contains("at most 1000"));
    let mut named = find();
    named["name"] = json!("я".repeat(256));
    assert!(read(&json!({ "tools": [named] })).is_ok());
}

#[test]
fn names_and_endpoints_are_unique() {
    let twice = error(&json!({ "tools": [find(), report(), find()] }));
    assert_eq!((twice.tool.as_deref(), twice.field.as_deref()), (Some("find"), Some("name")));
    assert!(twice.message.contains("tools[0]"), "{twice}");
    let mut other = find();
    other["rest"] = json!("/reports/any");
    let twice = error(&json!({ "tools": [report(), other] }));
    assert_eq!((twice.tool.as_deref(), twice.field.as_deref()), (Some("find"), Some("rest")));
    // Two tools may be one place in 1C.
    let mut other = find();
    other["path"] = json!("reports/any");
    assert!(read(&json!({ "tools": [report(), other] })).is_ok());
}

#[test]
fn unknown_keys_name_the_nearest() {
    broken_at("/inputschema", json!({}), "inputschema", "did you mean input_schema?");
    broken_at("/guarded/0/value", json!([]), "guarded[0].value", "did you mean values?");
    broken_at("/annotations/readonlyHint", json!(true), "annotations.readonlyHint", "did you mean readOnlyHint?");
}

#[test]
fn what_a_tool_must_say() {
    for key in ["description", "scope", "path", "input_schema"] {
        let mut tool = report();
        tool.as_object_mut().unwrap().remove(key);
        let error = error(&json!({ "tools": [tool] }));
        assert_eq!((error.tool.as_deref(), error.field.as_deref()), (Some("report"), Some(key)));
        assert!(error.message.contains("missing"), "{error}");
    }
    broken_at("/description", json!(" "), "description", "empty");
    broken_at("/title", json!(1), "title", "text");
    broken_at("/slow", json!("yes"), "slow", "true or false");
    broken_at("/drop", json!(true), "drop", "beside nothing but name");
    broken_at("/annotations/readOnlyHint", json!("yes"), "annotations.readOnlyHint", "true or false");
    broken_at("/annotations/title", json!(1), "annotations.title", "text");
    broken_at("/annotations", json!([]), "annotations", "object");
    for wrong in [json!(-1), json!(86401), json!("60"), json!(1.5)] {
        broken_at("/cache_seconds", wrong, "cache_seconds", "0 to 86400");
    }
    for wrong in ["two scopes", "a\"b", "мир"] {
        broken_at("/scope", json!(wrong), "scope", "must be one scope");
        broken_at("/guarded/0/scope", json!(wrong), "guarded[0].scope", "must be one scope");
    }
}

#[test]
fn paths_stay_below_their_roots() {
    for wrong in ["/reports", "reports/", "a//b", "../x", "a/../b", "a/./b", "a?b", "a#b", "http://x/y", "a%2fb", "a b"]
    {
        broken_at("/path", json!(wrong), "path", "below the service root");
    }
    for wrong in ["reports", "/", "/a/", "/a/..", "//x", "/a?b", "/отчёты", "/a b"] {
        broken_at("/rest", json!(wrong), "rest", "a path of this server");
    }
    let mut tool = report();
    tool["path"] = json!("отчёты/продажи_1.2");
    assert!(read(&json!({ "tools": [tool] })).is_ok());
}

#[test]
fn ceilings_are_of_integers() {
    let integer = "type integer";
    broken_at("/clamp/topp", json!(1), "clamp.topp", "did you mean top?");
    broken_at("/clamp/share", json!(1), "clamp.share", integer);
    broken_at("/clamp/code", json!(1), "clamp.code", integer);
    broken_at("/clamp/any", json!(1), "clamp.any", integer);
    for wrong in [json!(0), json!(-1), json!("max"), json!(1.5), json!(null)] {
        broken_at("/clamp/top", wrong, "clamp.top", "greater than 0");
    }
    broken_at("/clamp", json!([]), "clamp", "object");
    broken_at("/input_schema/properties/top/minimum", json!(6000), "clamp.top", "less than the minimum");
    let error = Tools::read(&json!({ "tools": [] }), "x", Limits::default().resolve_limit(0).max_rows(1)).unwrap_err();
    assert!(error.message.contains("resolve_limit"), "{error}");
    // No more than the schema allows.
    let mut tool = report();
    tool["input_schema"]["properties"]["top"]["maximum"] = json!(50);
    let tools = read(&json!({ "tools": [tool] })).unwrap();
    assert_eq!(tools.get("report").unwrap().input_schema()["properties"]["top"]["default"], 50);
}

#[test]
fn rules_speak_of_arguments_that_are_there() {
    broken_at("/guarded/0/field", json!("measure"), "guarded[0].field", "did you mean measures?");
    broken_at("/guarded/0/field", json!("code"), "guarded[0].field", "enum");
    broken_at("/guarded/0/values", json!(["costs"]), "guarded[0].values", "did you mean cost?");
    broken_at("/guarded/0/values", json!([]), "guarded[0].values", "array of texts");
    broken_at("/guarded/0/values", json!(["amount", "qty", "cost", "profit"]), "guarded[0].values", "nothing");
    broken_at("/guarded", json!({}), "guarded", "array");
    broken_at("/guarded/1/scope", json!("mcp:a,mcp:b"), "guarded[1].scope", "commas");
    // Who names nothing must not be refused for it.
    let cost = json!(["amount", "cost"]);
    broken_at("/input_schema/properties/measures/default", cost, "guarded[0].values", "default");
    broken_at("/within/sort.dirr", json!(["measures"]), "within.sort.dirr", "no argument sort.dirr");
    broken_at("/within/sort.field", json!(["measure"]), "within.sort.field", "did you mean measures?");
    broken_at("/one_of", json!([["number", "cod"]]), "one_of[0]", "did you mean code?");
    broken_at("/one_of", json!([["number"]]), "one_of[0]", "at least two");
    broken_at("/one_of", json!([["number", "period"]]), "one_of[0]", "neither required");
    broken_at("/one_of", json!([["number", "limit"]]), "one_of[0]", "nor with a default");
    broken_at("/order", json!([["period.from"]]), "order[0]", "two arguments");
    broken_at("/order", json!([["period.from", "period.too"]]), "order[0]", "no argument period.too");
    broken_at("/order", json!([["top", "limit"]]), "order[0]", "type string");
    broken_at("/order", json!([["sort.field", "sort.dir"]]), "order[0]", "not within an array");
}

#[test]
fn input_schemas() {
    let at = "input_schema";
    broken_at("/input_schema", json!({}), at, "\"type\": \"object\"");
    broken_at("/input_schema", json!("x"), at, "\"type\": \"object\"");
    broken_at("/input_schema/type", json!("array"), at, "\"type\": \"object\"");
    for key in ["oneOf", "anyOf", "allOf", "not", "enum", "if", "$ref"] {
        let value = if matches!(key, "not" | "if") { json!({}) } else { json!([{}]) };
        let value = if key == "$ref" { json!("#/$defs/order") } else { value };
        broken_at(&format!("/input_schema/{key}"), value, at, &format!("has {key} at the top"));
    }
    broken_at("/input_schema/properties/code/type", json!("text"), at, "/properties/code/type");
    broken_at("/input_schema/properties/code/minLength", json!(-1), at, "no JSON Schema");
    broken_at(
        "/input_schema/properties/code/$ref",
        json!("https://example.com/x"),
        at,
        "must lead to a place in the same",
    );
    broken_at("/input_schema/properties/code/$ref", json!("#x"), at, "must lead to a place in the same");
    broken_at("/input_schema/properties/code/$ref", json!("#/$defs/none"), at, "which is not there");
    broken_at("/input_schema/$defs/order", json!({ "$ref": "#/$defs/order" }), at, "deeper than");
    broken_at("/input_schema/$schema", json!("http://json-schema.org/draft-07/schema#"), at, "dialect");
    for key in ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor"] {
        broken_at(&format!("/input_schema/properties/code/{key}"), json!("x"), at, &format!("keyword {key}"));
    }
    // An argument may be called anything.
    let mut tool = report();
    tool["input_schema"]["properties"]["$ref"] = json!({ "type": "string", "enum": ["$id"] });
    tool["input_schema"]["properties"]["any"] = json!({ "default": { "$ref": "https://example.com" } });
    tool["input_schema"]["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    read(&json!({ "tools": [tool] })).unwrap();
}

/// Thirty definitions that refer to each other twice are a billion.
#[test]
fn schemas_do_not_unfold_for_ever() {
    for key in ["allOf", "anyOf"] {
        let mut tool = report();
        for at in 0..30 {
            let next = json!({ "$ref": format!("#/$defs/{}", at + 1) });
            tool["input_schema"]["$defs"][at.to_string()] = json!({ key: [next, next] });
        }
        tool["input_schema"]["$defs"]["30"] = json!({ "type": "string" });
        tool["input_schema"]["properties"]["code"] = json!({ "$ref": "#/$defs/0" });
        let error = error(&json!({ "tools": [tool] }));
        assert_eq!(error.field.as_deref(), Some("input_schema"), "{error}");
        assert!(error.message.contains("unfolds"), "{error}");
    }
}

#[test]
fn unknown_arguments_are_refused_within_objects_too() {
    let filters = json!({ "type": "object", "properties": { "customer_ids": { "type": "array" } } });
    let read = |filters: &Value| {
        let mut tool = report();
        tool["input_schema"]["properties"]["filters"] = filters.clone();
        read(&json!({ "tools": [tool] })).unwrap().get("report").unwrap().clone()
    };
    let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    let typo = json!({ "period": period, "filters": { "customer_id": ["x"] } }).to_string();
    let unfit = read(&filters).prepare(Some(typo.as_bytes())).unwrap_err();
    assert!(unfit.field == "filters.customer_id" && unfit.message.contains("did you mean customer_ids?"), "{unfit}");
    let array = json!({ "type": "array", "items": filters });
    assert!(read(&array).prepare(Some(typo.as_bytes())).is_err());
    // A schema that says something of them is taken at its word.
    for key in ["additionalProperties", "allOf", "patternProperties"] {
        let mut open = filters.clone();
        open[key] = match key {
            "additionalProperties" => json!(true),
            "allOf" => json!([{ "properties": { "customer_id": {} } }]),
            _ => json!({ "^customer": {} }),
        };
        assert!(read(&open).prepare(Some(typo.as_bytes())).is_ok(), "{key}");
    }
}

#[test]
fn patterns_run_in_linear_time() {
    for pattern in ["(?=x)", "(?<!x)y", "(a)\\1", "(", "a{1,1000}{1,1000}{1,1000}"] {
        broken_at("/input_schema/properties/code/pattern", json!(pattern), "input_schema", "no JSON Schema");
    }
    let mut tool = find();
    tool["input_schema"]["properties"]["number"]["pattern"] = json!("^(a+)+$");
    let tools = read(&json!({ "tools": [tool] })).unwrap();
    let arguments = json!({ "number": format!("{}b", "a".repeat(100_000)) }).to_string();
    let unfit = tools.get("find").unwrap().prepare(Some(arguments.as_bytes())).unwrap_err();
    assert!(unfit.message.contains("^(a+)+$") && unfit.message.len() < 400, "{unfit}");
}

#[test]
fn defaults_fit_their_schema() {
    let why = "does not fit";
    broken_at("/input_schema/properties/top/default", json!("ten"), "input_schema.top", why);
    broken_at("/input_schema/properties/top/default", json!("10"), "input_schema.top", why);
    broken_at("/input_schema/properties/measures/default", json!(["nothing"]), "input_schema.measures", why);
    let nested = "/input_schema/properties/filters/properties/archived/default";
    broken_at(nested, json!("no"), "input_schema.filters.archived", why);
    broken_at("/input_schema/$defs/order/properties/dir/default", json!("up"), "input_schema.sort[0].dir", why);
    // Without end.
    let endless = json!({ "type": "object", "default": {}, "properties": { "next": { "$ref": "#/$defs/order" } } });
    broken_at("/input_schema/$defs/order", endless, "input_schema.sort[0]", "deeper");
}

#[test]
fn output_schemas() {
    broken_at("/output_schema", json!({}), "output_schema", "\"type\": \"object\"");
    broken_at("/output_schema/properties", json!([]), "output_schema", "no JSON Schema");
    broken_at("/output_schema/properties/rows/$ref", json!("x.json"), "output_schema", "same schema");
    broken_at("/output_schema/properties/rows/$ref", json!("#/$defs/x"), "output_schema", "not there");
}

#[test]
fn sizes_are_bounded() {
    let error = broken("/description", json!("x".repeat(300_000)));
    assert_eq!((error.tool.as_deref(), error.field.as_deref()), (Some("report"), None));
    assert!(error.message.contains("at most 256 KiB"), "{error}");
}

#[test]
fn deep_files_are_refused() {
    let mut deep = json!(1);
    for _ in 0..1000 {
        deep = json!([deep]);
    }
    let mut tool = report();
    tool["input_schema"]["properties"]["any"]["default"] = deep;
    let error = error(&json!({ "tools": [tool] }));
    assert!(error.message.contains("64 levels"), "{error}");
}

#[test]
fn dropping_needs_something_to_drop() {
    let error = error(&json!({ "tools": [{ "name": "report", "drop": true }] }));
    assert_eq!((error.tool.as_deref(), error.field.as_deref()), (Some("report"), Some("drop")));
    let kept = json!({ "tools": [{ "name": "report", "drop": false }] });
    assert!(read(&kept).unwrap_err().message.contains("missing"));
}
