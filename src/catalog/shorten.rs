//! Cuts answers that are too long for a language model, after an item.

use super::full::{Counters, Items};
use crate::rpc::Payload;
use crate::rpc::json::{JsonError, Scanner, Span};

/// The outcome of cutting an answer.
#[derive(Debug)]
pub(super) enum Cut {
    /// The answer is short enough as it is.
    Whole,
    /// The answer was cut to the first `kept` of `all` items.
    Part { answer: Payload, items: Items, kept: u64, all: u64 },
    /// The answer is too long and cannot be cut, or not even one item fits.
    Refused { chars: usize },
}

/// The longest counted array of an answer.
struct Longest {
    items: Items,
    array: Span,
    each: Vec<Span>,
}

/// Cuts `answer` to at most `max_chars` characters, counted as a model sees them: without the white space
/// between tokens.
///
/// # Errors
/// [`JsonError`] if the answer is not an object.
pub(super) fn shorten(answer: &Payload, counters: &Counters, max_chars: usize) -> Result<Cut, JsonError> {
    let json = &**answer.json();
    // A text never has more characters than bytes.
    if json.len() <= max_chars {
        return Ok(Cut::Whole);
    }
    let chars = compact_chars(json);
    if chars <= max_chars {
        return Ok(Cut::Whole);
    }
    let refused = Ok(Cut::Refused { chars });
    let Some(Longest { items, array, each }) = longest(json, counters)? else { return refused };
    let part = |start, end| json.get(start..end).unwrap_or_default();
    let frame = compact_chars(part(0, array.start())) + 2 + compact_chars(part(array.end(), json.len()));
    let Some(mut room) = max_chars.checked_sub(frame) else { return refused };
    let mut kept = 0_usize;
    for item in &each {
        let chars = compact_chars(part(item.start(), item.end())) + usize::from(kept > 0);
        let Some(left) = room.checked_sub(chars) else { break };
        (room, kept) = (left, kept + 1);
    }
    let Some(last) = kept.checked_sub(1).and_then(|last| each.get(last)) else { return refused };
    let short = [part(0, last.end()), b"]", part(array.end(), json.len())].concat();
    let answer = Payload::parse(short)?.kept_as(answer);
    Ok(Cut::Part { answer, items, kept: kept as u64, all: each.len() as u64 })
}

fn longest(json: &[u8], counters: &Counters) -> Result<Option<Longest>, JsonError> {
    let mut longest: Option<Longest> = None;
    let mut scanner = Scanner::new(json)?;
    scanner.object::<JsonError>(|scanner, member| {
        let Some(items) = counters.items(&member.key).filter(|_| scanner.peek() == b'[') else {
            return scanner.skip().map(drop);
        };
        let mut each = Vec::new();
        let array = scanner.array::<JsonError>(|scanner| {
            each.push(scanner.skip()?);
            Ok(())
        })?;
        let length = |span: Span| span.end() - span.start();
        if longest.as_ref().is_none_or(|known| length(known.array) < length(array)) {
            longest = Some(Longest { items, array, each });
        }
        Ok(())
    })?;
    Ok(longest)
}

/// Counts the characters of valid JSON, or of a part that ends between tokens, without the white space
/// between tokens.
fn compact_chars(json: &[u8]) -> usize {
    let (mut inside, mut escaped, mut chars) = (false, false, 0);
    for byte in json {
        let is_space = !inside && byte.is_ascii_whitespace();
        // A byte after the first one of a character.
        let goes_on = byte & 0xC0 == 0x80;
        chars += usize::from(!is_space && !goes_on);
        (inside, escaped) = match byte {
            _ if escaped => (inside, false),
            b'\\' if inside => (true, true),
            b'"' => (!inside, false),
            _ => (inside, false),
        };
    }
    chars
}
