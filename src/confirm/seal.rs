//! [`Seal`]: binds a question and a consent to a call and a caller.

use super::used::{Mark, Used, Worth};
use crate::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The beginning of this layer's request states.
const PREFIX: &str = "onec-mcp.consent";

#[derive(Clone)]
pub(super) struct Seal {
    key: Zeroizing<[u8; 32]>,
    shared: bool,
    pub(super) lifetime: Duration,
    used: Arc<Used>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("shared", &self.shared).field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// The stage of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The user was asked.
    Asked,
    /// The user agreed.
    Given,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Given => "given",
        }
    }
}

/// The call that a consent is for.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) tool: &'a str,
    pub(super) arguments: &'a [u8],
    pub(super) caller: Option<&'a Identity>,
}

/// The sealed fields besides the subject.
#[derive(Clone, Copy)]
struct Sealed<'a> {
    stage: Stage,
    /// When it expires, in seconds of Unix time.
    until: u64,
    /// Tells apart two questions about the same call.
    nonce: &'a str,
    /// 1C's own request state.
    inner: Option<&'a str>,
}

/// A valid request state.
pub(super) struct Read<'a> {
    pub(super) stage: Stage,
    /// 1C's own request state.
    pub(super) inner: Option<&'a str>,
    mark: Mark,
}

impl Seal {
    pub(super) fn new() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        // 244 random bits from the operating system.
        key.iter_mut()
            .zip(Uuid::new_v4().into_bytes().into_iter().chain(Uuid::new_v4().into_bytes()))
            .for_each(|(byte, random)| *byte = random);
        Self { key, shared: false, lifetime: Duration::from_secs(600), used: Arc::default() }
    }

    pub(super) fn share(&mut self, secret: &[u8]) {
        if !secret.is_empty() {
            self.key = derived(secret);
            self.shared = true;
        }
    }

    /// Returns the request state for `subject`, with 1C's own in it.
    pub(super) fn state(&self, stage: Stage, subject: Subject<'_>, inner: Option<&str>) -> String {
        let until = now().saturating_add(self.lifetime).as_secs();
        let nonce = Uuid::new_v4().simple().to_string();
        let mac = self.mac(Sealed { stage, until, nonce: &nonce, inner }, subject);
        let seal = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        let inner = inner.map(|inner| format!(".{inner}")).unwrap_or_default();
        format!("{PREFIX}.{}.{until}.{nonce}.{seal}{inner}", stage.name())
    }

    /// Reads a request state for `subject`; `None` if it is of another subject, was changed, or has expired.
    pub(super) fn read<'a>(&self, state: &'a str, subject: Subject<'_>) -> Option<Read<'a>> {
        let mut parts = state.strip_prefix(PREFIX)?.strip_prefix('.')?.splitn(5, '.');
        let stage = match parts.next()? {
            "asked" => Stage::Asked,
            "given" => Stage::Given,
            _ => return None,
        };
        let until = parts.next()?.parse().ok()?;
        let nonce = parts.next()?;
        let seal: [u8; 32] = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
        let inner = parts.next();
        self.mac(Sealed { stage, until, nonce, inner }, subject).verify_slice(&seal).ok()?;
        (now().as_secs() < until).then_some(Read { stage, inner, mark: (until, seal) })
    }

    /// Uses the request state up: it is valid for one call.
    pub(super) fn take(&self, read: &Read<'_>) -> Worth {
        self.used.take(read.mark, now().as_secs())
    }

    fn mac(&self, sealed: Sealed<'_>, subject: Subject<'_>) -> Hmac<Sha256> {
        let Subject { tool, arguments, caller } = subject;
        let own = caller.and_then(Identity::credentials);
        // Replicas without a shared secret still share the caller's login.
        let key = match own {
            Some(own) if !self.shared && !own.password().expose_secret().is_empty() => {
                derived(own.authorization().as_bytes())
            }
            _ => self.key.clone(),
        };
        let mut mac = keyed(&*key);
        let mut part = |part: &[u8]| {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        };
        let Sealed { stage, until, nonce, inner } = sealed;
        part(stage.name().as_bytes());
        part(&until.to_le_bytes());
        part(nonce.as_bytes());
        part(&[u8::from(inner.is_some())]);
        part(inner.unwrap_or_default().as_bytes());
        part(tool.as_bytes());
        part(&compact(arguments));
        part(&[u8::from(caller.is_some()), u8::from(own.is_some())]);
        part(caller.map_or("", Identity::subject).as_bytes());
        part(own.map_or(&b""[..], |own| own.authorization().as_bytes()));
        let whose = [caller.and_then(Identity::client), caller.and_then(Identity::partition)];
        for name in whose {
            part(&[u8::from(name.is_some())]);
            part(name.unwrap_or_default().as_bytes());
        }
        mac
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC accepts keys of any length, so this cannot fail.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

fn derived(secret: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = keyed(secret);
    mac.update(PREFIX.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Returns valid JSON without the white space between tokens: clients may write the same call differently.
fn compact(json: &[u8]) -> Vec<u8> {
    let (mut within, mut escaped) = (false, false);
    let kept = json.iter().copied().filter(|byte| {
        let keep = within || !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match byte {
            b'"' if !escaped => within = !within,
            _ => {}
        }
        escaped = within && *byte == b'\\' && !escaped;
        keep
    });
    kept.collect()
}
