//! Secrets for clients: opaque and random, with a prefix that secret scanners can recognise.

use crate::rpc::BoxError;
use aes_gcm::aead::Generate;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

pub(super) const CODE: &str = "onec_ac_";
pub(super) const ACCESS: &str = "onec_at_";
pub(super) const REFRESH: &str = "onec_rt_";
pub(super) const CLIENT: &str = "onec_ci_";
pub(super) const GRANT: &str = "onec_gr_";

/// Returns a new secret: 256 random bits of the operating system after the prefix.
pub(super) fn new(prefix: &str) -> Result<Zeroizing<String>, BoxError> {
    let bytes = Zeroizing::new(<[u8; 32]>::try_generate().map_err(|_| "the system gives no random numbers")?);
    // Allocated in full, since a growing text leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 43));
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
    Ok(text)
}
