//! How a command fails: an exit status that scripts can rely on, and words for people.

use std::process::ExitCode;

use miette::{Diagnostic, GraphicalReportHandler, ReportHandler};

use crate::file::FileError;
use crate::manifest::{self, ProjectError};

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    status: u8,
    report: miette::Report,
    hint: Option<String>,
}

impl Failure {
    /// Something that was tried did not work (1).
    pub fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { status: 1, report: miette::Report::from_err(error), hint: None }
    }

    /// A fault with its place in a file (1).
    pub fn in_file(error: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self { status: 1, report: miette::Report::new(error), hint: None }
    }

    /// The arguments contradict each other (2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self { status: 2, report: miette::Report::msg(message.into()), hint: None }
    }

    /// A rule of Consign's says no (3).
    pub fn refused(message: impl Into<String>) -> Self {
        Self { status: 3, report: miette::Report::msg(message.into()), hint: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same failure as a refusal (3).
    #[must_use]
    pub fn as_refusal(self) -> Self {
        Self { status: 3, ..self }
    }

    /// Tells people, and gives the exit status.
    pub fn report(self) -> ExitCode {
        use std::io::IsTerminal as _;
        if self.report.source_code().is_some() && std::io::stderr().is_terminal() {
            super::tell(Snippet(&self.report));
        } else {
            super::tell(format_args!("error: {}", self.report));
            if let Some(help) = self.report.help() {
                super::tell(format_args!("help: {help}"));
            }
        }
        if let Some(hint) = &self.hint {
            super::tell(format_args!("help: {hint}"));
        }
        ExitCode::from(self.status)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::failed(error)
    }
}

/// A project's fault keeps its place.
pub fn of_project(error: ProjectError) -> Failure {
    let is_elsewhere = matches!(&error, ProjectError::File(FileError { path, cause, .. })
        if path.ends_with(manifest::FILE) && cause.kind() == std::io::ErrorKind::NotFound);
    let failure = Failure::in_file(error);
    if is_elsewhere {
        return failure.hint("run it in the folder of the project, or name the manifest with --manifest");
    }
    failure
}

/// A fault with the lines of the file around it, for a terminal.
struct Snippet<'a>(&'a miette::Report);

impl std::fmt::Display for Snippet<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        struct Handled<'a>(&'a dyn Diagnostic);
        impl std::fmt::Debug for Handled<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                GraphicalReportHandler::new().debug(self.0, f)
            }
        }
        write!(f, "{:?}", Handled(self.0.as_ref()))
    }
}
