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
        let message = in_toml_words(error.message());
        let help = match &*message {
            key if key.starts_with("unknown key") => {
                Some("all keys are listed in consign.schema.json, which consign schema prints".to_owned())
            }
            number if number.contains("leading zero") => Some("a mode is written in quotes, as in \"0640\"".to_owned()),
            _ => None,
        };
        Self { span, message, help }
    }
}

/// The parser speaks of types of Rust; whoever writes a manifest thinks in TOML.
fn in_toml_words(message: &str) -> String {
    let message = message.replace("unknown field", "unknown key").replace("missing field", "missing key");
    // Only steps that an add-on joins with have one, and what a step of the product's could have is meant mostly.
    let message = message.replace("`scripts`, `point`", "`scripts`");
    let message = message.replace("unknown variant", "unknown value").replace("duplicate field", "twice the same key");
    match message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        Some((found, wanted)) => format!("{} is wanted here, not {}", toml_type(wanted), toml_type(found)),
        None => message,
    }
}

fn toml_type(name: &str) -> String {
    match name.split([' ', '`', '"']).next().unwrap_or_default() {
        "sequence" => "a list".to_owned(),
        "map" | "struct" => "a table".to_owned(),
        "integer" | "floating" => {
            format!("the number {}", name.rsplit(' ').next().unwrap_or_default().replace('`', ""))
        }
        "boolean" => name.replace('`', ""),
        "string" => format!("the text {}", name.trim_start_matches("string ")),
        _ => name
            .replace("a sequence", "a list")
            .replace("a map", "a table")
            .replace("a string", "a text in quotes")
            .replace("u8", "a number from 0 to 255")
            .replace("u32", "a whole number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_spoken_of_in_the_words_of_toml() {
        let of = |text: &str| toml::from_str::<super::super::authored::Manifest>(text).map(drop).map_err(Fault::from);
        let said = |text: &str| of(text).unwrap_err().message;
        let product =
            "vendor = \"acme\"\n[product]\nname = \"erp\"\nversion = \"1\"\nmaintainer = \"A <a@a.example>\"\n";
        assert_eq!(said(&format!("{product}summary = 5\n")), "a text in quotes is wanted here, not the number 5");
        assert_eq!(
            said(&format!("{product}summary = \"x\"\nengines = \"erp\"\n")),
            "a list is wanted here, not the text \"erp\""
        );
        assert_eq!(said("vendor = \"acme\"\nproduct = 1\n"), "a table is wanted here, not the number 1");
        let mode = of("folders = [{ path = \"/srv\", mode = 0640 }]").unwrap_err();
        assert_eq!(mode.help.as_deref(), Some("a mode is written in quotes, as in \"0640\""), "{}", mode.message);
        let said = said(&format!("{product}summary = \"x\"\nrevision = \"one\"\n"));
        assert_eq!(said, "a whole number is wanted here, not the text \"one\"");
    }
}
