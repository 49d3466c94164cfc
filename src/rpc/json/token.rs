//! How the cursor passes white space, strings, numbers and literals. Much of a message's time goes here, so
//! most of it is inlined.

use super::JsonError;
use super::scanner::Scanner;
use super::surrogates::unit;

impl Scanner<'_> {
    pub(super) const fn fault<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Syntax(self.pos))
    }

    #[inline]
    fn at(&self) -> u8 {
        // NUL is not legal anywhere in JSON, so it can stand for the end.
        self.bytes.get(self.pos).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn space(&mut self) {
        loop {
            match self.at() {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.breaks = true,
                _ => return,
            }
            self.pos += 1;
        }
    }

    /// Returns the first byte of the next token; 0 at the end.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        self.space();
        self.at()
    }

    #[inline]
    pub(super) fn punctuation(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == byte {
            self.pos += 1;
            Ok(())
        } else {
            self.fault()
        }
    }

    /// Checks that nothing but white space follows.
    ///
    /// # Errors
    /// [`JsonError::Syntax`].
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.space();
        if self.pos == self.bytes.len() { Ok(()) } else { self.fault() }
    }

    pub(super) fn literal(&mut self, word: &[u8]) -> Result<(), JsonError> {
        if self.bytes.get(self.pos..).is_some_and(|rest| rest.starts_with(word)) {
            self.pos += word.len();
            Ok(())
        } else {
            self.fault()
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.pos;
        while self.at().is_ascii_digit() {
            self.pos += 1;
        }
        if self.pos == start { self.fault() } else { Ok(()) }
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<(), JsonError> {
        if self.at() == b'-' {
            self.pos += 1;
        }
        if self.at() == b'0' {
            self.pos += 1;
        } else {
            self.digits()?;
        }
        if self.at() == b'.' {
            self.pos += 1;
            self.digits()?;
        }
        if matches!(self.at(), b'e' | b'E') {
            self.pos += 1;
            if matches!(self.at(), b'+' | b'-') {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Passes a string and returns whether it has escapes. The cursor is on the opening quote.
    #[inline]
    pub(super) fn string_token(&mut self) -> Result<bool, JsonError> {
        self.pos += 1;
        let mut escaped = false;
        loop {
            self.plain_text();
            match self.at() {
                b'"' => {
                    self.pos += 1;
                    return Ok(escaped);
                }
                b'\\' => {
                    self.escape()?;
                    escaped = true;
                }
                _ => return self.fault(),
            }
        }
    }

    /// Passes everything up to the next quote, backslash or control character.
    #[inline]
    fn plain_text(&mut self) {
        self.pos += self.bytes.get(self.pos..).map_or(0, plain_text);
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.pos += 1;
        match self.at() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.pos += 1,
            b'u' => {
                let start = self.pos - 1;
                self.pos += 1;
                let surrogate = matches!(self.at(), b'd' | b'D');
                for _ in 0..4 {
                    if !self.at().is_ascii_hexdigit() {
                        return self.fault();
                    }
                    self.pos += 1;
                }
                if surrogate {
                    self.surrogate(start);
                }
            }
            _ => return self.fault(),
        }
        Ok(())
    }

    /// Passes the other half of a surrogate pair whose first half may be the escape at `start`.
    #[cold]
    fn surrogate(&mut self, start: usize) {
        match (unit(self.bytes, start), unit(self.bytes, self.pos)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => self.pos += 6,
            (Some(0xD800..=0xDFFF), _) => self.lone = true,
            _ => {}
        }
    }
}

/// Returns how many bytes come before the next quote, backslash or control character, eight bytes a step.
#[inline]
pub(crate) fn plain_text(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    const QUOTES: u64 = ONES * b'"' as u64;
    const SLASHES: u64 = ONES * b'\\' as u64;
    let (chunks, tail) = text.as_chunks::<8>();
    let mut length = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ QUOTES;
        let slash = word ^ SLASHES;
        // A byte's high bit is set where the byte is below 0x20, a quote or a backslash. A borrow can
        // set bits above the first hit only, so the lowest one is exact.
        let hits = (word.wrapping_sub(ONES * 0x20) & !word
            | quote.wrapping_sub(ONES) & !quote
            | slash.wrapping_sub(ONES) & !slash)
            & HIGHS;
        if hits != 0 {
            return length + hits.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + tail.iter().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')).unwrap_or(tail.len())
}
