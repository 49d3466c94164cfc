//! The catalog files of `examples/catalogs`, and those in the documentation, are catalogs.

use onec_mcp::catalog::{Limits, Tools};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const ID: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(origin: &str, text: &str) -> Tools {
    let value: Value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{origin}: {error}"));
    Tools::read(&value, origin, Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn example(name: &str) -> Tools {
    let path = root("examples/catalogs").join(name);
    read(name, &std::fs::read_to_string(path).unwrap())
}

fn body(tools: &Tools, tool: &str, arguments: &Value) -> Result<Value, String> {
    let call = tools.get(tool).unwrap().prepare(Some(arguments.to_string().as_bytes()));
    call.map(|call| serde_json::from_slice(&call.body).unwrap()).map_err(|unfit| unfit.to_string())
}

#[test]
fn every_example_is_a_catalog() {
    let names: Vec<_> =
        std::fs::read_dir(root("examples/catalogs")).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(names.len() >= 2, "{names:?}");
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(example(name).notes(), [""; 0], "{name}: something in it may be a mistake");
        for tool in example(name).iter() {
            assert!(tool.description().len() > 60, "{name}: {} is told in a few words only", tool.name());
            assert!(tool.rest().is_some(), "{name}: {}", tool.name());
        }
    }
}

#[test]
fn payroll_and_staff() {
    let tools = example("zup.yaml");
    let names: Vec<_> = tools.iter().map(|tool| tool.name()).collect();
    let expected =
        ["resolve_employee", "resolve_department", "headcount_report", "vacation_balance", "timesheet_report"];
    assert_eq!(names, expected);
    assert_eq!(tools.scopes().to_string(), "hr:pay hr:read hr:timesheet");
    let headcount = json!({ "filters": { "department_ids": ID }, "measures": ["headcount", "payroll"] });
    let sent = json!({ "filters": { "department_ids": [ID] }, "group_by": ["department"],
        "measures": ["headcount", "payroll"], "top": 200 });
    assert_eq!(body(&tools, "headcount_report", &headcount), Ok(sent));
    let sorted = json!({ "sort": [{ "field": "payroll" }] });
    assert!(body(&tools, "headcount_report", &sorted).unwrap_err().contains("headcount"));
    let backwards = json!({ "period": { "from": "2026-09-30", "to": "2026-09-01" } });
    assert!(body(&tools, "timesheet_report", &backwards).unwrap_err().contains("period"));
    assert!(body(&tools, "vacation_balance", &json!({ "filters": { "firm_ids": [ID] } })).is_err());
}

#[test]
fn the_built_in_catalog_changed() {
    let (own, trade) = (example("trade-own.yaml"), Tools::trade(Limits::default()).unwrap());
    assert_eq!(own.iter().count(), trade.iter().count() - 3 + 1);
    for gone in ["event_log", "object_history", "find_document"] {
        assert!(trade.get(gone).is_some() && own.get(gone).is_none(), "{gone}");
    }
    let shop = own.get("resolve_warehouse").unwrap().prepare(Some(br#"{"query":"x","limit":99}"#)).unwrap();
    assert_eq!((&*shop.path, &shop.body[..]), ("resolve/shop", &br#"{"limit":10,"query":"x"}"#[..]));
    assert!(body(&own, "order_status", &json!({})).unwrap_err().contains("number"));
    let both = json!({ "number": "1", "customer_id": ID });
    assert!(body(&own, "order_status", &both).is_err());
    let one = json!({ "number": "1", "top": 1000 });
    assert_eq!(body(&own, "order_status", &one), Ok(json!({ "number": "1", "states": ["open"], "top": 200 })));
}

/// What stands between the fences of `language` in a document.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&*fence).skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect()
}

#[test]
fn catalogs_of_the_documentation() {
    for name in ["README.md", "README.ru.md", "docs/catalog.md", "docs/catalog.ru.md"] {
        let text = std::fs::read_to_string(root(name)).unwrap();
        let catalogs: Vec<_> =
            blocks(&text, "yaml").into_iter().filter(|block| block.lines().any(|line| line == "tools:")).collect();
        assert!(!catalogs.is_empty(), "{name}");
        for block in catalogs {
            assert!(read(name, block).iter().count() > 0);
        }
        if name.starts_with("README") {
            continue;
        }
        for key in [
            "name",
            "title",
            "description",
            "scope",
            "path",
            "input_schema",
            "output_schema",
            "slow",
            "cache_seconds",
            "clamp",
            "guarded",
            "within",
            "one_of",
            "order",
            "rest",
            "annotations",
            "drop",
        ] {
            assert!(text.contains(&format!("| `{key}` |")), "{name} does not tell of {key}");
        }
    }
}
