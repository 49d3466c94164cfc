//! Sentences for errors, which say what to check.

use super::cause::Cause;
use super::error_kind::ErrorKind;
use crate::rpc::no_answer;
use http::StatusCode;
use std::borrow::Cow;

/// The most bytes of 1C's own text that are shown.
const TEXT_LIMIT: usize = 4 * 1024;

/// Returns the sentence for a known cause, with details for those who may see them.
pub(super) fn explained(kind: &ErrorKind, cause: Cause, detail: Option<&str>) -> Cow<'static, str> {
    let (status, text) = match kind {
        ErrorKind::Status(status, text) => (Some(status.as_str()), text.as_str()),
        _ => (None, ""),
    };
    let more: Vec<&str> = status.into_iter().chain(detail).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    // The page of a redirect says only where it leads to.
    let text = if cause.is_of_web_server() { String::new() } else { quoted(text) };
    format!("{}{more}. {}{text}", cause.what(), cause.cure()).into()
}

/// The advice before a call that may have changed data is repeated.
const CARE: &str = " check in 1C before you repeat anything that changes data.";

/// Returns the sentence for an error without a known cause. A `risky` call may have changed data.
pub(super) fn sentence(kind: &ErrorKind, risky: bool) -> Cow<'static, str> {
    match kind {
        ErrorKind::Unreachable => "1C cannot be reached. Check that the web server with the infobase's publication \
             runs and that the infobase URL names the right host and port."
            .into(),
        ErrorKind::Broken => {
            let care = if risky { format!(" The call may have run:{CARE}") } else { String::new() };
            format!(
                "1C broke the connection before its answer was complete.{care} If it happens again, look at the web \
                 server's log."
            )
            .into()
        }
        ErrorKind::Slow(limit) => {
            let care = if risky {
                format!(" The call may still run there:{CARE} Narrow the request, or raise the timeout.")
            } else {
                " Look what keeps 1C busy, or raise the timeout.".to_owned()
            };
            format!("1C did not answer within {} s.{care}", limit.as_secs_f32()).into()
        }
        ErrorKind::Queued(limit) => format!(
            "1C is busy: no turn came free within {} s, so the call was not sent. Try again later, or raise the \
             number of concurrent calls.",
            limit.as_secs_f32()
        )
        .into(),
        ErrorKind::Status(status, text) => format!("{}{}", status_sentence(*status), quoted(text)).into(),
        ErrorKind::LoginRefused => {
            "1C refused your login (401). The password may have been changed, or the user locked: \
             log in again."
                .into()
        }
        ErrorKind::Nonsense(why) => no_answer(why).into(),
        ErrorKind::TooLarge(limit) => format!(
            "1C's answer is larger than {}. Ask for less: a shorter period, fewer columns or a row limit.",
            if *limit < 1024 * 1024 { format!("{limit} bytes") } else { format!("{} MiB", limit / (1024 * 1024)) }
        )
        .into(),
        ErrorKind::Open => "1C lets anybody in without a login, so logins cannot be checked. Remove the user from the \
             publication (Usr= and Pwd= in its .vrd file) and switch anonymous access off on the web server."
            .into(),
        ErrorKind::Other => "The call to 1C failed before an answer came. The server's log says more.".into(),
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

/// Returns the first 4 KiB of `text`, cut at a character boundary.
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
    fn texts_are_cut_at_a_character() {
        let long = "ы".repeat(5000);
        assert!(cut(&long).len() < TEXT_LIMIT + 4);
    }
}
