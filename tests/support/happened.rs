//! Documents and the event log, by plain loops over the company's documents.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use onec_mcp::demo::trade::{Analytics, Date, Status, company};
use serde_json::{Value, json};

/// A type of document: its names in both languages, what it is called, and who enters it.
#[derive(Debug, PartialEq)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) english: &'static str,
    title: &'static str,
    pub(crate) user: &'static str,
}

const fn class(name: &'static str, english: &'static str, title: &'static str, user: &'static str) -> Class {
    Class { name, english, title, user }
}

pub(crate) static CLASSES: [Class; 6] = [
    class("РеализацияТоваров", "SalesInvoice", "Реализация товаров", "Продавец"),
    class("ВозвратТоваровОтПокупателя", "CustomerReturn", "Возврат товаров от покупателя", "Продавец"),
    class("ПоступлениеТоваров", "PurchaseInvoice", "Поступление товаров", "storekeeper"),
    class("ВозвратТоваровПоставщику", "SupplierReturn", "Возврат товаров поставщику", "storekeeper"),
    class("ПриходныйКассовыйОрдер", "CashReceipt", "Приходный кассовый ордер", "Администратор"),
    class("РасходныйКассовыйОрдер", "CashPayment", "Расходный кассовый ордер", "Администратор"),
];

pub(crate) const USERS: [&str; 3] = ["Администратор", "Продавец", "storekeeper"];

#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) class: &'static Class,
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) day: String,
    pub(crate) time: u32,
    /// In hundredths.
    pub(crate) amount: i64,
    party: Option<usize>,
}

impl Document {
    pub(crate) fn reference(&self) -> Value {
        let date = self.day.split('-').rev().collect::<Vec<_>>().join(".");
        let (hours, minutes, seconds) = (self.time / 3600, self.time / 60 % 60, self.time % 60);
        let label = format!("{} {} от {date} {hours}:{minutes:02}:{seconds:02}", self.class.title, self.number);
        json!({ "id": self.id, "label": label })
    }

    pub(crate) fn counterparty(&self) -> Value {
        let party = self.party.map(|at| &company().customers[at]);
        party.map_or(Value::Null, |party| json!({ "id": party.id, "label": party.name }))
    }
}

/// All documents, in the order of time.
pub(crate) fn documents() -> Vec<Document> {
    let company = company();
    let mut all = Vec::new();
    for one in &company.sales {
        all.push(Document {
            class: &CLASSES[usize::from(one.is_return)],
            id: one.id.clone(),
            number: one.number.clone(),
            day: one.date.to_string(),
            time: one.time,
            amount: one.lines.iter().map(|line| line.amount).sum(),
            party: Some(one.customer),
        });
    }
    for one in &company.purchases {
        all.push(Document {
            class: &CLASSES[2 + usize::from(one.is_return)],
            id: one.id.clone(),
            number: one.number.clone(),
            day: one.date.to_string(),
            time: one.time,
            amount: one.lines.iter().map(|line| line.amount).sum(),
            party: Some(one.supplier),
        });
    }
    for one in &company.cash {
        all.push(Document {
            class: &CLASSES[5 - usize::from(one.inflow)],
            id: one.id.clone(),
            number: one.number.clone(),
            day: one.date.to_string(),
            time: one.time,
            amount: one.amount,
            party: match one.analytics {
                Analytics::Customer(at) | Analytics::Supplier(at) => Some(at),
                _ => None,
            },
        });
    }
    all.sort_by(|one, other| (&one.day, one.time).cmp(&(&other.day, other.time)));
    all
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// As `2026-09-30T09:15:00`.
    pub(crate) at: String,
    pub(crate) level: &'static str,
    pub(crate) name: &'static str,
    pub(crate) user: &'static str,
    pub(crate) session: i64,
    /// The type and the reference.
    pub(crate) object: Option<(String, Value)>,
    comment: &'static str,
}

impl Event {
    fn cell(&self, column: &str) -> Value {
        match column {
            "date" => json!(self.at),
            "level" => json!(self.level),
            "event" => json!(self.name),
            "user" => json!(self.user),
            "session" => json!(self.session),
            "object" => self.object.as_ref().map_or(Value::Null, |(_, object)| object.clone()),
            "comment" => json!(self.comment),
            other => panic!("no column {other}"),
        }
    }

    pub(crate) fn row(&self, columns: &[&str]) -> Value {
        columns.iter().map(|column| self.cell(column)).collect()
    }
}

fn event(day: &str, second: u32, level: &'static str, name: &'static str, user: &'static str) -> Event {
    // Days are counted from here; what is older is of this day.
    let (day_of, start) = (day.parse::<Date>().unwrap(), "2024-09-01".parse::<Date>().unwrap());
    let days = i64::from(day_of.days() - start.days()).max(0);
    let place = USERS.iter().position(|one| *one == user).unwrap();
    Event {
        at: format!("{day}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60),
        level,
        name,
        user,
        session: days * 3 + i64::try_from(place).unwrap() + 1,
        object: None,
        comment: "",
    }
}

const GUEST: &str = "Неправильное имя или пароль пользователя: Гость";
const LOCKED: &str = "Ошибка при выполнении обработчика - 'ОбработкаПроведения': Конфликт блокировок";

/// Everything up to the end of this quiet day, the newest first.
pub(crate) fn events(today: &str) -> Vec<Event> {
    let mut all = Vec::<Event>::new();
    for (at, one) in documents().iter().enumerate() {
        let (day, user) = (one.day.as_str(), one.class.user);
        let object = Some((format!("Document.{}", one.class.name), one.reference()));
        let begun =
            |event: &Event| event.user == user && event.at.starts_with(day) && event.name == "_$Session$_.Start";
        // Sessions of this day are near the end.
        if !all.iter().rev().take_while(|event| event.at.starts_with(day)).any(begun) {
            all.push(event(day, one.time - 300, "information", "_$Session$_.Start", user));
        }
        if at % 29 == 7 {
            let failed = event(day, one.time - 40, "error", "_$PerformError$_", user);
            all.push(Event { object: object.clone(), comment: LOCKED, ..failed });
        }
        if at % 41 == 11 {
            let refused = event(day, one.time - 20, "warning", "_$Session$_.AuthenticationError", user);
            all.push(Event { comment: GUEST, ..refused });
        }
        let new = event(day, one.time - 10, "information", "_$Data$_.New", user);
        all.push(Event { object: object.clone(), ..new });
        let post = event(day, one.time, "information", "_$Data$_.Post", user);
        all.push(Event { object, ..post });
    }
    for one in company().products.iter().filter(|one| one.status != Status::Active) {
        let day = one.status_changed_at.to_string();
        let update = event(&day, 12 * 3600, "note", "_$Data$_.Update", "Администратор");
        let object = Some(("Catalog.Номенклатура".to_owned(), json!({ "id": one.id, "label": one.name })));
        all.push(Event { object, comment: "Изменён статус", ..update });
    }
    for (at, user) in USERS.into_iter().enumerate() {
        all.push(event(today, u32::try_from(at).unwrap() * 60, "information", "_$Session$_.Start", user));
    }
    let refused = event(today, 180, "warning", "_$Session$_.AuthenticationError", "Администратор");
    all.push(Event { comment: GUEST, ..refused });
    let failed = event(today, 240, "error", "_$Job$_.Fail", "Администратор");
    all.push(Event {
        comment: "Фоновое задание «Загрузка курсов валют» не выполнено: сервер не отвечает", ..failed
    });
    all.reverse();
    all.sort_by(|one, other| other.at.cmp(&one.at));
    all
}

/// Those from this second to that.
pub(crate) fn between(from: &str, to: &str) -> impl Fn(&Event) -> bool {
    let (from, to) = (from.to_owned(), to.to_owned());
    move |event| *event.at >= *from && *event.at <= *to
}
