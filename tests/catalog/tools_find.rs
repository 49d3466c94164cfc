//! `find_document` at both doors of MCP; REST has none of it.

use crate::fixtures::happened::{CLASSES, Document, documents};
use crate::support::tools::Doors;
use serde_json::{Value, json};
use std::cmp::Reverse;

const FIND: &str = "find_document";

/// The rows, the newest first, with amounts in hundredths.
fn expected(most: usize, fits: impl Fn(&Document) -> bool) -> Value {
    let mut all = documents().into_iter().filter(|one| fits(one)).collect::<Vec<_>>();
    all.sort_by_key(|one| Reverse((one.day.clone(), one.time, one.number.clone())));
    let row = |one: &Document| json!([one.reference(), one.number, one.day, one.amount, one.counterparty()]);
    all.iter().take(most).map(row).collect()
}

/// The rows of an answer, the same way.
fn rows(answer: &Value) -> Value {
    let columns = json!([
        { "name": "document", "type": "ref" },
        { "name": "number", "type": "string" },
        { "name": "date", "type": "date" },
        { "name": "amount", "type": "number" },
        { "name": "counterparty", "type": "ref" },
    ]);
    assert_eq!(answer["columns"], columns);
    let mut rows = answer["rows"].clone();
    for row in rows.as_array_mut().unwrap() {
        let amount = row[3].as_f64().unwrap() * 100.0;
        assert!((amount - amount.round()).abs() < 1e-4, "{row}");
        row[3] = json!(amount.round() as i64);
    }
    rows
}

#[tokio::test]
async fn documents_by_their_number() {
    let doors = Doors::open().await;
    for class in &CLASSES {
        let of_class = |one: &Document| *one.class == *class;
        let some = documents().into_iter().find(of_class).unwrap();
        let names = [format!("Document.{}", class.name), class.name.to_owned(), format!("Document.{}", class.english)];
        for name in names {
            for number in
                [some.number.clone(), some.number.to_lowercase(), "1".to_owned(), "00".to_owned(), "нет".to_owned()]
            {
                let fits = |one: &Document| of_class(one) && one.number.to_lowercase().contains(&number.to_lowercase());
                let (answer, sent) = doors.ask_sent(FIND, json!({ "doc_type": name, "number": number })).await;
                assert_eq!(rows(&answer), expected(20, fits), "{name} {number}");
                assert_eq!(sent, json!({ "doc_type": name, "number": number, "limit": 20 }));
                assert!(answer.get("period").is_none());
            }
        }
    }
    doors
        .ask(
            FIND,
            json!({ "doc_type": "SalesInvoice", "period": { "from": "2026-09-01", "to": "2026-09-30" }, "limit": 3 }),
        )
        .await;
    doors.covered(FIND).await;
}

#[tokio::test]
async fn documents_of_a_period() {
    let doors = Doors::open().await;
    let mut found = 0;
    for class in &CLASSES {
        for (from, to) in [
            ("2024-10-01", "2024-10-01"),
            ("2026-09-30", "2026-09-30"),
            ("2025-02-10", "2025-03-01"),
            ("2027-01-01", "2027-12-31"),
        ] {
            let period = json!({ "from": from, "to": to });
            let doc_type = format!("Document.{}", class.name);
            let fits = |one: &Document| *one.class == *class && *one.day >= *from && *one.day <= *to;
            let (answer, sent) =
                doors.ask_sent(FIND, json!({ "doc_type": doc_type, "period": period, "limit": 100 })).await;
            assert_eq!((rows(&answer), &answer["period"]), (expected(100, fits), &period), "{doc_type}");
            assert_eq!(sent, json!({ "doc_type": doc_type, "period": period, "limit": 100 }));
            found += answer["rows"].as_array().unwrap().len();
        }
    }
    assert!(found > 20, "{found}");
}

/// Numbers begin anew each year.
#[tokio::test]
async fn documents_by_number_and_period() {
    let doors = Doors::open().await;
    let period = json!({ "from": "2026-01-01", "to": "2026-03-31" });
    let fits = |one: &Document| {
        one.class.english == "SalesInvoice"
            && *one.day >= *"2026-01-01"
            && *one.day <= *"2026-03-31"
            && one.number.contains('2')
    };
    let asked = json!({ "doc_type": "SalesInvoice", "number": "2", "period": period, "limit": 100 });
    let (answer, sent) = doors.ask_sent(FIND, asked.clone()).await;
    assert_eq!((rows(&answer), &answer["period"], sent), (expected(100, fits), &period, asked));
    assert_ne!(answer["rows"], json!([]));
}

#[tokio::test]
async fn limits_and_mendings() {
    let doors = Doors::open().await;
    let period = json!({ "from": "2024-10-01", "to": "2026-09-30" });
    let sales = |one: &Document| one.class.english == "SalesInvoice";
    for (limit, most) in [
        (json!(1), 1),
        (json!(99), 99),
        (json!(100), 100),
        (json!(101), 100),
        (json!(u64::MAX), 100),
        (json!("5"), 5),
        (json!(6.0), 6),
        (json!(""), 20),
        (json!(null), 20),
        (json!(0), 20),
        (json!(-1), 20),
    ] {
        let (answer, sent) =
            doors.ask_sent(FIND, json!({ "doc_type": "SalesInvoice", "period": period, "limit": limit })).await;
        assert_eq!((rows(&answer), &sent["limit"]), (expected(most, sales), &json!(most)), "{limit}");
    }
    let whole = json!({ "doc_type": "SalesInvoice", "period": period, "limit": 20 });
    for given in [
        json!({ "doc_type": "SalesInvoice", "period": period.to_string() }),
        json!({ "doc_type": "SalesInvoice", "period": period, "number": "" }),
        json!({ "doc_type": "SalesInvoice", "period": period, "number": null }),
    ] {
        assert_eq!(doors.ask_sent(FIND, given).await.1, whole);
    }
    let whole = json!({ "doc_type": "SalesInvoice", "number": "12", "limit": 20 });
    for nothing in [json!(""), json!(null)] {
        let given = json!({ "doc_type": "SalesInvoice", "number": "12", "period": nothing });
        assert_eq!(doors.ask_sent(FIND, given).await.1, whole);
    }
}

#[tokio::test]
async fn what_it_does_not_take() {
    let doors = Doors::open().await;
    let day = "2026-09-30";
    for (arguments, told) in [
        (json!({ "number": "1" }), "doc_type"),
        (json!({ "doc_type": "", "number": "1" }), "doc_type"),
        (json!({ "doc_type": "я".repeat(201), "number": "1" }), "200"),
        (json!({ "doc_type": "SalesInvoice" }), "at least one of these is needed"),
        (json!({ "doc_type": "SalesInvoice", "number": "", "period": null }), "at least one of these is needed"),
        (json!({ "doc_type": "SalesInvoice", "number": 12 }), "number"),
        (json!({ "doc_type": "SalesInvoice", "number": "1".repeat(101) }), "100"),
        (json!({ "doc_type": "SalesInvoice", "period": day }), "period"),
        (json!({ "doc_type": "SalesInvoice", "period": { "from": day } }), "period.to"),
        (json!({ "doc_type": "SalesInvoice", "period": { "from": day, "to": "2026-09-29" } }), "comes after period.to"),
        (json!({ "doc_type": "SalesInvoice", "period": { "from": day, "to": "2026-09-31" } }), "period.to"),
        (json!({ "doc_type": "SalesInvoice", "period": { "from": "2026-09-30T10:00Z", "to": day } }), "period.from"),
        (json!({ "doc_type": "SalesInvoice", "period": { "from": day, "to": day, "till": day } }), "period.till"),
        (json!({ "doc_type": "SalesInvoice", "number": "1", "limit": "many" }), "limit"),
        (json!({ "doc_type": "SalesInvoice", "nunber": "1" }), "did you mean number?"),
        (json!({ "doc_type": "SalesInvoice", "number": "1", "filters": {} }), "filters"),
    ] {
        let message = doors.refused(FIND, arguments.clone()).await;
        assert!(message.contains(told), "{arguments}: {message}");
    }
    let message = doors.refused_by_onec(FIND, json!({ "doc_type": "Document.Счёт", "number": "1" })).await;
    assert!(message.contains("Счёт"), "{message}");
}
