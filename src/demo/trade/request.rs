//! The bodies of requests, and the errors in them.

use serde_json::{Map, Value, json};

use super::date::Date;

/// An error of a request: a text for a person, in Russian.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The request is invalid.
    Invalid(String),
    /// The caller lacks this scope.
    Forbidden(&'static str),
}

pub(super) fn invalid(text: impl Into<String>) -> RequestError {
    RequestError::Invalid(text.into())
}

/// The members of the body that were read; others are an error at the end. Null counts as absent.
#[derive(Debug)]
pub(super) struct Members<'a> {
    members: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
}

impl<'a> Members<'a> {
    /// Reads an object, or an absent value.
    pub(super) fn of(name: &str, value: Option<&'a Value>) -> Result<Self, RequestError> {
        let members = match value {
            None => None,
            Some(Value::Object(members)) => Some(members),
            Some(_) => return Err(invalid(format!("Поле «{name}» должно быть объектом"))),
        };
        Ok(Self { members, known: Vec::new() })
    }

    pub(super) fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.members.and_then(|members| members.get(name)).filter(|value| !value.is_null())
    }

    pub(super) fn members(&mut self, name: &'static str) -> Result<Members<'a>, RequestError> {
        Members::of(name, self.get(name))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, RequestError> {
        let text = self.get(name).map(|value| value.as_str().ok_or_else(|| mistyped(name, "строкой")));
        text.transpose()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, RequestError> {
        let flag = self.get(name).map(|value| value.as_bool().ok_or_else(|| mistyped(name, "true или false")));
        Ok(flag.transpose()?.unwrap_or_default())
    }

    /// Reads a number from 1 to `most`.
    pub(super) fn count(&mut self, name: &'static str, most: usize) -> Result<Option<usize>, RequestError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        let wanted = match most {
            usize::MAX => "целым числом больше нуля".to_owned(),
            _ => format!("целым числом от 1 до {most}"),
        };
        count.filter(|count| (1..=most).contains(count)).map(Some).ok_or_else(|| mistyped(name, &wanted))
    }

    /// Reads texts, at least one; an empty list could mean "none" or "all".
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<&'a str>>, RequestError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let texts = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        match texts {
            Some(texts) if !texts.is_empty() => Ok(Some(texts)),
            _ => Err(mistyped(name, "непустым списком строк")),
        }
    }

    /// Reads a day; returns `absent` if there is none.
    pub(super) fn date(&mut self, name: &'static str, absent: Date) -> Result<Date, RequestError> {
        self.text(name)?.map_or(Ok(absent), |text| parse(name, text))
    }

    pub(super) fn period(&mut self) -> Result<Period, RequestError> {
        self.any_period()?.ok_or_else(|| invalid("Не указано обязательное поле «period»"))
    }

    pub(super) fn any_period(&mut self) -> Result<Option<Period>, RequestError> {
        let Some(value) = self.get("period") else { return Ok(None) };
        let mut members = Members::of("period", Some(value))?;
        let mut end = |name| {
            let text =
                members.text(name)?.ok_or_else(|| invalid(format!("Не указано обязательное поле «{name}» в «period»")));
            text.and_then(|text| parse(name, text))
        };
        let period = Period { from: end("from")?, to: end("to")? };
        members.finish()?;
        if period.from > period.to {
            return Err(invalid("Начало периода позже его конца"));
        }
        Ok(Some(period))
    }

    /// Checks that the body has no other members.
    ///
    /// # Errors
    ///
    /// If there is an unknown member: it would be ignored silently.
    pub(super) fn finish(self) -> Result<(), RequestError> {
        let mut names = self.members.into_iter().flat_map(Map::keys);
        let stranger = names.find(|name| !self.known.contains(&name.as_str()));
        stranger.map_or(Ok(()), |name| {
            let name = name.chars().take(100).collect::<String>();
            Err(invalid(format!("Неизвестное поле «{name}». Допустимые: {}", self.known.join(", "))))
        })
    }
}

pub(super) fn mistyped(name: &str, wanted: &str) -> RequestError {
    invalid(format!("Поле «{name}» должно быть {wanted}"))
}

pub(super) fn unknown(name: &str, value: &str, allowed: &[&str]) -> RequestError {
    let value = value.chars().take(100).collect::<String>();
    invalid(format!("Недопустимое значение «{value}» в поле «{name}». Допустимые: {}", allowed.join(", ")))
}

fn parse(name: &str, text: &str) -> Result<Date, RequestError> {
    text.parse().map_err(|_| mistyped(name, "датой вида ГГГГ-ММ-ДД"))
}

/// A period from one day to another, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub(super) from: Date,
    pub(super) to: Date,
}

impl Period {
    pub(super) fn holds(self, date: Date) -> bool {
        (self.from..=self.to).contains(&date)
    }

    pub(super) fn json(self) -> Value {
        json!({ "from": self.from.to_string(), "to": self.to.to_string() })
    }
}
