//! What can go wrong between this server and 1C, each with a sentence that says what to check.

use super::cause::{Cause, Found};
use crate::rpc::{BoxError, Failure, Upstream, cause, no_answer};
use http::{StatusCode, Uri};
use std::borrow::Cow;
use std::time::Duration;

/// 1C's own words are passed on up to this length.
const TEXT_LIMIT: usize = 4 * 1024;

/// The kind of trouble with 1C.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// Nobody answers at the address: refused, no route, no such name, or no TLS.
    Unreachable,
    /// The connection broke before the whole answer came.
    Broken,
    /// No answer within this time.
    Slow(Duration),
    /// No free turn within this time.
    Queued(Duration),
    /// Any status but 200, with what the body said in words, 4 KiB of it at most.
    Status(StatusCode, String),
    /// 401 to a call that ran under the login of the caller, not the service account: the user has
    /// another password now, or is gone. The caller gets 401 and logs in again.
    LoginRefused,
    /// 200 with something that is no answer to the call; why.
    Nonsense(String),
    /// An answer of more bytes than this.
    TooLarge(usize),
    /// It lets anybody in without a login, so that no login can be checked.
    Open,
    /// The HTTP client failed in its own way.
    Other,
}

/// 1C could not be asked, or did not answer.
///
/// A [`OneCService`](super::OneCService) fails with a [`Failure`] whose [`source`](std::error::Error::source) is
/// this: [`find`](Self::find) looks for it.
///
/// Its text is meant for administrators: what happened, the details, what to do, and what 1C says. Clients
/// are told the same without names of hosts, addresses and paths ([`failure`](Self::failure)). The cause in
/// the machinery is its [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[error("{told}")]
pub struct Error {
    trouble: Trouble,
    why: Option<Cause>,
    told: Cow<'static, str>,
    failure: Failure,
    place: Option<Box<Place>>,
    #[source]
    source: Option<BoxError>,
}

/// Where it happened, for the log.
#[derive(Debug, Default)]
struct Place {
    uri: Option<Uri>,
    tool: Option<Box<str>>,
}

impl Error {
    pub(crate) fn new(trouble: Trouble, source: Option<BoxError>) -> Self {
        Self::found(trouble, None, source)
    }

    /// The same where the cause is known, or not.
    pub(super) fn found(trouble: Trouble, found: Option<Found>, source: Option<BoxError>) -> Self {
        let trouble = match trouble {
            Trouble::Status(status, text) => Trouble::Status(status, cut(&text).into_owned()),
            other => other,
        };
        let (told, said) = match &found {
            Some((cause, detail)) => {
                (explained(&trouble, *cause, detail.as_deref()), explained(&trouble, *cause, None))
            }
            None => {
                let sentence = sentence(&trouble, true);
                (sentence.clone(), sentence)
            }
        };
        let mut failure = Failure::new(status(&trouble), said);
        if let Trouble::Queued(_) = trouble {
            failure.retry_after = Some(Duration::from_secs(5));
        }
        Self { trouble, why: found.map(|(cause, _)| cause), told, failure, place: None, source }
    }

    /// The same of a call that changes nothing: nobody need look in 1C what it did.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        if self.why.is_none() {
            self.told = sentence(&self.trouble, false);
            self.failure.error.message = self.told.clone();
        }
        self
    }

    /// The same of a call to this address, for this tool.
    pub(super) fn at(self, uri: &Uri, tool: Option<&str>) -> Self {
        let place = Place { uri: Some(uri.clone()), tool: tool.map(Into::into) };
        Self { place: Some(Box::new(place)), ..self }
    }

    /// Returns the trouble with 1C in a chain of causes, if there is any.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        cause(error)
    }

    /// The address that was called, where that is known.
    pub fn uri(&self) -> Option<&Uri> {
        self.place.as_ref()?.uri.as_ref()
    }

    /// The tool that was called, where that is known.
    pub fn tool(&self) -> Option<&str> {
        self.place.as_ref()?.tool.as_deref()
    }

    /// What kind of trouble it is.
    pub const fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// The exact cause, where it is known.
    pub const fn why(&self) -> Option<Cause> {
        self.why
    }

    /// The status that 1C answered with, where that is the trouble.
    pub const fn status(&self) -> Option<StatusCode> {
        match self.trouble {
            Trouble::Status(status, _) => Some(status),
            _ => None,
        }
    }

    /// The status that 1C answered with, where it answered, whatever the trouble is called.
    pub const fn answered(&self) -> Option<StatusCode> {
        match self.trouble {
            Trouble::LoginRefused => Some(StatusCode::UNAUTHORIZED),
            Trouble::Nonsense(_) => Some(StatusCode::OK),
            _ => self.status(),
        }
    }

    /// The cause in a word, for the log: that of [`Cause`], or else the kind of trouble.
    pub fn name(&self) -> &'static str {
        match (self.why, &self.trouble) {
            (Some(why), _) => why.name(),
            (_, Trouble::Unreachable) => "Unreachable",
            (_, Trouble::Broken) => "Broken",
            (_, Trouble::Slow(_)) => "Slow",
            (_, Trouble::Queued(_)) => "Queued",
            (_, Trouble::Status(..)) => "Status",
            (_, Trouble::LoginRefused) => "LoginRefused",
            (_, Trouble::Nonsense(_)) => "Nonsense",
            (_, Trouble::TooLarge(_)) => "TooLarge",
            (_, Trouble::Open) => "Open",
            (_, Trouble::Other) => "Other",
        }
    }

    /// Whether the call failed in 1C or on the way: the caller's login is the caller's affair, and of a full queue the
    /// queue warns.
    const fn is_for_administrators(&self) -> bool {
        !matches!(self.trouble, Trouble::LoginRefused | Trouble::Queued(_))
    }

    /// What a client is told.
    pub const fn failure(&self) -> &Failure {
        &self.failure
    }

    /// What the log is told.
    fn upstream(&self) -> Upstream {
        Upstream {
            cause: self.name(),
            status: self.answered(),
            uri: self.uri().cloned(),
            tool: self.tool().map(Into::into),
            login_refused: self.trouble == Trouble::LoginRefused,
            is_for_administrators: self.is_for_administrators(),
        }
    }
}

/// What the services of the leaf fail with: a [`Failure`] for trouble with 1C, with that as its source; what else the
/// client failed with as it is.
pub(super) fn failed(error: BoxError) -> BoxError {
    match Error::find(&*error).map(|trouble| (trouble.failure.clone(), trouble.upstream())) {
        Some((failure, upstream)) => failure.caused(upstream, error).into(),
        None => error,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        error.failure.clone().caused(error.upstream(), error.into())
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Error::from(trouble).into()
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        Self::new(trouble, None)
    }
}

const fn status(trouble: &Trouble) -> StatusCode {
    match trouble {
        Trouble::Slow(_) => StatusCode::GATEWAY_TIMEOUT,
        Trouble::Queued(_) => StatusCode::SERVICE_UNAVAILABLE,
        Trouble::LoginRefused => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// A known cause in words, with details for those who may know them.
fn explained(trouble: &Trouble, cause: Cause, detail: Option<&str>) -> Cow<'static, str> {
    let (status, text) = match trouble {
        Trouble::Status(status, text) => (Some(status.as_str()), text.as_str()),
        _ => (None, ""),
    };
    let more: Vec<&str> = status.into_iter().chain(detail).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    // The page of a redirect says where to, and no more.
    let text = if cause.is_of_web_server() { String::new() } else { quoted(text) };
    format!("{}{more}. {}{text}", cause.what(), cause.cure()).into()
}

/// What to think of before a call is repeated that may have changed something.
const CARE: &str = " check in 1C before you repeat anything that changes data.";

/// Trouble whose cause is not known in more detail. `risky` calls may have changed something.
fn sentence(trouble: &Trouble, risky: bool) -> Cow<'static, str> {
    match trouble {
        Trouble::Unreachable => "1C cannot be reached. Check that the web server with the infobase's publication \
             runs and that the infobase URL names the right host and port."
            .into(),
        Trouble::Broken => {
            let care = if risky { format!(" The call may have run:{CARE}") } else { String::new() };
            format!(
                "1C broke the connection before its answer was complete.{care} If it happens again, look at the web \
                 server's log."
            )
            .into()
        }
        Trouble::Slow(limit) => {
            let care = if risky {
                format!(" The call may still run there:{CARE} Narrow the request, or raise the timeout.")
            } else {
                " Look what keeps 1C busy, or raise the timeout.".to_owned()
            };
            format!("1C did not answer within {} s.{care}", limit.as_secs_f32()).into()
        }
        Trouble::Queued(limit) => format!(
            "1C is busy: no turn came free within {} s, so the call was not sent. Try again later, or raise the \
             number of concurrent calls.",
            limit.as_secs_f32()
        )
        .into(),
        Trouble::Status(status, text) => format!("{}{}", status_sentence(*status), quoted(text)).into(),
        Trouble::LoginRefused => {
            "1C refused your login (401). The password may have been changed, or the user locked: \
             log in again."
                .into()
        }
        Trouble::Nonsense(why) => no_answer(why).into(),
        Trouble::TooLarge(limit) => format!(
            "1C's answer is larger than {}. Ask for less: a shorter period, fewer columns or a row limit.",
            if *limit < 1024 * 1024 { format!("{limit} bytes") } else { format!("{} MiB", limit / (1024 * 1024)) }
        )
        .into(),
        Trouble::Open => "1C lets anybody in without a login, so logins cannot be checked. Remove the user from the \
             publication (Usr= and Pwd= in its .vrd file) and switch anonymous access off on the web server."
            .into(),
        Trouble::Other => "The call to 1C failed before an answer came. The server's log says more.".into(),
    }
}

fn status_sentence(status: StatusCode) -> Cow<'static, str> {
    match status.as_u16() {
        400 => "1C did not accept the request (400). Check its arguments; if 1C gives no reason, look at the web \
             server's log and at the infobase's event log."
            .into(),
        401 => "1C refused the login (401). Check the user name and the password, that the user may log in with a \
             password, and that the web server passes the Authorization header on."
            .into(),
        402 => "1C refused the call (402): the token has expired, or no licence is free. Check the licences and who \
             holds sessions."
            .into(),
        403 => "1C denied access (403). The user needs a role with rights to the MCP extension's HTTP service.".into(),
        404 => "1C has no such service (404). Check the infobase name in the URL (case matters), the service root, \
             and that HTTP services of extensions are published."
            .into(),
        406 => "1C's session had expired (406), twice in a row. Check the session settings of the publication.".into(),
        413 => "The web server takes no request of that size (413). Send less, or raise its limit.".into(),
        500 => "The code in 1C failed (500). The event log of the infobase says where.".into(),
        502..=504 => format!(
            "The web server could not reach 1C ({}). The cluster or the infobase may be restarting: try again in a \
             minute, then check that the 1C server runs.",
            status.as_u16()
        )
        .into(),
        code => format!("1C answered with status {code}. Check the publication and the web server's log.").into(),
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" 1C says: {}", cut(text)) }
}

/// The first 4 KiB of `text`, at a character boundary.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_LIMIT {
        return text.into();
    }
    let mut end = TEXT_LIMIT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_finds_the_failure() {
        let error: BoxError = Error::from(Trouble::Slow(Duration::from_secs(30))).into();
        let failure = Failure::from_error(&failed(error));
        assert_eq!(failure.status, StatusCode::GATEWAY_TIMEOUT);
        assert!(failure.error.message.contains("within 30 s"), "{}", failure.error.message);
    }

    #[test]
    fn texts_are_cut_at_a_character() {
        let long = "ы".repeat(5000);
        assert!(cut(&long).len() < TEXT_LIMIT + 4);
    }
}
