//! What the stack costs in process, without sockets: the leaf alone, then the bridge over it, then
//! all that the gateway has, so that the price of each layer can be read off; and how it grows with
//! the answer. See `benches/README.md`.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a bench that fails should say so at once")]

mod support;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use onec_mcp::auth::StaticToken;
use onec_mcp::rpc::Payload;
use onec_mcp::{Identity, Scopes};
use std::hint::black_box;
use std::io::sink;
use std::time::Duration;
use support::cases::{Case, Era, call, exchange};
use support::timed::{self, Request, runtime};
use support::trade::TOKEN;
use tower::Service;

/// Measures one service over HTTP.
fn over_http<S>(criterion: &mut Criterion, group: &str, case: &Case, request: impl Fn() -> Request, service: S)
where
    S: Service<Request, Response = http::Response<onec_mcp::net::Body>>,
    S::Error: std::fmt::Debug,
{
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Bytes(case.size() as u64));
    timed::over_http(&mut group, case.name, request, service);
    group.finish();
}

fn leaf(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("0_mock");
    for case in Case::all().iter().take(1) {
        let (mut mock, request) = case.mock_call();
        group.bench_function(case.name, |bencher| {
            bencher.iter_batched(
                || http::Request::new(request.body().clone()),
                |request| runtime.block_on(call(&mut mock, request)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("1_leaf");
    for case in Case::all() {
        let mut leaf = case.leaf();
        let request = case.rpc();
        group.throughput(Throughput::Bytes(case.size() as u64));
        group.bench_function(case.name, |bencher| {
            bencher.iter_batched(
                || request.clone(),
                |request| runtime.block_on(call(&mut leaf, request)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn bridge(criterion: &mut Criterion) {
    for case in Case::all() {
        over_http(criterion, "2_bridge_legacy", &case, || case.http(Era::Legacy), case.stack());
    }
    for case in Case::all() {
        over_http(criterion, "3_bridge_modern", &case, || case.http(Era::Modern), case.stack());
    }
}

/// All that a request of a logged-in user goes through.
fn protected(criterion: &mut Criterion) {
    for (name, era) in [("7_protected_legacy", Era::Legacy), ("8_protected_modern", Era::Modern)] {
        for case in Case::all().iter().take(1) {
            let robot = Identity::new("onec:Администратор", Scopes::parse("mcp"));
            let service = case.protected(StaticToken::new(TOKEN, robot));
            over_http(criterion, name, case, || case.with_token(era, TOKEN), service);
        }
    }
}

/// What stands around bridge and leaf in the gateway.
fn gateway(criterion: &mut Criterion) {
    for case in Case::all().iter().take(1) {
        over_http(criterion, "4_queue_and_deadline", case, || case.http(Era::Legacy), case.limited());
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(sink).finish();
        tracing::subscriber::with_default(log, || {
            over_http(criterion, "5_log_line", case, || case.http(Era::Legacy), case.limited());
        });
    }
}

/// What nothing that looks at every byte can undercut.
fn floor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("6_floor");
    for case in Case::all().iter().skip(1) {
        // Without the byte order mark.
        let whole = case.answer.under(b"7").slice(3..);
        group.throughput(Throughput::Bytes(whole.len() as u64));
        group.bench_function(format!("utf8_{}", case.name), |bencher| {
            bencher.iter(|| std::str::from_utf8(black_box(&whole)).unwrap().len());
        });
        group.bench_function(format!("scan_{}", case.name), |bencher| {
            bencher.iter(|| Payload::parse(black_box(whole.clone())).unwrap().json().len());
        });
        group.bench_function(format!("copy_{}", case.name), |bencher| {
            bencher.iter(|| black_box(black_box(&whole).to_vec()).len());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = leaf, bridge, protected, gateway, floor
}

/// `stack loop ROW CALLS` runs the 1 KiB call of one row so often and nothing else, for an instruction counter.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, row, calls] = arguments.as_slice()
        && word == "loop"
    {
        return repeat(row, calls.parse().unwrap());
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

fn repeat(row: &str, calls: u32) {
    let cases = Case::all();
    let case = cases.first().unwrap();
    let robot = || StaticToken::new(TOKEN, Identity::new("onec:Администратор", Scopes::parse("mcp")));
    match row {
        "1_leaf" => {
            let (mut leaf, request, runtime) = (case.leaf(), case.rpc(), runtime());
            for _ in 0..calls {
                let _ = black_box(runtime.block_on(call(&mut leaf, request.clone())));
            }
        }
        "2_bridge_legacy" => exchanges(case.stack(), &case.http(Era::Legacy), calls),
        "3_bridge_modern" => exchanges(case.stack(), &case.http(Era::Modern), calls),
        "4_queue_and_deadline" => exchanges(case.limited(), &case.http(Era::Legacy), calls),
        "7_protected_legacy" => exchanges(case.protected(robot()), &case.with_token(Era::Legacy, TOKEN), calls),
        "8_protected_modern" => exchanges(case.protected(robot()), &case.with_token(Era::Modern, TOKEN), calls),
        _ => panic!("no row {row}"),
    }
}

fn exchanges<S>(mut service: S, request: &Request, calls: u32)
where
    S: Service<Request, Response = http::Response<onec_mcp::net::Body>>,
    S::Error: std::fmt::Debug,
{
    let runtime = runtime();
    for _ in 0..calls {
        black_box(runtime.block_on(exchange(&mut service, request.clone())));
    }
}
