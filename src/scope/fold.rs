//! Folds names that 1C, or a language model, may take for each other.

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use std::borrow::Cow;

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();

/// Folds a name: removes the white space around it, the forms of its characters
/// (NFKC: full width, ligatures, combining accents), and its case.
pub(crate) fn folded_name(name: &str) -> String {
    let name = trimmed(name);
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let normal = NFKC.normalize(name);
    let folded: String = folded(trimmed(&normal)).collect();
    // A letter in another case may combine with the mark after it.
    if NFKC.is_normalized(&folded) { folded } else { self::folded(&NFKC.normalize(&folded)).collect() }
}

/// Returns the text in NFKC, unless it already is.
pub(crate) fn other_forms(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    match NFKC.normalize(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(normal) => Some(normal),
    }
}

/// Removes case, character by character, so that the result does not depend on the context. Letters are equal that are
/// equal in lower case or in upper case (`ſ` and `s`, `ß` and `ss`, the Kelvin sign and `k`).
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(Folded::of)
}

/// A folded character: usually one, sometimes several.
enum Folded<I> {
    One(Option<char>),
    More(I),
}

impl Folded<std::iter::Empty<char>> {
    fn of(c: char) -> Folded<impl Iterator<Item = char>> {
        match c {
            '\0'..='\x7f' => Folded::One(Some(c.to_ascii_lowercase())),
            'А'..='Я' => Folded::One(c.to_lowercase().next()),
            'а'..='џ' => Folded::One(Some(c)),
            // Lower case twice, because `ẞ` is its own upper case.
            _ => Folded::More(c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)),
        }
    }
}

impl<I: Iterator<Item = char>> Iterator for Folded<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::One(c) => c.take(),
            Self::More(more) => more.next(),
        }
    }
}

/// Removes white space and invisible characters at both ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unicode, section 3.13 (D145, D146: caseless and compatibility caseless matching).
    #[test]
    fn every_character_and_what_it_may_be_taken_for() {
        // All but ideographs and syllables, which have no case.
        let all = ('\u{21}'..'\u{3400}').chain('\u{a640}'..'\u{ac00}').chain('\u{f900}'..'\u{1f800}');
        for c in all {
            let name = format!("a{c}z");
            let expected = folded_name(&name);
            for other in [name.to_lowercase(), name.to_uppercase(), NFKC.normalize(&name).into_owned()] {
                assert_eq!(folded_name(&other), expected, "{c:?}: {other:?}");
            }
            assert_eq!(folded_name(&expected), expected, "{c:?}");
        }
    }

    #[test]
    fn names_that_are_one() {
        for (one, others) in [
            ("cost", &["COST", " cost\t", "ｃｏｓｔ", "𝐜𝐨𝐬𝐭", "coſt", "ⓒⓞⓢⓣ", "co\u{17f}T"][..]),
            ("себестоимость", &["СЕБЕСТОИМОСТЬ", "СебестоимоСть"]),
            ("ёлка й", &["ЁЛКА Й", "е\u{308}лка и\u{306}", "\u{415}\u{308}ЛКА \u{418}\u{306}"]),
            ("k", &["\u{212a}", "K", "ᵏ"]),
            ("fi", &["ﬁ", "FI", "Ｆｉ"]),
            ("strasse", &["straße", "STRAẞE"]),
        ] {
            for other in others {
                assert_eq!(folded_name(one), folded_name(other), "{other}");
            }
        }
        for (one, other) in [("cost", "соst"), ("cost", "costs"), ("е", "ё"), ("и", "й"), ("a", "á")] {
            assert_ne!(folded_name(one), folded_name(other), "{other}");
        }
    }
}
