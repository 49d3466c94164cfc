//! Every fault of a 1C on a real socket ends in the trouble and the sentence it should.

use crate::support::fault::{Act, Faulty, ask, json, list, ok, request, result, status, tool, trouble};
use http::StatusCode;
use onec_mcp::onec::{ErrorKind, HttpClient, OneCService};
use onec_mcp::rpc::RpcError;
use std::time::{Duration, Instant};
use tower::ServiceExt;

const TOOLS: &str = r#"{"tools":[]}"#;

async fn trouble_with(act: Act) -> (ErrorKind, String) {
    let server = Faulty::start([act]).await;
    trouble(ask(&server.service(), tool()).await)
}

async fn nonsense(body: &str) -> String {
    match trouble_with(ok(body)).await {
        (ErrorKind::Nonsense(why), told) => {
            assert!(told.contains(&why) && told.contains("service root"), "{told}");
            why
        }
        other => unreachable!("{body}: {other:?}"),
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_no_fault() {
    let body = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"tools\":[]}}";
    let server = Faulty::start([ok(body)]).await;
    assert_eq!(json(ask(&server.service(), list()).await), TOOLS);
}

#[tokio::test]
async fn a_200_that_is_no_answer() {
    assert_eq!(
        nonsense("<!DOCTYPE html><html><body>1С:Предприятие</body></html>").await,
        "a page of HTML instead of JSON"
    );
    assert_eq!(nonsense("\r\n <html>").await, "a page of HTML instead of JSON");
    assert_eq!(nonsense("").await, "an empty body");
    assert_eq!(nonsense("\u{feff}").await, "an empty body");
    assert_eq!(nonsense(" \r\n").await, "an empty body");
    assert!(nonsense("Ошибка HTTP-сервиса").await.contains("expected an object"));
    assert!(nonsense("[]").await.contains("expected an object"));
    assert!(nonsense(r#"{"jsonrpc":"2.0","id":$ID,"result":{"#).await.contains("not valid JSON"));
    assert!(nonsense(r#"{"jsonrpc":"2.0","id":$ID,"result":{}} x"#).await.contains("not valid JSON"));
    assert_eq!(nonsense(r#"{"jsonrpc":"2.0","id":$ID}"#).await, "neither a result nor an error");
    assert_eq!(nonsense(r#"{"jsonrpc":"2.0","id":$ID,"result":null}"#).await, "neither a result nor an error");
    assert_eq!(
        nonsense(r#"{"jsonrpc":"2.0","id":$ID,"error":"Сбой"}"#).await,
        "neither a result nor an error, but \"Сбой\""
    );
}

/// A call has a connection of its own, so the id tells nothing.
#[tokio::test]
async fn any_id_is_taken() {
    for id in ["\"id\":77,", "\"id\":\"$ID\",", "\"id\":null,", "\"id\":$ID.0,", "\"id\":{},", ""] {
        let body = format!(r#"{{"jsonrpc":"2.0",{id}"result":{TOOLS}}}"#);
        let server = Faulty::start([ok(body)]).await;
        assert_eq!(json(ask(&server.service(), list()).await), TOOLS, "{id}");
    }
}

#[tokio::test]
async fn any_good_status_with_an_answer_is_one() {
    let body = format!("\u{feff}\r\n{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{TOOLS}}}");
    for code in [200, 201, 202, 203] {
        let server = Faulty::start([status(code, body.clone())]).await;
        assert_eq!(json(ask(&server.service(), list()).await), TOOLS, "{code}");
    }
    let server = Faulty::start([status(202, r#"{"error":{"code":-32603,"message":"Сбой"}}"#)]).await;
    assert_eq!(&*ask(&server.service(), tool()).await.unwrap().outcome.unwrap_err().message, "Сбой");
    for (code, body) in [(202, ""), (204, ""), (206, "Принято"), (203, "<html></html>")] {
        let (kind, _) = trouble_with(status(code, body)).await;
        assert!(matches!(kind, ErrorKind::Status(status, _) if status == code), "{code}: {kind:?}");
    }
}

#[tokio::test]
async fn a_result_that_is_no_object() {
    for value in ["[]", "\"Готово\"", "1", "true"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":$ID,"result":{value}}}"#);
        assert_eq!(nonsense(&body).await, "a result that is not an object", "{value}");
    }
}

#[tokio::test]
async fn two_results_are_none() {
    let body = r#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[]},"result":{"isError":true}}"#;
    assert!(nonsense(body).await.contains("duplicate key \"result\""));
}

#[tokio::test]
async fn a_result_without_its_subject_is_never_an_empty_list() {
    for (method, subject) in [
        ("tools/list", "tools"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        let server = Faulty::start([result("{}")]).await;
        let (kind, _) = trouble(ask(&server.service(), request(method, "{}")).await);
        assert_eq!(kind, ErrorKind::Nonsense(format!("a result without \"{subject}\"")));
    }
}

#[tokio::test]
async fn an_error_beside_a_result_is_an_error() {
    for body in [
        r#"{"jsonrpc":"2.0","id":$ID,"result":{"content":[]},"error":{"code":-32603,"message":"Сбой"}}"#,
        r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"Сбой"},"result":null}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Сбой"}}"#,
    ] {
        let server = Faulty::start([ok(body)]).await;
        let error = ask(&server.service(), tool()).await.unwrap().outcome.unwrap_err();
        assert_eq!((error.code, &*error.message), (-32603, "Сбой"), "{body}");
    }
    let both = r#"{"jsonrpc":"2.0","id":$ID,"error":null,"result":{"tools":[]}}"#;
    let server = Faulty::start([ok(both)]).await;
    assert_eq!(json(ask(&server.service(), list()).await), TOOLS);
}

#[tokio::test]
async fn a_broken_connection() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"jsonrpc\":\"2.0\",";
    for act in [
        Act::Raw(cut.into()),
        Act::Raw(cut.replace("Content-Length: 500", "Transfer-Encoding: chunked").into()),
        Act::Raw("HTTP/1.1 200 OK\r\nContent-".into()),
        Act::Raw(Vec::new()),
        Act::Raw("not HTTP at all\r\n\r\n".into()),
        Act::Reset,
    ] {
        let (kind, told) = trouble_with(act).await;
        assert_eq!(kind, ErrorKind::Broken);
        assert!(told.contains("may have run"), "{told}");
    }
}

#[tokio::test]
async fn slow_and_silent_servers() {
    let limit = Duration::from_millis(40);
    for act in [Act::Late(Duration::from_secs(600), TOOLS), Act::Hang] {
        let mut server = Faulty::start([act.clone()]).await;
        let far = Duration::from_secs(600);
        let quick = OneCService::new(server.infobase().timeouts(limit, far)).unwrap();
        let (kind, told) = trouble(ask(&quick, list()).await);
        assert_eq!(kind, ErrorKind::Slow(limit));
        assert!(told.contains("within 0.04 s") && !told.contains("may still run"), "a list changes nothing: {told}");
        if matches!(act, Act::Hang) {
            server.gone().await;
        }
        let slow = OneCService::new(server.infobase().timeouts(far, limit)).unwrap();
        let (kind, told) = trouble(ask(&slow, tool()).await);
        assert_eq!(kind, ErrorKind::Slow(limit));
        assert!(told.contains("may still run"), "{told}");
        assert_eq!(server.seen().len(), 2, "a slow call is not repeated");
    }
    // In time is in time.
    let server = Faulty::start([Act::Late(Duration::from_millis(5), TOOLS)]).await;
    assert_eq!(json(ask(&server.service(), list()).await), TOOLS);
}

#[tokio::test]
async fn an_endless_answer_is_not_buffered() {
    let mut server = Faulty::start([Act::Flood { length: Some(50 << 20) }]).await;
    let (kind, told) = trouble(ask(&server.service(), tool()).await);
    assert_eq!(kind, ErrorKind::TooLarge(32 << 20));
    assert!(told.contains("32 MiB") && told.contains("Ask for less"), "{told}");
    // The announced length was enough: no more than what the sockets hold was sent.
    assert!(server.gone().await < 32 << 20);

    let mut server = Faulty::start([Act::Flood { length: None }]).await;
    let client = HttpClient::new(&server.infobase()).unwrap().max_answer(1 << 20);
    let service = OneCService::with_client(server.infobase(), client).unwrap();
    assert_eq!(trouble(service.oneshot(tool()).await).0, ErrorKind::TooLarge(1 << 20));
    assert!(server.gone().await < 32 << 20);
}

#[tokio::test]
async fn each_status_has_its_sentence_and_1cs_own_words() {
    for (code, hint) in [
        (401, "refused the login (401)"),
        (402, "no licence is free"),
        (403, "needs a role"),
        (404, "case matters"),
        (406, "session had expired (406)"),
        (500, "The code in 1C failed (500)"),
        (502, "could not reach 1C (502)"),
        (503, "could not reach 1C (503)"),
        (504, "could not reach 1C (504)"),
        (400, "did not accept the request (400)"),
        (204, "status 204"),
        (302, "status 302"),
    ] {
        let body = if code == 204 { "" } else { "Неверный пароль" };
        let (kind, told) = trouble_with(status(code, body)).await;
        assert_eq!(kind, ErrorKind::Status(StatusCode::from_u16(code).unwrap(), body.into()));
        assert!(told.contains(hint), "{code}: {told}");
        assert_eq!(told.ends_with("1C says: Неверный пароль"), code != 204, "{told}");
    }
}

#[tokio::test]
async fn every_trouble_is_a_bad_gateway_to_the_client() {
    let server = Faulty::start([status(500, "Деление на 0")]).await;
    let failure = RpcError::from_error(&ask(&server.service(), tool()).await.unwrap_err());
    assert_eq!((failure.status, failure.error.code), (StatusCode::BAD_GATEWAY, -32603));
    assert!(failure.error.message.ends_with("Деление на 0"));
}

#[tokio::test]
async fn words_in_any_dress() {
    let (ansi, _, _) = encoding_rs::WINDOWS_1251.encode("<html><STYLE>b{}</STYLE>Нет&nbsp;прав</html>");
    for kind in ["text/html", "text/html; charset=windows-1251", "text/html; charset=utf-8"] {
        let (kind, _) = trouble_with(Act::Answer(500, kind, ansi.to_vec())).await;
        assert_eq!(kind, ErrorKind::Status(StatusCode::INTERNAL_SERVER_ERROR, "Нет прав".into()));
    }
    let (kind, told) = trouble_with(status(500, "")).await;
    assert_eq!(kind, ErrorKind::Status(StatusCode::INTERNAL_SERVER_ERROR, String::new()));
    assert!(!told.contains("1C says"), "{told}");
}

#[tokio::test]
async fn words_are_cut_at_4_kib() {
    // One byte more, so that neither limit falls between two characters.
    for kind in ["text/plain", "text/plain; charset=utf-8"] {
        let long = format!("!{}", "ы".repeat(100_000));
        let (_, told) = trouble_with(Act::Answer(500, kind, long.into())).await;
        let (_, words) = told.split_once("1C says: !").unwrap();
        let words = words.strip_suffix('…').unwrap();
        assert!(words.len() <= 4096 && words.len() > 4000 && words.chars().all(|c| c == 'ы'), "{kind}");
    }
}

#[tokio::test]
async fn the_words_of_a_json_rpc_error_are_cut_too() {
    let text = "ж".repeat(9000);
    let body = format!(r#"{{"jsonrpc":"2.0","id":$ID,"error":{{"code":-32603,"message":"{text}"}}}}"#);
    let server = Faulty::start([ok(body)]).await;
    let error = ask(&server.service(), tool()).await.unwrap().outcome.unwrap_err();
    assert!(error.message.len() < 4100 && error.message.ends_with("ж…"));
}

#[tokio::test]
async fn death_and_return_of_1c() {
    let server = Faulty::start([result(TOOLS)]).await;
    let (service, addr) = (server.service(), server.addr);
    assert_eq!(json(ask(&service, list()).await), TOOLS);
    server.stop().await;
    let (kind, told) = trouble(ask(&service, list()).await);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(told.contains("cannot be reached"), "{told}");
    let server = Faulty::on(addr, [result(r#"{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}"#)]).await;
    let started = Instant::now();
    assert!(json(ask(&service, list()).await).contains("\"a\""));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn health() {
    let health = async |act, login: bool| {
        let server = Faulty::start([act]).await;
        let infobase = if login { server.infobase().basic("u", "") } else { server.infobase() };
        let health = OneCService::new(infobase).unwrap().health().await;
        assert_eq!(server.seen()[0].line, "GET /base/hs/mcp/health HTTP/1.1");
        health.map_err(|error| error.to_string())
    };
    assert_eq!(health(ok(r#"{"status":"ok"}"#), true).await, Ok(()));
    assert_eq!(health(status(401, ""), false).await, Ok(()), "reachable, which is all that can be known");
    assert!(health(status(401, ""), true).await.unwrap_err().contains("refused the login"));
    assert!(health(status(404, ""), false).await.unwrap_err().contains("case matters"));
    assert!(health(Act::Reset, true).await.unwrap_err().contains("broke the connection"));
}
