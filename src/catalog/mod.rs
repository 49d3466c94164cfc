//! A catalog: business tools as data, each with its name, its arguments, and the endpoint of 1C that answers it.
//!
//! A [`CatalogLayer`] puts the tools of a [`Catalog`] before those of the RPC dialect. A call of such a tool
//! becomes a [`RestCall`](crate::onec::RestCall) to the layer's handle, after its arguments were mended, completed
//! with defaults, limited by the ceilings and checked against a JSON Schema of 2020-12. Arguments that do not
//! fit give a tool result with `isError` that names the field and what is allowed, so that a language
//! model can correct its call. 1C's JSON is returned as text and as `structuredContent`.
//!
//! # The file
//!
//! A catalog file is a value with the keys `extends` and `tools`, which the program parses from YAML or JSON
//! ([`Tools::read`]). With `extends: trade` it begins with the [built-in tools](Tools::trade): a tool
//! of the same name replaces the inherited one, `drop: true` (with nothing but `name`) removes it,
//! others are added at the end. At most 1000 tools, each of at most 256 KiB.
//!
//! ```yaml
//! extends: trade
//! tools:
//!   - name: order_status
//!     title: Order status
//!     description: State of customer orders. The ids come from resolve_customer.
//!     scope: mcp:report:sales
//!     path: reports/order_status
//!     slow: true
//!     clamp: {top: max_rows}
//!     within: {sort.field: [measures]}
//!     input_schema:
//!       type: object
//!       properties:
//!         customer_ids: {type: array, items: {type: string, format: uuid}}
//!         measures: {type: array, items: {enum: [amount, debt]}, default: [amount]}
//!         sort: {type: array, items: {type: object, properties: {field: {type: string}}}}
//!         top: {type: integer, minimum: 1}
//!   - name: cash_flow
//!     drop: true
//! ```
//!
//! | Key of a tool | Value |
//! |---|---|
//! | `name` | 1 to 256 characters, unique |
//! | `title` | for people; optional |
//! | `description` | for the language model |
//! | `scope` | the scope that a caller needs |
//! | `path` | below the service root of 1C: `reports/sales` |
//! | `input_schema` | a JSON Schema of 2020-12 with `type: object`; unknown arguments are rejected, at the top and in nested objects, unless the schema says otherwise there (`additionalProperties: true`) |
//! | `output_schema` | a JSON Schema of the results; optional |
//! | `slow` | whether it may take as long as a report; `false` if absent |
//! | `cache_seconds` | how long an answer may be remembered, at most a day; 0 if absent |
//! | `max_chars` | the most characters of an answer; a longer one is cut at a row |
//! | `clamp` | ceilings: an integer argument, and a number, `max_rows` or `resolve_limit`. A larger value is lowered; an absent one is the schema's `default`; without one it is `default_rows` for `max_rows`, and the ceiling otherwise. `{default}` and `{ceiling}` in the argument's description are replaced by the numbers |
//! | `guarded` | a list of `{field, values, scope}`: values of an enum that need another scope; `names` are other names of them in answers |
//! | `within` | an argument, and a list of others: each of its values must be among theirs in the same call |
//! | `one_of` | a list of lists: exactly one of these arguments must be there |
//! | `any_of` | a list of lists: at least one of these arguments must be there |
//! | `order` | a list of pairs: the first must not come after the second, compared as texts up to the shorter length (`[period.from, period.to]`). The time zone of a date-time is ignored; moments of different zones, or with and without one, are left to 1C |
//! | `rest` | the path of its REST endpoint: `/reports/sales`; optional |
//! | `annotations` | `title`, `readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint`, as in MCP |
//! | `_meta` | an object that is passed to clients as it is |
//! | `drop` | removes the inherited tool |
//!
//! Arguments within objects are named as in `period.from`; `guarded` and `within` pass through arrays
//! (`sort.field`). The ceilings of `limit` and `top` are also the most rows and candidates that 1C may
//! send; for a tool without them these are `max_rows` and `resolve_limit`.
//!
//! Schemas cannot refer to other documents, and nothing is ever fetched. Patterns are matched in
//! linear time, so look-around and back-references are not supported. All formats are asserted. Unknown keywords and
//! formats are [noted](Tools::notes).
//!
//! # Answers
//!
//! Values that any tool of the catalog guards, and their `names`, are removed from the answers of all tools for callers
//! without the scope: columns with their cells, totals, and members at any depth, in the text and in
//! `structuredContent`. They are found in any case, and with a remark after them (`Margin, %`). Values that a tool
//! offers in an enum of its own, and does not guard, stay in its answers.
//!
//! `rows`, `candidates` and `events` are counted. More than the ceiling is a tool error (`limit_exceeded`).
//! If there are as many as the call asked for, a text block is added that says so and how to get the rest. An answer
//! longer than `max_chars`, counted as compact JSON, is cut after an item, in the text and in
//! `structuredContent` alike, and a text block says how many items there were.
//!
//! # Mending
//!
//! Only values that the schema rejects are changed: numbers and booleans in quotes, `1`, `0` and `yes` for
//! booleans, objects and arrays as JSON text, one value instead of an array, words of an enum in another
//! case, moments instead of dates. `""`, `null`, `[]` and `{}` for an optional argument that does not accept
//! them mean that it is absent, as does 0 or less for a number of rows. Duplicate keys and
//! numbers that a double cannot hold are errors.
//!
//! # Tools of the program
//!
//! [`Tool::from_fn`] and [`Tool::from_service`] create tools that the program itself answers, in Rust, from an entry
//! without `path`; with the feature `schemars`, `Tool::typed` takes the schemas from the types of a function. Arguments,
//! scopes, answers, the audit trail and the REST endpoints are as for any other tool of the catalog.
//! [`Catalog::with_tools`] adds them; they stay when the file's tools are replaced. [`Resource`] and [`Prompt`] are
//! resources and prompts of this kind, listed before those of 1C.
//!
//! # Example
//!
//! ```
//! use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tools};
//! use onec_mcp::onec::{Infobase, OneCService};
//! use serde_json::json;
//! use tower::Layer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = json!({ "tools": [{
//!     "name": "stock",
//!     "description": "How much of a product is left.",
//!     "scope": "mcp:report:stock",
//!     "path": "reports/stock",
//!     "clamp": { "top": "max_rows" },
//!     "input_schema": {
//!         "type": "object",
//!         "properties": {
//!             "products": { "type": "array", "items": { "type": "string" } },
//!             "top": { "type": "integer", "minimum": 1 },
//!         },
//!         "required": ["products"],
//!     },
//! }]});
//! let tools = Tools::read(&file, "stock.yaml", Limits::default())?;
//!
//! let stock = tools.get("stock").ok_or("no such tool")?;
//! let call = stock.prepare(Some(br#"{"products": "[\"Lamp\"]", "top": "99999"}"#))?;
//! assert_eq!(call.body, r#"{"products":["Lamp"],"top":5000}"#);
//! let unfit = stock.prepare(Some(br#"{"product": []}"#)).err().ok_or("it fits")?;
//! assert!(unfit.to_string().contains("did you mean products?"));
//!
//! let onec = OneCService::new(Infobase::new("http://localhost/base")?.basic("mcp", String::new()))?;
//! let service = CatalogLayer::new(Catalog::new(tools), onec.rest()).layer(onec);
//! # let _ = service;
//! # Ok(())
//! # }
//! ```

mod alone;
mod argument_error;
mod arguments;
mod between;
mod call;
mod constraints;
mod defaults;
mod entry;
mod error;
mod explain;
mod fields;
#[cfg(feature = "check")]
mod form;
mod full;
mod future;
mod guarded;
mod handler;
mod hidden;
#[cfg(feature = "rest")]
mod judged;
mod layer;
mod limits;
mod listing;
mod live;
mod mend;
mod merge;
mod number;
mod own;
mod program;
mod read;
mod schema;
mod service;
mod shape;
mod shapes;
mod shorten;
mod tool;
mod tools;
#[cfg(feature = "schemars")]
mod typed;
mod types;
mod unfold;
mod vocabulary;
mod words;
mod wrap;

pub use argument_error::ArgumentError;
pub use call::Call;
pub use error::CatalogError;
#[cfg(feature = "check")]
pub(crate) use form::{Fit, Form};
pub use future::ResponseFuture;
#[cfg(feature = "rest")]
pub(crate) use handler::{FunctionError, Prepared};
#[cfg(feature = "rest")]
pub(crate) use judged::JudgedError;
pub use layer::CatalogLayer;
pub use limits::Limits;
pub use live::Catalog;
pub use own::{Prompt, Resource};
pub use service::CatalogService;
pub use tool::Tool;
pub use tools::Tools;
