//! [`Tool`].

use super::argument_error::ArgumentError;
use super::arguments::{check_held, parse, write};
use super::constraints::{Asker, Clamp, Constraint};
use super::explain::explain;
use super::full::{Asked, Counters, Full};
use super::guarded::Guarded;
use super::mend::mend;
use super::shapes::Shapes;
use super::types::Types;
use crate::identity::Scopes;
use crate::onec::{AnswerCheck, RestCall};
use crate::rpc::Payload;
use crate::rpc::json::{JsonError, Scanner};
use jsonschema::Validator;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One tool of a catalog. Cloning is cheap.
#[derive(Clone)]
pub struct Tool(pub(super) Arc<Definition>);

/// What a tool was read from, checked.
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) scope: String,
    pub(super) path: Arc<str>,
    pub(super) rest: Option<String>,
    pub(super) slow: bool,
    pub(super) cache: Option<Duration>,
    pub(super) annotations: Option<Value>,
    /// `_meta`, as it is listed.
    pub(super) meta: Option<Value>,
    /// The most characters of an answer.
    pub(super) max_chars: Option<usize>,
    /// As it is shown.
    pub(super) input_schema: Value,
    /// The same for programs.
    #[cfg(feature = "rest")]
    pub(super) whole_schema: Value,
    pub(super) output_schema: Option<Value>,
    /// What it says of the members at the top.
    pub(super) results: Vec<Member>,
    pub(super) validator: Validator,
    pub(super) shapes: Shapes,
    pub(super) clamps: Vec<Clamp>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) guards: Vec<Guarded>,
    /// The rows and candidates that 1C may send.
    pub(super) counters: Counters,
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Definition { name, scope, path, .. } = &*self.0;
        f.debug_struct("Tool").field("name", name).field("scope", scope).field("path", path).finish_non_exhaustive()
    }
}

impl Tool {
    /// Its name in `tools/list`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        self.0.title.as_deref().unwrap_or(&self.0.name)
    }

    /// When to use it and what comes back.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// The scope that a caller needs.
    pub fn scope(&self) -> &str {
        &self.0.scope
    }

    /// Where 1C answers it, below the service root: `reports/sales`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The path of its REST endpoint, with a slash at the start, if it has one: `/reports/sales`.
    pub fn rest(&self) -> Option<&str> {
        self.0.rest.as_deref()
    }

    /// What its arguments must be: the schema of the file, with the ceilings as defaults where they
    /// are, and closed to unknown arguments.
    pub fn input_schema(&self) -> &Value {
        &self.0.input_schema
    }

    /// What its results are, where that is told.
    pub fn output_schema(&self) -> Option<&Value> {
        self.0.output_schema.as_ref()
    }

    /// `readOnlyHint` and so on, as in MCP.
    pub fn annotations(&self) -> Option<&Value> {
        self.0.annotations.as_ref()
    }

    /// `_meta` of the tool in `tools/list`.
    pub fn meta(&self) -> Option<&Value> {
        self.0.meta.as_ref()
    }

    /// The call to 1C for these arguments (JSON text; `None` means `{}`): mended, checked, within the
    /// ceilings, with the defaults that a language model gets. Equal arguments are equal bytes. Headers and
    /// extensions are the caller's to fill in.
    ///
    /// # Errors
    /// [`ArgumentError`] for what cannot be mended.
    pub fn prepare(&self, arguments: Option<&[u8]>) -> Result<RestCall, ArgumentError> {
        self.mended(arguments, None, Asker::Model).map(|arguments| self.call(&arguments))
    }

    /// The same for a program: where it names no number of rows, it wants all of them that there may be.
    #[cfg(feature = "rest")]
    pub(crate) fn prepare_whole(&self, arguments: Option<&[u8]>) -> Result<RestCall, ArgumentError> {
        self.mended(arguments, None, Asker::Program).map(|arguments| self.call(&arguments))
    }

    /// The input schema as it holds for programs.
    #[cfg(feature = "rest")]
    pub(crate) fn whole_schema(&self) -> &Value {
        &self.0.whole_schema
    }

    pub(super) fn call(&self, arguments: &Value) -> RestCall {
        let mut body = Vec::with_capacity(512);
        write(&mut body, arguments);
        let mut call = RestCall::new(Arc::clone(&self.0.path), body);
        call.slow = self.0.slow;
        call.cache = self.0.cache;
        if call.cache.is_some() {
            let tool = self.clone();
            call.check = Some(AnswerCheck::new(move |answer| tool.seen(answer, Asked::default()).flaw.is_none()));
        }
        call
    }

    /// The arguments that 1C gets. What a caller who holds `held` may not name is not told either;
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

    /// The scopes that arguments name values for and that are not in `held`. Looked at once more after
    /// mending: a value in JSON text within a string is one that nobody could see before.
    pub(super) fn lacking(&self, arguments: &Value, held: &Scopes) -> Scopes {
        let guards = self.0.guards.iter().filter(|guard| !held.contains(&guard.scope));
        let named = guards.filter(|guard| guard.path.texts(arguments).into_iter().any(|text| guard.holds(text)));
        named.map(|guard| &*guard.scope).collect()
    }

    /// Whether 1C sent more than the ceiling allows: how many rows or candidates, and the ceiling.
    pub fn excess(&self, answer: &Payload) -> Option<(u64, u64)> {
        match self.seen(answer, Asked::default()).flaw {
            Some(AnswerError::Excess(count, ceiling)) => Some((count, ceiling)),
            _ => None,
        }
    }

    /// What an answer looks like, seen in one go. Clients refuse a result that is not what `output_schema`
    /// says at its top, and a model never sees why.
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

/// What an answer looks like.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) flaw: Option<AnswerError>,
    pub(super) full: Option<Full>,
}

/// Why an answer must not be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AnswerError {
    /// So many rows or candidates, and the most that there may be.
    Excess(u64, u64),
    /// It is not what the catalog says.
    Misfit(String),
}

/// A member that `output_schema` speaks of.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) types: Types,
    pub(super) required: bool,
}
