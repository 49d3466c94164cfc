//! Lone surrogates: half of a UTF-16 pair, which JSON allows and nearly all readers reject.

/// Returns `json` with `\ufffd`, the replacement character, in place of each lone surrogate. No offset changes:
/// both take six bytes.
pub(crate) fn without_lone_surrogates(json: &[u8]) -> Vec<u8> {
    let mut out = json.to_vec();
    let mut at = 0;
    while let Some(rest) = json.get(at..) {
        let Some(found) = rest.iter().position(|byte| *byte == b'\\') else { break };
        at += found;
        at += match (unit(json, at), unit(json, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                if let Some(place) = out.get_mut(at..at + 6) {
                    place.copy_from_slice(b"\\ufffd");
                }
                6
            }
            (Some(_), _) => 6,
            // The character behind a backslash does not start another escape.
            (None, _) => 2,
        };
    }
    out
}

/// Returns the number in the `\u` escape at `at`.
pub(super) fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | digit as u16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_ones_go() {
        for (before, after) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uDC00x\uD83D""#, r#""\ufffdx\ufffd""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\\\ud800""#, r#""\\\ufffd""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            (r#"{"\udfff":"я"}"#, r#"{"\ufffd":"я"}"#),
            (r#""\ud8"#, r#""\ud8"#),
            ("\\", "\\"),
            ("", ""),
        ] {
            assert_eq!(without_lone_surrogates(before.as_bytes()), after.as_bytes(), "{before}");
        }
    }
}
