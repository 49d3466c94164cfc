//! [`Form`]: checks and mends arguments by schemas that are not the catalog's.

use super::argument_error::ArgumentError;
use super::arguments::{check_held, parse, parse_nearly, write};
use super::explain::explain;
use super::mend::mend;
use super::schema::compile_foreign;
use super::shapes::Shapes;
use jsonschema::Validator;
use serde_json::{Map, Value};

/// A compiled input schema of 1C's own tool.
#[derive(Debug)]
pub(crate) struct Form {
    shapes: Shapes,
    validator: Validator,
    /// The schema with formats asserted: arguments that fit it need no mending.
    strict: Validator,
}

/// Arguments that fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    AsTheyAre,
    Mended(Vec<u8>),
}

impl Form {
    /// Compiles a schema.
    ///
    /// # Errors
    /// A sentence about what is wrong with the schema; then nothing can be checked by it.
    pub(crate) fn of(schema: &Value) -> Result<Self, String> {
        Ok(Self {
            shapes: Shapes::read(schema)?.without_defaults(),
            validator: compile_foreign(schema, false)?,
            strict: compile_foreign(schema, true)?,
        })
    }

    /// Checks arguments. Those that fit stay byte for byte; those that were [mended](mend) are written
    /// anew.
    ///
    /// # Errors
    /// [`ArgumentError`] if they cannot be mended.
    pub(crate) fn fit(&self, arguments: &[u8]) -> Result<Fit, ArgumentError> {
        self.fitted(arguments).map_err(ArgumentError::told)
    }

    fn fitted(&self, arguments: &[u8]) -> Result<Fit, ArgumentError> {
        let seen = parse_nearly(arguments)?;
        if self.strict.is_valid(&seen) {
            return Ok(Fit::AsTheyAre);
        }
        let fits = self.validator.is_valid(&seen);
        let mended = parse(arguments, 0).and_then(|mut root| {
            if matches!(&root, Value::Null) || root.as_str().is_some_and(|text| text.trim().is_empty()) {
                root = Value::Object(Map::new());
            }
            mend(&self.shapes, 0, &mut root, 0)?;
            check_held(&root)?;
            Ok(root)
        });
        match mended {
            Ok(root) if root != seen && self.validator.is_valid(&root) => {
                let mut out = Vec::with_capacity(arguments.len());
                write(&mut out, &root);
                Ok(Fit::Mended(out))
            }
            _ if fits => Ok(Fit::AsTheyAre),
            Ok(root) => Err(explain(&self.validator, &self.shapes, &root, &[])),
            Err(unfit) => Err(unfit),
        }
    }
}
