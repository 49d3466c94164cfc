//! What layers say of keeping a result reaches clients of 2026-07-28 and nobody else, whatever 1C says.

use crate::support::mcp;
use crate::support::schema::odd_results;
use bytes::Bytes;
use mcp::{Http, http, legacy, modern, post, rpc, send};
use onec_mcp::onec::{Infobase, OneCService};
use onec_mcp::rpc::{Payload, Response};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::convert::Infallible;
use tower::{ServiceExt, service_fn};

/// What a layer says.
#[derive(Clone, Copy, Debug, Default)]
struct Hints {
    ttl: Option<u64>,
    private: bool,
}

impl Hints {
    fn of(self, payload: Payload) -> Payload {
        let payload = if self.private { payload.private() } else { payload };
        self.ttl.into_iter().fold(payload, Payload::with_ttl_ms)
    }
}

/// A server whose answer to everything is this.
fn server(json: &str, hints: Hints) -> Http {
    let payload = hints.of(Payload::parse(json.to_owned()).unwrap());
    http(rpc(move |_| std::future::ready(Ok(Response::result(payload.clone())))))
}

/// The result as a modern client gets it, and the text of the whole reply.
async fn told(json: &str, hints: Hints) -> (Value, String) {
    let got = send(&server(json, hints), modern("tools/list", json!({}))).await;
    (got.result(), got.text)
}

const BOTH: Hints = Hints { ttl: Some(7), private: true };

#[tokio::test]
async fn what_1c_says_is_replaced_in_its_place_and_what_is_absent_added() {
    let _odd = odd_results("members alone");
    for (said, hints, expected) in [
        // Of 1C's own and of nobody.
        (r#"{"tools":[]}"#, Hints::default(), (0, "private")),
        (r#"{"ttlMs":5,"cacheScope":"public"}"#, Hints::default(), (5, "public")),
        // Both of a layer.
        (r#"{"tools":[]}"#, BOTH, (7, "private")),
        ("{}", BOTH, (7, "private")),
        (" { \r\n } ", BOTH, (7, "private")),
        (r#"{"ttlMs":5}"#, BOTH, (7, "private")),
        (r#"{"ttlMs":5,"cacheScope":"public"}"#, BOTH, (7, "private")),
        (r#"{"cacheScope":"public","ttlMs":5}"#, BOTH, (7, "private")),
        ("{ \"cacheScope\" :\r\n\"public\" , \"tools\":[],\"ttlMs\" : 500000 }", BOTH, (7, "private")),
        (r#"{"ttl\u004ds":5,"cache\u0053cope":"public"}"#, BOTH, (7, "private")),
        (r#"{"ttlMs":{"x":[1,"},"]},"cacheScope":null}"#, BOTH, (7, "private")),
        // One of them.
        (r#"{"ttlMs":5,"cacheScope":"public"}"#, Hints { ttl: Some(u64::MAX), private: false }, (u64::MAX, "public")),
        (r#"{"ttlMs":5,"cacheScope":"public"}"#, Hints { ttl: None, private: true }, (5, "private")),
        (r#"{"ttlMs":5}"#, Hints { ttl: None, private: true }, (5, "private")),
        // Beside a type and metadata of 1C's own.
        (r#"{"resultType":"complete"}"#, BOTH, (7, "private")),
        (r#"{"resultType":"complete"}"#, Hints::default(), (0, "private")),
        (r#"{"resultType":"complete","ttlMs":5,"cacheScope":"public"}"#, BOTH, (7, "private")),
        (r#"{"_meta":{},"ttlMs":5,"cacheScope":"public"}"#, BOTH, (7, "private")),
        (r#"{"ttlMs":5,"_meta":{"a":{"ttlMs":9}},"cacheScope":"public"}"#, BOTH, (7, "private")),
        (r#"{"ttlMs":5,"cacheScope":"public","_meta":{"a":1}}"#, BOTH, (7, "private")),
        (r#"{"a":{"ttlMs":5,"cacheScope":"public"}}"#, BOTH, (7, "private")),
    ] {
        let (result, text) = told(said, hints).await;
        assert_eq!((result["ttlMs"].as_u64(), result["cacheScope"].as_str()), (Some(expected.0), Some(expected.1)));
        assert_eq!(result["resultType"], "complete", "{text}");
        assert!(result["_meta"]["io.modelcontextprotocol/serverInfo"].is_object(), "{text}");
        assert_eq!(result["a"], serde_json::from_str::<Value>(said).unwrap()["a"], "{text}");
    }
}

#[tokio::test]
async fn the_exact_reply() {
    let _odd = odd_results("members alone");
    let hints = Hints { ttl: Some(60_000), private: true };
    let info = r#""io.modelcontextprotocol/serverInfo":{"name":"1C","version":"1.0.0"}"#;
    let (_, text) = told(r#"{"cacheScope":"public","tools":[ 1.10 ],"_meta":{"a":1},"ttlMs":5}"#, hints).await;
    let result = format!(
        r#"{{"resultType":"complete","cacheScope":"private","tools":[ 1.10 ],"_meta":{{{info},"a":1}},"ttlMs":60000}}"#
    );
    assert_eq!(text, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#));
    let (_, text) = told("{}", hints).await;
    let result = format!(r#"{{"resultType":"complete","ttlMs":60000,"cacheScope":"private","_meta":{{{info}}}}}"#);
    assert_eq!(text, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#));
}

#[tokio::test]
async fn clients_of_older_revisions_are_told_what_1c_says() {
    let _odd = odd_results("members alone");
    for (said, expected) in [
        (r#"{"tools":[]}"#, r#"{"tools":[]}"#),
        (r#"{"ttlMs":5,"cacheScope":"public"}"#, r#"{"ttlMs":5,"cacheScope":"public"}"#),
        (r#"{"ttlMs":5,"resultType":"complete","tools":[]}"#, r#"{"ttlMs":5,"tools":[]}"#),
    ] {
        let got = send(&server(said, BOTH), post(legacy(1, "tools/list", &json!({})), &[])).await;
        assert_eq!(got.text, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{expected}}}"#));
    }
}

#[tokio::test]
async fn results_that_are_not_for_keeping_get_no_such_members() {
    let _odd = odd_results("members alone");
    let tool = |hints| async move {
        send(&server(r#"{"content":[]}"#, hints), modern("prompts/get", json!({ "name": "a" }))).await
    };
    for hints in [Hints::default(), BOTH] {
        let result = tool(hints).await.result();
        assert!(result.get("ttlMs").is_none() && result.get("cacheScope").is_none(), "{result}");
    }
    let (result, _) = told(r#"{"resultType":"x","tools":[]}"#, BOTH).await;
    assert_eq!((result["resultType"].as_str(), result.get("ttlMs")), (Some("x"), None));
}

#[tokio::test]
async fn large_results_are_edited_just_so() {
    let _odd = odd_results("members alone");
    // Beyond the size up to which a reply is copied into one piece.
    let large = "x".repeat(100 * 1024);
    for said in [
        format!(r#"{{"ttlMs":5,"tools":["{large}"],"cacheScope":"public","_meta":{{"a":1}}}}"#),
        format!(r#"{{"_meta":{{"a":1}},"tools":["{large}"],"cacheScope":"public"}}"#),
        format!(r#"{{"tools":["{large}"],"_meta":{{}},"ttlMs":5}}"#),
        format!(r#"{{"tools":["{large}"]}}"#),
    ] {
        let (result, _) = told(&said, BOTH).await;
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(7), &json!("private")));
        assert_eq!(result["tools"], json!([large]));
        assert!(result["_meta"]["io.modelcontextprotocol/serverInfo"].is_object());
        let got = send(&server(&said, BOTH), post(legacy(1, "tools/list", &json!({})), &[])).await;
        assert_eq!(got.text, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{said}}}"#));
    }
}

/// Members of a result in any order, each as 1C might write it; `None` where it is too long to print.
fn members() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let long = format!("[\"{}\"]", "ы".repeat(40 * 1024));
    let one = |key: &'static str, values: Vec<String>| select(values).prop_map(move |value| (key, value));
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    let all = (
        one("ttlMs", texts(&["0", "5", "1.5e3", "null", "\"ttlMs\"", "{\"ttlMs\":[1]}"])),
        one("cacheScope", texts(&["\"public\"", "\"private\"", "null", "[\"public\"]"])),
        one("resultType", texts(&["\"complete\""])),
        one("_meta", texts(&["{}", "{ }", "{\"a\":1}", "{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"1C\"}}"])),
        one("tools", [texts(&["[]", "[{\"name\":\"a\",\"ttlMs\":1}]"]), vec![long]].concat()),
        one("nextCursor", texts(&["\"}\"", "\"\\\"ttlMs\\\":1,\""])),
    );
    all.prop_map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f])
        .prop_flat_map(|all| subsequence(all, 0..=6))
        .prop_shuffle()
}

fn hints() -> impl Strategy<Value = Hints> {
    (proptest::option::of(any::<u64>()), any::<bool>()).prop_map(|(ttl, private)| Hints { ttl, private })
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_members(members in members(), gap in select(vec!["", " ", "\r\n\t"]), hints in hints()) {
        let _odd = odd_results("members alone");
        let text: Vec<_> = members.iter().map(|(key, value)| format!("{gap}\"{key}\"{gap}:{gap}{value}{gap}")).collect();
        let text = format!("{{{gap}{}}}", text.join(","));
        let said: Value = serde_json::from_str(&text).unwrap();
        let server = server(&text, hints);

        let result = block(send(&server, modern("tools/list", json!({})))).result();
        let mut expected = said.clone();
        expected["resultType"] = "complete".into();
        match hints.ttl {
            Some(ttl) => expected["ttlMs"] = ttl.into(),
            None if said.get("ttlMs").is_none() => expected["ttlMs"] = 0.into(),
            None => {}
        }
        if hints.private || said.get("cacheScope").is_none() {
            expected["cacheScope"] = "private".into();
        }
        if said["_meta"].get("io.modelcontextprotocol/serverInfo").is_none() {
            expected["_meta"]["io.modelcontextprotocol/serverInfo"] = json!({ "name": "1C", "version": "1.0.0" });
        }
        prop_assert_eq!(result, expected);

        let result = block(send(&server, post(legacy(1, "tools/list", &json!({})), &[]))).result();
        let mut expected = said;
        expected.as_object_mut().unwrap().remove("resultType");
        prop_assert_eq!(result, expected);
    }
}

/// What 1C itself says of keeping stands there once, and the leaf's mending takes nothing of it away.
#[tokio::test]
async fn what_1c_says_of_keeping_stays() {
    let said = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"ttlMs":5000,"cacheScope":"public","isError":false}}"#;
    for (result, ttl, scope) in [
        (said.to_owned(), "5000", "public"),
        (said.replace("5000", "\"5000\""), "5000", "public"),
        (said.replace("5000", "-1"), "0", "public"),
        (said.replace("\"public\"", "7"), "5000", "private"),
        (said.replace("\"ttlMs\"", "\"ttlMs\":null,\"ttlMs\""), "5000", "public"),
    ] {
        let client = service_fn(move |_: http::Request<Bytes>| {
            std::future::ready(Ok::<_, Infallible>(http::Response::new(Bytes::from(result.clone()))))
        });
        let onec = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
        let got = send(&http(rpc(move |request| onec.clone().oneshot(request))), modern("tools/list", json!({}))).await;
        for (name, value) in [("ttlMs", ttl.to_owned()), ("cacheScope", format!("\"{scope}\""))] {
            assert_eq!(got.text.matches(&format!("\"{name}\"")).count(), 1, "{}", got.text);
            assert!(got.text.contains(&format!("\"{name}\":{value}")), "{}", got.text);
        }
    }
}
