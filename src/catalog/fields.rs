//! Reads the members of an object in a catalog file.

use super::argument_error::{cut, hint, listed};
use super::error::CatalogError;
use crate::identity::Scopes;
use serde_json::{Map, Value};

/// An object with known keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Reads an object that has only keys in `known`.
    ///
    /// # Errors
    /// [`CatalogError`] if it is not an object, and for each unknown key.
    pub(super) fn read(value: &'a Value, known: &[&str]) -> Result<Self, CatalogError> {
        let (fields, strange) = Self::with_strange(value, known)?;
        CatalogError::all(strange).map(|()| fields)
    }

    /// Reads an object, with an error for each key that is not in `known`.
    ///
    /// # Errors
    /// [`CatalogError`] if it is not an object.
    pub(super) fn with_strange(value: &'a Value, known: &[&str]) -> Result<(Self, Vec<CatalogError>), CatalogError> {
        let Value::Object(map) = value else {
            return Err(CatalogError::new(format!(
                "must be an object with the keys {}",
                listed(known.iter().copied())
            )));
        };
        let strange = map.keys().filter(|key| !known.contains(&key.as_str()));
        let unknown = |key: &String| {
            let known = || known.iter().copied();
            let message = format!("unknown key{}; known here: {}", hint(key, known()), listed(known()));
            CatalogError::at(cut(key), message)
        };
        Ok((Self(map), strange.map(unknown).collect()))
    }

    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key)
    }

    /// Returns the number of members.
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    pub(super) fn needed(self, key: &str) -> Result<&'a Value, CatalogError> {
        self.get(key).ok_or_else(|| CatalogError::at(key, "is missing"))
    }

    /// Returns a text that is not empty.
    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>, CatalogError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_str() {
            Some(text) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(CatalogError::at(key, "must not be empty")),
            None => Err(CatalogError::at(key, "must be a text")),
        }
    }

    pub(super) fn needed_text(self, key: &str) -> Result<&'a str, CatalogError> {
        self.text(key)?.ok_or_else(|| CatalogError::at(key, "is missing"))
    }

    pub(super) fn flag(self, key: &str) -> Result<Option<bool>, CatalogError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| CatalogError::at(key, "must be true or false"))
    }

    /// Returns an array; empty if the key is absent.
    pub(super) fn array(self, key: &str) -> Result<&'a [Value], CatalogError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(CatalogError::at(key, "must be an array")),
        }
    }

    /// Returns the members of an object; none if the key is absent.
    pub(super) fn object(self, key: &str) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, CatalogError> {
        match self.get(key) {
            None => Ok(None.into_iter().flatten()),
            Some(Value::Object(map)) => Ok(Some(map).into_iter().flatten()),
            Some(_) => Err(CatalogError::at(key, "must be an object")),
        }
    }
}

/// Returns the texts of an array that is not empty.
///
/// # Errors
/// [`CatalogError`] for anything else.
pub(super) fn texts(value: &Value) -> Result<Vec<&str>, CatalogError> {
    let texts = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    texts.filter(|texts| !texts.is_empty()).ok_or_else(|| CatalogError::new("must be an array of texts, not empty"))
}

/// Returns a text that is one scope.
///
/// # Errors
/// [`CatalogError`] for anything else.
pub(super) fn scope(text: &str) -> Result<String, CatalogError> {
    // Scopes are sent to 1C separated by commas.
    if Scopes::is_token(text) && !text.contains(',') {
        return Ok(text.to_owned());
    }
    Err(CatalogError::new("must be one scope: visible ASCII characters without spaces, commas, quotes and backslashes"))
}
