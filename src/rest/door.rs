//! [`Door`]: who may call.

use super::error::RestError;
use crate::auth::{BearerAuthLayer, DeniedError, Digest, Scheme, TokenValidator};
use crate::identity::Identity;
use futures_core::future::BoxFuture;
use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;

/// Decides who may call.
#[derive(Clone)]
pub(super) enum Door {
    /// Whoever has this token. It is everybody's, so nobody in particular calls.
    Token(Digest),
    /// Those whom a validator knows.
    Callers(Arc<dyn Callers>),
}

/// The head of a request, and its caller.
pub(super) type Admitted = (Parts, Result<Option<Identity>, RestError>);

/// A way to find the caller of a request.
pub(super) trait Callers: Send + Sync {
    fn admit(&self, head: Parts) -> BoxFuture<'static, Admitted>;
}

impl Door {
    pub(super) fn token(token: &SecretString) -> Self {
        Self::Token(Digest::of(token.expose_secret()))
    }

    pub(super) fn callers<V: TokenValidator>(layer: BearerAuthLayer<V>) -> Self {
        Self::Callers(Arc::new(layer))
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Door::Token",
            Self::Callers(_) => "Door::Callers",
        })
    }
}

impl<V: TokenValidator> Callers for BearerAuthLayer<V> {
    // Boxed, since a validator is usually an `async fn`.
    fn admit(&self, mut head: Parts) -> BoxFuture<'static, Admitted> {
        let scheme = self.scheme.clone();
        Box::pin(async move {
            let place = scheme.place(&head);
            let caller = match scheme.admit(&head, &place).await {
                Ok(identity) => {
                    head.extensions.insert(identity.clone());
                    Ok(Some(identity))
                }
                Err(denied) => Err(refusal(&scheme, &place, denied)),
            };
            (head, caller)
        })
    }
}

fn refusal<K: Scheme>(scheme: &K, place: &K::Place, denied: DeniedError) -> RestError {
    let challenge = denied.challenge(scheme, place);
    RestError::denied(denied, challenge)
}
