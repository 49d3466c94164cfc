//! What resolvers find, by plain loops over the company's catalogues.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper that fails fails its test")]

use onec_mcp::demo::trade::{Folder, Status, company};
use serde_json::{Value, json};

/// A line of a catalogue: how it is told, and the texts that it is known by.
struct Line {
    told: Value,
    texts: Vec<String>,
}

fn line(id: &str, name: &str, archived: bool, others: &[&str], about: Value) -> Line {
    let mut told = json!({ "id": id, "label": name, "archived": archived });
    for (key, value) in about.as_object().unwrap() {
        told[key] = value.clone();
    }
    let texts = [name, id].iter().chain(others).map(|text| folded(text)).collect();
    Line { told, texts }
}

/// All letters small, and no `ё`.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ё' { 'е' } else { letter }).collect()
}

fn folders(list: &[Folder]) -> Vec<Line> {
    list.iter().map(|one| line(&one.id, one.name, false, &[], json!({ "is_group": true }))).collect()
}

fn status(status: Status) -> Value {
    match status {
        Status::New => json!({ "code": "new", "label": "Новинка" }),
        Status::Active => json!({ "code": "active", "label": "Активный" }),
        Status::PhasingOut => json!({ "code": "phasing_out", "label": "Выводится из ассортимента" }),
        Status::Excluded => json!({ "code": "excluded", "label": "Исключён" }),
    }
}

fn lines(tool: &str, groups: bool, production: bool) -> Vec<Line> {
    let company = company();
    let mut all = Vec::new();
    match tool {
        "resolve_customer" => {
            for one in &company.customers {
                let about = json!({ "phone": one.phone, "city": one.city });
                all.push(line(&one.id, one.name, one.archived, &[one.phone, one.city, one.name_en], about));
            }
            all.extend(folders(&company.customer_groups).into_iter().filter(|_| groups));
        }
        "resolve_warehouse" => {
            for one in company.warehouses.iter().filter(|one| production || !one.production) {
                all.push(line(&one.id, one.name, one.archived, &[one.code, one.name_en], json!({ "code": one.code })));
            }
        }
        "resolve_product" => {
            for one in &company.products {
                let (code, label) = one.eu_certification;
                let about = json!({
                    "code": one.code,
                    "status": status(one.status),
                    "status_changed_at": one.status_changed_at.to_string(),
                    "markets": one.markets,
                    "eu_certification": { "code": code, "label": label },
                });
                all.push(line(&one.id, one.name, one.archived, &[&one.code, one.article, one.name_en], about));
            }
            all.extend(folders(&company.product_groups).into_iter().filter(|_| groups));
        }
        "resolve_cash" => {
            for one in &company.desks {
                all.push(line(&one.id, one.name, false, &[one.code], json!({ "code": one.code })));
            }
        }
        "resolve_cost_article" => {
            for one in &company.cost_articles {
                all.push(line(&one.id, one.name, one.archived, &[one.code], json!({ "code": one.code })));
            }
            all.extend(folders(&company.cost_groups).into_iter().filter(|_| groups));
        }
        "resolve_operation" => {
            for one in &company.operations {
                all.push(line(&one.id, one.name, one.archived, &[], json!({})));
            }
        }
        "resolve_sales_channel" => {
            for one in &company.sales_channels {
                let parent = one.parent.map(|at| &company.sales_channels[at]);
                let parent = parent.map(|parent| json!({ "id": parent.id, "label": parent.name }));
                all.push(line(&one.id, one.name, false, &[], json!({ "parent": parent })));
            }
        }
        other => panic!("no resolver {other}"),
    }
    all
}

/// All that fits, the best first: those in use before those out of it, whole matches before parts, by name.
pub(crate) fn found(tool: &str, query: &str, groups: bool, production: bool) -> Vec<Value> {
    let query = folded(query.trim());
    let mut rated = Vec::new();
    for line in lines(tool, groups, production) {
        let whole = line.texts.contains(&query);
        // An id is no text to search in.
        let part = line.texts.iter().enumerate().any(|(at, text)| at != 1 && text.contains(&query));
        if whole || part {
            let place = (line.told["archived"] == true, !whole, line.texts[0].clone());
            rated.push((place, line.told));
        }
    }
    rated.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut all = Vec::new();
    for (_, told) in rated {
        for one in branch(tool, told) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

/// A sales channel after all that stand above it; anything else alone.
fn branch(tool: &str, told: Value) -> Vec<Value> {
    let mut branch = vec![told];
    if tool == "resolve_sales_channel" {
        let all = lines(tool, false, true);
        while let Some(parent) = branch[0]["parent"]["id"].as_str() {
            let above = all.iter().find(|one| one.told["id"] == parent).unwrap().told.clone();
            branch.insert(0, above);
        }
    }
    branch
}
