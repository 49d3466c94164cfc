//! What reaches 1C, byte for byte, and what never does.

use crate::support::fault::{Faulty, Seen, ask, json, list, of, ok, request, result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use onec_mcp::onec::{Infobase, OneCService};
use onec_mcp::rpc::{Request, Version};
use tower::ServiceExt;

/// Has something for every method.
const ANY: &str = r#"{"tools":[],"content":[],"resources":[],"resourceTemplates":[],"contents":[],"prompts":[],"messages":[],"completion":{"values":[]}}"#;

async fn sent(request: Request) -> Seen {
    let server = Faulty::start([result(ANY)]).await;
    json(ask(&server.service(), request).await);
    server.seen().remove(0)
}

/// The `params` of the body that was sent.
async fn params(request: Request) -> String {
    let seen = sent(request).await;
    let (_, params) = seen.body.split_once(",\"params\":").unwrap();
    params.strip_suffix('}').unwrap().to_owned()
}

/// Answers an error without a call.
async fn refused(request: Request) -> (i64, String) {
    let server = Faulty::start([result(ANY)]).await;
    let error = ask(&server.service(), request).await.unwrap().outcome.unwrap_err();
    assert!(server.seen().is_empty());
    (error.code, error.message.into_owned())
}

#[tokio::test]
async fn the_whole_request() {
    let server = Faulty::start([result(ANY)]).await;
    let infobase = Infobase::new(&format!("http://{}/Торговля/", server.addr))
        .unwrap()
        .basic("Администратор", "")
        .service_root("/mcp/v2/")
        .tenant(HeaderName::from_static("x-tenant"), HeaderValue::from_static("main"));
    let mut request = request("tools/call", r#"{"name":"отчет","arguments":{"дата": "2026-01-01"}}"#);
    request.headers.insert("x-mcp-sub", "onec:%D0%90".parse().unwrap());
    request.headers.append("x-mcp-scopes", "mcp,mcp:resolve".parse().unwrap());
    json(OneCService::new(infobase).unwrap().oneshot(request).await);

    let seen = server.seen().remove(0);
    let path = "/%D0%A2%D0%BE%D1%80%D0%B3%D0%BE%D0%B2%D0%BB%D1%8F/hs/mcp/v2/rpc";
    assert_eq!(seen.line, format!("POST {path} HTTP/1.1"));
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"отчет","arguments":{"дата": "2026-01-01"}}}"#;
    assert_eq!(seen.body, body);
    let (login, length, host) = (STANDARD.encode("Администратор:"), body.len().to_string(), server.addr.to_string());
    let headers: Vec<_> = seen.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        headers,
        [
            ("accept", "application/json"),
            ("authorization", &*format!("Basic {login}")),
            ("content-length", &*length),
            ("content-type", "application/json"),
            ("host", &*host),
            ("x-mcp-scopes", "mcp,mcp:resolve"),
            ("x-mcp-sub", "onec:%D0%90"),
            ("x-tenant", "main"),
        ]
    );
}

#[tokio::test]
async fn a_bearer_token_and_no_account_at_all() {
    let server = Faulty::start([result(ANY)]).await;
    let bearer = server.infobase().bearer("t0ken").unwrap();
    json(OneCService::new(bearer).unwrap().oneshot(list()).await);
    json(ask(&server.service(), list()).await);
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), Some("Bearer t0ken"));
    assert_eq!(seen[1].header("authorization"), None);
}

#[tokio::test]
async fn the_id_is_1_always() {
    let server = Faulty::start([result(ANY)]).await;
    let service = server.service();
    for _ in 0..3 {
        json(ask(&service, list()).await);
    }
    for seen in server.seen() {
        assert!(seen.body.starts_with(r#"{"jsonrpc":"2.0","id":1,"#), "{}", seen.body);
    }
}

#[tokio::test]
async fn known_parameters_travel_and_no_others() {
    // Everything at once: each method picks its own.
    let all = r#"{"_meta":{"progressToken":1},"имя":1,"context":{"arguments":{}},"argument":{"name":"n","value":"1.10"},
        "ref":{"type":"ref/prompt","name":"p"},"requestState":"s","inputResponses":{"a":1},"cursor":"c",
        "arguments":{ "n": 1.10 },"uri":"1c://a","name":"b","level":"debug","x-y":[],"capabilities":{}}"#;
    for (method, expected) in [
        ("tools/list", r#"{"cursor":"c"}"#),
        ("resources/list", r#"{"cursor":"c"}"#),
        ("resources/templates/list", r#"{"cursor":"c"}"#),
        ("prompts/list", r#"{"cursor":"c"}"#),
        ("tools/call", r#"{"name":"b","arguments":{ "n": 1.10 },"inputResponses":{"a":1},"requestState":"s"}"#),
        ("prompts/get", r#"{"name":"b","arguments":{ "n": 1.10 },"inputResponses":{"a":1},"requestState":"s"}"#),
        ("resources/read", r#"{"uri":"1c://a","inputResponses":{"a":1},"requestState":"s"}"#),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n","value":"1.10"},"context":{"arguments":{}}}"#,
        ),
    ] {
        let seen = sent(request(method, all)).await;
        assert_eq!(seen.body, format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{expected}}}"#));
    }
    assert_eq!(params(list()).await, "{}");
}

#[tokio::test]
async fn answers_of_the_client_travel_without_their_meta() {
    let answers = r#"{"name":"a","inputResponses":{
        "q1":{"action":"accept","_meta":{"io.modelcontextprotocol/x":1},"content":{"сумма":1.10,"_meta":2}},
        "q\u0032":{"_meta":{}}, "q3": [ {"_meta":{}} ], "_meta":{"a":1}}}"#;
    let expected = r#"{"q1":{"action":"accept","content":{"сумма":1.10,"_meta":2}},"q2":{},"q3":[ {"_meta":{}} ],"_meta":{"a":1}}"#;
    let call = of(Version::V2025_11_25, "tools/call", answers);
    assert_eq!(params(call).await, format!(r#"{{"name":"a","inputResponses":{expected}}}"#));
}

#[tokio::test]
async fn client_capabilities() {
    let call = |version, capabilities: &str| {
        let meta = format!(r#"{{"io.modelcontextprotocol/clientCapabilities":{capabilities}}}"#);
        of(version, "tools/call", &format!(r#"{{"name":"a","_meta":{meta}}}"#))
    };
    let declared = r#"{"roots":{"listChanged":true},"extensions":{"io.x/y":{}},"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"experimental":{}}"#;
    for version in Version::ALL {
        let expected = match version {
            Version::V2026_07_28 => r#"{"name":"a","clientCapabilities":{"roots":{},"elicitation":{},"sampling":{}}}"#,
            _ => r#"{"name":"a"}"#,
        };
        assert_eq!(params(call(version, declared)).await, expected, "{version}");
    }
    let modern = Version::V2026_07_28;
    let none = r#"{"name":"a","clientCapabilities":{}}"#;
    for declared in ["{}", "[]", "null", r#""elicitation""#, r#"{"elicitation":true,"sampling":null}"#] {
        assert_eq!(params(call(modern, declared)).await, none, "{declared}");
    }
    assert_eq!(params(of(modern, "tools/call", r#"{"name":"a"}"#)).await, none);
    assert_eq!(params(of(modern, "prompts/get", r#"{"name":"a"}"#)).await, none);
    let read = of(modern, "resources/read", r#"{"uri":"1c://a"}"#);
    assert_eq!(params(read).await, r#"{"uri":"1c://a","clientCapabilities":{}}"#);
    assert_eq!(params(of(modern, "tools/list", "{}")).await, "{}", "a list asks nobody");
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_not_sent() {
    for (method, given, said) in [
        ("tools/call", "{}", "tools/call needs a string \"name\""),
        ("tools/call", r#"{"name":5}"#, "tools/call needs a string \"name\""),
        ("tools/call", r#"{"name":null}"#, "tools/call needs a string \"name\""),
        ("prompts/get", r#"{"uri":"a"}"#, "prompts/get needs a string \"name\""),
        ("resources/read", r#"{"name":"a"}"#, "resources/read needs a string \"uri\""),
        ("resources/read", r#"{"uri":["a"]}"#, "resources/read needs a string \"uri\""),
        ("tools/call", r#"{"name":"a","arguments":[1]}"#, "\"arguments\" must be an object"),
        ("tools/call", r#"{"name":"a","arguments":"{}"}"#, "\"arguments\" must be an object"),
        ("tools/call", r#"{"name":"a","inputResponses":[]}"#, "\"inputResponses\" must be an object"),
        ("tools/call", r#"{"name":"a","requestState":{}}"#, "\"requestState\" must be a string"),
        ("completion/complete", r#"{"ref":"p"}"#, "\"ref\" must be an object"),
    ] {
        assert_eq!(refused(request(method, given)).await, (-32602, said.to_owned()), "{method} {given}");
    }
}

/// What an SDK writes where nothing was set.
#[tokio::test]
async fn null_is_as_absent() {
    for (method, given, expected) in [
        ("tools/call", r#"{"name":"a","arguments":null,"_meta":null}"#, r#"{"name":"a"}"#),
        ("prompts/get", r#"{"_meta":null,"name":"a","arguments": null }"#, r#"{"name":"a"}"#),
        ("resources/read", r#"{"uri":"u","_meta":null}"#, r#"{"uri":"u"}"#),
        ("tools/list", r#"{"_meta":null}"#, "{}"),
        ("tools/call", r#"{"name":"a","inputResponses":null,"requestState":null}"#, r#"{"name":"a"}"#),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt"},"argument":{"value":""},"context":null}"#,
            r#"{"ref":{"type":"ref/prompt"},"argument":{"value":""}}"#,
        ),
        // Within, null is data.
        ("tools/call", r#"{"name":"a","arguments":{"b":null}}"#, r#"{"name":"a","arguments":{"b":null}}"#),
    ] {
        assert_eq!(params(request(method, given)).await, expected, "{method} {given}");
    }
}

#[tokio::test]
async fn methods_that_1c_is_never_asked() {
    for method in [
        "initialize",
        "ping",
        "server/discover",
        "subscriptions/listen",
        "resources/subscribe",
        "logging/setLevel",
        "tasks/list",
        "Tools/List",
        "",
    ] {
        let (code, said) = refused(request(method, "{}")).await;
        assert_eq!((code, said), (-32601, format!("Method not found: {method}")));
    }
}

/// A tools-only extension need not know the other lists.
#[tokio::test]
async fn what_an_extension_does_not_know_it_has_none_of() {
    let unknown = r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32601,"message":"Метод не найден"}}"#;
    let server = Faulty::start([ok(unknown)]).await;
    let service = server.service();
    for (method, empty) in [
        ("tools/list", r#"{"tools":[]}"#),
        ("resources/list", r#"{"resources":[]}"#),
        ("resources/templates/list", r#"{"resourceTemplates":[]}"#),
        ("prompts/list", r#"{"prompts":[]}"#),
    ] {
        assert_eq!(json(ask(&service, request(method, "{}")).await), empty);
    }
    let reference = r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":""}}"#;
    let completion = ask(&service, request("completion/complete", reference)).await;
    assert_eq!(json(completion), r#"{"completion":{"values":[]}}"#);
    // What does something has not been done.
    for (method, params) in [("tools/call", r#"{"name":"a"}"#), ("resources/read", r#"{"uri":"u"}"#)] {
        let error = ask(&service, request(method, params)).await.unwrap().outcome.unwrap_err();
        assert_eq!((error.code, &*error.message), (-32601, "Метод не найден"));
    }
    // A failure is no empty list.
    let broken = r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"Сбой"}}"#;
    let server = Faulty::start([ok(broken)]).await;
    for method in ["tools/list", "resources/templates/list"] {
        let error = ask(&server.service(), request(method, "{}")).await;
        assert_eq!(error.unwrap().outcome.unwrap_err().code, -32603);
    }
}

#[tokio::test]
async fn the_time_1c_took_is_told() {
    let server = Faulty::start([result(ANY)]).await;
    assert!(ask(&server.service(), list()).await.unwrap().upstream.is_some());
    assert!(ask(&server.service(), request("ping", "{}")).await.unwrap().upstream.is_none());
}
