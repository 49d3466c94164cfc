//! Mends blocks of content, the results of tools.

use super::judge::quoted;
use super::look::{Look, first_member};
use super::members::{ANNOTATIONS, ICONS};
use super::mender::Mender;
use super::parts::Parts;
use super::shape::{Field, Shape};
use super::{data, media, resource, text};
use crate::onec::answer_error::AnswerError;
use crate::rpc::Version;
use crate::rpc::json::{Scanner, Span, unquote};

const TEXT: &[Field] = &[
    Field::or("type", Shape::Own(text_type), "\"text\""),
    Field::or("text", Shape::Own(text::spelled), "\"\""),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Shape::Data),
];

const IMAGE: &[Field] = &[
    Field::or("type", Shape::Exactly("image"), "\"image\""),
    Field::must("data", Shape::Own(data::base64)),
    Field::or_stand_in("mimeType", Shape::Own(media::mime_type)),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Shape::Data),
];

const AUDIO: &[Field] = &[
    Field::or("type", Shape::Exactly("audio"), "\"audio\""),
    Field::must("data", Shape::Own(data::base64)),
    Field::or_stand_in("mimeType", Shape::Own(media::mime_type)),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Shape::Data),
];

const EMBEDDED: &[Field] = &[
    Field::or("type", Shape::Exactly("resource"), "\"resource\""),
    Field::must("resource", Shape::Own(resource::embedded)),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Shape::Data),
];

const LINK: &[Field] = &[
    Field::or("type", Shape::Exactly("resource_link"), "\"resource_link\""),
    Field::must("uri", Shape::Name),
    Field::or_stand_in("name", Shape::Label),
    Field::may("title", Shape::Label),
    Field::may("description", Shape::Label),
    Field::may("mimeType", Shape::Text),
    Field::may("size", Shape::Natural),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Shape::Data),
];

/// Mends the `content` of a tool's result.
pub(super) fn all(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    match scanner.peek() {
        b'[' => mender.list(&Shape::Own(block), scanner).map(|_| true),
        // Null is an empty list.
        b'n' => {
            let span = scanner.skip()?;
            mender.edits.replace(span, "[]");
            Ok(true)
        }
        _ => mender.wrapped(&Shape::Own(block), scanner),
    }
}

/// Mends a block of content; `false` for null.
pub(super) fn block(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    match scanner.peek() {
        b'{' => {}
        b'n' => return scanner.skip().map(|_| false).map_err(AnswerError::from),
        _ => {
            let span = scanner.skip()?;
            let text = mender.text_of(span);
            mender.edits.replace(span, format!("{{\"type\":\"text\",\"text\":{text}}}"));
            return Ok(true);
        }
    }
    if plain_text(mender.bytes, scanner) {
        return Ok(true);
    }
    let (before, mark) = (scanner.clone(), mender.edits.mark());
    mender.is_text = false;
    if mender.object(TEXT, "", scanner)?.is_some() && mender.is_text {
        return Ok(true);
    }
    mender.edits.back_to(mark);
    *scanner = before;
    let kind = first_member(scanner, mender.bytes, "type", |raw| raw != b"null").and_then(unquote);
    let kind = kind.map(|kind| kind.trim().to_ascii_lowercase()).unwrap_or_default();
    let parts = Parts::read(&mut scanner.clone(), mender.bytes)?;
    mender.block_of(&kind, &parts, scanner)
}

/// Passes a block that is a text and has no other members, as most are: a text may be long, and is so read only
/// once. The cursor stays before any other block.
fn plain_text(bytes: &[u8], scanner: &mut Scanner<'_>) -> bool {
    let mut ahead = scanner.clone();
    let (mut kind, mut text) = (false, false);
    let passed = ahead.object::<Look>(|scanner, member| {
        let first = scanner.peek();
        let span = scanner.skip()?;
        let seen = match &*member.key {
            "type" if span.of(bytes) == Some(b"\"text\"") => &mut kind,
            "text" if first == b'"' => &mut text,
            _ => return Err(Look::Found(span)),
        };
        if std::mem::replace(seen, true) { Err(Look::Found(span)) } else { Ok(()) }
    });
    match passed {
        Ok(_) if kind && text => {
            *scanner = ahead;
            true
        }
        // The full readers find the mistake again.
        _ => false,
    }
}

/// Mends the `type` of a block that is read as a text.
fn text_type(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let span = scanner.skip()?;
    mender.is_text = span.of(mender.bytes) == Some(b"\"text\"");
    if !mender.is_text {
        mender.edits.replace(span, "\"text\"");
    }
    Ok(true)
}

impl Mender<'_> {
    /// Mends a block by its type, or else by its members.
    fn block_of(&mut self, kind: &str, parts: &Parts, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let is = |span: Span, first: u8| span.of(self.bytes).is_some_and(|raw| raw.first() == Some(&first));
        let (text, blob, resource) = (is(parts.text, b'"'), is(parts.blob, b'"'), is(parts.resource, b'{'));
        let (data, uri) = (!parts.data.is_empty(), is(parts.uri, b'"'));
        match kind {
            "audio" if data && self.request.version < Version::V2025_03_26 => self.as_resource(parts, scanner),
            "image" | "audio" if data => self.media(kind == "image", parts, scanner),
            "image" | "audio" if !blob => Err(AnswerError::Missing("data")),
            "resource" if resource => self.block_as(EMBEDDED, "", scanner),
            "resource_link" | "resourcelink" | "link" if uri => {
                if self.request.version < Version::V2025_06_18 {
                    return self.link_as_text(parts, scanner);
                }
                let name = self.text_of(parts.uri);
                self.block_as(LINK, &name, scanner)
            }
            "text" => self.block_as(TEXT, "", scanner),
            "blob" | "resource" | "image" | "audio" if blob || data || text => self.as_resource(parts, scanner),
            _ if resource => self.block_as(EMBEDDED, "", scanner),
            _ if blob => self.as_resource(parts, scanner),
            _ if text => self.block_as(TEXT, "", scanner),
            "" if is(parts.data, b'"') => match self.kind_of_data(parts) {
                Some(false) if self.request.version < Version::V2025_03_26 => self.as_resource(parts, scanner),
                Some(image) => self.media(image, parts, scanner),
                None => self.as_resource(parts, scanner),
            },
            _ => {
                let span = scanner.skip()?;
                let json = quoted(&String::from_utf8_lossy(span.of(self.bytes).unwrap_or_default()));
                self.edits.replace(span, format!("{{\"type\":\"text\",\"text\":{json}}}"));
                Ok(true)
            }
        }
    }

    fn block_as(
        &mut self,
        fields: &'static [Field],
        stand_in: &str,
        scanner: &mut Scanner<'_>,
    ) -> Result<bool, AnswerError> {
        Ok(self.object(fields, stand_in, scanner)?.is_some())
    }

    /// Returns whether data without a type of block is an image (`true`) or audio; `None` if it is neither.
    fn kind_of_data(&self, parts: &Parts) -> Option<bool> {
        let told = parts.mime_type.of(self.bytes).and_then(unquote);
        let kind = told.or_else(|| {
            let data = unquote(parts.data.of(self.bytes)?)?;
            media::sniffed(&data).map(Into::into)
        })?;
        match kind.split_once('/')? {
            ("image", _) => Some(true),
            ("audio", _) => Some(false),
            _ => None,
        }
    }

    fn media(&mut self, image: bool, parts: &Parts, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let (fields, family, usual) =
            if image { (IMAGE, "image/", "image/png") } else { (AUDIO, "audio/", "audio/wav") };
        let data = parts.data.of(self.bytes).and_then(unquote);
        let sniffed = data.and_then(|data| media::sniffed(&data)).filter(|kind| kind.starts_with(family));
        self.block_as(fields, &format!("\"{}\"", sniffed.unwrap_or(usual)), scanner)
    }

    /// Turns a link into a text, with its name and address, for clients without links.
    fn link_as_text(&mut self, parts: &Parts, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        let name = first_member(scanner, self.bytes, "name", |raw| raw.first() == Some(&b'"')).and_then(unquote);
        let uri = parts.uri.of(self.bytes).and_then(unquote).unwrap_or_default();
        let text = match name.filter(|name| !name.trim().is_empty() && *name != uri) {
            Some(name) => quoted(&format!("{name}: {uri}")),
            None => quoted(&uri),
        };
        scanner.skip()?;
        self.edits.replace(parts.object, format!("{{\"type\":\"text\",\"text\":{text}}}"));
        Ok(true)
    }

    /// Turns a block that has the members of a resource into one.
    fn as_resource(&mut self, parts: &Parts, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
        scanner.skip()?;
        let uri = self.made_up();
        let mut block = format!("{{\"type\":\"resource\",\"resource\":{}", parts.contents(self.bytes, &uri)?);
        if !parts.annotations.is_empty()
            && let Some(json) = self.apart(&ANNOTATIONS, &mut scanner.back_at(parts.annotations.start()))?
        {
            block += &format!(",\"annotations\":{}", String::from_utf8_lossy(&json));
        }
        block.push('}');
        self.edits.replace(parts.object, block);
        Ok(true)
    }
}
