//! What it costs to tell who bears a token: in memory, against SQLite and against PostgreSQL (if
//! `ONEC_MCP_TEST_POSTGRES` holds a URL), with the validation cache and without; and to encrypt and
//! decrypt a login. See `benches/README.md`.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]
#![allow(clippy::unwrap_used, reason = "a bench that fails should say so at once")]

#[path = "../tests/support/stores.rs"]
mod stores;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onec_mcp::auth::server::Tokens;
use onec_mcp::auth::store::{MemoryStore, Token, TokenKind, TokenStore, seal};
use onec_mcp::auth::{Presented, Site, StaticToken, TokenValidator};
use onec_mcp::{Credentials, Identity, Scopes};
use std::hint::black_box;
use std::time::{Duration, Instant};
use stores::{Folder, Schema, grant, sqlite, token};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const TOKEN: &str = "onec_at_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
/// Validations at the same time, where the store is asked each time.
const AT_ONCE: u64 = 16;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn validate(validator: &impl TokenValidator, site: &Site) {
    let presented = Presented::new(black_box(TOKEN), "https://host.example", site);
    black_box(validator.validate(presented).await.unwrap());
}

/// A token that carries a login, as those of `credentials` logins do.
async fn fill(store: &impl TokenStore) {
    let sealed = Some(seal::seal(&Credentials::new("Иван", "пароль"), TOKEN).unwrap());
    let token = Token { sealed, ..token(TOKEN, "g", TokenKind::Access, i64::MAX) };
    store.put_grant(grant("g", "onec:Иван"), vec![token]).await.unwrap();
}

fn one(criterion: &mut Criterion, name: &str, validator: &impl TokenValidator) {
    let (runtime, site) = (runtime(), Site::new());
    let mut group = criterion.benchmark_group("one_at_a_time");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| bencher.to_async(&runtime).iter(|| validate(validator, &site)));
    group.finish();
}

/// Several callers, each validating one after the other.
fn many(criterion: &mut Criterion, name: &str, runtime: &Runtime, validator: &impl TokenValidator) {
    let mut group = criterion.benchmark_group("16_at_once");
    group.throughput(Throughput::Elements(AT_ONCE));
    group.bench_function(name, |bencher| {
        bencher.to_async(runtime).iter_custom(|rounds| async move {
            let since = Instant::now();
            let mut callers = JoinSet::new();
            for _ in 0..AT_ONCE {
                let (validator, site) = (validator.clone(), Site::new());
                callers.spawn(async move {
                    for _ in 0..rounds {
                        validate(&validator, &site).await;
                    }
                });
            }
            callers.join_all().await;
            since.elapsed()
        });
    });
    group.finish();
}

fn store<S: TokenStore>(criterion: &mut Criterion, name: &str, runtime: &Runtime, store: S) {
    runtime.block_on(fill(&store));
    let tokens = Tokens::new(store);
    many(criterion, &format!("{name}_cached"), runtime, &tokens);
    many(criterion, &format!("{name}_asked"), runtime, &tokens.without_cache());
}

fn memory(criterion: &mut Criterion) {
    let runtime = runtime();
    one(criterion, "static", &StaticToken::new(TOKEN, Identity::new("anna", Scopes::default())));
    let memory = MemoryStore::new();
    runtime.block_on(fill(&memory));
    one(criterion, "memory_cached", &Tokens::new(memory.clone()));
    one(criterion, "memory_asked", &Tokens::new(memory).without_cache());
    store(criterion, "memory", &runtime, MemoryStore::new());
}

fn databases(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = Folder::new();
    store(criterion, "sqlite", &runtime, runtime.block_on(sqlite(&folder)));
    if std::env::var_os("ONEC_MCP_TEST_POSTGRES").is_none() {
        eprintln!("PostgreSQL is left out: ONEC_MCP_TEST_POSTGRES names none");
        return;
    }
    let schema = runtime.block_on(Schema::new());
    store(criterion, "postgres", &runtime, runtime.block_on(schema.store()));
    runtime.block_on(schema.remove());
}

fn sealing(criterion: &mut Criterion) {
    let credentials = Credentials::new("Иван Петров", "пароль-средней-длины");
    let sealed = seal::seal(&credentials, TOKEN).unwrap();
    let mut group = criterion.benchmark_group("login");
    group.bench_function("seal", |bencher| bencher.iter(|| seal::seal(black_box(&credentials), TOKEN).unwrap()));
    group.bench_function("open", |bencher| bencher.iter(|| seal::open(black_box(&sealed), TOKEN).unwrap()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = memory, databases, sealing
}
criterion_main!(benches);
