//! What a command prints. The only place that writes to the standard output.

use std::{
    fmt::Display,
    io::{self, Write},
};

use hanko_model::spec::AuditOutput;

/// The standard output. A reader that has gone (`| head`) is no error.
#[derive(Debug, Default)]
pub(crate) struct Output;

impl Output {
    /// One line, or several.
    pub(crate) fn line(&mut self, text: impl Display) {
        let _ = writeln!(io::stdout().lock(), "{text}");
    }

    /// A line of the audit log, where the project wants it.
    pub(crate) fn audit(to: AuditOutput, line: &str) {
        let _ = match to {
            AuditOutput::Stdout => writeln!(io::stdout().lock(), "{line}"),
            AuditOutput::Stderr => writeln!(io::stderr().lock(), "{line}"),
        };
    }

    /// A complaint, on the standard error.
    pub(crate) fn complain(&mut self, text: impl Display) {
        let _ = writeln!(io::stderr().lock(), "hanko-runtime: {text}");
    }
}
