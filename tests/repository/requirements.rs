//! `REQUIREMENTS.md` says which test proves which requirement. Each of these tests is there, and names
//! the source of the requirement.

use std::collections::HashMap;
use std::path::Path;

const TABLE: &str = include_str!("../REQUIREMENTS.md");

const SOURCES: [&str; 13] = [
    "RFC 6749",
    "RFC 6750",
    "RFC 7009",
    "RFC 7523",
    "RFC 7591",
    "RFC 7636",
    "RFC 8252",
    "RFC 8414",
    "RFC 8707",
    "RFC 9207",
    "RFC 9728",
    "MCP 2025-11-25",
    "MCP 2026-07-28",
];

/// The rows of all tables: source, section, requirement and tests.
fn rows() -> Vec<(&'static str, [&'static str; 3])> {
    let (mut source, mut rows) = ("", Vec::new());
    for line in TABLE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            source = title;
        }
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else { continue };
        let cells: Vec<_> = row.split(" | ").collect();
        let Ok(cells) = <[_; 3]>::try_from(cells) else { panic!("not three cells: {line}") };
        if cells != ["Section", "Requirement", "Test"] && cells != ["---"; 3] {
            rows.push((source, cells));
        }
    }
    rows
}

/// What stands between backticks in the form `file::function`.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|name| name.split_once(".rs::"))
}

fn read(file: &str) -> String {
    let is_elsewhere = ["src/", "examples/"].iter().any(|folder| file.starts_with(folder));
    let folder = if is_elsewhere { "" } else { "tests/" };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{folder}{file}.rs"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The doc comment of a test, or nothing if there is no test of this name.
fn documentation(code: &str, function: &str) -> Option<String> {
    let lines: Vec<_> = code.lines().map(str::trim).collect();
    let start = format!("fn {function}(");
    let at = lines.iter().position(|line| line.strip_prefix("async ").unwrap_or(line).starts_with(&start))?;
    let above = lines.iter().take(at).rev().take_while(|line| line.starts_with("#[") || line.starts_with("///"));
    let mut above: Vec<_> = above.copied().collect();
    above.reverse();
    // Those of a property test may have no attribute: a macro makes them tests.
    let is_test = above.iter().any(|line| line.contains("test")) || code.contains("proptest! {");
    is_test.then(|| above.join(" ").replace("/// ", ""))
}

#[test]
fn every_source_has_its_table() {
    let rows = rows();
    for source in SOURCES {
        assert!(rows.iter().filter(|(of, _)| *of == source).count() >= 5, "{source}");
    }
    for (source, cells) in rows {
        assert!(SOURCES.contains(&source), "{source}");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{cells:?}");
        assert_eq!(named(cells[2]).count() * 2, cells[2].matches('`').count(), "tests only: {cells:?}");
        assert!(named(cells[2]).count() > 0, "{cells:?}");
    }
}

#[test]
fn every_test_is_there_and_names_its_source() {
    let (mut files, mut wrong) = (HashMap::new(), Vec::new());
    let in_rows = rows().into_iter().flat_map(|(source, [_, _, tests])| named(tests).map(move |test| (source, test)));
    // Those in the text below the tables have no table to name.
    for (source, (file, function)) in in_rows.chain(named(TABLE).map(|test| ("", test))) {
        let code = files.entry(file).or_insert_with(|| read(file));
        match documentation(code, function) {
            None => wrong.push(format!("{file}.rs has no test {function}")),
            Some(text) if !text.contains(source) => wrong.push(format!("{file}.rs::{function} does not name {source}")),
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_missing_is_noticed() {
    let code = "/// RFC 1, section 2.\n#[tokio::test]\nasync fn there() {\n}\n\n/// RFC 3.\nfn helper() {}\n";
    assert!(documentation(code, "there").is_some_and(|text| text.contains("RFC 1, section 2.")));
    assert!(documentation(code, "there").is_some_and(|text| !text.contains("RFC 3")));
    assert_eq!(documentation(code, "helper"), None);
    assert_eq!(documentation(code, "the"), None);
}

/// A task that nobody owns outlives what it was spawned for; examples are copied.
#[test]
fn embedding_examples_spawn_nothing_that_nobody_owns() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["examples", "examples/embedded", "examples/embedded/house"].map(|name| root.join(name));
    let examples = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let examples = examples.map(|entry| entry.unwrap().path());
    let examples: Vec<_> = examples.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    assert!(examples.len() >= 15, "{examples:?}");
    let documents = ["README.md", "README.ru.md", "docs/embedding.md"].map(|name| root.join(name));
    for path in examples.into_iter().chain(documents) {
        let text = std::fs::read_to_string(&path).unwrap();
        for call in ["tokio::spawn(", "task::spawn(", "thread::spawn("] {
            assert!(!text.contains(call), "{}: {call}", path.display());
        }
    }
}
