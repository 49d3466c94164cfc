//! Shapes: the expected members of objects, as data.

use super::mender::Mender;
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::Scanner;

/// A function that reads and mends a value, and returns whether it fits.
pub(super) type Reader = fn(&mut Mender<'_>, &mut Scanner<'_>) -> Result<bool, AnswerError>;

/// The expected shape of a value.
pub(super) enum Shape {
    /// A member that does not belong to the object.
    Nothing,
    /// An object whose members are data.
    Data,
    /// A string.
    Text,
    /// A string with more than white space.
    Name,
    /// A [`Name`](Self::Name) without control characters, since clients send it back exactly.
    Plain,
    /// A text for people, without control characters.
    Label,
    /// Exactly this string.
    Exactly(&'static str),
    /// One of these strings, in any case.
    OneOf(&'static [&'static str]),
    Bool,
    Number,
    /// A number above 0.
    Positive,
    /// An integer from 0 on.
    Natural,
    /// A number from 0 to 1.
    Share,
    Object(&'static [Field]),
    /// An array; items that do not fit are removed.
    List(&'static Shape),
    /// A value with a reader of its own.
    Own(Reader),
}

/// A member of an object, with its shape.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) need: Need,
}

/// What happens to the object if a member does not fit or is absent.
pub(super) enum Need {
    /// The member is removed.
    Optional,
    /// The object does not fit.
    Must,
    /// The member gets this JSON.
    Or(&'static str),
    /// The member gets a value found elsewhere.
    OrStandIn,
}

impl Field {
    pub(super) const fn may(key: &'static str, shape: Shape) -> Self {
        Self { key, shape, need: Need::Optional }
    }

    pub(super) const fn must(key: &'static str, shape: Shape) -> Self {
        Self { key, shape, need: Need::Must }
    }

    pub(super) const fn or(key: &'static str, shape: Shape, json: &'static str) -> Self {
        Self { key, shape, need: Need::Or(json) }
    }

    pub(super) const fn or_stand_in(key: &'static str, shape: Shape) -> Self {
        Self { key, shape, need: Need::OrStandIn }
    }

    pub(super) fn instead<'a>(&self, stand_in: &'a str) -> Option<&'a str> {
        match self.need {
            Need::Or(json) => Some(json),
            Need::OrStandIn => Some(stand_in),
            Need::Optional | Need::Must => None,
        }
    }
}

impl Shape {
    /// Returns whether a value fits whose first byte is `first`.
    pub(super) const fn fits_at_once(&self, first: u8) -> bool {
        match self {
            Self::Data => first == b'{',
            Self::Text => first == b'"',
            Self::Bool => matches!(first, b't' | b'f'),
            _ => false,
        }
    }
}
