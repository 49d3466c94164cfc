//! Parsers from text to types. Errors say what is expected, but not where the text came from.

use http::{HeaderName, HeaderValue};
use secrecy::SecretString;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// The error of a value: why it is not allowed, and which values are.
pub(super) struct ValueError {
    /// The text to show in place of the value, if the value could hold a secret.
    pub(super) shown: Option<String>,
    pub(super) why: String,
}

/// Creates an error; the message ends the sentence "NAME is "value": {why}".
pub(super) fn refused(why: impl Into<String>) -> ValueError {
    ValueError { shown: None, why: why.into() }
}

pub(super) type Parsed<T> = Result<T, ValueError>;

/// Parses a base URL: http or https with a host, and nothing after the path.
pub(super) fn url(text: &str, example: &str) -> Parsed<Url> {
    let refuse = |why: &str| ValueError { shown: Some(without_login(text)), why: why.to_owned() };
    let expected = format!("expected a URL that begins with http:// or https:// and has a host, e.g. {example}");
    // The parser would accept `http:/host`, and take the path for the host in `http:///base`.
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(['/', '\\'])) || text.contains(char::is_control) {
        return Err(refuse(&expected));
    }
    // Before parsing: a password with a slash or # in it would not look like one to the parser.
    if text.contains('@') {
        return Err(refuse("a URL must not hold a login; use MCP_ONEC_USERNAME and MCP_ONEC_PASSWORD for that of 1C"));
    }
    let url = Url::parse(text).map_err(|error| refuse(&format!("{error}; {expected}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(&format!("expected a URL without ? and #, e.g. {example}")));
    }
    Ok(url)
}

/// Returns the URL for a message: without user name, password, query and fragment.
pub(super) fn without_login(text: &str) -> String {
    let (start, rest) = text.split_once("//").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let shown = match rest.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => rest.to_owned(),
    };
    let slashes = if start.is_empty() { "" } else { "//" };
    match shown.split_once(['?', '#']) {
        Some((path, _)) => format!("{start}{slashes}{path}?***"),
        None => format!("{start}{slashes}{shown}"),
    }
}

/// Parses an integer within limits; `unit` follows the word "number".
pub(super) fn number(text: &str, min: u64, max: u64, unit: &str) -> Parsed<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (min..=max).contains(number));
    number.ok_or_else(|| refused(format!("expected a whole number{unit} from {min} to {max}")))
}

/// Parses milliseconds, up to an hour.
pub(super) fn millis(text: &str, min: u64) -> Parsed<Duration> {
    number(text, min, 3_600_000, " of milliseconds").map(Duration::from_millis)
}

/// Parses seconds, at least one.
pub(super) fn seconds(text: &str, max: u64) -> Parsed<Duration> {
    number(text, 1, max, " of seconds").map(Duration::from_secs)
}

/// Parses seconds; 0 is none.
pub(super) fn seconds_or_none(text: &str, max: u64) -> Parsed<Duration> {
    number(text, 0, max, " of seconds").map(Duration::from_secs)
}

pub(super) fn concurrency(text: &str) -> Parsed<usize> {
    let number = number(text, 1, 10_000, "")?;
    usize::try_from(number).map_err(|_| refused("too large for this machine"))
}

pub(super) fn connections(text: &str) -> Parsed<usize> {
    let number = number(text, 1, 1_000_000, "")?;
    usize::try_from(number).map_err(|_| refused("too large for this machine"))
}

/// Parses a rate per minute; 0 is unlimited.
pub(super) fn per_minute(text: &str) -> Parsed<u32> {
    let number = number(text, 0, 1_000_000, "")?;
    u32::try_from(number).map_err(|_| refused("too large for this machine"))
}

/// Parses a size in MiB, and returns bytes.
pub(super) fn mebibytes(text: &str) -> Parsed<usize> {
    let number = number(text, 1, 1_048_576, " of MiB")?;
    let bytes = usize::try_from(number).ok().and_then(|number| number.checked_mul(1024 * 1024));
    bytes.ok_or_else(|| refused("too large for this machine"))
}

pub(super) fn port(text: &str) -> Parsed<u16> {
    let why = "expected a port number from 0 to 65535, where 0 picks a free one";
    number(text, 0, 65_535, "").ok().and_then(|port| u16::try_from(port).ok()).ok_or_else(|| refused(why))
}

/// Parses the host to listen on.
pub(super) fn host(text: &str) -> Parsed<String> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(address.to_string());
    }
    let name_like = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    match Host::parse(text) {
        Ok(Host::Ipv4(address)) => Ok(address.to_string()),
        Ok(Host::Ipv6(address)) => Ok(address.to_string()),
        Ok(Host::Domain(name)) if name_like(&name) => Ok(name),
        _ => Err(refused("expected an IP address or a host name such as localhost, without a port")),
    }
}

/// Parses a JSON array of origins.
pub(super) fn origins(text: &str) -> Parsed<Vec<String>> {
    let why = r#"expected a JSON array of origins, e.g. ["https://app.example.com"] or ["*"]"#;
    let list: Vec<String> = serde_json::from_str(text).map_err(|_| refused(why))?;
    list.iter()
        .map(|origin| self::origin(origin).ok_or_else(|| refused(format!("\"{origin}\" is no origin; {why}"))))
        .collect()
}

/// Returns the origin as browsers write it: lower case, no default port, no slash at the end.
fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some("*".to_owned());
    }
    let url = Url::parse(text).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.has_host() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    // By the specification, schemes of applications (`vscode-webview://id`) have no origin, but they send one.
    let origin = url.origin();
    Some(if origin.is_tuple() { origin.ascii_serialization() } else { url.as_str().trim_end_matches('/').to_owned() })
}

/// Parses the path of the HTTP service below `/hs/`.
pub(super) fn service_root(text: &str) -> Parsed<String> {
    let root = text.trim_matches('/');
    let part = |part: &str| {
        !matches!(part, "" | "." | "..") && part.chars().all(|c| c.is_alphanumeric() || "-._~".contains(c))
    };
    let legal = root.split('/').all(part);
    legal.then(|| root.to_owned()).ok_or_else(|| {
        refused("expected the root URL of the HTTP service in the configurator, e.g. mcp: letters, digits, - . _ ~ /")
    })
}

/// Parses a line of text for people.
pub(super) fn line(text: &str) -> Parsed<String> {
    let legal = (1..=200).contains(&text.chars().count()) && !text.contains(char::is_control);
    legal.then(|| text.to_owned()).ok_or_else(|| refused("expected one line of 1 to 200 characters"))
}

/// Parses a user name that Basic authentication can send.
pub(super) fn username(text: &str) -> Parsed<String> {
    let legal = !text.is_empty() && !text.contains(|c: char| c == ':' || c.is_control());
    legal.then(|| text.to_owned()).ok_or_else(|| refused("expected a user name on one line, without a colon"))
}

pub(super) fn password(text: &str) -> Parsed<SecretString> {
    match text.contains(char::is_control) {
        true => Err(refused("there is a line break or another control character in it")),
        false => Ok(text.into()),
    }
}

pub(super) fn token(text: &str) -> Parsed<SecretString> {
    let legal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    legal.then(|| text.into()).ok_or_else(|| refused("expected ASCII letters, digits and signs, without blanks"))
}

pub(super) fn switch(text: &str) -> Parsed<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(refused("expected true or false")),
    }
}

/// Returns the items of a JSON array, or of a line where blanks or commas separate them.
pub(super) fn items(text: &str) -> Option<Vec<String>> {
    if text.starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let words = text.split(|c: char| c == ',' || c.is_whitespace());
    Some(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

pub(super) fn header_name(text: &str) -> Parsed<HeaderName> {
    let name = HeaderName::try_from(text).map_err(|_| refused("expected the name of an HTTP header, e.g. X-Tenant"))?;
    let own = ["content-", "x-mcp-", "proxy-"].iter().any(|prefix| name.as_str().starts_with(prefix));
    match own || OWN_HEADERS.contains(&name.as_str()) {
        true => Err(refused("the gateway or HTTP itself sets that header; expected another one, e.g. X-Tenant")),
        false => Ok(name),
    }
}

/// Headers that calls have anyway, or that decide how HTTP frames a message.
const OWN_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

pub(super) fn header_value(text: &str) -> Parsed<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| refused("expected visible ASCII characters, as HTTP headers carry them"))
}

pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    match text.is_empty() || text.contains('\0') {
        true => Err(refused("expected the path of a file")),
        false => Ok(PathBuf::from(text)),
    }
}

/// Parses whether calls have a bearer token.
pub(super) fn is_bearer(text: &str) -> Parsed<bool> {
    match text.to_ascii_lowercase().as_str() {
        "basic" => Ok(false),
        "bearer" => Ok(true),
        _ => Err(refused("expected basic or bearer")),
    }
}
