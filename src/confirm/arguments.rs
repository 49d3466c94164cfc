//! Removes the arguments that only the user may give.

use crate::rpc::json::{JsonError, Tree};

/// Returns whether 1C may take a key for `_confirmation`: 1C ignores case.
pub(super) fn is_confirmation(key: &str) -> bool {
    const NAME: &str = "_confirmation";
    let key = key.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    key.len() == NAME.len() && key.eq_ignore_ascii_case(NAME)
}

/// Returns whether such a key may stand somewhere in this JSON text. Most texts have none, so this check looks at
/// many bytes at a time and may be wrong the other way.
pub(super) fn may_hold(json: &[u8]) -> bool {
    // `_...f..m`, or the beginning of an escaped ASCII character.
    let (fours, sevens) = (json.get(4..).unwrap_or_default(), json.get(7..).unwrap_or_default());
    let thirds = json.get(3..).unwrap_or_default();
    let written = json.iter().zip(fours).zip(sevens).fold(0, |may, ((first, fifth), eighth)| {
        may | u8::from(*first == b'_') & u8::from(*fifth | 0x20 == b'f') & u8::from(*eighth | 0x20 == b'm')
    });
    let escaped = json
        .iter()
        .zip(thirds)
        .fold(0, |may, (first, fourth)| may | u8::from(*first == b'\\') & u8::from(*fourth == b'0'));
    written | escaped != 0
}

/// Returns the arguments without such keys; `None` if there are none.
///
/// # Errors
/// [`JsonError`] if the arguments are not JSON.
pub(super) fn without(arguments: &[u8]) -> Result<Option<Vec<u8>>, JsonError> {
    let mut tree = Tree::parse(arguments)?;
    // Layers beneath may read JSON text as an object.
    if let Tree::Text(text) = &tree
        && let Some(inner) = of_text(text)
    {
        tree = inner;
    }
    if !strip(&mut tree) {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(arguments.len());
    tree.write(&mut out);
    Ok(Some(out))
}

/// Removes such keys from the tree, and returns whether there were any.
pub(super) fn strip(tree: &mut Tree) -> bool {
    match tree {
        Tree::Object(members) => {
            let before = members.len();
            members.retain(|(key, _)| !is_confirmation(key));
            let found = before != members.len();
            // Not `any`, which would stop at the first match.
            members.iter_mut().fold(found, |found, (_, value)| strip(value) | found)
        }
        Tree::Array(items) => items.iter_mut().fold(false, |found, item| strip(item) | found),
        Tree::Text(text) => {
            let Some(mut inner) = of_text(text) else { return false };
            let found = strip(&mut inner);
            if found {
                let mut json = Vec::with_capacity(text.len());
                inner.write(&mut json);
                *text = String::from_utf8_lossy(&json).into_owned();
            }
            found
        }
        Tree::Raw(_) => false,
    }
}

/// Parses a text that is a JSON object or array: 1C, or a layer beneath, may read it as one.
fn of_text(text: &str) -> Option<Tree> {
    let json = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !json.starts_with(['{', '[']) || !may_hold(json.as_bytes()) {
        return None;
    }
    Tree::parse(json.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_goes() {
        for key in [
            "_confirmation",
            "_Confirmation",
            "_CONFIRMATION",
            "\\u005fconfirmation",
            "_c\\u006Fnfirmation",
            "_con\\u0066irmation",
            "\\ufeff_confirmation",
            " _confirmation\\t",
            "\u{feff}_confirmation",
        ] {
            let json = format!("{{\"a\":[{{\"{key}\":{{\"x\":1}},\"b\":1.10}}],\"{key}\":true}}");
            let left = without(json.as_bytes()).unwrap();
            assert_eq!(left.as_deref(), Some(&br#"{"a":[{"b":1.10}]}"#[..]), "{key}");
            assert!(may_hold(json.as_bytes()), "{key}");
        }
        for (json, left) in [
            (r#""{\"_confirmation\":1}""#, "{}"),
            (r#"{"a":"\ufeff {\"_confirmation\":1,\"b\":1.10}"}"#, r#"{"a":"{\"b\":1.10}"}"#),
            (r#"["[\"{\\\"\\\\u005fconfirmation\\\":1}\"]"]"#, r#"["[\"{}\"]"]"#),
            (r#"{"a":"\u007b\u0022_confirmation\u0022:1}"}"#, r#"{"a":"{}"}"#),
        ] {
            assert!(may_hold(json.as_bytes()), "{json}");
            assert_eq!(without(json.as_bytes()).unwrap().as_deref(), Some(left.as_bytes()), "{json}");
        }
    }

    #[test]
    fn nothing_else_goes() {
        for json in [
            r#"{"confirmation":1,"x_confirmation":2,"_confirmations":3,"a":"_confirmation"}"#,
            r#"{"a":"{_confirmation: 1}"}"#,
            "[]",
            "\"\"",
            "7",
        ] {
            assert_eq!(without(json.as_bytes()).unwrap(), None, "{json}");
        }
        for json in [r#"{"sales_report":1,"format":"a_b"}"#, "", "{}", r#"{"text":"\u0442\n"}"#] {
            assert!(!may_hold(json.as_bytes()), "{json}");
        }
    }
}
