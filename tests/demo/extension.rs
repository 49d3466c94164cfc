//! The stand-in infobase keeps the manners of a real one.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use onec_mcp::demo::DemoInfobase;
use onec_mcp::demo::trade::{Date, company};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BOM: &[u8] = "\u{feff}".as_bytes();
const INTERNAL: i64 = -32603;

/// After the last of the documents.
fn today() -> Date {
    "2026-10-05".parse().unwrap()
}

async fn quick() -> DemoInfobase {
    DemoInfobase::builder().today(today()).report_delay(Duration::ZERO).start().await.unwrap()
}

async fn slow() -> DemoInfobase {
    DemoInfobase::builder().report_delay(Duration::from_secs(3600)).start().await.unwrap()
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

fn login(infobase: &DemoInfobase) -> String {
    basic(infobase.username(), infobase.password())
}

/// Sends one request to `path` on the infobase's host.
async fn send(
    infobase: &DemoInfobase,
    method: Method,
    path: &str,
    authorization: &str,
    body: impl Into<Bytes>,
) -> (StatusCode, HeaderMap, Bytes) {
    let origin = infobase.url().strip_suffix("/demo").unwrap();
    let request = Request::builder()
        .method(method)
        .uri(format!("{origin}{path}"))
        .header(AUTHORIZATION, authorization)
        .body(Full::new(body.into()))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    (head.status, head.headers, body.collect().await.unwrap().to_bytes())
}

async fn get(infobase: &DemoInfobase, path: &str) -> (StatusCode, HeaderMap, Bytes) {
    send(infobase, Method::GET, path, &login(infobase), "").await
}

async fn post(infobase: &DemoInfobase, body: impl Into<Bytes>) -> (StatusCode, HeaderMap, Bytes) {
    send(infobase, Method::POST, "/demo/hs/mcp/rpc", &login(infobase), body).await
}

/// What the infobase replies to a JSON-RPC message.
async fn reply(infobase: &DemoInfobase, message: impl Into<Bytes>) -> Value {
    let (status, headers, body) = post(infobase, message).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CONTENT_TYPE], "application/json; charset=utf-8");
    serde_json::from_slice(body.strip_prefix(BOM).expect("a byte order mark")).unwrap()
}

fn request(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string()
}

async fn result(infobase: &DemoInfobase, method: &str, params: Value) -> Value {
    let mut reply = reply(infobase, request(method, params)).await;
    assert_eq!(reply["id"], 7, "{reply}");
    assert!(reply.get("error").is_none(), "{reply}");
    reply["result"].take()
}

async fn error(infobase: &DemoInfobase, message: impl Into<Bytes>) -> (i64, String) {
    let reply = reply(infobase, message).await;
    let text = reply["error"]["message"].as_str().unwrap();
    (reply["error"]["code"].as_i64().unwrap(), text.to_owned())
}

/// The content of a tool's result, and whether it is an error.
async fn tool(infobase: &DemoInfobase, name: &str, arguments: Value) -> (Vec<Value>, bool) {
    let call = json!({ "name": name, "arguments": arguments });
    let result = result(infobase, "tools/call", call).await;
    let content = result["content"].as_array().unwrap().clone();
    (content, result["isError"].as_bool().unwrap())
}

async fn tool_text(infobase: &DemoInfobase, name: &str, arguments: Value) -> String {
    let (content, is_error) = tool(infobase, name, arguments).await;
    assert!(!is_error, "{content:?}");
    content[0]["text"].as_str().unwrap().to_owned()
}

async fn tool_error(infobase: &DemoInfobase, name: &str, arguments: Value) -> String {
    let (content, is_error) = tool(infobase, name, arguments).await;
    assert!(is_error, "{content:?}");
    content[0]["text"].as_str().unwrap().to_owned()
}

/// Decodes Base64 in lines as 1C writes them.
fn unbroken(base64: &Value) -> Vec<u8> {
    let lines = base64.as_str().unwrap().split("\r\n").collect::<Vec<_>>();
    let (last, full) = lines.split_last().unwrap();
    assert!(!full.is_empty(), "one line shows nothing");
    assert!(full.iter().all(|line| line.len() == 76));
    assert!((1..=76).contains(&last.len()));
    BASE64_STANDARD.decode(lines.concat()).unwrap()
}

fn assert_png(bytes: &[u8]) {
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    // The last chunk is empty, and its checksum is known to all.
    assert!(bytes.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
}

mod web_server {
    use super::*;

    #[tokio::test]
    async fn health_is_json_over_lines_after_a_byte_order_mark() {
        let infobase = quick().await;
        let (status, headers, body) = get(&infobase, "/demo/hs/mcp/health").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[CONTENT_TYPE], "application/json; charset=utf-8");
        assert_eq!(body, "\u{feff}{\r\n\t\"status\": \"ok\"\r\n}");
    }

    #[tokio::test]
    async fn line_feeds_come_with_carriage_returns_only() {
        let infobase = quick().await;
        let (_, _, body) = post(&infobase, request("tools/list", json!({}))).await;
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("\r\n\t"));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }

    #[tokio::test]
    async fn a_wrong_login_is_401_with_a_challenge() {
        let infobase = quick().await;
        let (username, password) = (infobase.username(), infobase.password());
        // "Администратор" in windows-1251: logins are UTF-8
        let mut legacy = b"\xc0\xe4\xec\xe8\xed\xe8\xf1\xf2\xf0\xe0\xf2\xee\xf0:".to_vec();
        legacy.extend(password.bytes());
        for authorization in [
            String::new(),
            basic(username, "wrong"),
            basic("admin", password),
            format!("Basic {}", BASE64_STANDARD.encode(legacy)),
            basic(username, password).replace("Basic", "Bearer"),
            "Basic %".to_owned(),
        ] {
            let path = "/demo/hs/mcp/rpc";
            let (status, headers, body) = send(&infobase, Method::POST, path, &authorization, "{}").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization}");
            assert_eq!(headers[WWW_AUTHENTICATE], "Basic realm=\"1C:Enterprise 8\"");
            assert!(body.is_empty());
        }
    }

    #[tokio::test]
    async fn an_unknown_address_is_a_page_in_html() {
        let infobase = quick().await;
        for path in ["/", "/Demo/hs/mcp/health", "/demon/hs/mcp/health", "/demo/hs/other/rpc"] {
            let (status, headers, body) = get(&infobase, path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
            assert!(body.starts_with(b"<!DOCTYPE HTML"));
        }
        // A web server that knows no such infobase asks for no login.
        let (status, ..) = send(&infobase, Method::GET, "/DEMO/hs/mcp/health", "", "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, ..) = get(&infobase, "/demo/hs/mcp/rpc").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn a_body_over_4_mib_is_413_and_one_of_4_mib_is_read() {
        let infobase = quick().await;
        let mut body = request("tools/list", json!({})).into_bytes();
        body.resize(4 << 20, b' ');
        let (status, ..) = post(&infobase, body).await;
        assert_eq!(status, StatusCode::OK);

        let mut peer = connect(&infobase).await;
        peer.write_all(head(&infobase, (4 << 20) + 1).as_bytes()).await.unwrap();
        let mut status_line = [0; 12];
        peer.read_exact(&mut status_line).await.unwrap();
        assert_eq!(&status_line, b"HTTP/1.1 413");
    }
}

mod json_rpc {
    use super::*;

    #[tokio::test]
    async fn a_notification_is_204_and_runs_nothing() {
        let infobase = quick().await;
        let message = json!({
            "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "list_warehouses" },
        });
        let (status, headers, body) = post(&infobase, message.to_string()).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(!headers.contains_key(CONTENT_TYPE));
        assert!(body.is_empty());
        assert_eq!(infobase.calls().started(), 0);
    }

    #[tokio::test]
    async fn any_id_is_given_back_even_null() {
        let infobase = quick().await;
        for id in [json!(null), json!(0), json!("семь")] {
            let message = json!({ "jsonrpc": "2.0", "id": id, "method": "prompts/list" });
            assert_eq!(reply(&infobase, message.to_string()).await["id"], id);
        }
    }

    #[tokio::test]
    async fn methods_beyond_stock_are_unknown() {
        let infobase = quick().await;
        for method in ["initialize", "ping", "resources/templates/list", "completion/complete", "tools/LIST"] {
            let expected = (-32601, format!("Неизвестный метод: {method}"));
            assert_eq!(error(&infobase, request(method, json!({}))).await, expected);
        }
    }

    #[tokio::test]
    async fn other_versions_are_refused() {
        let infobase = quick().await;
        let message = json!({ "jsonrpc": "1.0", "id": 1, "method": "tools/list" });
        assert_eq!(error(&infobase, message.to_string()).await.0, -32600);
    }

    #[tokio::test]
    async fn keys_that_a_structure_cannot_hold_are_refused_at_any_depth() {
        let infobase = quick().await;
        let call = |arguments| request("tools/call", json!({ "name": "x", "arguments": arguments }));
        for (message, key) in [
            (call(json!({ "a-b": 1 })), "a-b"),
            (call(json!({ "list": [1, { "": 1 }] })), ""),
            (call(json!({ "1st": 1 })), "1st"),
            (call(json!({ "ключ с пробелом": 1 })), "ключ с пробелом"),
            (call(json!({ "_meta": { "io.modelcontextprotocol/x": 1 } })), "io.modelcontextprotocol/x"),
        ] {
            let text = format!("Внутренняя ошибка сервера: Недопустимое имя ключа структуры: {key}");
            assert_eq!(error(&infobase, message).await, (INTERNAL, text));
        }
        // These are identifiers; what is wrong is the tool.
        let (_, text) = error(&infobase, call(json!({ "_meta": 1, "Склад_2": 1 }))).await;
        assert!(text.ends_with("Инструмент 'x' не найден"), "{text}");
    }

    #[tokio::test]
    async fn a_long_key_is_told_in_part() {
        let infobase = quick().await;
        let message = json!({ "-".repeat(1 << 20): 1 }).to_string();
        assert!(error(&infobase, message).await.1.len() < 300);
    }

    #[tokio::test]
    async fn what_is_no_request_is_an_internal_error_in_russian() {
        let infobase = quick().await;
        let deep = "[".repeat(1 << 20);
        for message in ["", "{", "[]", "\"tools/list\"", "{\"id\":1}}", "\u{feff}{}", &deep] {
            let (code, text) = error(&infobase, message.to_owned()).await;
            assert_eq!(code, INTERNAL, "{text}");
            assert!(text.starts_with("Внутренняя ошибка сервера: {HTTPСервис."), "{text}");
        }
        let (code, _) = error(&infobase, request("tools/list", json!(["positional"]))).await;
        assert_eq!(code, INTERNAL);
    }

    #[tokio::test]
    async fn unknown_names_are_internal_errors() {
        let infobase = quick().await;
        for (method, params, expected) in [
            ("tools/call", json!({ "name": "нет" }), "Инструмент 'нет' не найден"),
            ("resources/read", json!({ "uri": "onec://нет" }), "Ресурс 'onec://нет' не найден"),
            ("prompts/get", json!({ "name": "нет" }), "Промпт 'нет' не найден"),
            ("tools/call", json!({}), "Не указан обязательный параметр 'name'"),
            (
                "prompts/get",
                json!({ "name": "analyze_sales", "arguments": { "period_from": "2026-01-01" } }),
                "Не указан обязательный параметр 'period_to'",
            ),
        ] {
            let (code, text) = error(&infobase, request(method, params)).await;
            assert_eq!(code, INTERNAL);
            assert!(text.starts_with("Внутренняя ошибка сервера: {"), "{text}");
            assert!(text.ends_with(expected), "{text}");
        }
        assert_eq!(infobase.calls().started(), 0);
    }
}

mod content {
    use super::*;

    /// How much of a product lies in a warehouse after all.
    fn stock(warehouse: &str, article: &str) -> i64 {
        let company = company();
        let at = company.warehouses.iter().position(|one| one.code == warehouse).unwrap();
        let product = company.products.iter().position(|one| one.article == article).unwrap();
        let mut left = 0;
        for one in company.purchases.iter().filter(|one| one.warehouse == at) {
            let lines = one.lines.iter().filter(|line| line.product == product).map(|line| line.quantity);
            left += lines.sum::<i64>() * if one.is_return { -1 } else { 1 };
        }
        for one in company.sales.iter().filter(|one| one.warehouse == at) {
            let lines = one.lines.iter().filter(|line| line.product == product).map(|line| line.quantity);
            left -= lines.sum::<i64>() * if one.is_return { -1 } else { 1 };
        }
        left
    }

    #[tokio::test]
    async fn tools_are_listed_with_their_schemas() {
        let infobase = quick().await;
        let list = result(&infobase, "tools/list", json!({})).await;
        let tools = list["tools"].as_array().unwrap();
        let names = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect::<Vec<_>>();
        let expected = [
            "get_metadata",
            "search_catalog",
            "sales_report",
            "fail_with_exception",
            "product_image",
            "остатки_товаров",
            "list_warehouses",
            "whoami",
        ];
        assert_eq!(names, expected);
        assert!(tools.iter().all(|tool| tool["title"].is_string() && tool["description"].is_string()));
        let warehouse = &tools[1]["inputSchema"]["properties"]["warehouse"];
        assert_eq!(warehouse["x-mcp-header"], "Warehouse");
        assert_eq!(warehouse["type"], "string");
        assert_eq!(tools[5]["inputSchema"]["required"], json!(["Склад"]));
        assert_eq!(tools[6]["inputSchema"], json!({}));
    }

    #[tokio::test]
    async fn metadata_is_found_under_either_name() {
        let infobase = quick().await;
        for name in ["Catalog.Products", "Справочник.Номенклатура", "справочник.products"]
        {
            let text = tool_text(&infobase, "get_metadata", json!({ "name": name })).await;
            assert!(text.starts_with("Справочник.Номенклатура (Catalog.Products)\n"), "{text}");
            assert!(text.contains("Артикул (Article): Строка(25)"), "{text}");
        }
        let filtered = json!({ "name": "Document.SalesInvoice", "filter": "цена" });
        let text = tool_text(&infobase, "get_metadata", filtered).await;
        assert!(text.contains("Табличная часть Товары:\n  Цена (Price): Число(15, 2)"), "{text}");
        assert!(!text.contains("Контрагент"), "{text}");
        let text = tool_error(&infobase, "get_metadata", json!({ "name": "Catalog.No" })).await;
        assert!(text.ends_with("Объект метаданных 'Catalog.No' не найден"), "{text}");
    }

    #[tokio::test]
    async fn catalogs_are_searched_in_two_languages() {
        let infobase = quick().await;
        for (catalog, query, found) in [
            ("Номенклатура", "черный,", "000000114 Чай чёрный, 100 г (Black tea, 100 g): ЧЧ-100, 163,00 руб."),
            ("Catalog.Products", "WHISTLING", "000000103 Чайник со свистком (Whistling kettle): ЧС-03, 1733,00 руб."),
            ("customers", "ветер", "000000202 АО «Северный ветер» (Northern Wind JSC): Мурманск, реализаций: "),
            ("customers", "baltic", "000000205 Baltic Tea OÜ: Таллин, реализаций: "),
            ("Customers", "technoimport", "000000221 ООО «Техноимпорт» (Technoimport LLC): Москва, поступлений: "),
            ("Справочник.Склады", "маг", "МАГ Магазин на Лесной (Shop on Lesnaya Street): Москва, Лесная улица, 12"),
        ] {
            let arguments = json!({ "catalog": catalog, "query": query });
            let text = tool_text(&infobase, "search_catalog", arguments).await;
            assert!(text.starts_with(&format!("Найдено: 1, показано: 1\n{found}")), "{text}");
        }
        let arguments = json!({ "catalog": "Products", "query": "", "limit": 2 });
        let text = tool_text(&infobase, "search_catalog", arguments).await;
        let all = company().products.len();
        assert!(text.starts_with(&format!("Найдено: {all}, показано: 2\n")), "{text}");
        assert_eq!(text.lines().count(), 3);
        let arguments = json!({ "catalog": "Products", "query": "" });
        assert_eq!(tool_text(&infobase, "search_catalog", arguments).await.lines().count(), 11, "ten unless told");
    }

    #[tokio::test]
    async fn a_warehouse_narrows_the_search_to_what_it_has() {
        let infobase = quick().await;
        let arguments = json!({ "catalog": "Products", "query": "кофе в зёрнах", "warehouse": "Магазин на Лесной" });
        let text = tool_text(&infobase, "search_catalog", arguments).await;
        let left = stock("МАГ", "КЗ-1000");
        assert!(text.contains(&format!("КЗ-1000, 1842,00 руб., остаток {left} упак")), "{text}");
        // What is for production lies elsewhere.
        let arguments = json!({ "catalog": "Products", "query": "шнур", "warehouse": "МАГ" });
        assert_eq!(tool_text(&infobase, "search_catalog", arguments).await, "Найдено: 0, показано: 0");
        let arguments = json!({ "catalog": "Products", "query": "", "warehouse": "Нет такого" });
        let text = tool_error(&infobase, "search_catalog", arguments).await;
        assert!(text.ends_with("Склад 'Нет такого' не найден"), "{text}");
    }

    #[tokio::test]
    async fn the_report_adds_up_the_sales_of_its_period() {
        let infobase = quick().await;
        let period = json!({ "period_from": "2026-01-29", "period_to": "2026-02-03" });
        let text = tool_text(&infobase, "sales_report", period).await;
        let expected = "Продажи с 2026-01-29 по 2026-02-03, документов: 4\n\
            Кружка керамическая, 330 мл: 68 шт, 17884,00 руб.\n\
            Турка медная, 300 мл: 9 шт, 11538,00 руб.\n\
            Кофе в капсулах, 10 шт.: 27 упак, 10026,72 руб.\n\
            Контейнер Fresh, набор 3 шт.: 9 шт, 9721,53 руб.\n\
            Корзинка плетёная: 11 шт, 7157,15 руб.\n\
            Чай травяной «Алтайский мёд», 250 г: 6 упак, 2724,00 руб.\n\
            Итого: 59051,40 руб.";
        assert_eq!(text, expected);

        let period = json!({ "period_from": "2023-01-01", "period_to": "2023-12-31" });
        let text = tool_text(&infobase, "sales_report", period).await;
        assert_eq!(text, "Продажи с 2023-01-01 по 2023-12-31, документов: 0\nИтого: 0,00 руб.");
    }

    #[tokio::test]
    async fn a_period_that_is_none_fails_at_once() {
        let infobase = slow().await;
        for (from, to, expected) in [
            ("2026-02-01", "2026-01-01", "Начало периода больше его конца"),
            ("2026-13-01", "2026-12-31", "Параметр 'period_from': неверная дата '2026-13-01'"),
            ("2026-02-01", "2026-02-30", "Параметр 'period_to': неверная дата '2026-02-30'"),
            ("2026-01-01", "завтра", "Параметр 'period_to': неверная дата 'завтра'"),
        ] {
            let period = json!({ "period_from": from, "period_to": to });
            let text = tool_error(&infobase, "sales_report", period).await;
            assert!(text.ends_with(expected), "{text}");
        }
    }

    #[tokio::test]
    async fn an_exception_is_a_result() {
        let infobase = quick().await;
        let head = "Ошибка выполнения инструмента 'fail_with_exception': \
            {ОбщийМодуль.ДемоИнструменты.Модуль(42)}: ";
        let text = tool_error(&infobase, "fail_with_exception", json!({})).await;
        assert_eq!(text, format!("{head}Деление на 0"));
        let text = tool_error(&infobase, "fail_with_exception", json!({ "message": "Нет прав" })).await;
        assert_eq!(text, format!("{head}Нет прав"));
        let text = tool_error(&infobase, "fail_with_exception", json!({ "message": 1 })).await;
        assert!(text.ends_with("преобразование значения к типу Строка не может быть выполнено"));
        let calls = infobase.calls();
        assert_eq!((calls.started(), calls.finished(), calls.cancelled()), (3, 3, 0));
    }

    #[tokio::test]
    async fn an_image_is_base64_over_lines() {
        let infobase = quick().await;
        let (content, _) = tool(&infobase, "product_image", json!({ "code": "000000111" })).await;
        assert_eq!(content[0], json!({ "type": "text", "text": "Миксер ручной" }));
        assert_eq!(content[1]["type"], "image");
        assert_eq!(content[1]["mimeType"], "image/png");
        assert_png(&unbroken(&content[1]["data"]));
        let (other, _) = tool(&infobase, "product_image", json!({ "code": "000000101" })).await;
        assert_ne!(other[1]["data"], content[1]["data"], "each has its colour");
        let text = tool_error(&infobase, "product_image", json!({ "code": "0" })).await;
        assert!(text.ends_with("Номенклатура с кодом '0' не найдена"), "{text}");
    }

    #[tokio::test]
    async fn stock_is_what_was_bought_less_what_was_sold() {
        let infobase = quick().await;
        let arguments = json!({ "Склад": "Основной склад", "Номенклатура": "чай " });
        let (content, _) = tool(&infobase, "остатки_товаров", arguments).await;
        let numbers: Value = serde_json::from_str(content[1]["text"].as_str().unwrap()).unwrap();
        let teas = numbers["Остатки"].as_array().unwrap();
        let black = json!({
            "Код": "000000114", "Номенклатура": "Чай чёрный, 100 г", "Единица": "упак",
            "Количество": stock("ОСН", "ЧЧ-100"),
        });
        assert!(teas.contains(&black), "{numbers}");
        assert!(
            teas.iter().all(|row| row["Номенклатура"].as_str().unwrap().to_lowercase().contains("чай")),
            "{numbers}"
        );
        let told = content[0]["text"].as_str().unwrap();
        assert!(told.starts_with(&format!("Основной склад: позиций {}, на сумму ", teas.len())), "{told}");

        // Its names may have blanks: it reads them into a Map.
        let most = json!({ "Остаток не меньше": 20, "Единица измерения": "упак" });
        let arguments = json!({ "Склад": "МАГ", "Отбор": most, "Сортировать по": "остатку" });
        let (content, _) = tool(&infobase, "остатки_товаров", arguments).await;
        let numbers: Value = serde_json::from_str(content[1]["text"].as_str().unwrap()).unwrap();
        let rows = numbers["Остатки"].as_array().unwrap();
        let left = rows.iter().map(|row| row["Количество"].as_i64().unwrap()).collect::<Vec<_>>();
        assert!(!left.is_empty() && left.iter().all(|left| *left >= 20) && left.is_sorted_by(|a, b| a >= b));
        assert!(rows.iter().all(|row| row["Единица"] == "упак"));
        let text = tool_text(&infobase, "остатки_товаров", json!({ "Склад": "стр" })).await;
        assert_eq!(text, "Старый склад (закрыт): остатков нет");
        let text = tool_error(&infobase, "остатки_товаров", json!({})).await;
        assert!(text.ends_with("Не указан обязательный параметр 'Склад'"), "{text}");
    }

    #[tokio::test]
    async fn a_tool_without_parameters_needs_no_arguments() {
        let infobase = quick().await;
        let result = result(&infobase, "tools/call", json!({ "name": "list_warehouses" })).await;
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("Складов: 5\n"), "{text}");
        assert!(text.contains("\nОСН Основной склад (Main warehouse): Москва, Складской проезд, 1\n"), "{text}");
        assert!(text.lines().last().unwrap().starts_with("СТР Старый склад (закрыт)"), "what is closed comes last");
    }

    #[tokio::test]
    async fn every_resource_can_be_read() {
        let infobase = quick().await;
        let list = result(&infobase, "resources/list", json!({})).await;
        let resources = list["resources"].as_array().unwrap();
        assert_eq!(resources.len(), 4);
        for resource in resources {
            let uri = &resource["uri"];
            let read = result(&infobase, "resources/read", json!({ "uri": uri })).await;
            let contents = &read["contents"][0];
            assert_eq!(contents["uri"], *uri);
            assert_eq!(contents["mimeType"], resource["mimeType"]);
            match uri.as_str().unwrap() {
                "onec://company/logo" => {
                    assert_eq!(contents["type"], "blob");
                    assert_png(&unbroken(&contents["blob"]));
                }
                _ => assert_eq!(contents["type"], "text"),
            }
        }
    }

    #[tokio::test]
    async fn texts_of_resources_are_computed() {
        let infobase = quick().await;
        let text = async |uri: &str| {
            let read = result(&infobase, "resources/read", json!({ "uri": uri })).await;
            read["contents"][0]["text"].as_str().unwrap().to_owned()
        };
        let about = text("onec://company/about").await;
        assert!(about.starts_with("ООО «Ромашка» "), "{about}");
        let sales = company().sales.iter().filter(|sale| !sale.is_return).count();
        let tail = format!("складов: 5, документов реализации: {sales}, с 2024-10-01 по 2026-09-30.");
        assert!(about.ends_with(&tail), "{about}");
        let csv = text("onec://company/price-list").await;
        assert_eq!(csv.lines().count(), company().products.iter().filter(|one| !one.archived).count() + 1);
        assert!(csv.contains("\r\n000000110;ТС-05;Тостер;шт;3434,00\r\n"), "{csv}");
        let tree: Value = serde_json::from_str(&text("onec://metadata/tree").await).unwrap();
        assert_eq!(tree["Справочники"][0]["Реквизиты"]["Цена"], "Число(15, 2)");
    }

    #[tokio::test]
    async fn prompts_take_their_arguments() {
        let infobase = quick().await;
        let list = result(&infobase, "prompts/list", json!({})).await;
        let arguments = |at: usize| list["prompts"][at]["arguments"].as_array().unwrap();
        assert_eq!(arguments(0)[2]["name"], "focus");
        assert_eq!(arguments(0)[2]["required"], false);
        assert_eq!(arguments(1)[0]["required"], true);
        assert!(arguments(2).is_empty());

        let get = async |name: &str, arguments: Value| {
            let params = json!({ "name": name, "arguments": arguments });
            result(&infobase, "prompts/get", params).await["messages"].take()
        };
        let period = json!({ "period_from": "2026-01-01", "period_to": "2026-03-31", "focus": "чай" });
        let messages = get("analyze_sales", period).await;
        assert_eq!(messages[0]["role"], "user");
        let text = messages[0]["content"]["text"].as_str().unwrap();
        assert!(text.contains("с 2026-01-01 по 2026-03-31"), "{text}");
        assert!(text.ends_with("Обрати внимание: чай."), "{text}");

        let messages = get("describe_object", json!({ "name": "Catalog.Warehouses" })).await;
        let text = messages[0]["content"]["text"].as_str().unwrap();
        assert!(text.contains("Синоним: Склады и магазины"), "{text}");

        let messages = get("company_overview", Value::Null).await;
        assert_eq!(messages[0]["content"]["resource"]["uri"], "onec://company/about");
    }
}

async fn connect(infobase: &DemoInfobase) -> TcpStream {
    TcpStream::connect(authority(infobase)).await.unwrap()
}

fn authority(infobase: &DemoInfobase) -> &str {
    infobase.url().strip_prefix("http://").unwrap().strip_suffix("/demo").unwrap()
}

fn head(infobase: &DemoInfobase, length: usize) -> String {
    let (host, login) = (authority(infobase), login(infobase));
    format!(
        "POST /demo/hs/mcp/rpc HTTP/1.1\r\nHost: {host}\r\nAuthorization: {login}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

/// A connection on which a report is being built.
async fn reporting(infobase: &DemoInfobase) -> TcpStream {
    let arguments = json!({ "period_from": "2026-01-01", "period_to": "2026-12-31" });
    let body = request("tools/call", json!({ "name": "sales_report", "arguments": arguments }));
    let mut peer = connect(infobase).await;
    let message = head(infobase, body.len()) + &body;
    peer.write_all(message.as_bytes()).await.unwrap();
    infobase.calls_until(|calls| calls.started() == 1).await;
    peer
}

#[tokio::test]
async fn a_report_is_cancelled_when_its_peer_goes_away() {
    let infobase = slow().await;
    drop(reporting(&infobase).await);
    let calls = infobase.calls_until(|calls| calls.cancelled() == 1).await;
    assert_eq!((calls.started(), calls.finished()), (1, 0));
}

#[tokio::test]
async fn a_stopped_infobase_is_gone_until_it_starts_again() {
    let infobase = slow().await;
    let mut peer = reporting(&infobase).await;
    let (host, url) = (authority(&infobase).to_owned(), infobase.url().to_owned());
    infobase.stop().await;

    assert!(peer.read(&mut [0]).await.map_or(true, |read| read == 0), "no reply, only an end");
    assert!(TcpStream::connect(&host).await.is_err());

    let port = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let infobase = DemoInfobase::builder().port(port).start().await.unwrap();
    assert_eq!(infobase.url(), url);
    let (status, ..) = get(&infobase, "/demo/hs/mcp/health").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(infobase.calls().started(), 0);
}

#[tokio::test]
async fn a_dropped_infobase_drops_its_connections() {
    let infobase = slow().await;
    let mut peer = reporting(&infobase).await;
    drop(infobase);
    assert!(peer.read(&mut [0]).await.map_or(true, |read| read == 0));
}

#[test]
fn an_infobase_may_be_shared_between_threads() {
    fn shareable<T: Send + Sync + 'static>() {}
    shareable::<DemoInfobase>();
}
