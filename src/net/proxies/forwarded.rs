//! Parses the `Forwarded` header ([RFC 7239, section 4](https://www.rfc-editor.org/rfc/rfc7239#section-4)).

use std::borrow::Cow;

/// An element of the header: what one proxy says. Parameters that are not needed are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) client: Option<Cow<'a, str>>,
    pub(super) host: Option<Cow<'a, str>>,
    pub(super) proto: Option<Cow<'a, str>>,
}

/// Returns the elements of one header line, or `None` if it breaks the grammar anywhere: then it is not certain where
/// the part that a client made up ends.
pub(super) fn elements(line: &str) -> Option<Vec<Element<'_>>> {
    let mut rest = Rest(line);
    let mut elements = Vec::new();
    loop {
        rest.skip_spaces();
        // A list may have empty elements (RFC 9110, section 5.6.1.2).
        if !rest.0.is_empty() && !rest.0.starts_with(',') {
            elements.push(rest.element()?);
        }
        if rest.0.is_empty() {
            return Some(elements);
        }
        rest.take(',')?;
    }
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn element(&mut self) -> Option<Element<'a>> {
        let mut element = Element::default();
        loop {
            self.skip_spaces();
            if !self.0.starts_with([';', ',']) && !self.0.is_empty() {
                let name = self.token()?;
                self.take('=')?;
                let value = self.value()?;
                let place = match name {
                    name if name.eq_ignore_ascii_case("for") => Some(&mut element.client),
                    name if name.eq_ignore_ascii_case("host") => Some(&mut element.host),
                    name if name.eq_ignore_ascii_case("proto") => Some(&mut element.proto),
                    _ => None,
                };
                // A parameter may occur only once.
                if place.is_some_and(|place| place.replace(value).is_some()) {
                    return None;
                }
                self.skip_spaces();
            }
            match self.0.chars().next() {
                None | Some(',') => return Some(element),
                _ => self.take(';')?,
            }
        }
    }

    fn value(&mut self) -> Option<Cow<'a, str>> {
        match self.0.strip_prefix('"') {
            Some(rest) => self.quoted(rest),
            None => self.token().map(Cow::Borrowed),
        }
    }

    fn quoted(&mut self, text: &'a str) -> Option<Cow<'a, str>> {
        let end = text.find(['"', '\\'])?;
        let (plain, rest) = text.split_at_checked(end)?;
        if let Some(rest) = rest.strip_prefix('"') {
            self.0 = rest;
            return Some(Cow::Borrowed(plain));
        }
        let mut value = plain.to_owned();
        let mut chars = rest.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(chars.next()?),
                other => value.push(other),
            }
        }
        self.0 = chars.as_str();
        Some(Cow::Owned(value))
    }

    /// Reads a token, also with colons and brackets, which some proxies write without the required quotes.
    fn token(&mut self) -> Option<&'a str> {
        let end = self.0.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:[]".contains(c)));
        let (token, rest) = self.0.split_at_checked(end.unwrap_or(self.0.len()))?;
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(client: &str, host: &str, proto: &str) -> Element<'static> {
        let value = |text: &str| (!text.is_empty()).then(|| Cow::Owned(text.to_owned()));
        Element { client: value(client), host: value(host), proto: value(proto) }
    }

    /// Includes all examples of RFC 7239, section 4.
    #[test]
    fn well_formed() {
        for (line, expected) in [
            ("for=\"_gazonk\"", vec![element("_gazonk", "", "")]),
            ("For=\"[2001:db8:cafe::17]:4711\"", vec![element("[2001:db8:cafe::17]:4711", "", "")]),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", vec![element("192.0.2.60", "", "http")]),
            (
                "for=192.0.2.43, for=198.51.100.17",
                vec![element("192.0.2.43", "", ""), element("198.51.100.17", "", "")],
            ),
            ("", vec![]),
            (" , ,", vec![]),
            (" ,\tfor=a , ,host=b", vec![element("a", "", ""), element("", "b", "")]),
            ("for=a;HOST=\"b:80\";proto=https;x=\"y,z;\\\"\"", vec![element("a", "b:80", "https")]),
            ("for=a; host=b ;proto=c;", vec![element("a", "b", "c")]),
            ("for=\"a\\b\\\\\\\"\"", vec![element("ab\\\"", "", "")]),
            ("for=\"\"", vec![Element { client: Some("".into()), ..Element::default() }]),
            ("for=192.0.2.1:80;host=h:80", vec![element("192.0.2.1:80", "h:80", "")]),
            (";", vec![Element::default()]),
            ("x=y", vec![Element::default()]),
        ] {
            assert_eq!(elements(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn malformed() {
        for line in [
            "for",
            "for=",
            "=a",
            "for=\"a",
            "for=\"a\\",
            "for=\"a\"b",
            "for=a b",
            "for =a",
            "for= a",
            "for=a;for=b",
            "for=a;FOR=b",
            "proto=http;proto=https",
            "192.0.2.1",
            "for=a,192.0.2.1",
            "for=a/b",
            "for=é",
            "for=a;\u{0}",
            "for=a\u{b},for=b",
        ] {
            assert_eq!(elements(line), None, "{line}");
        }
    }
}
