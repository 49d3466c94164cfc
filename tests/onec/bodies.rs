//! Bodies in any encoding are read, and what an error says is found in whatever form it comes.

use crate::support::fault::{Act, Faulty, ask, json, list, tool, trouble};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{KOI8_R, WINDOWS_1251};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use onec_mcp::fuzzing::onec::words;
use onec_mcp::onec::{ErrorKind, OneCService, RestCall};
use proptest::prelude::*;
use tower::ServiceExt;

const RESULT: &str = r#"{"tools":[{"name":"Остатки","inputSchema":{"type":"object"},"description":"Ё «№» —"}]}"#;
const MARK: &[u8] = b"\xEF\xBB\xBF";

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// The text in the encodings that servers of 1C use, with what they say of it.
fn encodings(text: &str) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = "application/json";
    let ansi = WINDOWS_1251.encode(text).0.into_owned();
    vec![
        ("UTF-8", json, text.into()),
        ("a mark", json, [MARK, text.as_bytes()].concat()),
        ("two marks", json, [MARK, MARK, text.as_bytes()].concat()),
        ("UTF-16 LE", json, [&b"\xFF\xFE"[..], &utf16(text, false)].concat()),
        ("UTF-16 BE", json, [&b"\xFE\xFF"[..], &utf16(text, true)].concat()),
        ("UTF-16 LE, two marks", json, [&b"\xFF\xFE\xFF\xFE"[..], &utf16(text, false)].concat()),
        ("UTF-16 LE with a mark of UTF-8", json, [MARK, b"\xFF\xFE", &utf16(text, false)].concat()),
        ("UTF-16 LE without a mark", json, utf16(text, false)),
        ("UTF-16 BE without a mark", "application/json; charset=utf-16", utf16(text, true)),
        ("windows-1251", "application/json; charset=windows-1251", ansi.clone()),
        ("windows-1251 in quotes", "application/json; Charset=\"CP1251\"; x=y", ansi),
        ("koi8-r", "application/json;charset=koi8-r", KOI8_R.encode(text).0.into_owned()),
        ("UTF-8 that is called windows-1251", "application/json; charset=windows-1251", text.into()),
        ("UTF-8 that is called UTF-16", "application/json; charset=utf-16", text.into()),
    ]
}

#[tokio::test]
async fn answers_in_any_encoding() {
    let koi = RESULT.replace("«№» —", "");
    for (name, kind, body) in encodings(&format!("{{\"result\":{RESULT}}}")) {
        let server = Faulty::start([Act::Answer(200, kind, body)]).await;
        let answer = json(ask(&server.service(), list()).await);
        if name == "koi8-r" {
            assert!(answer.starts_with(koi.split('Ё').next().unwrap()), "{answer}");
        } else {
            assert_eq!(answer, RESULT, "{name}");
        }
    }
    let undeclared = WINDOWS_1251.encode(&format!("{{\"result\":{RESULT}}}")).0.into_owned();
    let server = Faulty::start([Act::Answer(200, "application/json", undeclared)]).await;
    let (kind, _) = trouble(ask(&server.service(), list()).await);
    assert_eq!(kind, ErrorKind::Nonsense("not valid UTF-8".into()));
}

#[tokio::test]
async fn answers_of_the_rest_dialect_in_any_encoding() {
    let rows = r#"{"rows":[["Чайник",1.10]]}"#;
    for (name, kind, body) in encodings(rows) {
        let server = Faulty::start([Act::Answer(200, kind, body)]).await;
        let call = RestCall::new("reports/sales", "{}");
        let answer = OneCService::new(server.infobase()).unwrap().rest().oneshot(call).await;
        assert_eq!(json(answer), rows, "{name}");
    }
}

#[tokio::test]
async fn errors_in_any_encoding() {
    for (name, kind, body) in encodings("Деление на 0") {
        let server = Faulty::start([Act::Answer(500, kind, body)]).await;
        let (kind, _) = trouble(ask(&server.service(), tool()).await);
        // Without a mark UTF-16 is known by its first character only.
        if !name.ends_with("without a mark") {
            assert_eq!(kind, ErrorKind::Status(StatusCode::INTERNAL_SERVER_ERROR, "Деление на 0".into()), "{name}");
        }
    }
    assert_eq!(said(&utf16("<html>Нет прав</html>", false)), "Нет прав");
}

#[tokio::test]
async fn compressed_bodies_are_named() {
    let zipped = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let server = Faulty::start([Act::Answer(200, "application/json", zipped.to_vec())]).await;
    let (kind, told) = trouble(ask(&server.service(), list()).await);
    assert!(matches!(kind, ErrorKind::Nonsense(_)) && told.contains("compressed with gzip"), "{told}");
    assert_eq!(said(zipped), "(a body compressed with gzip)");
    let declared = HeaderMap::from_iter([(http::header::CONTENT_ENCODING, "br".parse().unwrap())]);
    assert_eq!(words(&declared, b"\x0b\x01\x80\xd0\xff\x03"), "(a body compressed with br)");
    assert_eq!(words(&declared, "Нет прав".as_bytes()), "Нет прав", "declared by mistake");
}

fn said(body: &[u8]) -> String {
    words(&HeaderMap::new(), body)
}

#[test]
fn plain_text() {
    assert_eq!(
        said("\u{feff}Начало сеанса запрещено.\r\nОбновление до 10:00\r\n".as_bytes()),
        "Начало сеанса запрещено. Обновление до 10:00"
    );
    assert_eq!(
        said("{HTTPСервис.МСП.Модуль(12)}: Деление на 0".as_bytes()),
        "{HTTPСервис.МСП.Модуль(12)}: Деление на 0"
    );
    assert_eq!(said(b""), "");
    assert_eq!(said("a\u{1b}[31mb\u{202e}c".as_bytes()), "a[31mbc");
}

#[test]
fn pages() {
    for (page, expected) in [
        (
            "<html><head><title>1C:Enterprise 8 application error</title></head><body>Unrecoverable error\r\nby reason:\r\n\
             No space left on device</body></html>",
            "Unrecoverable error by reason: No space left on device",
        ),
        (
            "<title>1C:Enterprise 8 application error</title>\n\u{420}азличаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130)",
            "Различаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130)",
        ),
        ("<HTML><TITLE>404 Not Found</TITLE></HTML>", "404 Not Found"),
        (
            "<!DOCTYPE html><html><head><title>x</title><style>b{}</style><script>if (a<b) {}</script></head><body>\
             <!-- a < b --><h1>Forbidden</h1><p>You don&#39;t have permission &lt;here&gt; &#x2014; &laquo;a&raquo; &unknown; & b</p></body></html>",
            "Forbidden You don't have permission <here> — «a» &unknown; & b",
        ),
        (
            "<html><title>Runtime Error</title><body>Server Error in '/' Application. <b>Stack Trace:</b> <pre>at System.Web.X()</pre></body></html>",
            "Server Error in '/' Application.",
        ),
    ] {
        assert_eq!(said(page.as_bytes()), expected);
        assert_eq!(said(&WINDOWS_1251.encode(page).0), expected);
    }
}

#[test]
fn exceptions_of_the_application_server() {
    let noise = STANDARD.encode([7; 6000]);
    let form = |inner: &str| {
        format!(
            "{{\"#exception\":\"{{http://v8.1c.ru/8.2/virtual-resource-system}}Exception\",\"exception\":{{\"reason\":403,\
             \"descr\":\"HTTP: Forbidden\\nНачало сеанса\",\"inner\":{inner}}}}}"
        )
    };
    let deep = format!(
        r#"{{"descr":"Начало сеанса с информационной базой запрещено.\nРегламент","inner":{{"descr":"","creationStack":"core83.dll {noise}","data":"{noise}"}}}}"#
    );
    for mark in ["", "\u{feff}", "\u{feff}\u{feff}"] {
        let told = said(format!("{mark}{}", form(&deep)).as_bytes());
        assert_eq!(told, "Начало сеанса с информационной базой запрещено. Регламент");
    }
    assert_eq!(said(form("null").as_bytes()), "HTTP: Forbidden Начало сеанса");
    // The body was cut, or is broken, in the middle of the noise.
    let whole = form(&deep);
    let cut = whole.find("creationStack").unwrap() + 40;
    assert_eq!(said(&whole.as_bytes()[..cut]), "Начало сеанса с информационной базой запрещено. Регламент");
    let long = form(&format!(r#"{{"descr":"Причина","data":"{}"}}"#, "A".repeat(2 << 20)));
    assert_eq!(said(long.as_bytes()), "Причина");
    let xml = format!(
        "<?xml version=\"1.0\"?><exception xmlns=\"http://v8.1c.ru/8.2/virtual-resource-system\"><reason>500</reason>\
         <descr>HTTP: Internal</descr><inner><descr>Ошибка &quot;СУБД&quot;</descr><creationStack>{noise}</creationStack>\
         <data>{noise}</data></inner></exception>"
    );
    assert_eq!(said(xml.as_bytes()), "Ошибка \"СУБД\"");
}

#[test]
fn errors_of_odata_and_of_others() {
    for (body, expected) in [
        (
            r#"{"odata.error":{"code":"8","message":{"lang":"ru","value":"Сущность не найдена"}}}"#,
            "Сущность не найдена",
        ),
        (r#"{"error":{"code":"","message":"Сущность не найдена"}}"#, "Сущность не найдена"),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><m:error xmlns:m=\"http://x\"><m:code/><m:message xml:lang=\"ru\">Экземпляр не найден</m:message>\
             <m:innererror><m:message>внутри</m:message><m:stacktrace>at x</m:stacktrace></m:innererror></m:error>",
            "Экземпляр не найден",
        ),
        (
            "<s:Envelope><s:Body><s:Fault><faultstring>Нет операции</faultstring></s:Fault></s:Body></s:Envelope>",
            "Нет операции",
        ),
        (r#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"Сбой"}}"#, "Сбой"),
        (r#"{"error":"validation_error","message":"Нет поля «Склад»"}"#, "Нет поля «Склад»"),
        (r#"{"Ошибка":true,"ОписаниеОшибки":"Нет прав"}"#, "Нет прав"),
        (r#"{"type":"about:blank","title":"Forbidden","detail":"No role"}"#, "No role"),
        (r#"[{"message":"первая"},{"message":"вторая"}]"#, "первая"),
        ("\"Просто строка\"", "Просто строка"),
        (r#"{"код":5,"stackTrace":"at a.b()","blob":"x"}"#, r#"{"blob":"x","код":5}"#),
    ] {
        assert_eq!(said(body.as_bytes()), expected);
    }
}

#[test]
fn noise_reaches_nobody() {
    let noise = STANDARD.encode((0..9000).map(|i| i as u8).collect::<Vec<_>>());
    for body in [
        format!("Ошибка {noise} конец"),
        format!("<html><body>Ошибка <pre>{noise}</pre> конец</body></html>"),
        format!(r#"{{"message":"Ошибка {noise} конец"}}"#),
    ] {
        assert_eq!(said(body.as_bytes()), "Ошибка … конец");
    }
    assert_eq!(said(format!(r#"{{"x":1,"data":"{noise}"}}"#).as_bytes()), r#"{"x":1}"#);
}

/// Users read sentences, and no stacks of whatever machinery.
#[test]
fn stacks_reach_nobody() {
    for (body, expected) in [
        (
            "Ошибка при вызове метода контекста (Записать)\n{Документ.Х.МодульОбъекта(10)}: Записать();\n\
             {Обработка.Y(3)}: Z();\nпо причине:\nНедостаточно товара",
            "Ошибка при вызове метода контекста (Записать) по причине: Недостаточно товара",
        ),
        (
            "{ОбщийМодуль.Склад.Модуль(12,5)}: Деление на 0\r\n{Обработка.Y(3)}:Если Z() Тогда\r\n\tА = 1/0;\r\n",
            "{ОбщийМодуль.Склад.Модуль(12,5)}: Деление на 0",
        ),
        (
            "{HTTPСервис.М.Модуль(1)}: Нет связи\nпо причине:\n{ОбщийМодуль.Y.Модуль(2)}: Нет сети",
            "{HTTPСервис.М.Модуль(1)}: Нет связи по причине: {ОбщийМодуль.Y.Модуль(2)}: Нет сети",
        ),
        ("{Документ.Х(10)}: Записать();", "{Документ.Х(10)}: Записать();"),
        (
            "java.lang.NullPointerException: x\n\tat com.e1c.A.b(A.java:12)\n\tat com.e1c.C.d(C.java:3)\n\t... 12 more\n\
             Caused by: java.io.IOException: y",
            "java.lang.NullPointerException: x Caused by: java.io.IOException: y",
        ),
        ("Сбой\n   в System.Web.Page.Load(Object o) in c:\\a.cs:line 5", "Сбой"),
        ("Внутренняя ошибка\n0x00007ff8 core83.dll+0x1234\n0x00007ff9 core83.dll+0x1235", "Внутренняя ошибка"),
        ("Встреча at 10:00 (at work)\nв 1С (новая)", "Встреча at 10:00 (at work) в 1С (новая)"),
        (r#"{"message":"Сбой\n\tat com.e1c.A.b(A.java:12)"}"#, "Сбой"),
    ] {
        assert_eq!(said(body.as_bytes()), expected);
    }
    for size in [64, 72, 76] {
        let noise = STANDARD.encode((0..3000).map(|i| i as u8).collect::<Vec<_>>());
        let lines: Vec<_> = noise.as_bytes().chunks(size).map(|line| String::from_utf8_lossy(line)).collect();
        let body = format!("Сбой: {}\r\nконец", lines.join("\r\n"));
        assert_eq!(said(body.as_bytes()), "Сбой: … конец", "{size}");
    }
}

/// The form of an exception with the status of an answer: its sentence is told all the same.
#[tokio::test]
async fn exceptions_that_come_as_answers() {
    let exception = r##"{"#exception":"{http://v8.1c.ru}Exception","exception":{"descr":"HTTP: Internal","inner":{"descr":"Недостаточно товара","creationStack":"zz"}}}"##;
    let typed = r##" { "#exception":{"#type":"jv8:Exception","#value":{"descr":"outer","inner":{"descr":"Недостаточно товара"}}}}"##;
    for body in [exception, typed] {
        let server = Faulty::start([Act::Answer(200, "application/json", body.into())]).await;
        let (kind, told) = trouble(ask(&server.service(), tool()).await);
        assert!(matches!(kind, ErrorKind::Nonsense(_)) && told.contains("Недостаточно товара"), "{told}");
        let server = Faulty::start([Act::Answer(200, "application/json", body.into())]).await;
        let (kind, told) = trouble(server.service().rest().oneshot(RestCall::new("reports/sales", "{}")).await);
        assert!(matches!(kind, ErrorKind::Nonsense(_)) && told.contains("Недостаточно товара"), "{told}");
    }
}

/// A byte or two that may not stand there cost nothing but themselves, in the REST dialect, too.
#[tokio::test]
async fn a_bad_byte_costs_no_report() {
    for (bad, after) in [(&b"\xff"[..], "\u{fffd}"), (b"\xed\xa0\x80", "\u{fffd}"), (b"\x01\n", "\\u0001\\n")] {
        let body = [r#"{"rows":[["Чайник "#.as_bytes(), bad, br#"",1.10]]}"#].concat();
        let server = Faulty::start([Act::Answer(200, "application/json", body)]).await;
        let answer = json(server.service().rest().oneshot(RestCall::new("reports/sales", "{}")).await);
        assert_eq!(answer, format!(r#"{{"rows":[["Чайник {after}",1.10]]}}"#));
    }
}

proptest! {
    #[test]
    fn words_of_anything(start in prop::sample::select(vec!["", "{", "<", "[", "\"", "\u{feff}", "{\"descr\":\"", "<title>", "<!--", "&#"]), text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for body in [[start.as_bytes(), text.as_bytes()].concat(), [start.as_bytes(), &bytes].concat()] {
            for kind in ["text/plain", "text/html; charset=windows-1251", "x; charset=utf-16le"] {
                let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
                let told = words(&headers, &body);
                prop_assert!(told.len() <= 4 * 1024 + 3);
                prop_assert!(!told.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{told:?}");
            }
        }
    }
}
