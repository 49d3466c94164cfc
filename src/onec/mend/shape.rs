//! What the members of an object should be, as data.

use super::mender::Mender;
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::Scanner;

/// Reads a value and says whether it fits, by now at least.
pub(super) type Reader = fn(&mut Mender<'_>, &mut Scanner<'_>) -> Result<bool, AnswerError>;

/// What a value should be.
pub(super) enum Shape {
    /// Nothing: the member is no one's.
    Nothing,
    /// An object that is data.
    Data,
    /// A string.
    Text,
    /// A string that is more than white space.
    Name,
    /// The same without controls, since it is sent back as it is.
    Plain,
    /// A string to read: no controls.
    Label,
    /// This string.
    Exactly(&'static str),
    /// One of these strings, in any case.
    OneOf(&'static [&'static str]),
    Bool,
    Number,
    /// A number above 0.
    Positive,
    /// A number from 0 on that is whole.
    Natural,
    /// A number from 0 to 1.
    Share,
    Object(&'static [Field]),
    /// An array; items that do not fit are left out.
    List(&'static Shape),
    /// Has rules of its own.
    Own(Reader),
}

/// A member of an object.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) need: Need,
}

/// What becomes of the object where a member does not fit or is absent.
pub(super) enum Need {
    /// The member goes.
    Optional,
    /// The object does not fit either.
    Must,
    /// The member becomes this.
    Or(&'static str),
    /// The member becomes what was found elsewhere.
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
    /// Whether a value fits whose first byte is this.
    pub(super) const fn fits_at_once(&self, first: u8) -> bool {
        match self {
            Self::Data => first == b'{',
            Self::Text => first == b'"',
            Self::Bool => matches!(first, b't' | b'f'),
            _ => false,
        }
    }
}
