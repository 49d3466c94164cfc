//! docs/embedding.md quotes code that is compiled and tested: each of its blocks stands in the file named above it.

use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/embedding.md");

/// The blocks of Rust, each with the file that the last link above it names.
fn blocks() -> Vec<(&'static str, String)> {
    let (mut file, mut blocks) = ("", Vec::new());
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if let Some((_, rest)) = line.split_once("](../") {
            file = rest.split_once(')').expect("a link").0;
        }
        if line == "```rust" {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((file, block.join("\n")));
        }
    }
    blocks
}

/// The lines of a text without their indentation and without empty ones.
fn plain(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn each_block_stands_in_its_file() {
    let blocks = blocks();
    assert!(blocks.len() >= 10, "{} blocks", blocks.len());
    for (file, block) in blocks {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let code = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (code, mut rest) = (plain(&code), plain(&block).into_iter().peekable());
        // `…` stands for lines that are left out.
        let mut at = 0;
        while rest.peek().is_some() {
            let part: Vec<_> = rest.by_ref().take_while(|line| *line != "// …").collect();
            let found = code.get(at..).and_then(|code| code.windows(part.len().max(1)).position(|lines| lines == part));
            at += found.unwrap_or_else(|| panic!("{file} has no such lines:\n{}", part.join("\n"))) + part.len();
        }
    }
}

/// Every recipe of the list at its top is a section, and has code.
#[test]
fn each_recipe_has_code() {
    let sections: Vec<_> = DOCUMENT.split("\n## ").skip(1).collect();
    assert!(sections.len() >= 10, "{} sections", sections.len());
    for section in sections {
        let title = section.lines().next().unwrap();
        assert!(section.contains("```rust\n"), "{title}");
    }
}
