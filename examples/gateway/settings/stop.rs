//! Why the program ends before it has begun.

/// What to print, where, and with which status to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The whole message, without a line break at the end.
    pub(crate) text: String,
    /// Help is output, an error is not.
    pub(crate) stream: Stream,
    /// 0 for help, 2 for a bad or missing setting.
    pub(crate) code: u8,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stop {
    /// Everything that is wrong with the settings, and what may be why.
    pub(super) fn errors<'a>(
        errors: impl IntoIterator<Item = &'a str>,
        warnings: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let errors = errors.into_iter().map(|text| format!("error: {text}"));
        let lines: Vec<_> = errors.chain(warnings.into_iter().map(|text| format!("warning: {text}"))).collect();
        Self { text: lines.join("\n"), stream: Stream::Stderr, code: 2 }
    }
}
