//! The `filters` of a report.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::entry::{EntryKind, within};
use super::model::{Company, Status};
use super::request::{Members, RequestError, invalid, unknown};

/// The filters of one request, and their description in the answer.
pub(super) struct Filters<'a> {
    company: &'a Company,
    members: Members<'a>,
    applied: Map<String, Value>,
}

/// The chosen entries of a catalogue: all of them without a filter.
#[derive(Debug)]
pub(super) struct Chosen(Option<BTreeSet<usize>>);

impl Chosen {
    pub(super) const fn all() -> Self {
        Self(None)
    }

    pub(super) fn one(at: usize) -> Self {
        Self(Some(BTreeSet::from([at])))
    }

    pub(super) fn holds(&self, at: usize) -> bool {
        self.0.as_ref().is_none_or(|chosen| chosen.contains(&at))
    }

    pub(super) const fn is_all(&self) -> bool {
        self.0.is_none()
    }
}

impl<'a> Filters<'a> {
    pub(super) fn of(company: &'a Company, body: &mut Members<'a>) -> Result<Self, RequestError> {
        Ok(Self { company, members: body.members("filters")?, applied: Map::new() })
    }

    /// Reads entries by their ids.
    pub(super) fn entries(&mut self, name: &'static str, kind: EntryKind) -> Result<Chosen, RequestError> {
        self.choose(name, kind, false)
    }

    /// Reads entries by their ids, and all entries in folders by the ids of the folders.
    pub(super) fn branches(&mut self, name: &'static str, kind: EntryKind) -> Result<Chosen, RequestError> {
        self.choose(name, kind, true)
    }

    fn choose(&mut self, name: &'static str, kind: EntryKind, folders: bool) -> Result<Chosen, RequestError> {
        let Some(ids) = self.members.texts(name)? else { return Ok(Chosen(None)) };
        let mut chosen = BTreeSet::new();
        let mut told = Vec::new();
        for id in ids {
            told.push(self.branch(name, kind, folders, id, &mut chosen)?);
        }
        self.applied.insert(name.to_owned(), Value::Array(told));
        Ok(Chosen(Some(chosen)))
    }

    fn branch(
        &self,
        name: &str,
        kind: EntryKind,
        folders: bool,
        id: &str,
        chosen: &mut BTreeSet<usize>,
    ) -> Result<Value, RequestError> {
        let hierarchy = self.company.hierarchy(kind);
        let folder = hierarchy.and_then(|(of, all, own)| Some((of, all, own, self.company.place(of, id)?)));
        match (self.company.place(kind, id), folder) {
            (_, Some((of, all, own, root))) if folders => {
                chosen.extend((0..own.len()).filter(|at| own.get(*at).is_some_and(|own| within(all, *own, root))));
                Ok(self.company.reference(of, root))
            }
            (Some(at), _) => {
                chosen.insert(at);
                Ok(self.company.reference(kind, at))
            }
            (None, Some(_)) => Err(invalid(format!("Отбор «{name}» не принимает группы: {id}"))),
            (None, None) => {
                let id = id.chars().take(100).collect::<String>();
                Err(invalid(format!("Отбор «{name}»: элемент не найден: {id}")))
            }
        }
    }

    /// Reads products by their statuses.
    pub(super) fn statuses(&mut self) -> Result<Chosen, RequestError> {
        let Some(codes) = self.members.texts("product_status")? else { return Ok(Chosen(None)) };
        let status = |code: &&str| {
            let found = STATUSES.iter().find(|(_, own, _)| own == code);
            found.map(|(status, ..)| *status).ok_or_else(|| unknown("product_status", code, &STATUSES.map(|row| row.1)))
        };
        let statuses = codes.iter().map(status).collect::<Result<Vec<_>, _>>()?;
        self.applied.insert("product_status".to_owned(), codes.into());
        let products = self.company.products.iter().enumerate();
        let chosen = products.filter(|(_, product)| statuses.contains(&product.status)).map(|(at, _)| at);
        Ok(Chosen(Some(chosen.collect())))
    }

    /// Reads one of these words.
    pub(super) fn word(
        &mut self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, RequestError> {
        let Some(word) = self.members.text(name)? else { return Ok(None) };
        let known = allowed.iter().find(|known| **known == word).copied();
        let known = known.ok_or_else(|| unknown(name, word, allowed))?;
        self.applied.insert(name.to_owned(), known.into());
        Ok(Some(known))
    }

    /// Returns the description of the filters in the answer.
    ///
    /// # Errors
    ///
    /// If there are filters that the report does not have.
    pub(super) fn finish(self) -> Result<Map<String, Value>, RequestError> {
        self.members.finish()?;
        Ok(self.applied)
    }
}

pub(super) const STATUSES: [(Status, &str, &str); 4] = [
    (Status::New, "new", "Новинка"),
    (Status::Active, "active", "Активный"),
    (Status::PhasingOut, "phasing_out", "Выводится из ассортимента"),
    (Status::Excluded, "excluded", "Исключён"),
];
