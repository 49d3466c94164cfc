//! Prints the lines of `check`.

use crate::output::line as println;
use crate::visible::escaped;
use std::time::Duration;

/// Prints a step that passed.
pub(super) fn ok(step: &str, text: &str) {
    line("ok", step, text);
}

/// Prints a step that failed.
pub(super) fn fail(step: &str, text: &str) {
    line("FAIL", step, text);
}

/// Prints a remark that is no error.
pub(super) fn note(step: &str, text: &str) {
    line("note", step, text);
}

/// Prints a step that was not tried, since an earlier one failed.
pub(super) fn skip(step: &str) {
    line("-", step, "not tried");
}

/// Prints a step whose result is unknown, and why.
pub(super) fn unknown(step: &str, why: &str) {
    line("-", step, &format!("not known: {why}"));
}

/// Prints what the command waits for, and the time limit.
pub(super) fn wait(whom: &str, limit: Duration) {
    line("...", &format!("waiting for {whom}, up to {} s", limit.as_secs_f32()), "");
}

fn line(mark: &str, step: &str, text: &str) {
    let colon = if text.is_empty() { "" } else { ": " };
    println!("{mark:<6}{}{colon}{}", visible(step), visible(text));
}

/// Makes one line of a text, without characters that control the terminal or change the direction of writing:
/// much of it comes from 1C.
fn visible(text: &str) -> String {
    let text: String = text.trim_end().chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    escaped(&text, |_| false).into_owned()
}
