//! Whether a call may be made: what its sender is asked, and what came of it.

use super::known::Guarded;
use super::seal::{Seal, Stage, Subject};
use crate::identity::Identity;
use crate::rpc::json::{Fault, Member, Scanner, Span, quote_into};
use crate::rpc::{ErrorObject, Param, Params, Payload, Request, Response};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The key of our question among the input requests.
const KEY: &str = "consent";
/// How much of the arguments is shown.
const LONGEST: usize = 8_000;
/// For a client that cannot ask.
const CANNOT_ASK: &str = "Not called: this tool changes things in 1C only with the consent of the user, and this client \
    did not ask for it. It takes a client that can (MCP elicitation).";

/// What becomes of a call.
pub(super) enum Decision {
    Answer(Response),
    /// The user agreed.
    Call(Params),
}

/// Decides about a call of a tool that wants consent. Its arguments are without the one that says so.
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
    match state.as_deref().and_then(|state| seal.read(state, subject)) {
        Some((Stage::Given, inner)) => call(params, &guarded.wanted.name, value, arguments, inner, true),
        Some((Stage::Asked, _)) => match params.raw(Param::InputResponses).and_then(action) {
            Some(action) if action == "accept" => call(params, &guarded.wanted.name, value, arguments, None, false),
            Some(_) => refused("Not called: the user did not agree. Do not try again unless they ask for it."),
            None => ask(seal, subject, guarded),
        },
        None => ask(seal, subject, guarded),
    }
}

const UNTOLD: &str = "Not called: this tool wants the consent of the user, and its schema does not say in which form 1C \
    takes it. Give _confirmation the type boolean there.";

fn refused(text: &str) -> Decision {
    Decision::Answer(Payload::tool_error(text).into())
}

/// The call with the word of the user in it.
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

/// The `action` of the answer to our question.
fn action(responses: &[u8]) -> Option<String> {
    let mut answer = Span::default();
    Scanner::new(responses)
        .ok()?
        .object::<Fault>(|scanner, Member { key, .. }| {
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
    let message = message(subject, guarded);
    let params = json!({ "message": message, "requestedSchema": { "type": "object", "properties": {} } });
    let asked = json!({
        "resultType": "input_required",
        "inputRequests": { KEY: { "method": "elicitation/create", "params": params } },
        "requestState": seal.state(Stage::Asked, subject, None),
    });
    let asked = Payload::parse(asked.to_string()).map(|payload| payload.or_else(CANNOT_ASK));
    Decision::Answer(asked.map_err(ErrorObject::from).into())
}

/// For a person, in both languages: nothing tells which one they speak.
fn message(Subject { tool, arguments, .. }: Subject<'_>, Guarded { title, .. }: &Guarded) -> String {
    let named = match title.as_deref().map(str::trim).filter(|title| !title.is_empty() && *title != tool) {
        Some(title) => format!("{} ({})", shown(title, 200), shown(tool, 200)),
        None => shown(tool, 200),
    };
    let values: Value = serde_json::from_slice(arguments).unwrap_or_default();
    let mut text = format!("Выполнить в 1С: {named}? / Run this in 1C?\n");
    for (name, value) in values.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = write!(text, "\n{}: {}", shown(name, 200), shown(&value, LONGEST));
    }
    // Nobody agrees to what they do not see.
    shown(&text, LONGEST)
}

/// A text that somebody else wrote, without what could hide or reorder parts of it.
fn shown(text: &str, most: usize) -> String {
    let hides = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut out = text.chars().take(most).map(|c| if hides(c) { '\u{fffd}' } else { c }).collect::<String>();
    let count = text.chars().count();
    if count > most {
        let _ = write!(out, "… ({count} знаков / characters in all)");
    }
    out
}

/// Keeps what the user agreed to over further rounds of questions that 1C asks itself.
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

fn with_state(payload: &Payload, state: &str) -> Result<Payload, Fault> {
    let json = payload.json();
    let mut found = Span::default();
    let object = Scanner::new(json)?.object::<Fault>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        if key == "requestState" {
            found = span;
        }
        Ok(())
    })?;
    let mut out = Vec::with_capacity(json.len() + state.len() + 20);
    if found.is_empty() {
        // It holds `resultType` at least.
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

/// What a tool is called with, kept for the answer.
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
