//! What an alias looks like.

use deunicode::deunicode;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The longest name that every interface takes.
const LONGEST: usize = 64;
/// Of the hash, without the underscore before it.
const HASH: usize = 6;
/// [RFC 4648, section 6](https://www.rfc-editor.org/rfc/rfc4648#section-6), in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// What a hash begins with. A digit, so that `sales_report` does not look like an alias.
const DIGITS: &[u8; 8] = b"23456789";

/// The name under which clients see the tool that 1C calls `name`: the same where every client takes
/// it, else an alias. See the [module](super).
pub fn alias(name: &str) -> Cow<'_, str> {
    if is_legal(name) {
        return name.into();
    }
    let mut alias = stem(name);
    alias.push('_');
    push_hash(&mut alias, name);
    alias.into()
}

/// Whether every client takes it as it is.
pub(super) fn is_legal(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(is_plain)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether it may be an alias: nearly no other name is of this shape.
pub(super) fn looks_made(name: &str) -> bool {
    let Some((_, hash)) = name.rsplit_once('_') else { return false };
    let (first, rest) = hash.as_bytes().split_first().map_or((b' ', &b""[..]), |(first, rest)| (*first, rest));
    is_legal(name) && hash.len() == HASH && DIGITS.contains(&first) && rest.iter().all(|byte| BASE32.contains(byte))
}

/// The part that people read.
fn stem(name: &str) -> String {
    // Each character is a few bytes of ASCII, and no more than these are looked at.
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
        if stem.len() + 1 + HASH == LONGEST {
            break;
        }
    }
    stem.truncate(stem.trim_end_matches(['_', '-']).len());
    let stem = stem.trim_start_matches('-');
    if stem.is_empty() { "tool".to_owned() } else { stem.to_owned() }
}

fn push_hash(alias: &mut String, name: &str) {
    let digest = Sha256::digest(name.as_bytes());
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
        ] {
            let alias = alias(name);
            assert_eq!(alias.rsplit_once('_').map(|(stem, _)| stem), Some(stem), "{name}");
            assert!(is_legal(&alias) && looks_made(&alias), "{alias}");
        }
    }

    /// Clients keep aliases: a new version must not change them.
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
}
