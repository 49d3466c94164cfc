//! `event_log` and `object_history` at both doors of MCP; REST has none of them.

use crate::fixtures::happened::{CLASSES, Event, USERS, between, events};
use crate::support::tools::{Doors, TODAY};
use onec_mcp::demo::trade::{Status, company};
use serde_json::{Value, json};
use std::sync::LazyLock;

const LOG: &str = "event_log";
const HISTORY: &str = "object_history";
const LEVELS: [&str; 4] = ["error", "warning", "information", "note"];
const NAMES: [&str; 7] = [
    "_$Session$_.Start",
    "_$Session$_.AuthenticationError",
    "_$PerformError$_",
    "_$Data$_.New",
    "_$Data$_.Post",
    "_$Data$_.Update",
    "_$Job$_.Fail",
];
const OF_LOG: [&str; 7] = ["date", "level", "event", "user", "session", "object", "comment"];
const OF_HISTORY: [&str; 6] = ["date", "event", "user", "session", "object", "comment"];

static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(|| events(TODAY));

fn rows(columns: &[&str], most: usize, fits: impl Fn(&Event) -> bool) -> Value {
    EVENTS.iter().filter(|event| fits(event)).take(most).map(|event| event.row(columns)).collect()
}

fn columns(names: &[&str]) -> Value {
    let kind = |name: &str| match name {
        "date" => "date",
        "session" | "amount" => "number",
        "object" | "document" | "counterparty" => "ref",
        _ => "string",
    };
    names.iter().map(|name| json!({ "name": name, "type": kind(name) })).collect()
}

fn log_answer(period: &Value, filters: &Value, most: usize, fits: impl Fn(&Event) -> bool) -> Value {
    let rows = rows(&OF_LOG, most, fits);
    json!({ "columns": columns(&OF_LOG), "rows": rows, "period": period, "applied_filters": filters })
}

fn year() -> Value {
    json!({ "from": "2025-10-01", "to": TODAY })
}

/// Asks for a year of the log, with the filter, and with the answer that it gives.
async fn filtered(doors: &Doors, filters: Value, fits: impl Fn(&Event) -> bool) -> usize {
    let mut arguments = filters.clone();
    arguments["period"] = year();
    arguments["limit"] = json!(500);
    let (answer, sent) = doors.ask_sent(LOG, arguments.clone()).await;
    let within = between("2025-10-01", "2026-10-06");
    assert_eq!(answer, log_answer(&year(), &filters, 500, |event| within(event) && fits(event)), "{filters}");
    assert_eq!(sent, arguments);
    answer["rows"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_log_by_each_filter() {
    let doors = Doors::open().await;
    // Today, and a hundred records, unless told.
    let (answer, sent) = doors.ask_sent(LOG, json!({})).await;
    let today = json!({ "from": TODAY, "to": TODAY });
    assert_eq!(answer, log_answer(&today, &json!({}), 100, |event| event.at.starts_with(TODAY)));
    assert_eq!((sent, answer["rows"].as_array().unwrap().len()), (json!({ "limit": 100 }), 5));

    assert_eq!(filtered(&doors, json!({}), |_| true).await, 500);
    for level in LEVELS {
        assert!(filtered(&doors, json!({ "level": [level] }), |event| event.level == level).await > 0);
    }
    let both = json!({ "level": ["note", "warning"] });
    assert!(filtered(&doors, both, |event| matches!(event.level, "note" | "warning")).await > 10);
    for name in NAMES {
        assert!(filtered(&doors, json!({ "events": [name] }), |event| event.name == name).await > 0, "{name}");
    }
    let both = json!({ "events": ["_$Job$_.Fail", "_$Data$_.Update"] });
    filtered(&doors, both, |event| matches!(event.name, "_$Job$_.Fail" | "_$Data$_.Update")).await;
    for user in USERS {
        assert!(filtered(&doors, json!({ "user": user }), |event| event.user == user).await > 0, "{user}");
    }
    for nobody in [json!({ "user": "nobody" }), json!({ "events": ["_$Nothing$_"] }), json!({ "session": 999_999 })] {
        assert_eq!(filtered(&doors, nobody, |_| false).await, 0);
    }
    let session = EVENTS.iter().find(|event| event.name == "_$PerformError$_").unwrap().session;
    assert!(filtered(&doors, json!({ "session": session }), |event| event.session == session).await > 2);
    let all = json!({ "session": session, "level": ["error"], "events": ["_$PerformError$_"], "user": USERS[0] });
    filtered(&doors, all, |event| {
        event.session == session && event.name == "_$PerformError$_" && event.user == USERS[0]
    })
    .await;
    doors.covered(LOG).await;
}

#[tokio::test]
async fn periods_in_each_form() {
    let doors = Doors::open().await;
    let last = EVENTS.iter().find(|event| event.name == "_$Data$_.Post").unwrap();
    let (day, minute) = (&last.at[..10], &last.at[..16]);
    let shifted = |hours: i64, zone: &str| {
        let hour = last.at[11..13].parse::<i64>().unwrap() + hours;
        format!("{day}T{hour:02}{}{zone}", &last.at[13..])
    };
    for (from, to, first, end) in [
        (day.to_owned(), day.to_owned(), day.to_owned(), format!("{day}T23:59:59")),
        ("2026-09-01".to_owned(), minute.to_owned(), "2026-09-01".to_owned(), format!("{minute}:59")),
        (minute.to_owned(), TODAY.to_owned(), minute.to_owned(), format!("{TODAY}T23:59:59")),
        (last.at.clone(), last.at.clone(), last.at.clone(), last.at.clone()),
        (format!("{minute}Z"), format!("{}Z", last.at), format!("{minute}:00"), last.at.clone()),
        (last.at.clone() + "Z", last.at.clone() + "+00:00", last.at.clone(), last.at.clone()),
        // The infobase's clock is Greenwich's.
        (shifted(5, "+05:00"), shifted(3, "+03:00"), last.at.clone(), last.at.clone()),
        (shifted(-2, "-02:00"), shifted(0, ""), last.at.clone(), last.at.clone()),
    ] {
        let period = json!({ "from": from, "to": to });
        let (answer, sent) = doors.ask_sent(LOG, json!({ "period": period })).await;
        assert_eq!(answer, log_answer(&period, &json!({}), 100, between(&first, &end)), "{period}");
        assert_eq!(sent, json!({ "period": period, "limit": 100 }));
        assert!(!answer["rows"].as_array().unwrap().is_empty(), "{period}");
        let (answer, _) =
            doors.ask_sent(HISTORY, json!({ "object_type": "Document.РеализацияТоваров", "period": period })).await;
        let within = between(&first, &end);
        let fits = |event: &Event| within(event) && is(event, "Document.РеализацияТоваров");
        assert_eq!((&answer["rows"], &answer["period"]), (&rows(&OF_HISTORY, 100, fits), &period));
    }
    for tool in [LOG, HISTORY] {
        for (from, to, told) in [
            (json!("2026-09-30T10:01Z"), json!("2026-09-30T10:00:30Z"), "period.to"),
            (json!("2026-10-01"), json!("2026-09-30"), "period.to"),
            (json!("30.09.2026"), json!("2026-09-30"), "period.from"),
            (json!("2026-09-30"), json!("2026-09-30 10:00"), "period.to"),
            (json!("2026-09-30"), json!("today"), "period.to"),
            (json!("2026-09-30"), json!(null), "period.to"),
            (json!(20_260_930), json!("2026-09-30"), "period.from"),
        ] {
            let period = json!({ "from": from, "to": to });
            let message = doors.refused(tool, json!({ "object_type": "Catalog.Products", "period": period })).await;
            // The log has no such argument, which is told first.
            let told = if tool == LOG { "object_type" } else { told };
            assert!(message.contains(told), "{tool} {period}: {message}");
            if tool == LOG {
                doors.refused(tool, json!({ "period": period })).await;
            }
        }
        for period in [
            json!({ "from": "2026-09-30" }),
            json!({ "from": "2026-09-30", "to": "2026-09-30", "till": 1 }),
            json!([1]),
            json!("September"),
        ] {
            let mut arguments = json!({ "period": period });
            if tool == HISTORY {
                arguments["object_type"] = json!("Catalog.Products");
            }
            assert!(doors.refused(tool, arguments).await.contains("period"), "{tool} {period}");
        }
    }
}

fn is(event: &Event, class: &str) -> bool {
    event.object.as_ref().is_some_and(|(of, _)| of == class)
}

/// What a history is of where nobody says: other 1C sides would take today.
fn all() -> Value {
    json!({ "from": "1980-01-01", "to": "2999-12-31" })
}

fn about(event: &Event, id: &str) -> bool {
    event.object.as_ref().is_some_and(|(_, object)| object["id"] == id)
}

#[tokio::test]
async fn limits_and_mendings() {
    let doors = Doors::open().await;
    let sales = "Document.РеализацияТоваров";
    for (limit, sent) in [
        (json!(1), 1),
        (json!(499), 499),
        (json!(500), 500),
        (json!(501), 500),
        (json!(u64::MAX), 500),
        (json!("7"), 7),
        (json!(8.0), 8),
        (json!(""), 100),
        (json!(null), 100),
        (json!(0), 100),
        (json!(-1), 100),
    ] {
        let most = usize::try_from(sent).unwrap();
        let (answer, body) = doors.ask_sent(LOG, json!({ "period": year(), "limit": limit })).await;
        assert_eq!((body["limit"].clone(), answer["rows"].as_array().unwrap().len()), (json!(sent), most), "{limit}");
        let (answer, body) = doors.ask_sent(HISTORY, json!({ "object_type": sales, "limit": limit })).await;
        assert_eq!(body["limit"], sent);
        assert_eq!(answer["rows"], rows(&OF_HISTORY, most, |event| is(event, sales)), "{limit}");
    }
    let session = EVENTS[0].session;
    let today = json!({ "from": TODAY, "to": TODAY });
    for given in [
        json!({ "level": "error", "events": "_$Job$_.Fail", "session": session.to_string(), "period": today.to_string() }),
        json!({ "level": "[\"error\"]", "events": "[\"_$Job$_.Fail\"]", "session": session, "period": today, "user": "" }),
        json!({ "level": ["error"], "events": ["_$Job$_.Fail"], "session": format!(" {session}.0 "), "period": today, "user": null }),
    ] {
        let filters = json!({ "level": ["error"], "events": ["_$Job$_.Fail"], "session": session });
        let (answer, sent) = doors.ask_sent(LOG, given).await;
        assert_eq!(answer, log_answer(&today, &filters, 100, |event| event.name == "_$Job$_.Fail"));
        let mut whole = filters;
        whole["period"] = today.clone();
        whole["limit"] = json!(100);
        assert_eq!(sent, whole);
    }
    for nothing in [json!(""), json!(null), json!([]), json!({})] {
        let given =
            json!({ "level": nothing, "events": nothing, "session": nothing, "period": nothing, "user": nothing });
        assert_eq!(doors.ask_sent(LOG, given).await.1, json!({ "limit": 100 }));
        let given = json!({ "object_type": sales, "object_id": nothing, "events": nothing, "period": nothing });
        let whole = json!({ "object_type": sales, "limit": 100, "period": all() });
        assert_eq!(doors.ask_sent(HISTORY, given).await.1, whole);
    }
}

#[tokio::test]
async fn what_the_log_does_not_take() {
    let doors = Doors::open().await;
    let many = (0..51).map(|at| at.to_string()).collect::<Vec<_>>();
    for (name, value, told) in [
        ("level", json!(["fatal"]), "error, warning, information, note"),
        ("level", json!(["eror"]), "did you mean error?"),
        ("level", json!(["note", "note"]), "level"),
        ("session", json!(0), "at least 1"),
        ("session", json!("five"), "session"),
        ("user", json!("я".repeat(201)), "200"),
        ("user", json!(["Продавец"]), "user"),
        ("object_id", json!("x"), "object_id"),
    ] {
        let message = doors.refused(LOG, json!({ name: value })).await;
        assert!(message.contains(told), "{name} {value}: {message}");
    }
    for tool in [LOG, HISTORY] {
        for (name, value, told) in [
            ("events", json!([""]), "events[0]"),
            ("events", json!(["a", "a"]), "events"),
            ("events", json!(many), "50"),
            ("events", json!(["я".repeat(201)]), "200"),
            ("events", json!([1]), "events[0]"),
            ("limit", json!(2.5), "limit"),
            ("limit", json!("all"), "limit"),
            ("evnts", json!(["x"]), "did you mean events?"),
            ("filters", json!({}), "filters"),
        ] {
            let mut arguments = json!({ name: value });
            if tool == HISTORY {
                arguments["object_type"] = json!("Catalog.Products");
            }
            let message = doors.refused(tool, arguments).await;
            assert!(message.contains(told), "{tool} {name} {value}: {message}");
        }
    }
    // As many and as long as they may be.
    let most = many[..50].iter().map(|name| name.repeat(100)).collect::<Vec<_>>();
    let (answer, sent) = doors.ask_sent(LOG, json!({ "events": most, "user": "я".repeat(200) })).await;
    assert_eq!((&answer["rows"], &sent["events"]), (&json!([]), &json!(most)));
}

#[tokio::test]
async fn the_history_of_objects() {
    let doors = Doors::open().await;
    let catalog =
        ["Catalog.Номенклатура", "Catalog.Products", "Catalog.Контрагенты", "Catalog.Customers", "Catalog.Склады"];
    let mut types = catalog.map(|name| (name.to_owned(), name.replace("Products", "Номенклатура"))).to_vec();
    for class in &CLASSES {
        let own = format!("Document.{}", class.name);
        types.extend([(own.clone(), own.clone()), (format!("Document.{}", class.english), own)]);
    }
    for (asked, own) in types {
        let (answer, sent) = doors.ask_sent(HISTORY, json!({ "object_type": asked })).await;
        let expected = rows(&OF_HISTORY, 100, |event| is(event, &own));
        let whole = json!({ "columns": columns(&OF_HISTORY), "rows": expected, "applied_filters": { "object_type": asked },
                    "period": all() });
        assert_eq!(answer, whole, "{asked}");
        assert_eq!(sent, json!({ "object_type": asked, "limit": 100, "period": all() }));
        assert_eq!(
            expected == json!([]),
            own.contains("Контрагенты") || own.contains("Customers") || own.contains("Склады")
        );
        let Some(event) = EVENTS.iter().rev().find(|event| is(event, &own)) else { continue };
        let id = event.object.as_ref().unwrap().1["id"].as_str().unwrap();
        let arguments = json!({ "object_type": asked, "object_id": id.to_uppercase(), "limit": 500 });
        let (answer, sent) = doors.ask_sent(HISTORY, arguments.clone()).await;
        let mut whole = arguments;
        whole["period"] = all();
        assert_eq!((&answer["rows"], sent), (&rows(&OF_HISTORY, 500, |event| about(event, id)), whole));
        let arguments = json!({ "object_type": asked, "object_id": id, "events": [event.name], "period": year() });
        let within = between("2025-10-01", "2026-10-06");
        let fits = |one: &Event| about(one, id) && one.name == event.name && within(one);
        let (answer, mut sent) = doors.ask_sent(HISTORY, arguments.clone()).await;
        assert_eq!(answer["rows"], rows(&OF_HISTORY, 100, fits), "{arguments}");
        let mut filters = arguments.clone();
        filters.as_object_mut().unwrap().remove("period");
        assert_eq!((&answer["applied_filters"], &answer["period"]), (&filters, &year()));
        assert_eq!(sent["limit"].take(), json!(100));
    }
    for name in NAMES {
        let own = "Document.РеализацияТоваров";
        let (answer, _) = doors.ask_sent(HISTORY, json!({ "object_type": own, "events": [name] })).await;
        assert_eq!(answer["rows"], rows(&OF_HISTORY, 100, |event| is(event, own) && event.name == name), "{name}");
    }
    let changed = company().products.iter().find(|one| one.status == Status::New).unwrap();
    let of_another = json!({ "object_type": "Document.SalesInvoice", "object_id": changed.id });
    assert_eq!(doors.ask(HISTORY, of_another).await["rows"], json!([]), "an object of another type");
    doors.covered(HISTORY).await;

    let long = format!("Catalog.{}", "я".repeat(193));
    for (arguments, told) in [
        (json!({}), "object_type"),
        (json!({ "object_type": "" }), "object_type"),
        (json!({ "object_type": null }), "object_type"),
        (json!({ "object_type": "Register.X" }), "object_type"),
        (json!({ "object_type": "Document." }), "object_type"),
        (json!({ "object_type": "РеализацияТоваров" }), "object_type"),
        (json!({ "object_type": long }), "200"),
        (json!({ "object_type": "Catalog.Products", "object_id": "42" }), "a UUID"),
        (json!({ "object_type": "Catalog.Products", "level": ["error"] }), "level"),
        (json!({ "object_type": "Catalog.Products", "user": "Продавец" }), "user"),
    ] {
        let message = doors.refused(HISTORY, arguments.clone()).await;
        assert!(message.contains(told), "{arguments}: {message}");
    }
    let message = doors.refused_by_onec(HISTORY, json!({ "object_type": "Document.Счёт" })).await;
    assert!(message.contains("Счёт"), "{message}");
}
