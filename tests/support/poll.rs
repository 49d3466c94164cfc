//! Futures polled by hand.
#![allow(dead_code, clippy::panic, reason = "each test uses a part of it, and a helper that fails fails its test")]

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};

/// A future that runs only when it is told to.
pub(crate) struct Polled<F> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(crate) fn by_hand<F: Future>(future: F) -> Polled<F> {
    Polled { future: Box::pin(future), woken: Arc::default() }
}

impl<F: Future> Polled<F> {
    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        self.woken.0.store(false, Ordering::SeqCst);
        self.future.as_mut().poll(&mut Context::from_waker(&Arc::clone(&self.woken).into()))
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }
}

#[track_caller]
pub(crate) fn pending<T: Debug>(poll: Poll<T>) {
    if let Poll::Ready(done) = poll {
        panic!("ready with {done:?}");
    }
}

#[track_caller]
pub(crate) fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("pending"),
    }
}
