//! Who calls is what the gateway found out. Nothing that a client sends says it in its place: no
//! header, no metadata, no argument.

use crate::fixtures::callers::{Lab, Over, somebody};
use crate::support::mcp::MODERN;
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};

const WAYS: [Over; 6] = [
    Over::Http("2025-11-25"),
    Over::Http("2025-03-26"),
    Over::Http(MODERN),
    Over::Sse,
    Over::Stdio("2025-11-25"),
    Over::Stdio(MODERN),
];
/// Twice each, as a proxy may leave them.
const HEADERS: [(&str, &str); 8] = [
    ("x-mcp-sub", "director"),
    ("x-mcp-sub", "smuggled"),
    ("x-mcp-scopes", "smuggled,mcp:report:cost"),
    ("x-mcp-scopes", ""),
    ("x_mcp_sub", "smuggled"),
    ("mcp-param-x-mcp-sub", "smuggled"),
    ("x-tenant", "smuggled"),
    ("forwarded", "for=smuggled"),
];

fn meta() -> Value {
    json!({ "X-MCP-Sub": "smuggled", "x-mcp-scopes": "smuggled", "headers": { "X-MCP-Scopes": "smuggled" } })
}

fn smuggling(mut value: Value) -> Value {
    for name in ["X-MCP-Sub", "X-MCP-Scopes", "x-mcp-sub", "x-mcp-scopes", "headers", "extensions"] {
        value[name] = json!("smuggled");
    }
    value
}

/// Exactly what the gateway knows reaches 1C, in both dialects, in lists and calls.
#[tokio::test]
async fn nothing_that_a_client_sends_gets_there() {
    let lab = Lab::with(None).await;
    let scopes = "mcp mcp:resolve";
    for over in WAYS {
        for (method, params) in [
            ("tools/list", json!({})),
            ("tools/call", json!({ "name": "whoami" })),
            ("tools/call", json!({ "name": "resolve_warehouse", "arguments": { "query": "а" } })),
            ("prompts/list", json!({})),
        ] {
            let (sub, told) = somebody();
            let who = Identity::new(&*sub, Scopes::parse(scopes));
            let heard = lab.ask_with(over, Some(&who), method, smuggling(params), &meta(), &HEADERS).await;
            assert!(heard.is_good(), "{over:?} {method}: {heard:?}");
            let asked = lab.asked(Some(&told));
            assert!(!asked.is_empty(), "{over:?} {method}");
            for asked in asked {
                assert_eq!((asked.sub.len(), &*asked.scopes), (1, &["mcp,mcp:resolve".to_owned()][..]), "{asked:?}");
                assert!(!asked.text.contains("smuggled"), "{over:?} {method}: {asked:?}");
            }
        }
    }
    assert!(lab.asked(Some("director")).is_empty() && lab.asked(Some("smuggled")).is_empty());
    assert!(lab.asked(None).is_empty());
}

/// They open nothing either.
#[tokio::test]
async fn claims_do_not_count() {
    let lab = Lab::with(None).await;
    for over in WAYS {
        let (sub, told) = somebody();
        let who = Identity::new(&*sub, Scopes::parse("mcp:resolve"));
        let headers = [("x-mcp-scopes", "mcp,mcp:report:money"), ("x-mcp-sub", "director")];
        for name in ["cash_balance", "whoami"] {
            let params = json!({ "name": name, "arguments": {} });
            let heard = lab.ask_with(over, Some(&who), "tools/call", params, &meta(), &headers).await;
            assert!(!heard.is_good() && heard.refused(over).contains("mcp"), "{heard:?}");
        }
        let list = lab.ask_with(over, Some(&who), "tools/list", json!({}), &meta(), &headers).await;
        assert_eq!(list.result()["tools"].as_array().unwrap().len(), 4, "{over:?}");
        assert!(lab.called(Some(&told)).is_empty());
    }
}

/// Arguments of the catalog that nobody knows are refused; those of 1C's own tools are its affair, and
/// arguments.
#[tokio::test]
async fn arguments_stay_arguments() {
    let lab = Lab::with(None).await;
    for over in WAYS {
        let (sub, told) = somebody();
        let who = Identity::new(&*sub, Scopes::parse("mcp mcp:resolve"));
        let call = async |name: &str, arguments: Value| {
            let params = json!({ "name": name, "arguments": arguments });
            lab.ask_with(over, Some(&who), "tools/call", params, &json!({}), &[]).await
        };
        let refused = call("resolve_warehouse", json!({ "query": "а", "X-MCP-Scopes": "smuggled" })).await;
        assert!(!refused.is_good() && lab.called(Some(&told)).is_empty(), "{refused:?}");
        let own = call("whoami", json!({ "x_mcp_scopes": "smuggled", "x_mcp_sub": "smuggled" })).await;
        assert!(own.is_good() && !own.json.to_string().contains("smuggled"), "{own:?}");
        let asked = lab.called(Some(&told));
        assert_eq!(asked.len(), 1, "{over:?}");
        assert_eq!(asked[0].body["params"]["arguments"]["x_mcp_sub"], "smuggled");
        let (headers, _) = asked[0].text.split_once("} ").unwrap();
        assert!(!headers.contains("smuggled"), "{headers}");
    }
}

/// Where nobody is asked who they are, 1C is told nothing: then it allows everything, and a header of a
/// client would be the only one.
#[tokio::test]
async fn without_authentication_nothing_is_told() {
    let lab = Lab::open().await;
    for over in WAYS.into_iter().filter(|over| *over != Over::Sse) {
        for name in ["whoami", "cash_balance"] {
            let before = lab.asked(None).len();
            let params = json!({ "name": name, "arguments": {} });
            let heard = lab.ask_with(over, None, "tools/call", params, &meta(), &HEADERS).await;
            assert!(heard.is_good() && !heard.json.to_string().contains("smuggled"), "{over:?}: {heard:?}");
            let asked = lab.asked(None);
            assert!(asked.len() > before, "{over:?}");
            assert!(asked.iter().all(|asked| asked.scopes.is_empty() && !asked.text.contains("smuggled")), "{asked:?}");
        }
        let list = lab.ask_with(over, None, "tools/list", json!({}), &meta(), &HEADERS).await;
        assert_eq!(list.result()["tools"].as_array().unwrap().len(), 19 + 7, "{over:?}");
    }
    assert_eq!(lab.infobase.requests().len(), lab.asked(None).len());
}
