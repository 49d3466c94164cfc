//! Calls of tools over REST, judged by the scopes of their callers.

use super::argument_error::ArgumentError;
use super::constraints::Asker;
use super::tool::Tool;
use super::tools::Tools;
use crate::identity::Scopes;
use crate::rpc::Payload;
use crate::rpc::json::JsonError;
use serde_json::Value;

/// The error of a call that is not made.
#[derive(Debug)]
pub(crate) enum JudgedError {
    /// The arguments do not fit.
    Arguments(ArgumentError),
    /// The caller lacks one of these scopes.
    Scopes(Scopes),
}

impl Tools {
    /// Returns the arguments of a call by a program: without a number of rows it gets as many as the ceiling allows.
    ///
    /// `held` are the scopes of the caller; `None` is a caller who may do everything.
    pub(crate) fn judged(&self, tool: &Tool, arguments: &[u8], held: Option<&Scopes>) -> Result<Value, JudgedError> {
        if let Some(needed) = held.and_then(|held| self.rules().lacking(tool.name(), arguments, held)) {
            return Err(JudgedError::Scopes(needed));
        }
        let mended = tool.mended(Some(arguments), held, Asker::Program).map_err(JudgedError::Arguments)?;
        // Mending may bring values to light that stood in JSON text within a string.
        if held.is_some_and(|held| !tool.lacking(&mended, held).is_empty()) {
            let needed = tool.lacking(&mended, &Scopes::default());
            return Err(JudgedError::Scopes(needed.union(&Scopes::parse(tool.scope()))));
        }
        Ok(mended)
    }

    /// Removes from an answer what a caller with the scopes `held` may not see.
    pub(crate) fn shown(&self, tool: &Tool, answer: Payload, held: Option<&Scopes>) -> Result<Payload, JsonError> {
        self.hidden(tool.name(), held).removed_from(answer)
    }
}
