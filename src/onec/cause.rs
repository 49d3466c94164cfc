//! Causes of failed calls to 1C, and what to do about each: one table for the log, `check`, clients and the login page.

#[cfg(feature = "tls")]
mod certificate;

use super::client::line_errors::{ConnectTimeoutError, NoSuchHostError, SpeaksTlsError};
use crate::rpc::cause as find;
use http::header::{LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode, Uri};
use percent_encoding::percent_decode_str;
#[cfg(feature = "tls")]
use rustls::InvalidMessage;
use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use url::Url;

/// The longest detail, in characters.
const DETAIL: usize = 300;

macro_rules! causes {
    ($($name:ident: $what:literal, $cure:literal;)*) => {
        /// The cause of a failed call to 1C, if it is known more exactly than the [`ErrorKind`](super::ErrorKind).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause {
            $(#[doc = concat!($what, ". ", $cure)] $name,)*
        }

        impl Cause {
            /// All causes.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the name of the cause, as it stands in the log.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns what happened: the first part of the message.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// Returns what to do about it: the last part of the message.
            pub const fn cure(self) -> &'static str {
                match self { $(Self::$name => $cure,)* }
            }
        }
    };
}

#[rustfmt::skip] // a table
causes! {
    NoSuchHostError: "1C cannot be reached: the host name in its URL cannot be resolved",
        "Check the host in MCP_ONEC_URL, and this machine's DNS.";
    Refused: "1C cannot be reached: the connection was refused",
        "Check that the web server with the infobase's publication runs, and the port in MCP_ONEC_URL.";
    NoRoute: "1C cannot be reached: no network leads to its host",
        "Check the host in MCP_ONEC_URL, and the network of this machine.";
    ConnectTimeout: "1C cannot be reached: no connection came about in time",
        "Check host and port in MCP_ONEC_URL, and the firewalls on the way.";
    UntrustedCertificate: "1C cannot be reached: its certificate is from an authority that is not trusted here",
        "Name a PEM file with the authority's certificate in MCP_ONEC_CA; if the web server leaves out intermediate \
         certificates, let it send them.";
    SelfSignedCertificate: "1C cannot be reached: its certificate is self-signed and not trusted here",
        "Name a PEM file with this very certificate in MCP_ONEC_CA. MCP_ONEC_TLS_VERIFY=false takes any certificate, which \
         protects from nobody.";
    ExpiredCertificate: "1C cannot be reached: its certificate has expired",
        "Renew the certificate of the web server; check this machine's clock.";
    FutureCertificate: "1C cannot be reached: its certificate is not valid yet",
        "Check the clock of this machine and of the web server.";
    ForeignCertificate: "1C cannot be reached: its certificate is for another host name",
        "Write the name that the certificate has into MCP_ONEC_URL, get a certificate for the name in use, or name a PEM \
         file with this very certificate in MCP_ONEC_CA.";
    OldCertificate: "1C cannot be reached: its certificate is of X.509 version 1, which is no longer taken",
        "Replace it by one of version 3, as openssl req -x509 makes it; MCP_ONEC_CA does not help here.";
    BadCertificate: "1C cannot be reached: its certificate cannot be used",
        "Replace the certificate of the web server, or name a PEM file with this very certificate in MCP_ONEC_CA.";
    NoTls: "1C cannot be reached: https was spoken to a port that speaks plain http",
        "Write http:// in MCP_ONEC_URL, or the port of https.";
    OnlyTls: "1C cannot be reached: plain http was spoken to a port that speaks https",
        "Write https:// in MCP_ONEC_URL, or the port of http.";
    PerhapsTls: "1C broke the connection without an answer, at a port that mostly speaks https",
        "If it does, write https:// in MCP_ONEC_URL, and nothing has run. If not, look at the web server's log, and in 1C \
         before you repeat anything that changes data.";
    Handshake: "1C cannot be reached: TLS does not come about",
        "Check that the port in MCP_ONEC_URL speaks https, that the web server allows TLS 1.2 or 1.3, and that it asks for no \
         client certificate.";
    RedirectToHttps: "The web server sends calls on from http to https",
        "Write https:// in MCP_ONEC_URL.";
    RedirectCase: "The web server sends calls on to the same address in other letter case",
        "Write the name of the infobase in MCP_ONEC_URL exactly as it is published.";
    Redirect: "The web server sends calls on to another address",
        "Let MCP_ONEC_URL name the address of the publication itself; a login page in front of it is no use to programs.";
    NoPath: "1C's HTTP service answers, but has no such path",
        "Update or publish the extension that answers it, or name another path in the catalog; where the extension has no \
         tools of its own, set MCP_ONEC_RPC=false. If nothing else works any more, check the infobase name in MCP_ONEC_URL.";
    NoLicence: "1C has no free licence",
        "Check the licences of the 1C server and who holds sessions; try again when some have ended.";
    Blocked: "1C starts no sessions: the infobase is blocked for now",
        "Wait until the administrator has lifted the block (an update or maintenance, as a rule).";
    Versions: "The web server's 1C module and the 1C server are of different versions",
        "Update the 1C components of the web server (or wait until the update of 1C is complete), and publish the infobase \
         again.";
    SessionHeader: "1C wants the caller to steer sessions",
        "Set reuseSessions to autouse or dontuse for the HTTP service, in the publication or in the configuration.";
    WindowsLogin: "The web server asks for a Windows login",
        "Switch Windows authentication (Negotiate, NTLM) off and anonymous access on for the publication, so that 1C itself \
         asks for user and password.";
    OtherLogin: "The web server asks for a login of another kind than user and password",
        "Let the publication's own address be reached without it, or set MCP_ONEC_AUTH=bearer where a token is wanted.";
    Descriptor: "The publication of the infobase is broken: its default.vrd cannot be read",
        "Publish the infobase again; the file must be UTF-8 without BOM, and hold nothing that the 1C module is too old for.";
    NoInfobase: "The 1C server does not know the infobase of this publication",
        "Check Srvr= and Ref= in the publication's default.vrd, and that the infobase is registered in the cluster.";
    NoDatabase: "The 1C server cannot reach its database",
        "Check that the database server runs, and the infobase's settings in the cluster.";
    DiskFull: "The disk of the 1C server is full",
        "Make room there.";
    NotWell: "The HTTP service answers, but does not say that it is well",
        "Check that the infobase URL and the service root lead to the MCP extension's HTTP service: GET health must answer \
         {\"status\":\"ok\"}.";
}

impl Cause {
    /// Returns whether the web server answered with a page of its own, which holds no words of 1C.
    pub(super) const fn is_of_web_server(self) -> bool {
        matches!(self, Self::OnlyTls | Self::RedirectToHttps | Self::RedirectCase | Self::Redirect)
    }

    /// Returns whether the cause is the certificate of 1C's web server.
    pub const fn is_certificate(self) -> bool {
        matches!(
            self,
            Self::UntrustedCertificate
                | Self::SelfSignedCertificate
                | Self::ExpiredCertificate
                | Self::FutureCertificate
                | Self::ForeignCertificate
                | Self::OldCertificate
                | Self::BadCertificate
        )
    }

    /// Returns whether the cause may be gone after a moment.
    pub(super) const fn is_passing(self) -> bool {
        matches!(self, Self::Refused | Self::NoRoute | Self::Handshake)
    }
}

/// Words of 1C and of web servers, in lower case, with the cause that they mean for any status.
const SAID: &[(&str, Cause)] = &[
    ("не обнаружено свободной лицензии", Cause::NoLicence),
    ("не найдена лицензия", Cause::NoLicence),
    ("лицензия не обнаружена", Cause::NoLicence),
    ("no free license", Cause::NoLicence),
    ("license not found", Cause::NoLicence),
    ("license is not found", Cause::NoLicence),
    ("сеанса с информационной базой запрещено", Cause::Blocked),
    ("сеансов с информационной базой запрещено", Cause::Blocked),
    ("infobase session is not allowed", Cause::Blocked),
    ("session start is forbidden", Cause::Blocked),
    ("session start is not allowed", Cause::Blocked),
    ("различаются версии клиента и сервера", Cause::Versions),
    ("versions of the client and server", Cause::Versions),
    ("client and server versions", Cause::Versions),
    ("не указан заголовок управления сеансами", Cause::SessionHeader),
    ("session management header", Cause::SessionHeader),
    ("session control header", Cause::SessionHeader),
    ("дескриптора виртуальных ресурсов", Cause::Descriptor),
    ("virtual resource descriptor", Cause::Descriptor),
    ("application error xml parsing error", Cause::Descriptor),
    ("информационная база не обнаружена", Cause::NoInfobase),
    ("infobase not found", Cause::NoInfobase),
    ("сервер баз данных не обнаружен", Cause::NoDatabase),
    ("database server not found", Cause::NoDatabase),
    ("no space left on device", Cause::DiskFull),
    ("plain http request was sent to https port", Cause::OnlyTls),
    ("speaking plain http to an ssl-enabled server port", Cause::OnlyTls),
    ("http request to an https server", Cause::OnlyTls),
];

/// A cause, with details that only administrators may read: names, addresses, dates.
pub(super) type Found = (Cause, Option<String>);

/// Returns the cause that 1C's own words mean.
pub(super) fn said(text: &str) -> Option<Cause> {
    let text = text.to_lowercase();
    SAID.iter().find(|(words, _)| text.contains(words)).map(|(_, cause)| *cause)
}

/// Returns the cause of an answer with an error status. `text` is the text of the body.
pub(super) fn of_answer(asked: &Uri, status: StatusCode, headers: &HeaderMap, text: &str) -> Option<Found> {
    if let Some(cause) = said(text) {
        return Some((cause, None));
    }
    match status {
        StatusCode::CONFLICT => Some((Cause::Versions, None)),
        StatusCode::UNAUTHORIZED => challenged(headers),
        status if status.is_redirection() => {
            redirected(asked, headers.get(LOCATION).and_then(|to| std::str::from_utf8(to.as_bytes()).ok())?)
        }
        _ => None,
    }
}

/// Returns the cause of a 401 that does not offer Basic; `None` for one without a challenge.
fn challenged(headers: &HeaderMap) -> Option<Found> {
    let offers = headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|offer| offer.to_str().ok());
    // Commas separate both challenges and their parameters; a scheme is a word without `=`.
    let words = offers.flat_map(|offer| offer.split(',')).filter_map(|part| part.split_whitespace().next());
    let schemes: Vec<&str> = words.filter(|word| !word.contains('=')).collect();
    let offered = |name: &str| schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(name));
    if schemes.is_empty() || offered("Basic") {
        return None;
    }
    let windows = offered("Negotiate") || offered("NTLM");
    let cause = if windows { Cause::WindowsLogin } else { Cause::OtherLogin };
    Some((cause, detail(&format!("it offers {}", schemes.join(", ")))))
}

fn redirected(asked: &Uri, location: &str) -> Option<Found> {
    let from = Url::parse(&asked.to_string()).ok()?;
    let mut to = from.join(location).ok()?;
    let path = |url: &Url| percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
    let (asked, told) = (path(&from), path(&to));
    // At another host there may be anything, such as a login page.
    let same_host = from.host() == to.host();
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    let cause = if same_host && from.scheme() == "http" && to.scheme() == "https" {
        Cause::RedirectToHttps
    } else if same_host && same_port && asked != told && asked.to_lowercase() == told.to_lowercase() {
        Cause::RedirectCase
    } else {
        Cause::Redirect
    };
    // Login pages may get secrets in the query.
    to.set_query(None);
    to.set_fragment(None);
    let _ = (to.set_username(""), to.set_password(None));
    let shown = percent_decode_str(to.as_str()).decode_utf8_lossy().into_owned();
    Some((cause, detail(&format!("to {shown}"))))
}

/// Returns the cause of a 404 from a service that answers at other paths.
pub(super) fn of_missing(asked: &Uri, status: StatusCode) -> Option<Found> {
    let path = percent_decode_str(asked.path()).decode_utf8_lossy();
    (status == StatusCode::NOT_FOUND).then(|| (Cause::NoPath, detail(&path)))
}

/// Returns the cause of a plain HTTP connection that closed before the answer: some TLS servers do that.
pub(super) fn of_silence(asked: &Uri) -> Option<Found> {
    // 443, 8443, 9443 and so on. Higher ports are ephemeral ones of the system.
    let is_likely = |port: u16| port % 1000 == 443 && port < 32_768;
    let likely = asked.scheme_str() == Some("http") && asked.port_u16().is_some_and(is_likely);
    likely.then_some((Cause::PerhapsTls, None))
}

/// Returns the cause of a failed connection or a failed TLS handshake.
pub(super) fn of_failure(error: &(dyn StdError + 'static)) -> Option<Found> {
    if let Some(error) = find::<NoSuchHostError>(error) {
        return Some((Cause::NoSuchHostError, error.source().and_then(|why| detail(&why.to_string()))));
    }
    if find::<SpeaksTlsError>(error).is_some() {
        return Some((Cause::OnlyTls, None));
    }
    if let Some(late) = find::<ConnectTimeoutError>(error) {
        return Some((Cause::ConnectTimeout, detail(&late.to_string())));
    }
    #[cfg(feature = "tls")]
    if let Some(error) = find::<rustls::Error>(error) {
        return Some(of_tls(error));
    }
    let why = innermost(error)?;
    let cause = match why.kind() {
        ErrorKind::ConnectionRefused => Cause::Refused,
        ErrorKind::TimedOut => Cause::ConnectTimeout,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => Cause::NoRoute,
        // Before the connection exists, only the handshake is read.
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Cause::Handshake,
        _ => return None,
    };
    Some((cause, detail(&why.to_string())))
}

/// Returns the error of the operating system inside the chain of causes.
fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let mut found = find::<io::Error>(error)?;
    while let Some(inner) = found.get_ref().and_then(|inner| find::<io::Error>(inner)) {
        found = inner;
    }
    Some(found)
}

#[cfg(feature = "tls")]
fn of_tls(error: &rustls::Error) -> Found {
    let cause = match error {
        rustls::Error::InvalidCertificate(why) => return certificate::of_certificate(why),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Cause::NoTls,
        _ => Cause::Handshake,
    };
    (cause, detail(&error.to_string()))
}

/// Returns text from outside as one line of limited length.
fn detail(text: &str) -> Option<String> {
    let shown: String = text.chars().filter(|char| !char.is_control()).take(DETAIL).collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_sentences_without_internals() {
        for cause in Cause::ALL {
            let (what, cure) = (cause.what(), cause.cure());
            assert!(what.starts_with(char::is_uppercase) || what.starts_with('1'), "{what}");
            assert!(!what.ends_with('.') && cure.ends_with('.'), "{what} {cure}");
            assert!(!what.contains("  ") && !cure.contains("  "), "{what} {cure}");
        }
    }

    #[test]
    fn words_that_are_looked_for_are_in_lower_case() {
        for (words, _) in SAID {
            assert_eq!(*words, words.to_lowercase());
        }
    }
}
