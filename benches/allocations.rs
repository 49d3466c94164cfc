//! How often a call allocates, and how much. Counted apart from `stack`, since counting costs time.

#![allow(clippy::unwrap_used, reason = "a bench that fails should say so at once")]

mod support;

use onec_mcp::auth::StaticToken;
use onec_mcp::{Identity, Scopes};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::future::Future;
use support::cases::{Case, Era, call, exchange};
use support::trade::{Setup, TOKEN};
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: usize = 100;

/// Allocations (and growths) and bytes per call.
fn count<R, F: Future>(runtime: &Runtime, requests: Vec<R>, mut once: impl FnMut(R) -> F) -> (f64, f64) {
    let calls = requests.len() as f64;
    let region = Region::new(ALLOCATOR);
    for request in requests {
        drop(runtime.block_on(once(request)));
    }
    let change = region.change();
    let number = change.allocations + change.reallocations;
    (number as f64 / calls, change.bytes_allocated as f64 / calls)
}

fn requests<R>(mut make: impl FnMut() -> R) -> Vec<R> {
    (0..CALLS).map(|_| make()).collect()
}

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    println!("allocations per call, without those of the client and the mock 1C");
    println!("{:<12} {:<22} {:>8} {:>12}", "case", "stack", "number", "bytes");
    for case in Case::all() {
        let (mock, call_of_1c) = case.mock_call();
        let calls = requests(|| http::Request::new(call_of_1c.body().clone()));
        let (free, free_bytes) = count(&runtime, calls, |request| {
            let mut mock = mock.clone();
            async move { call(&mut mock, request).await }
        });
        let print = |stack: &str, (number, bytes): (f64, f64)| {
            println!("{:<12} {stack:<22} {:>8.1} {:>12.0}", case.name, number - free, bytes - free_bytes);
        };
        let leaf = case.leaf();
        print(
            "leaf",
            count(&runtime, requests(|| case.rpc()), |request| {
                let mut leaf = leaf.clone();
                async move { call(&mut leaf, request).await }
            }),
        );
        for (name, era) in [("bridge + leaf, legacy", Era::Legacy), ("bridge + leaf, modern", Era::Modern)] {
            let stack = case.stack();
            // The first modern call asks for the list of tools.
            runtime.block_on(exchange(&mut stack.clone(), case.http(era)));
            print(
                name,
                count(&runtime, requests(|| case.http(era)), |request| {
                    let mut stack = stack.clone();
                    async move { exchange(&mut stack, request).await }
                }),
            );
        }
        let robot = Identity::new("onec:Администратор", Scopes::parse("mcp"));
        for (name, era) in [("bearer, scope, legacy", Era::Legacy), ("bearer, scope, modern", Era::Modern)] {
            let stack = case.protected(StaticToken::new(TOKEN, robot.clone()));
            runtime.block_on(exchange(&mut stack.clone(), case.with_token(era, TOKEN)));
            print(
                name,
                count(&runtime, requests(|| case.with_token(era, TOKEN)), |request| {
                    let mut stack = stack.clone();
                    async move { exchange(&mut stack, request).await }
                }),
            );
        }
        let stack = case.limited();
        print(
            "+ queue and deadline",
            count(&runtime, requests(|| case.http(Era::Legacy)), |request| {
                let mut stack = stack.clone();
                async move { exchange(&mut stack, request).await }
            }),
        );
    }
    println!("\nthe same through the whole stack of the gateway, those of the mock 1C included");
    println!("{:<32} {:<8} {:>8} {:>12}", "question", "era", "number", "bytes");
    for setup in [Setup::lists(), Setup::calls()].concat() {
        for (name, era) in [("legacy", Era::Legacy), ("modern", Era::Modern)] {
            let stack = setup.stack();
            runtime.block_on(exchange(&mut stack.clone(), setup.request(era)));
            let (number, bytes) = count(&runtime, requests(|| setup.request(era)), |request| {
                let mut stack = stack.clone();
                async move { exchange(&mut stack, request).await }
            });
            println!("{:<32} {name:<8} {number:>8.1} {bytes:>12.0}", setup.case.name);
        }
    }
}
