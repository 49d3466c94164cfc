//! What the gateway costs over loopback HTTP, next to a reverse proxy that only passes bytes on.
//!
//! Four processes: a backend that stands for 1C, the proxy that is measured (the gateway, or a bare
//! one of hyper with a pool and no JSON), and this one with the clients. What counts is the CPU time
//! of the proxy's process per call, which hardly depends on how busy the machine is. See
//! `benches/README.md`.
//!
//! Its parts can be run by hand, to put a profiler on one of them: `proxy backend PORT`,
//! `proxy bare PORT BACKEND`, `proxy load ADDRESS call|modern|list|big CALLS`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that fails should say so at once"
)]

mod support;

#[path = "support/backend.rs"]
mod backend;
#[path = "support/bare.rs"]
mod bare;
#[path = "support/load.rs"]
mod load;
#[path = "support/process.rs"]
mod process;

use load::{Kind, Load};
use process::{Process, gateway};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const ROUNDS: usize = 3;
const CONNECTIONS: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["backend", port] => return runtime(1).block_on(backend::serve(port.parse().unwrap())),
        ["bare", port, to] => return runtime(0).block_on(bare::serve(port.parse().unwrap(), to.parse().unwrap())),
        ["load", address, kind, calls] => {
            let load = Load { kind: Kind::named(kind), connections: CONNECTIONS, calls: calls.parse().unwrap() };
            return runtime(1).block_on(load.run(address.parse().unwrap()));
        }
        _ => {}
    }
    let other = words.iter().any(|word| !word.starts_with("--") && !"proxy".contains(word));
    if other || words.contains(&"--list") {
        return;
    }
    // As criterion does: `cargo bench` says --bench, `cargo test` does not.
    let measure = words.contains(&"--bench") && !words.contains(&"--test");
    runtime(1).block_on(async { if measure { run().await } else { smoke().await } });
}

/// One thread, or as many as the machine likes.
fn runtime(threads: usize) -> tokio::runtime::Runtime {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build().unwrap()
}

/// One call of each kind through the bare proxy: whether the bench itself works.
async fn smoke() {
    let backend = Process::backend().await;
    let bare = Process::bare(backend.address).await;
    for kind in [Kind::Call, Kind::ModernCall, Kind::List, Kind::Big] {
        Load { kind, connections: 1, calls: 1 }.run(bare.address).await;
    }
}

async fn run() {
    let gateway = gateway();
    let started = Instant::now();
    let backend = Process::backend().await;
    cpu(&gateway, &backend).await;
    memory(&gateway, &backend).await;
    cold_start(&gateway, &backend).await;
    println!("\ntook {:.0} s", started.elapsed().as_secs_f64());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn cpu(gateway: &std::path::Path, backend: &Process) {
    let bare = Process::bare(backend.address).await;
    let ours = Process::gateway(gateway, backend.address, CONNECTIONS).await;
    println!("CPU time of the proxy per call, median of {ROUNDS} rounds, {CONNECTIONS} connections kept alive");
    println!("{:<30} {:>10} {:>12} {:>8} {:>16} {:>8}", "", "bare, us", "gateway, us", "ratio", "(from, to)", "calls");
    let rows = [
        ("tools/call, ~500 B", Kind::Call, 30_000),
        ("tools/call, 2026-07-28", Kind::ModernCall, 30_000),
        ("tools/list, 16 KB", Kind::List, 20_000),
        ("tools/call, 1 MB result", Kind::Big, 1_500),
    ];
    for (name, kind, calls) in rows {
        let load = Load { kind, connections: CONNECTIONS, calls };
        let mut figures = Vec::new();
        for round in 0..=ROUNDS {
            let theirs = measured(load, &bare).await;
            let own = measured(load, &ours).await;
            // The first round warms up.
            if round > 0 {
                figures.push((theirs, own));
            }
        }
        let ratios: Vec<f64> = figures.iter().map(|(theirs, own)| own / theirs).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        println!(
            "{name:<30} {:>10.1} {:>12.1} {:>8.2} {:>16} {calls:>8}",
            median(figures.iter().map(|pair| pair.0).collect()),
            median(figures.iter().map(|pair| pair.1).collect()),
            median(ratios),
            format!("({least:.2}, {most:.2})"),
        );
    }
}

/// Microseconds of CPU time per call.
async fn measured(load: Load, proxy: &Process) -> f64 {
    let before = proxy.cpu();
    load.run(proxy.address).await;
    (proxy.cpu() - before).as_secs_f64() * 1e6 / load.calls as f64
}

async fn memory(gateway: &std::path::Path, backend: &Process) {
    println!("\nresident memory of the proxy, MiB");
    println!("{:<44} {:>8} {:>8}", "", "bare", "gateway");
    let print = |name: &str, bare: Option<f64>, own: f64| {
        let bare = bare.map_or("-".to_owned(), |bare| format!("{bare:.1}"));
        println!("{name:<44} {bare:>8} {own:>8.1}");
    };
    {
        let bare = Process::bare(backend.address).await;
        let own = Process::gateway(gateway, backend.address, 16).await;
        sleep(Duration::from_millis(300)).await;
        print("idle", Some(bare.memory()), own.memory());
        let load = Load { kind: Kind::Call, connections: 64, calls: 10_000 };
        load.run(bare.address).await;
        load.run(own.address).await;
        print("64 busy connections (peak)", Some(bare.peak_memory()), own.peak_memory());
    }
    let bare = Process::bare(backend.address).await;
    let theirs = waiting(&bare, backend, 500, 500).await;
    drop(bare);
    let own = Process::gateway(gateway, backend.address, 500).await;
    let (early, late) = waiting(&own, backend, 500, 500).await;
    print("500 calls wait for 1C", Some(theirs.0), early);
    print("the same after 6 s, as event streams", Some(theirs.1), late);
    drop(own);
    if process::open_files() < 13_000 {
        println!("10 000 calls: skipped, needs `ulimit -n 13000`");
        return;
    }
    let own = Process::gateway(gateway, backend.address, 2_000).await;
    let (early, late) = waiting(&own, backend, 10_000, 2_000).await;
    print("10 000 calls wait, 2 000 of them at 1C", None, early);
    print("the same after 6 s, as event streams", None, late);
}

/// Memory while so many calls wait, `at_onec` of them for the backend: when all are there, and
/// after the gateway lost its patience and began event streams.
async fn waiting(proxy: &Process, backend: &Process, calls: usize, at_onec: usize) -> (f64, f64) {
    let before = backend::waiting(backend.address).await;
    let open = load::wait_on(proxy.address, calls).await;
    let limit = Instant::now() + Duration::from_secs(20);
    while backend::waiting(backend.address).await < before + at_onec && Instant::now() < limit {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(200)).await;
    let early = proxy.memory();
    sleep(Duration::from_secs(6)).await;
    let late = proxy.memory();
    let there = backend::waiting(backend.address).await.saturating_sub(before);
    assert!(there >= at_onec, "only {there} of {at_onec} calls reached the backend");
    drop(open);
    (early, late)
}

/// From the start of the process to the first answer of `/livez`.
async fn cold_start(gateway: &std::path::Path, backend: &Process) {
    let mut times = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        let own = Process::spawn_gateway(gateway, backend.address, 16);
        while !is_alive(own.address) {
            assert!(started.elapsed() < Duration::from_secs(10), "the gateway does not start");
            std::thread::sleep(Duration::from_micros(200));
        }
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    println!("\ncold start to /livez: {:.1} ms (median of {}; least {least:.1})", median(times.clone()), times.len());
}

fn is_alive(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let asked = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    asked.and_then(|()| stream.read_to_end(&mut answer)).is_ok() && answer.starts_with(b"HTTP/1.1 200")
}
