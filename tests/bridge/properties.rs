//! Properties of the readers of JSON: they agree with serde_json and never panic.

use crate::support::invariants;
use bytes::Bytes;
use onec_mcp::fuzzing::json::{quote_into, unquote};
use onec_mcp::fuzzing::onec::decode;
use onec_mcp::rpc::{Message, Method, Params, Payload, Request, Version};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Keys that mean something to some reader, and others.
fn key() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "jsonrpc",
        "id",
        "method",
        "params",
        "result",
        "error",
        "_meta",
        "name",
        "uri",
        "arguments",
        "tools",
        "inputSchema",
        "content",
        "contents",
        "messages",
        "resource",
        "type",
        "data",
        "blob",
        "resultType",
        "requestState",
        "code",
        "message",
    ];
    prop_oneof![3 => select(KNOWN).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn leaf() -> impl Strategy<Value = Value> {
    const KNOWN: &[&str] = &["2.0", "image", "resource", "text", "input_required", "YQ==", "YQ\r\n==", "tools/call"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(KNOWN).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 64, 6, |inner| {
        prop_oneof![vec(inner.clone(), 0..6).prop_map(Value::from), object(inner).prop_map(Value::Object)]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    btree_map(key(), inner, 0..6).prop_map(|members: BTreeMap<_, _>| members.into_iter().collect())
}

/// JSON as 1C indents it, or on one line.
fn text(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<u8>> {
    (value, any::<bool>()).prop_map(|(value, pretty)| {
        if pretty { serde_json::to_vec_pretty(&value).unwrap() } else { serde_json::to_vec(&value).unwrap() }
    })
}

/// The same with a few bytes lost, doubled, or replaced by ones that matter in JSON.
fn mutated(text: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => select(&b"{}[]\",:\\ \n0123456789-+.eEutrfn\x00\xEF\xD0"[..]), 1 => any::<u8>()];
    (text, vec((any::<Index>(), 0..4u8, byte), 0..4)).prop_map(|(mut text, edits)| {
        for (at, what, byte) in edits {
            let at = at.index(text.len() + 1);
            match what {
                0 => text.insert(at, byte),
                1 => text.truncate(at),
                _ if at == text.len() => text.push(byte),
                2 => drop(text.remove(at)),
                _ => text[at] = byte,
            }
        }
        text
    })
}

/// A message that is nearly right.
fn message() -> impl Strategy<Value = Value> {
    let id = prop_oneof![any::<i64>().prop_map(Value::from), ".{0,6}".prop_map(Value::from), leaf()];
    let method = prop_oneof![select(&["tools/call", "ping", "x"][..]).prop_map(Value::from), leaf()];
    (id, method, value(), 0..4u8).prop_map(|(id, method, inner, shape)| match shape {
        0 => json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": inner }),
        1 => json!({ "jsonrpc": "2.0", "method": method, "params": { "_meta": inner } }),
        2 => json!({ "jsonrpc": "2.0", "id": id, "result": inner }),
        _ => json!([{ "jsonrpc": "2.0", "id": id, "error": inner }, inner]),
    })
}

/// An answer that is nearly right, and the byte before it that says to what.
fn answer() -> impl Strategy<Value = (u8, Value)> {
    let items = prop_oneof![vec(object(value()).prop_map(Value::Object), 0..4).prop_map(Value::from), value()];
    let subject =
        ["tools", "content", "resources", "resourceTemplates", "contents", "prompts", "messages", "completion"];
    (0..16u8, items, object(value()), 0..4u8).prop_map(move |(kind, items, mut rest, shape)| {
        rest.insert(subject[usize::from(kind & 7)].to_owned(), items);
        let answer = match shape {
            0 => json!({ "jsonrpc": "2.0", "id": invariants::ID, "error": rest }),
            _ => json!({ "jsonrpc": "2.0", "id": invariants::ID, "result": rest }),
        };
        (b'0' + kind, answer)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scanner_on_any_bytes(bytes in vec(any::<u8>(), 0..64)) {
        invariants::scanner(&bytes);
    }

    #[test]
    fn scanner_on_json(text in text(value())) {
        prop_assert!(invariants::is_json(&text));
        invariants::scanner(&text);
    }

    #[test]
    fn scanner_on_mutated_json(text in mutated(text(value()))) {
        invariants::scanner(&text);
    }

    #[test]
    fn strings_round_trip(text in ".*") {
        let mut quoted = Vec::new();
        quote_into(&mut quoted, &text);
        invariants::scanner(&quoted);
        prop_assert_eq!(unquote(&quoted).unwrap(), text);
    }

    #[test]
    fn envelope_on_any_bytes(bytes in vec(any::<u8>(), 0..64)) {
        invariants::envelope(&bytes);
    }

    #[test]
    fn envelope_on_messages(text in mutated(text(message()))) {
        invariants::envelope(&text);
    }

    #[test]
    fn ids_round_trip(id in prop_oneof![any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from)], digits in "[1-9][0-9]{20,40}") {
        for id in [id.to_string(), digits] {
            let text = format!("{{\"method\":\"ping\",\"id\": {id} ,\"jsonrpc\":\"2.0\"}}");
            match Message::parse(&Bytes::from(text)) {
                Ok(Message::Request(read, _)) => prop_assert_eq!(read.as_json(), id.as_bytes()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn payloads(members in object(value())) {
        let value = Value::Object(members);
        let text = Bytes::from(serde_json::to_vec(&value).unwrap());
        let payload = Payload::parse(text.clone()).unwrap();
        prop_assert_eq!(payload.json(), &text);
        prop_assert_eq!(payload.is_input_required(), value["resultType"] == "input_required");
        for (ours, theirs) in [
            (payload.messages(), &value["_meta"]["messages"]),
            (payload.request_state(), &value["requestState"]),
            (payload.input_requests(), &value["inputRequests"]),
        ] {
            prop_assert_eq!(ours.map_or(Value::Null, |raw| serde_json::from_slice(raw).unwrap()), theirs.clone());
        }
    }

    #[test]
    fn payload_on_mutated_json(text in mutated(text(value()))) {
        if let Ok(payload) = Payload::parse(text.clone()) {
            prop_assert!(invariants::is_json(&text) && payload.json().len() <= text.len());
        }
    }

    #[test]
    fn answer_on_any_bytes(bytes in vec(any::<u8>(), 0..64)) {
        invariants::answer(&bytes);
    }

    #[test]
    fn answer_on_mutated_answers(answer in answer().prop_flat_map(|(kind, value)| {
        mutated(text(Just(value))).prop_map(move |text| [&[kind][..], &text].concat())
    })) {
        invariants::answer(&answer);
    }

    /// Where nothing is mended the result comes out byte for byte.
    #[test]
    fn prompts_pass_untouched(prompts in vec(value(), 0..4), rest in object(value()), kind in select(&b"5="[..])) {
        let mut rest = rest;
        // What MCP defines is mended.
        for known in ["_meta", "resultType", "requestState"] {
            rest.remove(known);
        }
        let prompts = prompts.into_iter().zip(0..).map(|(x, name)| json!({ "name": name.to_string(), "x": x }));
        rest.insert("prompts".to_owned(), prompts.collect());
        let result = Value::Object(rest).to_string();
        let body = format!("{{\"id\":{},\"result\":{result}}}", invariants::ID);
        invariants::answer(&[&[kind], body.as_bytes()].concat());
        let request = Request::new(Method::PromptsList, Params::default(), Version::V2026_07_28);
        let payload = decode(body.into(), &request).unwrap().unwrap();
        prop_assert_eq!(payload.json(), result.as_bytes());
    }
}
