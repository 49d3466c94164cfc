//! The parameters of a query or a form (`application/x-www-form-urlencoded`).

use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroizing;

/// The most parameters, more than any OAuth request has; a form of 64 KiB could contain 30 000.
const MOST: usize = 64;

/// Decoded parameters in their order. Values may be secrets: they are wiped from memory, and never in `Debug`.
#[derive(Default)]
pub(crate) struct Params(Vec<(String, Zeroizing<String>)>);

/// The error of a query or form that cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamsError {
    NotUtf8,
    TooMany,
}

impl ParamsError {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::NotUtf8 => "a parameter is not UTF-8",
            Self::TooMany => "too many parameters",
        }
    }
}

impl Params {
    /// Parses parameters strictly: text that is not UTF-8 is refused, not replaced, so that different texts never look
    /// alike afterwards.
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, ParamsError> {
        let mut params = Vec::new();
        for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if params.len() == MOST {
                return Err(ParamsError::TooMany);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            params.push((name, Zeroizing::new(value)));
        }
        Ok(Self(params))
    }

    /// Returns the value of a parameter, the first if it is repeated. A parameter without a value counts as omitted
    /// ([RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Returns all values of a parameter that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Returns all names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the name of a repeated parameter other than `resource`, the only one that may be repeated
    /// ([RFC 8707, section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
    pub(crate) fn repeated(&self) -> Option<&str> {
        let twice = |at: usize, name: &str| self.0.iter().take(at).any(|(other, _)| other == name);
        let found = self.0.iter().enumerate().find(|(at, (name, _))| name != "resource" && twice(*at, name));
        found.map(|(_, (name, _))| name.as_str())
    }

    /// Whether this parameter is repeated.
    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(other, _)| other == name).count() > 1
    }
}

impl FromIterator<(String, Zeroizing<String>)> for Params {
    fn from_iter<I: IntoIterator<Item = (String, Zeroizing<String>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn decode(encoded: &[u8]) -> Result<String, ParamsError> {
    let spaced: Zeroizing<Vec<u8>> =
        Zeroizing::new(encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect());
    let text = percent_decode(&spaced).decode_utf8().map_err(|_| ParamsError::NotUtf8)?;
    Ok(match text {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_forms() {
        let params = Params::parse(b"a=1+2%2B&b=&c&%D1%8F=%D1%8E&resource=x&resource=y").unwrap();
        assert_eq!(params.get("a"), Some("1 2+"));
        assert_eq!((params.get("b"), params.get("c"), params.get("d")), (None, None, None));
        assert_eq!(params.get("я"), Some("ю"));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(params.repeated(), None);
    }

    #[test]
    fn refuses_what_is_ambiguous() {
        assert_eq!(Params::parse(b"a=%FF").unwrap_err(), ParamsError::NotUtf8);
        assert_eq!(Params::parse(b"\xFF=a").unwrap_err(), ParamsError::NotUtf8);
        assert_eq!(Params::parse("a&".repeat(MOST + 1).as_bytes()).unwrap_err(), ParamsError::TooMany);
        // A percent-encoded name counts as the decoded one, and a parameter without a value counts as a repetition.
        let params = Params::parse(b"scope=a&%73cope=").unwrap();
        assert_eq!(params.repeated(), Some("scope"));
        assert!(params.is_repeated("scope"));
    }

    #[test]
    fn debug_shows_no_values() {
        assert_eq!(format!("{:?}", Params::parse(b"password=secret").unwrap()), r#"{"password"}"#);
    }
}
