//! A tool about money, and what all of them have in common.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use std::collections::BTreeSet;

use onec_mcp::catalog::Limits;
use serde_json::{Value, json};

use crate::support::money;
use crate::support::tools::Doors;

/// What the contract says of a tool.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) required: Value,
    pub(crate) dimensions: &'static [&'static str],
    pub(crate) measures: &'static [&'static str],
    pub(crate) defaults: Value,
    /// Each with lists of ids that find something.
    pub(crate) filters: Vec<(&'static str, Vec<Vec<&'static String>>)>,
}

pub(crate) struct MoneyTool {
    pub(crate) subject: Subject,
    doors: Doors,
    /// The ceiling of `top`.
    max_rows: u64,
}

impl MoneyTool {
    pub(crate) async fn start(subject: Subject) -> Self {
        Self { subject, doors: Doors::open().await, max_rows: 5000 }
    }

    /// Behind these doors, with this ceiling.
    pub(crate) const fn behind(subject: Subject, doors: Doors, max_rows: u64) -> Self {
        Self { subject, doors, max_rows }
    }

    /// The arguments with what is required, unless they have it.
    fn given(&self, arguments: Value) -> Value {
        let mut given = self.subject.required.clone();
        given.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        given
    }

    /// What must reach 1C: the arguments with all defaults, under the ceiling.
    fn body(&self, given: &Value) -> Value {
        let mut body = given.clone();
        for (name, default) in self.subject.defaults.as_object().unwrap() {
            body.as_object_mut().unwrap().entry(name).or_insert_with(|| default.clone());
        }
        for by in body.get_mut("sort").and_then(Value::as_array_mut).into_iter().flatten() {
            by.as_object_mut().unwrap().entry("dir").or_insert_with(|| "asc".into());
        }
        body.as_object_mut().unwrap().entry("filters").or_insert_with(|| json!({}));
        body["top"] = given["top"].as_u64().unwrap_or(200).min(self.max_rows).into();
        body
    }

    /// The answer at all doors to what is meant by the arguments, which is that of the documents.
    async fn same(&self, given: Value, meant: &Value) -> Value {
        let body = self.body(meant);
        let (answer, sent) = self.doors.ask_sent(self.subject.name, given.clone()).await;
        assert_eq!(sent, body, "{given}");
        assert_eq!(answer, money::answer(self.subject.name, &body), "{given}");
        answer
    }

    pub(crate) async fn answer(&self, arguments: Value) -> Value {
        let given = self.given(arguments);
        self.same(given.clone(), &given).await
    }

    /// Asks for something that there is.
    pub(crate) async fn check(&self, arguments: Value) {
        let answer = self.answer(arguments.clone()).await;
        assert_ne!(answer["rows"], json!([]), "{arguments} shows nothing");
    }

    pub(crate) async fn mended(&self, arguments: Value, meant: Value) {
        self.same(self.given(arguments), &self.given(meant)).await;
    }

    pub(crate) async fn refused(&self, arguments: Value, field: &str, says: &[&str]) {
        self.refused_whole(self.given(arguments), field, says).await;
    }

    /// 1C itself says no, and what it says is told.
    pub(crate) async fn refused_by_onec(&self, arguments: Value, says: &str) {
        let text = self.doors.refused_by_onec(self.subject.name, self.given(arguments.clone())).await;
        assert!(text.contains(says), "{arguments}: no {says} in {text}");
    }

    /// Refused just as they are.
    pub(crate) async fn refused_whole(&self, arguments: Value, field: &str, says: &[&str]) {
        let text = self.doors.refused(self.subject.name, arguments.clone()).await;
        assert!(text.contains(&format!("rgument {field}: ")), "{arguments}: no {field} in {text}");
        for part in says {
            assert!(text.contains(part), "{arguments}: no {part} in {text}");
        }
    }

    /// All arguments that every tool has, with all their values.
    pub(crate) async fn walk(&self) {
        let (dimensions, measures) = (self.subject.dimensions, self.subject.measures);
        self.check(json!({})).await;
        for name in dimensions {
            self.check(json!({ "group_by": [name] })).await;
        }
        let backwards = dimensions.iter().rev().collect::<Vec<_>>();
        self.check(json!({ "group_by": dimensions })).await;
        self.check(json!({ "group_by": backwards })).await;
        for name in measures {
            self.check(json!({ "measures": [name] })).await;
        }
        self.check(json!({ "measures": measures.iter().rev().collect::<Vec<_>>() })).await;
        // Two dimensions, so that rows may be equal in the one that they are sorted by.
        let two = |field: &str| match dimensions.iter().find(|name| **name == field) {
            Some(name) if *name != dimensions[1] => [name, dimensions[1]],
            _ => [dimensions[1], dimensions[0]],
        };
        for field in dimensions.iter().chain(measures) {
            for by in [
                json!({ "field": field }),
                json!({ "field": field, "dir": "asc" }),
                json!({ "field": field, "dir": "desc" }),
            ] {
                self.check(json!({ "group_by": two(field), "measures": measures, "sort": [by] })).await;
            }
        }
        let sort = json!([{ "field": dimensions[1], "dir": "desc" }, { "field": measures[0] }]);
        self.check(json!({ "group_by": dimensions, "sort": sort, "top": 3 })).await;
        for top in [1, 2, self.max_rows - 1, self.max_rows, self.max_rows + 1, u64::MAX] {
            self.check(json!({ "group_by": two(""), "top": top })).await;
        }
        self.filters().await;
    }

    /// Each filter alone, and the first choice of all together with everything else.
    async fn filters(&self) {
        let dimensions = self.subject.dimensions;
        self.check(json!({ "filters": {} })).await;
        let mut all = Vec::new();
        for (name, lists) in &self.subject.filters {
            all.extend(lists.iter().map(|ids| json!({ *name: ids })));
        }
        for filters in all {
            self.check(json!({ "filters": filters })).await;
        }
        let last = self.subject.filters.iter().map(|(name, lists)| ((*name).to_owned(), json!(lists.last())));
        let together = json!({ "filters": last.collect::<Value>(), "group_by": dimensions });
        self.check(together).await;
    }

    /// Whatever the tool's own schema has was asked for, and its defaults are those of the contract.
    pub(crate) async fn assert_all_was_used(&self) {
        self.doors.covered(self.subject.name).await;
        let schema = self.doors.shown(self.subject.name).await["inputSchema"].take();
        for (name, default) in self.subject.defaults.as_object().unwrap() {
            assert_eq!(schema["properties"][name]["default"], *default);
        }
        assert_eq!(self.shown_default().await, 200);
        assert_eq!(schema["properties"]["sort"]["items"]["properties"]["dir"]["default"], "asc");
        let tools = onec_mcp::catalog::Tools::trade(Limits::default()).unwrap();
        let tool = tools.get(self.subject.name).unwrap();
        let call = tool.prepare(Some(self.subject.required.to_string().as_bytes())).unwrap();
        assert_eq!((&*call.path, call.slow, call.cache), (self.subject.path, true, None));
        assert_eq!(tool.rest(), Some(&*format!("/{}", self.subject.path)));
        assert_eq!(tool.scope(), "mcp:report:money");
        let required = self.subject.required.as_object().unwrap().keys().collect::<Vec<_>>();
        assert_eq!(schema.get("required").cloned().unwrap_or_else(|| json!([])), json!(required));
    }

    pub(crate) async fn shown_default(&self) -> Value {
        self.doors.shown(self.subject.name).await["inputSchema"]["properties"]["top"]["default"].take()
    }

    pub(crate) async fn mendings(&self) {
        let (firm, measure) = (json!(["firm"]), json!([self.subject.measures[0]]));
        let by = json!({ "field": self.subject.measures[0], "dir": "desc" });
        let (name, lists) = &self.subject.filters[0];
        let filters = json!({ *name: lists[1] });
        for (given, meant) in [
            (json!({ "top": "2" }), json!({ "top": 2 })),
            (json!({ "top": 2.0 }), json!({ "top": 2 })),
            (json!({ "top": "1000000" }), json!({ "top": self.max_rows })),
            (json!({ "top": "", "group_by": "", "measures": "", "sort": "", "filters": "" }), json!({})),
            (json!({ "top": 0, "group_by": [], "measures": {}, "sort": [], "filters": [] }), json!({})),
            (json!({ "top": null, "group_by": null, "measures": null, "sort": null, "filters": null }), json!({})),
            (json!({ "group_by": "firm" }), json!({ "group_by": firm })),
            (json!({ "group_by": firm.to_string() }), json!({ "group_by": firm })),
            (json!({ "measures": measure[0] }), json!({ "measures": measure })),
            (json!({ "measures": measure.to_string() }), json!({ "measures": measure })),
            (json!({ "sort": by }), json!({ "sort": [by] })),
            (json!({ "sort": by.to_string() }), json!({ "sort": [by] })),
            (json!({ "sort": json!([by]).to_string() }), json!({ "sort": [by] })),
            (json!({ "sort": [by.to_string()] }), json!({ "sort": [by] })),
            (json!({ "sort": [{ "field": by["field"], "dir": "" }] }), json!({ "sort": [{ "field": by["field"] }] })),
            (json!({ "filters": filters.to_string() }), json!({ "filters": filters })),
            (json!({ "filters": { *name: filters[*name].to_string() } }), json!({ "filters": filters })),
            (json!({ "filters": { *name: lists[0][0] } }), json!({ "filters": { *name: [lists[0][0]] } })),
            (json!({ "filters": { *name: "" } }), json!({ "filters": {} })),
            (json!({ "filters": { *name: null } }), json!({ "filters": {} })),
        ] {
            self.mended(given, meant).await;
        }
    }

    pub(crate) async fn refusals(&self) {
        let (dimensions, measures) = (self.subject.dimensions, self.subject.measures);
        for (list, allowed) in [("group_by", dimensions), ("measures", measures)] {
            let allowed = format!("\"colour\" is not allowed; allowed: {}", allowed.join(", "));
            let first = self.subject.defaults[list][0].clone();
            self.refused(json!({ list: ["colour"] }), &format!("{list}[0]"), &[&allowed]).await;
            self.refused(json!({ list: [first, first] }), list, &["an array without repeated items"]).await;
            self.refused(json!({ list: [7] }), &format!("{list}[0]"), &["7 does not fit"]).await;
        }
        let field = self.subject.defaults["measures"][0].clone();
        let fields = [dimensions, measures].concat().join(", ");
        let shown = [&self.subject.defaults["group_by"], &self.subject.defaults["measures"]].map(money::texts).concat();
        let hidden = [dimensions, measures].concat().into_iter().find(|name| !shown.contains(name)).unwrap();
        let by = json!({ "field": field });
        for (sort, place, says) in [
            (json!(vec![by; 11]), "sort", "an array of at most 10 items"),
            (
                json!([{ "dir": "asc" }]),
                "sort[0].field",
                &*format!("required and missing; it must be one of: {fields}"),
            ),
            (json!([{ "field": "colour" }]), "sort[0].field", &*format!("is not allowed; allowed: {fields}")),
            (json!([{ "field": hidden }]), "sort[0].field", "is not among the values of group_by, measures"),
            (json!([{ "field": field, "dir": "up" }]), "sort[0].dir", "\"up\" is not allowed; allowed: asc, desc"),
            (json!([{ "field": field, "by": "name" }]), "sort[0].by", "there is no such argument"),
            (json!(7), "sort[0]", "7 does not fit; it must be an object"),
        ] {
            self.refused(json!({ "sort": sort }), place, &[says]).await;
        }
        for (top, wanted) in [
            (json!(1.5), "a whole number"),
            (json!("many"), "a whole number"),
            (json!([3]), "a whole number"),
            (json!(true), "a whole number"),
        ] {
            self.refused(json!({ "top": top }), "top", &["does not fit; it must be", wanted]).await;
        }
        self.refused(json!({ "limit": 3 }), "limit", &["there is no such argument", "group_by, "]).await;
        self.refused_filters().await;
        self.unknown_ids().await;
    }

    /// Ids that 1C does not know, and folders where none are taken.
    async fn unknown_ids(&self) {
        let stranger = company_id();
        for (name, _) in &self.subject.filters {
            let says = format!("Отбор «{name}»: элемент не найден: {stranger}");
            self.refused_by_onec(json!({ "filters": { *name: [stranger] } }), &says).await;
        }
    }

    async fn refused_filters(&self) {
        let known = self.subject.filters.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>();
        self.refused(json!({ "filters": 7 }), "filters", &["7 does not fit; it must be an object"]).await;
        let stranger = json!({ "filters": { "warehouse_ids": [company_id()] } });
        self.refused(stranger, "filters.warehouse_ids", &["there is no such argument"]).await;
        for name in known {
            let place = format!("filters.{name}");
            let many = (0..501).map(|at| format!("00000000-0000-4000-8000-{at:012}")).collect::<Vec<_>>();
            let id = &many[0];
            for (ids, place, says) in [
                (json!(many), place.clone(), "an array of at most 500 items"),
                (json!([id, id]), place.clone(), "an array without repeated items"),
                (json!(["Ромашка"]), format!("{place}[0]"), "\"Ромашка\" does not fit; it must be a UUID"),
                (json!([id, 7]), format!("{place}[1]"), "7 does not fit; it must be a text in quotes"),
            ] {
                self.refused(json!({ "filters": { name: ids } }), &place, &[says]).await;
            }
        }
    }
}

fn company_id() -> &'static str {
    &onec_mcp::demo::trade::company().warehouses[0].id
}
