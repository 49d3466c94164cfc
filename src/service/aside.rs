//! Work that takes long, off the threads that serve: nobody else waits while a list of a hundred thousand lines is read.

use crate::rpc::{BoxError, Response};
use futures_core::future::BoxFuture;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::thread::available_parallelism;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// So many bytes of JSON take some 10 ms to be read, mended and written anew.
const LONG: usize = 1024 * 1024;

/// As many at once as there are processors. Those who wait for a turn hold no thread.
static TURNS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZeroUsize::get))));

/// Whether what is made of so many bytes takes long.
pub(crate) const fn is_long(bytes: usize) -> bool {
    bytes >= LONG
}

/// Does `work` on a thread for such work. On its way it cannot be stopped.
///
/// # Errors
/// The runtime ends, or the work does in a way that it must not.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BoxError> {
    // Whoever drives futures without a runtime has no such threads.
    if Handle::try_current().is_err() {
        return Ok(work());
    }
    let turn = Arc::clone(&TURNS).acquire_owned().await?;
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    Ok(worked.await?)
}

/// What a layer makes of the answer from beneath.
pub(crate) trait Rework: Send + 'static {
    /// Makes it.
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError>;

    /// Whether it takes long for long answers.
    fn is_thorough(&self) -> bool {
        true
    }
}

pin_project! {
    /// The answer of a call, reworked; aside where that takes long.
    pub(crate) struct Reworked<F, W> {
        #[pin]
        state: State<F, W>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, W> {
        Calling { #[pin] call: F, work: Option<W> },
        Working { work: BoxFuture<'static, Result<Response, BoxError>> },
    }
}

impl<F, W> Reworked<F, W> {
    pub(crate) const fn new(call: F, work: W) -> Self {
        Self { state: State::Calling { call, work: Some(work) } }
    }
}

impl<F, W, E> Future for Reworked<F, W>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
    W: Rework,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let (answer, work) = match state.as_mut().project() {
                Projected::Working { work } => return work.as_mut().poll(cx),
                Projected::Calling { call, work } => (ready!(call.poll(cx)).map_err(Into::into), work.take()),
            };
            let Some(work) = work else { return Poll::Ready(answer) };
            let length = |response: &Response| response.outcome.as_ref().map_or(0, |payload| payload.json().len());
            if !answer.as_ref().is_ok_and(|response| is_long(length(response))) || !work.is_thorough() {
                return Poll::Ready(work.rework(answer));
            }
            let worked = aside(move || work.rework(answer));
            state.set(State::Working { work: Box::pin(async move { worked.await? }) });
        }
    }
}

impl<F, W> fmt::Debug for Reworked<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reworked").finish_non_exhaustive()
    }
}
