//! The early end of the program, before it serves.

/// The text to print, the stream, and the exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The whole message, without a line break at the end.
    pub(crate) text: String,
    /// The stream: help is output, an error is not.
    pub(crate) stream: Stream,
    /// The exit status: 0 for help, 2 for a wrong or missing setting.
    pub(crate) code: u8,
}

/// The stream of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stop {
    /// Returns all errors in the settings, and their possible causes.
    pub(super) fn errors<'a>(
        errors: impl IntoIterator<Item = &'a str>,
        warnings: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let errors = errors.into_iter().map(|text| format!("error: {text}"));
        let lines: Vec<_> = errors.chain(warnings.into_iter().map(|text| format!("warning: {text}"))).collect();
        Self { text: lines.join("\n"), stream: Stream::Stderr, code: 2 }
    }
}
