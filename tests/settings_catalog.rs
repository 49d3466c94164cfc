//! Section 1 of the interface, the settings of the catalog, its REST endpoints and the scopes of tools.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

#[path = "../examples/gateway/settings/mod.rs"]
#[allow(dead_code, reason = "the tests look at most of it, the gateway at all")]
mod settings;
#[path = "support/settings.rs"]
mod support;

use proptest::prelude::*;
use settings::{Account, Auth, Settings, Target};
use support::{Case, login};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// One tool with a scope of its own.
const OWN: &str = "
tools:
  - name: repairs_report
    title: Repairs
    description: What was repaired.
    scope: own:repairs
    path: reports/repairs
    rest: /reports/repairs
    input_schema: {type: object, properties: {}, additionalProperties: false}
";

fn http() -> Case {
    Case::minimal().args("http")
}

fn oauth2() -> Case {
    http().env("MCP_AUTH_MODE", "oauth2")
}

fn own() -> Case {
    http().file("own.yaml", OWN).env("MCP_CATALOG", "own.yaml")
}

fn names(settings: &Settings) -> Vec<&str> {
    settings.serving.catalog.as_ref().unwrap().tools.iter().map(|tool| tool.name()).collect()
}

/// Supported scopes, and those that come without asking.
fn scopes(settings: &Settings) -> (String, String) {
    match &settings.auth {
        Auth::OAuth2(server) => (server.scopes.to_string(), server.default_scopes.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_built_in_catalog() {
    for text in ["trade", "TRADE", " trade "] {
        let settings = Case::minimal().env("MCP_CATALOG", text).ok();
        assert_eq!(names(&settings).len(), 19, "{text}");
        assert_eq!(settings.warnings, [""; 0]);
    }
    assert!(Case::minimal().env("MCP_CATALOG", "None").ok().serving.catalog.is_none());
    let unused = Case::minimal().env("MCP_MAX_ROWS", "7").env("MCP_STRUCTURED_CONTENT", "false").ok();
    assert_eq!(
        unused.warnings,
        ["MCP_MAX_ROWS is ignored: there is no catalog", "MCP_STRUCTURED_CONTENT is ignored: there is no catalog"]
    );
}

#[test]
fn the_ceilings_reach_the_catalog() {
    let settings = Case::minimal().env("MCP_CATALOG", "trade").env("MCP_RESOLVE_LIMIT", "3").ok();
    let catalog = settings.serving.catalog.unwrap();
    let call = catalog.tools.get("resolve_customer").unwrap().prepare(Some(br#"{"query":"a","limit":50}"#)).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(body["limit"], 3);
}

#[test]
fn a_file_in_yaml_or_json() {
    assert_eq!(names(&own().ok()), ["repairs_report"]);
    let json = r#"{"extends": "trade", "tools": [{"name": "cash_flow", "drop": true}]}"#;
    let extended = http().file("own.JSON", json).env("MCP_CATALOG", "own.JSON").ok();
    assert!(names(&extended).len() == 18 && !names(&extended).contains(&"cash_flow"), "{extended:?}");
    let bom = http().file("k.yml", format!("\u{feff}{OWN}")).env("MCP_CATALOG", "k.yml").ok();
    assert_eq!(names(&bom), ["repairs_report"]);
}

#[test]
fn a_bad_file_is_explained() {
    let yaml = |text: &str| http().file("own.yaml", text).args("--catalog own.yaml").error();
    let json = |text: &str| http().file("own.json", text).args("--catalog own.json").error();
    let typo = yaml(&OWN.replace("scope:", "scop:"));
    assert!(typo.starts_with("error: --catalog is \"own.yaml\": "), "{typo}");
    for part in ["repairs_report", "scop"] {
        assert!(typo.contains(part), "{part} in {typo}");
    }
    assert_eq!(typo.matches("repairs_report").count(), 1, "{typo}");
    for (error, part) in [
        (yaml("tools: [{name: a"), "not understood as YAML: "),
        (yaml("tools: []\ntools: []"), "not understood as YAML: "),
        (json("{\"tools\": []"), "not understood as JSON: "),
        (json(r#"{"tools": [], "tools": []}"#), "not understood as JSON: the key tools is there twice at line 1"),
        (json(r#"{"tools": [{"name": "a", "scope": "x", "scope": "y"}]}"#), "the key scope is there twice"),
        (yaml(&OWN.replace("/reports/repairs", "/mcp/repairs")), "rest: /mcp/repairs belongs to the gateway"),
        (yaml(&OWN.replace("/reports/repairs", "/token")), "rest: /token belongs to the gateway"),
        (yaml("tools: [*x]"), "not understood as YAML: "),
        (
            http().args("--catalog no.yaml").error(),
            "there is no such file; expected none, trade, or the path of a file",
        ),
        (http().args("--catalog .").error(), "expected none, trade, or the path of a file"),
        (http().file("a.yaml", b"\xff\xfe").args("--catalog a.yaml").error(), "the file is not UTF-8 text"),
        (http().file("a.yaml", vec![b'#'; 5 << 20]).args("--catalog a.yaml").error(), "larger than 4 MiB"),
    ] {
        assert!(error.starts_with("error: --catalog is ") && error.contains(part), "{error}\n{part}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

/// A small file that would unfold to gigabytes.
#[test]
fn a_bomb_does_not_go_off() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let error = http().file("own.yaml", text).args("--catalog own.yaml").error();
    assert!(error.contains("not understood as YAML: "), "{error}");
    let deep = "[".repeat(100_000);
    for name in ["own.yaml", "own.json"] {
        let error = http().file(name, &deep).args("--catalog").args(name).error();
        assert!(error.contains("not understood as "), "{error}");
    }
}

#[test]
fn scopes_of_a_catalog() {
    let of = |case: Case| scopes(&case.ok());
    let all = "mcp mcp:admin:eventlog mcp:report:cost mcp:report:money mcp:report:sales mcp:report:stock mcp:resolve";
    let harmless = "mcp:report:sales mcp:report:stock mcp:resolve";
    assert_eq!(of(oauth2()), (all.into(), "mcp".into()));
    assert_eq!(of(oauth2().env("MCP_CATALOG", "trade")), (all.into(), harmless.into()));
    // Of what a catalog has, and no more; another one's scopes are offered by themselves.
    let file = |text: &str| oauth2().file("own.yaml", text).env("MCP_CATALOG", "own.yaml");
    assert_eq!(of(file(OWN)), (format!("{all} own:repairs"), "own:repairs".into()));
    let both = format!("extends: trade\n{}", OWN.trim_start());
    assert_eq!(of(file(&both)), (format!("{all} own:repairs"), harmless.into()));
    let costly = OWN.replace("own:repairs", "mcp:report:cost");
    assert!(file(&costly).error().contains("MCP_OAUTH2_DEFAULT_SCOPES is not set: none of its defaults"));
    assert_eq!(of(file(&costly).env("MCP_OAUTH2_DEFAULT_SCOPES", "mcp")).1, "mcp");
    // Chosen scopes cut the defaults.
    let chosen = oauth2().env("MCP_CATALOG", "trade").env("MCP_OAUTH2_SCOPES", "mcp mcp:resolve");
    assert_eq!(of(chosen), ("mcp mcp:resolve".into(), "mcp:resolve".into()));
    let rules = oauth2().env("MCP_TOOL_SCOPES", "get_*=own:read");
    assert_eq!(of(rules), (format!("{all} own:read"), "mcp".into()));
}

#[test]
fn tools_that_nobody_may_use() {
    let warnings = |case: Case| case.ok().warnings;
    let file = |scopes: &str| own().env("MCP_AUTH_MODE", "oauth2").env("MCP_OAUTH2_SCOPES", scopes);
    let defaults = |scopes: &str| file(scopes).env("MCP_OAUTH2_DEFAULT_SCOPES", "mcp");
    assert_eq!(
        warnings(defaults("mcp")),
        ["MCP_OAUTH2_SCOPES lacks own:repairs, so that nobody may use the tools that need it"]
    );
    assert_eq!(warnings(file("mcp own:repairs")), [""; 0]);
    let why = "MCP_OAUTH2_SCOPES lacks mcp, without which nobody may use what the 1C extension itself offers";
    assert_eq!(warnings(file("own:repairs")), [why]);
    assert_eq!(warnings(file("own:repairs").env("MCP_ONEC_RPC", "false")), [""; 0]);
    // To leave out scopes of the built-in catalog is a choice.
    assert_eq!(warnings(oauth2().env("MCP_CATALOG", "trade").env("MCP_OAUTH2_SCOPES", "mcp mcp:resolve")), [""; 0]);
    let rule = oauth2().env("MCP_OAUTH2_SCOPES", "mcp").env("MCP_TOOL_SCOPES", "get_*=own:read");
    assert_eq!(warnings(rule), ["MCP_OAUTH2_SCOPES lacks own:read, so that nobody may use the tools that need it"]);
    assert_eq!(
        warnings(http().env("MCP_TOOL_SCOPES", "get_*=own:read")),
        ["MCP_TOOL_SCOPES is ignored: the auth mode is none, so that everybody may use every tool"]
    );
    assert_eq!(
        warnings(oauth2().env("MCP_CATALOG", "trade").env("MCP_ONEC_RPC", "0").env("MCP_TOOL_SCOPES", "a=b")),
        ["MCP_TOOL_SCOPES is ignored: MCP_ONEC_RPC is false"]
    );
}

#[test]
fn there_must_be_something_to_serve() {
    let error = http().env("MCP_ONEC_RPC", "false").error();
    let why = "without a catalog there is nothing else to serve; set MCP_CATALOG, e.g. to trade";
    assert_eq!(error, format!("error: MCP_ONEC_RPC is \"false\": {why}"));
    assert!(!http().env("MCP_ONEC_RPC", "false").env("MCP_CATALOG", "trade").ok().serving.rpc);
    let error = http().env("MCP_API_BEARER_TOKEN", TOKEN).error();
    let why = "the REST endpoints are those of a catalog; set MCP_CATALOG, e.g. to trade";
    assert_eq!(error, format!("error: MCP_API_BEARER_TOKEN (value not shown): {why}"));
}

#[test]
fn rest_endpoints() {
    let rest = || http().env("MCP_CATALOG", "trade").env("MCP_API_BEARER_TOKEN", TOKEN);
    assert!(rest().ok().serving.rest.is_some() && rest().ok().warnings.is_empty());
    assert!(!format!("{:?}", rest().ok()).contains(TOKEN));
    let short = rest().env("MCP_API_BEARER_TOKEN", "hunter2").ok().warnings;
    assert_eq!(short, ["MCP_API_BEARER_TOKEN is short and could be guessed; 32 random characters are good"]);
    let odd = rest().env("MCP_API_BEARER_TOKEN", "hunter2, hunter3").error();
    assert!(odd.starts_with("error: MCP_API_BEARER_TOKEN (value not shown): expected ASCII"), "{odd}");
    let stdio = Case::minimal().env("MCP_CATALOG", "trade").env("MCP_API_BEARER_TOKEN", TOKEN).ok();
    assert_eq!(stdio.warnings, ["MCP_API_BEARER_TOKEN is ignored: there are no REST endpoints on stdio"]);
    assert!(stdio.serving.rest.is_none());
    // They work under the service account, whoever logs in elsewhere.
    for mode in ["oauth2", "basic"] {
        let own = rest().env("MCP_AUTH_MODE", mode);
        assert_eq!(login(&own.ok()).0, "admin");
        let error = own.without("MCP_ONEC_USERNAME").without("MCP_ONEC_PASSWORD").error();
        let why = "give the name of the 1C user that the REST endpoints work under";
        assert!(error.starts_with(&format!("error: MCP_ONEC_USERNAME is not set: {why}")), "{error}");
    }
    let without = rest().env("MCP_AUTH_MODE", "basic").without("MCP_API_BEARER_TOKEN");
    let without = without.without("MCP_ONEC_USERNAME").without("MCP_ONEC_PASSWORD").ok();
    assert!(matches!(&without.onec.target, Target::Infobase { account: None::<Account>, .. }));
}

#[test]
fn mcp_may_be_switched_off() {
    let off = || http().env("MCP_CATALOG", "trade").yaml("mcp: {enabled: false}");
    let rest = || off().env("MCP_API_BEARER_TOKEN", TOKEN);
    assert!(!rest().ok().serving.mcp && rest().ok().warnings.is_empty());
    let why = "only the REST endpoints would be left, and these need MCP_API_BEARER_TOKEN";
    assert_eq!(off().error(), format!("error: mcp.enabled in gateway.yaml is \"false\": {why}"));
    let stdio = Case::minimal().env("MCP_CATALOG", "trade").args("--enabled false").error();
    let why = "on stdio there is nothing but MCP; start the gateway with http";
    assert_eq!(stdio, format!("error: --enabled is \"false\": {why}"));
    // Nobody logs in then.
    let settings = rest().env("MCP_AUTH_MODE", "oauth2").env("MCP_OAUTH2_ACCESS_TTL", "60").ok();
    assert!(matches!(settings.auth, Auth::None { token: None }));
    assert_eq!(
        settings.warnings,
        ["MCP_AUTH_MODE is ignored: MCP is off", "MCP_OAUTH2_ACCESS_TTL is ignored: MCP is off"]
    );
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "(tools|extends|name|scope|input_schema|[:{}\\[\\]&*!|>, \n\"'-]|  |true|1|ё){0,40}") {
        for name in ["own.yaml", "own.json"] {
            let _ = http().file(name, &text).env("MCP_CATALOG", name).load();
        }
    }
}
