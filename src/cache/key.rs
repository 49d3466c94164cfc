//! Keys of remembered answers.

use crate::identity::Identity;
use crate::onec::RestCall;
use crate::rpc::{Era, Extensions, Param, Request};
use http::HeaderMap;
use sha2::{Digest as _, Sha256};

/// The caller's subject; answers depend on this header only if calls run under the caller's own login.
const SUBJECT: &str = "x-mcp-sub";

/// The SHA-256 of all that an answer depends on, the login included. A key reveals none of it.
pub(super) type Key = [u8; 32];

/// Hashes parts with their lengths, and groups of parts with their number, so that no two questions are hashed
/// as the same bytes.
struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    fn part(&mut self, part: &[u8]) {
        self.number(part.len());
        self.0.update(part);
    }

    fn group<const N: usize>(&mut self, parts: Option<[&[u8]; N]>) {
        self.number(parts.as_ref().map_or(0, |parts| parts.len()));
        for part in parts.iter().flatten() {
            self.part(part);
        }
    }
}

pub(super) fn of_call(call: &RestCall) -> Key {
    let question = [&b"rest"[..], call.path.as_bytes(), &call.body];
    finish(question, &call.headers, &call.extensions)
}

/// The key of a list, whose only parameter is the cursor.
pub(super) fn of_list(request: &Request) -> Key {
    let method = request.method.as_str().as_bytes();
    // No cursor differs from an empty one, which is `""` here.
    let cursor = request.params.raw(Param::Cursor).unwrap_or_default();
    // Answers differ by era, as schemas are mended for it.
    let dialect: &[u8] = if request.version.era() == Era::Modern { b"rpc, modern" } else { b"rpc" };
    finish([dialect, method, cursor], &request.headers, &request.extensions)
}

fn finish(question: [&[u8]; 3], headers: &HeaderMap, extensions: &Extensions) -> Key {
    let mut parts = Parts(Sha256::new());
    parts.group(Some(question));
    let credentials = extensions.get::<Identity>().and_then(Identity::credentials);
    parts.group(credentials.map(|own| [own.user().as_bytes(), own.authorization().as_bytes()]));
    let counts = |name: &str| credentials.is_some() || name != SUBJECT;
    // The order of values of one name matters; the order of names does not.
    let mut names: Vec<_> = headers.keys().filter(|name| counts(name.as_str())).collect();
    names.sort_unstable_by_key(|name| name.as_str());
    parts.number(names.len());
    for name in names {
        parts.part(name.as_str().as_bytes());
        let values = headers.get_all(name);
        parts.number(values.iter().count());
        for value in values {
            parts.part(value.as_bytes());
        }
    }
    parts.0.finalize().into()
}
