//! The gateway as users run it: a process of its own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// The built example. `cargo test` builds it; a run of a single test needs
/// `cargo build --example gateway` once before.
pub(crate) fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("gateway{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built: run `cargo build --example gateway`", path.display());
    path
}

/// The program without any setting of the environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MCP_") || name == "CONFIG_PATH" {
            command.env_remove(name);
        }
    }
    command.current_dir(std::env::temp_dir()).kill_on_drop(true);
    command
}

/// A gateway that listens on a free port.
pub(crate) struct Gateway {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) log: Lines<BufReader<ChildStderr>>,
}

impl Gateway {
    pub(crate) async fn start(args: &[&str]) -> Self {
        let mut child = command()
            .args(["http", "--port", "0"])
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let wait = async {
            let mut seen = String::new();
            while let Some(line) = log.next_line().await.unwrap() {
                if let Some((_, address)) = line.split_once("listening on ") {
                    return address.trim().to_owned();
                }
                seen.push_str(&line);
            }
            panic!("the gateway did not start: {seen}");
        };
        let address = tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the gateway did not listen");
        Self { child, address, log }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}
