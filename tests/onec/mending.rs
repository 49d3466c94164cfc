//! What 1C gets wrong is mended, what is not wrong stays as it is, byte for byte.

use bytes::Bytes;
use onec_mcp::fuzzing::onec::{AnswerError, decode};
use onec_mcp::onec::{ErrorKind, Infobase, OneCService};
use onec_mcp::rpc::{ErrorObject, Method, Params, Request, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tower::{ServiceExt, service_fn};

fn request(version: Version, method: &str, params: &str) -> Request {
    Request::new(Method::from_name(method), Params::parse(&params.to_owned().into()).unwrap(), version)
}

fn answer(method: &str, result: &str) -> Result<String, AnswerError> {
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{result}}}");
    let outcome = decode(body.into(), &request(Version::V2025_11_25, method, "{}"))?;
    Ok(String::from_utf8(outcome.unwrap().json().to_vec()).unwrap())
}

fn mended(method: &str, before: &str, after: &str) {
    assert_eq!(answer(method, before).as_deref(), Ok(after), "{method} {before}");
}

fn error(version: Version, method: &str, params: &str, error: &str) -> ErrorObject {
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{error}}}");
    decode(body.into(), &request(version, method, params)).unwrap().unwrap_err()
}

#[test]
fn input_schemas() {
    for (before, after) in [
        (r#"{"name":"a","inputSchema":{}}"#, r#"{"name":"a","inputSchema":{"type":"object"}}"#),
        ("{\"inputSchema\":{ \r\n},\"name\":\"a\"}", r#"{"inputSchema":{"type":"object"},"name":"a"}"#),
        (r#"{"name":"a","inputSchema": null , "x":1}"#, r#"{"name":"a","inputSchema": {"type":"object"} , "x":1}"#),
        (r#"{"name":"a"}"#, r#"{"inputSchema":{"type":"object"},"name":"a"}"#),
        ("{ \"name\":\"a\" }", r#"{"inputSchema":{"type":"object"}, "name":"a" }"#),
        (r#"{"name":"a","inputSchem\u0061":{}}"#, r#"{"name":"a","inputSchem\u0061":{"type":"object"}}"#),
    ] {
        mended("tools/list", &format!(r#"{{"tools":[{before}]}}"#), &format!(r#"{{"tools":[{after}]}}"#));
        let other = |tool: &str| tool.replace("\"a\"", "\"b\"");
        let (two, fixed) = (format!("{before},{}", other(before)), format!("{after},{}", other(after)));
        mended("tools/list", &format!(r#"{{"a":1,"tools":[{two}]}}"#), &format!(r#"{{"a":1,"tools":[{fixed}]}}"#));
    }
    for schema in [
        r#"{"type":"object"}"#,
        r#"{ "properties":{"type":{}}, "type" : "object" }"#,
        r#"{"\u0074ype":"\u006fbject","properties":{"a":{"anyOf":[{}]}}}"#,
    ] {
        let tools = format!(r#"{{"tools":[{{"name":"a","inputSchema":{schema},"outputSchema":{schema}}}]}}"#);
        mended("tools/list", &tools, &tools);
    }
    assert!(answer("tools/list", r#"{"tools":{}}"#).is_err());
    assert_eq!(answer("tools/list", r#"{"tools":null}"#), Err(AnswerError::Missing("tools")));
    assert_eq!(answer("tools/list", r#"{"tools":["a"]}"#), Err(AnswerError::Useless("tools")));
}

/// A tool of a list, for a client of each revision: before, in 2025-11-25 and before, in 2026-07-28.
fn mended_tool(before: &str, legacy: &str, modern: &str) {
    for version in Version::ALL {
        let after = if version == Version::V2026_07_28 { modern } else { legacy };
        for (start, end) in [
            ("", ""),
            (
                "{\"name\":\"0\",\"inputSchema\":{\"type\":\"object\"}}, ",
                " ,{\"name\":\"z\",\"inputSchema\":{\"type\":\"object\"}}",
            ),
        ] {
            let list = |tool: &str| format!("{{\"tools\":[{start}{tool}{end}],\"x\":1}}");
            let body = format!("{{\"id\":1,\"result\":{}}}", list(before));
            let got = decode(body.into(), &request(version, "tools/list", "{}")).unwrap().unwrap();
            assert_eq!(*got.json(), list(after), "{version} {before}");
        }
    }
}

#[test]
fn input_schemas_are_of_type_object() {
    for (before, after) in [
        (r#"{"properties":{"a":{}}}"#, r#"{"type":"object","properties":{"a":{}}}"#),
        (r##"{ "$ref":"#" }"##, r##"{"type":"object", "$ref":"#" }"##),
        (r#"{"type":["object","null"],"required":[]}"#, r#"{"type":"object"}"#),
        (r#"{"a":1,"type" : ["string", "object"]}"#, r#"{"a":1,"type" : "object"}"#),
        (r#"{"type":"array","items":{}}"#, r#"{"type":"object","items":{}}"#),
        (r#"{"type":null}"#, r#"{"type":"object"}"#),
        (r#"{"type":{"type":"object"}}"#, r#"{"type":"object"}"#),
        (r#"{"type":"string","type":"object","type":1}"#, r#"{"type":"object"}"#),
        ("true", r#"{"type":"object"}"#),
        ("[ ]", r#"{"type":"object"}"#),
        ("\"{}\"", r#"{"type":"object"}"#),
        ("0", r#"{"type":"object"}"#),
    ] {
        let tool = |schema: &str| format!(r#"{{"name":"a","inputSchema": {schema} ,"x":1}}"#);
        mended_tool(&tool(before), &tool(after), &tool(after));
        let (twice, once) = (
            format!(r#"{{"inputSchema":{before},"name":"a","inputSchema":{before}}}"#),
            format!(r#"{{"inputSchema":{after},"name":"a"}}"#),
        );
        mended_tool(&twice, &once, &once);
    }
}

/// Clients check results against it. Until 2025-11-25 it is of type object; since then of any.
#[test]
fn output_schemas_fit_or_go() {
    const INPUT: &str = r#""inputSchema":{"type":"object"}"#;
    let tool = |schema: &str| format!(r#"{{"name":"a","outputSchema": {schema} ,{INPUT}}}"#);
    let without = format!(r#"{{"name":"a" ,{INPUT}}}"#);
    for (before, after) in [
        (r#"{"properties":{}}"#, r#"{"type":"object","properties":{}}"#),
        (r#"{"type":["object"],"a":1}"#, r#"{"type":"object","a":1}"#),
        (r#"{"a":1,"type":["null","\u006fbject"]}"#, r#"{"a":1,"type":"object"}"#),
        (r#"{"properties":{},"type":["object","null"]}"#, r#"{"properties":{},"type":"object"}"#),
    ] {
        mended_tool(&tool(before), &tool(after), &tool(before));
    }
    for (before, modern) in [
        (r#"{"type":["object",1]}"#, r#"{"type":["object"]}"#),
        (r#"{"type":null}"#, "{}"),
        (r#"{"type":["object","array"]}"#, r#"{"items":{},"type":["object","array"]}"#),
        (r#"{"type":"string","type":"object"}"#, r#"{"type":"string"}"#),
    ] {
        mended_tool(&tool(before), &without, &tool(modern));
    }
    for schema in ["{ }", r#"{"type":"array","items":{"type":"object"}}"#, r#"{"type":["null"]}"#] {
        mended_tool(&tool(schema), &without, &tool(schema));
    }
    for schema in ["null", "true", "[]", "\"\"", "5"] {
        mended_tool(&tool(schema), &without, &without);
    }
}

/// Whatever stands around it, what is left is a tool.
#[test]
fn members_go_with_their_commas() {
    const INPUT: &str = r#""inputSchema":{"type":"object"}"#;
    const OUT: &str = r#""outputSchema":null"#;
    const NAME: &str = r#""name":"a""#;
    for (before, after) in [
        (format!("{{{NAME},{OUT}}}"), format!("{{{INPUT},{NAME}}}")),
        (format!("{{ {OUT} , {OUT}, {NAME} }}"), format!("{{{INPUT}, {NAME} }}")),
        (format!("{{{OUT},{INPUT},{NAME}}}"), format!("{{{INPUT},{NAME}}}")),
        (format!("{{{NAME},{INPUT}\n,\n{OUT}\n}}"), format!("{{{NAME},{INPUT}\n}}")),
        (format!("{{{OUT} , {OUT} , {INPUT} , {OUT},{OUT}, {NAME},{OUT}}}"), format!("{{{INPUT}, {NAME}}}")),
        (format!("{{{OUT},{NAME}}}"), format!("{{{INPUT},{NAME}}}")),
        (format!(r#"{{{NAME},"output\u0053chema":[]}}"#), format!("{{{INPUT},{NAME}}}")),
    ] {
        mended_tool(&before, &after, &after);
    }
}

/// Values that a schema, its type or anything else may have.
fn value() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "{}",
        "[]",
        "null",
        "true",
        "1",
        "\"object\"",
        "\"array\"",
        "[\"object\",\"null\"]",
        "[\"string\"]",
        "\"\\u006fbject\"",
    ]);
    let key = select(vec!["type", "ty\\u0070e", "properties", "items", "тип"]);
    let leaf = leaf.prop_map(str::to_owned);
    let object = |inner| vec((key.clone(), inner), 0..4).prop_map(|members| object_of(&members));
    let inner = prop_oneof![2 => leaf.clone(), 1 => object(leaf.clone().boxed())].boxed();
    prop_oneof![1 => leaf, 3 => object(inner)]
}

fn object_of<K: std::fmt::Display>(members: &[(K, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\" :{value}")).collect();
    format!("{{ {} }}", members.join(" , "))
}

/// Tools with members of any kind, some of them twice.
fn tools() -> impl Strategy<Value = String> {
    let key = select(vec!["inputSchema", "outputSchema", "output\\u0053chema", "x"]);
    let tool = vec((key, value()), 0..6);
    vec(tool, 0..4).prop_map(|tools| {
        let named = tools.into_iter().zip(0..).map(|(mut members, number)| {
            members.insert(members.len() / 2, ("name", format!("\"{number}\"")));
            object_of(&members)
        });
        format!("{{\"tools\":[{}]}}", named.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn any_tools_come_out_fit(list in tools(), modern in any::<bool>()) {
        let version = if modern { Version::V2026_07_28 } else { Version::V2025_11_25 };
        let mend = |list: &str| {
            let body = format!("{{\"id\":1,\"result\":{list}}}");
            let payload = decode(body.into(), &request(version, "tools/list", "{}")).unwrap().unwrap();
            String::from_utf8(payload.json().to_vec()).unwrap()
        };
        let once = mend(&list);
        prop_assert_eq!(&mend(&once), &once, "mended twice");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (before, after) = (read(&list), read(&once));
        let (before, after) = (before["tools"].as_array().unwrap(), after["tools"].as_array().unwrap());
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(after) {
            prop_assert_eq!(&after["inputSchema"]["type"], "object");
            let output = after.get("outputSchema");
            prop_assert!(output.is_none_or(|schema| schema.is_object() && (modern || schema["type"] == "object")));
            for other in ["name", "x"] {
                prop_assert_eq!(before.get(other).is_some(), after.get(other).is_some());
            }
            let text = after["inputSchema"].to_string();
            prop_assert!(jsonschema::meta::is_valid(&after["inputSchema"]), "{text}");
            prop_assert!(output.is_none_or(jsonschema::meta::is_valid));
        }
    }
}

#[test]
fn the_extra_type_of_resource_contents() {
    for (before, after) in [
        (r#"{"type":"text","uri":"u","text":"t"}"#, r#"{"uri":"u","text":"t"}"#),
        (r#"{"uri":"u","type":"text","text":"t"}"#, r#"{"uri":"u","text":"t"}"#),
        (r#"{"uri":"u","text":"t","type":"text"}"#, r#"{"uri":"u","text":"t"}"#),
        (r#"{"uri":"u","type":"text","text":null}"#, r#"{"uri":"u","text":""}"#),
        ("{ \"type\" : \"text\" ,\n \"uri\":\"u\",\"text\":\"\" }", "{ \"uri\":\"u\",\"text\":\"\" }"),
        ("{\n\"uri\":\"u\",\"blob\":\"\",\n\"type\":\"blob\"\n}", "{\n\"uri\":\"u\",\"blob\":\"\"\n}"),
        (r#"{"type":{"a":[1]},"uri":"u","blob":"YQ\n=="}"#, r#"{"uri":"u","blob":"YQ=="}"#),
        (
            r#"{"uri":"u","text":"","mimeType":"text","_meta":{"type":1}}"#,
            r#"{"uri":"u","text":"","mimeType":"text","_meta":{"type":1}}"#,
        ),
    ] {
        mended("resources/read", &format!(r#"{{"contents":[{before}]}}"#), &format!(r#"{{"contents":[{after}]}}"#));
        let many = |one: &str| format!(r#"{{"contents":[{one}, {one} ,{one}],"x":1}}"#);
        mended("resources/read", &many(before), &many(after));
        let block = |one: &str| format!(r#"{{"content":[{{"type":"resource","resource":{one},"annotations":{{}}}}]}}"#);
        mended("tools/call", &block(before), &block(after));
        let message = |one: &str| {
            format!(r#"{{"messages":[{{"role":"user","content":{{"type":"resource","resource":{one}}}}}]}}"#)
        };
        mended("prompts/get", &message(before), &message(after));
    }
}

#[test]
fn base64() {
    let (wrapped, whole) = (r"YWJj\r\nZGVm\r\nZw==", "YWJjZGVmZw==");
    let image = |data: &str| format!(r#"{{"content":[{{"type":"image","data":"{data}","mimeType":"image/png"}}]}}"#);
    let audio = |data: &str| format!(r#"{{"content":[{{"data":"{data}","mimeType":"audio/x","type":"audio"}}]}}"#);
    let blob = |data: &str| format!(r#"{{"contents":[{{"uri":"u","blob":"{data}"}}]}}"#);
    let inner =
        |data: &str| format!(r#"{{"content":[{{"type":"resource","resource":{{"uri":"u","blob":"{data}"}}}}]}}"#);
    let prompt = |data: &str| {
        let block = format!(r#"{{"type":"image","data":"{data}","mimeType":"image/x"}}"#);
        format!(r#"{{"messages":[{{"role":"user","content":{block}}}]}}"#)
    };
    let places: [(&str, &dyn Fn(&str) -> String); 5] = [
        ("tools/call", &image),
        ("tools/call", &audio),
        ("tools/call", &inner),
        ("resources/read", &blob),
        ("prompts/get", &prompt),
    ];
    for (method, place) in places {
        mended(method, &place(wrapped), &place(whole));
        for good in [r"YWJj\u000d\u000aZGVmZw==", r"YWJjZGVm\tZw==", r"\r\nYWJjZGVmZw==\r\n", r"\u0059WJj ZGVmZw =="] {
            mended(method, &place(good), &place(whole));
        }
        for same in ["", whole, "AAAA", "+/+/"] {
            mended(method, &place(same), &place(same));
        }
        for bad in ["YWJ", "Y===", "YWJj=", "не он", "data:image/png;base64,YQ==", "YW-_", r"YWJj\\n", r"\ud800"] {
            assert_eq!(answer(method, &place(bad)), Err(AnswerError::Base64), "{method} {bad}");
        }
        assert_eq!(answer(method, &place("\0").replace("\"\0\"", "5")), Err(AnswerError::Base64), "{method}");
    }
    // Text is text, whatever it looks like.
    let text = r#"{"content":[{"type":"text","text":"a\r\nb","data":"не он"}]}"#;
    mended("tools/call", text, text);
}

#[test]
fn everything_else_stays_byte_for_byte() {
    let odd = r#""n":[1.10, 12345678901234567890,1e400,-0,1E+2],"Ключ":{"а":"\u0430\/", "type":"x"} ,"nextCursor":"\"","_meta":{"a/b":null}"#;
    for (method, subject) in [
        ("tools/list", r#""tools":[{"name":"a","inputSchema":{"type":"object"},ODD}]"#),
        ("tools/call", r#""content":[{"type":"text","text":"t",ODD}],"structuredContent":{ODD},"isError":false"#),
        ("tools/call", r#""content":[{"type":"image","data":"YQ==","mimeType":"image/png",ODD}]"#),
        ("resources/list", r#""resources":[{"uri":"u","name":"u","type":"x",ODD}]"#),
        ("resources/templates/list", r#""resourceTemplates":[{"uriTemplate":"u","name":"u",ODD}]"#),
        ("resources/read", r#""contents":[{"uri":"u","text":"t",ODD}]"#),
        ("prompts/list", r#""prompts":[{"name":"a",ODD}]"#),
        (
            "prompts/get",
            r#""messages":[{"role":"user","content":{"type":"text","text":"t",ODD},ODD}],"description":"d""#,
        ),
        ("completion/complete", r#""completion":{"values":["a"],ODD}"#),
    ] {
        let result = format!("{{ODD, {subject} }}").replace("ODD", odd);
        mended(method, &result, &result);
    }
    // Around what is mended, too.
    let tools = |schema: &str| {
        format!("{{ {odd},\"tools\":[ {{\"name\":\"a\",\"inputSchema\": {schema},{odd}}} ], \"x\":1.10 }}")
    };
    mended("tools/list", &tools("{}"), &tools(r#"{"type":"object"}"#));
}

#[test]
fn failures_of_tools_are_told_from_results() {
    for (result, failed) in [
        (r#"{"content":[], "isError" : true }"#, true),
        (r#"{"isError":false,"content":[{"isError":true}]}"#, false),
        (r#"{"isError":"true","structuredContent":{"isError":false}}"#, true),
        (r#"{"isError":null,"content":[{"isError":true}]}"#, false),
        (r#"{"isError":"нечто","content":[]}"#, false),
        (r#"{"isError":true,"content":[{"type":"image","data":"YQ\n=="}]}"#, true),
    ] {
        let body = format!("{{ \"id\":1,\"result\":{result}}}").replace("YQ\n", r"YQ\n");
        let call = request(Version::V2025_11_25, "tools/call", "{}");
        assert_eq!(decode(body.into(), &call).unwrap().unwrap().is_tool_error(), failed, "{result}");
    }
    assert!(answer("tools/call", r#"{"isError":true,"isError":false}"#).is_err(), "two readers could differ");
}

#[test]
fn questions_need_no_subject() {
    let ask = r#"{"resultType":"input_required","inputRequests":{},"requestState":"s"}"#;
    for method in ["tools/call", "prompts/get", "resources/read"] {
        mended(method, ask, ask);
    }
    assert_eq!(answer("prompts/get", r#"{"resultType":"complete"}"#), Err(AnswerError::Missing("messages")));
}

#[test]
fn unknown_resources() {
    for version in Version::ALL {
        let code = if version == Version::V2026_07_28 { -32602 } else { -32002 };
        for said in [
            r#"{"code":-32603,"message":"Ресурс не найден: 1c://a"}"#,
            r#"{"code":-32603,"message":"Resource 1c://a not found"}"#,
            r#"{"code":-32603,"message":"{HTTPСервис.mcp.Модуль(12)}: Ресурс «1c://a» не найден."}"#,
            r#"{"code":-32603,"message":"Не найден ресурс 1c://a"}"#,
            r#"{"code":-32603,"message":"1c://a: not found"}"#,
            r#"{"code":-32002,"message":"Нет такого","data":{"uri":"другой"}}"#,
        ] {
            let error = error(version, "resources/read", r#"{"uri":"1c://a"}"#, said);
            assert_eq!(
                (error.code, error.data.as_deref()),
                (code, Some(&br#"{"uri":"1c://a"}"#[..])),
                "{version} {said}"
            );
        }
        // Another thing that was not found is no unknown resource, whatever else the text names.
        for said in [
            "Справочник не найден",
            "Ошибка чтения ресурса 1c://a: Файл не найден",
            "Ресурс 1c://a: Элемент справочника не найден",
            "{ОбщийМодуль.Ресурсы.Модуль(7)}: Поле объекта не обнаружено (1c://a не найдена в кэше)",
            "Resource 1c://a failed: Table not found",
            "Ресурс 1c://a не найден в кэше, чтение не удалось: Деление на 0",
        ] {
            let json = format!(r#"{{"code":-32603,"message":"{said}"}}"#);
            let error = error(version, "resources/read", r#"{"uri":"1c://a"}"#, &json);
            assert_eq!((error.code, &*error.message), (-32603, said));
        }
    }
}

#[test]
fn unknown_tools_and_prompts() {
    for method in ["tools/call", "prompts/get"] {
        let unknown =
            error(Version::V2025_11_25, method, r#"{"name":"b"}"#, r#"{"code":-32603,"message":"b не найден"}"#);
        assert_eq!((unknown.code, &*unknown.message), (-32602, "b не найден"));
        let failed = r#"{"code":-32603,"message":"b: Контрагент не найден"}"#;
        assert_eq!(error(Version::V2025_11_25, method, r#"{"name":"b"}"#, failed).code, -32603);
    }
}

#[test]
fn codes_of_errors() {
    for (said, told) in [
        ("-32603", -32603),
        ("-32601", -32601),
        ("-32602", -32602),
        ("-32000", -32000),
        ("-32019", -32019),
        ("-32020", -32603),
        ("-32021", -32603),
        ("-32022", -32603),
        ("-32042", -32603),
        ("-32099", -32603),
        ("5", 5),
        ("\"5\"", -32603),
        ("1e2", -32603),
        ("99999999999999999999", -32603),
    ] {
        let error = error(Version::V2026_07_28, "tools/list", "{}", &format!(r#"{{"code":{said},"message":"m"}}"#));
        assert_eq!((error.code, &*error.message), (told, "m"), "{said}");
    }
    let lost = r#"{"code":-32002,"message":"m"}"#;
    assert_eq!(error(Version::V2026_07_28, "tools/list", "{}", lost).code, -32603);
    let silent = error(Version::V2025_11_25, "tools/list", "{}", "{}");
    assert_eq!((silent.code, &*silent.message), (-32603, "1C gave no reason"));
}

#[test]
fn data_of_errors_stay_on_one_line() {
    let said = "{\"code\":1,\"message\":\"m\",\"data\":{\r\n\t\"n\": 1.10,\n\"t\":\"a\\r\\nb\"}}";
    let data = error(Version::V2025_11_25, "tools/call", "{}", said).data.unwrap();
    assert_eq!(data, Bytes::from_static(b"{  \t\"n\": 1.10, \"t\":\"a\\r\\nb\"}"));
}

#[tokio::test]
async fn what_cannot_be_mended_is_trouble() {
    let client = service_fn(|_: http::Request<Bytes>| async {
        let body = r#"{"id":0,"result":{"content":[{"type":"image","data":"не он"}]}}"#;
        Ok::<_, std::convert::Infallible>(http::Response::new(Bytes::from_static(body.as_bytes())))
    });
    let service = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
    let call = request(Version::V2025_11_25, "tools/call", r#"{"name":"a"}"#);
    let error = service.oneshot(call).await.unwrap_err();
    let error = onec_mcp::onec::Error::find(&*error).unwrap();
    assert_eq!(error.kind(), &ErrorKind::Nonsense("data that is not Base64".into()));
}
