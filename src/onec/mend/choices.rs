//! Mends the values of the keywords `type` and `enum`.

use super::edits::Kept;
use super::mender::Mender;
use super::required::Seen;
use super::type_names::{list_of, meant, types_of};
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Scanner, unquote};
use std::borrow::Cow;

impl Mender<'_> {
    /// Mends the value of `type`.
    pub(super) fn types(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let span = scanner.skip()?;
        let raw = span.of(self.bytes).unwrap_or_default();
        let types = match raw.first() {
            Some(b'"') => unquote(raw).and_then(|text| types_of(&text)),
            Some(b'[') => {
                let items: Vec<serde_json::Value> = serde_json::from_slice(raw).unwrap_or_default();
                let mut types = Vec::new();
                for name in items.iter().filter_map(|item| meant(item.as_str()?)) {
                    if !types.contains(&name) {
                        types.push(name);
                    }
                }
                let same = types.len() == items.len() && items.iter().zip(&types).all(|(item, name)| item == name);
                if same && !types.is_empty() {
                    return Ok(true);
                }
                (!types.is_empty()).then(|| list_of(&types))
            }
            _ => None,
        };
        let Some(types) = types else { return Ok(false) };
        if raw != types.as_bytes() {
            self.edits.replace(span, types);
        }
        Ok(true)
    }

    /// Mends the value of `enum`: each choice once, and null only if the type allows it.
    pub(super) fn choices(&mut self, types: Option<&[u8]>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        if scanner.peek() != b'[' {
            return Ok(scanner.skip().map(|_| false)?);
        }
        let nulls = types.is_none_or(may_be_null);
        let mut seen = Seen::default();
        let mut kept = Kept::default();
        scanner.array::<AnswerError>(|scanner| {
            scanner.peek();
            let start = scanner.pos();
            kept.next(start, &mut self.edits);
            let raw = scanner.skip()?.of(self.bytes).unwrap_or_default();
            let stays = (nulls || raw != b"null") && seen.insert(canonical(raw));
            kept.member(start, scanner.pos(), stays, &mut self.edits);
            Ok(())
        })?;
        kept.finish(&mut self.edits);
        Ok(kept.any)
    }
}

/// Returns whether a `type` allows null, or is absent.
fn may_be_null(raw: &[u8]) -> bool {
    let names: Vec<String> = match unquote(raw) {
        Some(text) => text.split([',', ';', '|']).map(str::to_owned).collect(),
        None => serde_json::from_slice(raw).unwrap_or_default(),
    };
    let types: Vec<_> = names.iter().filter_map(|name| meant(name)).collect();
    types.is_empty() || types.contains(&"null")
}

/// Returns one form for all ways to write one value.
fn canonical(raw: &[u8]) -> Cow<'_, str> {
    if raw.first() == Some(&b'"') && !raw.contains(&b'\\') {
        return String::from_utf8_lossy(raw);
    }
    match serde_json::from_slice::<serde_json::Value>(raw) {
        Ok(serde_json::Value::Number(number)) => match number.as_f64().filter(|number| number.abs() < 9e15) {
            Some(number) => format!("{}", number + 0.0).into(),
            None => number.to_string().into(),
        },
        Ok(value) => value.to_string().into(),
        Err(_) => String::from_utf8_lossy(raw),
    }
}
