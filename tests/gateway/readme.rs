//! The walk-through of the README, run as it is written: its commands give the replies printed there.
#![cfg(unix)]

use crate::support::document::{blocks, compare, document, run, section};
use crate::support::gateway::{Gateway, command};

/// The address that the document prints.
const ADDRESS: &str = "http://127.0.0.1:8000";

/// Runs the section; how many replies are printed there.
async fn walk(name: &str, heading: &str) -> usize {
    let text = document(name);
    let blocks = blocks(section(&text, heading));
    let start = blocks[0].text.split_once(" -- http ").expect("how the gateway is started").1;
    let gateway = Gateway::start(&start.split(' ').collect::<Vec<_>>()).await;
    let commands: Vec<_> = blocks.iter().skip(1).filter(|block| block.language == "bash").collect();
    let printed = run(&commands, ADDRESS, &gateway).await;
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
        let output = command().arg("check").args(args).args(["--port", "0"]).output().await.unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        // The demo takes any free port.
        let without_port = |line: &str| match line.split_once("http://127.0.0.1:") {
            Some((before, rest)) => format!("{before}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
            None => line.to_owned(),
        };
        let lines = |text: &str| text.lines().skip(1).map(without_port).collect::<Vec<_>>();
        assert_eq!(lines(&report), lines(&printed[1].text), "{name}");
        for key in
            onec_mcp::demo::DemoInfobase::start().await.unwrap().keys().iter().filter(|key| !key.scopes.is_empty())
        {
            let hint = if key.scopes == ["mcp"] { "; the client must ask for a scope of this key" } else { "" };
            let scopes = key.scopes.join(" ");
            let line = format!("demo login: key \"{}\" ({}: {scopes}{hint})", key.key, key.name);
            assert!(text.contains(&line), "{name}: {line}");
        }
    }
}

/// nginx waits a minute unless told otherwise, and a report of the REST endpoints sends nothing before its end.
#[tokio::test]
async fn the_proxy_waits_longer_than_a_report_takes() {
    let output = command().arg("--help").output().await.unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let report = help.split("--onec-report-timeout-ms").nth(1).unwrap().split("[default: ").nth(1).unwrap();
    let report: u64 = report.split(']').next().unwrap().parse().unwrap();
    for name in ["README.md", "README.ru.md"] {
        let blocks = blocks(&document(name));
        let nginx: Vec<_> = blocks.iter().filter(|block| block.language == "nginx").collect();
        assert!(nginx.iter().any(|block| block.text.contains("proxy_pass")), "{name}");
        for block in nginx.iter().filter(|block| block.text.contains("proxy_pass")) {
            let waits = block.text.split("proxy_read_timeout ").nth(1).unwrap_or_else(|| panic!("{name}"));
            let seconds: u64 = waits.split("s;").next().unwrap().parse().unwrap();
            assert!(seconds * 1000 > report, "{name}: {seconds} s, and a report may take {report} ms");
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
        let outputs = run(&[&blocks[1], &blocks[3]], ADDRESS, &gateway).await;
        compare(&blocks[2], &outputs[0], &gateway);
        assert!(outputs[1].contains("\"openapi\":\"3.1.0\""), "{}", outputs[1]);
    }
}

/// Every setting of `--help` has its row with its default, in both languages, and its key in the example of a file.
#[tokio::test]
async fn every_setting_is_told() {
    let output = command().arg("--help").output().await.unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let options: Vec<_> = help.split("\n      --").skip(1).map(|option| option.replace('\n', " ")).collect();
    assert!(options.len() > 45, "{options:?}");
    for (name, settings) in [("README.md", "## Settings"), ("README.ru.md", "## Настройки")] {
        let text = document(name);
        let section = section(&text, settings);
        let yaml = blocks(section).into_iter().find(|block| block.language == "yaml").unwrap().text;
        let mut defaults = 0;
        for option in &options {
            let option = option.split_whitespace().collect::<Vec<_>>().join(" ");
            let flag = option.split(' ').next().unwrap().trim_end_matches(',');
            let rows: Vec<_> = section.lines().filter(|line| line.contains(&format!(" | `--{flag}` | "))).collect();
            let [row] = rows.as_slice() else { panic!("{name}, --{flag}: {rows:?}") };
            let cells: Vec<_> = row.split(" | ").collect();
            let [variable, _, _, default] = cells.as_slice() else { panic!("{name}: {row}") };
            // `[MCP_A_B, section.key] [default: text]`
            let Some((_, names)) = option.split_once(" [MCP_").or_else(|| option.split_once(" [CONFIG_")) else {
                assert!(["env-file", "demo", "help", "version"].contains(&flag), "{option}");
                continue;
            };
            let (names, rest) = names.split_once(']').unwrap();
            let (given, key) = names.split_once(", ").unwrap_or((names, ""));
            assert!(variable.trim_matches(['|', ' ', '`']).ends_with(given), "{name}: {row}");
            let key = key.rsplit('.').next().unwrap();
            assert!(yaml.contains(key), "{name}: {key} is not in the example of a file");
            let Some(expected) = rest.trim().strip_prefix("[default: ").map(|rest| rest.trim_end_matches(']')) else {
                continue;
            };
            let expected = if expected.starts_with('[') { format!("{expected}]") } else { expected.to_owned() };
            assert!(default.contains(&format!("`{expected}`")), "{name}: `{expected}` is not in {row}");
            defaults += 1;
        }
        assert!(defaults > 25, "{defaults}");
    }
}
