//! Decides whether a call may be made, by what the user answered.

use super::known::Guarded;
use super::question::question;
use super::seal::{Seal, Stage, Subject};
use super::used::Worth;
use crate::identity::Identity;
use crate::rpc::json::{JsonError, Member, Scanner, Span, quote_into};
use crate::rpc::{ErrorObject, Param, Params, Payload, Request, Response};
use serde_json::{Value, json};

/// The key of this layer's question among the input requests.
const KEY: &str = "consent";
/// The error for a client that cannot ask its user.
const CANNOT_ASK: &str = "Not called: this tool changes things in 1C only with the consent of the user, and this client \
    did not ask for it. It takes a client that can (MCP elicitation).";

/// The decision on a call.
pub(super) enum Decision {
    Answer(Response),
    /// The call to make: the user agreed.
    Call(Params),
}

/// Decides on a call of a tool that requires consent. `_confirmation` was removed from its arguments before.
pub(super) fn decide(seal: &Seal, request: &Request, tool: &str, guarded: &Guarded) -> Decision {
    let Some(value) = &guarded.wanted.value else { return refused(UNTOLD) };
    let params = &request.params;
    let arguments = params.raw(Param::Arguments).filter(|raw| *raw != b"null").unwrap_or(b"{}");
    if arguments.first() != Some(&b'{') {
        return refused("Arguments: these must be an object.");
    }
    let caller = request.extensions.get::<Identity>();
    let subject = Subject { tool, arguments, caller };
    let state = params.text(Param::RequestState);
    let Some(read) = state.as_deref().and_then(|state| seal.read(state, subject)) else {
        return ask(seal, subject, guarded);
    };
    let action = params.raw(Param::InputResponses).and_then(action);
    // The client's other answers belong to questions that 1C asked itself.
    let (agreed, answers) = match (read.stage, action.as_deref()) {
        (Stage::Given, _) => (true, true),
        (Stage::Asked, Some(action)) => (action == "accept", false),
        (Stage::Asked, None) => return ask(seal, subject, guarded),
    };
    match seal.take(&read) {
        Worth::Nothing => ask(seal, subject, guarded),
        _ if !agreed => refused("Not called: the user did not agree. Do not try again unless they ask for it."),
        Worth::Unknown => refused(TOO_MANY),
        Worth::Call => call(params, &guarded.wanted.name, value, arguments, read.inner, answers),
    }
}

const UNTOLD: &str = "Not called: this tool wants the consent of the user, and its schema does not say in which form 1C \
    takes it. Give _confirmation the type boolean there.";
const TOO_LONG: &str = "Not called: the user must see the whole call to agree to it, and this one is longer than the 8000 \
    characters of a question. Make its arguments shorter, or do it in several calls.";
const TOO_MANY: &str = "Not called: too many consents were given within a few minutes. Try again later.";

fn refused(text: &str) -> Decision {
    Decision::Answer(Payload::tool_error(text).into())
}

/// Makes the call, with the user's consent among the arguments.
fn call(params: &Params, name: &str, value: &[u8], arguments: &[u8], state: Option<&str>, answers: bool) -> Decision {
    let mut confirmed = b"{".to_vec();
    quote_into(&mut confirmed, name);
    confirmed.push(b':');
    confirmed.extend_from_slice(value);
    let rest = arguments.get(1..).unwrap_or_default();
    if rest.trim_ascii_start() != b"}" {
        confirmed.push(b',');
    }
    confirmed.extend_from_slice(rest);
    let state = state.map(|state| Value::from(state).to_string());
    let mut changes =
        vec![(Param::Arguments, Some(&*confirmed)), (Param::RequestState, state.as_deref().map(str::as_bytes))];
    if !answers {
        changes.push((Param::InputResponses, None));
    }
    match params.rebuilt(&changes) {
        Ok(params) => Decision::Call(params),
        Err(error) => Decision::Answer(Response::error(error)),
    }
}

/// Returns the `action` in the client's answer to this layer's question.
fn action(responses: &[u8]) -> Option<String> {
    let mut answer = Span::default();
    Scanner::new(responses)
        .ok()?
        .object::<JsonError>(|scanner, Member { key, .. }| {
            let span = scanner.skip()?;
            if key == KEY {
                answer = span;
            }
            Ok(())
        })
        .ok()?;
    let answer: Value = serde_json::from_slice(answer.of(responses)?).ok()?;
    answer.get("action")?.as_str().map(str::to_owned)
}

fn ask(seal: &Seal, subject: Subject<'_>, guarded: &Guarded) -> Decision {
    let Some(message) = question(subject, guarded) else { return refused(TOO_LONG) };
    let params = json!({ "message": message, "requestedSchema": { "type": "object", "properties": {} } });
    let asked = json!({
        "resultType": "input_required",
        "inputRequests": { KEY: { "method": "elicitation/create", "params": params } },
        "requestState": seal.state(Stage::Asked, subject, None),
    });
    let asked = Payload::parse(asked.to_string()).map(|payload| payload.or_else(CANNOT_ASK));
    Decision::Answer(asked.map_err(ErrorObject::from).into())
}

/// Seals the consent into the request state of a question that 1C asks itself, for the next round of the call.
pub(super) fn carried(seal: &Seal, subject: Subject<'_>, answer: Response) -> Response {
    let Ok(payload) = &answer.outcome else { return answer };
    if !payload.is_input_required() {
        return answer;
    }
    let inner = payload.request_state().and_then(crate::rpc::json::unquote);
    let state = seal.state(Stage::Given, subject, inner.as_deref());
    let outcome = with_state(payload, &state).map_err(ErrorObject::from);
    Response { outcome, ..answer }
}

fn with_state(payload: &Payload, state: &str) -> Result<Payload, JsonError> {
    let json = payload.json();
    let mut found = Span::default();
    let object = Scanner::new(json)?.object::<JsonError>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        if key == "requestState" {
            found = span;
        }
        Ok(())
    })?;
    let mut out = Vec::with_capacity(json.len() + state.len() + 20);
    if found.is_empty() {
        // The object is not empty: it has `resultType` at least.
        let end = object.end() - 1;
        out.extend_from_slice(json.get(..end).unwrap_or_default());
        out.extend_from_slice(b",\"requestState\":");
        quote_into(&mut out, state);
        out.push(b'}');
    } else {
        out.extend_from_slice(json.get(..found.start()).unwrap_or_default());
        quote_into(&mut out, state);
        out.extend_from_slice(json.get(found.end()..).unwrap_or_default());
    }
    payload.rewritten(out)
}

/// The tool and arguments of a call, kept until its answer.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) tool: String,
    pub(super) arguments: Vec<u8>,
    pub(super) caller: Option<Identity>,
}

impl Called {
    pub(super) fn of(request: &Request, tool: &str) -> Self {
        let arguments = request.params.raw(Param::Arguments).filter(|raw| *raw != b"null").unwrap_or(b"{}");
        Self { tool: tool.to_owned(), arguments: arguments.to_vec(), caller: request.extensions.get().cloned() }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { tool: &self.tool, arguments: &self.arguments, caller: self.caller.as_ref() }
    }
}
