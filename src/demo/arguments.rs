//! Arguments of tools and prompts, and the exceptions of 1C code.

use serde_json::{Map, Value};

use super::callers::Session;
use super::trade::Date;

/// An exception, as 1C's `Raise` throws it: a text for a person, and nothing else.
#[derive(Debug)]
pub(super) struct ExceptionError(pub(super) String);

impl From<String> for ExceptionError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The `arguments` of a call, or the `params` of a request; a missing one counts as null.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arguments<'a>(Option<&'a Map<String, Value>>);

impl<'a> Arguments<'a> {
    /// Reads an object; null counts as absent.
    ///
    /// # Errors
    ///
    /// If the value is neither an object nor null.
    pub(super) fn new(value: Option<&'a Value>) -> Result<Self, ExceptionError> {
        match value {
            None | Some(Value::Null) => Ok(Self(None)),
            Some(Value::Object(members)) => Ok(Self(Some(members))),
            Some(_) => Err(ExceptionError("Значение не является значением объектного типа".to_owned())),
        }
    }

    /// Returns a member.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.and_then(|members| members.get(name)).filter(|value| !value.is_null())
    }

    /// Returns a member that is a string.
    ///
    /// # Errors
    ///
    /// If the member is there and is no string.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ExceptionError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(mistyped(name, "Строка")),
        }
    }

    /// Returns a required member that is a string.
    ///
    /// # Errors
    ///
    /// If the member is missing or no string.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, ExceptionError> {
        let missing = || format!("Не указан обязательный параметр '{name}'");
        Ok(self.text(name)?.ok_or_else(missing)?)
    }

    /// Returns a member that is a natural number.
    ///
    /// # Errors
    ///
    /// If the member is there and is no natural number.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, ExceptionError> {
        let natural = |value: &Value| value.as_u64().and_then(|number| number.try_into().ok());
        match self.get(name) {
            None => Ok(None),
            Some(value) => natural(value).map(Some).ok_or_else(|| mistyped(name, "Число")),
        }
    }
}

/// A call of a tool: the arguments, the caller and the day.
pub(super) struct Call<'a> {
    pub(super) arguments: Arguments<'a>,
    pub(super) session: &'a Session,
    pub(super) today: Date,
}

fn mistyped(name: &str, wanted: &str) -> ExceptionError {
    ExceptionError(format!("Параметр '{name}': преобразование значения к типу {wanted} не может быть выполнено"))
}
