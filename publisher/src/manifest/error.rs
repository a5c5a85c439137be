//! A fault in a manifest, with the place it was typed at.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

/// A fault in a manifest.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("cannot use {name}, line {line}, column {column}: {message}")]
pub struct ManifestError {
    name: String,
    line: usize,
    column: usize,
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    source_code: Arc<NamedSource<String>>,
    #[label("here")]
    span: SourceSpan,
}

/// A fault without its file: a span, what is wrong, and what to do about it.
#[derive(Debug)]
pub(super) struct Fault {
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl Fault {
    pub fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub fn in_file(self, path: &Path, text: &str) -> ManifestError {
        let start = self.span.start.min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        ManifestError {
            name: path.display().to_string(),
            line: before.matches('\n').count() + 1,
            column,
            message: self.message,
            help: self.help,
            source_code: Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
            span: self.span.into(),
        }
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().replace("unknown field", "unknown key").replace("missing field", "missing key");
        let help = message.starts_with("unknown key").then(|| "every key is described in docs/manifest.md".to_owned());
        Self { span, message, help }
    }
}
