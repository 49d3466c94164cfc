//! Mends the messages of prompts.

use super::content::block;
use super::look::first_member;
use super::mender::Mender;
use super::shape::{Field, Shape};
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Scanner, unquote};

const NO_TEXT: &str = "{\"type\":\"text\",\"text\":\"\"}";

const MESSAGE: &[Field] =
    &[Field::or("role", Shape::Own(role), "\"user\""), Field::or("content", Shape::Own(block), NO_TEXT)];

/// Mends the `messages` of a prompt.
pub(super) fn messages(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    mender.some_of("messages", &Shape::Own(message), scanner)
}

fn message(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    match scanner.peek() {
        b'{' => {}
        b'"' => {
            let span = scanner.skip()?;
            let text = mender.text_of(span);
            let message = format!("{{\"role\":\"user\",\"content\":{{\"type\":\"text\",\"text\":{text}}}}}");
            mender.edits.replace(span, message);
            return Ok(true);
        }
        _ => return scanner.skip().map(|_| false).map_err(AnswerError::from),
    }
    if first_member(scanner, mender.bytes, "content", |_| true).is_some_and(|raw| raw.first() == Some(&b'[')) {
        return split(mender, scanner);
    }
    Ok(mender.object(MESSAGE, "", scanner)?.is_some())
}

/// Splits a message with several blocks into messages with one block each.
fn split(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let role = first_member(scanner, mender.bytes, "role", |_| true).map_or("\"user\"", as_role);
    let mut blocks = Vec::new();
    let object = scanner.object::<AnswerError>(|scanner, member| {
        if member.key != "content" || scanner.peek() != b'[' {
            return scanner.skip().map(drop).map_err(AnswerError::from);
        }
        scanner.array::<AnswerError>(|scanner| {
            blocks.extend(mender.apart(&Shape::Own(block), scanner)?);
            Ok(())
        })?;
        Ok(())
    })?;
    if blocks.is_empty() {
        blocks.push(NO_TEXT.into());
    }
    let mut out = Vec::new();
    for block in blocks {
        if !out.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(format!("{{\"role\":{role},\"content\":").as_bytes());
        out.extend_from_slice(&block);
        out.push(b'}');
    }
    mender.edits.replace(object, out);
    Ok(true)
}

/// Mends a role. Prompts have two of them; instructions (such as `system`) become those of the user.
fn role(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let span = scanner.skip()?;
    let raw = span.of(mender.bytes).unwrap_or_default();
    let role = as_role(raw);
    if raw != role.as_bytes() {
        mender.edits.replace(span, role);
    }
    Ok(true)
}

fn as_role(raw: &[u8]) -> &'static str {
    const ASSISTANTS: [&str; 6] = ["assistant", "model", "ai", "bot", "ассистент", "модель"];
    let role = unquote(raw).map(|role| role.trim().to_lowercase()).unwrap_or_default();
    if ASSISTANTS.contains(&&*role) { "\"assistant\"" } else { "\"user\"" }
}
