//! Guarded values in the input schemas of listed tools.

use crate::fixtures::scoped::{guard, listed, onec, value};
use onec_mcp::rpc::Method;
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tower::Layer;

fn sales_tool(schema: &str) -> String {
    format!(r#"{{"tools":[{{"name":"sales","title":"\u0412" , "inputSchema" : {schema},"annotations":{{}}}}]}}"#)
}

fn guarded() -> ScopePolicy {
    ScopePolicy::everything("mcp").guard(guard("measures", &["cost", "Прибыль"], "cost")).guard(guard(
        "sort.field",
        &["cost", "Прибыль"],
        "cost",
    ))
}

async fn shown(schema: &str, scopes: &str) -> String {
    let service = ScopeLayer::new(guarded()).layer(onec(&sales_tool(schema)).0);
    let list = listed(&service, Method::ToolsList, scopes).await;
    let text = std::str::from_utf8(list.json()).unwrap();
    let schema = text.strip_prefix(r#"{"tools":[{"name":"sales","title":"\u0412" , "inputSchema" : "#).expect(text);
    schema.strip_suffix(r#","annotations":{}}]}"#).expect(text).to_owned()
}

#[tokio::test]
async fn guarded_values_vanish_from_schemas() {
    for (whole, rest) in [
        // Without the values nothing changes, white space neither.
        (r#"{ "properties" : {"measures":{"enum":["amount"]},"by":{"const":"cost"}}}"#, None),
        (r#"{ "description": "cost", "properties" : {}}"#, None),
        (
            r#"{"type":"object","properties":{"z":{"enum":["cost"]},"measures":{"type":"array","items":{"enum":["amount","cost","прибыль ",1.0]},"default":["amount","cost"],"examples":[["cost"],["amount"]]}},"required":["measures"]}"#,
            Some(
                r#"{"type":"object","properties":{"z":{"enum":["cost"]},"measures":{"type":"array","items":{"enum":["amount",1.0]},"default":["amount"],"examples":[["amount"]]}},"required":["measures"]}"#,
            ),
        ),
        (
            r#"{"properties":{"measures":{"enum":["amount","cost"],"enumNames":["Sum","Costs"],"default":"cost"}}}"#,
            Some(r#"{"properties":{"measures":{"enum":["amount"],"enumNames":["Sum"]}}}"#),
        ),
        (
            r#"{"properties":{"sort":{"items":{"properties":{"field":{"enum":["qty","c\u006fst"]},"dir":{"enum":["asc"]}}}}}}"#,
            Some(
                r#"{"properties":{"sort":{"items":{"properties":{"field":{"enum":["qty"]},"dir":{"enum":["asc"]}}}}}}"#,
            ),
        ),
        (
            r#"{"properties":{"measures":{"anyOf":[{"const":"cost","title":"x"},{"oneOf":[{"const":"cost"},{"const":"qty"}]},{"enum":["cost"]}]}}}"#,
            Some(r#"{"properties":{"measures":{"anyOf":[{"oneOf":[{"const":"qty"}]}]}}}"#),
        ),
        // Where nothing is left there is no such argument.
        (
            r#"{"properties":{"measures":{"items":{"enum":["cost"]}},"top":{}},"required":["top","measures"]}"#,
            Some(r#"{"properties":{"top":{}},"required":["top"]}"#),
        ),
        (
            r#"{"properties":{"sort":{"items":{"properties":{"field":{"enum":["cost"]},"dir":{}},"required":["field"]}},"top":{}}}"#,
            Some(r#"{"properties":{"top":{}}}"#),
        ),
        (r#"{"properties":{"measures":{"allOf":[{"enum":["cost"]}]}}}"#, Some(r#"{"properties":{}}"#)),
        // As keys.
        (
            r#"{"properties":{"measures":{"properties":{"cost":{"type":"boolean"},"qty":{}},"required":["qty"]}}}"#,
            Some(r#"{"properties":{"measures":{"properties":{"qty":{}},"required":["qty"]}}}"#),
        ),
        // Through references.
        (
            r##"{"properties":{"measures":{"items":{"$ref":"#/$defs/m"}}},"$defs":{"m":{"$ref":"#/$defs/n"},"n":{"enum":["qty","cost"]},"o":{"enum":["cost"]}}}"##,
            Some(
                r##"{"properties":{"measures":{"items":{"$ref":"#/$defs/m"}}},"$defs":{"m":{"$ref":"#/$defs/n"},"n":{"enum":["qty"]},"o":{"enum":["cost"]}}}"##,
            ),
        ),
        (
            r##"{"properties":{"measures":{"items":{"$ref":"#/definitions/m"}}},"definitions":{"m":{"enum":["cost"]}}}"##,
            Some(r##"{"properties":{},"definitions":{"m":{"not":{}}}}"##),
        ),
        (
            r##"{"allOf":[{"$ref":"#/$defs/base"}],"$defs":{"base":{"properties":{"measures":{"enum":["cost","qty"]}}}}}"##,
            Some(
                r##"{"allOf":[{"$ref":"#/$defs/base"}],"$defs":{"base":{"properties":{"measures":{"enum":["qty"]}}}}}"##,
            ),
        ),
        (
            r##"{"properties":{"measures":{"$ref":"#/properties/by"},"by":{"enum":["qty","cost"]}}}"##,
            Some(r##"{"properties":{"measures":{"$ref":"#/properties/by"},"by":{"enum":["qty"]}}}"##),
        ),
        // Wherever the arguments are described.
        (
            r#"{"allOf":[{"if":{"properties":{"measures":{"const":"cost"},"by":{"const":"cost"}}}}],"examples":[{"measures":"cost"},{"by":"cost"}],"default":{"sort":[{"field":"cost"}]}}"#,
            Some(r#"{"allOf":[{"if":{"properties":{"by":{"const":"cost"}}}}],"examples":[{"by":"cost"}]}"#),
        ),
    ] {
        assert_eq!(shown(whole, "mcp").await, rest.unwrap_or(whole));
        assert_eq!(shown(whole, "mcp cost").await, whole);
    }
}

/// Nothing can be hidden in what cannot be read.
#[tokio::test]
async fn a_guarded_tool_with_an_unreadable_schema_is_not_shown() {
    let service = ScopeLayer::new(guarded()).layer(onec(&sales_tool(r#"{"\ud800":1}"#)).0);
    assert_eq!(value(&listed(&service, Method::ToolsList, "mcp").await), json!({ "tools": [] }));
    assert_eq!(listed(&service, Method::ToolsList, "mcp cost").await.json(), &sales_tool(r#"{"\ud800":1}"#));
}

proptest! {
    /// No value of the guarded argument is left in any schema, and the privileged see all of it.
    #[test]
    fn no_guarded_value_is_left(measures in schema(), by in schema()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whole = json!({ "type": "object", "properties": { "by": by, "measures": measures } });
        let rest: Value = serde_json::from_str(&runtime.block_on(shown(&whole.to_string(), "mcp"))).unwrap();
        prop_assert_eq!(&rest["properties"]["by"], &whole["properties"]["by"]);
        prop_assert!(!values(&rest["properties"]["measures"]).contains(&"cost".to_owned()), "{rest}");
        let same: Value = serde_json::from_str(&runtime.block_on(shown(&whole.to_string(), "mcp cost"))).unwrap();
        prop_assert_eq!(same, whole);
    }
}

fn schema() -> impl Strategy<Value = Value> {
    let word = select(vec!["cost", "qty", "amount"]);
    let leaf = prop_oneof![
        proptest::collection::vec(word.clone(), 1..3).prop_map(|values| json!({ "enum": values })),
        word.clone().prop_map(|value| json!({ "const": value })),
        word.prop_map(|value| json!({ "type": "string", "default": value, "examples": [value, "x"] })),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items, "default": ["cost", "qty"] })),
            (select(vec!["anyOf", "oneOf", "allOf", "prefixItems"]), several)
                .prop_map(|(keyword, schemas)| json!({ keyword: schemas })),
            (select(vec!["field", "cost", "dir"]), inner.clone(), any::<bool>()).prop_map(
                |(name, property, needed)| {
                    json!({ "properties": { name: property }, "required": if needed { vec![name] } else { vec![] } })
                }
            ),
            (select(vec!["not", "if", "then", "additionalProperties", "contains", "propertyNames"]), inner)
                .prop_map(|(keyword, schema)| json!({ keyword: schema })),
        ]
    })
}

/// All strings that a schema offers, wherever in it.
fn values(schema: &Value) -> Vec<String> {
    match schema {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(values).collect(),
        Value::Object(members) => {
            members.iter().flat_map(|(key, value)| [vec![key.clone()], values(value)].concat()).collect()
        }
        _ => Vec::new(),
    }
}
