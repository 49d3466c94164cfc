//! [`BoxValidator`]: a validator of any type.

use super::validate::{AuthError, Presented, TokenValidator};
use crate::identity::Identity;
use futures_core::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// A [`TokenValidator`] of any type, for programs that choose one when they start. Cloning is cheap.
///
/// # Example
///
/// ```
/// use onec_mcp::auth::{AuthError, BearerAuthLayer, BoxValidator, Presented, StaticToken};
/// use onec_mcp::{Identity, Scopes};
///
/// # let token: Option<&str> = None;
/// let validator = match token {
///     Some(token) => BoxValidator::new(StaticToken::new(token, Identity::new("robot", Scopes::parse("mcp")))),
///     None => BoxValidator::new(async |_: Presented<'_>| Err(AuthError::Unknown)),
/// };
/// let layer = BearerAuthLayer::new(validator);
/// # let _ = layer;
/// ```
#[derive(Clone)]
pub struct BoxValidator(Arc<dyn Validator>);

impl BoxValidator {
    /// Boxes a validator.
    pub fn new(validator: impl TokenValidator) -> Self {
        Self(Arc::new(validator))
    }
}

/// A [`TokenValidator`] with boxed futures.
trait Validator: Send + Sync {
    fn validate<'a>(&'a self, presented: Presented<'a>) -> BoxFuture<'a, Result<Identity, AuthError>>;
}

impl<V: TokenValidator> Validator for V {
    fn validate<'a>(&'a self, presented: Presented<'a>) -> BoxFuture<'a, Result<Identity, AuthError>> {
        Box::pin(TokenValidator::validate(self, presented))
    }
}

impl TokenValidator for BoxValidator {
    async fn validate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        self.0.validate(presented).await
    }
}

impl fmt::Debug for BoxValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxValidator")
    }
}
