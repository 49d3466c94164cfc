//! What the gateway bounds, as callers and strangers meet it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

#[path = "support/ask.rs"]
mod ask;
#[path = "support/gateway.rs"]
mod gateway;

use ask::{PASSWORD, USER, basic, get, whoami};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use gateway::Gateway;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

/// 1C, whose tools run until they are let go.
#[derive(Default)]
struct OneC {
    running: AtomicUsize,
    most: AtomicUsize,
    started: Notify,
}

struct Held {
    onec: OneC,
    ends: Semaphore,
}

async fn answer(State(held): State<Arc<Held>>, headers: HeaderMap, body: String) -> (StatusCode, &'static str) {
    if !headers.contains_key("authorization") {
        return (StatusCode::UNAUTHORIZED, "");
    }
    let running = held.onec.running.fetch_add(1, Ordering::SeqCst) + 1;
    held.onec.most.fetch_max(running, Ordering::SeqCst);
    let call = body.contains("tools/call");
    if call {
        held.onec.started.notify_one();
        held.ends.acquire().await.unwrap().forget();
    }
    held.onec.running.fetch_sub(1, Ordering::SeqCst);
    (StatusCode::OK, if call { r#"{"id":1,"result":{"content":[]}}"# } else { r#"{"status":"ok"}"# })
}

/// 1C counts sessions, whoever's they are.
#[tokio::test]
async fn the_service_account_and_own_logins_share_one_ceiling() {
    let held = Arc::new(Held { onec: OneC::default(), ends: Semaphore::new(0) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let onec = axum::Router::new().fallback(answer).with_state(Arc::clone(&held));
    tokio::spawn(axum::serve(listener, onec).into_future());
    let account = ["--onec-username", "service", "--onec-password", ""];
    let args = ["--auth-mode", "basic", "--onec-max-concurrency", "1", "--onec-url", &url];
    let gateway = Gateway::start(&[&args[..], &account].concat()).await;
    let address = gateway.address.clone();
    let call = tokio::spawn(async move { whoami(&address, &[("Authorization", &basic(USER, PASSWORD))]).await });
    timeout(Duration::from_secs(10), held.onec.started.notified()).await.unwrap();
    // The account's question waits until the user's call ends.
    let mut health = Box::pin(get(&gateway.address, "/health"));
    assert!(timeout(Duration::from_millis(300), &mut health).await.is_err(), "1C was asked beside the call");
    held.ends.add_permits(1);
    assert_eq!(call.await.unwrap().status, 200);
    assert_eq!(health.await.status, 200);
    assert_eq!(held.onec.most.load(Ordering::SeqCst), 1);
}
