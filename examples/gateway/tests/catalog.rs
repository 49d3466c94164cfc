//! Section 1 of the interface, the settings of the catalog, its REST endpoints and the scopes of tools.

use super::case::{Case, login};
use crate::settings::{Account, Auth, Settings, Target};
use proptest::prelude::*;

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
    // The key that is none, and the one that is missing for it.
    assert_eq!(typo.matches("repairs_report").count(), 2, "{typo}");
    for (error, part) in [
        (yaml("tools: [{name: a"), "not understood as YAML: "),
        (yaml("tools: []\ntools: []"), "not understood as YAML: "),
        (json("{\"tools\": []"), "not understood as JSON: "),
        (json(r#"{"tools": [], "tools": []}"#), "not understood as JSON: the key tools is there twice (line 1"),
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

/// Line and column are those of the mistake, the line is shown with a caret, and nothing speaks of Rust.
#[test]
fn a_file_that_breaks_off_shows_where() {
    let yaml = |text: &str| http().file("own.yaml", text).args("--catalog own.yaml").error();
    let json = |text: &str| http().file("own.json", text).args("--catalog own.json").error();
    let start = "tools:\n  - name: a\n";
    let of = |rest: &str| yaml(&format!("{start}{rest}"));
    for (error, why, shown) in [
        (
            of("    description: Use it: often\n    scope: x\n"),
            "mapping values are not allowed in this context (line 3, column 24)",
            "  3 |     description: Use it: often\n                             ^\n",
        ),
        (
            of("    description: Finds\n      things by # and name\n      or so\n"),
            "comment intercepting the multiline text (line 4, column 17)",
            "  4 |       things by # and name\n                      ^\n",
        ),
        (of("   description: x\n"), "(line 3, column 4)", "  3 |    description: x\n         ^\n"),
        (
            of("\tscope: x\n"),
            "a tabulator; lines are indented with blanks (line 3, column 1)",
            "  3 |  scope: x\n      ^",
        ),
        (
            of("    scope: x\n    scope: y\n"),
            "the key scope is there twice (line 4, column 5)",
            "  4 |     scope: y\n          ^",
        ),
        (
            of("    scope: *x\n"),
            "reference to unknown value (line 3, column 12)",
            "  3 |     scope: *x\n                 ^",
        ),
        (of("    scope: @x\n"), "(line 3, column 12)", "  3 |     scope: @x\n                 ^"),
        (of("    scope: [x}\n"), "(line 3, column 12)", "  3 |     scope: [x}\n                 ^"),
        (of("    cache_seconds: .nan\n"), "not a finite number (line 3", "                         ^"),
        (yaml("tools: []\n---\ntools: []\n"), "only single YAML document expected", "  3 | tools: []\n      ^"),
        (json("{\n  \"tools\": [\n  },\n}"), "(line 3, column 3)", "  3 |   },\n        ^"),
        (json("{\"tools\": [],\n \"tools\": []}"), "the key tools is there twice (line 2", "  2 |  \"tools\": []}\n"),
        (
            json("{\"tools\": [], \"я\": тест}"),
            "(line 1, column 20)",
            "  1 | {\"tools\": [], \"я\": тест}\n                         ^",
        ),
    ] {
        assert!(error.contains("not understood as ") && error.contains(why), "{why} in {error}");
        assert!(error.contains(shown), "{error}");
        for word in ["Options", "DuplicateKeyPolicy", "Policy", "deserialize", "serde", "Rust", "struct"] {
            assert!(!error.contains(word), "{error}");
        }
    }
    // Of a long line, the part around the place.
    let long = yaml(&format!("tools:\n  - name: {}: x\n", "я".repeat(300)));
    let lines = long.lines().collect::<Vec<_>>();
    assert!(lines[1].chars().count() < 120 && lines[0].ends_with("(line 2, column 311)"), "{long}");
    assert_eq!(lines[1].chars().nth(lines[2].chars().count() - 1), Some(':'), "{long}");
}

/// Whoever mends a file does not start the gateway once for each mistake.
#[test]
fn all_that_is_wrong_is_told_at_once() {
    let file = "
tools:
  - name: a
    title: [x]
    descripton: Finds.
    scope: a,b
    path: /x
    cache_seconds: -1
    clamp: {tpo: max_rows}
    order: [[from, till]]
    input_schema:
      type: object
      properties: {top: {type: integer}, from: {type: string}}
      required: [tpo]
  - name: b
    description: Finds.
    scope: x
    path: x
    rest: /mcp
    clamp: {tpo: max_rows}
    order: [[top, till]]
    input_schema: {type: object, properties: {top: {type: integer}, code: {type: string, pattern: '(x'}}}
  - name: b
  - title: no name
";
    let error = http().file("own.yaml", file).args("--catalog own.yaml").error();
    let lines = error.lines().collect::<Vec<_>>();
    assert!(
        lines[0].starts_with("error: --catalog is \"own.yaml\": ") && lines[0].ends_with(" things are wrong in it:")
    );
    for part in [
        "tool \"a\": descripton: unknown key (did you mean description?)",
        "tool \"b\": input_schema: is no JSON Schema of 2020-12 that can be used: at /properties/code/pattern, \"(x\" is not a \"regex\": unclosed group (character 1)",
        "tool \"b\": name: is the name of tools[1] already",
        "tools[3].name: is missing",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(&format!("  {part}"))), "{part}\n{error}");
    }
    let mended = file.replace("descripton", "description");
    let error = http().file("own.yaml", &mended).args("--catalog own.yaml").error();
    for part in [
        "a\": title: must be a text",
        "a\": scope: must be one scope",
        "a\": path: must be a path",
        "a\": cache_seconds: must be a whole number",
        "a\": input_schema: requires tpo at the top, and properties has no such name (did you mean top?)",
        "b\": input_schema: ",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
    let mended = mended.replace("required: [tpo]", "required: [top]").replace("'(x'", "'(x)'");
    let error = http().file("own.yaml", &mended).args("--catalog own.yaml").error();
    for part in [
        "a\": clamp.tpo: there is no argument tpo",
        "a\": order[0]: there is no argument till",
        "b\": clamp.tpo: there is no argument tpo",
        "b\": order[0]: top must be of the type string",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
    let two = "{name: c, description: d, scope: s, path: p, rest: /mcp/x, input_schema: {type: object}}";
    let two = format!("tools: [{two}, {}]", two.replace("name: c", "name: d").replace("/mcp/x", "/token"));
    let error = http().file("own.yaml", two).args("--catalog own.yaml").error();
    assert!(
        error.contains("2 things are wrong") && error.contains("/mcp/x belongs") && error.contains("/token belongs"),
        "{error}"
    );
}

/// A comment where a text goes on, keywords and formats that nobody knows: told at the start, and no error.
#[test]
fn what_may_be_a_mistake_is_noted() {
    let notes = |text: &str| http().file("own.yaml", text).args("--catalog own.yaml").ok().warnings;
    let said = "What was repaired.";
    for (text, line, kept) in [
        (OWN.replace(said, "What was repaired # by whom"), 5, "What was repaired"),
        (OWN.replace(said, "What was repaired\n      by shop # by whom"), 6, "What was repaired by shop"),
        (OWN.replace("title: Repairs", "title: Repairs #5"), 4, "Repairs"),
    ] {
        let warnings = notes(&text);
        let start = format!("own.yaml: line {line}: what follows the # after \"{kept}\" is a comment");
        assert!(warnings.len() == 1 && warnings[0].starts_with(&start), "{warnings:?}");
    }
    for text in [
        OWN.to_owned(),
        OWN.replace(said, "\"What was # repaired\""),
        OWN.replace(said, "'What was # repaired' # in shops"),
        OWN.replace(said, ">-\n      What was # repaired"),
        OWN.replace(said, "What#was repaired"),
        OWN.replace("title: Repairs", "# A tool of ours, and more\n    title: Repairs  # of all\n    slow: true # yes"),
    ] {
        assert_eq!(notes(&text), [""; 0], "{text}");
    }
    // All of it is a comment.
    let error = http().file("own.yaml", OWN.replace(said, "#1 in repairs")).args("--catalog own.yaml").error();
    assert!(
        error.contains("description: must be a text")
            && error.contains("note: line 5: what follows the # is a comment"),
        "{error}"
    );
    let schema =
        "{a: {type: string, formt: date, x-own: 1}, b: {anyOf: [{type: string, format: datetime}, {minLenght: 3}]}}";
    let place = "own.yaml: tool \"repairs_report\": input_schema: at";
    assert_eq!(
        notes(&OWN.replace("properties: {}", &format!("properties: {schema}"))),
        [
            format!(
                "{place} /properties/a, formt is no keyword of JSON Schema and does nothing; the nearest is format"
            ),
            format!(
                "{place} /properties/b/anyOf/0, the format datetime is not known and checks nothing; the nearest is date-time"
            ),
            format!(
                "{place} /properties/b/anyOf/1, minLenght is no keyword of JSON Schema and does nothing; the nearest is minLength"
            ),
        ]
    );
}

/// The first gateway of this kind had no setting for it: its REST endpoints are those of the built-in tools.
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
    // The ceiling is never passed.
    assert_eq!(top(http().env("MCP_MAX_ROWS", "100")), 100);
    let error = http().env("MCP_CATALOG", "trade").env("MCP_DEFAULT_ROWS", "0").error();
    assert!(error.contains("MCP_DEFAULT_ROWS is \"0\": expected a whole number from 1 to 100000"), "{error}");
}
