//! Grouping, measures, order and limit, which all reports share.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::date::Date;
use super::entry::EntryKind;
use super::measure::{Measure, Sums};
use super::model::Company;
use super::request::{Members, RequestError, invalid, mistyped, unknown};

/// A dimension: rows are grouped by it, under its name in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) name: &'static str,
    kind: &'static str,
}

macro_rules! dimensions {
    ($($constant:ident = $name:literal $kind:literal,)+) => {
        impl Dimension { $(pub(super) const $constant: Self = Self { name: $name, kind: $kind };)+ }
    };
}

dimensions! {
    WAREHOUSE = "warehouse" "ref",
    CUSTOMER = "customer" "ref",
    CUSTOMER_GROUP = "customer_group" "ref",
    PRODUCT = "product" "ref",
    PRODUCT_GROUP = "product_group" "ref",
    SELLER = "seller" "ref",
    CHANNEL = "sales_channel" "ref",
    SUPPLIER = "supplier" "ref",
    FIRM = "firm" "ref",
    CASH = "cash" "ref",
    ACCOUNT = "account" "ref",
    OPERATION = "operation" "ref",
    ANALYTICS = "analytics" "ref",
    COHORT = "cohort" "string",
    CURRENCY = "currency" "string",
    DAY = "day" "date",
    WEEK = "week" "date",
    MONTH = "month" "date",
}

impl Dimension {
    /// Returns the key of a day in a dimension of time: the day, the Monday of its week, or the first of its month.
    pub(super) fn of_day(self, day: Date) -> Key {
        match self {
            Self::DAY => Key::Date(day),
            Self::WEEK => Key::Date(day.week()),
            Self::MONTH => Key::Date(day.month()),
            _ => Key::Nothing,
        }
    }
}

/// The value of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Nothing,
    Text(&'static str),
    Date(Date),
    Entry(EntryKind, usize),
    /// An entry of several possible types, with the word for its type.
    Analytics(&'static str, EntryKind, usize),
}

impl Key {
    fn label(self, company: &Company) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.to_owned(),
            Self::Date(date) => date.to_string(),
            Self::Entry(kind, at) | Self::Analytics(_, kind, at) => company.entry(kind, at).1.to_owned(),
        }
    }

    fn json(self, company: &Company) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => text.into(),
            Self::Date(date) => date.to_string().into(),
            Self::Entry(kind, at) => company.reference(kind, at),
            Self::Analytics(word, kind, at) => {
                let (id, label) = company.entry(kind, at);
                json!({ "id": id, "label": label, "kind": word })
            }
        }
    }
}

/// The columns that a report can show, and its defaults.
pub(super) struct Spec {
    pub(super) dimensions: &'static [Dimension],
    pub(super) usual: &'static [Dimension],
    pub(super) measures: &'static [Measure],
    pub(super) usual_measures: &'static [Measure],
}

/// The columns, order and limit that a request asks for.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) dimensions: Vec<Dimension>,
    /// Folders of entries that are dimensions too: they are no columns, but rows may be sorted by them.
    pub(super) beside: Vec<Dimension>,
    pub(super) measures: Vec<Measure>,
    /// An index among `dimensions`, `beside` and `measures`, and whether the order is descending.
    pub(super) sort: Vec<(usize, bool)>,
    pub(super) top: Option<usize>,
}

impl Plan {
    /// Reads `group_by`, `measures`, `sort` and `top`.
    pub(super) fn read(body: &mut Members<'_>, spec: &Spec) -> Result<Self, RequestError> {
        let mut dimensions = chosen(body, "group_by", spec.dimensions, spec.usual, |dimension| dimension.name)?;
        let mut beside = Vec::new();
        for (leaf, folder) in
            [(Dimension::PRODUCT, Dimension::PRODUCT_GROUP), (Dimension::CUSTOMER, Dimension::CUSTOMER_GROUP)]
        {
            if dimensions.contains(&leaf) {
                beside.extend(dimensions.extract_if(.., |dimension| *dimension == folder));
            }
        }
        // Money of a cash desk means nothing without its currency.
        if spec.dimensions.contains(&Dimension::CASH) || spec.dimensions.contains(&Dimension::ACCOUNT) {
            dimensions.push(Dimension::CURRENCY);
        }
        let measures = chosen(body, "measures", spec.measures, spec.usual_measures, |measure| measure.name())?;
        let names = dimensions.iter().chain(&beside).map(|dimension| dimension.name);
        let names = names.chain(measures.iter().map(|measure| measure.name()));
        let sort = sort(body, &names.collect::<Vec<_>>())?;
        Ok(Self { dimensions, beside, measures, sort, top: body.count("top", usize::MAX)? })
    }

    /// Returns the dimensions in the keys of rows. A folder beside its entry makes no more rows than the entry alone.
    fn keys(&self) -> impl Iterator<Item = &Dimension> {
        self.dimensions.iter().chain(&self.beside)
    }
}

fn chosen<T: Copy + PartialEq>(
    body: &mut Members<'_>,
    field: &'static str,
    allowed: &[T],
    usual: &[T],
    name: impl Fn(&T) -> &'static str,
) -> Result<Vec<T>, RequestError> {
    let Some(texts) = body.texts(field)? else { return Ok(usual.to_vec()) };
    let mut all = Vec::new();
    for text in texts {
        let known = allowed.iter().find(|known| name(known) == text).copied();
        let names = || allowed.iter().map(&name).collect::<Vec<_>>();
        let known = known.ok_or_else(|| unknown(field, text, &names()))?;
        if all.contains(&known) {
            return Err(invalid(format!("Значение «{text}» повторяется в поле «{field}»")));
        }
        all.push(known);
    }
    Ok(all)
}

fn sort(body: &mut Members<'_>, columns: &[&str]) -> Result<Vec<(usize, bool)>, RequestError> {
    let Some(value) = body.get("sort") else { return Ok(Vec::new()) };
    let items = value.as_array().ok_or_else(|| mistyped("sort", "списком объектов"))?;
    let by = |item| {
        let mut item = Members::of("sort", Some(item))?;
        let field = item.text("field")?.ok_or_else(|| invalid("Не указано обязательное поле «field» в «sort»"))?;
        let column = columns.iter().position(|column| *column == field);
        let column = column.ok_or_else(|| unknown("field", field, columns))?;
        let down = match item.text("dir")? {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => return Err(unknown("dir", other, &["asc", "desc"])),
        };
        item.finish()?;
        Ok((column, down))
    };
    items.iter().map(by).collect()
}

/// A report that is being computed.
pub(super) struct Table<'a> {
    company: &'a Company,
    plan: &'a Plan,
    rows: BTreeMap<Vec<Key>, Sums>,
    whole: Sums,
}

impl<'a> Table<'a> {
    pub(super) fn new(company: &'a Company, plan: &'a Plan) -> Self {
        Self { company, plan, rows: BTreeMap::new(), whole: Sums::default() }
    }

    /// Adds to the row of these keys and to the whole.
    pub(super) fn add(&mut self, key: impl Fn(Dimension) -> Key, count: impl Fn(&mut Sums)) {
        let keys = self.plan.keys().map(|dimension| key(*dimension)).collect();
        count(self.rows.entry(keys).or_default());
        count(&mut self.whole);
    }

    /// Returns `columns`, `rows` and `totals`. Totals include the rows that `top` cuts; there are none over
    /// several currencies.
    pub(super) fn answer(self) -> Map<String, Value> {
        let Self { company, plan, rows, whole } = self;
        let column = |name, kind| json!({ "name": name, "type": kind });
        let dimensions = plan.dimensions.iter().map(|dimension| column(dimension.name, dimension.kind));
        let columns = dimensions.chain(plan.measures.iter().map(|measure| column(measure.name(), "number")));
        let columns = columns.collect::<Vec<_>>();
        let rows = rows.into_iter().filter(|(_, sums)| !sums.is_nil());
        let mut rows = rows.map(|(keys, sums)| Row::new(company, keys, sums)).collect::<Vec<_>>();
        let currency = plan.dimensions.iter().position(|dimension| *dimension == Dimension::CURRENCY);
        let one_currency = currency.is_none_or(|at| {
            let mut currencies = rows.iter().map(|row| row.keys.get(at));
            let first = currencies.next();
            currencies.all(|other| Some(other) == first)
        });
        rows.sort_by(|a, b| a.order(b, plan));
        rows.truncate(plan.top.unwrap_or(usize::MAX));
        let rows = rows.iter().map(|row| row.json(company, plan)).collect::<Vec<_>>();
        let mut answer = Map::from_iter([("columns".to_owned(), columns.into()), ("rows".to_owned(), rows.into())]);
        if one_currency {
            answer.insert("totals".to_owned(), totals(&plan.measures, &whole).into());
        }
        answer
    }
}

pub(super) fn totals(measures: &[Measure], sums: &Sums) -> Map<String, Value> {
    measures.iter().map(|measure| (measure.name().to_owned(), measure.json(sums))).collect()
}

struct Row {
    keys: Vec<Key>,
    labels: Vec<String>,
    sums: Sums,
}

impl Row {
    fn new(company: &Company, keys: Vec<Key>, sums: Sums) -> Self {
        let labels = keys.iter().map(|key| key.label(company)).collect();
        Self { keys, labels, sums }
    }

    /// Compares rows as the request asks, then by the labels from left to right.
    fn order(&self, other: &Self, plan: &Plan) -> Ordering {
        let asked = plan.sort.iter().map(|&(column, down)| {
            let order = match column.checked_sub(self.keys.len()).and_then(|at| plan.measures.get(at)) {
                Some(measure) => measure.value(&self.sums).cmp(&measure.value(&other.sums)),
                None => self.labels.get(column).cmp(&other.labels.get(column)),
            };
            if down { order.reverse() } else { order }
        });
        let asked = asked.fold(Ordering::Equal, Ordering::then);
        asked.then_with(|| self.labels.cmp(&other.labels)).then_with(|| self.keys.cmp(&other.keys))
    }

    fn json(&self, company: &Company, plan: &Plan) -> Value {
        let keys = self.keys.iter().take(plan.dimensions.len()).map(|key| key.json(company));
        keys.chain(plan.measures.iter().map(|measure| measure.json(&self.sums))).collect()
    }
}
