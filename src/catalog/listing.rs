//! The tools as `tools/list` shows them, written once.

use super::tool::{Definition, Tool};
use crate::rpc::json::JsonError;
use crate::rpc::{ErrorObject, Item, Payload, Response};
use serde_json::{Map, Value};

/// The items of the list, and the whole list.
#[derive(Clone, Debug)]
struct Written {
    items: Vec<Item>,
    whole: Result<Payload, JsonError>,
}

/// The lists with and without output schemas.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    structured: Written,
    plain: Written,
}

impl Default for Listing {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Listing {
    pub(super) fn of(tools: &[Tool]) -> Self {
        let all = |structured| Written::of(tools.iter().map(|tool| item(&tool.0, structured)).collect());
        Self { structured: all(true), plain: all(false) }
    }

    const fn written(&self, structured: bool) -> &Written {
        if structured { &self.structured } else { &self.plain }
    }

    /// Returns one item for each tool.
    ///
    /// # Errors
    /// [`JsonError`] if some tool is nested too deeply for a list.
    pub(super) fn items(&self, structured: bool) -> Result<&[Item], JsonError> {
        let Written { items, whole } = self.written(structured);
        whole.as_ref().map(|_| &items[..]).map_err(|fault| *fault)
    }

    /// Returns the whole answer, if there are no other tools.
    pub(super) fn alone(&self, structured: bool) -> Response {
        self.written(structured).whole.clone().map_err(ErrorObject::from).into()
    }
}

impl Written {
    fn of(items: Vec<Item>) -> Self {
        let json: Vec<&[u8]> = items.iter().map(|item| &*item.json).collect();
        let whole = Payload::parse([b"{\"tools\":[", &*json.join(&b","[..]), b"]}"].concat());
        Self { items, whole }
    }
}

fn item(tool: &Definition, structured: bool) -> Item {
    let mut item = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            item.insert(key.to_owned(), value);
        }
    };
    put("name", Some(Value::from(&*tool.name)));
    put("title", tool.title.as_deref().map(Value::from));
    put("description", Some(Value::from(&*tool.description)));
    put("inputSchema", Some(tool.input_schema.clone()));
    put("outputSchema", tool.output_schema.clone().filter(|_| structured));
    put("annotations", tool.annotations.clone());
    put("_meta", tool.meta.clone());
    let mut out = Vec::new();
    super::arguments::write(&mut out, &Value::Object(item));
    Item::named("name", &tool.name, out)
}
