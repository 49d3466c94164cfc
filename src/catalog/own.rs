//! Tools, prompts and resources that the program itself answers, with how each is created.

use super::call::Call;
use super::entry;
use super::error::CatalogError;
use super::fields::{Fields, scope};
use super::handler::Handler;
use super::limits::Limits;
use super::read;
use super::tool::Tool;
use crate::rpc::{BoxError, Item, JsonError, Method, Payload};
use serde_json::{Map, Value, json};
use std::future::Future;
use tower_service::Service;
use url::Url;

impl Tool {
    /// Creates a tool whose calls an async function of the program answers.
    ///
    /// The `entry` is that of a catalog file, without `path`, `slow`, `cache_seconds` and `drop`, which are about 1C.
    /// All else works as for the tools of a file: arguments are mended, limited and checked before the function is
    /// called, scopes and guarded values count, and the answer becomes text and `structuredContent`, checked against the
    /// `output_schema`. The function answers with a JSON object: a [`Value`] or a [`Payload`], whose bytes stay.
    ///
    /// The text of an error becomes a tool error for the language model (over REST a 500 `tool_error`); an
    /// [`ArgumentError`](super::ArgumentError) does too (over REST a 400 `validation_error`). Failed calls of 1C, other
    /// [`RpcError`](crate::rpc::RpcError)s and tower's errors stay what they are. A panic is caught, and is an internal
    /// error. There is no time limit; dropping the answer drops the function's future.
    ///
    /// # Errors
    /// [`CatalogError`] with all that is wrong in the entry.
    ///
    /// # Example
    /// ```
    /// use onec_mcp::catalog::{Call, Catalog, Limits, Tool};
    /// use onec_mcp::rpc::BoxError;
    /// use serde_json::{Value, json};
    ///
    /// async fn exchange_rate(call: Call) -> Result<Value, BoxError> {
    ///     match call.arguments["currency"].as_str() {
    ///         Some("EUR") => Ok(json!({ "rate": 98.5 })),
    ///         currency => Err(format!("No rate is known for {}.", currency.unwrap_or_default()).into()),
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// let entry = json!({
    ///     "name": "exchange_rate",
    ///     "description": "The rate of a currency today.",
    ///     "scope": "mcp:rates",
    ///     "rest": "/rates/exchange",
    ///     "input_schema": {
    ///         "type": "object",
    ///         "properties": { "currency": { "type": "string", "pattern": "^[A-Z]{3}$" } },
    ///         "required": ["currency"],
    ///     },
    ///     "output_schema": { "type": "object", "properties": { "rate": { "type": "number" } }, "required": ["rate"] },
    /// });
    /// let limits = Limits::default();
    /// let catalog = Catalog::trade(limits)?.with_tools([Tool::from_fn(&entry, limits, exchange_rate)?]);
    /// assert!(catalog.current().get("exchange_rate").is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_fn<F, Fut, T, E>(entry: &Value, limits: Limits, function: F) -> Result<Self, CatalogError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: TryInto<Payload, Error: Into<BoxError>>,
        E: Into<BoxError>,
    {
        read::own(entry, limits, Handler::from_fn(function))
    }

    /// Creates a tool whose calls a service of the program answers: a clone of it, polled to readiness, for each call.
    ///
    /// So tower's pieces can stand around a tool: `ConcurrencyLimit`, `Buffer`, and `Timeout`, after which the call ends
    /// with 504. See [`from_fn`](Self::from_fn) for all else.
    ///
    /// # Errors
    /// [`CatalogError`] with all that is wrong in the entry.
    pub fn from_service<S>(entry: &Value, limits: Limits, service: S) -> Result<Self, CatalogError>
    where
        S: Service<Call> + Clone + Send + 'static,
        S::Response: TryInto<Payload, Error: Into<BoxError>>,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        read::own(entry, limits, Handler::from_service(service))
    }
}

/// A prompt or resource of the program: it is called as a tool is, and listed as it was written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Named by the name of the prompt, or the URI of the resource.
    pub(super) tool: Tool,
    pub(super) item: Item,
}

/// A prompt that the program itself answers. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Prompt(pub(super) Entry);

/// A resource that the program itself answers. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Resource(pub(super) Entry);

impl Prompt {
    /// Creates a prompt that an async function of the program answers.
    ///
    /// The `entry` is the prompt as `prompts/list` shows it (`name`, `title`, `description`, `arguments`, `icons`,
    /// `_meta`), with the `scope` that a caller needs. The function is called with the arguments once all required ones
    /// are there, and answers with the result of `prompts/get`, which has `messages`. The text of an error becomes a
    /// JSON-RPC error.
    ///
    /// # Errors
    /// [`CatalogError`] with what is wrong in the entry.
    ///
    /// # Example
    /// ```
    /// use onec_mcp::catalog::{Call, Prompt};
    /// use onec_mcp::rpc::BoxError;
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<(), onec_mcp::catalog::CatalogError> {
    /// let entry = json!({
    ///     "name": "close_month",
    ///     "description": "What to check before a month is closed.",
    ///     "scope": "mcp",
    ///     "arguments": [{ "name": "month", "description": "As 2026-01", "required": true }],
    /// });
    /// let prompt = Prompt::from_fn(&entry, |call: Call| async move {
    ///     let text = format!("Check the documents of {} that are not posted.", call.arguments["month"]);
    ///     Ok::<_, BoxError>(json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] }))
    /// })?;
    /// # let _ = prompt;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_fn<F, Fut, T, E>(entry: &Value, function: F) -> Result<Self, CatalogError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: TryInto<Payload, Error: Into<BoxError>>,
        E: Into<BoxError>,
    {
        Self::read(entry, Handler::from_fn(function))
    }

    /// Creates a prompt that a service of the program answers: a clone of it, polled to readiness, for each request.
    ///
    /// # Errors
    /// [`CatalogError`] with what is wrong in the entry.
    pub fn from_service<S>(entry: &Value, service: S) -> Result<Self, CatalogError>
    where
        S: Service<Call> + Clone + Send + 'static,
        S::Response: TryInto<Payload, Error: Into<BoxError>>,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        Self::read(entry, Handler::from_service(service))
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        self.0.tool.name()
    }

    fn read(entry: &Value, handler: Handler) -> Result<Self, CatalogError> {
        const KEYS: [&str; 7] = ["name", "title", "description", "scope", "arguments", "icons", "_meta"];
        let read = Fields::read(entry, &KEYS).and_then(|fields| {
            let name = fields.needed_text("name")?;
            let input = prompt_schema(fields)?;
            let tool = stand_in(name, fields, input, "messages", handler)?;
            Ok(Self(Entry { tool, item: item(&Method::PromptsList, entry)? }))
        });
        read.map_err(|error| error.of_file("a prompt of this program"))
    }
}

impl Resource {
    /// Creates a resource that an async function of the program answers.
    ///
    /// The `entry` is the resource as `resources/list` shows it (`uri`, `name`, `title`, `description`, `mimeType`,
    /// `size`, `annotations`, `icons`, `_meta`), with the `scope` that a caller needs. The function answers with the
    /// result of `resources/read`, which has `contents`. The text of an error becomes a JSON-RPC error.
    ///
    /// # Errors
    /// [`CatalogError`] with what is wrong in the entry.
    ///
    /// # Example
    /// ```
    /// use onec_mcp::catalog::{Call, Resource};
    /// use onec_mcp::rpc::BoxError;
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<(), onec_mcp::catalog::CatalogError> {
    /// let entry = json!({ "uri": "app://rules", "name": "Rules of sale", "mimeType": "text/plain", "scope": "mcp" });
    /// let resource = Resource::from_fn(&entry, |call: Call| async move {
    ///     let text = "Discounts above 10 % need a manager.";
    ///     Ok::<_, BoxError>(json!({ "contents": [{ "uri": &*call.name, "mimeType": "text/plain", "text": text }] }))
    /// })?;
    /// # let _ = resource;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_fn<F, Fut, T, E>(entry: &Value, function: F) -> Result<Self, CatalogError>
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: TryInto<Payload, Error: Into<BoxError>>,
        E: Into<BoxError>,
    {
        Self::read(entry, Handler::from_fn(function))
    }

    /// Creates a resource that a service of the program answers: a clone of it, polled to readiness, for each request.
    ///
    /// # Errors
    /// [`CatalogError`] with what is wrong in the entry.
    pub fn from_service<S>(entry: &Value, service: S) -> Result<Self, CatalogError>
    where
        S: Service<Call> + Clone + Send + 'static,
        S::Response: TryInto<Payload, Error: Into<BoxError>>,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        Self::read(entry, Handler::from_service(service))
    }

    /// Returns the URI.
    pub fn uri(&self) -> &str {
        self.0.tool.name()
    }

    fn read(entry: &Value, handler: Handler) -> Result<Self, CatalogError> {
        const KEYS: [&str; 10] =
            ["uri", "name", "title", "description", "mimeType", "size", "scope", "annotations", "icons", "_meta"];
        let read = Fields::read(entry, &KEYS).and_then(|fields| {
            let uri = fields.needed_text("uri")?;
            Url::parse(uri)
                .map_err(|error| CatalogError::at("uri", format!("must be a URI, as app://rules: {error}")))?;
            fields.needed_text("name")?;
            fields.text("mimeType")?;
            let tool = stand_in(uri, fields, json!({ "type": "object" }), "contents", handler)?;
            Ok(Self(Entry { tool, item: item(&Method::ResourcesList, entry)? }))
        });
        read.map_err(|error| error.of_file("a resource of this program"))
    }
}

/// Returns the input schema that takes the arguments of a prompt: texts.
fn prompt_schema(fields: Fields<'_>) -> Result<Value, CatalogError> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (at, argument) in fields.array("arguments")?.iter().enumerate() {
        let read = Fields::read(argument, &["name", "title", "description", "required"]).and_then(|fields| {
            let name = fields.needed_text("name")?;
            let text = match fields.text("description")? {
                Some(description) => json!({ "type": "string", "description": description }),
                None => json!({ "type": "string" }),
            };
            if fields.flag("required")? == Some(true) {
                required.push(Value::from(name));
            }
            match properties.insert(name.to_owned(), text) {
                None => Ok(()),
                Some(_) => Err(CatalogError::at("name", "is the name of another argument already")),
            }
        });
        read.map_err(|error| error.within(&format!("arguments[{at}]")))?;
    }
    Ok(json!({ "type": "object", "properties": properties, "required": required }))
}

/// Returns the tool by which a prompt or resource is called. Its answers must have the array `member`.
fn stand_in(
    name: &str,
    fields: Fields<'_>,
    input: Value,
    member: &str,
    handler: Handler,
) -> Result<Tool, CatalogError> {
    fields.text("title")?;
    fields.text("description")?;
    entry::meta(fields)?;
    let needed = fields.needed_text("scope")?;
    let needed = scope(needed).map_err(|error| error.within("scope"))?;
    let tool = json!({
        "name": name,
        "description": name,
        "scope": needed,
        "input_schema": input,
        "output_schema": { "type": "object", "properties": { member: { "type": "array" } }, "required": [member] },
    });
    read::own(&tool, Limits::default(), handler)
}

/// Returns the entry as it is listed.
fn item(method: &Method, entry: &Value) -> Result<Item, CatalogError> {
    let mut shown = entry.clone();
    if let Some(members) = shown.as_object_mut() {
        members.remove("scope");
    }
    Item::new(method, &shown).map_err(|fault: JsonError| CatalogError::new(fault.to_string()))
}
