//! [`Tool::typed`]: a tool with the schemas of Rust types.

use super::argument_error::ArgumentError;
use super::call::Call;
use super::error::CatalogError;
use super::limits::Limits;
use super::tool::Tool;
use crate::rpc::{BoxError, Payload};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::future::Future;
use std::sync::Arc;

impl Tool {
    /// Creates a tool with the schemas of an async function's types: that of its arguments `A` and of its answer `T`, as
    /// `schemars` derives them. The feature `schemars` adds this method.
    ///
    /// The `entry` is as for [`from_fn`](Self::from_fn); an `input_schema` or `output_schema` in it counts instead of
    /// the derived one. `A` must be a struct with named fields, and so must `T`, or a [`Value`], for which no
    /// `output_schema` is shown. The function gets the arguments, and the [`Call`] without them.
    ///
    /// # Errors
    /// [`CatalogError`] with all that is wrong in the entry or the derived schemas.
    ///
    /// # Example
    /// ```
    /// use onec_mcp::catalog::{Call, CatalogError, Limits, Tool};
    /// use onec_mcp::rpc::BoxError;
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use serde_json::json;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Asked {
    ///     /// Three letters of ISO 4217.
    ///     currency: String,
    /// }
    ///
    /// #[derive(Serialize, JsonSchema)]
    /// struct Rate {
    ///     rate: f64,
    /// }
    ///
    /// async fn exchange_rate(asked: Asked, _: Call) -> Result<Rate, BoxError> {
    ///     match &*asked.currency {
    ///         "EUR" => Ok(Rate { rate: 98.5 }),
    ///         other => Err(format!("No rate is known for {other}.").into()),
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), CatalogError> {
    /// let entry = json!({ "name": "rate", "description": "The rate of a currency today.", "scope": "mcp:rates" });
    /// let tool = Tool::typed(&entry, Limits::default(), exchange_rate)?;
    /// assert_eq!(tool.input_schema()["required"], json!(["currency"]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn typed<A, F, Fut, T, E>(entry: &Value, limits: Limits, function: F) -> Result<Self, CatalogError>
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(A, Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Serialize + JsonSchema,
        E: Into<BoxError>,
    {
        let mut entry = entry.clone();
        if let Some(members) = entry.as_object_mut() {
            members.entry("input_schema").or_insert_with(|| {
                let mut input = derived::<A>(SchemaSettings::draft2020_12());
                without_null(&mut input);
                input
            });
            let output = derived::<T>(SchemaSettings::draft2020_12().for_serialize());
            // A `Value` may be anything.
            if output.get("type").is_some() {
                members.entry("output_schema").or_insert(output);
            }
        }
        let function = Arc::new(function);
        Self::from_fn(&entry, limits, move |mut call: Call| {
            let function = Arc::clone(&function);
            async move {
                let unfit = |error: serde_json::Error| ArgumentError::new(error.to_string()).told();
                let arguments = serde_json::from_value(call.arguments.take()).map_err(unfit)?;
                let answer = function(arguments, call).await.map_err(Into::into)?;
                Ok::<_, BoxError>(Written(serde_json::to_vec(&answer)))
            }
        })
    }
}

/// Returns the schema of a type, as clients are shown it.
fn derived<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let mut schema = Value::from(settings.into_generator().into_root_schema_for::<T>());
    if let Some(members) = schema.as_object_mut() {
        // The name of the Rust type, and the dialect that is the only one here.
        members.remove("title");
        members.remove("$schema");
    }
    without_widths(&mut schema);
    schema
}

/// Removes the formats of numbers (`uint32`, `double`), which JSON Schema does not have.
fn without_widths(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let is_width =
                |format: &str| ["int", "uint", "float", "double"].iter().any(|kind| format.starts_with(kind));
            if members.get("format").and_then(Value::as_str).is_some_and(is_width) {
                members.remove("format");
            }
            members.values_mut().for_each(without_widths);
        }
        Value::Array(items) => items.iter_mut().for_each(without_widths),
        _ => {}
    }
}

/// Removes null where a member may be absent, in all objects of an input schema: an absent argument says it already, and
/// a null for it is taken as that. What is left is plain enough to be mended, and for the APIs of all models.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let required = members.get("required").cloned().unwrap_or_default();
            let is_required = |name: &str| required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                let optional = properties.iter_mut().filter(|(name, _)| !is_required(name));
                optional.filter_map(|(_, member)| member.as_object_mut()).for_each(not_null);
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Removes null from what a schema allows, if something else is left.
fn not_null(schema: &mut Map<String, Value>) {
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &mut **types {
            let only = only.take();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
        options.retain(|option| option.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = &mut **options {
            let mut only = std::mem::take(only);
            schema.remove("anyOf");
            // A description of the member counts more than that of its type.
            only.append(schema);
            *schema = only;
        }
    }
}

/// An answer that was written as JSON, if it could be.
struct Written(Result<Vec<u8>, serde_json::Error>);

impl TryFrom<Written> for Payload {
    type Error = BoxError;

    fn try_from(Written(json): Written) -> Result<Self, BoxError> {
        Ok(Self::parse(json?)?)
    }
}
