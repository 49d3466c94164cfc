//! Decides whether a caller may make a request.

use super::fold::folded_name;
use super::policy::InForce;
use crate::identity::Scopes;
use crate::rpc::json::{self, JsonError, Member, Scanner, Span, once};
use crate::rpc::{ErrorObject, Method, Param, Request, RpcError};
use http::StatusCode;
use std::borrow::Cow;

/// The reason why a request is rejected.
#[derive(Debug)]
pub(super) enum ScopeError {
    /// The request needs all these scopes.
    Scopes(Scopes),
    /// The request does not say clearly what it is for.
    Unclear(ErrorObject),
}

/// Decides by the names in a request. `have` is `None` if the caller is not identified: then nothing is allowed,
/// whatever it needs.
pub(super) fn decide(rules: &InForce, request: &Request, have: Option<&Scopes>) -> Result<(), ScopeError> {
    if have.is_some() && request.method.listed().is_some() {
        return Ok(());
    }
    let params = &request.params;
    let everything = Cow::Borrowed(rules.everything());
    let name = |param| params.text(param);
    match request.method {
        Method::ToolsCall => match name(Param::Name) {
            Some(tool) => call(rules, request, &tool, have),
            None => enough(have, [everything]),
        },
        Method::PromptsGet => {
            let needed = name(Param::Name).map_or(everything, |name| rules.prompt(&name));
            enough(have, [needed])
        }
        Method::ResourcesRead => {
            let needed = name(Param::Uri).map_or(everything, |uri| rules.resource(&uri));
            enough(have, [needed])
        }
        Method::Complete => complete(rules, params.raw(Param::Ref), have),
        _ => enough(have, [everything]),
    }
}

fn enough<'a>(
    have: Option<&Scopes>,
    needed: impl IntoIterator<Item = Cow<'a, Scopes>> + Clone,
) -> Result<(), ScopeError> {
    if have.is_some_and(|have| needed.clone().into_iter().all(|needed| have.contains_all(&needed))) {
        return Ok(());
    }
    Err(ScopeError::Scopes(needed.into_iter().fold(Scopes::default(), |all, needed| all.union(&needed))))
}

fn call(rules: &InForce, request: &Request, tool: &str, have: Option<&Scopes>) -> Result<(), ScopeError> {
    let arguments = request.params.raw(Param::Arguments).unwrap_or_default();
    let named = |have| {
        let closed = rules.closed(tool, have);
        let named = closed.filter(|guard| !arguments.is_empty() && guard.is_named(arguments));
        std::iter::once(rules.tool(tool)).chain(named.map(|guard| Cow::Borrowed(guard.scopes())))
    };
    // Name all scopes, also those that the caller holds: a client that asks only for the missing ones may lose them.
    enough(have, named(have)).or_else(|_| enough(None, named(None)))
}

/// Decides on a completion, which is for an argument of a prompt or of a resource template. If both are named, both
/// count, as this layer cannot know which of them 1C looks at.
fn complete(rules: &InForce, reference: Option<&[u8]>, have: Option<&Scopes>) -> Result<(), ScopeError> {
    let (mut name, mut uri) = (Span::default(), Span::default());
    let raw = reference.unwrap_or_default();
    if raw.first() == Some(&b'{') {
        let read = Scanner::new(raw).and_then(|mut scanner| {
            scanner.object::<JsonError>(|scanner, Member { key, .. }| {
                let value = scanner.skip()?;
                // 1C ignores the case of a Structure's members.
                match &*folded_name(&key) {
                    "name" => once(&mut name, value, "name"),
                    "uri" => once(&mut uri, value, "uri"),
                    _ => Ok(()),
                }
            })
        });
        if let Err(fault) = read {
            return Err(ScopeError::Unclear(ErrorObject::invalid_params(format!("ref: {fault}"))));
        }
    }
    let prompt = json::text(raw, name).map(|name| rules.prompt(&name));
    let resource = json::text(raw, uri).map(|uri| rules.resource(&uri));
    let default = (prompt.is_none() && resource.is_none()).then(|| Cow::Borrowed(rules.everything()));
    enough(have, [prompt, resource, default].into_iter().flatten())
}

impl From<ScopeError> for RpcError {
    fn from(no: ScopeError) -> Self {
        match no {
            ScopeError::Scopes(needed) if needed.is_empty() => {
                Self::new(StatusCode::FORBIDDEN, "Not allowed: it is not known who calls")
            }
            ScopeError::Scopes(needed) => Self::insufficient_scope(needed),
            ScopeError::Unclear(error) => Self::bad_request(error),
        }
    }
}
