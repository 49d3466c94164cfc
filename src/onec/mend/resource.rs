//! Mends contents of resources, read or embedded.

use super::judge::quoted;
use super::mender::Mender;
use super::parts::Parts;
use super::shape::{Field, Shape};
use super::{data, media, text};
use crate::onec::answer_error::AnswerError;
use crate::rpc::Param;
use crate::rpc::json::{Scanner, Span, unquote};

/// The `type` that 1C may add is dropped: the other members tell it.
const CONTENTS: &[Field] = &[
    Field::may("text", Shape::Own(text::spelled)),
    Field::may("blob", Shape::Own(data::base64)),
    Field::or_stand_in("uri", Shape::Name),
    Field::may("mimeType", Shape::Text),
    Field::may("type", Shape::Nothing),
    Field::may("_meta", Shape::Data),
];

/// The bits of `text` and `blob` in [`CONTENTS`].
const DATA: u32 = 0b11;

/// Mends the `contents` of a resource that was read.
pub(super) fn all(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    mender.some_of("contents", &Shape::Own(read), scanner)
}

fn read(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let asked = mender.request.params.text(Param::Uri).map_or_else(|| mender.made_up(), |uri| quoted(&uri));
    contents(mender, &asked, scanner)
}

/// Mends the `resource` of a block of content. A missing URI is made up: no client asked for it by one.
pub(super) fn embedded(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let made_up = mender.made_up();
    contents(mender, &made_up, scanner)
}

fn contents(mender: &mut Mender<'_>, uri: &str, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let before = scanner.clone();
    let mark = mender.edits.mark();
    match scanner.peek() {
        b'{' => {
            if mender.object(CONTENTS, uri, scanner)?.is_some_and(|seen| seen & DATA != 0) {
                return Ok(true);
            }
            mender.edits.back_to(mark);
            *scanner = before;
            let parts = Parts::read(scanner, mender.bytes)?;
            let json = parts.contents(mender.bytes, uri)?;
            mender.edits.replace(parts.object, json);
            Ok(true)
        }
        b'n' => {
            scanner.skip()?;
            Ok(false)
        }
        _ => {
            let span = scanner.skip()?;
            let text = mender.text_of(span);
            mender.edits.replace(span, format!("{{\"uri\":{uri},\"text\":{text}}}"));
            Ok(true)
        }
    }
}

impl Mender<'_> {
    /// Makes up a URI for a resource without one.
    pub(super) fn made_up(&mut self) -> String {
        self.made_up += 1;
        format!("\"onec:data/{}\"", self.made_up)
    }
}

impl Parts {
    /// Reads an object as the contents of a resource.
    ///
    /// # Errors
    /// [`AnswerError::Base64`] for a `blob` that is not Base64.
    pub(super) fn contents(&self, bytes: &[u8], uri: &str) -> Result<String, AnswerError> {
        let text = |span: Span| span.of(bytes).filter(|raw| raw.first() == Some(&b'"'));
        let json = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
        let named = text(self.uri).filter(|raw| unquote(raw).is_some_and(|uri| !uri.trim().is_empty()));
        let mut out = format!("{{\"uri\":{}", named.map_or_else(|| uri.to_owned(), json));
        let data = text(self.blob).or(text(self.data));
        let mime = text(self.mime_type).map(json);
        let sniffed = || data.and_then(unquote).and_then(|data| media::sniffed(&data)).map(quoted);
        if let Some(mime) = mime.or_else(sniffed) {
            out += &format!(",\"mimeType\":{mime}");
        }
        if let Some(meta) = self.meta.of(bytes).filter(|raw| raw.first() == Some(&b'{')) {
            out += &format!(",\"_meta\":{}", json(meta));
        }
        match (data, text(self.text)) {
            (Some(data), _) => {
                out += &format!(",\"blob\":\"{}\"", data::one_line(data)?);
            }
            (None, Some(text)) => out += &format!(",\"text\":{}", json(text)),
            // Other members are still better than no contents.
            (None, None) if self.others => {
                out += &format!(",\"text\":{}", quoted(&json(self.object.of(bytes).unwrap_or_default())));
            }
            (None, None) => out += ",\"text\":\"\"",
        }
        out.push('}');
        Ok(out)
    }
}
