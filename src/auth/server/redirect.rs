//! Redirect URIs: checks, comparison, and appending an answer.

use super::scheme;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Url, form_urlencoded};

const LONGEST: usize = 2048;

/// The parameters of an answer, which a redirect URI must not contain already.
const ANSWER: &[&str] = &["code", "state", "iss", "error", "error_description", "error_uri"];

/// Checks that a redirect URI may be registered.
pub(crate) fn check(text: &str) -> Result<(), RedirectUriError> {
    RedirectUri::parse(text).map(|_| ())
}

/// A redirect URI that was checked. It keeps its text without normalisation, so that the browser gets exactly what was
/// compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedirectUri<'a> {
    text: &'a str,
    kind: UriKind<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UriKind<'a> {
    Https,
    /// `http` to this machine: the host and what follows the port.
    Loopback(&'a str, &'a str),
    /// A scheme of an application ([RFC 8252, section 7.1](https://www.rfc-editor.org/rfc/rfc8252#section-7.1)).
    Private,
}

/// The error of a text that is not accepted as a redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RedirectUriError(&'static str);

impl fmt::Display for RedirectUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'a> RedirectUri<'a> {
    /// Checks the rules: `https`, `http` to loopback addresses, or a scheme that looks like a private-use one; no
    /// fragment ([RFC 6749, section 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2)), no user, and only
    /// characters of URIs.
    pub(crate) fn parse(text: &'a str) -> Result<Self, RedirectUriError> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(RedirectUriError("it must have 1 to 2048 characters"));
        }
        if text.contains('#') {
            return Err(RedirectUriError("it must not have a fragment"));
        }
        check_characters(text.as_bytes())?;
        let (scheme, rest) = text.split_once(':').ok_or(RedirectUriError("it must be absolute"))?;
        let scheme = scheme.to_ascii_lowercase();
        let kind = match scheme.as_str() {
            "https" => https(rest)?,
            "http" => loopback(rest)?,
            _ => private(&scheme, rest)?,
        };
        // Checks what browsers read in it, hosts and ports above all.
        Url::parse(text).map_err(|_| RedirectUriError("it is not a valid URL"))?;
        check_query(text)?;
        Ok(Self { text, kind })
    }

    /// Returns the text of the URI.
    pub(crate) const fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether the URI leads to a program on the user's own machine over HTTP.
    pub(crate) const fn is_loopback(&self) -> bool {
        matches!(self.kind, UriKind::Loopback(..))
    }

    /// Whether an authorization request may use this URI where `registered` was registered: the texts are equal, except
    /// for the port of a loopback address
    /// ([RFC 8252, section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    pub(crate) fn matches(&self, registered: &str) -> bool {
        if self.text == registered {
            return true;
        }
        match (self.kind, RedirectUri::parse(registered).map(|uri| uri.kind)) {
            (UriKind::Loopback(host, rest), Ok(UriKind::Loopback(own_host, own_rest))) => {
                host == own_host && rest == own_rest
            }
            _ => false,
        }
    }

    /// Returns the URI with an answer's parameters after its own.
    pub(crate) fn with(&self, answer: &[(&str, &str)]) -> String {
        let joint = match self.text.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        format!("{}{joint}{query}", self.text)
    }
}

/// Checks for characters of [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2): no spaces, controls,
/// backslashes, quotes or letters beyond ASCII, and `%` only before two hex digits.
fn check_characters(text: &[u8]) -> Result<(), RedirectUriError> {
    for (at, byte) in text.iter().enumerate() {
        let hex = |after: usize| text.get(at + after).is_some_and(u8::is_ascii_hexdigit);
        let fine = match byte {
            b'%' => hex(1) && hex(2),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            byte => byte.is_ascii_graphic(),
        };
        if !fine {
            return Err(RedirectUriError("it has a character that is not allowed in a URI"));
        }
    }
    Ok(())
}

/// Returns the authority and what follows it.
fn authority(rest: &str) -> Result<(&str, &str), RedirectUriError> {
    let rest = rest.strip_prefix("//").ok_or(RedirectUriError("it must have a host"))?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(RedirectUriError("it must not name a user"));
    }
    if authority.contains('%') {
        return Err(RedirectUriError("its host must not be percent-encoded"));
    }
    Ok((authority, rest))
}

fn https<'a>(rest: &str) -> Result<UriKind<'a>, RedirectUriError> {
    let (authority, _) = authority(rest)?;
    if authority.is_empty() { Err(RedirectUriError("it must have a host")) } else { Ok(UriKind::Https) }
}

fn loopback(rest: &str) -> Result<UriKind<'_>, RedirectUriError> {
    let (authority, rest) = authority(rest)?;
    // The colon of a port comes after the bracket of an IPv6 address.
    let port = authority.rfind(':').filter(|colon| authority.rfind(']').is_none_or(|bracket| *colon > bracket));
    let (host, port) = authority.split_at(port.unwrap_or(authority.len()));
    let digits = port.strip_prefix(':').unwrap_or_default();
    if !digits.is_empty() && (!digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.parse::<u16>().is_err()) {
        return Err(RedirectUriError("its port is not valid"));
    }
    let six = |host: &str| host.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let this_machine = host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || six(host).is_some_and(|address| address.is_loopback());
    this_machine
        .then_some(UriKind::Loopback(host, rest))
        .ok_or(RedirectUriError("http is for loopback addresses only; use https"))
}

fn private<'a>(scheme: &str, rest: &str) -> Result<UriKind<'a>, RedirectUriError> {
    let letter = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !letter || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
        return Err(RedirectUriError("it must be absolute"));
    }
    if !scheme::is_application(scheme) {
        return Err(RedirectUriError(
            "its scheme is not allowed: an application's own is a domain name in reverse, as com.example.app",
        ));
    }
    if rest.starts_with("//") {
        authority(rest)?;
    } else if !rest.starts_with('/') {
        return Err(RedirectUriError("its scheme must be followed by a slash"));
    }
    Ok(UriKind::Private)
}

fn check_query(text: &str) -> Result<(), RedirectUriError> {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let taken = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| ANSWER.contains(&&*name));
    if taken { Err(RedirectUriError("its query has a parameter that belongs to the answer")) } else { Ok(()) }
}
