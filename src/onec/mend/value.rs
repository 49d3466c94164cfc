//! Mends values by their shape.

use super::edits::Kept;
use super::judge::{Verdict, judge};
use super::mender::Mender;
use super::shape::{Field, Need, Shape};
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Member, Scanner, Span};

impl Mender<'_> {
    /// Passes and mends a value; `false` if it does not fit.
    pub(super) fn value(&mut self, shape: &Shape, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let first = scanner.peek();
        match shape {
            Shape::Object(fields) if first == b'{' => return Ok(self.object(fields, "", scanner)?.is_some()),
            Shape::List(shape) if first == b'[' => return self.list(shape, scanner).map(|_| true),
            Shape::Own(reader) => return reader(self, scanner),
            _ => {}
        }
        let span = scanner.skip()?;
        match judge(shape, span.of(self.bytes).unwrap_or_default()) {
            Verdict::Fits => Ok(true),
            Verdict::Instead(json) => {
                self.edits.replace(span, json);
                Ok(true)
            }
            Verdict::Unfit => Ok(false),
        }
    }

    /// Passes the array at the cursor, without the items that do not fit. Returns how many items there are, and
    /// how many stay.
    pub(super) fn list(&mut self, shape: &Shape, scanner: &mut Scanner<'_>) -> Result<(usize, usize), AnswerError> {
        let (mut all, mut stay) = (0, 0);
        let mut kept = Kept::default();
        scanner.array::<AnswerError>(|scanner| {
            scanner.peek();
            let start = scanner.pos();
            kept.next(start, &mut self.edits);
            let mark = self.edits.mark();
            let fits = self.value(shape, scanner)?;
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

    /// Passes the object at the cursor, without those of `fields` that do not fit, are repeated or are null.
    ///
    /// Other members stay unchanged. Returns the fields of the object, a bit for each, or `None` if it does not fit.
    pub(super) fn object(
        &mut self,
        fields: &[Field],
        stand_in: &str,
        scanner: &mut Scanner<'_>,
    ) -> Result<Option<u32>, AnswerError> {
        let mut kept = Kept::default();
        let mut seen = 0_u32;
        let object = scanner.object::<AnswerError>(|scanner, Member { key, start }| {
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

    /// Returns whether the member at the cursor stays.
    fn field(
        &mut self,
        field: &Field,
        stand_in: &str,
        again: bool,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        let mark = self.edits.mark();
        scanner.peek();
        let start = scanner.pos();
        let fits = self.value(&field.shape, scanner)?;
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

    /// Mends an array of which some item must stay, or a single item without its array.
    pub(super) fn some_of(
        &mut self,
        key: &'static str,
        shape: &Shape,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        match scanner.peek() {
            b'[' => match self.list(shape, scanner)? {
                (1.., 0) => Err(AnswerError::Useless(key)),
                _ => Ok(true),
            },
            b'n' => scanner.skip().map(|_| false).map_err(AnswerError::from),
            _ => self.wrapped(shape, scanner),
        }
    }

    /// Returns the value at the cursor by itself, mended, if it fits.
    pub(super) fn apart(&mut self, shape: &Shape, scanner: &mut Scanner<'_>) -> Result<Option<Vec<u8>>, AnswerError> {
        scanner.peek();
        let start = scanner.pos();
        let outer = std::mem::take(&mut self.edits);
        let fits = self.value(shape, scanner);
        let edits = std::mem::replace(&mut self.edits, outer);
        Ok(fits?.then(|| edits.apply(self.bytes, Span::new(start, scanner.pos()))))
    }

    /// Wraps an item into the array that it should be in.
    pub(super) fn wrapped(&mut self, shape: &Shape, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        scanner.peek();
        self.edits.insert(scanner.pos(), "[");
        let fits = self.value(shape, scanner)?;
        self.edits.insert(scanner.pos(), "]");
        Ok(fits)
    }
}
