//! [`Program`]: what the program itself answers, and how its prompts and resources are.

use super::argument_error::ArgumentError;
use super::call::Call;
use super::constraints::Asker;
use super::full::Asked;
use super::handler::{FunctionError, Handler, Prepared};
use super::own::{Entry, Prompt, Resource};
use super::tool::{AnswerError, Tool};
use crate::rpc::{BoxError, ErrorObject, Item, ListEditor, Method, Param, Request, Response, cause, empty_list};
use std::collections::HashMap;
use std::future::Future;

/// The tools, prompts and resources that the program itself answers. A catalog has the same ones all its life.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) tools: Vec<Tool>,
    resources: Entries,
    prompts: Entries,
}

/// Prompts or resources, in the order in which they were added.
#[derive(Clone, Debug, Default)]
struct Entries {
    items: Vec<Item>,
    by_name: HashMap<String, Tool>,
}

impl Entries {
    /// Adds an entry, in the place of another one of its name.
    fn add(&mut self, Entry { tool, item }: Entry) {
        match self.items.iter_mut().find(|known| known.name() == tool.name()) {
            Some(known) => *known = item,
            None => self.items.push(item),
        }
        self.by_name.insert(tool.name().to_owned(), tool);
    }

    fn scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.values().map(|tool| (tool.name(), tool.scope()))
    }
}

impl Program {
    pub(super) fn add_tool(&mut self, tool: Tool) {
        match self.tools.iter_mut().find(|known| known.name() == tool.name()) {
            Some(known) => *known = tool,
            None => self.tools.push(tool),
        }
    }

    pub(super) fn add_resource(&mut self, Resource(entry): Resource) {
        self.resources.add(entry);
    }

    pub(super) fn add_prompt(&mut self, Prompt(entry): Prompt) {
        self.prompts.add(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.resources.items.is_empty() && self.prompts.items.is_empty()
    }

    /// Returns the URI of each resource, with the scope that it needs.
    pub(super) fn resource_scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources.scopes()
    }

    /// Returns the name of each prompt, with the scope that it needs.
    pub(super) fn prompt_scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.prompts.scopes()
    }

    fn entries(&self, method: &Method) -> Option<&Entries> {
        match method {
            Method::ResourcesList | Method::ResourcesRead => Some(&self.resources),
            Method::PromptsList | Method::PromptsGet => Some(&self.prompts),
            _ => None,
        }
    }

    /// Returns whether requests of this method may be for a prompt or resource of the program.
    pub(super) fn answers(&self, method: &Method) -> bool {
        match method {
            // Its reference is judged by the rules of what it names.
            Method::Complete => !(self.resources.items.is_empty() && self.prompts.items.is_empty()),
            method => self.entries(method).is_some_and(|entries| !entries.items.is_empty()),
        }
    }

    /// Returns the prompts or resources that the answer to `method` lists.
    pub(super) fn items(&self, method: &Method) -> &[Item] {
        self.entries(method).filter(|_| method.listed().is_some()).map_or(&[], |entries| &entries.items)
    }

    pub(super) fn has(&self, method: &Method, name: &str) -> bool {
        self.entries(method).is_some_and(|entries| entries.by_name.contains_key(name))
    }

    /// Returns the answer to a request for a prompt or resource of the program; `None` for any other request.
    pub(super) fn answer(
        &self,
        request: &Request,
    ) -> Option<impl Future<Output = Result<Response, BoxError>> + Send + use<>> {
        let params = &request.params;
        let (name, arguments) = match request.method {
            Method::ResourcesRead => (params.text(Param::Uri)?, None),
            Method::PromptsGet => (params.text(Param::Name)?, params.raw(Param::Arguments)),
            _ => return None,
        };
        let tool = self.entries(&request.method)?.by_name.get(&*name)?.clone();
        let mended = tool.mended(arguments, None, Asker::Model);
        let (headers, extensions) = (request.headers.clone(), request.extensions.clone());
        let prepared = mended.map(|arguments| tool.prepared(arguments, headers, extensions, request.id));
        Some(async move {
            let answer = match prepared {
                Ok(Prepared::Program(handler, call)) => called(&tool, handler, call).await,
                // None in practice: these have no other calls.
                Ok(Prepared::OneC(_)) => Err("a prompt or resource of the program with a path in 1C".into()),
                Err(unfit) => Err(unfit.into()),
            };
            answer.or_else(refused)
        })
    }

    /// Returns the list of a catalog that is alone.
    pub(super) fn list(&self, request: &Request) -> Response {
        let mut answer = empty_list(request);
        if let (Ok(list), items @ [_, ..]) = (&mut answer.outcome, self.items(&request.method)) {
            // The answer is a list, so it can be edited.
            let edited = ListEditor::new().edit(list, &request.method, &(), |list| {
                list.extend_from_slice(items);
                Ok(())
            });
            if let Err(fault) = edited {
                return Response::error(ErrorObject::from(fault));
            }
        }
        answer
    }
}

/// Makes the call, and checks the answer.
async fn called(tool: &Tool, handler: Handler, call: Call) -> Result<Response, BoxError> {
    let answer = handler.call(call).await?;
    match answer.outcome.as_ref().map(|payload| tool.seen(payload, Asked::default()).flaw) {
        Ok(Some(AnswerError::Misfit(why))) => Err(misfit(tool, &why)),
        _ => Ok(answer),
    }
}

/// Returns the error for an answer of the program that is not what its entry says. It is for the log.
pub(super) fn misfit(tool: &Tool, why: &str) -> BoxError {
    format!("a function of the program gave \"{}\" an answer that does not fit: {why}", tool.name()).into()
}

/// Returns errors that are about the request as JSON-RPC errors; others stay errors.
fn refused(error: BoxError) -> Result<Response, BoxError> {
    if let Some(unfit) = cause::<ArgumentError>(&*error) {
        return Ok(Response::error(ErrorObject::invalid_params(unfit.message.clone())));
    }
    match cause::<FunctionError>(&*error) {
        Some(failed) => Ok(Response::error(ErrorObject::internal(failed.to_string()))),
        None => Err(error),
    }
}
