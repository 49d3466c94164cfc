//! Section 1 of the interface: how a catalog file is read, and messages for errors in it.

use super::catalog::{OWN, http, names, own};
use proptest::prelude::*;

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
    // The unknown key, and the missing one.
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

/// A small file with aliases that would expand to gigabytes.
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

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "(tools|extends|name|scope|input_schema|[:{}\\[\\]&*!|>, \n\"'-]|  |true|1|ё){0,40}") {
        for name in ["own.yaml", "own.json"] {
            let _ = http().file(name, &text).env("MCP_CATALOG", name).load();
        }
    }
}

/// The line and column are those of the mistake, the line is shown with a caret, and no message mentions Rust.
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

/// A user with several mistakes in a file need not start the gateway once for each.
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

/// A comment inside a text, unknown keywords and unknown formats are noted at the start, and are no errors.
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
    // The whole text is a comment.
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
