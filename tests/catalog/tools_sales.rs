//! The tools about sales and stock: what they answer at every door, and what 1C is asked for it.

use crate::fixtures::sales_asked::{check, complete, quarter};
use crate::support::tools::Doors;
use onec_mcp::demo::trade::company;
use serde_json::json;

const DIMENSIONS: [&str; 11] = [
    "warehouse",
    "customer",
    "product",
    "seller",
    "sales_channel",
    "day",
    "week",
    "month",
    "cohort",
    "product_group",
    "customer_group",
];
const MEASURES: [&str; 8] = ["amount", "qty", "receipts", "avg_check", "customers", "cost", "profit", "margin"];
const STATUSES: [&str; 4] = ["new", "active", "phasing_out", "excluded"];

#[tokio::test]
async fn sales_report_groups_measures_sorts_and_filters_as_asked() {
    let doors = Doors::open().await;
    assert!(check(&doors, "sales_report", json!({})).await > 10);
    for dimension in DIMENSIONS {
        for dir in ["asc", "desc"] {
            let sort = json!([{ "field": dimension, "dir": dir }]);
            let year = json!({ "from": "2025-01-01", "to": "2025-12-31" });
            let more = json!({ "period": year, "group_by": [dimension], "measures": MEASURES, "sort": sort });
            assert!(check(&doors, "sales_report", more).await > 1, "{dimension}");
        }
    }
    for measure in MEASURES {
        let sort = json!([{ "field": measure, "dir": "desc" }, { "field": "month", "dir": "asc" }]);
        let more = json!({ "group_by": ["month", "seller"], "measures": [measure], "sort": sort, "top": 4 });
        assert_eq!(check(&doors, "sales_report", more).await, 4, "{measure}");
    }
    take_each_filter(&doors).await;
    doors.covered("sales_report").await;
}

async fn take_each_filter(doors: &Doors) {
    let company = company();
    let customers = [&company.customers[1].id, &company.customers[3].id];
    let folder = company.customers[1].group;
    let folder = company.customer_groups[folder].parent.unwrap_or(folder);
    let parent = company.sales_channels.iter().find_map(|channel| channel.parent).unwrap();
    let mut all = vec![
        json!({ "customer_ids": customers }),
        json!({ "customer_ids": [company.customer_groups[folder].id] }),
        json!({ "customer_ids": [company.customer_groups[folder].id, customers[1]] }),
        json!({ "warehouse_ids": [company.warehouses[0].id, company.warehouses[1].id] }),
        json!({ "sales_channel_ids": [company.sales_channels[parent].id] }),
        json!({ "sales_channel_ids": [company.sales_channels[company.sales[0].channel].id] }),
        json!({ "product_status": STATUSES }),
        json!({ "customer_cohort": "returning", "warehouse_ids": [company.warehouses[1].id], "product_status": ["active", "new"] }),
    ];
    all.extend(["new", "returning"].map(|cohort| json!({ "customer_cohort": cohort })));
    all.extend(STATUSES.map(|status| json!({ "product_status": [status] })));
    // New customers are those of the first year.
    let year = json!({ "from": "2024-10-01", "to": "2025-09-30" });
    let mut rows = 0;
    for filters in all {
        for period in [&year, &quarter()] {
            let more = json!({ "filters": filters, "period": period, "group_by": ["customer", "cohort"], "measures": MEASURES });
            rows += check(doors, "sales_report", more).await;
        }
    }
    assert!(rows > 100, "{rows}");
}

#[tokio::test]
async fn a_group_beside_its_leaf_is_no_column_and_still_sorts() {
    let doors = Doors::open().await;
    for (leaf, group) in [("product", "product_group"), ("customer", "customer_group")] {
        for dir in ["asc", "desc"] {
            let sort = json!([{ "field": group, "dir": dir }, { "field": "amount", "dir": "desc" }]);
            for group_by in [json!([group, leaf]), json!([leaf, group])] {
                let more = json!({ "group_by": group_by, "sort": sort });
                let (answer, _) = doors.ask_sent("sales_report", complete("sales_report", &more)).await;
                let names = answer["columns"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
                assert_eq!(names.collect::<Vec<_>>(), [leaf, "amount", "qty"]);
                assert!(check(&doors, "sales_report", more).await > 5);
            }
        }
    }
    let sort = json!([{ "field": "product_group", "dir": "desc" }, { "field": "qty", "dir": "desc" }]);
    let more = json!({ "group_by": ["product_group", "warehouse", "product"], "sort": sort, "top": 7 });
    assert_eq!(check(&doors, "stock_balance", more).await, 7);
}

#[tokio::test]
async fn top_products_are_the_best_by_amount_or_quantity() {
    let (company, doors) = (company(), Doors::open().await);
    assert_eq!(check(&doors, "top_products", json!({})).await, 10);
    for by in ["amount", "qty"] {
        assert_eq!(check(&doors, "top_products", json!({ "by": by, "top": 3 })).await, 3);
        let filters = json!({ "customer_ids": [company.customers[0].id, company.customers[1].id], "warehouse_ids": [company.warehouses[0].id] });
        for name in ["customer_ids", "warehouse_ids"] {
            let more = json!({ "by": by, "filters": { name: filters[name] } });
            assert!(check(&doors, "top_products", more).await > 0, "{name}");
        }
        check(&doors, "top_products", json!({ "by": by, "filters": filters })).await;
    }
    doors.covered("top_products").await;
    let folder = json!({ "period": quarter(), "filters": { "customer_ids": [company.customer_groups[0].id] } });
    assert!(doors.refused_by_onec("top_products", folder).await.contains("customer_ids"));
}

#[tokio::test]
async fn a_customer_summary_tells_of_one_customer() {
    let (company, doors) = (company(), Doors::open().await);
    let mut most = 0;
    for customer in &company.customers {
        most = most.max(check(&doors, "customer_summary", json!({ "customer_id": customer.id })).await);
    }
    assert_eq!(most, 5);
    let more = json!({ "customer_id": company.customers[0].id, "top_products": 50, "period": { "from": "2024-10-01", "to": "2026-09-30" } });
    assert!(check(&doors, "customer_summary", more).await > 5);
    doors.covered("customer_summary").await;
    let nobody = json!({ "customer_id": "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002", "period": quarter() });
    assert!(doors.refused_by_onec("customer_summary", nobody).await.contains("customer_id"));
}

#[tokio::test]
async fn stock_is_what_came_and_did_not_leave() {
    let (company, doors) = (company(), Doors::open().await);
    assert!(check(&doors, "stock_balance", json!({})).await > 20);
    for dimension in ["warehouse", "product", "product_group"] {
        for (field, dir) in [(dimension, "asc"), (dimension, "desc"), ("qty", "desc"), ("amount", "asc")] {
            let sort = json!([{ "field": field, "dir": dir }]);
            let more = json!({ "group_by": [dimension], "measures": ["qty", "amount"], "sort": sort, "top": 20 });
            assert!(check(&doors, "stock_balance", more).await > 1, "{dimension}");
        }
    }
    let folder = company.product_groups.iter().find_map(|group| group.parent).unwrap();
    let mut all = vec![
        json!({ "product_ids": [company.products[0].id, company.products[20].id] }),
        json!({ "product_ids": [company.product_groups[folder].id, company.products[20].id] }),
        json!({ "warehouse_ids": [company.warehouses[0].id] }),
        json!({ "warehouse_ids": [company.warehouses[1].id], "product_status": ["active", "new"] }),
    ];
    all.extend(STATUSES.map(|status| json!({ "product_status": [status] })));
    for filters in all {
        for date in ["2025-03-31", "2026-09-30"] {
            check(&doors, "stock_balance", json!({ "filters": filters, "date": date, "measures": ["amount"] })).await;
        }
    }
    doors.covered("stock_balance").await;
}
