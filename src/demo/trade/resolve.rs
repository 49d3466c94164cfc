//! `resolve/{entity}`: finds entries of a catalogue by a part of their name in either language, code, article
//! number, telephone or city.

use serde_json::{Map, Value, json};

use super::access::{Access, COST, MONEY, RESOLVE};
use super::context::Context;
use super::entry::{Entry, EntryKind};
use super::filters::STATUSES;
use super::model::{Company, Product};
use super::request::{Members, RequestError, invalid};
use crate::demo::text::plain;

/// Returns the catalogue of an entity, and the scope that it needs.
pub(super) fn entity(name: &str) -> Option<(EntryKind, &'static str)> {
    Some(match name {
        "customer" => (EntryKind::Customer, RESOLVE),
        "warehouse" => (EntryKind::Warehouse, RESOLVE),
        "product" => (EntryKind::Product, RESOLVE),
        "sales_channel" => (EntryKind::Channel, RESOLVE),
        "cash" => (EntryKind::Desk, MONEY),
        "cost_article" => (EntryKind::CostArticle, MONEY),
        "operation" => (EntryKind::Operation, MONEY),
        _ => return None,
    })
}

pub(super) fn answer(
    context: &Context<'_>,
    kind: EntryKind,
    body: &mut Members<'_>,
) -> Result<Map<String, Value>, RequestError> {
    let query = body.text("query")?.map(str::trim).filter(|query| !query.is_empty());
    let query = plain(query.ok_or_else(|| invalid("Не указано обязательное поле «query»"))?);
    let limit = body.count("limit", usize::MAX)?.unwrap_or(10);
    let has_folders = matches!(kind, EntryKind::Customer | EntryKind::Product | EntryKind::CostArticle);
    let folders = has_folders && body.flag("include_groups")?;
    let company = context.company;
    let mut found = matches(company, context.access, kind, &query);
    if let Some((of, ..)) = company.hierarchy(kind).filter(|_| folders) {
        found.extend(matches(company, context.access, of, &query));
    }
    sort(&mut found);
    let candidates = match kind {
        EntryKind::Channel => with_parents(company, &found, limit),
        _ => found.iter().take(limit).map(|one| candidate(company, one)).collect::<Vec<_>>(),
    };
    Ok(Map::from_iter([("candidates".to_owned(), candidates.into())]))
}

/// Returns the indexes of the entries that match a text, best first; all entries for an empty text.
pub(in crate::demo) fn search(company: &Company, kind: EntryKind, query: &str) -> Vec<usize> {
    let mut found = matches(company, Access::new(None), kind, &plain(query.trim()));
    sort(&mut found);
    found.iter().map(|one| one.at).collect()
}

/// Sorts matches: exact ones first, archived ones last.
fn sort(found: &mut [Found]) {
    found.sort_by(|a, b| a.order().cmp(&b.order()));
}

struct Found {
    kind: EntryKind,
    at: usize,
    archived: bool,
    exact: bool,
    label: String,
}

impl Found {
    fn order(&self) -> (bool, bool, &str, usize) {
        (self.archived, !self.exact, &self.label, self.at)
    }
}

fn matches(company: &Company, access: Access<'_>, kind: EntryKind, query: &str) -> Vec<Found> {
    let mut all = Vec::new();
    for (at, (id, name)) in company.entries(kind).into_iter().enumerate() {
        let [phone, city] = contact(company, kind, at);
        let (english, code, article) =
            (english(company, kind, at), code(company, kind, at), article(company, kind, at));
        let texts = [name, english, code, article, phone, city].map(plain);
        let exact = !query.is_empty() && (id == query || texts.iter().any(|text| text == query));
        let found = exact || texts.iter().any(|text| text.contains(query));
        if found && (access.holds(COST) || !serves_production(company, kind, at)) {
            let [label, ..] = texts;
            all.push(Found { kind, at, archived: archived(company, kind, at), exact, label });
        }
    }
    all
}

fn code(company: &Company, kind: EntryKind, at: usize) -> &str {
    let code = match kind {
        EntryKind::Warehouse => company.warehouses.get(at).map(|entry| entry.code),
        EntryKind::Product => company.products.get(at).map(|entry| entry.code.as_str()),
        EntryKind::Desk => company.desks.get(at).map(|entry| entry.code),
        EntryKind::CostArticle => company.cost_articles.get(at).map(|entry| entry.code),
        _ => None,
    };
    code.unwrap_or_default()
}

fn english(company: &Company, kind: EntryKind, at: usize) -> &str {
    let name = match kind {
        EntryKind::Customer => company.customers.get(at).map(|entry| entry.name_en),
        EntryKind::Warehouse => company.warehouses.get(at).map(|entry| entry.name_en),
        EntryKind::Product => company.products.get(at).map(|entry| entry.name_en),
        _ => None,
    };
    name.unwrap_or_default()
}

fn article(company: &Company, kind: EntryKind, at: usize) -> &str {
    let product = company.products.get(at).filter(|_| kind == EntryKind::Product);
    product.map(|product| product.article).unwrap_or_default()
}

/// Returns the telephone and the city of a counterparty.
fn contact(company: &Company, kind: EntryKind, at: usize) -> [&str; 2] {
    let customer = company.customers.get(at).filter(|_| kind == EntryKind::Customer);
    customer.map(|customer| [customer.phone, customer.city]).unwrap_or_default()
}

fn serves_production(company: &Company, kind: EntryKind, at: usize) -> bool {
    kind == EntryKind::Warehouse && company.warehouses.get(at).is_some_and(|warehouse| warehouse.production)
}

fn archived(company: &Company, kind: EntryKind, at: usize) -> bool {
    let archived = match kind {
        EntryKind::Customer => company.customers.get(at).map(|entry| entry.archived),
        EntryKind::Warehouse => company.warehouses.get(at).map(|entry| entry.archived),
        EntryKind::Product => company.products.get(at).map(|entry| entry.archived),
        EntryKind::CostArticle => company.cost_articles.get(at).map(|entry| entry.archived),
        EntryKind::Operation => company.operations.get(at).map(|entry| entry.archived),
        _ => None,
    };
    archived.unwrap_or_default()
}

fn candidate(company: &Company, found: &Found) -> Value {
    let Found { kind, at, archived, .. } = *found;
    let (id, label): Entry<'_> = company.entry(kind, at);
    let mut candidate = json!({ "id": id, "label": label, "archived": archived });
    let Some(members) = candidate.as_object_mut() else { return candidate };
    let code = code(company, kind, at);
    if !code.is_empty() {
        members.insert("code".to_owned(), code.into());
    }
    match kind {
        EntryKind::Customer => {
            if let Some(customer) = company.customers.get(at) {
                members.insert("phone".to_owned(), customer.phone.into());
                members.insert("city".to_owned(), customer.city.into());
            }
        }
        EntryKind::Product => members.extend(company.products.get(at).map(about).into_iter().flatten()),
        EntryKind::CustomerGroup | EntryKind::ProductGroup | EntryKind::CostGroup => {
            members.insert("is_group".to_owned(), true.into());
        }
        _ => {}
    }
    candidate
}

fn about(product: &Product) -> Map<String, Value> {
    let coded = |code, label| json!({ "code": code, "label": label });
    let status = STATUSES.iter().find(|(status, ..)| *status == product.status);
    let (certificate, label) = product.eu_certification;
    Map::from_iter([
        ("status".to_owned(), status.map_or(Value::Null, |(_, code, label)| coded(code, label))),
        ("status_changed_at".to_owned(), product.status_changed_at.to_string().into()),
        ("markets".to_owned(), product.markets.into()),
        ("eu_certification".to_owned(), coded(&certificate, &label)),
    ])
}

/// Puts each channel after its parents, each once; the parents count towards the limit.
fn with_parents(company: &Company, found: &[Found], limit: usize) -> Vec<Value> {
    let mut told = Vec::new();
    for one in found {
        let above = |at: &usize| company.sales_channels.get(*at).and_then(|channel| channel.parent);
        let branch = std::iter::successors(Some(one.at), above).collect::<Vec<_>>();
        let fresh = branch.into_iter().rev().filter(|at| !told.contains(at)).collect::<Vec<_>>();
        told.extend(fresh);
    }
    let channel = |at| {
        let (id, label) = company.entry(EntryKind::Channel, at);
        let parent = company.sales_channels.get(at).and_then(|channel| channel.parent);
        let parent = parent.map_or(Value::Null, |parent| company.reference(EntryKind::Channel, parent));
        json!({ "id": id, "label": label, "archived": false, "parent": parent })
    };
    told.into_iter().take(limit).map(channel).collect()
}
