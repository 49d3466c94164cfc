//! How a service over HTTP is timed.

use super::cases::exchange;
use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup};
use http_body_util::Full;
use onec_mcp::net::Body;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::runtime::{Builder, Runtime};
use tower::Service;

pub(crate) type Request = http::Request<Full<Bytes>>;

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Measures one service; requests are built outside the clock.
pub(crate) fn over_http<S>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    request: impl Fn() -> Request,
    service: S,
) where
    S: Service<Request, Response = http::Response<Body>>,
    S::Error: std::fmt::Debug,
{
    let runtime = runtime();
    let service = Rc::new(RefCell::new(service));
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            &request,
            |request| runtime.block_on(exchange(&mut *service.borrow_mut(), request)),
            BatchSize::SmallInput,
        );
    });
}
