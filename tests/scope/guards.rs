//! Guarded values in calls: refused however they are written, and nothing else is.

use crate::fixtures::scoped::{self, guard, missing, sales};
use crate::support::scope_invariants as invariants;
use onec_mcp::scope::{Guard, ScopePolicy};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn policy() -> ScopePolicy {
    ScopePolicy::everything("mcp")
        .tool("sales", "report")
        .guard(guard("measures", &["cost", "Маржа", "cost, net"], "report:cost"))
        .guard(guard("sort.field", &["cost"], "report:cost report:sort"))
}

async fn lacking(arguments: &str, scopes: &str) -> Option<String> {
    missing(&policy(), sales(arguments, scopes)).await
}

#[tokio::test]
async fn values_are_refused_however_they_are_written() {
    for arguments in [
        r#"{"measures":["cost"]}"#,
        r#"{"measures":"cost"}"#,
        r#"{"measures":["amount"," COST\n"]}"#,
        r#"{"measures":["\u0063\u006f\u0073\u0074"]}"#,
        r#"{"m\u0065asures":["cost"]}"#,
        r#"{"measures":["amount"],"measures":["cost"]}"#,
        r#"{"measures":["cost"],"measures":["amount"]}"#,
        r#"{"measures":"[\"cost\"]"}"#,
        r#"{"measures":"[\"\\u0063ost\"]"}"#,
        r#"{"measures":"\"[\\\"c\\\\u006fst\\\"]\""}"#,
        r#"{"measures":"amount, cost"}"#,
        r#"{"measures":"amount;cost"}"#,
        r#"{"measures":"['cost']"}"#,
        r#"{"measures":"amount|cost"}"#,
        r#"{"measures":"-cost"}"#,
        r#"{"measures":"amount, cost  DESC"}"#,
        r#"{"measures":["cost:asc"]}"#,
        r#"{"measures":"amount, Маржа Убыв"}"#,
        r#"{"measures":{"cost":true}}"#,
        r#"{"measures":[[{"x":["cost"]}]]}"#,
        r#"{"measures":["мАРЖА"]}"#,
        r#"{"measures":["cost, net"]}"#,
        r#"{"measures":"[\"Cost, net\"]"}"#,
        r#"{" Measures ":["cost"]}"#,
        r#"{"measures[]":"cost"}"#,
        r#"{"measures.0":"cost"}"#,
        r#""{\"measures\":[\"cost\"]}""#,
        r#" "\"{\\\"measures\\\":\\\"cost\\\"}\"" "#.trim(),
        r#"{"measures":["\ud800","cost"]}"#,
        "{\"measures\":[\"\u{feff}cost\"]}",
        // Other forms of the same letters, and letters that are the same in upper case only.
        r#"{"measures":["ｃｏｓｔ"]}"#,
        r#"{"measures":["𝐜𝐨𝐬𝐭"]}"#,
        r#"{"measures":["co\u017ft"]}"#,
        r#"{"measures":"[\"\\uff23ost\"]"}"#,
        r#"{"measures":"amount，ＣＯＳＴ　ＤＥＳＣ"}"#,
        r#"{"ｍｅａｓｕｒｅｓ":["cost"]}"#,
        r#"{"mea\u017fures":["cost"]}"#,
        r#"{"measures":{"ⓒⓞⓢⓣ":true}}"#,
    ] {
        let needed = Some("report report:cost".to_owned());
        assert_eq!(lacking(arguments, "report").await, needed, "{arguments}");
        // All that is needed, not what is missing alone.
        assert_eq!(lacking(arguments, "report:cost").await, needed, "{arguments}");
        assert_eq!(lacking(arguments, "").await, needed, "{arguments}");
        assert_eq!(lacking(arguments, "report report:cost").await, None, "{arguments}");
    }
}

/// All of what cannot be taken apart counts, for each guard.
#[tokio::test]
async fn arguments_that_are_no_readable_object_count_as_a_whole() {
    for arguments in [
        r#"[{"by":["cost"]}]"#,
        r#""cost""#,
        r#""by, cost""#,
        r#"{"\ud800":1,"measures":["cost"]}"#,
        r#""{\"by\":\"\\ud800\",\"\\ud800\":\"cost\"}""#,
        r#""{\"by\":\"cost\"""#,
    ] {
        let needed = lacking(arguments, "report").await;
        assert_eq!(needed.as_deref(), Some("report report:cost report:sort"), "{arguments}");
    }
}

#[tokio::test]
async fn other_arguments_pass() {
    for arguments in [
        "{}",
        "null",
        "7",
        r#"{"measures":["amount"]}"#,
        r#"{"measures":["costs","total cost","cost_center","co st","amount"]}"#,
        r#"{"measures":[]}"#,
        r#"{"measures":null}"#,
        r#"{"measures":"C:\\new\\table"}"#,
        r#"{"by":["cost"],"filters":{"measures":"cost"}}"#,
        r#"{"measures_of":["cost"],"sorting":"cost"}"#,
        r#"{"sort":[{"field":"amount","dir":"desc"}]}"#,
    ] {
        assert_eq!(lacking(arguments, "report").await, None, "{arguments}");
    }
    let call = r#"{"name":"sales"}"#;
    let request = scoped::request(onec_mcp::rpc::Method::ToolsCall, call, "report");
    assert_eq!(missing(&policy(), request).await, None);
}

/// The refusal names what is needed for all that the call names, so that nobody asks twice.
#[tokio::test]
async fn all_scopes_are_named_at_once() {
    let sort = r#"{"sort":[{"field":"cost","dir":"desc"}]}"#;
    assert_eq!(lacking(sort, "report").await.as_deref(), Some("report report:cost report:sort"));
    assert_eq!(lacking(sort, "report report:cost").await.as_deref(), Some("report report:cost report:sort"));
    assert_eq!(lacking(sort, "report report:cost report:sort").await, None);
    let both = r#"{"measures":["cost"],"sort":"{\"field\":\"cost\"}"}"#;
    assert_eq!(lacking(both, "").await.as_deref(), Some("report report:cost report:sort"));
}

/// Other tools may call their arguments as they like.
#[tokio::test]
async fn a_guard_is_for_its_tool_alone() {
    let other = r#"{"name":"sales_2","arguments":{"measures":["cost"]}}"#;
    let request = scoped::request(onec_mcp::rpc::Method::ToolsCall, other, "mcp");
    assert_eq!(missing(&policy(), request).await, None);
    // An empty value guards nothing, and a guard without a scope nothing either.
    let policy = ScopePolicy::everything("mcp")
        .guard(guard("measures", &["", " "], "never"))
        .guard(guard("measures", &["cost"], ""))
        .guard(Guard::new("sales", "", ["x"], "x"));
    assert_eq!(missing(&policy, sales(r#"{"measures":["","cost"]}"#, "mcp")).await, None);
    assert_eq!(missing(&policy, sales(r#"{"anything":["x"]}"#, "mcp")).await.as_deref(), Some("mcp x"));
}

/// Text in text in text: the time it takes is bounded, and what is too deep to look into is refused.
#[tokio::test]
async fn deep_text_is_refused() {
    let mut text = "[\"amount\"]".to_owned();
    for _ in 0..10 {
        text = Value::from(text).to_string();
    }
    assert_eq!(lacking(&format!(r#"{{"measures":{text}}}"#), "report").await, None);
    let slashes = format!(r#"{{"measures":"{}"}}"#, "\\".repeat(1 << 20));
    assert_eq!(lacking(&slashes, "report").await.as_deref(), Some("report report:cost"));
    // As much as a body may hold, to be looked at once.
    let long = format!(r#"{{"measures":"{}"}}"#, "x".repeat(4 << 20));
    assert_eq!(lacking(&long, "report").await, None);
    // The same, to be looked at on each of twelve levels.
    let long = format!(r#"{{"measures":"{}{}"}}"#, "\\".repeat(1 << 12), "x".repeat(4 << 20));
    assert_eq!(lacking(&long, "report").await.as_deref(), Some("report report:cost"));
}

/// The form of a character that is as wide as an ideograph.
fn wide(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).unwrap()
}

/// Ways to write a value that a mending layer might take for it.
fn disguised() -> impl Strategy<Value = Value> {
    let values = select(invariants::VALUES.to_vec());
    let case = (values, 0..6_u8).prop_map(|(value, case)| match case {
        0 => value.to_owned(),
        1 => value.to_uppercase(),
        2 => format!(" {value}\t"),
        3 => value.replace('s', "\u{17f}"),
        4 => value.chars().map(|c| if c.is_ascii_graphic() { wide(c) } else { c }).collect(),
        _ => value.to_lowercase(),
    });
    let leaf = case.prop_map(Value::from);
    let noise = || {
        prop_oneof![
            any::<i32>().prop_map(Value::from),
            r#"[a-z"\\\[\],/ \n]{0,6}"#.prop_map(Value::from),
            Just(Value::Null)
        ]
    };
    leaf.prop_recursive(6, 12, 2, move |inner| {
        prop_oneof![
            inner.clone().prop_map(|value| Value::from(value.to_string())),
            (inner.clone(), noise(), any::<bool>()).prop_map(|(value, noise, first)| if first {
                json!([value, noise])
            } else {
                json!([noise, value])
            }),
            (inner.clone(), noise()).prop_map(|(value, noise)| json!({ "field": value, "x\\\"": noise })),
            inner.prop_map(|value| match value {
                Value::String(key) => json!({ key: true }),
                other => json!([other]),
            }),
        ]
    })
}

/// JSON text with some characters of its strings escaped.
fn escaped(json: &str, mask: u64) -> String {
    let mut previous = ' ';
    let mut at = 0;
    let mut out = String::new();
    for letter in json.chars() {
        at = (at + 1) % 64;
        if letter.is_alphabetic() && previous != '\\' && mask >> at & 1 == 1 && !"truefalsn".contains(letter) {
            out.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
        previous = if previous == '\\' { ' ' } else { letter };
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_disguise_slips_through(
        value in disguised(),
        key in select(vec!["measures", "Measures", " measures"]),
        whole in any::<bool>(),
        mask in any::<u64>(),
    ) {
        let arguments = json!({ "top": 5, key: value });
        let arguments = if whole { Value::from(arguments.to_string()) } else { arguments };
        let text = escaped(&arguments.to_string(), mask);
        prop_assume!(serde_json::from_str::<Value>(&text).is_ok());
        prop_assert!(invariants::refused(text.as_bytes()).is_some(), "{text}");
        invariants::guards(text.as_bytes());
    }

    #[test]
    fn any_arguments(text in r#"\{("measures"|"m\\u0065asures"|"x"):("|\[|\{|\\"|\\\\"|cost|:|,|\]|\}|"cost"|\\u0063ost| ){0,12}\}"#) {
        invariants::guards(text.as_bytes());
    }

    #[test]
    fn any_depth(depth in 120..130_usize, open in select(vec!["[", "{\"x\":"])) {
        let close = if open == "[" { "]" } else { "}" };
        let text = format!(r#"{{"measures":{}"cost"{}}}"#, open.repeat(depth), close.repeat(depth));
        invariants::guards(text.as_bytes());
    }

    #[test]
    fn any_bytes(bytes in any::<Vec<u8>>()) {
        invariants::guards(&bytes);
    }

    /// What is allowed is not refused because of what it looks like.
    #[test]
    fn allowed_values_pass(values in proptest::collection::vec(select(vec!["amount", "qty", "costs", "Сумма", "avg_cost", "total cost"]), 0..5)) {
        let arguments = json!({ "measures": values, "sort": [{ "field": "cost" }], "by": "cost" });
        prop_assert_eq!(invariants::refused(arguments.to_string().as_bytes()), None);
        let text = json!({ "measures": Value::from(values).to_string() });
        prop_assert_eq!(invariants::refused(text.to_string().as_bytes()), None);
    }
}
