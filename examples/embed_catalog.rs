//! Business tools of your own over an infobase: a catalog, described as data, beside the tools of the 1C extension.
//!
//! `cargo run --example embed_catalog` serves the demo infobase; for a real one put its URL and account into
//! `Infobase::new(..).basic(..)`.

use onec_mcp::catalog::{Limits, Tools};
use onec_mcp::{
    CacheLayer, Catalog, CatalogLayer, Gateway, Infobase, JsonRpcLayer, OneCService, RestService, ServerInfo, demo,
};
use serde_json::json;
use tokio::net::TcpListener;
use tower::Layer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = demo::DemoInfobase::start().await?;
    let onec = OneCService::new(Infobase::new(demo.url())?.basic(demo.username(), demo.password()))?;

    // A tool is data: a description for the model, the schema of its arguments, and the path where 1C answers
    // it. This value may come from a YAML or JSON file too. `extends` adds it to the built-in tools.
    let file = json!({
        "extends": "trade",
        "tools": [{
            "name": "stock_of_product",
            "title": "Stock of one product",
            "description": "How many pieces of one product there are in each warehouse, now or at the end of a day. \
                            Takes the product's id, which resolve_product finds.",
            "scope": "mcp:report:stock",
            "path": "reports/stock",
            "rest": "/reports/stock_of_product",
            "slow": true,
            "annotations": { "readOnlyHint": true },
            "input_schema": {
                "type": "object",
                "properties": {
                    "filters": {
                        "type": "object",
                        "properties": {
                            "product_ids": { "type": "array", "items": { "type": "string", "format": "uuid" } }
                        },
                        "required": ["product_ids"],
                        "additionalProperties": false
                    },
                    "group_by": { "type": "array", "items": { "const": "warehouse" }, "default": ["warehouse"] },
                    "date": { "type": "string", "format": "date" }
                },
                "required": ["filters"],
                "additionalProperties": false
            }
        }]
    });
    let catalog = Catalog::new(Tools::read(&file, "my catalog", Limits::default())?);

    // The leaf's REST service calls the tools of the catalog. A cache remembers answers of 1C, for MCP and for
    // the REST endpoints. It shares them between the callers whom the leaf treats alike.
    let rest = onec.rest();
    let onec = CacheLayer::new().sharing(onec.sharing()).layer(onec);
    let rest = onec.rest(rest);
    // If callers log in, call `scopes(policy)` instead of `without_authentication()`.
    let gateway = Gateway::builder(onec)
        .without_authentication()
        .catalog(CatalogLayer::new(catalog.clone(), rest.clone()))
        .build();
    let mcp = JsonRpcLayer::new(ServerInfo::new("My service", "1.0.0")).layer(gateway);
    // The tools of the catalog as plain HTTP endpoints too, for programs.
    let rest = RestService::new(catalog, "a-token-that-nobody-guesses", rest);

    let app = axum::Router::new().route_service("/mcp", mcp).fallback_service(rest);
    let listener = TcpListener::bind("127.0.0.1:8000").await?;
    println!("http://{0}/mcp, http://{0}/openapi.json", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
