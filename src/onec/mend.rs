//! Small repairs to 1C's results: found during the one pass, applied only if there are any.

mod schema;

use super::decode::BadAnswer;
use crate::rpc::json::{self, Member, Scanner, Span};
use crate::rpc::{Cut, Method, Request};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Replacements in the bytes of an answer.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Span, Vec<u8>)>);

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn replace(&mut self, span: Span, text: impl Into<Vec<u8>>) {
        self.0.push((span, text.into()));
    }

    /// The bytes of `within`, mended.
    pub(super) fn apply(mut self, bytes: &[u8], within: Span) -> Vec<u8> {
        self.0.sort_by_key(|(span, _)| span.start());
        let added: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut out = Vec::with_capacity(within.end() - within.start() + added);
        let mut done = within.start();
        for (span, text) in &self.0 {
            out.extend_from_slice(bytes.get(done..span.start()).unwrap_or_default());
            out.extend_from_slice(text);
            done = span.end();
        }
        out.extend_from_slice(bytes.get(done..within.end()).unwrap_or_default());
        out
    }

    /// Reads the member of a result that `request` is about; `false` if `key` is another one.
    pub(super) fn member(
        &mut self,
        request: &Request,
        scanner: &mut Scanner<'_>,
        bytes: &[u8],
        key: &str,
    ) -> Result<bool, BadAnswer> {
        match (&request.method, key) {
            (Method::ToolsList, "tools") => scanner.array(|scanner| self.tool(request.version, scanner, bytes))?,
            (Method::ToolsCall, "content") => scanner.array(|scanner| self.content(scanner, bytes))?,
            (Method::ResourcesRead, "contents") => scanner.array(|scanner| self.resource(scanner, bytes))?,
            (Method::PromptsGet, "messages") => scanner.array(|scanner| self.message(scanner, bytes))?,
            (Method::ResourcesList, "resources")
            | (Method::ResourceTemplatesList, "resourceTemplates")
            | (Method::PromptsList, "prompts") => scanner.array(|scanner| scanner.skip().map(drop))?,
            _ => return Ok(false),
        };
        Ok(true)
    }

    fn message(&mut self, scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<(), BadAnswer> {
        scanner.object(|scanner, Member { key, .. }| {
            if key == "content" && scanner.peek() == b'{' {
                return self.content(scanner, bytes);
            }
            Ok(scanner.skip().map(drop)?)
        })?;
        Ok(())
    }

    /// A block of content: images and audio carry Base64, an embedded resource is a resource.
    fn content(&mut self, scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<(), BadAnswer> {
        let mut kind = Span::default();
        let mut data = Span::default();
        scanner.object::<BadAnswer>(|scanner, Member { key, .. }| {
            if key == "resource" && scanner.peek() == b'{' {
                return self.resource(scanner, bytes);
            }
            let span = scanner.skip()?;
            match &*key {
                "type" => kind = span,
                "data" => data = span,
                _ => {}
            }
            Ok(())
        })?;
        match kind.of(bytes) {
            Some(b"\"image\"" | b"\"audio\"") => self.base64(data, bytes),
            _ => Ok(()),
        }
    }

    /// Contents of a resource: the extra `type` goes, `blob` is Base64.
    fn resource(&mut self, scanner: &mut Scanner<'_>, bytes: &[u8]) -> Result<(), BadAnswer> {
        let mut cut = Cut::default();
        let mut blob = Span::default();
        scanner.object::<BadAnswer>(|scanner, Member { key, start }| {
            cut.next(start);
            let span = scanner.skip()?;
            if key == "blob" {
                blob = span;
            }
            cut.end(span.end(), key == "type");
            Ok(())
        })?;
        if !cut.span.is_empty() {
            self.replace(cut.span, "");
        }
        self.base64(blob, bytes)
    }

    /// 1C wraps Base64 into lines; what is not Base64 without them is none.
    fn base64(&mut self, span: Span, bytes: &[u8]) -> Result<(), BadAnswer> {
        let Some(raw) = span.of(bytes) else { return Ok(()) };
        let text = json::unquote(raw).ok_or(BadAnswer::Base64)?;
        let one_line: Cow<'_, str> = if text.contains(|c: char| c.is_ascii_whitespace()) {
            text.split_ascii_whitespace().collect::<String>().into()
        } else {
            text
        };
        BASE64.decode(&*one_line).map_err(|_| BadAnswer::Base64)?;
        if matches!(one_line, Cow::Owned(_)) {
            self.replace(span, format!("\"{one_line}\""));
        }
        Ok(())
    }
}
