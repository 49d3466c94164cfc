//! Layers from async functions, and boxed services.

use onec_mcp::rpc::{
    BoxError, BoxService, ErrorObject, Method, Next, Params, Payload, Request, Response, RpcError, Version, from_fn,
};
use std::future::{pending, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

fn request(method: Method) -> Request {
    Request::new(method, Params::default(), Version::V2025_11_25)
}

async fn passes(request: Request, next: Next) -> Result<Response, BoxError> {
    next.run(request).await
}

#[tokio::test]
async fn it_may_change_the_request_and_the_answer() {
    let layer = from_fn(|mut request: Request, next: Next| async move {
        request.method = Method::Ping;
        let answer = next.run(request).await?;
        assert!(answer.outcome.is_err());
        Ok(Response::result(Payload::empty()))
    });
    let inner = service_fn(|request: Request| {
        assert_eq!(request.method, Method::Ping);
        ready(Ok::<_, BoxError>(Response::error(ErrorObject::internal("no"))))
    });
    let answer = layer.layer(inner).oneshot(request(Method::ToolsList)).await.unwrap();
    assert_eq!(answer.outcome.unwrap().json(), "{}");
}

#[tokio::test]
async fn it_may_answer_itself_or_fail() {
    let inner = service_fn(|_: Request| -> std::future::Ready<Result<Response, BoxError>> { panic!("called") });
    let answers = from_fn(|_, _| ready(Ok(Response::result(Payload::empty()))));
    assert!(answers.layer(inner).oneshot(request(Method::Ping)).await.unwrap().outcome.is_ok());
    let fails = from_fn(|_, _| async { Err(RpcError::overloaded().into()) });
    let error = fails.layer(inner).oneshot(request(Method::Ping)).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, 503);
}

/// Each of its calls is of a service that was polled to readiness; tower's mock panics otherwise.
#[tokio::test]
async fn it_may_call_several_times() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    let twice = from_fn(|request: Request, next: Next| async move {
        match next.clone().run(request.clone()).await {
            Ok(answer) => Ok(answer),
            Err(_) => next.run(request).await,
        }
    });
    let serve = async {
        let (_, first) = handle.next_request().await.unwrap();
        first.send_error(RpcError::overloaded());
        let (_, second) = handle.next_request().await.unwrap();
        second.send_response(Response::result(Payload::empty()));
    };
    let (answer, ()) = tokio::join!(twice.layer(inner).oneshot(request(Method::ToolsList)), serve);
    assert!(answer.unwrap().outcome.is_ok());
}

/// It is ready when the service beneath is, whose place it then uses: with a clone, two places would be taken.
#[tokio::test]
async fn readiness_is_that_of_the_service_beneath() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut service = from_fn(passes).layer(inner);
    let waits = poll_fn(|cx| Poll::Ready(service.poll_ready(cx).is_pending())).await;
    assert!(waits);
    handle.allow(1);
    assert!(service.ready().await.is_ok());
    let answer = service.call(request(Method::Ping));
    let serve = async { handle.next_request().await.unwrap().1.send_response(Response::result(Payload::empty())) };
    let (answer, ()) = tokio::join!(answer, serve);
    assert!(answer.unwrap().outcome.is_ok());

    let one = service_fn(|_: Request| ready(Ok::<_, BoxError>(Response::result(Payload::empty()))));
    let mut service = from_fn(passes).layer(ConcurrencyLimit::new(one, 1));
    for _ in 0..3 {
        service.ready().await.unwrap().call(request(Method::Ping)).await.unwrap();
    }
}

#[tokio::test]
async fn an_error_of_readiness_is_passed_on() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.send_error(RpcError::overloaded());
    let error = from_fn(passes).layer(inner).oneshot(request(Method::Ping)).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, 503);
}

#[tokio::test]
async fn a_dropped_answer_ends_the_call_beneath() {
    struct Ended(Arc<AtomicUsize>);

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let ended = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&ended);
    let inner = service_fn(move |_: Request| {
        let ended = Ended(Arc::clone(&flag));
        async move {
            let _ended = ended;
            pending::<Result<Response, BoxError>>().await
        }
    });
    let mut answer = Box::pin(from_fn(passes).layer(inner).oneshot(request(Method::Ping)));
    assert!(poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx).is_pending())).await);
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    drop(answer);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

/// Among tower's own pieces, in a box that threads share.
#[tokio::test]
async fn boxed_stacks_are_shared() {
    fn shared<S: Service<Request> + Clone + Send + Sync + 'static>(service: S) -> S {
        service
    }
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let leaf = service_fn(move |_: Request| {
        count.fetch_add(1, Ordering::SeqCst);
        ready(Ok::<_, BoxError>(Response::result(Payload::empty())))
    });
    let stack = ServiceBuilder::new()
        .layer(BoxService::layer())
        .layer(from_fn(passes))
        .layer_fn(|inner| Buffer::new(inner, 4))
        .concurrency_limit(2)
        .service(leaf);
    let stack: BoxService = shared(stack);
    let calls = (0..8).map(|_| {
        let stack = stack.clone();
        tokio::spawn(stack.oneshot(request(Method::Ping)))
    });
    for answer in futures_util::future::join_all(calls).await {
        assert!(answer.unwrap().unwrap().outcome.is_ok());
    }
    assert_eq!(called.load(Ordering::SeqCst), 8);
    // Debug shows no more than the types.
    assert!(format!("{:?}", from_fn(passes)).contains("passes"));
}
