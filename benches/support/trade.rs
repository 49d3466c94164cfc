//! The whole stack over a 1C that speaks both dialects, and what is asked of it.

use super::answers::{self, Answer, TOOL};
use super::cases::{Case, Era};
use super::mock::{Mock, id};
use bytes::Bytes;
use http_body_util::Full;
use onec_mcp::alias::{AliasLayer, alias};
use onec_mcp::audit::AuditLayer;
use onec_mcp::auth::{Authenticated, Bearer, BearerAuthLayer, Site, StaticToken};
use onec_mcp::bridge::http::{JsonRpc, JsonRpcLayer};
use onec_mcp::cache::{Cache, CacheLayer, RestCache};
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
use onec_mcp::onec::{OneCRest, OneCService};
use onec_mcp::rest::RestService;
use onec_mcp::rpc::{Method, ServerInfo};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service};

pub(crate) const TOKEN: &str = "onec_at_bVhJc2Zua0xHZ0Z6S1ZQT2w0d1ZhS2hXSFZ4Z2Y";
/// What a list that changes has another number in its place.
const CHANGING: &str = "0000000000000000";
/// As users of 1C name their tools.
const CYRILLIC: &str = "НайтиТовар";

/// 1C at hand in both dialects.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    rpc: Mock,
    /// Where the list has a number that is another one each time.
    changing: Option<(Answer, usize, Arc<AtomicU64>)>,
    rest: Bytes,
}

impl Service<http::Request<Bytes>> for Desk {
    type Response = http::Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<http::Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        if !request.uri().path().ends_with("/rpc") {
            return ready(Ok(http::Response::new(self.rest.clone())));
        }
        let Some((list, at, turn)) = &self.changing else { return self.rpc.call(request) };
        let mut text = Vec::from(list.under(id(request.body())));
        let number = format!("{:0width$}", turn.fetch_add(1, Ordering::Relaxed), width = CHANGING.len());
        text.get_mut(*at..*at + number.len()).unwrap().copy_from_slice(number.as_bytes());
        ready(Ok(http::Response::new(text.into())))
    }
}

type Leaf = Cache<OneCService<Desk>>;
type Rest = RestCache<OneCRest<Desk>>;
pub(crate) type Stack = Authenticated<JsonRpc<Gateway<Leaf, Rest>>, Bearer<StaticToken>>;

/// Which tools there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tooling {
    /// Those of 1C.
    Proxied,
    /// The nineteen.
    Trade,
    /// So many generated ones.
    Generated(usize),
}

/// One measurement: a question, who asks it, and the stack that answers.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) case: Case,
    /// The tools of 1C, where the question is another one.
    list: Value,
    pub(crate) tools: Tooling,
    /// Whether the tools of 1C are there beside those of a catalog.
    pub(crate) rpc: bool,
    /// Whether the list that 1C sends is another one each time.
    pub(crate) changing: bool,
    /// How long lists of 1C are remembered.
    pub(crate) remembered: Duration,
    /// Whether the caller lacks half of the scopes.
    pub(crate) half: bool,
    pub(crate) audit: bool,
    pub(crate) rest: Value,
}

impl Setup {
    pub(crate) fn new(case: Case, tools: Tooling) -> Self {
        let (rpc, changing, half, audit) = (true, false, false, true);
        let list = answers::tools(0);
        Self { case, list, tools, rpc, changing, remembered: Duration::ZERO, half, audit, rest: report(1024) }
    }

    fn catalog(&self) -> Option<Catalog> {
        let tools = match self.tools {
            Tooling::Proxied => return None,
            Tooling::Trade => Tools::trade(Limits::default()),
            Tooling::Generated(count) => Tools::read(&generated(count), "generated", Limits::default()),
        };
        Some(Catalog::new(tools.unwrap()))
    }

    fn desk(&self) -> Desk {
        let changing = self.changing.then(|| {
            let (text, _) = self.case.answer.parts();
            let at = text.windows(CHANGING.len()).position(|part| part == CHANGING.as_bytes()).unwrap();
            (self.case.answer.clone(), at, Arc::default())
        });
        let list =
            if self.case.method == Method::ToolsList { self.case.answer.clone() } else { Answer::new(&self.list) };
        Desk { rpc: Mock::new(self.case.answer.clone(), list), changing, rest: as_1c_writes(&self.rest) }
    }

    fn leaf(&self) -> (Leaf, Rest) {
        let onec = OneCService::with_client(Case::infobase(), self.desk()).unwrap();
        let rest = onec.rest();
        let leaf = CacheLayer::new().lists(self.remembered).layer(onec);
        let rest = leaf.rest(rest);
        (leaf, rest)
    }

    /// As `examples/gateway` builds it.
    pub(crate) fn stack(&self) -> Stack {
        let catalog = self.catalog();
        let all = catalog.as_ref().map_or_else(Scopes::default, |catalog| catalog.current().scopes());
        let some = if self.half { Scopes::parse("mcp:resolve mcp:report:sales mcp:report:stock") } else { all };
        let caller = Identity::new("onec:Администратор", some.union(&Scopes::parse("mcp")));
        // Of the tools of 1C some need another scope.
        let policy = ScopePolicy::everything("mcp").tool("find_goods_1*", if self.half { "mcp:secret" } else { "mcp" });
        let (leaf, rest) = self.leaf();
        let gateway = Gateway::builder(leaf)
            .aliases(AliasLayer::new())
            .audit(self.audit.then(AuditLayer::new))
            .scopes(policy)
            .catalog(catalog.map(|catalog| CatalogLayer::new(catalog, rest).rpc(self.rpc)))
            .build();
        let site = Site::new().public_url(&"https://1c.example".parse().unwrap());
        let bridge = JsonRpcLayer::new(ServerInfo::default()).layer(gateway);
        BearerAuthLayer::new(StaticToken::new(TOKEN, caller)).site(site).layer(bridge)
    }

    pub(crate) fn request(&self, era: Era) -> http::Request<Full<Bytes>> {
        self.case.with_token(era, TOKEN)
    }

    /// The REST face, and a call of its `/reports/sales`.
    pub(crate) fn rest_face(&self) -> RestService<Rest> {
        RestService::new(self.catalog().unwrap(), TOKEN, self.leaf().1)
    }

    /// All of what is measured of lists.
    pub(crate) fn lists() -> Vec<Self> {
        let proxied = || Answer::new(&many(40));
        let list = |name, tools| Self::new(Case::list(name, proxied()), tools);
        let alone = |name, tools| Self { rpc: false, ..list(name, tools) };
        let mut all = vec![
            alone("19", Tooling::Trade),
            alone("500", Tooling::Generated(500)),
            Self { half: true, ..alone("19_half", Tooling::Trade) },
            Self { half: true, ..alone("500_half", Tooling::Generated(500)) },
            Self { half: true, ..list("19_merged_half", Tooling::Trade) },
            Self { half: true, ..list("500_merged_half", Tooling::Generated(500)) },
            Self { half: true, changing: true, ..list("19_merged_changed_half", Tooling::Trade) },
            Self { half: true, changing: true, ..list("500_merged_changed_half", Tooling::Generated(500)) },
        ];
        for (name, changing, remembered) in [
            ("500_of_1C_remembered_half", false, Duration::from_secs(3600)),
            ("500_of_1C_half", false, Duration::ZERO),
            ("500_of_1C_changed_half", true, Duration::ZERO),
        ] {
            let case = Case::list(name, Answer::new(&many(500)));
            all.push(Self { half: true, changing, remembered, ..Self::new(case, Tooling::Proxied) });
        }
        all
    }

    /// Calls: those that are only passed on, and those of the catalog.
    pub(crate) fn calls() -> Vec<Self> {
        let plain =
            |name, tools, result: &Value| Self::new(Case::call(name, TOOL, &arguments(), Answer::new(result)), tools);
        let text = || Answer::new(&answers::text(1024));
        let nothing = || Answer::new(&json!({ "content": [] }));
        let call = |name, tool: &str, arguments: &Value| {
            Self::new(Case::call(name, tool, arguments, nothing()), Tooling::Trade)
        };
        let rows = |size| json!({ "content": [], "structuredContent": report(size) });
        let candidates =
            json!({ "candidates": [{ "id": ID, "label": "Чайник электрический 1,7 л", "archived": false }] });
        vec![
            Self { audit: false, ..plain("plain_text_1KiB_no_audit", Tooling::Proxied, &answers::text(1024)) },
            plain("plain_text_1KiB", Tooling::Proxied, &answers::text(1024)),
            plain("plain_text_1KiB_beside_catalog", Tooling::Trade, &answers::text(1024)),
            plain("plain_report_1KiB", Tooling::Trade, &rows(1024)),
            plain("plain_report_64KiB", Tooling::Trade, &rows(64 * 1024)),
            call("sales_report_1KiB", "sales_report", &arguments()),
            Self { rest: report(64 * 1024), ..call("sales_report_64KiB", "sales_report", &arguments()) },
            Self {
                rest: candidates,
                ..call("resolve_product_cached", "resolve_product", &json!({ "query": "чайник" }))
            },
            Self {
                list: json!({ "tools": [{ "name": CYRILLIC, "inputSchema": { "type": "object" } }] }),
                ..Self::new(Case::call("alias_text_1KiB", &alias(CYRILLIC), &arguments(), text()), Tooling::Proxied)
            },
        ]
    }
}

const ID: &str = "6b1f0f5e-0c4e-11ef-9d0a-00155d0a1b2c";

/// Some 300 bytes, as a model writes them.
pub(crate) fn arguments() -> Value {
    json!({
        "period": { "from": "2026-01-01", "to": "2026-03-31" },
        "filters": { "customer_ids": [ID], "product_status": ["active", "new"] },
        "group_by": ["customer", "product"],
        "measures": ["amount", "qty", "avg_check"],
        "sort": [{ "field": "amount", "dir": "desc" }, { "field": "customer", "dir": "asc" }],
        "top": 50,
    })
}

/// A report whose answer takes about `size` bytes.
pub(crate) fn report(size: usize) -> Value {
    let cell = |id: &str, label: &str| json!({ "id": id, "label": label });
    let row = json!([cell(ID, "ООО «Север»"), cell(ID, "Чайник электрический 1,7 л"), 124_500.5, 50, 2490.01]);
    let mut rows = Vec::new();
    let whole = |rows: &[Value]| {
        let column = |name: &str, kind: &str| json!({ "name": name, "type": kind });
        json!({
            "columns": [column("customer", "ref"), column("product", "ref"), column("amount", "number"),
                column("qty", "number"), column("avg_check", "number")],
            "rows": rows,
            "totals": { "amount": 124_500.5, "qty": 50 },
        })
    };
    while as_1c_writes(&whole(&rows)).len() < size {
        rows.push(row.clone());
    }
    whole(&rows)
}

/// A byte order mark, tabs and CRLF.
fn as_1c_writes(value: &Value) -> Bytes {
    let pretty = serde_json::to_string_pretty(value).unwrap();
    format!("\u{feff}{}", pretty.replace('\n', "\r\n").replace("  ", "\t")).into()
}

/// Tools of 1C, one of which changes.
fn many(count: usize) -> Value {
    let mut list = answers::tools(0);
    let tools = list["tools"].as_array_mut().unwrap();
    let first = tools.first().unwrap().clone();
    for number in tools.len()..count {
        let mut tool = first.clone();
        tool["name"] = format!("{TOOL}_{number}").into();
        tools.push(tool);
    }
    list["nextEdition"] = CHANGING.into();
    list
}

/// A catalog file of so many tools, half of them of one scope and half of another.
fn generated(count: usize) -> Value {
    let tool = |number: usize| {
        json!({
            "name": format!("report_{number}"),
            "title": format!("Отчёт {number}"),
            "description": "Figures of a period by dimensions. The ids come from the resolve tools; totals cover all rows.",
            "scope": if number.is_multiple_of(2) { "mcp:report:sales" } else { "mcp:report:money" },
            "path": format!("reports/report_{number}"),
            "slow": true,
            "clamp": { "top": "max_rows" },
            "guarded": [{ "field": "measures", "values": ["cost"], "scope": "mcp:report:cost" }],
            "input_schema": {
                "type": "object",
                "properties": {
                    "customer_ids": { "type": "array", "items": { "type": "string", "format": "uuid" } },
                    "measures": { "type": "array", "items": { "enum": ["amount", "qty", "cost"] }, "default": ["amount"] },
                    "top": { "type": "integer", "minimum": 1, "description": "How many rows at most" },
                },
            },
        })
    };
    json!({ "tools": (0..count).map(tool).collect::<Vec<_>>() })
}
