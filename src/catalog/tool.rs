//! [`Tool`].

use super::argument_error::ArgumentError;
use super::arguments::{check_held, parse, write};
use super::call::Call;
use super::constraints::{Asker, Clamp, Constraint};
use super::explain::explain;
use super::full::{Asked, Counters, Full};
use super::guarded::Guarded;
use super::handler::{Handler, Prepared};
use super::mend::mend;
use super::shapes::Shapes;
use super::types::Types;
use crate::identity::Scopes;
use crate::onec::{AnswerCheck, RestCall};
use crate::rpc::json::{JsonError, Scanner};
use crate::rpc::{Extensions, Payload, RequestId};
use http::HeaderMap;
use jsonschema::Validator;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A tool of a catalog, from a file or of the program itself. Cloning is cheap.
#[derive(Clone)]
pub struct Tool(pub(super) Arc<Definition>);

/// A tool as it was read and checked.
pub(super) struct Definition {
    pub(super) name: Arc<str>,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) scope: String,
    pub(super) answered: Answered,
    pub(super) rest: Option<String>,
    pub(super) slow: bool,
    pub(super) cache: Option<Duration>,
    pub(super) annotations: Option<Value>,
    /// `_meta`, as it is listed.
    pub(super) meta: Option<Value>,
    /// The most characters of an answer.
    pub(super) max_chars: Option<usize>,
    /// The input schema that clients are shown.
    pub(super) input_schema: Value,
    /// The input schema for programs.
    #[cfg(feature = "rest")]
    pub(super) whole_schema: Value,
    pub(super) output_schema: Option<Value>,
    /// The top-level members of `output_schema`.
    pub(super) results: Vec<Member>,
    pub(super) validator: Validator,
    pub(super) shapes: Shapes,
    pub(super) clamps: Vec<Clamp>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) guards: Vec<Guarded>,
    /// The counted arrays of answers.
    pub(super) counters: Counters,
}

/// What answers the calls of a tool.
#[derive(Clone, Debug)]
pub(super) enum Answered {
    /// 1C, at this path below the service root.
    OneC(Arc<str>),
    /// The program.
    Program(Handler),
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Definition { name, scope, answered, .. } = &*self.0;
        let mut tool = f.debug_struct("Tool");
        tool.field("name", name).field("scope", scope).field("answered", answered).finish_non_exhaustive()
    }
}

impl Tool {
    /// Returns the tool's name in `tools/list`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the tool's name for people.
    pub fn title(&self) -> &str {
        self.0.title.as_deref().unwrap_or(&self.0.name)
    }

    /// Returns the description: when to use the tool, and what it returns.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// Returns the scope that a caller needs.
    pub fn scope(&self) -> &str {
        &self.0.scope
    }

    /// Returns the path of 1C's endpoint, below the service root: `reports/sales`. `None` for a tool that the program
    /// itself answers.
    pub fn path(&self) -> Option<&str> {
        match &self.0.answered {
            Answered::OneC(path) => Some(path),
            Answered::Program(_) => None,
        }
    }

    /// Returns who answers the calls, as texts name it.
    pub(crate) fn answerer(&self) -> &'static str {
        if self.path().is_some() { "1C" } else { "the tool" }
    }

    /// Returns the path of the tool's REST endpoint, with a leading slash, if it has one: `/reports/sales`.
    pub fn rest(&self) -> Option<&str> {
        self.0.rest.as_deref()
    }

    /// Returns the input schema: that of the file, closed to unknown arguments, with a default for each argument that
    /// has a ceiling.
    pub fn input_schema(&self) -> &Value {
        &self.0.input_schema
    }

    /// Returns the output schema, if there is one.
    pub fn output_schema(&self) -> Option<&Value> {
        self.0.output_schema.as_ref()
    }

    /// Returns the annotations, as in MCP: `readOnlyHint` and so on.
    pub fn annotations(&self) -> Option<&Value> {
        self.0.annotations.as_ref()
    }

    /// Returns the tool's `_meta` in `tools/list`.
    pub fn meta(&self) -> Option<&Value> {
        self.0.meta.as_ref()
    }

    /// Returns the call to 1C for these arguments (JSON text; `None` means `{}`).
    ///
    /// The arguments are mended, checked and limited by the ceilings, with the defaults that a language model gets.
    /// Equal arguments give equal bytes. The caller of this method fills in headers and extensions.
    ///
    /// # Errors
    /// [`ArgumentError`] if the arguments do not fit and cannot be mended, or the program itself answers the tool.
    pub fn prepare(&self, arguments: Option<&[u8]>) -> Result<RestCall, ArgumentError> {
        let arguments = self.mended(arguments, None, Asker::Model)?;
        match &self.0.answered {
            Answered::OneC(path) => Ok(self.call(path, &arguments)),
            Answered::Program(_) => Err(ArgumentError::new("the program itself answers this tool, not 1C").told()),
        }
    }

    /// Returns the call with these arguments, which were mended, for a request with these headers and extensions.
    pub(crate) fn prepared(
        &self,
        arguments: Value,
        headers: HeaderMap,
        extensions: Extensions,
        id: RequestId,
    ) -> Prepared {
        match &self.0.answered {
            Answered::OneC(path) => Prepared::OneC(RestCall { headers, extensions, ..self.call(path, &arguments) }),
            Answered::Program(handler) => {
                let name = Arc::clone(&self.0.name);
                Prepared::Program(handler.clone(), Call { name, arguments, headers, extensions, id })
            }
        }
    }

    /// Returns the input schema for programs.
    #[cfg(feature = "rest")]
    pub(crate) fn whole_schema(&self) -> &Value {
        &self.0.whole_schema
    }

    fn call(&self, path: &Arc<str>, arguments: &Value) -> RestCall {
        let mut body = Vec::with_capacity(512);
        write(&mut body, arguments);
        let mut call = RestCall::new(Arc::clone(path), body);
        call.slow = self.0.slow;
        call.cache = self.0.cache;
        if call.cache.is_some() {
            let tool = self.clone();
            call.check = Some(AnswerCheck::new(move |answer| tool.seen(answer, Asked::default()).flaw.is_none()));
        }
        call
    }

    /// Returns the arguments that 1C gets. Errors do not list values that a caller with the scopes `held` may not name;
    /// `None` is a caller who may do everything.
    pub(super) fn mended(
        &self,
        arguments: Option<&[u8]>,
        held: Option<&Scopes>,
        asker: Asker,
    ) -> Result<Value, ArgumentError> {
        self.fitted(arguments.unwrap_or(b"{}"), held, asker).map_err(ArgumentError::told)
    }

    fn fitted(&self, arguments: &[u8], held: Option<&Scopes>, asker: Asker) -> Result<Value, ArgumentError> {
        let mut root = match parse(arguments, 0)? {
            Value::Null => Value::Object(Map::new()),
            Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
            value => value,
        };
        mend(&self.0.shapes, 0, &mut root, 0)?;
        for clamp in &self.0.clamps {
            clamp.apply(&mut root, asker);
        }
        check_held(&root)?;
        if !self.0.validator.is_valid(&root) {
            let guards = self.0.guards.iter().filter(|guard| held.is_some_and(|held| !held.contains(&guard.scope)));
            let secrets = guards.collect::<Vec<_>>();
            return Err(explain(&self.0.validator, &self.0.shapes, &root, &secrets));
        }
        for constraint in &self.0.constraints {
            constraint.check(&root)?;
        }
        Ok(root)
    }

    /// Returns the scopes that the values in the arguments need and `held` lacks. Checked after mending, when values in
    /// JSON text within a string can be seen.
    pub(super) fn lacking(&self, arguments: &Value, held: &Scopes) -> Scopes {
        let guards = self.0.guards.iter().filter(|guard| !held.contains(&guard.scope));
        let named = guards.filter(|guard| guard.path.texts(arguments).into_iter().any(|text| guard.holds(text)));
        named.map(|guard| &*guard.scope).collect()
    }

    /// Returns how many rows or candidates 1C sent, and the ceiling, if there are more than that.
    pub fn excess(&self, answer: &Payload) -> Option<(u64, u64)> {
        match self.seen(answer, Asked::default()).flaw {
            Some(AnswerError::Excess(count, ceiling)) => Some((count, ceiling)),
            _ => None,
        }
    }

    /// Inspects an answer in one pass. Clients reject a result that does not fit the top level of `output_schema`, and
    /// the model never sees why.
    pub(super) fn seen(&self, answer: &Payload, asked: Asked) -> Seen {
        self.scan(answer, asked).unwrap_or_default()
    }

    fn scan(&self, answer: &Payload, asked: Asked) -> Result<Seen, JsonError> {
        let Definition { counters, results, .. } = &*self.0;
        let (mut excess, mut misfit, mut full, mut found) = (None, None, None, 0);
        let mut scanner = Scanner::new(answer.json())?;
        scanner.object::<JsonError>(|scanner, member| {
            let first = scanner.peek();
            if let Some(result) = results.iter().find(|result| result.name == member.key) {
                found += usize::from(result.required);
                if !result.types.meets(Types::at(first)) {
                    misfit.get_or_insert_with(|| format!("{} is not what the catalog says", result.name));
                }
            }
            let Some(items) = counters.items(&member.key).filter(|_| first == b'[') else {
                return scanner.skip().map(drop);
            };
            let mut count = 0;
            scanner.array::<JsonError>(|scanner| {
                count += 1;
                scanner.skip().map(drop)
            })?;
            if count > counters.ceiling(items) {
                excess = Some(AnswerError::Excess(count, counters.ceiling(items)));
            }
            full = full.or_else(|| counters.full(items, count, asked));
            Ok(())
        })?;
        if found < results.iter().filter(|result| result.required).count() {
            let names = results.iter().filter(|result| result.required).map(|result| &*result.name);
            misfit.get_or_insert_with(|| format!("it must have {}", names.collect::<Vec<_>>().join(", ")));
        }
        Ok(Seen { flaw: excess.or(misfit.map(AnswerError::Misfit)), full })
    }
}

/// The properties of an answer.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) flaw: Option<AnswerError>,
    pub(super) full: Option<Full>,
}

/// An error that keeps an answer from being passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AnswerError {
    /// The number of rows or candidates, and the most that there may be.
    Excess(u64, u64),
    /// The answer is not what the catalog says.
    Misfit(String),
}

/// A top-level member in `output_schema`.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) types: Types,
    pub(super) required: bool,
}
