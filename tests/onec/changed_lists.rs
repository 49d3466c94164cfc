//! A list that differs little from one before it comes out as if it had come alone.

use bytes::Bytes;
use onec_mcp::onec::{Infobase, OneCService};
use onec_mcp::rpc::{BoxError, Method, Params, Request, Response, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};

/// Tools as 1C writes them: some are mended, some are left out, some are hard to tell from what stands around them.
const TOOLS: &[&str] = &[
    r#"{"name":"a","inputSchema":{"type":"object"}}"#,
    r#"{ "name" : "b" , "description" : null }"#,
    r#"{"name":"c","inputSchema":{"properties":{"x":{"type":"строка"}}},"outputSchema":{"type":"object"}}"#,
    r#"{"name":"Отчёт","description":"]},{\"name\":\"a\"},[","inputSchema":{}}"#,
    "{\r\n\t\"name\": \"d\",\r\n\t\"inputSchema\": {\r\n\t}\r\n}",
    r#"{"name":"e","description":"half \ud800 of two"}"#,
    r#"{"name":7}"#,
    r#"{"name":"a","description":"the second"}"#,
    r#"{"name":"f","outputSchema":{"type":"object","properties":{"n":{"type":"integer"}}}}"#,
    r#"{"description":"nameless"}"#,
    "null",
    "[]",
];

/// What stands around them, before and behind.
const AROUND: &[(&str, &str)] = &[
    (r#"{"jsonrpc":"2.0","id":1,"result":{"tools":["#, "]}}"),
    (r#"{"result":{"edition":"0001","tools":["#, r#"],"nextCursor":"2"},"id":1}"#),
    (r#"{"result":{"edition":"0002","tools":["#, r#"],"nextCursor":"2"},"id":2}"#),
    ("{ \"result\" : {\r\n \"tools\" : [ ", " ] , \"ttlMs\" : 5 } }"),
    (r#"{"result":{"tools":["#, r#"],"tools":[]}}"#),
    (r#"{"result":{"tools":[]},"result":{"tools":["#, "]}}"),
    (r#"{"error":{"code":1,"message":"no"},"result":{"tools":["#, "]}}"),
    (r#"{"result":{"tools":["#, r#"],"x":"unclosed}}"#),
    (r#"{"result":{"resultType":"input_required","tools":["#, "]}}"),
];

fn filler() -> String {
    format!(r#"{{"name":"filler","description":"{}","inputSchema":{{"type":"object"}}}}"#, "текст ".repeat(200))
}

/// A list with much that stays at its beginning, its end, or in the middle.
fn list() -> impl Strategy<Value = (Vec<&'static str>, Vec<&'static str>, (&'static str, &'static str))> {
    let some = || vec(prop_oneof![9 => select(&TOOLS[..6]), 1 => select(TOOLS)], 0..6);
    (some(), some(), prop_oneof![5 => select(&AROUND[..4]), 1 => select(AROUND)])
}

fn text((before, behind, (head, tail)): &(Vec<&str>, Vec<&str>, (&str, &str))) -> String {
    let filler = filler();
    let all: Vec<&str> = before.iter().copied().chain([&*filler]).chain(behind.iter().copied()).collect();
    format!("{head}{}{tail}", all.join(","))
}

fn leaf(answers: Vec<Bytes>) -> BoxCloneService<Request, Response, BoxError> {
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let client = service_fn(move |_: http::Request<Bytes>| {
        let answer = answers.lock().unwrap().pop_front().unwrap();
        std::future::ready(Ok::<_, Infallible>(http::Response::new(answer)))
    });
    BoxCloneService::new(OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap())
}

/// What a list, and a call after it, come to.
fn outcome(answer: Result<Response, BoxError>) -> Result<String, String> {
    let payload = answer.map_err(|error| format!("{error:?}"))?.outcome.map_err(|error| format!("{error:?}"))?;
    Ok(compact(std::str::from_utf8(payload.json()).unwrap()))
}

/// Without the white space between tokens.
fn compact(json: &str) -> String {
    let (mut within, mut escaped) = (false, false);
    let kept = json.chars().filter(|char| {
        within ^= *char == '"' && !escaped;
        escaped = *char == '\\' && !escaped;
        within || !char.is_whitespace()
    });
    kept.collect()
}

/// The last of these lists, and what a call of each tool with an output schema comes to after it.
fn last(answers: &[Vec<u8>], version: Version) -> Vec<Result<String, String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let call = Bytes::from_static(br#"{"result":{"content":[{"type":"text","text":"{\"n\":1}"}]}}"#);
    let all = answers.iter().cloned().map(Bytes::from).chain([call.clone(), call]).collect();
    let service = leaf(all);
    let ask = |method, params: &'static str| {
        let params = Params::parse(&Bytes::from_static(params.as_bytes())).unwrap();
        outcome(runtime.block_on(service.clone().oneshot(Request::new(method, params, version))))
    };
    let lists: Vec<_> = answers.iter().map(|_| ask(Method::ToolsList, "{}")).collect();
    let calls = [r#"{"name":"c"}"#, r#"{"name":"f"}"#].map(|params| ask(Method::ToolsCall, params));
    lists.into_iter().next_back().into_iter().chain(calls).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    /// Tools come, go and change places, and so does what stands around them.
    #[test]
    fn tools_come_and_go(
        one in list(),
        other in list(),
        third in list(),
        same in any::<[bool; 3]>(),
        modern in any::<bool>(),
    ) {
        let version = if modern { Version::V2026_07_28 } else { Version::V2025_11_25 };
        let mut other = other;
        if same[0] {
            other.0.clone_from(&one.0);
        }
        if same[1] {
            other.1.clone_from(&one.1);
        }
        if same[2] {
            other.2 = one.2;
        }
        let [one, other, third] = [&one, &other, &third].map(|list| text(list).into_bytes());
        let no_tools = b"{\"result\":{\"tools\":[]}}".to_vec();
        let [before, nothing, alone] = [&one, &no_tools, &other].map(|list| last(std::slice::from_ref(list), version));
        let after = last(&[one.clone(), other.clone()], version);
        prop_assert_eq!(&after[0], &alone[0]);
        // Of tools that are gone schemas stay known.
        if after[0].is_ok() && before[1..] == nothing[1..] {
            prop_assert_eq!(&after[1..], &alone[1..]);
        }
        prop_assert_eq!(&last(&[one, third, other], version)[0], &alone[0]);
    }

    /// Whatever is cut out and put in, wherever.
    #[test]
    fn any_bytes_change(
        list in list(),
        from in any::<Index>(),
        length in 0_usize..40,
        other in select(vec!["", "\"", "{", "}", "]", ",", "[]", "\\", "{\"name\":\"n\"},", "\u{feff}", "x"]),
    ) {
        let before = text(&list);
        let from = from.index(before.len());
        let to = (from + length).min(before.len());
        let after = [&before.as_bytes()[..from], other.as_bytes(), &before.as_bytes()[to..]].concat();
        let alone = last(std::slice::from_ref(&after), Version::V2025_11_25);
        prop_assert_eq!(&last(&[before.into_bytes(), after], Version::V2025_11_25)[0], &alone[0]);
    }
}
