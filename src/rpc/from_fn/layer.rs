//! [`FromFnLayer`].

use super::service::FromFn;
use std::any::type_name;
use std::fmt;
use tower_layer::Layer;

/// Creates a layer from an async function of a [`Request`](crate::rpc::Request) and the [`Next`](super::Next) service.
///
/// The function may change the request, answer it itself, call the next service and change its answer, or call it
/// several times, on clones of `Next`. It is to RPC services what axum's `middleware::from_fn` is to HTTP ones. Each
/// request costs two allocations: the function's future and the boxed next service.
///
/// Dropping the answer's future drops the function's, and with it the call of the next service.
///
/// # Example
/// ```
/// use onec_mcp::rpc::{
///     BoxError, ErrorObject, Method, Next, Param, Params, Payload, Request, Response, Version, from_fn,
/// };
/// use serde_json::json;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// /// Every call is for one organization; prompts are switched off.
/// async fn one_organization(mut request: Request, next: Next) -> Result<Response, BoxError> {
///     if request.method == Method::PromptsGet {
///         return Ok(Response::error(ErrorObject::invalid_params("Unknown prompt")));
///     }
///     if request.method == Method::ToolsCall {
///         let mut arguments = request.params.get(Param::Arguments)?.unwrap_or_else(|| json!({}));
///         if let Some(members) = arguments.as_object_mut() {
///             members.insert("organization".into(), json!("North"));
///         }
///         request.params = request.params.with(Param::Arguments, &arguments)?;
///     }
///     next.run(request).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let onec = service_fn(|request: Request| async move {
///     let arguments = request.params.raw(Param::Arguments).unwrap_or_default();
///     assert_eq!(arguments, br#"{"organization":"North"}"#);
///     Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"content":[]}"#)?))
/// });
/// let stack = ServiceBuilder::new().layer(from_fn(one_organization)).service(onec);
/// let params = Params::try_from(json!({ "name": "stock", "arguments": { "organization": "South" } }))?;
/// let answer = stack.oneshot(Request::new(Method::ToolsCall, params, Version::V2025_11_25)).await?;
/// assert!(answer.outcome.is_ok());
/// # Ok(())
/// # }
/// ```
pub const fn from_fn<F>(function: F) -> FromFnLayer<F> {
    FromFnLayer { function }
}

/// A layer from an async function; [`from_fn`] creates it.
#[derive(Clone, Copy)]
pub struct FromFnLayer<F> {
    function: F,
}

impl<S, F: Clone> Layer<S> for FromFnLayer<F> {
    type Service = FromFn<S, F>;

    fn layer(&self, inner: S) -> FromFn<S, F> {
        FromFn { inner, function: self.function.clone() }
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFnLayer").field("function", &type_name::<F>()).finish()
    }
}
