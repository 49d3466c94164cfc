//! Proof key for code exchange, method S256 only
//! ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether the text can be a SHA-256: 32 bytes in base64url without padding.
pub(super) fn is_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the text has the form of a verifier ([section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
pub(super) fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// Whether the challenge was made of this verifier, compared in constant time
/// ([section 4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6)).
pub(super) fn verify(challenge: &str, verifier: &str) -> bool {
    let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    made.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_example_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(super::is_verifier(verifier) && super::is_challenge(challenge));
        assert!(super::verify(challenge, verifier));
        assert!(!super::verify(challenge, &verifier.replace('d', "e")));
        assert!(!super::is_verifier("short") && !super::is_challenge(&verifier[1..]));
    }
}
