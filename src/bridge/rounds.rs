//! The further rounds of a legacy call: questions of 1C go to the client as requests of the server, and its
//! answers come back with a repeated call.

use super::call::Call;
use super::capabilities::Capabilities;
use super::inputs;
use super::outbox::Outbox;
use super::questions::{Party, Question};
use crate::net::holder::Holder;
use crate::rpc::json;
use crate::rpc::{ErrorObject, Id, Param, Params, Payload, Request, without_line_breaks};
use bytes::Bytes;

/// The most questions of one call that may be open at once.
const MAX_QUESTIONS: usize = 16;

impl Call {
    /// Asks a legacy client the questions of 1C, as requests of the server, and returns the request of the next
    /// round with the answers.
    pub(super) async fn next_round(&self, payload: &Payload, outbox: &Outbox) -> Result<Request, ErrorObject> {
        let Some(request) = &self.request else {
            return Err(ErrorObject::internal(format!("1C asks for input in answer to {}", self.method)));
        };
        let asked = inputs::read(payload).map_err(inputs::nonsense)?;
        let can = Capabilities { elicitation: self.can.elicitation && self.version.has_elicitation(), ..self.can };
        let (kept, dropped): (Vec<_>, Vec<_>) = asked.into_iter().partition(|input| input.is_declared(can));
        if kept.is_empty() && !dropped.is_empty() {
            return Err(inputs::missing(&dropped));
        }
        if kept.len() > MAX_QUESTIONS {
            return Err(ErrorObject::internal(format!("1C asks more than {MAX_QUESTIONS} questions at once")));
        }
        let holder = Holder::of(&request.extensions);
        let party = Party::new(holder, self.connection);
        let mut open: Vec<(String, Question)> = Vec::with_capacity(kept.len());
        for input in kept {
            let Some(question) = self.bridge.questions.ask(party, holder) else {
                return Err(ErrorObject::internal("Too many questions to clients are open; try again later"));
            };
            outbox.push(without_line_breaks(server_request(&question.id, &input.method, input.params)));
            open.push((input.key, question));
        }
        let answers = tokio::time::timeout(self.bridge.answer_timeout, gather(open)).await;
        let answers =
            answers.map_err(|_| ErrorObject::internal("The client did not answer what 1C asked in time"))??;
        Ok(Request { params: again(request, &answers, payload.request_state())?, ..request.clone() })
    }
}

fn server_request(id: &Id, method: &str, params: &[u8]) -> Bytes {
    let mut out = b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec();
    out.extend_from_slice(id.as_json());
    out.extend_from_slice(b",\"method\":");
    json::quote_into(&mut out, method);
    out.extend_from_slice(b",\"params\":");
    out.extend_from_slice(params);
    out.push(b'}');
    out.into()
}

/// Waits for all answers and writes them as `inputResponses`.
async fn gather(open: Vec<(String, Question)>) -> Result<Vec<u8>, ErrorObject> {
    let mut out = b"{".to_vec();
    for (at, (key, mut question)) in open.into_iter().enumerate() {
        let result = match question.answer().await {
            Some(Ok(result)) => result,
            Some(Err(error)) => {
                let told = String::from_utf8_lossy(error.get(..1000).unwrap_or(&error)).into_owned();
                return Err(ErrorObject::internal(format!("The client could not give what 1C asked for: {told}")));
            }
            None => return Err(ErrorObject::internal("The client's answer got lost")),
        };
        if at > 0 {
            out.push(b',');
        }
        json::quote_into(&mut out, &key);
        out.push(b':');
        out.extend_from_slice(&result);
    }
    out.push(b'}');
    Ok(out)
}

/// Returns the parameters of `request` with the answers added.
fn again(request: &Request, answers: &[u8], state: Option<&[u8]>) -> Result<Params, ErrorObject> {
    let mut out = b"{\"inputResponses\":".to_vec();
    out.extend_from_slice(answers);
    for param in [Param::Name, Param::Uri, Param::Arguments] {
        if let Some(raw) = request.params.raw(param) {
            out.extend_from_slice(format!(",\"{}\":", param.name()).as_bytes());
            out.extend_from_slice(raw);
        }
    }
    if let Some(state) = state {
        out.extend_from_slice(b",\"requestState\":");
        out.extend_from_slice(state);
    }
    out.push(b'}');
    Params::parse(&out.into())
}
