//! The gateway as users run it: a process of its own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// The program, brought up to date once by each program of tests: of an example with tests in it, `cargo test` builds
/// these alone.
pub(crate) fn program() -> PathBuf {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut cargo = std::process::Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        // The features are those of the tests, which a package that was unpacked does not have by itself.
        cargo.args(["build", "--quiet", "--example", "gateway", "--features", "full"]);
        cargo.args(["--message-format", "json-render-diagnostics"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        // What cargo tells a test of its package, build scripts would take for a change.
        for (name, _) in std::env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|begin| name.to_string_lossy().starts_with(begin)) {
                cargo.env_remove(name);
            }
        }
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output().expect("cargo");
        assert!(built.status.success(), "the gateway cannot be built");
        let mut artifacts = built.stdout.split(|byte| *byte == b'\n').filter_map(|line| {
            let artifact: serde_json::Value = serde_json::from_slice(line).ok()?;
            (artifact["target"]["name"] == "gateway").then(|| artifact["executable"].as_str().map(PathBuf::from))?
        });
        artifacts.next().expect("cargo says where the gateway is")
    });
    BUILT.clone()
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
