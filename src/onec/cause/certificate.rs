//! Causes in the certificate of 1C's web server.

use super::super::tls::SelfSignedError;
use super::{Cause, Found, detail};
use crate::rpc::cause as find;
use rustls::CertificateError;

/// Returns the cause of a rejected certificate, in plain words: the libraries print names of enum variants.
pub(super) fn of_certificate(why: &CertificateError) -> Found {
    use CertificateError as E;
    match why {
        E::UnknownIssuer | E::BadSignature => (Cause::UntrustedCertificate, None),
        E::Expired => (Cause::ExpiredCertificate, None),
        E::ExpiredContext { time, not_after } => {
            (Cause::ExpiredCertificate, days(time.as_secs().saturating_sub(not_after.as_secs()), "ago"))
        }
        E::NotValidYet => (Cause::FutureCertificate, None),
        E::NotValidYetContext { time, not_before } => {
            (Cause::FutureCertificate, days(not_before.as_secs().saturating_sub(time.as_secs()), "from now"))
        }
        E::NotValidForName => (Cause::ForeignCertificate, None),
        E::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() { "no host at all".to_owned() } else { presented.join(", ") };
            (Cause::ForeignCertificate, detail(&format!("it names {names}, and the URL {}", expected.to_str())))
        }
        E::Other(other) if find::<SelfSignedError>(&*other.0).is_some() => (Cause::SelfSignedCertificate, None),
        E::Other(other) => match find::<webpki::Error>(&*other.0) {
            Some(webpki::Error::UnsupportedCertVersion) => (Cause::OldCertificate, None),
            other => (Cause::BadCertificate, other.and_then(of_chain).and_then(detail)),
        },
        other => (Cause::BadCertificate, of_itself(other).and_then(detail)),
    }
}

const fn of_itself(why: &CertificateError) -> Option<&'static str> {
    use CertificateError as E;
    #[allow(deprecated, reason = "rustls may still return them")]
    Some(match why {
        E::BadEncoding => "it is not written as certificates are",
        E::Revoked => "it was revoked",
        E::UnhandledCriticalExtension => "it says something critical of itself that is not known here",
        E::UnsupportedSignatureAlgorithm
        | E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not taken here, such as with SHA-1"
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "it is not for servers, by its extended key usage",
        _ => return None,
    })
}

const fn of_chain(why: &webpki::Error) -> Option<&'static str> {
    use webpki::Error as E;
    Some(match why {
        E::CaUsedAsEndEntity => "it is the certificate of an authority and not of a server",
        E::EndEntityUsedAsCa => "it is signed with a certificate that is no authority's",
        E::NameConstraintViolation => "its authority may not vouch for such names",
        E::PathLenConstraintViolated => "there are more authorities on the way to it than one of them allows",
        E::EmptyEkuExtension => "it is for no use at all, by its extended key usage",
        E::ExtensionValueInvalid
        | E::InvalidSerialNumber
        | E::MalformedDnsIdentifier
        | E::MalformedExtensions
        | E::MalformedNameConstraint
        | E::SignatureAlgorithmMismatch
        | E::InvalidNetworkMaskConstraint => "it is not written as certificates are",
        _ => return None,
    })
}

fn days(seconds: u64, direction: &str) -> Option<String> {
    let (number, unit) = match seconds {
        0..7_200 => (seconds.div_ceil(60), "min"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    Some(format!("{number} {unit} {direction}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::OtherError;
    use std::sync::Arc;

    /// Texts such as `BadEncoding` mean nothing to an administrator.
    #[test]
    fn no_names_of_variants() {
        use CertificateError as E;
        let chain = [
            webpki::Error::CaUsedAsEndEntity,
            webpki::Error::EndEntityUsedAsCa,
            webpki::Error::UnsupportedCertVersion,
            webpki::Error::MaximumSignatureChecksExceeded,
            webpki::Error::InvalidSerialNumber,
            webpki::Error::EmptyEkuExtension,
        ];
        let chain = chain.map(|why| E::Other(OtherError(Arc::new(why))));
        let own = [
            E::BadEncoding,
            E::Revoked,
            E::UnhandledCriticalExtension,
            E::UnknownRevocationStatus,
            E::InvalidPurpose,
            E::InvalidOcspResponse,
            E::ApplicationVerificationFailure,
            E::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: vec![1],
                public_key_algorithm_id: vec![2],
            },
        ];
        for why in chain.into_iter().chain(own) {
            let (cause, detail) = of_certificate(&why);
            assert!(cause.is_certificate(), "{why:?}");
            let detail = detail.unwrap_or_default();
            assert!(!detail.contains(['(', '{', '[']), "{detail}");
            assert!(detail.is_empty() || detail.contains(' '), "{detail}");
        }
    }
}
