//! [`Handler`]: a function or service of the program that answers calls.

use super::argument_error::ArgumentError;
use super::call::Call;
use crate::onec::RestCall;
use crate::rpc::{BoxError, Payload, Response, RpcError, cause};
use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use tower::ServiceExt as _;
use tower_service::Service;

type Answer<T> = BoxFuture<'static, Result<T, BoxError>>;

/// A function of the program that answers calls.
#[derive(Clone)]
pub(crate) struct Handler(Arc<dyn Fn(Call) -> Answer<Payload> + Send + Sync>);

impl Handler {
    pub(super) fn from_fn<F, Fut, T, E>(function: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: TryInto<Payload, Error: Into<BoxError>>,
        E: Into<BoxError>,
    {
        let function = Arc::new(function);
        Self(Arc::new(move |call| {
            let function = Arc::clone(&function);
            // The function is called within the future, so that its panics are caught too.
            Box::pin(async move { answered(function(call).await) })
        }))
    }

    pub(super) fn from_service<S>(service: S) -> Self
    where
        S: Service<Call> + Clone + Send + 'static,
        S::Response: TryInto<Payload, Error: Into<BoxError>>,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        // Many services are `Send` but not `Sync`. The lock is held for a clone.
        let service = Mutex::new(service);
        Self(Arc::new(move |call| {
            let service = service.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Box::pin(async move { answered(service.oneshot(call).await) })
        }))
    }

    /// Makes a call. A panic is an error: other calls on the same connection go on.
    pub(crate) fn call(&self, call: Call) -> Answer<Response> {
        let answer = AssertUnwindSafe((self.0)(call)).catch_unwind();
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer.map(Response::result),
                Err(panic) => Err(panicked(&*panic).into()),
            }
        })
    }
}

fn answered<T, E>(answer: Result<T, E>) -> Result<Payload, BoxError>
where
    T: TryInto<Payload, Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    match answer {
        Ok(answer) => answer.try_into().map_err(Into::into).map_err(|why| NoAnswerError(why).into()),
        Err(error) => Err(told(error.into())),
    }
}

/// Marks an error as one for the caller, unless it says itself what clients see of it.
fn told(error: BoxError) -> BoxError {
    if cause::<ArgumentError>(&*error).is_some() || RpcError::known(&error).is_some() {
        return error;
    }
    FunctionError(error).into()
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a function of the program panicked: {}", text.unwrap_or("no text"))
}

/// An error of a function, whose text the caller is told.
#[derive(Debug)]
pub(crate) struct FunctionError(BoxError);

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.to_string().trim() {
            "" => f.write_str("This failed without saying why."),
            text => f.write_str(text),
        }
    }
}

impl Error for FunctionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// An answer of a function that is no JSON object. It is a mistake in the program, and for the log.
#[derive(Debug, thiserror::Error)]
#[error("a function of the program answered with something that is no JSON object: {0}")]
struct NoAnswerError(BoxError);

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}

/// A call of a tool, ready to be made.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// By 1C.
    OneC(RestCall),
    /// By the program.
    Program(Handler, Call),
}
