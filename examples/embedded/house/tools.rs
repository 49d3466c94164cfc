//! A tool in Rust beside those of 1C: what it answers, the house knows itself.

use onec_mcp::catalog::{Call, Catalog, Limits, Tool};
use onec_mcp::rpc::BoxError;
use serde_json::{Value, json};

/// The orders of the house.
pub(crate) fn orders() -> Value {
    json!({ "orders": [{ "number": "H-17", "customer": "North Ltd", "paid": false }] })
}

/// Returns the catalog with the house's tool: its arguments are mended and checked, its scope counts, and it is listed,
/// audited and served over REST like the others.
pub(crate) fn with_orders(catalog: Catalog) -> Result<Catalog, BoxError> {
    let entry = json!({
        "name": "house_orders",
        "title": "Orders of the web shop",
        "description": "Orders of the web shop that 1C does not have yet. For orders in 1C use sales_report.",
        "scope": "mcp:report:sales",
        "rest": "/house_orders",
        "annotations": { "readOnlyHint": true },
        "input_schema": {
            "type": "object",
            "properties": { "paid": { "type": "boolean", "description": "Only those that are, or are not, paid" } },
        },
    });
    let tool = Tool::from_fn(&entry, Limits::default(), async |call: Call| {
        let mut orders = orders();
        let list = orders.get_mut("orders").and_then(Value::as_array_mut);
        if let (Some(paid), Some(list)) = (call.arguments.get("paid"), list) {
            list.retain(|order| order.get("paid") == Some(paid));
        }
        Ok::<_, BoxError>(orders)
    })?;
    Ok(catalog.with_tools([tool]))
}
