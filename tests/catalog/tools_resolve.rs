//! The seven resolvers at every door: each argument, default, ceiling, mending and refusal.

use crate::fixtures::found::found;
use crate::support::tools::Doors;
use onec_mcp::catalog::Limits;
use onec_mcp::demo::trade::company;
use serde_json::{Value, json};

const RESOLVERS: [&str; 7] = [
    "resolve_customer",
    "resolve_warehouse",
    "resolve_product",
    "resolve_sales_channel",
    "resolve_cash",
    "resolve_cost_article",
    "resolve_operation",
];

const WITH_GROUPS: [&str; 3] = ["resolve_customer", "resolve_product", "resolve_cost_article"];

fn groups(tool: &str) -> bool {
    WITH_GROUPS.contains(&tool)
}

/// What 1C is sent where nothing but the query is given.
fn whole(tool: &str, query: &str) -> Value {
    let mut sent = json!({ "query": query, "limit": 10 });
    if groups(tool) {
        sent["include_groups"] = json!(false);
    }
    sent
}

fn first(candidates: &[Value], most: usize) -> Value {
    json!({ "candidates": candidates.iter().take(most).collect::<Vec<_>>() })
}

/// Parts of names in all cases, codes, articles, ids, telephone numbers, and what nobody is called.
fn queries(tool: &str) -> Vec<String> {
    let company = company();
    let mut all = ["е", "О", "ка", " ме ", "ЁЛКА", "елка", "чёрн", "черн", "o", "(", "«", "nobody", "Ж%_*"]
        .map(str::to_owned)
        .to_vec();
    match tool {
        "resolve_customer" => {
            all.extend(["555-01-10", "+7 495", "москва", "Орел", "гмбх", "gmbh"].map(str::to_owned));
            all.extend(company.customers.iter().map(|one| one.name.to_owned()));
            all.push(company.customer_groups[0].name.to_owned());
            all.push(company.customers[0].id.clone());
        }
        "resolve_warehouse" => all.extend(company.warehouses.iter().flat_map(|one| {
            [one.name.to_owned(), one.name.to_uppercase(), one.code.to_owned(), one.code.to_lowercase(), one.id.clone()]
        })),
        "resolve_product" => {
            all.extend(["кофе", "КОФЕ", "00000010", "250", "чай"].map(str::to_owned));
            all.extend(company.products.iter().map(|one| one.name.to_owned()));
            all.extend(
                company.products.iter().take(5).flat_map(|one| {
                    [one.article.to_lowercase(), one.code.clone(), one.id.clone(), one.id.to_uppercase()]
                }),
            );
        }
        "resolve_sales_channel" => all.extend(company.sales_channels.iter().map(|one| one.name.to_owned())),
        "resolve_cash" => all.extend(company.desks.iter().flat_map(|one| [one.name.to_owned(), one.code.to_owned()])),
        "resolve_cost_article" => {
            all.extend(company.cost_articles.iter().flat_map(|one| [one.name.to_owned(), one.code.to_owned()]));
            all.push("0".to_owned());
        }
        _ => all.extend(company.operations.iter().map(|one| one.name.to_owned())),
    }
    let mut asked = Vec::new();
    all.retain(|query| {
        !asked.contains(query) && {
            asked.push(query.clone());
            true
        }
    });
    all
}

#[tokio::test]
async fn what_fits_is_found_best_first() {
    let doors = Doors::open().await;
    for tool in RESOLVERS {
        let (mut none, mut many) = (0, 0);
        for query in queries(tool) {
            let expected = found(tool, &query, false, true);
            let (answer, sent) = doors.ask_sent(tool, json!({ "query": query })).await;
            assert_eq!(answer, first(&expected, 10), "{tool} {query}");
            assert_eq!(sent, whole(tool, &query), "{tool}");
            none += usize::from(expected.is_empty());
            many += usize::from(expected.len() > 1);
        }
        assert!(none > 0 && many > 0, "{tool} {none} {many}");
    }
}

#[tokio::test]
async fn as_many_as_wanted_up_to_the_ceiling() {
    let doors = Doors::open().await;
    let ceiling = Limits::default().resolve_limit;
    for tool in RESOLVERS {
        let expected = found(tool, "а", false, true);
        for limit in 1..=ceiling {
            let (answer, sent) = doors.ask_sent(tool, json!({ "query": "а", "limit": limit })).await;
            assert_eq!(answer, first(&expected, usize::try_from(limit).unwrap()), "{tool} {limit}");
            assert_eq!(sent["limit"], limit);
        }
        for (query, limit) in [("о", json!(ceiling + 1)), ("е", json!(u64::MAX)), ("и", json!("1e9"))] {
            let (answer, sent) = doors.ask_sent(tool, json!({ "query": query, "limit": limit })).await;
            assert_eq!(sent["limit"], ceiling, "{tool} {limit}");
            let most = usize::try_from(ceiling).unwrap();
            assert_eq!(answer, first(&found(tool, query, false, true), most), "{tool} {query}");
        }
        for limit in [json!(1.5), json!("ten"), json!([5, 6]), json!({ "a": 1 })] {
            let message = doors.refused(tool, json!({ "query": "а", "limit": limit })).await;
            assert!(message.contains("limit"), "{message}");
        }
    }
    let few = Doors::limited(Limits::default().resolve_limit(2)).await;
    let (answer, sent) = few.ask_sent("resolve_product", json!({ "query": "чай" })).await;
    assert_eq!((answer, &sent["limit"]), (first(&found("resolve_product", "чай", false, true), 2), &json!(2)));
    let all = found("resolve_product", "а", false, true);
    assert!(all.len() > 20, "more than is told");
    let most = Doors::limited(Limits::default().resolve_limit(1000)).await;
    let (answer, sent) = most.ask_sent("resolve_product", json!({ "query": "а", "limit": 1001 })).await;
    assert_eq!((answer, &sent["limit"]), (first(&all, 1000), &json!(1000)));
    // The default stays what it is.
    let (answer, sent) = most.ask_sent("resolve_product", json!({ "query": "а" })).await;
    assert_eq!((answer, &sent["limit"]), (first(&all, 10), &json!(10)));
}

#[tokio::test]
async fn folders_where_there_are_any() {
    let doors = Doors::limited(Limits::default().resolve_limit(50)).await;
    for tool in RESOLVERS {
        if !groups(tool) {
            let message = doors.refused(tool, json!({ "query": "а", "include_groups": true })).await;
            assert!(message.contains("include_groups") && message.contains("limit, query"), "{message}");
            doors.ask(tool, json!({ "query": "о", "limit": 5 })).await;
            doors.covered(tool).await;
            continue;
        }
        let folder = match tool {
            "resolve_customer" => &company().customer_groups,
            "resolve_product" => &company().product_groups,
            _ => &company().cost_groups,
        };
        for query in folder.iter().map(|one| one.name).chain(["а", "по"]) {
            for wanted in [true, false] {
                let arguments = json!({ "query": query, "include_groups": wanted, "limit": 50 });
                let (answer, sent) = doors.ask_sent(tool, arguments.clone()).await;
                assert_eq!(answer, first(&found(tool, query, wanted, true), 50), "{tool} {query}");
                assert_eq!(sent, arguments, "{tool}");
                let told = answer["candidates"].as_array().unwrap().iter().any(|one| one["is_group"] == true);
                assert_eq!(
                    told,
                    wanted && found(tool, query, true, true).len() > found(tool, query, false, true).len()
                );
            }
        }
        for wrong in [json!("maybe"), json!(2), json!([true])] {
            let message = doors.refused(tool, json!({ "query": "а", "include_groups": wrong })).await;
            assert!(message.contains("include_groups"), "{message}");
        }
        doors.covered(tool).await;
    }
}

#[tokio::test]
async fn what_models_write_is_mended() {
    let doors = Doors::open().await;
    for tool in RESOLVERS {
        let mut given = json!({ "query": "ос", "limit": " 3 " });
        let mut wanted = json!({ "query": "ос", "limit": 3 });
        if groups(tool) {
            given["include_groups"] = json!("True");
            wanted["include_groups"] = json!(true);
        }
        let (answer, sent) = doors.ask_sent(tool, given).await;
        assert_eq!(sent, wanted, "{tool}");
        assert_eq!(answer, first(&found(tool, "ос", groups(tool), true), 3));
        // Nothing is as good as absent, each time over another query.
        for (query, nothing) in [("ст", json!("")), ("ро", json!(null))] {
            let mut given = json!({ "query": query, "limit": nothing });
            if groups(tool) {
                given["include_groups"] = nothing;
            }
            assert_eq!(doors.ask_sent(tool, given).await.1, whole(tool, query), "{tool}");
        }
        let (answer, sent) = doors.ask_sent(tool, json!({ "query": "12", "limit": 4.0 })).await;
        assert_eq!((answer, &sent["limit"]), (first(&found(tool, "12", false, true), 4), &json!(4)), "{tool}");
    }
}

#[tokio::test]
async fn what_no_resolver_takes_is_refused() {
    let doors = Doors::open().await;
    for tool in RESOLVERS {
        for (arguments, told) in [
            (json!({}), "query"),
            (json!({ "limit": 5 }), "query"),
            (json!({ "query": "" }), "query"),
            (json!({ "query": null }), "query"),
            (json!({ "query": 7 }), "query"),
            (json!({ "query": ["а"] }), "query"),
            (json!({ "query": "я".repeat(501) }), "500"),
            (json!({ "qery": "а" }), "did you mean query?"),
            (json!({ "query": "а", "filters": {} }), "filters"),
        ] {
            let message = doors.refused(tool, arguments.clone()).await;
            assert!(message.contains(told), "{tool} {arguments}: {message}");
        }
        // As long as it may be, in letters and not in bytes.
        let long = "я".repeat(500);
        assert_eq!(doors.ask(tool, json!({ "query": long })).await, json!({ "candidates": [] }), "{tool}");
        let message = doors.refused_by_onec(tool, json!({ "query": "  " })).await;
        assert!(message.contains("query"), "{message}");
    }
}

#[tokio::test]
async fn production_warehouses_are_for_those_who_see_costs() {
    let tool = "resolve_warehouse";
    let production = company().warehouses.iter().find(|one| one.production).unwrap();
    for (scopes, sees) in [("mcp mcp:resolve", false), ("mcp mcp:resolve mcp:report:cost", true)] {
        let doors = Doors::of("director", scopes).await;
        for query in ["склад", production.name, production.code, &production.id] {
            let answer = doors.ask(tool, json!({ "query": query })).await;
            assert_eq!(answer, first(&found(tool, query, false, sees), 10), "{scopes} {query}");
            assert_eq!(answer.to_string().contains(&production.id), sees, "{scopes} {query}");
        }
    }
}
