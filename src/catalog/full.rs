//! Detects answers that may not hold all there is, and tells how to get the rest.

use super::argument_error::cut;
use super::constraints::Clamp;
use super::limits::Limits;
use super::shapes::Shapes;
use serde_json::Value;
use std::fmt::Write;

/// Ways to narrow a request, by the argument.
const NARROWER: [(&str, &str); 10] = [
    ("query", "a more exact query"),
    ("period", "a shorter period"),
    ("filters", "more filters"),
    ("group_by", "fewer dimensions in group_by"),
    ("level", "fewer levels"),
    ("events", "fewer kinds of events"),
    ("user", "one user"),
    ("session", "one session"),
    ("object_id", "one object_id"),
    ("number", "more digits of the number"),
];

/// An argument that says how many items are wanted.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    name: String,
    ceiling: u64,
}

/// How many items of each kind 1C may send, and the arguments that ask for them.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    rows: (Option<Counter>, u64),
    candidates: (Option<Counter>, u64),
    /// The ways to narrow the request.
    narrower: String,
}

/// The kinds of counted arrays in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Items {
    Rows,
    Candidates,
    Events,
    /// An array with the name of the argument that asks for it, such as `top_products`.
    Named,
}

impl Items {
    const fn word(self, count: u64) -> &'static str {
        match (self, count) {
            (Self::Rows, 1) => "row",
            (Self::Rows, _) => "rows",
            (Self::Candidates, 1) => "candidate",
            (Self::Candidates, _) => "candidates",
            (Self::Events, 1) => "event",
            (Self::Events, _) => "events",
            (Self::Named, 1) => "item",
            (Self::Named, _) => "items",
        }
    }
}

/// How many items the arguments of a call ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    rows: Option<u64>,
    candidates: Option<u64>,
}

/// An array of an answer with as many items as the call asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    items: Items,
    count: u64,
}

impl Counters {
    /// Finds the counters of a tool: `top` and `limit` ask for rows and candidates. A tool without them may have
    /// another argument with a ceiling of rows; `counts` tells whether a clamp is one.
    pub(super) fn of(clamps: &[Clamp], counts: impl Fn(&Clamp) -> bool, shapes: &Shapes, limits: Limits) -> Self {
        let counter = |clamp: &Clamp| Counter { name: clamp.path.text.clone(), ceiling: clamp.ceiling };
        let named = |name| clamps.iter().find(|clamp| clamp.path.text == name).map(counter);
        let (top, limit) = (named("top"), named("limit"));
        let other = || clamps.iter().find(|clamp| !clamp.path.text.contains('.') && counts(clamp)).map(counter);
        let most = |counter: &Option<Counter>, limit| counter.as_ref().map_or(limit, |counter| counter.ceiling);
        let rows = top.clone().or_else(|| limit.clone()).or_else(other);
        let candidates = limit.or(top).or_else(other);
        let (most_rows, most_candidates) = (most(&rows, limits.max_rows), most(&candidates, limits.resolve_limit));
        let narrower = narrower(shapes);
        Self { rows: (rows, most_rows), candidates: (candidates, most_candidates), narrower }
    }

    fn counted(&self, items: Items) -> &(Option<Counter>, u64) {
        match items {
            Items::Candidates => &self.candidates,
            Items::Rows | Items::Events | Items::Named => &self.rows,
        }
    }

    /// Returns which counted array has this name.
    pub(super) fn items(&self, member: &str) -> Option<Items> {
        match member {
            "rows" => Some(Items::Rows),
            "candidates" => Some(Items::Candidates),
            "events" => Some(Items::Events),
            _ => self.rows.0.as_ref().filter(|counter| counter.name == member).map(|_| Items::Named),
        }
    }

    /// Returns the most items that 1C may send.
    pub(super) fn ceiling(&self, items: Items) -> u64 {
        self.counted(items).1
    }

    pub(super) fn asked(&self, arguments: &Value) -> Asked {
        let number = |counter: &Option<Counter>| arguments.get(&counter.as_ref()?.name)?.as_u64();
        Asked { rows: number(&self.rows.0), candidates: number(&self.candidates.0) }
    }

    /// Returns a note if there are as many items as the call asked for.
    pub(super) fn full(&self, items: Items, count: u64, asked: Asked) -> Option<Full> {
        let asked = if items == Items::Candidates { asked.candidates } else { asked.rows };
        asked.filter(|asked| count >= *asked).map(|_| Full { items, count })
    }

    /// Returns the text about a full answer, with how to get the rest.
    pub(super) fn told(&self, full: Full) -> String {
        let Full { items, count } = full;
        let mut text =
            format!("This answer is full: it holds {count} {}, as many as were asked for", items.word(count));
        let counter = self.counted(items).0.as_ref();
        let more = counter.filter(|counter| counter.ceiling > count);
        if let Some(Counter { name, .. }) = counter {
            let _ = write!(text, " with {}", cut(name));
        }
        let _ = write!(text, ", so there may be more that it does not show. To see the rest, ");
        if let Some(Counter { name, ceiling }) = more {
            let _ = write!(text, "raise {} (up to {ceiling}), or ", cut(name));
        }
        let _ = write!(text, "narrow the request{}.", self.narrower);
        text
    }

    /// Returns the text about an answer that was cut.
    pub(super) fn cut(&self, items: Items, kept: u64, all: u64, max_chars: usize) -> String {
        format!(
            "This answer was cut: it holds the first {kept} of the {all} {} that 1C sent, since it may have at most \
             {max_chars} characters. To see the rest, narrow the request{}.",
            items.word(all),
            self.narrower
        )
    }

    /// Returns the text about an answer that is too long and cannot be cut.
    pub(super) fn too_long(&self, chars: usize, max_chars: usize) -> String {
        format!(
            "limit_exceeded: the answer has {chars} characters, and at most {max_chars} are allowed. Narrow the \
             request{}.",
            self.narrower
        )
    }
}

/// Returns the ways in [`NARROWER`] that this tool has, in brackets.
fn narrower(shapes: &Shapes) -> String {
    let known = |name: &str| shapes.get(0).is_some_and(|top| top.members.contains_key(name));
    let ways = NARROWER.into_iter().filter(|(name, _)| known(name)).map(|(_, way)| way).collect::<Vec<_>>();
    if ways.is_empty() { String::new() } else { format!(" ({})", ways.join(", ")) }
}
