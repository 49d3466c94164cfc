//! Section 1 of the interface: the settings of the catalog, its REST endpoints and the scopes of tools.

use super::case::{Case, login};
use crate::settings::{Account, Auth, Settings, Target};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// One tool with a scope of its own.
pub(super) const OWN: &str = "
tools:
  - name: repairs_report
    title: Repairs
    description: What was repaired.
    scope: own:repairs
    path: reports/repairs
    rest: /reports/repairs
    input_schema: {type: object, properties: {}, additionalProperties: false}
";

pub(super) fn http() -> Case {
    Case::minimal().args("http")
}

fn oauth2() -> Case {
    http().env("MCP_AUTH_MODE", "oauth2")
}

pub(super) fn own() -> Case {
    http().file("own.yaml", OWN).env("MCP_CATALOG", "own.yaml")
}

pub(super) fn names(settings: &Settings) -> Vec<&str> {
    settings.serving.catalog.as_ref().unwrap().tools.iter().map(|tool| tool.name()).collect()
}

/// Returns the supported scopes, and the default ones.
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
fn scopes_of_a_catalog() {
    let of = |case: Case| scopes(&case.ok());
    let all = "mcp mcp:admin:eventlog mcp:report:cost mcp:report:money mcp:report:sales mcp:report:stock mcp:resolve";
    let harmless = "mcp:report:sales mcp:report:stock mcp:resolve";
    assert_eq!(of(oauth2()), (all.into(), "mcp".into()));
    assert_eq!(of(oauth2().env("MCP_CATALOG", "trade")), (all.into(), harmless.into()));
    // Only those in the catalog; the scopes of another catalog are offered too.
    let file = |text: &str| oauth2().file("own.yaml", text).env("MCP_CATALOG", "own.yaml");
    assert_eq!(of(file(OWN)), (format!("{all} own:repairs"), "own:repairs".into()));
    let both = format!("extends: trade\n{}", OWN.trim_start());
    assert_eq!(of(file(&both)), (format!("{all} own:repairs"), harmless.into()));
    let costly = OWN.replace("own:repairs", "mcp:report:cost");
    assert!(file(&costly).error().contains("MCP_OAUTH2_DEFAULT_SCOPES is not set: none of its defaults"));
    assert_eq!(of(file(&costly).env("MCP_OAUTH2_DEFAULT_SCOPES", "mcp")).1, "mcp");
    // Chosen scopes limit the defaults.
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
    // Leaving out scopes of the built-in catalog is a choice.
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
    let error = http().env("MCP_API_BEARER_TOKEN", TOKEN).env("MCP_CATALOG", "none").error();
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
    // The REST endpoints use the service account in any auth mode.
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
    // Without MCP no user logs in.
    let settings = rest().env("MCP_AUTH_MODE", "oauth2").env("MCP_OAUTH2_ACCESS_TTL", "60").ok();
    assert!(matches!(settings.auth, Auth::None { token: None }));
    assert_eq!(
        settings.warnings,
        ["MCP_AUTH_MODE is ignored: MCP is off", "MCP_OAUTH2_ACCESS_TTL is ignored: MCP is off"]
    );
}

/// An earlier gateway had no setting for the catalog: its REST endpoints are those of the built-in tools.
#[test]
fn a_token_of_the_rest_endpoints_alone_means_the_built_in_catalog() {
    for case in [http().env("MCP_API_BEARER_TOKEN", TOKEN), http().yaml(&format!("api: {{bearer_token: {TOKEN}}}"))] {
        let settings = case.ok();
        assert_eq!((names(&settings).len(), settings.warnings.len()), (19, 0));
        assert!(settings.serving.rest.is_some());
    }
    let own = own().env("MCP_API_BEARER_TOKEN", TOKEN).ok();
    assert_eq!(names(&own), ["repairs_report"]);
}

#[test]
fn rows_that_are_asked_for_by_themselves() {
    let top = |case: Case| {
        let catalog = case.env("MCP_CATALOG", "trade").ok().serving.catalog.unwrap();
        let tool = catalog.tools.get("stock_balance").unwrap();
        let body: serde_json::Value = serde_json::from_slice(&tool.prepare(None).unwrap().body).unwrap();
        assert_eq!(body["top"], tool.input_schema()["properties"]["top"]["default"]);
        body["top"].as_u64().unwrap()
    };
    assert_eq!(top(http()), 200);
    assert_eq!(top(http().env("MCP_DEFAULT_ROWS", "50")), 50);
    assert_eq!(top(http().yaml("limits: {default_rows: 60}")), 60);
    // The limit is never exceeded.
    assert_eq!(top(http().env("MCP_MAX_ROWS", "100")), 100);
    let error = http().env("MCP_CATALOG", "trade").env("MCP_DEFAULT_ROWS", "0").error();
    assert!(error.contains("MCP_DEFAULT_ROWS is \"0\": expected a whole number from 1 to 100000"), "{error}");
}
