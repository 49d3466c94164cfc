//! The official Rust SDK, which nobody here wrote, works with the gateway and its demo infobase: over HTTP and over
//! standard streams, in both eras of the protocol.

use crate::support::gateway::{Gateway, command};
use rmcp::model::{ProgressNotificationParam, ProtocolVersion};
use rmcp::service::{NotificationContext, RoleClient, RunningService, ServiceError};
use rmcp::transport::{IntoTransport, StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What clients know `остатки_товаров` by.
const STOCK: &str = "ostatki_tovarov_9bz3e7";

/// Counts what it is told of progress.
#[derive(Clone, Default)]
struct Listener(Arc<AtomicUsize>);

impl ClientHandler for Listener {
    async fn on_progress(&self, _: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn legacy() -> ClientLifecycleMode {
    ClientLifecycleMode::Initialize
}

fn modern() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

fn http(url: String) -> StreamableHttpClientTransport<reqwest::Client> {
    // The library for TLS is chosen by the program.
    rustls::crypto::ring::default_provider().install_default().ok();
    StreamableHttpClientTransport::from_uri(url)
}

fn stdio() -> TokioChildProcess {
    let mut command = command();
    command.args(["stdio", "--demo"]);
    TokioChildProcess::new(command).unwrap()
}

#[tokio::test]
async fn legacy_over_http() {
    let gateway = Gateway::start(&["--demo"]).await;
    check(http(gateway.url("/mcp")), legacy(), "2025-11-25").await;
}

#[tokio::test]
async fn modern_over_http() {
    let gateway = Gateway::start(&["--demo"]).await;
    check(http(gateway.url("/mcp")), modern(), "2026-07-28").await;
}

#[tokio::test]
async fn legacy_over_stdio() {
    check(stdio(), legacy(), "2025-11-25").await;
}

#[tokio::test]
async fn modern_over_stdio() {
    check(stdio(), modern(), "2026-07-28").await;
}

#[tokio::test]
async fn the_catalog_over_http() {
    let gateway = Gateway::start(&["--demo", "--catalog", "trade"]).await;
    for lifecycle in [legacy(), modern()] {
        check_catalog(http(gateway.url("/mcp")), lifecycle).await;
    }
}

#[tokio::test]
async fn the_catalog_over_stdio() {
    for lifecycle in [legacy(), modern()] {
        let mut command = command();
        command.args(["stdio", "--demo", "--catalog", "trade"]);
        check_catalog(TokioChildProcess::new(command).unwrap(), lifecycle).await;
    }
}

/// Lists the tools of the catalog, and calls a few as a model would.
async fn check_catalog<T, E, A>(transport: T, lifecycle: ClientLifecycleMode)
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let client = Listener::default().serve_with_lifecycle(transport, lifecycle).await.unwrap();
    let tools = client.list_all_tools().await.unwrap();
    let outputs: Vec<_> = tools.iter().filter(|tool| tool.output_schema.is_some()).collect();
    assert_eq!((tools.len(), outputs.len()), (26, 19));

    let period = json!({ "from": "2026-07-01", "to": "2026-09-30" });
    let top = call(&client, "top_products", json!({ "period": period, "top": 3 })).await.unwrap();
    let rows = top.pointer("/structuredContent/rows").and_then(Value::as_array).unwrap();
    assert_eq!(rows.len(), 3, "{top}");
    assert_eq!(serde_json::from_str::<Value>(text(&top)).ok().as_ref(), top.get("structuredContent"));

    let id = rows.first().and_then(|row| row.pointer("/0/id")).expect("the id of a product");
    let stock = call(&client, "stock_balance", json!({ "filters": { "product_ids": [id] } })).await.unwrap();
    assert!(stock.pointer("/structuredContent/rows").is_some_and(Value::is_array), "{stock}");

    let wrong = call(&client, "top_products", json!({ "period": period, "by": "profit" })).await.unwrap();
    assert_eq!(wrong.get("isError"), Some(&json!(true)));
    assert!(text(&wrong).contains("by") && text(&wrong).contains("amount"), "{wrong}");
    client.cancel().await.unwrap();
}

type Client = RunningService<RoleClient, Listener>;

/// Lists, calls, reads and gets, and looks at everything that comes.
async fn check<T, E, A>(transport: T, lifecycle: ClientLifecycleMode, version: &str)
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let listener = Listener::default();
    let client = listener.clone().serve_with_lifecycle(transport, lifecycle).await.unwrap();
    let server = client.peer_info().unwrap();
    assert_eq!(server.protocol_version.as_str(), version);
    assert_eq!(server.server_info.as_ref().unwrap().name, "1C Configuration Data Tools");

    lists(&client).await;
    let ((), ()) = tokio::join!(slow_report(&client, &listener), async {
        calls(&client).await;
        reads_and_gets(&client).await;
        assert_eq!(listener.0.load(Ordering::Relaxed), 0, "nothing waits for the slow report");
    });
    client.cancel().await.unwrap();
}

async fn lists(client: &Client) {
    let tools = client.list_all_tools().await.unwrap();
    let names = tools.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>();
    let expected = [
        "get_metadata",
        "search_catalog",
        "sales_report",
        "fail_with_exception",
        "product_image",
        // Its name in 1C is Cyrillic.
        STOCK,
        "list_warehouses",
        "whoami",
    ];
    assert_eq!(names, expected);
    let resources = client.list_all_resources().await.unwrap();
    let uris = resources.iter().map(|resource| resource.uri.as_str()).collect::<Vec<_>>();
    let expected = ["onec://company/about", "onec://company/price-list", "onec://company/logo", "onec://metadata/tree"];
    assert_eq!(uris, expected);
    let prompts = client.list_all_prompts().await.unwrap();
    let names = prompts.iter().map(|prompt| prompt.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["analyze_sales", "describe_object", "company_overview"]);
}

async fn call(client: &Client, name: &str, arguments: Value) -> Result<Value, ServiceError> {
    let params = serde_json::from_value(json!({ "name": name, "arguments": arguments })).unwrap();
    client.call_tool(params).await.map(plain)
}

/// What came, as JSON.
fn plain(result: impl Serialize) -> Value {
    serde_json::to_value(result).unwrap()
}

/// The only text, or the first, of a tool's result.
fn text(result: &Value) -> &str {
    result.pointer("/content/0/text").and_then(Value::as_str).expect("a text")
}

async fn calls(client: &Client) {
    let stock = json!({ "Склад": "Магазин на Лесной", "Номенклатура": "чай" });
    let stock = call(client, STOCK, stock).await.unwrap();
    assert_eq!(text(&stock), "Магазин на Лесной: позиций 8, на сумму 255529,00 руб.");
    assert_ne!(stock.get("isError"), Some(&json!(true)));

    // The warehouse travels in a header too, in 2026-07-28 over HTTP.
    let found = json!({ "catalog": "Номенклатура", "query": "кофе молотый", "warehouse": "Магазин на Лесной" });
    let found = call(client, "search_catalog", found).await.unwrap();
    let line = "000000121 Кофе молотый, 250 г (Ground coffee, 250 g): КМЛ-250, 543,00 руб., остаток 57 упак";
    assert_eq!(text(&found), format!("Найдено: 1, показано: 1\n{line}"));

    let image = call(client, "product_image", json!({ "code": "000000101" })).await.unwrap();
    let png = image.pointer("/content/1").unwrap();
    assert_eq!(png.get("mimeType"), Some(&json!("image/png")));
    let data = png.get("data").and_then(Value::as_str).unwrap();
    assert!(data.starts_with("iVBORw0KGgo") && data.len() == 852 / 3 * 4, "{data}");

    let failure = call(client, "fail_with_exception", json!({ "message": "Нет прав" })).await.unwrap();
    assert_eq!(failure.get("isError"), Some(&json!(true)));
    assert!(text(&failure).ends_with(": Нет прав"), "{failure}");

    let error = call(client, "нет_такого", json!({})).await.expect_err("there is no such tool");
    let ServiceError::McpError(error) = error else { panic!("not an error of the protocol: {error:?}") };
    assert!(error.message.contains("Инструмент 'нет_такого' не найден"), "{error:?}");
}

async fn slow_report(client: &Client, listener: &Listener) {
    let period = json!({ "period_from": "2026-01-01", "period_to": "2026-03-31" });
    let report = call(client, "sales_report", period).await.unwrap();
    assert!(text(&report).ends_with("\nИтого: 1772787,92 руб."), "{report}");
    assert!(listener.0.load(Ordering::Relaxed) > 0, "no progress was told");
}

async fn reads_and_gets(client: &Client) {
    let read = async |uri: &str| {
        let params = serde_json::from_value(json!({ "uri": uri })).unwrap();
        plain(client.read_resource(params).await.unwrap())
    };
    let about = read("onec://company/about").await;
    let said = about.pointer("/contents/0/text").and_then(Value::as_str).unwrap();
    assert!(said.starts_with("ООО «Ромашка» торгует бытовой техникой, чаем и кофе.\n"), "{said}");
    let logo = read("onec://company/logo").await;
    let blob = logo.pointer("/contents/0/blob").and_then(Value::as_str).unwrap();
    assert!(blob.starts_with("iVBORw0KGgo") && !blob.contains(['\r', '\n']), "{blob}");

    let arguments = json!({ "period_from": "2026-01-01", "period_to": "2026-03-31", "focus": "чай и кофе" });
    let params = serde_json::from_value(json!({ "name": "analyze_sales", "arguments": arguments })).unwrap();
    let prompt = plain(client.get_prompt(params).await.unwrap());
    let asked = prompt.pointer("/messages/0/content/text").and_then(Value::as_str).unwrap();
    assert!(asked.ends_with("Обрати внимание: чай и кофе."), "{asked}");
}
