//! One call serves all who wait for the same, however they come, leave and fail.

use crate::support::cached::{MINUTE, OneC, ask, call, customer, login, of_call, of_request, text, tools, with_header};
use crate::support::fault::over_http;
use crate::support::poll::{self, Polled, pending, ready};
use bytes::Bytes;
use http::StatusCode;
use onec_mcp::Scopes;
use onec_mcp::cache::{Cache, CacheLayer, ResponseFuture, RestCache};
use onec_mcp::onec::{ErrorKind, Infobase, OneCRest, OneCService, RestCall};
use onec_mcp::rpc::{BoxError, Payload, Request, Response, RpcError};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{Unconstrained, unconstrained};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn lists() -> CacheLayer {
    CacheLayer::new().lists(MINUTE)
}

/// Polled by hand, without the budget that tokio gives a task: many are polled in one here.
fn lone<F: Future>(future: F) -> Polled<Unconstrained<F>> {
    poll::by_hand(unconstrained(future))
}

/// Errors of all kinds that the table knows, and one that it does not.
fn errors() -> Vec<fn() -> BoxError> {
    vec![
        || RpcError::from(ErrorKind::Slow(s(30))).into(),
        || RpcError::from(ErrorKind::Queued(s(30))).into(),
        || RpcError::from(ErrorKind::LoginRefused).into(),
        || RpcError::from(ErrorKind::Status(StatusCode::BAD_REQUEST, "Период не задан".into())).into(),
        || RpcError::overloaded().into(),
        || RpcError::insufficient_scope(Scopes::parse("mcp:resolve")).into(),
        || tower::load_shed::error::Overloaded::new().into(),
        || tower::timeout::error::Elapsed::new().into(),
        || std::io::Error::other("of another kind").into(),
    ]
}

#[tokio::test]
async fn all_who_wait_get_the_error_as_it_is_and_it_is_not_remembered() {
    for make in errors() {
        let onec = OneC::saying(move |_| Err(make())).held();
        let service = onec.cached(lists());
        let mut calls = [(); 3].map(|()| lone(service.clone().oneshot(customer())));
        calls.iter_mut().for_each(|call| pending(call.poll()));
        onec.release(1);
        let expected = RpcError::from_error(&make());
        for call in &mut calls {
            let error = ready(call.poll()).unwrap_err();
            assert_eq!(error.to_string(), make().to_string());
            let told = RpcError::from_error(&error);
            assert_eq!((told.error, told.status), (expected.error.clone(), expected.status));
            assert_eq!((told.retry_after, told.scopes), (expected.retry_after, expected.scopes.clone()));
        }
        assert_eq!(onec.calls(), 1);
        onec.release(1);
        assert!(service.oneshot(customer()).await.is_err());
        assert_eq!(onec.calls(), 2);
    }
}

#[tokio::test]
async fn lookups_at_the_same_time_are_one_call() {
    let onec = OneC::new().held();
    let service = onec.cached(lists());
    let mut calls: Vec<_> = (0..50).map(|_| lone(service.clone().oneshot(customer()))).collect();
    let mut pages: Vec<_> = (0..50).map(|_| lone(service.clone().oneshot(tools()))).collect();
    let mut other = lone(service.clone().oneshot(with_header(customer(), "x-mcp-scopes", "mcp")));
    calls.iter_mut().for_each(|call| pending(call.poll()));
    pages.iter_mut().for_each(|call| pending(call.poll()));
    pending(other.poll());
    assert_eq!(onec.calls(), 3, "others do not wait");
    onec.release(3);
    for call in &mut calls {
        assert_eq!(text(&ready(call.poll()).unwrap()), of_call(&customer()));
    }
    for page in &mut pages {
        assert_eq!(text(&ready(page.poll()).unwrap()), of_request(&tools()));
    }
    assert!(ready(other.poll()).is_ok());
    assert_eq!(onec.calls(), 3);
}

#[tokio::test]
async fn if_the_one_who_calls_leaves_the_next_calls() {
    let onec = OneC::new().held();
    let service = onec.cached(lists());
    // More than any fixed number of tries.
    let mut calls: Vec<_> = (0..500).map(|_| lone(service.clone().oneshot(customer()))).collect();
    calls.iter_mut().for_each(|call| pending(call.poll()));
    for leaving in 0..499 {
        assert_eq!(onec.calls(), leaving + 1);
        drop(calls.remove(0));
        assert!(calls[0].is_woken());
        if let Some(other) = calls.get_mut(1) {
            assert!(!other.is_woken());
            pending(other.poll());
        }
        pending(calls[0].poll());
    }
    onec.release(1);
    assert_eq!(text(&ready(calls[0].poll()).unwrap()), of_call(&customer()));
    assert_eq!(onec.calls(), 500);
    // It is remembered as any other.
    ask(&service, customer()).await;
    assert_eq!(onec.calls(), 500);
    // One in the middle of the line may leave, too.
    let [first, second, mut third] = [(); 3].map(|()| {
        let mut call = lone(service.clone().oneshot(call("b", "{}")));
        pending(call.poll());
        call
    });
    drop(second);
    drop(first);
    assert!(third.is_woken());
    onec.release(1);
    assert!(ready(third.poll()).is_ok());
    assert_eq!(onec.calls(), 502);
}

#[tokio::test]
async fn an_answer_that_came_since_the_look_is_taken() {
    let onec = OneC::new();
    let mut service = onec.cached(lists());
    let late = service.call(customer());
    ask(&service, customer()).await;
    assert_eq!(text(&late.await.unwrap()), of_call(&customer()));
    assert_eq!(onec.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_agree() {
    let onec = OneC::new();
    let service = onec.cached(lists());
    let mut all = tokio::task::JoinSet::new();
    for at in 0..2000 {
        let service = service.clone();
        all.spawn(async move {
            let call = call(&(at % 20).to_string(), "{}");
            assert_eq!(ask(&service, call.clone()).await, of_call(&call));
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    assert_eq!(onec.calls(), 20);
    // Some leave at any moment; no call stays behind.
    let onec = OneC::new().taking(Duration::from_millis(2));
    let service = onec.cached(lists());
    for at in 0..2000_u64 {
        let service = service.clone();
        all.spawn(async move {
            let call = call(&(at % 200).to_string(), "{}");
            let _ = tokio::time::timeout(Duration::from_micros(at % 9 * 500), ask(&service, call)).await;
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    assert!(format!("{service:?}").contains("calls: 0"), "{service:?}");
}

#[tokio::test]
async fn everyone_may_leave() {
    let onec = OneC::new().held();
    let service = onec.cached(lists());
    for calls in 1..4 {
        let mut both = [(); 2].map(|()| lone(service.clone().oneshot(customer())));
        both.iter_mut().for_each(|call| pending(call.poll()));
        assert_eq!(onec.calls(), calls);
        assert!(format!("{service:?}").contains("calls: 1"));
        drop(both);
        assert!(format!("{service:?}").contains("calls: 0"));
    }
    onec.release(1);
    assert_eq!(ask(&service, customer()).await, of_call(&customer()));
}

#[tokio::test]
async fn a_login_that_1c_refuses_is_told_to_each_who_waited() {
    let gate = Arc::new(Semaphore::new(0));
    let turn = Arc::clone(&gate);
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let client = service_fn(move |_: http::Request<Bytes>| {
        let turn = Arc::clone(&turn);
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            turn.acquire().await.unwrap().forget();
            let answer = http::Response::builder().status(401).body(Bytes::new());
            Ok::<_, BoxError>(answer.unwrap())
        }
    });
    let onec = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
    let service = lists().layer(()).rest(onec.rest());
    let rpc = service_fn(move |request: Request| {
        let mut call = customer();
        call.extensions = request.extensions;
        service.clone().oneshot(call)
    });
    let told = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
    // Three tokens of one login.
    let identities = told.clone().map(|count| {
        login("a", "b").on_login_refused(move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(())
        })
    });
    let mut calls_by_hand = identities.each_ref().map(|identity| lone(over_http(rpc.clone(), identity)));
    calls_by_hand.iter_mut().for_each(|call| pending(call.poll()));
    gate.add_permits(1);
    for call in &mut calls_by_hand {
        assert_eq!(ready(call.poll()), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(told.map(|count| count.load(Ordering::SeqCst)), [1, 1, 1]);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let (inner, mut handle) = mock::pair::<RestCall, Response>();
    handle.allow(0);
    let mut service = lists().layer(()).rest(inner);
    {
        let mut waiting = lone(std::future::poll_fn(|cx| Service::<RestCall>::poll_ready(&mut service, cx)));
        assert!(waiting.poll().is_pending());
        handle.allow(1);
        assert!(waiting.is_woken());
        assert!(matches!(waiting.poll(), std::task::Poll::Ready(Ok(()))));
    }
    // The service that was polled is the one that calls: the mock panics otherwise.
    for cache in [Some(MINUTE), None] {
        handle.allow(1);
        ServiceExt::<RestCall>::ready(&mut service).await.unwrap();
        let serve = async {
            let (asked, answer) = handle.next_request().await.unwrap();
            assert_eq!(asked.cache, cache);
            answer.send_response(Response::result(Payload::empty()));
        };
        let (answer, ()) = tokio::join!(service.call(customer().cache(cache)), serve);
        assert!(answer.is_ok());
    }
    // A hit calls nobody, and the turn it was given serves the next.
    handle.allow(1);
    ServiceExt::<RestCall>::ready(&mut service).await.unwrap();
    assert!(service.call(customer()).await.is_ok());
    handle.allow(0);
    let mut next = lone(service.call(call("other", "{}")));
    pending(next.poll());
    let (asked, _answer) = handle.next_request().await.unwrap();
    assert_eq!(&*asked.path, "other");
}

#[tokio::test]
async fn a_service_that_fails_to_get_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    let mut service = lists().layer(inner);
    handle.send_error(RpcError::overloaded());
    let error = ServiceExt::<Request>::ready(&mut service).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, StatusCode::SERVICE_UNAVAILABLE);
}

const fn shared<T: Clone + Send + Sync + 'static>() {}

const _: () = {
    shared::<CacheLayer>();
    shared::<Cache<OneCService>>();
    shared::<RestCache<OneCRest>>();
};

#[test]
fn futures_are_sent() {
    fn is_send<F: Future + Send>(_: &F) {}
    let service = OneCService::new(Infobase::new("http://h/b").unwrap()).unwrap();
    let mut cache = lists().layer(()).rest(service.rest());
    let future: ResponseFuture<_> = cache.call(customer());
    is_send(&future);
    assert!(format!("{future:?}").starts_with("ResponseFuture"));
}
