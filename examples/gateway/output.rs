//! Output of commands on standard output. The reader sets the pace, and may stop reading:
//! `gateway check | head -3` ends quietly.

use crate::BoxError;
use crate::visible::escaped;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write, stdout};
use std::process::ExitCode;
use tokio::sync::SetOnce;

/// The exit code of a program that SIGPIPE ended: it did not finish.
const NOT_READ: u8 = 141;

/// The first error of a [`line!`].
static FAILED: SetOnce<io::Error> = SetOnce::const_new();

/// Prints a line like `println!`, for a command that runs beside [`failed`].
macro_rules! line {
    ($($text:tt)*) => { $crate::output::print_line(format_args!($($text)*)) };
}

pub(crate) use line;

pub(crate) fn print_line(text: Arguments<'_>) {
    if let Err(error) = writeln!(stdout(), "{text}") {
        // The first error is enough.
        let _ = FAILED.set(error);
    }
}

/// Waits until standard output is closed or cannot be written, which ends the command.
pub(crate) async fn failed() -> Result<ExitCode, BoxError> {
    end(FAILED.wait().await)
}

/// Prints the only text of a command, which then ends with `status`.
pub(crate) fn print(text: &str, status: ExitCode) -> Result<ExitCode, BoxError> {
    match writeln!(stdout(), "{}", escaped(text, |c| matches!(c, '\n' | '\t'))) {
        Ok(()) => Ok(status),
        Err(error) => end(&error),
    }
}

fn end(error: &io::Error) -> Result<ExitCode, BoxError> {
    match error.kind() {
        ErrorKind::BrokenPipe => Ok(ExitCode::from(NOT_READ)),
        _ => Err(format!("cannot write to standard output: {error}").into()),
    }
}
