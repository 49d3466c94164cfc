//! Every file of the fuzz corpora, through the same functions as the fuzz targets.

use crate::support::argument_invariants;
use crate::support::catalog_invariants;
use crate::support::hidden_invariants;
use crate::support::invariants;
use crate::support::oauth_invariants;
use crate::support::proxy_invariants;
use crate::support::scope_invariants;
use crate::support::seal_invariants;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        // A check that fails panics: the last name printed is the file to look at.
        println!("{}", path.display());
        check(&bytes);
        files += 1;
    }
    assert!(files > 0, "nothing in {}", folder.display());
}

#[test]
fn envelope() {
    replay("envelope", invariants::envelope);
}

#[test]
fn answer() {
    replay("answer", invariants::answer);
}

#[test]
fn error_body() {
    replay("error_body", invariants::error_body);
}

#[test]
fn scanner() {
    replay("envelope", invariants::scanner);
    replay("answer", invariants::scanner);
}

#[test]
fn sealed() {
    replay("sealed", seal_invariants::sealed);
}

#[test]
fn known_login() {
    replay("known_login", seal_invariants::known_login);
}

#[test]
fn host() {
    replay("host", proxy_invariants::host);
}

#[test]
fn redirect() {
    replay("redirect", oauth_invariants::redirect);
}

#[test]
fn oauth_params() {
    replay("oauth_params", oauth_invariants::oauth_params);
}

#[test]
fn assertion() {
    replay("assertion", oauth_invariants::assertion);
}

#[test]
fn key_set() {
    replay("key_set", oauth_invariants::key_set);
}

#[test]
fn guards() {
    replay("guards", scope_invariants::guards);
}

#[test]
fn hidden() {
    replay("hidden", hidden_invariants::hidden);
}

#[test]
fn arguments() {
    replay("arguments", catalog_invariants::arguments);
}

#[test]
fn argument_names() {
    replay("argument_names", argument_invariants::names);
}

#[test]
fn confirmation() {
    replay("confirmation", argument_invariants::confirmation);
}

#[test]
fn catalog() {
    replay("catalog", catalog_invariants::catalog);
}

const KEYS: [&str; 10] = [
    "Склад",
    "Sklad_7a7o3j",
    "\\u0421клад",
    "x_2abcde",
    "properties",
    "items",
    "a",
    "_confirmation",
    "\\u005fConfirmation\\t",
    "_confirm",
];
const VALUES: [&str; 9] = [
    "1.10",
    "true",
    "{}",
    "[]",
    "\"_confirmation\"",
    "\"{\\\"Sklad_7a7o3j\\\":1}\"",
    "{\"$ref\":\"#\"}",
    "\" {\\\"_confirmation\\\":1,\\\"a\\\":1.10}\"",
    "\"[\\\"{\\\\\\\"\\\\\\\\u005fconfirmation\\\\\\\":1}\\\"]\"",
];

/// JSON as nobody would write it, with members that stand there twice.
fn json() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(&VALUES[..]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 32, 4, |inner| {
        let member = (proptest::sample::select(&KEYS[..]), inner.clone());
        let member = member.prop_map(|(key, value)| format!("\"{key}\" : {value}"));
        prop_oneof![
            4 => proptest::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
            1 => proptest::collection::vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn hosts(
        host in "[a-cx0-9.~_-]{0,12}|\\[[0-9a-f:.]{0,20}\\]?|[ -~]{0,12}",
        port in "|:|:[0-9]{1,6}|:[ -~]{0,3}",
    ) {
        proxy_invariants::host(format!("{host}{port}").as_bytes());
    }

    #[test]
    fn arguments_of_any_shape(schema in json(), arguments in json()) {
        argument_invariants::names(format!("{{\"properties\":{{\"Склад\":{schema},\"a\":{schema}}}}}\n{arguments}").as_bytes());
        argument_invariants::confirmation(arguments.as_bytes());
    }

    #[test]
    fn arguments_of_any_bytes(bytes in any::<Vec<u8>>()) {
        argument_invariants::names(&bytes);
        argument_invariants::confirmation(&bytes);
    }
}
