//! Writes a reply around the bytes of a result.

use super::encoded::Encoded;
use super::json::Span;
use super::message::Id;
use super::method::Method;
use super::outline::Outline;
use super::payload::{Hints, Payload};
use super::version::Era;
use bytes::Bytes;

/// Up to this size a reply is copied into one buffer: one write costs less than several.
const COPY_LIMIT: usize = 64 * 1024;

/// The changes to a result on its way to the client.
struct Splice<'a> {
    prefix: Vec<u8>,
    /// Bytes to remove from the payload, and the bytes in their place.
    edits: [(Span, &'a [u8]); 4],
}

/// Writes the reply to request `id`: the payload's own bytes, with the members that the era adds.
///
/// `server_info` is the JSON object that 2026-07-28 shows in `_meta` of every result.
pub(crate) fn encode(payload: Payload, id: &Id, method: &Method, era: Era, server_info: &[u8]) -> Encoded {
    let (json, outline, hints) = payload.into_parts();
    let copied = if json.len() <= COPY_LIMIT { json.len() } else { 0 };
    let mut prefix = Vec::with_capacity(256 + 2 * server_info.len() + id.as_json().len() + copied);
    prefix.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    prefix.extend_from_slice(id.as_json());
    prefix.extend_from_slice(b",\"result\":{");
    let mut own = Vec::new();
    let body = Span::new(0, 1);
    let nothing = (Span::default(), &b""[..]);
    let ttl = hints.ttl_ms.map(|ttl| ttl.to_string()).unwrap_or_default();
    let mut splice = match era {
        Era::Legacy => Splice { prefix, edits: [(body, b""), (outline.result_type_cut, b""), nothing, nothing] },
        Era::Modern => {
            let complete = matches!(outline.result_type.of(&json), None | Some(b"\"complete\""));
            let cacheable = complete && method.is_cacheable();
            add_members(&mut prefix, &outline, hints, cacheable, server_info);
            let inside = if outline.meta.is_empty() || !outline.server_info.is_empty() {
                nothing
            } else {
                server_info_member(&mut own, server_info);
                if outline.meta_members {
                    own.push(b',');
                }
                // Replaces the opening brace of `_meta`.
                (Span::new(outline.meta.start(), outline.meta.start() + 1), &own[..])
            };
            let ttl = if ttl.is_empty() { nothing } else { (outline.ttl, ttl.as_bytes()) };
            let scope = if hints.private { (outline.cache_scope, &b"\"private\""[..]) } else { nothing };
            Splice { prefix, edits: [(body, b""), inside, ttl, scope] }
        }
    };
    splice.edits.sort_by_key(|(span, _)| span.start());
    splice.write(&json)
}

fn server_info_member(out: &mut Vec<u8>, server_info: &[u8]) {
    if out.is_empty() {
        out.push(b'{');
    }
    out.extend_from_slice(b"\"io.modelcontextprotocol/serverInfo\":");
    out.extend_from_slice(server_info);
}

/// Adds the members of 2026-07-28 that the payload does not have.
fn add_members(out: &mut Vec<u8>, outline: &Outline, hints: Hints, cacheable: bool, server_info: &[u8]) {
    let ttl = hints.ttl_ms.map(|ttl| format!("\"ttlMs\":{ttl},"));
    let mut members: Vec<&[u8]> = Vec::with_capacity(8);
    if outline.result_type.is_empty() {
        members.push(b"\"resultType\":\"complete\",");
    }
    if cacheable {
        if outline.ttl.is_empty() {
            members.push(ttl.as_deref().map_or(b"\"ttlMs\":0,", str::as_bytes));
        }
        if outline.cache_scope.is_empty() {
            members.push(b"\"cacheScope\":\"private\",");
        }
    }
    if outline.meta.is_empty() {
        members.extend([&b"\"_meta\":{\"io.modelcontextprotocol/serverInfo\":"[..], server_info, b"},"]);
    }
    for member in members {
        out.extend_from_slice(member);
    }
    if !outline.members && out.last() == Some(&b',') {
        out.pop();
    }
}

impl Splice<'_> {
    fn write(self, json: &Bytes) -> Encoded {
        let small = json.len() <= COPY_LIMIT;
        let mut now = self.prefix;
        let mut pieces = Vec::new();
        let mut done = 0;
        let mut pass = |now: &mut Vec<u8>, from: usize, to: usize| {
            if small {
                now.extend_from_slice(json.get(from..to).unwrap_or_default());
            } else if from < to {
                pieces.push(Bytes::from(std::mem::take(now)));
                pieces.push(json.slice(from..to));
            }
        };
        for (span, text) in self.edits {
            if !span.is_empty() {
                pass(&mut now, done, span.start());
                now.extend_from_slice(text);
                done = span.end();
            }
        }
        pass(&mut now, done, json.len());
        now.push(b'}');
        if small {
            return now.into();
        }
        pieces.push(now.into());
        Encoded::in_pieces(pieces)
    }
}
