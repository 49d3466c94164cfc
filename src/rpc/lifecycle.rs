//! Requests that a bridge answers itself and 1C never gets: `initialize`, `server/discover`, `ping`,
//! `logging/setLevel`, `resources/subscribe` and `resources/unsubscribe`, and lists with a cursor that is no
//! string.

use super::error::ErrorObject;
use super::level::Level;
use super::message::Request;
use super::method::Method;
use super::params::Param;
use super::payload::Payload;
use super::response::Response;
use super::version::{Era, Version};
use bytes::Bytes;
use serde_json::{Value, json};

/// The server as it introduces itself to clients: name, version, instructions and capabilities.
///
/// The default capabilities are tools, resources, prompts, completions and logging: all that a 1C extension may
/// have. Lists do not announce changes, since 1C cannot.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    info: Value,
    capabilities: Value,
    instructions: Option<String>,
    texts: Texts,
}

/// The answers, written once.
#[derive(Clone, Debug, Default)]
struct Texts {
    info: Bytes,
    discover: Bytes,
}

impl ServerInfo {
    /// Creates a server with this name and version.
    pub fn new(name: &str, version: &str) -> Self {
        let capabilities = json!({
            "completions": {}, "logging": {}, "prompts": {}, "resources": {}, "tools": {},
        });
        let info = json!({ "name": name, "version": version });
        Self { info, capabilities, instructions: None, texts: Texts::default() }.written()
    }

    /// Sets the instructions: text for a language model to read before it uses this server.
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self.written()
    }

    /// Replaces the default capabilities with this object, which clients get as `capabilities`.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self.written()
    }

    fn written(mut self) -> Self {
        self.texts.info = self.info.to_string().into();
        let mut discover = json!({
            "supportedVersions": Version::ALL.map(Version::as_str),
            "capabilities": self.capabilities,
        });
        self.instruct(&mut discover);
        self.texts.discover = discover.to_string().into();
        self
    }

    fn instruct(&self, answer: &mut Value) {
        if let (Some(text), Some(object)) = (&self.instructions, answer.as_object_mut()) {
            object.insert("instructions".into(), text.as_str().into());
        }
    }

    /// Returns the name and version as a JSON object.
    pub(crate) fn json(&self) -> &Bytes {
        &self.texts.info
    }

    /// Returns the answer to `request`, if a bridge answers it itself.
    pub(crate) fn answer(&self, request: &Request) -> Option<Response> {
        let outcome = match (request.version.era(), &request.method) {
            (Era::Modern, Method::Discover) => Ok(self.texts.discover.clone()),
            (Era::Legacy, Method::Initialize) => self.initialize(request),
            (Era::Legacy, Method::SetLevel) => Level::of_request(request).map(|_| empty()),
            (Era::Legacy, Method::Ping | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe) => Ok(empty()),
            // Each era has methods that the other one does not have.
            (
                Era::Modern,
                Method::Initialize
                | Method::Ping
                | Method::SetLevel
                | Method::ResourcesSubscribe
                | Method::ResourcesUnsubscribe,
            )
            | (Era::Legacy, Method::Discover | Method::Listen) => {
                Err(ErrorObject::method_not_found(request.method.as_str()))
            }
            (_, list) if list.listed().is_some() && has_odd_cursor(request) => {
                Err(ErrorObject::invalid_params("cursor must be a string"))
            }
            _ => return None,
        };
        Some(match outcome {
            Ok(json) => Payload::parse(json).map_err(ErrorObject::from).into(),
            Err(error) => Response::error(error),
        })
    }

    /// Answers `initialize`
    /// ([2025-11-25, initialization](https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#initialization)).
    fn initialize(&self, request: &Request) -> Result<Bytes, ErrorObject> {
        let version =
            asked_version(request).ok_or_else(|| ErrorObject::invalid_params("protocolVersion must be a string"))?;
        let mut answer = json!({
            "protocolVersion": version.as_str(),
            "capabilities": self.capabilities,
            "serverInfo": self.info,
        });
        self.instruct(&mut answer);
        Ok(answer.to_string().into())
    }
}

impl Default for ServerInfo {
    fn default() -> Self {
        Self::new("1C Configuration Data Tools", "1.0.0")
    }
}

/// Returns whether the cursor is no string, which 1C might take for anything. `null` counts as no cursor: some
/// clients write every member.
fn has_odd_cursor(request: &Request) -> bool {
    let cursor = request.params.raw(Param::Cursor);
    cursor.is_some_and(|raw| raw != b"null" && request.params.text(Param::Cursor).is_none())
}

/// Returns the version that an `initialize` leads to; `None` if the requested one is not a version. A client
/// that requests none predates the choice.
pub(crate) fn asked_version(request: &Request) -> Option<Version> {
    match request.params.raw(Param::ProtocolVersion) {
        None | Some(b"null") => Some(Version::V2024_11_05),
        Some(_) => request.params.text(Param::ProtocolVersion).map(|asked| Version::negotiate(&asked)),
    }
}

const fn empty() -> Bytes {
    Bytes::from_static(b"{}")
}
