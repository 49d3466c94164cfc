//! Reads words of a language model, or of an old client, where the schema leaves no doubt about what is meant.

use super::shape::Shape;

/// Returns what a text that does not fit is meant to be.
pub(super) fn meant(text: &str, shape: &Shape) -> Option<String> {
    if let Some(choices) = &shape.choices {
        return choice(text, choices).filter(|choice| *choice != text).map(str::to_owned);
    }
    if shape.date { day(text).map(str::to_owned) } else { None }
}

/// Returns whether a text means yes or no. 1C's own words count too.
pub(super) fn truth(text: &str) -> Option<bool> {
    match &*text.to_lowercase() {
        "true" | "1" | "yes" | "on" | "да" | "истина" => Some(true),
        "false" | "0" | "no" | "off" | "нет" | "ложь" => Some(false),
        _ => None,
    }
}

/// Returns the words of a list in one line (`warehouse, Customer`), as the schema writes them, if all are
/// allowed.
pub(super) fn listed<'a>(text: &str, choices: &'a [String]) -> Option<Vec<&'a str>> {
    // A text that is allowed as a whole is one word.
    if choice(text, choices).is_some() {
        return None;
    }
    text.split(',').map(|word| choice(word, choices)).collect()
}

/// Returns the choice that is meant: the text itself, or the only choice with the same letters and digits, ignoring
/// case and all other characters (`Sales channel`, `salesChannel` and `SALES_CHANNEL` are `sales_channel`).
fn choice<'a>(text: &str, choices: &'a [String]) -> Option<&'a str> {
    if let Some(same) = choices.iter().find(|choice| *choice == text) {
        return Some(same);
    }
    let plain = letters(text);
    let mut alike = choices.iter().filter(|choice| letters(choice) == plain);
    match (alike.next(), alike.next()) {
        (Some(one), None) if !plain.is_empty() => Some(one),
        _ => None,
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the day of a moment (`2026-07-01T00:00:00` is `2026-07-01`). A time with a zone counts only at the
/// beginning or end of a day: in 1C's zone any other time may be on another day.
fn day(text: &str) -> Option<&str> {
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if rest.is_empty() {
        return is_day.then_some(day);
    }
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, zone) = time.split_at_checked(time.find(['Z', 'z', '+', '-']).unwrap_or(time.len()))?;
    let is_clock = clock.len() >= 5 && clock.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    let at_an_end = clock.starts_with("23:59") || clock.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
    (is_day && is_clock && (zone.is_empty() || at_an_end)).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_a_moment_is_told_only_where_it_is_certain() {
        for text in [
            "2026-07-01T00:00:00",
            "2026-07-01T10:15",
            "2026-07-01 23:59:59",
            "2026-07-01T00:00:00Z",
            "2026-07-01T00:00:00.000+03:00",
            "2026-07-01T23:59:59.999Z",
            " 2026-07-01\n",
        ] {
            assert_eq!(day(text), Some("2026-07-01"), "{text}");
        }
        for text in [
            "2026-07-01T10:15:00Z",
            "2026-07-01T21:00:00+03:00",
            "2026-07-01T",
            "2026-07-01Tnoon",
            "01.07.2026",
            "2026-07-011",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_that_fits_two_choices_is_neither() {
        let choices = ["a_b", "ab", "c"].map(str::to_owned);
        assert_eq!(
            (choice("A-B", &choices), choice("ab", &choices), choice("C ", &choices)),
            (None, Some("ab"), Some("c"))
        );
        assert_eq!((choice("", &["+".to_owned()]), choice("-", &["+".to_owned()])), (None, None));
    }
}
