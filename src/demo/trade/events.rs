//! `admin/eventlog`: the event log, or the history of objects of one type if `object_type` is given.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::date::Date;
use super::journal::find_type;
use super::log::{Event, LEVELS, events};
use super::request::{Members, RequestError, invalid, mistyped, unknown};
use crate::demo::configuration;

const DAY: i64 = 86_400;

pub(super) fn report(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    match body.text("object_type")? {
        Some(object) => history(context, body, object),
        None => log(context, body),
    }
}

/// Returns the event log, of today by default.
fn log(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let today = context.today.to_string();
    let span = Span::read(body)?;
    let period = span.as_ref().map_or_else(|| json!({ "from": today, "to": today }), |span| span.told.clone());
    let span = span.map_or_else(|| Span::of(context.today), Ok)?;
    let mut applied = Map::new();
    let levels = body.texts("level")?;
    for level in levels.iter().flatten() {
        LEVELS.iter().find(|own| *own == level).ok_or_else(|| unknown("level", level, &LEVELS))?;
    }
    let (names, user) = (body.texts("events")?, body.text("user")?);
    let session = body.count("session", usize::MAX)?;
    let limit = body.count("limit", 500)?.unwrap_or(100);
    let told = [
        ("level", levels.clone().map(Value::from)),
        ("events", names.clone().map(Value::from)),
        ("user", user.map(Value::from)),
        ("session", session.map(Value::from)),
    ];
    applied.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let fits = |event: &Event| {
        span.holds(event)
            && levels.as_ref().is_none_or(|levels| levels.contains(&event.level))
            && names.as_ref().is_none_or(|names| names.contains(&event.name))
            && user.is_none_or(|user| event.user == user)
            && session.is_none_or(|session| usize::try_from(event.session) == Ok(session))
    };
    let columns = ["date", "level", "event", "user", "session", "object", "comment"];
    let mut answer = newest(context, &columns, limit, fits);
    answer.insert("period".to_owned(), period);
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}

/// Returns the history of objects, all of it by default.
fn history(context: &Context<'_>, body: &mut Members<'_>, object: &str) -> Result<Map<String, Value>, RequestError> {
    let strange = || unknown("object_type", object, &["Document.X", "Catalog.X"]);
    let (class, name) = match object.split_once('.') {
        Some(("Document", _)) => ("Document", find_type("object_type", object)?.name),
        Some(("Catalog", name)) => ("Catalog", configuration::catalog(name).ok_or_else(strange)?),
        _ => return Err(strange()),
    };
    let span = Span::read(body)?;
    let (id, names) = (body.text("object_id")?, body.texts("events")?);
    let limit = body.count("limit", 500)?.unwrap_or(100);
    let fits = |event: &Event| {
        let own = event.object.as_ref().is_some_and(|own| {
            own.class == class && own.name == name && id.is_none_or(|id| own.id.eq_ignore_ascii_case(id))
        });
        own && span.as_ref().is_none_or(|span| span.holds(event))
            && names.as_ref().is_none_or(|names| names.contains(&event.name))
    };
    let mut answer = newest(context, &["date", "event", "user", "session", "object", "comment"], limit, fits);
    if let Some(span) = &span {
        answer.insert("period".to_owned(), span.told.clone());
    }
    let told =
        [("object_type", Some(object.into())), ("object_id", id.map(Value::from)), ("events", names.map(Value::from))];
    let applied = told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>();
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}

fn newest(context: &Context<'_>, columns: &[&str], limit: usize, fits: impl Fn(&Event) -> bool) -> Map<String, Value> {
    let mut found = events(context.company, context.today);
    found.retain(fits);
    // A stable sort: later events of one second stay later.
    found.reverse();
    found.sort_by_key(|event| std::cmp::Reverse((event.day, event.time)));
    let row = |event: &Event| columns.iter().map(|column| cell(event, column)).collect::<Value>();
    let rows = found.iter().take(limit).map(row).collect::<Vec<_>>();
    let column = |name: &&str| {
        let kind = match *name {
            "date" => "date",
            "session" => "number",
            "object" => "ref",
            _ => "string",
        };
        json!({ "name": name, "type": kind })
    };
    let columns = columns.iter().map(column).collect::<Vec<_>>();
    Map::from_iter([("columns".to_owned(), columns.into()), ("rows".to_owned(), rows.into())])
}

fn cell(event: &Event, column: &str) -> Value {
    match column {
        "date" => event.at().into(),
        "level" => event.level.into(),
        "event" => event.name.into(),
        "user" => event.user.into(),
        "session" => event.session.into(),
        "object" => event.object(),
        _ => event.comment.into(),
    }
}

/// A time from one second to another, both included.
struct Span {
    from: i64,
    to: i64,
    /// The limits as they were given.
    told: Value,
}

impl Span {
    fn of(day: Date) -> Result<Self, RequestError> {
        let from = i64::from(day.days()) * DAY;
        Ok(Self { from, to: from + DAY - 1, told: Value::Null })
    }

    fn read(body: &mut Members<'_>) -> Result<Option<Self>, RequestError> {
        let Some(told) = body.get("period") else { return Ok(None) };
        let mut members = Members::of("period", Some(told))?;
        let mut end = |name| {
            let missing = || invalid(format!("Не указано обязательное поле «{name}» в «period»"));
            let text = members.text(name)?.ok_or_else(missing)?;
            let wanted = "датой вида ГГГГ-ММ-ДД или временем вида ГГГГ-ММ-ДДTчч:мм:сс";
            moment(text).ok_or_else(|| mistyped(name, wanted))
        };
        let (from, to) = (end("from")?.0, end("to")?.1);
        members.finish()?;
        if from > to {
            return Err(invalid("Начало периода позже его конца"));
        }
        Ok(Some(Self { from, to, told: told.clone() }))
    }

    fn holds(&self, event: &Event) -> bool {
        let at = i64::from(event.day.days()) * DAY + i64::from(event.time);
        (self.from..=self.to).contains(&at)
    }
}

/// Returns the first and the last second of a day, a minute or a second. The clock of the infobase is UTC.
fn moment(text: &str) -> Option<(i64, i64)> {
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let day = i64::from(day.parse::<Date>().ok()?.days()) * DAY;
    let Some(time) = time else { return Some((day, day + DAY - 1)) };
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at_checked(zone)?;
    let east = match zone.strip_prefix('+').map(|zone| (1, zone)).or_else(|| Some((-1, zone.strip_prefix('-')?))) {
        None => 0,
        Some((sign, zone)) => sign * seconds(zone)?.0,
    };
    let (second, last) = seconds(time)?;
    Some((day + second - east, day + last - east))
}

/// Returns the first and the last second of `hh:mm` or `hh:mm:ss`.
fn seconds(text: &str) -> Option<(i64, i64)> {
    let parts = text.split(':').map(|part| (part.len() == 2).then(|| part.parse::<u8>().ok()).flatten());
    match parts.collect::<Option<Vec<_>>>()?.as_slice() {
        [hours @ 0..24, minutes @ 0..60] => {
            let first = i64::from(*hours) * 3600 + i64::from(*minutes) * 60;
            Some((first, first + 59))
        }
        [hours @ 0..24, minutes @ 0..60, seconds @ 0..60] => {
            let second = i64::from(*hours) * 3600 + i64::from(*minutes) * 60 + i64::from(*seconds);
            Some((second, second))
        }
        _ => None,
    }
}
