//! What the members of an object should be, as data, and how what is not so is mended.

use super::Mender;
use super::edits::Kept;
use super::judge::{Verdict, judge};
use crate::onec::bad_answer::BadAnswer;
use crate::rpc::json::{Member, Scanner, Span};

/// Reads a value and says whether it fits, by now at least.
pub(super) type Reader = fn(&mut Mender<'_>, &mut Scanner<'_>) -> Result<bool, BadAnswer>;

/// What a value should be.
pub(super) enum Kind {
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
    List(&'static Kind),
    /// Has rules of its own.
    Own(Reader),
}

/// A member of an object.
pub(super) struct Field {
    pub(super) key: &'static str,
    kind: Kind,
    need: Need,
}

/// What becomes of the object where a member does not fit or is absent.
enum Need {
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
    pub(super) const fn may(key: &'static str, kind: Kind) -> Self {
        Self { key, kind, need: Need::Optional }
    }

    pub(super) const fn must(key: &'static str, kind: Kind) -> Self {
        Self { key, kind, need: Need::Must }
    }

    pub(super) const fn or(key: &'static str, kind: Kind, json: &'static str) -> Self {
        Self { key, kind, need: Need::Or(json) }
    }

    pub(super) const fn or_stand_in(key: &'static str, kind: Kind) -> Self {
        Self { key, kind, need: Need::OrStandIn }
    }

    fn instead<'a>(&self, stand_in: &'a str) -> Option<&'a str> {
        match self.need {
            Need::Or(json) => Some(json),
            Need::OrStandIn => Some(stand_in),
            Need::Optional | Need::Must => None,
        }
    }
}

impl Kind {
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

impl Mender<'_> {
    /// Passes a value and mends it; `false` if it does not fit all the same.
    pub(super) fn value(&mut self, kind: &Kind, scanner: &mut Scanner<'_>) -> Result<bool, BadAnswer> {
        let first = scanner.peek();
        match kind {
            Kind::Object(fields) if first == b'{' => return Ok(self.object(fields, "", scanner)?.is_some()),
            Kind::List(kind) if first == b'[' => return self.list(kind, scanner).map(|_| true),
            Kind::Own(reader) => return reader(self, scanner),
            _ => {}
        }
        let span = scanner.skip()?;
        match judge(kind, span.of(self.bytes).unwrap_or_default()) {
            Verdict::Fits => Ok(true),
            Verdict::Instead(json) => {
                self.edits.replace(span, json);
                Ok(true)
            }
            Verdict::Unfit => Ok(false),
        }
    }

    /// Passes the array at the cursor, without the items that do not fit; how many there are, and how many
    /// of them stay.
    pub(super) fn list(&mut self, kind: &Kind, scanner: &mut Scanner<'_>) -> Result<(usize, usize), BadAnswer> {
        let (mut all, mut stay) = (0, 0);
        let mut kept = Kept::default();
        scanner.array::<BadAnswer>(|scanner| {
            scanner.peek();
            let start = scanner.pos();
            kept.next(start, &mut self.edits);
            let mark = self.edits.mark();
            let fits = self.value(kind, scanner)?;
            if !fits {
                self.edits.back_to(mark);
            }
            all += 1;
            stay += usize::from(fits);
            kept.member(start, scanner.pos(), fits, &mut self.edits);
            Ok(())
        })?;
        kept.finish(&mut self.edits);
        Ok((all, stay))
    }

    /// Passes the object at the cursor, without those of `fields` that do not fit, come twice or stand
    /// there as null. Members that are not among them stay as they are. Gives the fields that it has, a
    /// bit for each, or `None` if it cannot be what it should.
    pub(super) fn object(
        &mut self,
        fields: &[Field],
        stand_in: &str,
        scanner: &mut Scanner<'_>,
    ) -> Result<Option<u32>, BadAnswer> {
        let mut kept = Kept::default();
        let mut seen = 0_u32;
        let object = scanner.object::<BadAnswer>(|scanner, Member { key, start }| {
            kept.next(start, &mut self.edits);
            let keep = match fields.iter().zip(0..).find(|(field, _)| field.key == key) {
                None => scanner.skip().map(|_| true)?,
                Some((field, bit)) => {
                    let again = seen & 1 << bit != 0;
                    let keep = self.field(field, stand_in, again, scanner)?;
                    seen |= u32::from(keep) << bit;
                    keep
                }
            };
            kept.member(start, scanner.pos(), keep, &mut self.edits);
            Ok(())
        })?;
        kept.finish(&mut self.edits);
        let mut missing = String::new();
        for (field, bit) in fields.iter().zip(0..) {
            if seen & 1 << bit != 0 {
                continue;
            }
            match field.instead(stand_in) {
                Some(json) => {
                    let comma = if missing.is_empty() { "" } else { "," };
                    missing += &format!("{comma}\"{}\":{json}", field.key);
                }
                None if matches!(field.need, Need::Must) => return Ok(None),
                None => {}
            }
        }
        self.edits.prepend(object, &missing, kept.any);
        Ok(Some(seen))
    }

    /// Whether the member at the cursor stays.
    fn field(
        &mut self,
        field: &Field,
        stand_in: &str,
        again: bool,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, BadAnswer> {
        let mark = self.edits.mark();
        scanner.peek();
        let start = scanner.pos();
        let fits = self.value(&field.kind, scanner)?;
        if fits && !again {
            return Ok(true);
        }
        self.edits.back_to(mark);
        match field.instead(stand_in) {
            Some(json) if !again => {
                self.edits.replace(Span::new(start, scanner.pos()), json);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
