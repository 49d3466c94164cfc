//! Documents whose commands are run as they stand there, and whose replies are compared.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use crate::support::gateway::Gateway;
use serde_json::Value;
use std::process::Stdio;

/// What a document leaves out.
const LEFT_OUT: &str = "…";

/// A fenced block: its language and its text.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

pub(crate) fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The text under a heading, up to the next one of its rank.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let rank = heading.split(' ').next().unwrap();
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    rest.split_once(&format!("\n{rank} ")).map_or(rest, |(section, _)| section)
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { language: language.to_owned(), text: text.join("\n") });
    }
    blocks
}

/// Runs the commands in one shell, with the address of `gateway` in place of the `printed` one; what each
/// block printed.
pub(crate) async fn run(commands: &[&Block], printed: &str, gateway: &Gateway) -> Vec<String> {
    const END: &str = "\n-- end of a block --\n";
    let script = commands.iter().map(|block| format!("{}\nprintf '{}'\n", block.text, END.replace('\n', "\\n")));
    let script = script.collect::<String>().replace(printed, &gateway.address);
    let shell = tokio::process::Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output();
    let output = shell.await.expect("bash");
    let text = String::from_utf8(output.stdout).unwrap();
    let parts: Vec<_> = text.split(END).map(str::to_owned).collect();
    assert_eq!(parts.len(), commands.len() + 1, "{text}{}", String::from_utf8_lossy(&output.stderr));
    parts
}

/// Whether `actual` is what is printed, but for what the print leaves out.
fn is_as_printed(printed: &Value, actual: &Value) -> bool {
    match (printed, actual) {
        (Value::String(printed), Value::String(actual)) => match printed.split_once(LEFT_OUT) {
            Some((start, end)) => actual.starts_with(start) && actual.ends_with(end),
            None => printed == actual,
        },
        (Value::Object(printed), Value::Object(actual)) => {
            let whole = !printed.contains_key(LEFT_OUT);
            let told = || printed.iter().filter(|(key, _)| *key != LEFT_OUT);
            told().all(|(key, value)| actual.get(key).is_some_and(|actual| is_as_printed(value, actual)))
                && (!whole || told().count() == actual.len())
        }
        (Value::Array(printed), Value::Array(actual)) => {
            printed.len() == actual.len()
                && printed.iter().zip(actual).all(|(printed, actual)| is_as_printed(printed, actual))
        }
        (Value::Number(printed), Value::Number(actual)) => printed.as_f64() == actual.as_f64(),
        _ => printed == actual,
    }
}

pub(crate) fn compare(printed: &Block, actual: &str, gateway: &Gateway) {
    match &*printed.language {
        "json" => {
            let json =
                |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let (printed, actual) = (json(&printed.text), json(actual));
            assert!(is_as_printed(&printed, &actual), "printed: {printed}\nreplied: {actual}");
        }
        "http" => {
            for line in printed.text.lines().filter(|line| *line != LEFT_OUT) {
                let line = line.replace("http://127.0.0.1:8000", &gateway.address);
                assert!(actual.lines().any(|actual| actual.trim_end() == line), "{line}\nis not in\n{actual}");
            }
        }
        other => panic!("a reply in {other}"),
    }
}
