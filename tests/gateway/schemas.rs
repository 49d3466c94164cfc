//! Everything that the gateway emits is what the official JSON Schemas of MCP say: a walk through the whole of it, by
//! every transport and in both eras.

use crate::fixtures::walk::{hello, walk};
use crate::fixtures::wire::{Wire, send};
use crate::support::fault::{Faulty, result};
use crate::support::gateway::Gateway;
use crate::support::mcp::{self, MODERN, modern, post, schema};
use crate::support::trade::TABLE;
use serde_json::{Value, json};
use tokio::process::Child;

const NEWEST_LEGACY: &str = "2025-11-25";
const NO_SCHEMAS: &str = "ONEC_MCP_SCHEMAS names no folder with the schemas";
const DEMO: [&str; 3] = ["--demo", "--catalog", "trade"];

/// A gateway whose log is read: nobody else would, and a full pipe stops it. It ends with the first of these.
async fn start(args: &[&str]) -> (Child, String) {
    let Gateway { child, address, mut log } = Gateway::start(args).await;
    tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    (child, address)
}

/// All in one test: what it has checked is counted at its end.
/// MCP 2025-11-25 and MCP 2026-07-28, "Tool Names".
#[tokio::test]
#[ignore = "needs the schemas of MCP: ONEC_MCP_SCHEMAS"]
async fn everything_that_the_gateway_emits_is_valid() {
    assert!(schema::is_on(), "{NO_SCHEMAS}");
    let (_gateway, address) = start(&DEMO).await;
    let address = &*address;
    tokio::join!(
        walk(Wire::http(address, MODERN)),
        walk(Wire::http(address, NEWEST_LEGACY)),
        walk(Wire::stdio(&DEMO, MODERN)),
        walk(Wire::stdio(&DEMO, NEWEST_LEGACY)),
        async { walk(Wire::sse(address).await).await },
        slow_calls(),
        refusals(address),
    );
    questions_and_log_messages().await;
    enough();
}

#[test]
#[ignore = "needs the schemas of MCP: ONEC_MCP_SCHEMAS"]
fn what_is_wrong_is_noticed() {
    assert!(schema::is_on(), "{NO_SCHEMAS}");
    let request = |method: &str| mcp::legacy(1, method, &json!({}));
    let result = |result: Value| json!({ "jsonrpc": "2.0", "id": 1, "result": result });
    let hears = |revision, asked: String, message: Value| {
        let talk = schema::Talk::of(Some(revision));
        talk.says(asked.as_bytes());
        std::panic::catch_unwind(|| talk.hears(&message)).is_ok()
    };
    let tool = json!({ "name": "a", "inputSchema": { "type": "object" } });
    assert!(hears(NEWEST_LEGACY, request("tools/list"), result(json!({ "tools": [tool] }))));
    for (revision, method, message) in [
        (NEWEST_LEGACY, "tools/list", result(json!({ "tools": [{ "name": "a" }] }))),
        (NEWEST_LEGACY, "tools/list", result(json!({ "tools": [], "resultType": "complete" }))),
        (NEWEST_LEGACY, "tools/call", result(json!({ "tools": [] }))),
        (NEWEST_LEGACY, "ping", json!({ "jsonrpc": "2.0", "id": null, "error": { "code": 1, "message": "" } })),
        (NEWEST_LEGACY, "ping", json!({ "jsonrpc": "2.0", "method": "no/such" })),
        (MODERN, "tools/list", result(json!({ "tools": [] }))),
        (MODERN, "tools/list", json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32022, "message": "" } })),
    ] {
        assert!(!hears(revision, request(method), message.clone()), "{revision} {method}: {message}");
    }
}

/// How many messages of each definition there were, at least.
fn enough() {
    let checked = schema::checked();
    // 19 tools with good arguments twice and with bad ones twice, and the tools of the extension.
    let calls = TABLE.len() * 4 + 6;
    for (revision, times) in [(MODERN, 2), (NEWEST_LEGACY, 2), ("2024-11-05", 1)] {
        let mut expected = vec![
            ("CallToolResult", calls),
            ("ListToolsResult", 1),
            ("ListResourcesResult", 1),
            ("ListResourceTemplatesResult", 1),
            ("ReadResourceResult", 4),
            ("ListPromptsResult", 1),
            ("GetPromptResult", 3),
            ("CompleteResult", 1),
            ("ProgressNotification", 1),
        ];
        if revision == MODERN {
            expected.extend([("DiscoverResult", 1), ("SubscriptionsAcknowledgedNotification", 1)]);
            expected.extend([("MethodNotFoundError", 2), ("InvalidParamsError", 3)]);
        } else {
            expected.extend([("InitializeResult", 1), ("EmptyResult", 4)]);
            expected.push((if revision == NEWEST_LEGACY { "JSONRPCErrorResponse" } else { "JSONRPCError" }, 4));
        }
        for (definition, each) in expected {
            let found = checked.get(&format!("{revision} {definition}")).copied().unwrap_or(0);
            assert!(found >= each * times, "{found} {definition} of {revision}, expected {}", each * times);
        }
    }
    for rare in [
        "2025-11-25 ElicitRequest",
        "2025-11-25 LoggingMessageNotification",
        "2026-07-28 LoggingMessageNotification",
        "2026-07-28 InputRequiredResult",
        "2026-07-28 HeaderMismatchError",
        "2026-07-28 MissingRequiredClientCapabilityError",
        "2026-07-28 UnsupportedProtocolVersionError",
        "2026-07-28 ParseError",
        "2026-07-28 InvalidRequestError",
        "2026-07-28 InternalError",
    ] {
        assert!(checked.contains_key(rare), "no {rare} was checked: {checked:?}");
    }
}

/// Calls that take long tell of their progress.
async fn slow_calls() {
    // Without the catalog, whose report of this name is quick.
    let (_gateway, address) = start(&["--demo"]).await;
    let period = json!({ "period_from": "2026-01-01", "period_to": "2026-03-31" });
    let params = json!({ "name": "sales_report", "arguments": period });
    let report = async |mut wire: Wire| {
        if !wire.is_modern() {
            hello(&mut wire).await;
        }
        let heard = wire.ask_with("tools/call", params.clone(), &json!({ "progressToken": "т" })).await;
        assert!(heard.len() > 1 && heard.last().unwrap()["result"].is_object(), "{heard:?}");
    };
    tokio::join!(
        report(Wire::http(&address, MODERN)),
        report(Wire::http(&address, NEWEST_LEGACY)),
        report(Wire::stdio(&["--demo"], MODERN)),
        report(Wire::stdio(&["--demo"], NEWEST_LEGACY)),
        async { report(Wire::sse(&address).await).await },
    );
}

/// Every status that a message can be refused with.
async fn refusals(address: &str) {
    let list = || modern("tools/list", json!({}));
    let changed = |name: &'static str, value: &str| {
        let mut request = list();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let version = [("mcp-protocol-version", MODERN)];
    for (request, status, code) in [
        (post("nonsense", &version), 400, -32700),
        (post("[]", &version), 400, -32600),
        (post("{}", &version), 400, -32600),
        (post(mcp::legacy(1, "tools/list", &json!({})), &version), 400, -32602),
        (changed("mcp-method", "prompts/list"), 400, -32020),
        (changed("mcp-protocol-version", NEWEST_LEGACY), 400, -32020),
        (changed("mcp-protocol-version", "2099-01-01"), 400, -32020),
        (
            post(
                mcp::legacy(
                    1,
                    "tools/list",
                    &mcp::with_meta(json!({}), &json!({ schema::META_VERSION: "2099-01-01" })),
                ),
                &[("mcp-protocol-version", "2099-01-01"), ("mcp-method", "tools/list")],
            ),
            400,
            -32022,
        ),
        (modern("no/such", json!({})), 404, -32601),
        (changed("accept", "text/plain"), 406, 0),
        (changed("content-type", "text/plain"), 415, 0),
        (changed("origin", "https://evil.example"), 403, 0),
    ] {
        let asked = format!("{:?}", request.headers());
        let got = send(address, request).await;
        assert_eq!(got.status, status, "{asked} {got:?}");
        let told = got.messages.first().map_or(0, |message| message["error"]["code"].as_i64().unwrap_or(0));
        assert!(code == 0 || told == code, "{asked} {got:?}");
    }
}

/// What the demo never does: it asks nothing, and logs nothing. Another 1C does.
async fn questions_and_log_messages() {
    const FORM: &str = r#"{"method":"elicitation/create","params":{"message":"Склад?",
        "requestedSchema":{"type":"object","properties":{"Склад":{"type":"string"}}}}}"#;
    let asks = format!(r#"{{"resultType":"input_required","inputRequests":{{"k":{FORM}}},"requestState":"s"}}"#);
    let talks = r#"{"messages":[],"_meta":{"messages":[{"level":"info","data":"Проведён"}]}}"#;
    // Over HTTP the gateway looks at first whether 1C is there, and whether it asks for a login.
    let modern = ["{}", "{}", &*asks, &*asks, talks, "[]"];
    let legacy = [&*asks, talks];
    let onec = async |script: &[&str]| {
        let onec = Faulty::start(script.iter().map(|json| result(json)).collect::<Vec<_>>()).await;
        let url = format!("http://{}/base", onec.addr);
        (onec, ["--onec-url".to_owned(), url, "--onec-username=mcp".to_owned(), "--onec-password=".to_owned()])
    };
    let params = json!({ "name": "ask" });
    let can = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });

    let (onec_of_http, args) = onec(&modern).await;
    let (_gateway, address) = start(&args.each_ref().map(String::as_str)).await;
    onec_of_http.reached(2).await;
    let mut wire = Wire::http(&address, MODERN);
    let asked = wire.ask_with("prompts/get", params.clone(), &can).await.pop().unwrap();
    assert_eq!(asked["result"]["resultType"], "input_required");
    let lacks = wire.ask_with("prompts/get", params.clone(), &json!({})).await.pop().unwrap();
    assert_eq!(lacks["error"]["code"], -32021, "{lacks}");
    let level = json!({ "io.modelcontextprotocol/logLevel": "debug" });
    let heard = wire.ask_with("prompts/get", params.clone(), &level).await;
    assert_eq!((heard.len(), &heard[0]["method"]), (2, &json!("notifications/message")), "{heard:?}");
    let fault = wire.ask_with("prompts/get", params.clone(), &json!({})).await.pop().unwrap();
    assert_eq!(fault["error"]["code"], -32603, "{fault}");

    let (_onec, args) = onec(&legacy).await;
    let mut wire = Wire::stdio(&args.each_ref().map(String::as_str), NEWEST_LEGACY);
    let client = json!({ "name": "test", "version": "1" });
    let hello =
        json!({ "protocolVersion": NEWEST_LEGACY, "capabilities": { "elicitation": {} }, "clientInfo": client });
    wire.result("initialize", hello).await;
    wire.say(&mcp::legacy(9, "prompts/get", &params)).await;
    let question = wire.hear().await;
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
    wire.say(&answer.to_string()).await;
    assert_eq!(wire.hear().await["method"], "notifications/message");
    assert_eq!(wire.hear().await["id"], 9);
}
