//! The walk-through of the README, run as it is written: its commands give the replies printed there.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

#[path = "support/gateway.rs"]
mod gateway;

use gateway::{Gateway, command};
use serde_json::Value;
use std::process::Stdio;

/// What a document leaves out.
const LEFT_OUT: &str = "…";

/// A fenced block: its language and its text.
struct Block {
    language: String,
    text: String,
}

fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The text under a heading, up to the next one of its rank.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let rank = heading.split(' ').next().unwrap();
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    rest.split_once(&format!("\n{rank} ")).map_or(rest, |(section, _)| section)
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { language: language.to_owned(), text: text.join("\n") });
    }
    blocks
}

/// Runs the commands in one shell, with the address of `gateway` in place of the printed one; what each
/// block printed.
async fn run(commands: &[&Block], gateway: &Gateway) -> Vec<String> {
    const END: &str = "\n-- end of a block --\n";
    let script = commands.iter().map(|block| format!("{}\nprintf '{}'\n", block.text, END.replace('\n', "\\n")));
    let script = script.collect::<String>().replace("http://127.0.0.1:8000", &gateway.address);
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

fn compare(printed: &Block, actual: &str, gateway: &Gateway) {
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

/// Runs the section; how many replies are printed there.
async fn walk(name: &str, heading: &str) -> usize {
    let text = document(name);
    let blocks = blocks(section(&text, heading));
    let start = blocks[0].text.split_once(" -- http ").expect("how the gateway is started").1;
    let gateway = Gateway::start(&start.split(' ').collect::<Vec<_>>()).await;
    let commands: Vec<_> = blocks.iter().skip(1).filter(|block| block.language == "bash").collect();
    let printed = run(&commands, &gateway).await;
    let mut outputs = printed.iter();
    let (mut last, mut replies) = (None, 0);
    for block in blocks.iter().skip(1) {
        match &*block.language {
            "bash" => last = outputs.next(),
            "json" | "http" => {
                compare(block, last.take().expect("a command before the reply"), &gateway);
                replies += 1;
            }
            // What the log says, which is another test's.
            _ => {}
        }
    }
    replies
}

#[tokio::test]
async fn in_english() {
    assert_eq!(walk("README.md", "## Walk-through").await, 4);
}

#[tokio::test]
async fn in_russian() {
    assert_eq!(walk("README.ru.md", "## Пример от начала до конца").await, 4);
}

/// The keys that the log shows, and what a run of the doctor says.
#[tokio::test]
async fn what_the_gateway_prints() {
    for (name, check) in [("README.md", "## Check"), ("README.ru.md", "## Проверка")] {
        let text = document(name);
        let printed = blocks(section(&text, check));
        let args = printed[0].text.split_once(" check ").unwrap().1.split(' ');
        let output = command().arg("check").args(args).output().await.unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&report), lines(&printed[1].text), "{name}");
        for key in onec_mcp::demo::Infobase::start().await.unwrap().keys().iter().filter(|key| !key.scopes.is_empty()) {
            let line = format!("demo login: key \"{}\" ({}: {})", key.key, key.name, key.scopes.join(" "));
            assert!(text.contains(&line), "{name}: {line}");
        }
    }
}

/// REST: a program without MCP.
#[tokio::test]
async fn rest() {
    for name in ["README.md", "README.ru.md"] {
        let text = document(name);
        let blocks = blocks(section(&text, "### REST"));
        let (token, args) = blocks[0].text.strip_prefix("MCP_API_BEARER_TOKEN=").unwrap().split_once(' ').unwrap();
        let args = args.split_once(" http ").unwrap().1.split(' ').chain(["--api-bearer-token", token]);
        let gateway = Gateway::start(&args.collect::<Vec<_>>()).await;
        let outputs = run(&[&blocks[1], &blocks[3]], &gateway).await;
        compare(&blocks[2], &outputs[0], &gateway);
        assert!(outputs[1].contains("\"openapi\":\"3.1.0\""), "{}", outputs[1]);
    }
}

/// Every setting of `--help` has its row, in both languages.
#[tokio::test]
async fn every_setting_is_told() {
    let output = command().arg("--help").output().await.unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let flags: Vec<_> = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2).collect();
    assert!(flags.len() > 40, "{flags:?}");
    for (name, settings) in [("README.md", "## Settings"), ("README.ru.md", "## Настройки")] {
        let text = document(name);
        let section = section(&text, settings);
        for flag in flags.iter().map(|flag| flag.trim_end_matches([',', '.', ':', ')', ']'])) {
            let known = ["--help", "--version"].contains(&flag) || section.contains(&format!("`{flag}`"));
            assert!(known, "{name} does not tell of {flag}");
        }
    }
}
