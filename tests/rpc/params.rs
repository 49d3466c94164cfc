//! One parameter, read and changed.

use bytes::Bytes;
use onec_mcp::rpc::{Meta, Param, Params};
use proptest::prelude::*;
use serde_json::{Value, json};

fn params(json: &str) -> Params {
    Params::parse(&Bytes::from(json.to_owned())).unwrap()
}

#[test]
fn a_parameter_is_read() {
    let params = params(r#"{"name":"a","arguments":{"b":[1,2.5,"я"],"c":null},"cursor":null,"requestState":null}"#);
    assert_eq!(params.get(Param::Name).unwrap(), Some(json!("a")));
    assert_eq!(params.get(Param::Arguments).unwrap(), Some(json!({ "b": [1, 2.5, "я"], "c": null })));
    assert_eq!(params.get(Param::Uri).unwrap(), None);
    // As `raw` has it: null counts as absent where the member is optional.
    assert_eq!(params.get(Param::Cursor).unwrap(), Some(Value::Null));
    assert_eq!(params.get(Param::RequestState).unwrap(), None);
}

/// What a `Value` would show otherwise than 1C reads it is an error, not an absent parameter: a rule that looks at it
/// would let it pass.
#[test]
fn what_is_unclear_is_an_error() {
    for arguments in
        [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"b":{"a":1,"a":1}}]"#, r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#]
    {
        let params = params(&format!(r#"{{"name":"a","arguments":{arguments}}}"#));
        let error = params.get(Param::Arguments).unwrap_err();
        assert!(error.code == -32602 && error.message.starts_with("arguments: "), "{error}");
    }
}

#[test]
fn a_parameter_is_changed_or_added_alone() {
    let before = params(
        r#"{"x":1,"_meta":{"progressToken":7,"y":2},"name":"a","arguments":{"n":1.10,"long":12345678901234567890123}}"#,
    );
    let after = before.with(Param::Name, &json!("б\"\\")).unwrap();
    assert_eq!(after.text(Param::Name).as_deref(), Some("б\"\\"));
    // Exact digits stay.
    assert_eq!(after.raw(Param::Arguments), before.raw(Param::Arguments));
    assert_eq!(after.meta(Meta::ProgressToken), Some(&b"7"[..]));
    let added = after.with(Param::Cursor, &json!("c")).unwrap();
    assert_eq!((added.text(Param::Cursor).as_deref(), added.text(Param::Name)), (Some("c"), after.text(Param::Name)));
    assert_eq!(before.text(Param::Name).as_deref(), Some("a"));
    let made = Params::default().with(Param::Arguments, &json!({ "a": 1 })).unwrap();
    assert_eq!(made.raw(Param::Arguments), Some(&br#"{"a":1}"#[..]));
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert!(Params::default().with(Param::Arguments, &deep(100)).is_ok());
    assert!(Params::default().with(Param::Arguments, &deep(200)).is_err());
    assert!(Params::try_from(deep(200)).is_err() && Params::try_from(json!(5)).is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is put in is what is read, and nothing else changes.
    #[test]
    fn what_is_written_is_read(one in value(), other in value()) {
        let params = Params::default().with(Param::Ref, &one).unwrap().with(Param::Argument, &other).unwrap();
        prop_assert_eq!(params.get(Param::Ref).unwrap(), Some(one));
        prop_assert_eq!(params.get(Param::Argument).unwrap(), Some(other.clone()));
        let again = params.with(Param::Ref, &other).unwrap();
        prop_assert_eq!(again.get(Param::Ref).unwrap(), Some(other.clone()));
        prop_assert_eq!(again.raw(Param::Argument), params.raw(Param::Argument));
    }
}
