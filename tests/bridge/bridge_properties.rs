//! Properties of the splicer, the header sentinel and the lines of stdio, and the replay of their
//! fuzz corpora.

use crate::support::bridge_invariants as invariants;
use proptest::prelude::*;
use proptest::sample::select;
use std::path::Path;

/// Members that a bridge reads or adds, and others, with and without line breaks between them.
fn result() -> impl Strategy<Value = String> {
    let member = select(vec![
        r#""resultType" : "complete""#,
        r#""_meta":{}"#,
        "\"_meta\":{\r\n\"messages\":[]}",
        r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"1C"}}"#,
        r#""_meta":null"#,
        r#""ttlMs":5"#,
        r#""cacheScope":"private""#,
        r#""tools":[]"#,
        r#""n":1e400"#,
        r#""ф":"\r\n""#,
    ]);
    let gap = select(vec!["", " ", "\r\n"]);
    proptest::collection::vec((member, gap), 0..6).prop_map(|parts| {
        let members: Vec<String> = parts.iter().map(|(member, gap)| format!("{gap}{member}{gap}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn results_are_spliced(era in any::<u8>(), json in result()) {
        invariants::splice(&[&[era], json.as_bytes()].concat());
    }

    #[test]
    fn sentinels_of_any_bytes(bytes in any::<Vec<u8>>()) {
        invariants::sentinel(&bytes);
    }

    #[test]
    fn sentinels_of_any_text(text in any::<String>(), wrapped in any::<bool>()) {
        let text = if wrapped { format!("=?base64?{text}?=") } else { text };
        invariants::sentinel(text.as_bytes());
    }

    #[test]
    fn lines_of_any_bytes(bytes in any::<Vec<u8>>()) {
        invariants::lines(&bytes);
    }
}

#[test]
fn the_corpora() {
    let check = |target, check: fn(&[u8])| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join::<&str>(target);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(path).unwrap());
        }
    };
    check("splice", invariants::splice);
    check("sentinel", invariants::sentinel);
    check("lines", invariants::lines);
}
