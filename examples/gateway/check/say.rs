//! The lines that the doctor prints.

use crate::output::line as println;
use crate::visible::escaped;
use std::time::Duration;

/// It is as it should be.
pub(super) fn ok(step: &str, text: &str) {
    line("ok", step, text);
}

/// It is not.
pub(super) fn fail(step: &str, text: &str) {
    line("FAIL", step, text);
}

/// Nothing is wrong, but worth knowing.
pub(super) fn note(step: &str, text: &str) {
    line("note", step, text);
}

/// Something before it failed.
pub(super) fn skip(step: &str) {
    line("-", step, "not tried");
}

/// Nothing shows whether it is; why.
pub(super) fn unknown(step: &str, why: &str) {
    line("-", step, &format!("not known: {why}"));
}

/// What an answer is awaited of now, and for how long at most.
pub(super) fn wait(whom: &str, limit: Duration) {
    line("...", &format!("waiting for {whom}, up to {} s", limit.as_secs_f32()), "");
}

fn line(mark: &str, step: &str, text: &str) {
    let colon = if text.is_empty() { "" } else { ": " };
    println!("{mark:<6}{}{colon}{}", visible(step), visible(text));
}

/// On one line, and with nothing that would steer the terminal or turn the text around: much of it is 1C's.
fn visible(text: &str) -> String {
    let text: String = text.trim_end().chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    escaped(&text, |_| false).into_owned()
}
