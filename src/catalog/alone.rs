//! Answers where the catalog is alone, without the RPC dialect of 1C.

use super::argument_error::cut;
use super::program::Program;
use super::tools::Tools;
use crate::rpc::{ErrorObject, Method, Param, Payload, Request, Response};

/// Answers a request that is not for a tool, prompt or resource of the catalog.
pub(super) fn answer(request: &Request, tools: &Tools, program: &Program, structured: bool) -> Response {
    let name = || cut(&request.params.text(Param::Name).unwrap_or_default());
    let nothing = match request.method {
        Method::ToolsList if request.params.raw(Param::Cursor).is_none_or(|cursor| cursor == b"null") => {
            return tools.listing().alone(structured);
        }
        ref list if list.listed().is_some() => return program.list(request),
        Method::Complete => "{\"completion\":{\"values\":[]}}",
        Method::ToolsCall => return Response::error(ErrorObject::invalid_params(format!("Unknown tool: {}", name()))),
        Method::PromptsGet => {
            return Response::error(ErrorObject::invalid_params(format!("Unknown prompt: {}", name())));
        }
        Method::ResourcesRead => {
            let uri = request.params.text(Param::Uri).unwrap_or_default();
            return Response::error(ErrorObject::resource_not_found(&uri, request.version));
        }
        ref other => return Response::error(ErrorObject::method_not_found(other.as_str())),
    };
    Payload::parse(nothing).map_err(ErrorObject::from).into()
}
