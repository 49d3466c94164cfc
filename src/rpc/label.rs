//! Text that a person or a model reads about an item: its title and its description.

use std::borrow::Cow;

/// Returns `text` without control characters other than line feed and tab, and without characters that change
/// the direction of writing
/// ([Bidi_Control](https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters)). Every other line
/// ending becomes a line feed.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !suspicious(text.as_bytes()) || !text.contains(|c| is_unseen(c) || is_break(c)) {
        return text.into();
    }
    let text = text.replace("\r\n", "\n");
    text.chars().filter(|c| !is_unseen(*c)).map(|c| if is_break(c) { '\n' } else { c }).collect::<String>().into()
}

/// Returns whether `text` has a line feed, a tab, or a character that [`clean`] removes or replaces.
pub(crate) fn has_unseen(text: &str) -> bool {
    suspicious(text.as_bytes()) && text.contains(|c| is_unseen(c) || is_break(c) || matches!(c, '\n' | '\t'))
}

/// Returns whether UTF-8 text may hold one of these characters, judged by single bytes.
pub(crate) fn suspicious(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xd8 | 0xe2))
}

/// Returns whether a character is a control, changes the direction of writing, has no width or looks like a
/// space: the general categories Cc, Cf, Zl and Zp,
/// [Default_Ignorable_Code_Point](https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point) (Unicode
/// 17), and the Braille blank.
#[cfg(any(feature = "oauth", feature = "confirm"))]
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}'
        | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}'
        | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

const fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns the beginning of text from outside, short enough for the log.
pub(crate) fn shown(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_seen_is_left() {
        for (before, after) in [
            ("Отчёт «Продажи» — №1\n\tпо дням", "Отчёт «Продажи» — №1\n\tпо дням"),
            ("a\r\nb\rc\u{85}d\u{2028}e\u{2029}f", "a\nb\nc\nd\ne\nf"),
            ("a\0b\u{7}c\u{1b}[31m\u{7f}d\u{9b}", "abc[31md"),
            ("\u{202e}gnp\u{202c}\u{2066}x\u{2069}\u{200f}\u{200e}\u{61c}", "gnpx"),
            ("", ""),
        ] {
            assert_eq!(clean(before), after);
            assert_eq!(clean(after), after);
        }
    }

    #[test]
    fn names_have_no_line_breaks_either() {
        assert!(has_unseen("a\n") && has_unseen("a\u{202e}b") && has_unseen("\u{85}") && has_unseen("a\tb"));
        assert!(!has_unseen("Отчёт «Продажи» — №1") && !has_unseen(""));
    }
}
