//! JSON as a [`Value`], read strictly.

use super::{JsonError, Member, Scanner};
use serde_json::{Map, Value};

/// Reads JSON text. A key that stands twice in an object is an error, as two readers could see different values.
///
/// # Errors
/// [`JsonError`] for that, for text that is not JSON, and for a string or number that a [`Value`] cannot hold.
pub(in crate::rpc) fn value(json: &[u8]) -> Result<Value, JsonError> {
    let mut scanner = Scanner::new(json)?;
    let value = read(&mut scanner, json)?;
    scanner.end()?;
    Ok(value)
}

fn read(scanner: &mut Scanner<'_>, json: &[u8]) -> Result<Value, JsonError> {
    match scanner.peek() {
        b'{' => {
            let mut members = Map::new();
            scanner.object::<JsonError>(|scanner, Member { key, .. }| {
                let value = read(scanner, json)?;
                match members.insert(key.into_owned(), value) {
                    None => Ok(()),
                    Some(_) => Err(JsonError::Expected("a key stands twice in one object")),
                }
            })?;
            Ok(Value::Object(members))
        }
        b'[' => {
            let mut items = Vec::new();
            scanner.array::<JsonError>(|scanner| {
                items.push(read(scanner, json)?);
                Ok(())
            })?;
            Ok(Value::Array(items))
        }
        _ => {
            let scalar = scanner.skip()?.of(json).unwrap_or_default();
            let unheld = JsonError::Expected("a text holds half of a surrogate pair, or a number is too large");
            serde_json::from_slice(scalar).map_err(|_| unheld)
        }
    }
}
