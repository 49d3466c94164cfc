//! The processes of the bench, and what the kernel knows of them.

use crate::load::{Kind, Load};
use std::fs::read_to_string;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;

/// Turns that the gateway keeps for logins and health, at most.
const KEPT: usize = 4;

/// A process that listens; it ends with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn spawn(program: &Path, address: SocketAddr, fill: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(program);
        fill(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self { child: command.spawn().unwrap(), address }
    }

    async fn listening(self) -> Self {
        for _ in 0..1000 {
            if TcpStream::connect(self.address).await.is_ok() {
                return self;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{self:?} does not listen");
    }

    /// This program once more, in another role.
    fn role(role: &str, rest: &[String]) -> Self {
        let address = free_address();
        Self::spawn(&std::env::current_exe().unwrap(), address, |command| {
            command.arg(role).arg(address.port().to_string()).args(rest);
        })
    }

    pub(crate) async fn backend() -> Self {
        Self::role("backend", &[]).listening().await
    }

    pub(crate) async fn bare(backend: SocketAddr) -> Self {
        Self::role("bare", &[backend.to_string()]).listening().await
    }

    /// `concurrency` is how many calls of clients run in 1C at once; turns kept for logins come on top.
    pub(crate) fn spawn_gateway(program: &Path, backend: SocketAddr, concurrency: usize) -> Self {
        let address = free_address();
        let turns = (concurrency + KEPT).to_string();
        Self::spawn(program, address, |command| {
            command.env_clear().current_dir(std::env::temp_dir()).stderr(Stdio::null());
            command.arg("http").args(["--log-level", "INFO"]).args(["--port", &address.port().to_string()]);
            command.args(["--onec-url", &format!("http://{backend}/base"), "--onec-username", "bench"]);
            command.env("MCP_ONEC_PASSWORD", "bench").args([
                "--onec-max-concurrency",
                &turns,
                "--max-connections",
                "20000",
            ]);
        })
    }

    pub(crate) async fn gateway(program: &Path, backend: SocketAddr, concurrency: usize) -> Self {
        let process = Self::spawn_gateway(program, backend, concurrency).listening().await;
        // One call, so that what is measured afterwards is not the start.
        Load { kind: Kind::Call, connections: 1, calls: 1 }.run(process.address).await;
        process
    }

    fn proc(&self, file: &str) -> String {
        read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the bench reads /proc, so it needs Linux")
    }

    /// CPU time that the process took so far, user and system.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // The fields after the name, which is in parentheses: utime and stime are the 12th and 13th.
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        // Linux tells user space hundredths of seconds, whatever its own clock.
        Duration::from_millis(ticks * 10)
    }

    fn status(&self, name: &str) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// MiB in memory now.
    pub(crate) fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most MiB that were in memory.
    pub(crate) fn peak_memory(&self) -> f64 {
        self.status("VmHWM:")
    }
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// How many files this process (and so each of its children) may open.
pub(crate) fn open_files() -> usize {
    let limits = read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(0)
}

/// The gateway: the one `ONEC_MCP_GATEWAY` names, else the example, built now.
pub(crate) fn gateway() -> PathBuf {
    if let Some(path) = std::env::var_os("ONEC_MCP_GATEWAY") {
        return path.into();
    }
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--example", "gateway"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.is_ok_and(|status| status.success()), "the gateway cannot be built; name one in ONEC_MCP_GATEWAY");
    // target/release/deps/proxy-0123 is this program.
    let release = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    release.join("examples").join("gateway")
}
