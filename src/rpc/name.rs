//! Aliases: names of tools and arguments that every client accepts.

use super::label;
use deunicode::deunicode;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The longest name that every client and model API accepts.
const LONGEST: usize = 64;
/// The length of the hash, without the underscore before it.
const HASH: usize = 6;
/// The length of the readable part before that underscore.
const STEM: usize = LONGEST - HASH - 1;
/// The alphabet of [RFC 4648, section 6](https://www.rfc-editor.org/rfc/rfc4648#section-6), in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The first characters of a hash: digits, so that `sales_report` does not look like an alias.
const DIGITS: &[u8; 8] = b"23456789";

/// Which names clients get unchanged from 1C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Names that every client accepts.
    #[default]
    Legal,
    /// All names but those with invisible characters.
    Visible,
}

impl Kept {
    /// Returns whether the name of a tool is kept.
    pub(crate) fn tool(self, name: &str) -> bool {
        match self {
            Self::Legal => is_legal(name),
            Self::Visible => !label::has_unseen(name),
        }
    }

    /// Returns whether the name of an argument is kept.
    pub(crate) fn property(self, name: &str) -> bool {
        match self {
            Self::Legal => is_legal_property(name),
            Self::Visible => !label::has_unseen(name),
        }
    }
}

/// Returns the name under which clients see the tool `name` of 1C: `name` itself if every client accepts it,
/// else an alias. See [`crate::alias`].
pub fn alias(name: &str) -> Cow<'_, str> {
    if is_legal(name) {
        return name.into();
    }
    tool_alias(name, 0).into()
}

/// Returns the alias of a tool whose name not every client accepts. `attempt` 0 depends on the name alone; the
/// others are for a list in which another tool has that alias.
pub(crate) fn tool_alias(name: &str, attempt: u8) -> String {
    let mut alias = stem(name, "tool");
    alias.push('_');
    push_hash(&mut alias, name, attempt);
    alias
}

/// Returns the name under which clients see the argument `name` of 1C: `name` itself if every model API accepts
/// it, else an alias. Where another argument of the tool already has that alias, clients see a further one.
pub fn argument_alias(name: &str) -> Cow<'_, str> {
    if is_legal_property(name) { name.into() } else { property_alias(name, 0).into() }
}

/// Returns the alias of a property whose name not every model API accepts. `attempt` 0 depends on the name
/// alone; the others are for a schema in which another property has that alias.
pub(crate) fn property_alias(name: &str, attempt: u8) -> String {
    let mut alias = stem(name, "argument").replace('-', "_");
    alias.push('_');
    push_hash(&mut alias, name, attempt);
    alias
}

/// Returns whether `shown` may stand for the property `name`.
pub(crate) fn stands_for(shown: &str, name: &str) -> bool {
    !is_legal_property(name) && looks_made(shown) && (0..ATTEMPTS).any(|attempt| property_alias(name, attempt) == shown)
}

/// The most aliases that a property may have; more are needed only for names made to collide.
pub(crate) const ATTEMPTS: u8 = 8;

/// Returns whether every model API accepts `name` as the name of an argument: Anthropic's rejects all tools of
/// a request for one other name.
fn is_legal_property(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| is_plain(byte) || byte == b'.')
}

/// Returns whether some key in this JSON text, or in JSON text within a string, may be an alias. Mostly there
/// is none, so a fast check over the bytes comes first.
pub(crate) fn may_hold_alias(json: &[u8]) -> bool {
    const LENGTH: usize = HASH + 1;
    let ends = json.get(LENGTH..).unwrap_or_default();
    // Without a branch, so that the compiler handles many bytes a step.
    let may = json.iter().zip(ends).fold(0, |may, (first, end)| {
        may | u8::from(*first == b'_') & (u8::from(*end == b'"') | u8::from(*end == b'\\'))
    });
    let is_key = |after: &[u8]| {
        let after = after.strip_prefix(b"\\").unwrap_or(after);
        after.strip_prefix(b"\"").is_some_and(|after| after.trim_ascii_start().starts_with(b":"))
    };
    may != 0
        && json.windows(LENGTH).enumerate().any(|(at, window)| {
            matches!(window, [b'_', hash @ ..] if is_hash(hash)) && json.get(at + LENGTH..).is_some_and(is_key)
        })
}

/// Returns whether every client accepts the name unchanged. Gemini rejects a digit or a hyphen at the start.
fn is_legal(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    first && name.len() <= LONGEST && name.bytes().all(is_plain)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Returns whether the name may be an alias: nearly no other name has this form.
pub(crate) fn looks_made(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(_, hash)| is_hash(hash.as_bytes())) && is_legal(name)
}

fn is_hash(text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else { return false };
    text.len() == HASH && DIGITS.contains(first) && rest.iter().all(|byte| BASE32.contains(byte))
}

/// Returns the readable part: it starts with a letter or an underscore, as Gemini requires.
fn stem(name: &str, nameless: &str) -> String {
    // Each character gives a few ASCII bytes, so the first ones are enough.
    let head = name.char_indices().nth(LONGEST).map_or(name, |(end, _)| name.get(..end).unwrap_or(name));
    let mut stem = String::with_capacity(LONGEST);
    for char in deunicode(head).chars() {
        match char {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '-' => stem.push(char),
            // Soft and hard signs.
            '\'' | '"' | '`' => {}
            _ if stem.ends_with(['_', '-']) || stem.is_empty() => {}
            _ => stem.push('_'),
        }
        if stem.len() == STEM {
            break;
        }
    }
    stem.truncate(stem.trim_end_matches(['_', '-']).len());
    let stem = stem.trim_start_matches('-');
    match stem.as_bytes().first() {
        None => nameless.to_owned(),
        Some(first) if first.is_ascii_digit() => {
            format!("_{}", stem.get(..STEM - 1).unwrap_or(stem).trim_end_matches(['_', '-']))
        }
        Some(_) => stem.to_owned(),
    }
}

fn push_hash(alias: &mut String, name: &str, attempt: u8) {
    let mut hash = Sha256::new_with_prefix(name.as_bytes());
    if attempt > 0 {
        hash.update([0, attempt]);
    }
    let digest = hash.finalize();
    for (at, byte) in digest.iter().take(HASH).enumerate() {
        let letters: &[u8] = if at == 0 { DIGITS } else { BASE32 };
        let letter = letters.get(usize::from(*byte) % letters.len()).copied().unwrap_or(b'2');
        alias.push(char::from(letter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_read_well() {
        for (name, stem) in [
            ("ОстаткиТоваров", "OstatkiTovarov"),
            ("Отчёт о продажах", "Otchiot_o_prodazhakh"),
            ("Скорость (км/ч)", "Skorost_km_ch"),
            ("объект", "obekt"),
            ("a.b/c", "a_b_c"),
            ("--x--.", "x"),
            ("", "tool"),
            ("\u{e000}", "tool"),
            (&"ы".repeat(100), &"y".repeat(57)),
            (&"a".repeat(65), &"a".repeat(57)),
            ("1С", "_1S"),
            ("1c_report", "_1c_report"),
            ("-find", "find"),
            ("--", "tool"),
            (&format!("1{}", "ы".repeat(100)), &format!("_1{}", "y".repeat(55))),
        ] {
            let alias = alias(name);
            assert_eq!(alias.rsplit_once('_').map(|(stem, _)| stem), Some(stem), "{name}");
            assert!(is_legal(&alias) && looks_made(&alias), "{alias}");
        }
    }

    /// Clients remember aliases, so a new version must not change them.
    #[test]
    fn aliases_stay_as_they_are() {
        assert_eq!(alias("Остатки"), "Ostatki_9htd5m");
        assert_eq!(alias(""), "tool_5qecy4");
    }

    #[test]
    fn ordinary_names_look_like_no_alias() {
        for name in ["sales_report", "report_2024q1", "a_b", "find", "", "_", "x_7abcdef", "Отчёт_2abcde"] {
            assert!(!looks_made(name), "{name}");
        }
        assert!(looks_made("x_7abcde"));
    }

    #[test]
    fn keys_that_may_be_aliases_are_seen() {
        for json in [r#"{"x_7abcde":1}"#, r#"{"a":{"b":[{"Sklad_2aaaaa": {}}]}}"#, r#"{"a":"{\"x_7abcde\" :1}"}"#] {
            assert!(may_hold_alias(json.as_bytes()), "{json}");
        }
        for json in [
            "",
            "{}",
            r#"{"sales_report":1}"#,
            r#"{"x_7abcd":1}"#,
            r#"{"Склад":"x_7ABCDE"}"#,
            r#"{"a":"x_7abcde"}"#,
            "_7abcde\"",
        ] {
            assert!(!may_hold_alias(json.as_bytes()), "{json}");
        }
    }

    #[test]
    fn properties_have_aliases_that_gemini_takes() {
        assert_eq!(property_alias("Склад", 0), alias("Склад"));
        for name in ["Номенклатура", "Дата с", "1С-код", "", "a.b c", &"a-".repeat(40)] {
            for attempt in 0..ATTEMPTS {
                let made = property_alias(name, attempt);
                assert!(looks_made(&made) && stands_for(&made, name), "{made}");
                assert!(made.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !made.contains(['-', '.']));
            }
        }
        assert!(!stands_for("x_7abcde", "x_7abcde"));
    }
}
