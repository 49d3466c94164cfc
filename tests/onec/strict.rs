//! Whatever 1C sends, what goes out is what MCP defines: strict clients and model APIs take all of it.

use crate::fixtures::strict;
use crate::support::lines;
use bytes::Bytes;
use onec_mcp::Gateway;
use onec_mcp::alias::AliasLayer;
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::fuzzing::onec::{AnswerError, decode};
use onec_mcp::onec::{Infobase, OneCService};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Response, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tower::{Service, ServiceExt, service_fn};

const LEGACY: Version = Version::V2025_11_25;
const MODERN: Version = Version::V2026_07_28;
const ASKED: &str = r#"{"name":"a","uri":"onec://asked"}"#;

fn request(version: Version, method: &str) -> Request {
    Request::new(Method::from_name(method), Params::parse(&Bytes::from_static(ASKED.as_bytes())).unwrap(), version)
}

fn answer(version: Version, method: &str, result: &str) -> Result<Value, AnswerError> {
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{result}}}");
    let payload = decode(body.into(), &request(version, method))?.unwrap();
    Ok(serde_json::from_slice(payload.json()).unwrap())
}

/// Before and after, for a client of each era; what comes out is what the schemas define.
#[track_caller]
fn mended(method: &str, before: &str, after: &Value) {
    for version in [LEGACY, MODERN] {
        let got = answer(version, method, before).unwrap();
        assert_eq!(got, *after, "{version} {method} {before}");
        strict::check(version, method, got);
    }
}

/// The same for one item of what the method lists.
#[track_caller]
fn item(method: &str, before: &str, after: &Value) {
    let key = strict::subject(method);
    mended(method, &format!("{{\"{key}\":[{before}]}}"), &json!({ key: [after] }));
}

#[track_caller]
fn input(before: &str, after: &Value) {
    let tool = |schema: &str| format!(r#"{{"name":"a","inputSchema":{schema}}}"#);
    item("tools/list", &tool(before), &json!({ "name": "a", "inputSchema": after }));
    // What is right stays so.
    item("tools/list", &tool(&after.to_string()), &json!({ "name": "a", "inputSchema": after }));
}

/// The schema of one property.
#[track_caller]
fn property(before: &str, after: &Value) {
    let whole = |property: &str| format!(r#"{{"type":"object","properties":{{"x":{property}}}}}"#);
    input(&whole(before), &json!({ "type": "object", "properties": { "x": after } }));
}

#[test]
fn null_in_members_of_lists() {
    item(
        "tools/list",
        r#"{"name":"a","title":null,"description":null,"inputSchema":{"type":"object","properties":null,"required":null},
            "outputSchema":null,"annotations":null,"execution":null,"icons":null,"_meta":null,"x":null}"#,
        &json!({ "name": "a", "inputSchema": { "type": "object" }, "x": null }),
    );
    item(
        "tools/list",
        r#"{"name":"a","inputSchema":null,"annotations":{"title":null,"readOnlyHint":null,"destructiveHint":true},
            "icons":[{"src":"data:,","mimeType":null,"sizes":null,"theme":null},{"src":null}],"_meta":{"x":null}}"#,
        &json!({
            "name": "a", "inputSchema": { "type": "object" }, "annotations": { "destructiveHint": true },
            "icons": [{ "src": "data:," }], "_meta": { "x": null }
        }),
    );
    item(
        "prompts/list",
        r#"{"name":"a","arguments":[{"name":"b","description":null,"required":null,"title":null},{"name":null}],"title":null}"#,
        &json!({ "name": "a", "arguments": [{ "name": "b" }] }),
    );
    item("prompts/list", r#"{"name":"a","arguments":null}"#, &json!({ "name": "a" }));
    item(
        "resources/list",
        r#"{"uri":"u:1","name":null,"mimeType":null,"size":null,"annotations":{"audience":null,"priority":null}}"#,
        &json!({ "uri": "u:1", "name": "u:1", "annotations": {} }),
    );
    item(
        "resources/templates/list",
        r#"{"uriTemplate":"u:{a}","name":null,"mimeType":null}"#,
        &json!({ "uriTemplate": "u:{a}", "name": "u:{a}" }),
    );
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        let key = strict::subject(method);
        let list = format!(
            r#"{{"{key}":[],"nextCursor":null,"_meta":null,"ttlMs":null,"cacheScope":null,"resultType":null}}"#
        );
        mended(method, &list, &json!({ key: [] }));
        mended(method, &format!(r#"{{"nextCursor":"","{key}":[]}}"#), &json!({ key: [] }));
        mended(method, &format!(r#"{{"nextCursor":5,"{key}":[]}}"#), &json!({ key: [], "nextCursor": "5" }));
        assert_eq!(answer(LEGACY, method, &format!("{{\"{key}\":null}}")), Err(AnswerError::Missing(key)));
    }
}

#[test]
fn null_in_members_of_results() {
    mended(
        "tools/call",
        r#"{"content":null,"isError":null,"structuredContent":null,"_meta":null}"#,
        &json!({ "content": [] }),
    );
    mended(
        "tools/call",
        r#"{"content":[null,{"type":"text","text":null,"annotations":null,"_meta":null}],"isError":false}"#,
        &json!({ "content": [{ "type": "text", "text": "" }], "isError": false }),
    );
    // Data stays what it is.
    let data = json!({ "a": null, "rows": [[null, 1.5, { "b": null }]], "isError": null });
    mended(
        "tools/call",
        &format!(r#"{{"content":[],"structuredContent":{data},"_meta":{data}}}"#),
        &json!({ "content": [], "structuredContent": data, "_meta": data }),
    );
    mended(
        "resources/read",
        r#"{"contents":[{"uri":null,"mimeType":null,"text":"t","blob":null,"_meta":null}]}"#,
        &json!({ "contents": [{ "uri": "onec://asked", "text": "t" }] }),
    );
    mended(
        "prompts/get",
        r#"{"description":null,"messages":[{"role":null,"content":null},{"content":{"type":"text","text":null}}]}"#,
        &json!({ "messages": [
            { "role": "user", "content": { "type": "text", "text": "" } },
            { "role": "user", "content": { "type": "text", "text": "" } }
        ] }),
    );
    mended("completion/complete", r#"{"completion":null}"#, &json!({ "completion": { "values": [] } }));
    mended(
        "completion/complete",
        r#"{"completion":{"values":["a",null,5],"total":null,"hasMore":null}}"#,
        &json!({ "completion": { "values": ["a", "5"] } }),
    );
    mended("completion/complete", "{}", &json!({ "completion": { "values": [] } }));
    let many = json!({ "completion": { "values": vec!["x"; 150] } });
    mended("completion/complete", &many.to_string(), &json!({ "completion": { "values": vec!["x"; 100] } }));
    for (method, key) in [("resources/read", "contents"), ("prompts/get", "messages")] {
        assert_eq!(answer(LEGACY, method, &format!("{{\"{key}\":null}}")), Err(AnswerError::Missing(key)));
        assert_eq!(answer(LEGACY, method, &format!("{{\"{key}\":[null]}}")), Err(AnswerError::Useless(key)));
    }
}

#[test]
fn a_tool_that_only_says_something_in_a_structure_has_a_text_too() {
    mended(
        "tools/call",
        r#"{"structuredContent":{"n":1.10}}"#,
        &json!({ "structuredContent": { "n": 1.1 }, "content": [{ "type": "text", "text": "{\"n\":1.10}" }] }),
    );
    mended("tools/call", "{}", &json!({ "content": [] }));
    let list = r#"{"content":[],"structuredContent":[1]}"#;
    assert_eq!(answer(LEGACY, "tools/call", list).unwrap()["structuredContent"], json!({ "result": [1] }));
    assert_eq!(answer(MODERN, "tools/call", list).unwrap()["structuredContent"], json!([1]));
}

#[test]
fn members_of_other_types() {
    item(
        "tools/list",
        r#"{"name":5,"title":7,"description":["a"],"annotations":[],"_meta":"","icons":{},"execution":{"taskSupport":"Optional"}}"#,
        &json!({ "name": "5", "title": "7", "execution": { "taskSupport": "optional" }, "inputSchema": { "type": "object" } }),
    );
    item(
        "tools/list",
        r#"{"name":"a","inputSchema":"{\"type\":\"Структура\",\"properties\":{\"x\":{\"type\":\"Число\"}}}","annotations":{"readOnlyHint":"Истина","openWorldHint":"x"}}"#,
        &json!({
            "name": "a", "inputSchema": { "type": "object", "properties": { "x": { "type": "number" } } },
            "annotations": { "readOnlyHint": true }
        }),
    );
    item(
        "resources/list",
        r#"{"uri":"u:1","name":"n","size":"10","annotations":{"priority":5,"audience":["User","system"]}}"#,
        &json!({ "uri": "u:1", "name": "n", "size": 10, "annotations": { "audience": ["user"] } }),
    );
}

/// One bad item never costs the others.
#[test]
fn items_that_cannot_be_used_go() {
    for (method, bad) in [
        ("tools/list", vec!["null", "5", "\"b\"", "{}", r#"{"name":null}"#, r#"{"name":" "}"#, r#"{"name":{}}"#]),
        ("prompts/list", vec!["null", "{}", r#"{"name":"b\u202e"}"#, r#"{"name":"b\n"}"#]),
        ("resources/list", vec!["null", r#"{"name":"n"}"#, r#"{"uri":""}"#]),
        ("resources/templates/list", vec!["[]", r#"{"uriTemplate":null}"#]),
    ] {
        let good = match method {
            "tools/list" => json!({ "name": "a", "inputSchema": { "type": "object" } }),
            "prompts/list" => json!({ "name": "a" }),
            "resources/list" => json!({ "uri": "u:1", "name": "a" }),
            _ => json!({ "uriTemplate": "u:{x}", "name": "a" }),
        };
        let key = strict::subject(method);
        for bad in &bad {
            for list in [format!("{good},{bad}"), format!("{bad} , {good}"), format!("{bad},{bad},{good}, {bad}")] {
                mended(method, &format!("{{\"{key}\":[{list}]}}"), &json!({ key: [good] }));
            }
            // Not one of them is no empty list.
            assert_eq!(
                answer(LEGACY, method, &format!("{{\"{key}\":[{bad}]}}")),
                Err(AnswerError::Useless(key)),
                "{bad}"
            );
        }
    }
}

#[test]
fn of_two_tools_of_one_name_the_first_stays() {
    let tool = |title: &str| format!(r#"{{"title":"{title}","name":"a","inputSchema":{{"type":"object"}}}}"#);
    let first = json!({ "title": "1", "name": "a", "inputSchema": { "type": "object" } });
    mended(
        "tools/list",
        &format!(
            r#"{{"tools":[{},{},{{"name":"b"}},{}]}}"#,
            tool("1"),
            tool("2"),
            tool("3").replace("\"a\"", r#""\u0061""#)
        ),
        &json!({ "tools": [first, { "name": "b", "inputSchema": { "type": "object" } }] }),
    );
    item(
        "tools/list",
        r#"{"name":"a","name":"b","title":"1","title":"2"}"#,
        &json!({
            "name": "a", "title": "1", "inputSchema": { "type": "object" }
        }),
    );
    mended(
        "prompts/list",
        r#"{"prompts":[{"name":"a","title":"1"},{"name":"a"}]}"#,
        &json!({
            "prompts": [{ "name": "a", "title": "1" }]
        }),
    );
}

#[test]
fn names_of_types() {
    for (name, known) in [
        ("Строка", "string"),
        ("СТРОКА", "string"),
        ("String", "string"),
        ("str", "string"),
        ("Дата", "string"),
        ("Строка(10)", "string"),
        ("СправочникСсылка.Номенклатура", "string"),
        ("Число", "number"),
        ("float", "number"),
        ("Булево", "boolean"),
        ("bool", "boolean"),
        ("int", "integer"),
        ("Массив", "array"),
        ("list", "array"),
        ("Структура", "object"),
        ("Соответствие", "object"),
        ("dict", "object"),
        ("Неопределено", "null"),
    ] {
        let items = |mut schema: Value| {
            if known == "array" {
                schema["items"] = json!({});
            }
            schema
        };
        property(&format!(r#"{{"type":"{name}","x":1}}"#), &items(json!({ "type": known, "x": 1 })));
        property(
            &format!(r#"{{"items":{{"type":["{name}"]}}}}"#),
            &json!({ "items": items(json!({ "type": [known] })) }),
        );
    }
    property(r#"{"type":"any"}"#, &json!({}));
    property(r#"{"type":"Произвольный","title":"x"}"#, &json!({ "title": "x" }));
    property(r#"{"type":["Строка","string","Число",5,"Произвольный"]}"#, &json!({ "type": ["string", "number"] }));
    property(r#"{"type":["any"],"x":1}"#, &json!({ "x": 1 }));
    property(r#"{"type":"Строка, Число"}"#, &json!({ "type": ["string", "number"] }));
    property("\"Строка\"", &json!({ "type": "string" }));
    property("null", &json!({}));
    property("true", &json!({}));
    property("false", &json!({ "not": {} }));
    input(r#"{"type":"Структура"}"#, &json!({ "type": "object" }));
}

#[test]
fn choices_come_once() {
    property(r#"{"enum":["a","b","a","\u0061"]}"#, &json!({ "enum": ["a", "b"] }));
    property(r#"{"enum":[1,1.0,10e-1,"1",true,null,null]}"#, &json!({ "enum": [1, "1", true, null] }));
    property(r#"{"type":"string","enum":["a",null]}"#, &json!({ "type": "string", "enum": ["a"] }));
    property(
        r#"{"enum":["a",null],"type":["string","null"]}"#,
        &json!({ "type": ["string", "null"], "enum": ["a", null] }),
    );
    for none in ["null", "[]", "\"a\"", "{}"] {
        property(&format!(r#"{{"enum":{none},"title":"x"}}"#), &json!({ "title": "x" }));
    }
    let deep = r#"{"anyOf":[{"items":{"$defs":{"d":{"enum":[2,2]}}}}]}"#;
    property(deep, &json!({ "anyOf": [{ "items": { "$defs": { "d": { "enum": [2] } } } }] }));
}

#[test]
fn required_names_properties_once() {
    let properties = json!({ "a": {}, "b": {} });
    let with = |required: &str, after: &[&str]| {
        let wanted = |mut schema: Value| {
            // Old drafts refuse an empty list.
            if !after.is_empty() {
                schema["required"] = json!(after);
            }
            schema
        };
        input(
            &format!(r#"{{"type":"object","properties":{properties},"required":{required}}}"#),
            &wanted(json!({ "type": "object", "properties": properties })),
        );
        // The order does not matter, nor where it stands.
        for inner in [
            format!(r#"{{"required":{required},"properties":{properties}}}"#),
            format!(r#"{{ "default":null, "required":{required} , "x":null, "properties":{properties}, "y":null}}"#),
        ] {
            property(&inner, &wanted(json!({ "properties": properties })));
        }
    };
    with(r#"["a","b"]"#, &["a", "b"]);
    with(r#"["a","c","a",null,5,"b"]"#, &["a", "b"]);
    with(r#"["c"]"#, &[]);
    with("[ ]", &[]);
    property(r#"{"required":["a"]}"#, &json!({}));
    property(
        r#"{"title":"x","required":["a","b"],"anyOf":[{"required":["c"]},{}]}"#,
        &json!({ "title": "x", "anyOf": [{}, {}] }),
    );
    for none in ["null", "true", "\"a\"", "{}"] {
        input(&format!(r#"{{"type":"object","required":{none}}}"#), &json!({ "type": "object" }));
    }
    // Schemas of one value share their properties, wherever in them these are.
    for same in [
        json!({ "type": "object", "properties": { "a": {} }, "anyOf": [{ "required": ["a"] }, { "required": ["b"], "properties": { "b": {} } }] }),
        json!({ "type": "object", "required": ["a"], "allOf": [{ "properties": { "a": {} } }] }),
        json!({ "type": "object", "required": ["far"], "$ref": "#/$defs/x", "$defs": { "x": { "properties": { "far": {} } } } }),
        json!({ "type": "object", "properties": { "a": {} }, "if": { "required": ["gone"] }, "then": { "required": ["a"] } }),
        json!({ "type": "object", "properties": { "a": {} }, "dependentRequired": { "a": ["b"] } }),
    ] {
        match ["anyOf", "allOf"].iter().any(|key| same.get(key).is_some()) {
            true => property(&same.to_string(), &same),
            false => input(&same.to_string(), &same),
        }
    }
    property(
        r#"{"type":"object","properties":{"a":{}},"anyOf":[{"required":["a","c"]}],"dependentRequired":{"a":["b","b"],"c":null}}"#,
        &json!({ "type": "object", "properties": { "a": {} }, "anyOf": [{ "required": ["a"] }], "dependentRequired": { "a": ["b"] } }),
    );
}

#[test]
fn keywords_of_other_types_go() {
    property(
        r#"{"type":"object","properties":[],"items":null,"minimum":"5","maximum":null,"multipleOf":0,"minLength":-1,
            "maxLength":"10","pattern":5,"format":null,"default":null,"examples":"x","anyOf":[],"oneOf":null,"not":null,
            "additionalProperties":null,"uniqueItems":"Ложь","title":5,"description":{},"readOnly":null,"$ref":null,
            "exclusiveMinimum":true,"$schema":"чужая","x-1c":null}"#,
        &json!({
            "type": "object", "minimum": 5, "maxLength": 10, "pattern": "5", "not": {}, "items": {},
            "additionalProperties": {}, "uniqueItems": false, "title": "5"
        }),
    );
    property(r#"{"items":[{"type":"Число"},null]}"#, &json!({ "prefixItems": [{ "type": "number" }, {}] }));
    let old = "http://json-schema.org/draft-07/schema#";
    input(
        &format!(r#"{{"$schema":"{old}","type":"object","properties":{{"x":{{"items":[{{"type":"Число"}}]}}}}}}"#),
        &json!({ "$schema": old, "type": "object", "properties": { "x": { "items": [{ "type": "number" }] } } }),
    );
    // Data within schemas is data.
    let data = json!({ "default": { "type": "Строка", "required": ["x"] }, "const": null, "enum": [{ "type": null }], "examples": [null] });
    property(&data.to_string(), &data);
}

#[test]
fn arrays_say_what_their_items_are() {
    property(r#"{"type":"array"}"#, &json!({ "type": "array", "items": {} }));
    property(r#"{"type":["array","null"],"items":null}"#, &json!({ "type": ["array", "null"], "items": {} }));
    property(
        r#"{"type":"array","prefixItems":[{"type":"string"}]}"#,
        &json!({ "type": "array", "prefixItems": [{ "type": "string" }], "items": {} }),
    );
    property("\"Массив\"", &json!({ "type": "array", "items": {} }));
    property(
        r#"{"type":"array","items":{"type":"array"}}"#,
        &json!({ "type": "array", "items": { "type": "array", "items": {} } }),
    );
}

/// Model APIs take properties only at the top of an input schema.
#[test]
fn keywords_that_combine_schemas_leave_the_top() {
    let input = |before: &str, after: &Value| {
        let list = |schema: &str| format!(r#"{{"tools":[{{"name":"a","inputSchema":{schema}}}]}}"#);
        let got = answer(LEGACY, "tools/list", &list(before)).unwrap();
        assert_eq!(got["tools"][0]["inputSchema"], *after, "{before}");
        strict::check(LEGACY, "tools/list", got);
    };
    input(
        r#"{"type":"object","properties":{"a":{}},"anyOf":[{"required":["a"]}],"not":{"required":["b"]},"enum":[{}],"title":"x"}"#,
        &json!({ "type": "object", "properties": { "a": {} }, "title": "x", "required": ["a"] }),
    );
    input(
        r#"{"oneOf":[{"properties":{"kind":{"const":"a"},"n":{"type":"Число"}},"required":["n"]},{"properties":{"kind":{"const":"b"}}}]}"#,
        &json!({ "type": "object", "properties": {
            "kind": { "anyOf": [{ "const": "a" }, { "const": "b" }] }, "n": { "type": "number" }
        } }),
    );
    input(
        r#"{"type":"object","properties":{"a":{"type":"string"}},"allOf":[{"properties":{"a":{"const":1},"b":{}},"required":["b","a"]},{"anyOf":[{"properties":{"c":{}},"required":["c"]},{}]}]}"#,
        &json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": {}, "c": {} }, "required": ["b", "a"] }),
    );
    input(
        r#"{"type":"object","additionalProperties":false,"properties":{"a":{}},"anyOf":[{"properties":{"b":{}}}]}"#,
        &json!({ "type": "object", "additionalProperties": false, "properties": { "a": {} } }),
    );
    // What refers to them goes, too.
    input(
        r##"{"type":"object","anyOf":[{"properties":{"a":{}}}],"properties":{"b":{"$ref":"#/anyOf/0","title":"x"}}}"##,
        &json!({ "type": "object", "properties": { "b": { "title": "x" }, "a": {} } }),
    );
    // 2026-07-28 has them kept.
    let kept = json!({ "tools": [{ "name": "a", "inputSchema": { "type": "object", "properties": { "b": {} }, "allOf": [{ "required": ["b"] }] } }] });
    assert_eq!(answer(MODERN, "tools/list", &kept.to_string()).unwrap(), kept);
    // Deeper they are right, and in results, too.
    let inner = json!({ "anyOf": [{ "type": "string" }, { "not": {} }] });
    property(&inner.to_string(), &inner);
    let output = json!({ "name": "a", "inputSchema": { "type": "object" }, "outputSchema": { "type": "object", "anyOf": [{}] } });
    item("tools/list", &output.to_string(), &output);
}

#[test]
fn what_validators_cannot_read_goes() {
    property(r#"{"pattern":"[","title":"x"}"#, &json!({ "title": "x" }));
    property(r#"{"pattern":"(?i)x"}"#, &json!({}));
    property(r#"{"pattern":"\\-"}"#, &json!({}));
    let good = json!({ "pattern": "^(?<year>\\d{4})-\\p{Lu}(?!x)$" });
    property(&good.to_string(), &good);
    property(r#"{"patternProperties":{"[":{},"^x":{}}}"#, &json!({ "patternProperties": { "^x": {} } }));
    for gone in ["#/definitions/Нет", "http://x/y.json", "y.json", "", "#нет", "#/properties/x/title"] {
        property(&json!({ "title": "t", "$ref": gone }).to_string(), &json!({ "title": "t" }));
    }
    for good in [
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/properties/x/$defs/d", "$defs": { "d": { "type": "string" } } }),
        json!({ "$ref": "#/properties/x/$defs/d~1e", "$defs": { "d/e": true } }),
        json!({ "$ref": "#d", "$defs": { "d": { "$anchor": "d" } } }),
        json!({ "prefixItems": [{}], "items": { "$ref": "#/properties/x/prefixItems/0" } }),
    ] {
        property(&good.to_string(), &good);
    }
    // It is elsewhere by now.
    property(
        r##"{"items":[{"type":"string"}],"contains":{"$ref":"#/properties/x/items/0"}}"##,
        &json!({ "prefixItems": [{ "type": "string" }], "contains": {} }),
    );
    property(r#"{"$anchor":"1 x","$id":"http://h/x","$dynamicAnchor":"й","title":"x"}"#, &json!({ "title": "x" }));
    for (id, stays) in
        [("http://h/x", true), ("urn:x:y", true), ("Отчёт", false), ("#x", false), ("http://h/a b", false)]
    {
        let after = json!({ "type": "object", "$id": id });
        let after = if stays { after } else { json!({ "type": "object" }) };
        input(&format!(r#"{{"type":"object","$id":"{id}"}}"#), &after);
    }
    property(
        r#"{"type":"string","nullable":null,"propertyOrdering":null,"x-y":null,"const":null}"#,
        &json!({ "type": "string", "const": null }),
    );
}

/// An item that is nested too deep, wherever it stands and whatever is in it, costs no other.
#[test]
fn items_that_are_nested_too_deep_go() {
    for (method, good) in [
        ("tools/list", json!({ "name": "a", "inputSchema": { "type": "object" } })),
        ("prompts/list", json!({ "name": "a" })),
        ("resources/list", json!({ "uri": "u:1", "name": "a" })),
        ("resources/templates/list", json!({ "uriTemplate": "u:{x}", "name": "a" })),
    ] {
        let key = strict::subject(method);
        for depth in [125, 126, 127, 200, 5000] {
            let deep = format!("{}\"]}}\\\"\"{}", "[".repeat(depth), "]".repeat(depth));
            let schema = format!("{}{{}}{}", r#"{"properties":{"a":"#.repeat(depth / 2), "}}".repeat(depth / 2));
            for bad in [
                format!(r#"{{"_meta":{{"x":{deep}}},"name":"b","uri":"u:2","uriTemplate":"u:2"}}"#),
                format!(r#"{{"name":"b","uri":"u:2","uriTemplate":"u:2","inputSchema":{schema},"x":{deep}}}"#),
                deep.clone(),
            ] {
                for list in [format!("{good},{bad}"), format!("{bad} , {good}"), format!("{good},{bad},{bad}")] {
                    mended(method, &format!("{{\"{key}\":[{list}]}}"), &json!({ key: [good] }));
                }
            }
            if depth < 200 {
                continue;
            }
            mended(
                method,
                &format!("{{\"_meta\":{{\"x\":{deep}}},\"{key}\":[{good}],\"x\":{deep}}}"),
                &json!({ key: [good] }),
            );
        }
        let broken = format!("{{\"{key}\":[{good},{}", "[".repeat(500));
        assert!(matches!(answer(LEGACY, method, &broken), Err(AnswerError::Json(_))));
    }
}

/// Bytes that may not stand where they stand.
#[test]
fn bytes_that_are_no_text() {
    for (bad, after) in [
        (&b"\xed\xa0\x80"[..], "\u{fffd}"),
        (b"\xff", "\u{fffd}"),
        (b"\xd0", "\u{fffd}"),
        (b"\x01", "\u{1}"),
        (b"a\r\n\tb", "a\r\n\tb"),
        (b"\xff\x02", "\u{fffd}\u{2}"),
        (b"\\ud800\n", "\u{fffd}\n"),
    ] {
        let read = |method: &str, before: &str, behind: &str| {
            let body = [
                br#"{"jsonrpc":"2.0","id":1,"result":"#,
                before.as_bytes(),
                bad,
                "Б".as_bytes(),
                behind.as_bytes(),
                b"}",
            ]
            .concat();
            let payload = decode(body.into(), &request(LEGACY, method)).unwrap().unwrap();
            let got: Value = serde_json::from_slice(payload.json()).unwrap();
            strict::check(LEGACY, method, got.clone());
            got
        };
        let got = read("tools/call", r#"{"content":[{"type":"text","text":"A"#, "\"}]}");
        assert_eq!(got["content"][0]["text"], format!("A{after}Б"));
        let got = read("tools/list", r#"{"tools":[{"name":"good"},{"name":"bad","_meta":{"A"#, "\":1}}]}");
        assert_eq!(got["tools"][1]["_meta"], json!({ format!("A{after}Б"): 1 }));
        let got = read("resources/read", r#"{"contents":[{"uri":"u:1","text":"A"#, "\"}]}\0");
        assert_eq!(got["contents"][0]["text"], format!("A{after}Б"));
    }
    let escaped = b"{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"\\\\\n\\\"\t\"}]}}";
    let payload = decode(Bytes::from_static(escaped), &request(LEGACY, "tools/call")).unwrap().unwrap();
    let got: Value = serde_json::from_slice(payload.json()).unwrap();
    assert_eq!(got["content"][0]["text"], "\\\n\"\t");
    // What is broken otherwise stays so.
    let broken = decode(Bytes::from_static(b"{\"result\":{\"content\":[\x01"), &request(LEGACY, "tools/call"));
    assert!(matches!(broken, Err(AnswerError::Json(_))));
}

/// Blocks of content that a revision does not know.
#[test]
fn blocks_of_later_revisions() {
    let link = r#"{"type":"resource_link","uri":"u:1","name":"Отчёт"}"#;
    let nameless = r#"{"type":"resource_link","uri":"u:1"}"#;
    let audio = r#"{"type":"audio","data":"aGk=","mimeType":"audio/wav"}"#;
    let sniffed = r#"{"data":"SUQzBAAA"}"#;
    let text = |text: &str| json!({ "type": "text", "text": text });
    for (version, before, after) in [
        (Version::V2024_11_05, link, text("Отчёт: u:1")),
        (Version::V2025_03_26, link, text("Отчёт: u:1")),
        (Version::V2025_03_26, nameless, text("u:1")),
        (Version::V2025_06_18, link, json!({ "type": "resource_link", "uri": "u:1", "name": "Отчёт" })),
        (
            Version::V2024_11_05,
            audio,
            json!({ "type": "resource", "resource": { "uri": "onec:data/1", "mimeType": "audio/wav", "blob": "aGk=" } }),
        ),
        (
            Version::V2024_11_05,
            sniffed,
            json!({ "type": "resource", "resource": { "uri": "onec:data/1", "mimeType": "audio/mpeg", "blob": "SUQzBAAA" } }),
        ),
        (Version::V2025_03_26, audio, json!({ "type": "audio", "data": "aGk=", "mimeType": "audio/wav" })),
    ] {
        let got = answer(version, "tools/call", &format!("{{\"content\":[{before}]}}")).unwrap();
        assert_eq!(got, json!({ "content": [after] }), "{version}");
        strict::check(version, "tools/call", got);
        let message = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":{before}}}]}}");
        let got = answer(version, "prompts/get", &message).unwrap();
        assert_eq!(got["messages"][0]["content"], after, "{version}");
    }
}

/// Stacks and Base64 in an error of JSON-RPC reach no client; the rest of it does.
#[test]
fn errors_without_noise() {
    let base64 = "QUJD".repeat(60);
    let lines = format!("{}\\r\\n", "QUJDREVG".repeat(9)).repeat(40);
    let body = format!(
        r#"{{"error":{{"code":-32603,"message":"Деление на 0\n{{ОбщийМодуль.X.Модуль(3)}}: Y();\n{lines}","data":{{
            "stack":"x","СтекВызовов":[1],"trace":{{}},"traceId":"t","n":1.10,"x":["{base64}",{{"at":"Ошибка {lines} конец"}}]}}}}}}"#
    );
    let error = decode(body.into(), &request(LEGACY, "tools/call")).unwrap().unwrap_err();
    assert_eq!(error.message, "Деление на 0\n…");
    let data = String::from_utf8(error.data.unwrap().to_vec()).unwrap();
    assert_eq!(data, r#"{"traceId":"t","n":1.10,"x":["…",{"at":"Ошибка … конец"}]}"#);
    let plain = r#"{"error":{"code":-1,"message":" a \n","data":{ "b" : "c " }}}"#;
    let error = decode(plain.into(), &request(LEGACY, "tools/call")).unwrap().unwrap_err();
    assert_eq!((&*error.message, &error.data.unwrap()[..]), (" a \n", &br#"{ "b" : "c " }"#[..]));
}

#[test]
fn output_schemas_are_mended_too() {
    let tool = |schema: &Value| {
        json!({ "name": "a", "inputSchema": { "type": "object" }, "outputSchema": schema }).to_string()
    };
    let before = json!({ "type": "object", "properties": { "x": { "type": "Строка", "enum": ["a", "a"] } }, "required": ["x", "y"] });
    let after =
        json!({ "type": "object", "properties": { "x": { "type": "string", "enum": ["a"] } }, "required": ["x"] });
    item(
        "tools/list",
        &tool(&before),
        &json!({ "name": "a", "inputSchema": { "type": "object" }, "outputSchema": after }),
    );
}

#[test]
fn characters_that_are_not_seen() {
    let (dirty, clean) = (r"Отчёт\u202e \u0000«x»\r\n\u0085\u2028\u200f\ty\ud800", "Отчёт «x»\n\n\n\ty\u{fffd}");
    item(
        "tools/list",
        &format!(
            r#"{{"name":"a","title":"{dirty}","description":"{dirty}","annotations":{{"title":"{dirty}"}},
                "inputSchema":{{"type":"object","title":"{dirty}","properties":{{"x":{{"description":"{dirty}"}}}}}}}}"#
        ),
        &json!({
            "name": "a", "title": clean, "description": clean, "annotations": { "title": clean },
            "inputSchema": { "type": "object", "title": clean, "properties": { "x": { "description": clean } } }
        }),
    );
    item(
        "prompts/list",
        &format!(r#"{{"name":"a","title":"{dirty}","arguments":[{{"name":"b","description":"{dirty}"}}]}}"#),
        &json!({ "name": "a", "title": clean, "arguments": [{ "name": "b", "description": clean }] }),
    );
    item(
        "resources/list",
        &format!(r#"{{"uri":"u:1","name":"{dirty}","description":"{dirty}"}}"#),
        &json!({ "uri": "u:1", "name": clean, "description": clean }),
    );
    // A name is sent back as it is.
    item(
        "prompts/list",
        r#"{"name":"a","arguments":[{"name":"b\u202ec"},{"name":"d"},{"name":"\u0000"}]}"#,
        &json!({ "name": "a", "arguments": [{ "name": "d" }] }),
    );
    // As bytes, too.
    item(
        "prompts/list",
        "{\"name\":\"a\",\"title\":\"\u{7f}x\u{9b}\u{2066}\u{61c}\"}",
        &json!({ "name": "a", "title": "x" }),
    );
    // In what a tool says they are data.
    mended(
        "tools/call",
        r#"{"content":[{"type":"text","text":"a\u202e\u0000b"}]}"#,
        &json!({ "content": [{ "type": "text", "text": "a\u{202e}\0b" }] }),
    );
}

#[test]
fn halves_of_surrogates() {
    for (before, after) in [(r"\ud800", "\u{fffd}"), (r"a\udc00b", "a\u{fffd}b"), (r"\ud83d\ude00\ud83d", "😀\u{fffd}")]
    {
        mended(
            "tools/call",
            &format!(
                r#"{{"content":[{{"type":"text","text":"{before}"}}],"structuredContent":{{"{before}":["{before}"]}},"x{before}":1}}"#
            ),
            &json!({ "content": [{ "type": "text", "text": after }], "structuredContent": { after: [after] }, format!("x{after}"): 1 }),
        );
        item(
            "prompts/list",
            &format!(r#"{{"name":"a","x":"{before}","description":"{before}"}}"#),
            &json!({
                "name": "a", "x": after, "description": after
            }),
        );
        let error = format!(r#"{{"id":1,"error":{{"code":-32603,"message":"{before}!","data":{{"x":"{before}"}}}}}}"#);
        let error = decode(error.into(), &request(LEGACY, "tools/call")).unwrap().unwrap_err();
        assert_eq!(error.message, format!("{after}!"));
        assert_eq!(serde_json::from_slice::<Value>(&error.data.unwrap()).unwrap(), json!({ "x": after }));
    }
}

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[test]
fn blocks_in_words_of_their_own() {
    let block = |before: &str, after: &Value| {
        mended("tools/call", &format!(r#"{{"content":[{before}]}}"#), &json!({ "content": [after] }));
        // A block that stands alone.
        mended("tools/call", &format!(r#"{{"content":{before}}}"#), &json!({ "content": [after] }));
        let message = format!(r#"{{"messages":[{{"role":"user","content":{before}}}]}}"#);
        mended("prompts/get", &message, &json!({ "messages": [{ "role": "user", "content": after }] }));
    };
    let resource = |resource: Value| json!({ "type": "resource", "resource": resource });
    block(
        r#"{"type":"blob","blob":"YQ\n==","mimeType":"application/pdf","uri":"u:1"}"#,
        &resource(json!({ "uri": "u:1", "mimeType": "application/pdf", "blob": "YQ==" })),
    );
    block(r#"{"type":"blob","data":"YQ=="}"#, &resource(json!({ "uri": "onec:data/1", "blob": "YQ==" })));
    block(
        &format!(r#"{{"type":"BLOB","blob":"{PNG}","annotations":{{"priority":1}},"_meta":{{"a":null}}}}"#),
        &json!({
            "type": "resource", "annotations": { "priority": 1 },
            "resource": { "uri": "onec:data/1", "mimeType": "image/png", "blob": PNG, "_meta": { "a": null } }
        }),
    );
    for (kind, mime) in
        [("null", "image/png"), ("\"\"", "image/png"), ("\"png\"", "image/png"), ("\"image/jpg\"", "image/jpeg")]
    {
        block(
            &format!(r#"{{"type":"image","data":"{PNG}","mimeType":{kind}}}"#),
            &json!({ "type": "image", "data": PNG, "mimeType": mime }),
        );
    }
    block(
        r#"{"data":"/9j/4AAQ","type":"image"}"#,
        &json!({ "type": "image", "data": "/9j/4AAQ", "mimeType": "image/jpeg" }),
    );
    block(r#"{"type":"image","data":"YQ=="}"#, &json!({ "type": "image", "data": "YQ==", "mimeType": "image/png" }));
    block(
        r#"{"type":"audio","data":"SUQzBAAA"}"#,
        &json!({ "type": "audio", "data": "SUQzBAAA", "mimeType": "audio/mpeg" }),
    );
    block(r#"{"type":"audio","data":"YQ=="}"#, &json!({ "type": "audio", "data": "YQ==", "mimeType": "audio/wav" }));
    block(&format!(r#"{{"data":"{PNG}"}}"#), &json!({ "type": "image", "data": PNG, "mimeType": "image/png" }));
    block(r#"{"type":"resource","uri":"u:1","text":"t"}"#, &resource(json!({ "uri": "u:1", "text": "t" })));
    block(r#"{"type":"resource","resource":{"text":"t"}}"#, &resource(json!({ "uri": "onec:data/1", "text": "t" })));
    block(
        r#"{"type":"resource_link","uri":"u:1","name":null}"#,
        &json!({ "type": "resource_link", "uri": "u:1", "name": "u:1" }),
    );
    block(r#"{"text":"t"}"#, &json!({ "type": "text", "text": "t" }));
    block(r#"{"type":"markdown","text":"t"}"#, &json!({ "type": "text", "text": "t" }));
    block(r#"{"type":"text","text":5}"#, &json!({ "type": "text", "text": "5" }));
    block(r#"{"type":"text","text":{"n":1.10}}"#, &json!({ "type": "text", "text": "{\"n\":1.10}" }));
    block("\"просто текст\"", &json!({ "type": "text", "text": "просто текст" }));
    block("1.10", &json!({ "type": "text", "text": "1.10" }));
    block(r#"{"type":"нечто","n":1.10}"#, &json!({ "type": "text", "text": r#"{"type":"нечто","n":1.10}"# }));
    for nothing in [r#"{"type":"image"}"#, r#"{"type":"audio","data":null,"mimeType":"audio/wav"}"#] {
        let content = format!(r#"{{"content":[{nothing}]}}"#);
        assert_eq!(answer(LEGACY, "tools/call", &content), Err(AnswerError::Missing("data")));
    }
}

#[test]
fn messages_of_prompts() {
    let text = |role: &str, text: &str| json!({ "role": role, "content": { "type": "text", "text": text } });
    for (role, known) in [
        ("system", "user"),
        ("User", "user"),
        ("developer", "user"),
        ("пользователь", "user"),
        ("", "user"),
        ("assistant", "assistant"),
        ("Assistant", "assistant"),
        ("model", "assistant"),
    ] {
        mended(
            "prompts/get",
            &format!(r#"{{"messages":[{{"role":"{role}","content":"t"}}]}}"#),
            &json!({ "messages": [text(known, "t")] }),
        );
    }
    mended(
        "prompts/get",
        r#"{"messages":[{"role":"system","content":["a",{"type":"text","text":"b"},null]},{"content":[],"role":"assistant"}]}"#,
        &json!({ "messages": [text("user", "a"), text("user", "b"), text("assistant", "")] }),
    );
    mended("prompts/get", r#"{"messages":"t"}"#, &json!({ "messages": [text("user", "t")] }));
    mended("prompts/get", r#"{"messages":{"role":"user","content":"t"}}"#, &json!({ "messages": [text("user", "t")] }));
    mended(
        "prompts/get",
        r#"{"messages":["t"],"description":5}"#,
        &json!({ "messages": [text("user", "t")], "description": "5" }),
    );
}

#[test]
fn contents_of_resources() {
    let contents = |before: &str, after: &Value| {
        mended("resources/read", &format!(r#"{{"contents":[{before}]}}"#), &json!({ "contents": [after] }));
        mended("resources/read", &format!(r#"{{"contents":{before}}}"#), &json!({ "contents": [after] }));
    };
    let asked = "onec://asked";
    contents(r#"{"type":"text","text":"t"}"#, &json!({ "uri": asked, "text": "t" }));
    contents(r#"{"type":"text","uri":" ","text":"t"}"#, &json!({ "uri": asked, "text": "t" }));
    contents(
        &format!(r#"{{"type":"image","data":"{PNG}","mimeType":"image/png"}}"#),
        &json!({ "uri": asked, "mimeType": "image/png", "blob": PNG }),
    );
    contents(
        &format!(r#"{{"uri":"u:1","type":"image","data":"{PNG}"}}"#),
        &json!({ "uri": "u:1", "mimeType": "image/png", "blob": PNG }),
    );
    contents("\"t\"", &json!({ "uri": asked, "text": "t" }));
    contents(r#"{"uri":"u:1"}"#, &json!({ "uri": "u:1", "text": "" }));
    contents(r#"{"uri":"u:1","text":{"n":1.10}}"#, &json!({ "uri": "u:1", "text": "{\"n\":1.10}" }));
    contents(r#"{"uri":"u:1","rows":[1]}"#, &json!({ "uri": "u:1", "text": r#"{"uri":"u:1","rows":[1]}"# }));
}

/// A 1C that lists one tool with an output schema and answers calls of it with this.
async fn called(version: Version, result: &'static str) -> Value {
    let schema = r#"{"type":"object","properties":{"n":{"type":"number"}},"required":["n"]}"#;
    let client = service_fn(move |call: http::Request<Bytes>| async move {
        let list = call.body().windows(10).any(|word| word == b"tools/list");
        let tools = format!(r#"{{"tools":[{{"name":"a","outputSchema":{schema}}},{{"name":"b"}}]}}"#);
        let result = if list { tools } else { result.to_owned() };
        Ok::<_, std::convert::Infallible>(http::Response::new(Bytes::from(format!("{{\"result\":{result}}}"))))
    });
    let service = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
    service.clone().oneshot(request(version, "tools/list")).await.unwrap().outcome.unwrap();
    let payload = service.oneshot(request(version, "tools/call")).await.unwrap().outcome.unwrap();
    serde_json::from_slice(payload.json()).unwrap()
}

/// Strict clients fail a call whose result lacks what the output schema promises.
#[tokio::test]
async fn a_tool_with_an_output_schema_answers_with_a_structure() {
    for version in [LEGACY, MODERN] {
        let text = |text: &str| json!([{ "type": "text", "text": text }]);
        // The text is the structure.
        let got = called(version, r#"{"content":[{"type":"text","text":" {\"n\": 1.5}"}],"isError":false}"#).await;
        assert_eq!(
            got,
            json!({ "content": text(" {\"n\": 1.5}"), "isError": false, "structuredContent": { "n": 1.5 } })
        );
        // What fails has none, and what has one keeps it.
        let failed = called(version, r#"{"content":[{"type":"text","text":"{\"n\":1}"}],"isError":true}"#).await;
        assert_eq!(failed, json!({ "content": text("{\"n\":1}"), "isError": true }));
        let good = called(version, r#"{"content":[],"structuredContent":{"n":2}}"#).await;
        assert_eq!(good, json!({ "content": [], "structuredContent": { "n": 2 } }));
        // No text fits: the call is one that failed, and says why before all else.
        for unfit in [
            r#"{"content":[{"type":"text","text":"Итого 5"}]}"#,
            r#"{"content":[{"type":"text","text":"{\"m\":1}"}],"structuredContent":null}"#,
            r#"{"content":null,"isError":false}"#,
        ] {
            let got = called(version, unfit).await;
            assert_eq!(got["isError"], true, "{unfit}");
            let why = got["content"][0]["text"].as_str().unwrap();
            assert!(why.contains("output schema") && got.get("structuredContent").is_none(), "{got}");
            if unfit.contains("Итого") {
                assert_eq!(got["content"][1], text("Итого 5")[0]);
            }
        }
    }
}

/// What is left out is told once for each content of a list, not with each list.
#[tokio::test(flavor = "current_thread")]
async fn the_log_says_once_what_is_left_out() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _guard = lines::listen(subscriber);
    let client = service_fn(|call: http::Request<Bytes>| async move {
        let cursor = call.body().windows(8).any(|word| word == b"\"cursor\"");
        let more = if cursor { r#",{"name":"a"}"# } else { "" };
        let list = format!(r#"{{"result":{{"tools":[{{"name":"a"}},{{"name":"a\u202e"}},{{"name":"a"}}{more}]}}}}"#);
        Ok::<_, std::convert::Infallible>(http::Response::new(Bytes::from(list)))
    });
    let service = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
    let ask = async |params: &'static str| {
        let params = Params::parse(&Bytes::from_static(params.as_bytes())).unwrap();
        let request = Request::new(Method::ToolsList, params, LEGACY);
        service.clone().oneshot(request).await.unwrap().outcome.unwrap();
        log.lines()
    };
    for _ in 0..3 {
        assert_eq!(ask("{}").await, 1);
    }
    assert_eq!(ask(r#"{"cursor":"2"}"#).await, 3, "another list");
    assert!(log.text().contains("WARN") && log.text().contains("another one has its name"), "{}", log.text());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> usize {
        self.text().lines().filter(|line| line.contains("left out")).count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Values of all types, some of which are right somewhere.
fn odd() -> impl Strategy<Value = Value> {
    let leaf = select(vec![
        json!(null),
        json!(true),
        json!("true"),
        json!(0),
        json!(1.5),
        json!(-3),
        json!("5"),
        json!(""),
        json!(" "),
        json!("текст"),
        json!("a\u{202e}\u{0}b\r\n"),
        json!("§"),
        json!([]),
        json!({}),
        json!("user"),
        json!("system"),
        json!("text"),
        json!("image"),
        json!("blob"),
        json!("resource"),
        json!("Строка"),
        json!("object"),
        json!("array"),
        json!(PNG),
        json!("YQ=="),
        json!("u:1"),
        json!("u:2"),
        json!(["a", "a", null]),
        json!(["object", "null"]),
        json!({ "type": "Число" }),
        json!({ "text": null }),
        json!("["),
        json!("#"),
        json!("#/$defs/x"),
        json!("#/anyOf/0"),
        json!("#/items/0"),
        json!("#user"),
    ]);
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            members(KEYS, inner.boxed()).prop_map(Value::Object)
        ]
    })
}

const KEYS: &[&str] = &[
    "type",
    "text",
    "data",
    "blob",
    "mimeType",
    "resource",
    "annotations",
    "_meta",
    "role",
    "content",
    "title",
    "description",
    "name",
    "priority",
    "audience",
    "properties",
    "required",
    "items",
    "enum",
    "anyOf",
    "minimum",
    "$ref",
    "additionalProperties",
    "default",
    "$schema",
    "not",
    "x",
    "Номенклатура",
    "_confirmation",
];

const SCHEMA: &[&str] = &[
    "type",
    "title",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "anyOf",
    "allOf",
    "not",
    "if",
    "minimum",
    "multipleOf",
    "minLength",
    "pattern",
    "default",
    "additionalProperties",
    "$defs",
    "dependentRequired",
    "$schema",
    "prefixItems",
    "uniqueItems",
    "examples",
    "patternProperties",
    "dependencies",
    "definitions",
    "$comment",
    "$ref",
    "$anchor",
    "$id",
    "oneOf",
    "x",
    "Дата с",
    "_confirmation",
];

fn members(keys: &'static [&'static str], value: BoxedStrategy<Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((select(keys), value), 0..5)
        .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn tool_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![3 => odd(), 1 => members(SCHEMA, odd().boxed()).prop_map(Value::Object)];
    leaf.prop_recursive(3, 40, 6, |inner| members(SCHEMA, inner.boxed()).prop_map(Value::Object))
}

/// An object whose arguments may be called with a number, as it is written in 1C.
fn callable_schema() -> impl Strategy<Value = Value> {
    let names = select(vec!["Номенклатура", "Дата с", "x", "n.1-2", "_confirmation", "Склад\u{202e}", ""]);
    let kinds =
        select(vec![json!({ "type": "Число" }), json!({ "type": "integer", "description": null }), json!(null)]);
    let properties = proptest::collection::btree_map(names.clone(), kinds, 0..4);
    (properties, vec(names, 0..3)).prop_map(
        |(properties, required)| json!({ "type": "Структура", "properties": properties, "required": required }),
    )
}

/// Good addresses, or none at all: an odd one is a name that only 1C knows.
fn address() -> impl Strategy<Value = Value> {
    select(vec![json!("u:1"), json!("u:2"), json!(null), json!(""), json!({})])
}

fn listed() -> impl Strategy<Value = Value> {
    const KEYS: &[&str] =
        &["title", "description", "annotations", "execution", "icons", "_meta", "arguments", "mimeType", "size", "x"];
    let named = (
        members(KEYS, odd().boxed()),
        select(vec![json!("a"), json!("b"), json!(null), json!(5), json!("a\u{7}"), json!("Отчёт"), json!("1c.find")]),
    );
    let input = prop_oneof![3 => tool_schema().boxed(), 1 => callable_schema().boxed()];
    let item = (named, address(), input, tool_schema()).prop_map(|((mut item, name), uri, input, output)| {
        for (key, value) in [
            ("name", name),
            ("uri", uri.clone()),
            ("uriTemplate", uri),
            ("inputSchema", input),
            ("outputSchema", output),
        ] {
            item.insert(key.to_owned(), value);
        }
        Value::Object(item)
    });
    prop_oneof![8 => item, 1 => odd()]
}

/// The result of a method, nearly.
fn result() -> impl Strategy<Value = (&'static str, Value)> {
    const KEYS: &[&str] =
        &["_meta", "isError", "structuredContent", "nextCursor", "description", "ttlMs", "cacheScope", "x"];
    let subject = prop_oneof![4 => vec(listed(), 0..4).prop_map(Value::from), 4 => vec(odd(), 0..4).prop_map(Value::from), 1 => odd()];
    let method = select(vec![
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "prompts/list",
        "prompts/get",
        "completion/complete",
    ]);
    (method, subject, members(KEYS, odd().boxed())).prop_map(|(method, subject, mut result)| {
        result.insert(strict::subject(method).to_owned(), subject);
        (method, Value::Object(result))
    })
}

/// A 1C that answers everything with this result, the whole stack before it, and what it was called with.
struct Whole<S> {
    stack: S,
    called: Arc<Mutex<Vec<Value>>>,
    runtime: tokio::runtime::Runtime,
}

fn whole(result: String) -> Whole<impl Service<Request, Response = Response, Error = BoxError> + Clone> {
    let called = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&called);
    let client = service_fn(move |asked: http::Request<Bytes>| {
        let asked: Value = serde_json::from_slice(asked.body()).unwrap();
        if asked["method"] == "tools/call" {
            seen.lock().unwrap().push(asked["params"].clone());
        }
        let answer = http::Response::new(Bytes::from(format!("{{\"result\":{result}}}")));
        std::future::ready(Ok::<_, std::convert::Infallible>(answer))
    });
    let leaf = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
    let stack = Gateway::builder(leaf).without_authentication();
    let stack = stack.aliases(AliasLayer::new()).check(CheckLayer::new()).confirm(ConfirmLayer::new()).build();
    Whole { stack, called, runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap() }
}

impl<S: Service<Request, Response = Response, Error = BoxError> + Clone> Whole<S> {
    /// What a client gets, if it is a result.
    fn ask(&self, request: Request) -> Option<Value> {
        let answer = self.runtime.block_on(self.stack.clone().oneshot(request)).ok()?;
        serde_json::from_slice(answer.outcome.ok()?.json()).unwrap()
    }

    /// Calls each tool under the names that were shown: 1C gets its own, and never a consent. `mended` is what its
    /// list was before names were changed.
    fn calls(&self, version: Version, shown: &Value, mended: &Value) {
        let tools = |list: &Value| list["tools"].as_array().cloned().unwrap_or_default();
        for (shown, own) in tools(shown).into_iter().zip(tools(mended)) {
            let names = |tool: &Value| -> Vec<String> {
                tool["inputSchema"]["properties"].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect()
            };
            let mut given: Map<String, Value> = names(&shown).into_iter().map(|name| (name, json!(1))).collect();
            given.insert("_confirmation".to_owned(), json!(true));
            for arguments in [Value::Null, Value::Object(given)] {
                let params = json!({ "name": shown["name"], "arguments": arguments, "_meta": null });
                let params = Params::parse(&params.to_string().into()).unwrap();
                self.called.lock().unwrap().clear();
                self.ask(Request::new(Method::ToolsCall, params, version));
                // Whatever does not fit is refused before.
                let Some(got) = self.called.lock().unwrap().pop() else { continue };
                assert_eq!(got["name"], own["name"]);
                match arguments {
                    Value::Null => assert!(got.get("arguments").is_none_or(|got| *got == json!({})), "{got}"),
                    _ => {
                        let names: BTreeSet<_> =
                            names(&own).into_iter().filter(|name| *name != "_confirmation").collect();
                        let got: BTreeSet<_> = got["arguments"].as_object().unwrap().keys().cloned().collect();
                        assert_eq!(got, names, "{own}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    /// Either the answer is told to be none, or what comes out is right, and stays so.
    #[test]
    fn whatever_comes_in((method, result) in result(), modern in any::<bool>()) {
        let version = if modern { MODERN } else { LEGACY };
        let text = result.to_string().replace('§', "\\ud800");
        let body = |json: &[u8]| Bytes::from([b"{\"result\":", json, b"}"].concat());
        if let Ok(outcome) = decode(body(text.as_bytes()), &request(version, method)) {
            let payload = outcome.unwrap();
            let value: Value = serde_json::from_slice(payload.json()).unwrap();
            strict::check(version, method, value.clone());
            let again = decode(body(payload.json()), &request(version, method)).unwrap().unwrap();
            prop_assert_eq!(again.json(), payload.json(), "mended twice");
            let whole = whole(text);
            if let Some(shown) = whole.ask(request(version, method)) {
                strict::check_shown(version, method, &shown);
                if method == "tools/list" {
                    whole.calls(version, &shown, &value);
                }
            }
        }
    }
}
