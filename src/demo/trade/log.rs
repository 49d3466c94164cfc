//! The event log, made from the documents: the users who entered them, the times, and errors.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::date::Date;
use super::journal::{Document, clock, documents};
use super::model::{Company, Status};

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) day: Date,
    pub(super) time: u32,
    pub(super) level: &'static str,
    pub(super) name: &'static str,
    pub(super) user: &'static str,
    pub(super) session: u32,
    pub(super) object: Option<Object>,
    pub(super) comment: &'static str,
}

/// The object of an event.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    label: String,
}

impl Event {
    /// Returns day and time as a text that sorts by time.
    pub(super) fn at(&self) -> String {
        format!("{}T{}", self.day, clock(self.time, 2))
    }

    pub(super) fn object(&self) -> Value {
        self.object.as_ref().map_or(Value::Null, |object| json!({ "id": object.id, "label": object.label }))
    }
}

pub(super) const LEVELS: [&str; 4] = ["error", "warning", "information", "note"];
const USERS: [&str; 3] = ["Администратор", "Продавец", "storekeeper"];

/// Returns all events up to the end of this day, in no order. A day without documents, such as a day after the
/// last of them, still has a few events.
pub(super) fn events(company: &'static Company, today: Date) -> Vec<Event> {
    static OF_DOCUMENTS: LazyLock<Vec<Event>> = LazyLock::new(|| of_documents(super::company()));
    let mut events = OF_DOCUMENTS.iter().filter(|event| event.day <= today).cloned().collect::<Vec<_>>();
    events.extend(of_products(company).filter(|event| event.day <= today));
    if !events.iter().any(|event| event.day == today) {
        events.extend(of_a_quiet_day(today));
    }
    events
}

/// Returns the number of a user's session: one a day.
fn session(day: Date, user: &str) -> u32 {
    let user = USERS.iter().position(|own| *own == user).unwrap_or_default();
    let day = u32::try_from(day.days() - Date::new(2024, 9, 1).days()).unwrap_or_default();
    day * 3 + u32::try_from(user).unwrap_or_default() + 1
}

fn event(day: Date, time: u32, level: &'static str, name: &'static str, user: &'static str) -> Event {
    Event { day, time, level, name, user, session: session(day, user), object: None, comment: "" }
}

fn start(day: Date, time: u32, user: &'static str) -> Event {
    event(day, time, "information", "_$Session$_.Start", user)
}

fn of_documents(company: &'static Company) -> Vec<Event> {
    let mut documents = documents(company).collect::<Vec<_>>();
    documents.sort_by_key(|one| (one.date, one.time));
    let mut started = BTreeSet::new();
    let mut events = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let (day, time, user) = (document.date, document.time, document.of.user);
        if started.insert((day, user)) {
            events.push(start(day, time - 300, user));
        }
        if at % 29 == 7 {
            let comment = "Ошибка при выполнении обработчика - 'ОбработкаПроведения': Конфликт блокировок";
            let error = event(day, time - 40, "error", "_$PerformError$_", user);
            events.push(Event { object: Some(object(document)), comment, ..error });
        }
        if at % 41 == 11 {
            let comment = "Неправильное имя или пароль пользователя: Гость";
            events.push(Event { comment, ..event(day, time - 20, "warning", "_$Session$_.AuthenticationError", user) });
        }
        let new = event(day, time - 10, "information", "_$Data$_.New", user);
        events.push(Event { object: Some(object(document)), ..new });
        let post = event(day, time, "information", "_$Data$_.Post", user);
        events.push(Event { object: Some(object(document)), ..post });
    }
    events
}

fn object(document: &Document) -> Object {
    Object { class: "Document", name: document.of.name, id: document.id, label: document.label() }
}

/// Returns the events of products whose status was changed.
fn of_products(company: &'static Company) -> impl Iterator<Item = Event> {
    let changed = company.products.iter().filter(|product| product.status != Status::Active);
    changed.map(|product| {
        let object = Object {
            class: "Catalog", name: "Номенклатура", id: &product.id, label: product.name.to_owned()
        };
        let update = event(product.status_changed_at, 12 * 3600, "note", "_$Data$_.Update", "Администратор");
        Event { object: Some(object), comment: "Изменён статус", ..update }
    })
}

fn of_a_quiet_day(day: Date) -> impl Iterator<Item = Event> {
    let morning = USERS.into_iter().zip([0, 60, 120]);
    let starts = morning.map(move |(user, after)| start(day, after, user));
    let refused = Event {
        comment: "Неправильное имя или пароль пользователя: Гость",
        ..event(day, 180, "warning", "_$Session$_.AuthenticationError", "Администратор")
    };
    let failed = Event {
        comment: "Фоновое задание «Загрузка курсов валют» не выполнено: сервер не отвечает",
        ..event(day, 240, "error", "_$Job$_.Fail", "Администратор")
    };
    starts.chain([refused, failed])
}
