//! Cleans texts of strangers for display. The templates escape them.

use crate::rpc::label::is_invisible;

/// Returns at most `most` characters on one line, without invisible and reordering characters. `None` if nothing is
/// left.
pub(super) fn clean(text: &str, most: usize) -> Option<String> {
    let visible: String = text.chars().filter(|c| c.is_whitespace() || !is_invisible(*c)).collect();
    let mut line = String::new();
    let mut count = 0;
    for word in visible.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count == most {
                line.push('…');
                return Some(line);
            }
            line.push(c);
            count += 1;
        }
    }
    (!line.is_empty()).then_some(line)
}

/// Returns a host, cut at its start if it is too long: the end of a name says who owns it.
pub(super) fn host(host: &str, most: usize) -> String {
    let length = host.chars().count();
    if length <= most {
        return host.to_owned();
    }
    std::iter::once('…').chain(host.chars().skip(length - most)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_seen_is_left() {
        assert_eq!(clean("  Мой\r\n\tклиент\u{0} ", 80).as_deref(), Some("Мой клиент"));
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}d\u{e0041}e\u{feff}", 80).as_deref(), Some("abcde"));
        for empty in ["", "  ", "\u{200b}\u{3164}\u{202e}", "\u{1}\u{7f}\u{9f}"] {
            assert_eq!(clean(empty, 80), None, "{empty:?}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(clean("клиент", 6).as_deref(), Some("клиент"));
        assert_eq!(clean("клиенты", 6).as_deref(), Some("клиент…"));
        assert_eq!(clean("ab cd", 3).as_deref(), Some("ab …"));
        assert_eq!(host("long.evil.example", 12), "…evil.example");
        assert_eq!(host("evil.example", 12), "evil.example");
    }
}
