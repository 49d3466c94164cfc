//! What must hold of guarded values for any arguments whatever: shared by the property tests, the
//! corpus and the fuzz target.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken invariant is a panic")]

use bytes::Bytes;
use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, RpcError, Version};
use onec_mcp::scope::{Guard, ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use tower::{Layer, ServiceExt, service_fn};

/// What needs a scope of its own in the argument `measures`.
pub(crate) const VALUES: [&str; 3] = ["cost", "profit margin", "Маржа"];

/// Arguments of a guarded tool: if they name a value in any way in which a layer below could come to
/// read them, the call is refused, and with both scopes.
pub(crate) fn guards(arguments: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Json>(arguments) else { return };
    match call(arguments) {
        // Deeper than the bridge lets through.
        None => {}
        Some(Ok(())) => assert!(!names(&json), "passed: {}", String::from_utf8_lossy(arguments)),
        Some(Err(lacking)) => assert_eq!(lacking, Scopes::parse("mcp cost")),
    }
}

/// The scopes that a call with these arguments lacks.
pub(crate) fn refused(arguments: &[u8]) -> Option<Scopes> {
    call(arguments).expect("arguments that can be read").err()
}

fn call(arguments: &[u8]) -> Option<Result<(), Scopes>> {
    let guard = Guard::new("sales", "measures", VALUES, "cost");
    let onec = service_fn(|_: Request| async { Ok::<_, BoxError>(Response::result(Payload::empty())) });
    let service = ScopeLayer::new(ScopePolicy::everything("mcp").guard(guard)).layer(onec);
    let params = [&br#"{"name":"sales","arguments":"#[..], arguments, b"}"].concat();
    let params = Params::parse(&Bytes::from(params)).ok()?;
    let mut request = Request::new(Method::ToolsCall, params, Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse("mcp")));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(service.oneshot(request));
    Some(answer.map(drop).map_err(|error| RpcError::from_error(&error).scopes.expect("refused for another reason")))
}

/// JSON as serde_json reads it, with members that stand there twice.
#[derive(Debug)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    Other,
}

/// Whether arguments name a value, also as JSON text in a string.
fn names(arguments: &Json) -> bool {
    match arguments {
        Json::Object(members) => {
            members.iter().any(|(key, value)| key.trim().to_lowercase() == "measures" && mentions(value))
        }
        Json::Text(text) => serde_json::from_str::<Json>(text).is_ok_and(|inner| names(&inner)),
        Json::Array(_) | Json::Other => false,
    }
}

fn mentions(value: &Json) -> bool {
    match value {
        Json::Object(members) => members.iter().any(|(key, value)| is_value(key) || mentions(value)),
        Json::Array(items) => items.iter().any(mentions),
        Json::Text(text) => is_value(text) || serde_json::from_str::<Json>(text).is_ok_and(|inner| mentions(&inner)),
        Json::Other => false,
    }
}

fn is_value(text: &str) -> bool {
    VALUES.iter().any(|value| value.to_lowercase() == text.trim().to_lowercase())
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::Array(all))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }
}
