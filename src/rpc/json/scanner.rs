//! The cursor over JSON text, and how it passes values.

use super::{JsonError, MAX_DEPTH, Span, unquote};
use std::borrow::Cow;

/// A cursor over JSON text.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) pos: usize,
    depth: u32,
    pub(super) breaks: bool,
    pub(super) lone: bool,
}

/// A member of an object, with the cursor on its value.
#[derive(Debug)]
pub struct Member<'a> {
    /// The unescaped key.
    pub key: Cow<'a, str>,
    /// The offset of the key's opening quote.
    pub start: usize,
}

impl<'a> Scanner<'a> {
    /// Creates a cursor at the start of `bytes`.
    ///
    /// # Errors
    /// [`JsonError::Utf8`] and [`JsonError::Size`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, JsonError> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(JsonError::Size);
        }
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| JsonError::Utf8)?;
        Ok(Self { text, bytes, pos: 0, depth: 0, breaks: false, lone: false })
    }

    /// Creates a cursor over text that was mostly checked before: checks the UTF-8 of the keys that are read,
    /// and no more.
    ///
    /// # Errors
    /// [`JsonError::Size`].
    pub(crate) fn over_known(bytes: &'a [u8]) -> Result<Self, JsonError> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(JsonError::Size);
        }
        Ok(Self { text: "", bytes, pos: 0, depth: 0, breaks: false, lone: false })
    }

    /// Moves the cursor to `pos`, behind text that is known.
    pub(crate) fn jump(&mut self, pos: usize) {
        self.pos = self.pos.max(pos);
    }

    /// Returns whether the cursor passed a CR or LF. Strings cannot hold them unescaped, so each may become a
    /// space without changing the meaning.
    pub const fn saw_line_breaks(&self) -> bool {
        self.breaks
    }

    /// Returns whether the cursor passed the escape of a lone surrogate.
    pub(crate) const fn saw_lone_surrogates(&self) -> bool {
        self.lone
    }

    /// Returns a cursor on the value that begins at `pos`, at the depth of this one.
    pub(crate) fn back_at(&self, pos: usize) -> Self {
        Self { pos, ..self.clone() }
    }

    pub(crate) const fn pos(&self) -> usize {
        self.pos
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(JsonError::Depth) } else { Ok(()) }
    }

    /// Reads an object; `each` is called at every member and must consume its value.
    ///
    /// # Errors
    /// [`JsonError::Expected`] if there is no object, syntax errors of the text, and the errors of `each`.
    pub fn object<E: From<JsonError>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Member<'a>) -> Result<(), E>,
    ) -> Result<Span, E> {
        if self.peek() != b'{' {
            return Err(JsonError::Expected("expected an object").into());
        }
        let start = self.pos;
        self.enter()?;
        self.pos += 1;
        if self.peek() == b'}' {
            self.pos += 1;
        } else {
            loop {
                let member = self.key()?;
                each(self, member)?;
                match self.peek() {
                    b',' => self.pos += 1,
                    b'}' => {
                        self.pos += 1;
                        break;
                    }
                    _ => return Err(JsonError::Syntax(self.pos).into()),
                }
            }
        }
        self.depth -= 1;
        Ok(Span::new(start, self.pos))
    }

    fn key(&mut self) -> Result<Member<'a>, JsonError> {
        if self.peek() != b'"' {
            return self.fault();
        }
        let start = self.pos;
        let escaped = self.string_token()?;
        let end = self.pos;
        self.punctuation(b':')?;
        let key = if escaped {
            self.bytes.get(start..end).and_then(unquote)
        } else {
            // The key has no escapes, and it is UTF-8 since the whole text is.
            let known = self.text.get(start + 1..end - 1);
            known.or_else(|| std::str::from_utf8(self.bytes.get(start + 1..end - 1)?).ok()).map(Cow::Borrowed)
        };
        Ok(Member { key: key.ok_or(JsonError::Syntax(start))?, start })
    }

    /// Reads an array; `each` is called at every item and must consume it.
    ///
    /// # Errors
    /// [`JsonError::Expected`] if there is no array, syntax errors of the text, and the errors of `each`.
    pub fn array<E: From<JsonError>>(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), E>) -> Result<Span, E> {
        if self.peek() != b'[' {
            return Err(JsonError::Expected("expected an array").into());
        }
        let start = self.pos;
        self.enter()?;
        self.pos += 1;
        if self.peek() == b']' {
            self.pos += 1;
        } else {
            loop {
                each(self)?;
                match self.peek() {
                    b',' => self.pos += 1,
                    b']' => {
                        self.pos += 1;
                        break;
                    }
                    _ => return Err(JsonError::Syntax(self.pos).into()),
                }
            }
        }
        self.depth -= 1;
        Ok(Span::new(start, self.pos))
    }

    /// Reads a string and returns its span, quotes included.
    ///
    /// # Errors
    /// [`JsonError::Syntax`].
    pub fn string(&mut self) -> Result<Span, JsonError> {
        if self.peek() != b'"' {
            return self.fault();
        }
        let start = self.pos;
        self.string_token()?;
        Ok(Span::new(start, self.pos))
    }

    /// Checks one value of any type and passes it.
    ///
    /// # Errors
    /// [`JsonError::Syntax`], [`JsonError::Depth`].
    pub fn skip(&mut self) -> Result<Span, JsonError> {
        self.space();
        let start = self.pos;
        // One bit for each level, set for an object: `MAX_DEPTH` fits.
        let mut kinds: u128 = 0;
        let outer = self.depth;
        loop {
            match self.peek() {
                b'"' => drop(self.string_token()?),
                open @ (b'{' | b'[') => {
                    self.enter()?;
                    self.pos += 1;
                    let object = open == b'{';
                    if self.peek() == open + 2 {
                        // In ASCII, '}' and ']' come two places after their opening brackets.
                        self.pos += 1;
                        self.depth -= 1;
                    } else {
                        kinds = kinds << 1 | u128::from(object);
                        if object {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return self.fault(),
            }
            loop {
                if self.depth == outer {
                    return Ok(Span::new(start, self.pos));
                }
                let object = kinds & 1 == 1;
                match self.peek() {
                    b',' => {
                        self.pos += 1;
                        if object {
                            self.skip_key()?;
                        }
                        break;
                    }
                    b'}' if object => {}
                    b']' if !object => {}
                    _ => return self.fault(),
                }
                self.pos += 1;
                self.depth -= 1;
                kinds >>= 1;
            }
        }
    }

    /// Passes one value of any depth, to leave it out: checks only its strings and counts its brackets.
    ///
    /// # Errors
    /// [`JsonError::Syntax`] if it does not end.
    pub(crate) fn pass_by(&mut self) -> Result<(), JsonError> {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                0 => return self.fault(),
                b'"' => drop(self.string_token()?),
                byte => {
                    self.pos += 1;
                    match byte {
                        b'{' | b'[' => open += 1,
                        b'}' | b']' => open = open.checked_sub(1).ok_or(JsonError::Syntax(self.pos))?,
                        _ => {}
                    }
                }
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), JsonError> {
        if self.peek() != b'"' {
            return self.fault();
        }
        self.string_token()?;
        self.punctuation(b':')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8]) -> Result<(), JsonError> {
        let mut scanner = Scanner::new(text)?;
        scanner.skip()?;
        scanner.end()
    }

    #[test]
    fn agrees_with_serde_json() {
        let samples: &[&str] = &[
            "{}",
            "[]",
            "[[],{}]",
            "1.10",
            "-0",
            "01",
            "1.",
            ".5",
            "1e400",
            "1e",
            "-",
            "\"a\\u00\"",
            "\"\\ud800\"",
            "\"\t\"",
            "{\"a\":1,}",
            "[1,]",
            "{\"a\" : [true,false , null]}",
            "tru",
            "{]",
            "[}",
            "\"12345678901234567890\\\"x\"",
            "nul",
            "\"\\x\"",
            "",
            " ",
            "{\"a\":{\"b\":[{}]}} ",
            "{a:1}",
            "1 2",
            "\"\u{431}\u{432}\u{433}\"",
            "{\"a\"}",
            "{\"a\":}",
            "[1 2]",
            "\"unclosed",
        ];
        for text in samples {
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
            assert_eq!(check(text.as_bytes()).is_ok(), theirs, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(check(nested(128).as_bytes()), Ok(()));
        assert_eq!(check(nested(129).as_bytes()), Err(JsonError::Depth));
    }

    #[test]
    fn line_breaks_are_seen_outside_strings_only() {
        let mut scanner = Scanner::new(b"{\"a\":\r\n\"\\n\"}").unwrap();
        scanner.skip().unwrap();
        assert!(scanner.saw_line_breaks());
        assert!(check(b"\"a\nb\"").is_err());
    }
}
