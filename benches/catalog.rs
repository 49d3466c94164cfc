//! What the whole stack costs in process: lists filtered and merged, calls of the catalog next to calls
//! that are only passed on. See `benches/README.md`.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]
#![allow(clippy::unwrap_used, reason = "a bench that fails should say so at once")]

mod support;

use criterion::{BenchmarkId, Criterion, criterion_group};
use onec_mcp::catalog::{Limits, Tools};
use std::hint::black_box;
use std::io::sink;
use std::time::Duration;
use support::cases::{Era, exchange};
use support::timed::{over_http, runtime};
use support::trade::{Setup, TOKEN, arguments};

const ERAS: [(&str, Era); 2] = [("legacy", Era::Legacy), ("modern", Era::Modern)];

fn lists(criterion: &mut Criterion) {
    for (name, era) in ERAS {
        let mut group = criterion.benchmark_group(format!("1_list_{name}"));
        for setup in Setup::lists() {
            over_http(&mut group, setup.case.name, || setup.request(era), setup.stack());
        }
        group.finish();
    }
}

fn calls(criterion: &mut Criterion) {
    for (name, era) in ERAS {
        let mut group = criterion.benchmark_group(format!("2_call_{name}"));
        for setup in Setup::calls() {
            over_http(&mut group, setup.case.name, || setup.request(era), setup.stack());
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("3_call_rest");
    for setup in Setup::calls().into_iter().filter(|setup| setup.case.name.starts_with("sales_report")) {
        let request = || {
            let request = http::Request::post("/reports/sales").header("authorization", format!("Bearer {TOKEN}"));
            request.body(arguments().to_string().into()).unwrap()
        };
        over_http(&mut group, setup.case.name, request, setup.rest_face());
    }
    group.finish();
}

/// The line of the audit trail, where somebody reads it.
fn audit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("4_audit_line");
    let log = tracing_subscriber::fmt().json().with_writer(sink).finish();
    tracing::subscriber::with_default(log, || {
        for setup in Setup::calls().into_iter().filter(|setup| setup.case.name.starts_with("plain_text")) {
            over_http(&mut group, setup.case.name, || setup.request(Era::Legacy), setup.stack());
        }
    });
    group.finish();
}

/// Without the rest of the stack.
fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("5_parts");
    let tools = Tools::trade(Limits::default()).unwrap();
    let sales = tools.get("sales_report").unwrap();
    let written = arguments().to_string();
    group.bench_function("prepare_sales_report", |bencher| {
        bencher.iter(|| sales.prepare(Some(black_box(written.as_bytes()))).unwrap().body.len());
    });
    group.bench_function(BenchmarkId::new("read_catalog", "trade"), |bencher| {
        bencher.iter(|| Tools::trade(black_box(Limits::default())).unwrap().iter().count());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = lists, calls, audit, parts
}

/// `catalog loop SETUP CALLS` asks one thing so often and nothing else, for an instruction counter.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name, calls] = arguments.as_slice()
        && word == "loop"
    {
        return repeat(name, calls.parse().unwrap());
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

fn repeat(name: &str, calls: u32) {
    let setups = [Setup::lists(), Setup::calls()].concat();
    let setup = setups.iter().find(|setup| setup.case.name == name).unwrap();
    let runtime = runtime();
    let mut stack = setup.stack();
    let request = setup.request(Era::Legacy);
    for _ in 0..calls {
        black_box(runtime.block_on(exchange(&mut stack, request.clone())));
    }
}
