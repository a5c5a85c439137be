//! The words of a command: `{option.<name>}`, `{from}` and `{to}` replaced, on Windows `{install.<package>}` and
//! `{data.<package>}` as well, `{{` a brace.

use std::borrow::Cow;
use std::collections::BTreeMap;

use consign_metadata::name::Label;
use consign_metadata::version::Version;

use crate::host::{self, Folder, HostError};

/// What the words are replaced by.
#[derive(Debug, Clone)]
pub struct Words<'a> {
    /// The site's choices, or the vendor's defaults.
    pub options: &'a BTreeMap<Label, String>,
    /// The version last finished; empty for a first install.
    pub from: Option<&'a Version>,
    /// The version that is upgraded to.
    pub to: &'a Version,
}

/// Why a word in braces cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// It has no meaning here: the plan gives it none, or the package is not installed.
    #[error("cannot replace {{{word}}} in {argument:?}")]
    Unknown {
        /// The word.
        word: String,
        /// Where it stands.
        argument: String,
    },
    /// The host could not look it up.
    #[error("{0}")]
    Unread(HostError),
}

impl Words<'_> {
    /// A command with every word replaced.
    ///
    /// # Errors
    /// [`WordError`]
    pub fn fill(&self, command: &[String]) -> Result<Vec<String>, WordError> {
        command.iter().map(|argument| self.fill_argument(argument)).collect()
    }

    fn fill_argument(&self, argument: &str) -> Result<String, WordError> {
        let mut filled = String::new();
        let mut rest = argument;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                filled.push('{');
                rest = after;
                continue;
            }
            let unknown = |word: &str| WordError::Unknown { word: word.to_owned(), argument: argument.to_owned() };
            let (word, after) = after.split_once('}').ok_or_else(|| unknown(after))?;
            let meaning = self.meaning(word).map_err(WordError::Unread)?;
            filled.push_str(&meaning.ok_or_else(|| unknown(word))?);
            rest = after;
        }
        Ok(filled + rest)
    }

    fn meaning(&self, word: &str) -> Result<Option<Cow<'_, str>>, HostError> {
        Ok(match word.split_once('.') {
            None if word == "to" => Some(self.to.as_str().into()),
            None if word == "from" => Some(self.from.map_or("", Version::as_str).into()),
            Some(("option", name)) => name.parse().ok().and_then(|name: Label| self.options.get(&name)).map(Cow::from),
            Some(("install", package)) => folder(package, Folder::Install)?.map(Cow::from),
            Some(("data", package)) => folder(package, Folder::Data)?.map(Cow::from),
            _ => None,
        })
    }
}

fn folder(package: &str, folder: Folder) -> Result<Option<String>, HostError> {
    package.parse().map_or(Ok(None), |package| host::folder_of(&package, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_and_nothing_else_is_touched() {
        let options = BTreeMap::from([("edition".parse().unwrap(), "cat $x %n".to_owned())]);
        let (from, to) = ("3.25.0".parse().unwrap(), "3.26.0".parse().unwrap());
        let words = Words { options: &options, from: Some(&from), to: &to };
        let fill = |text: &str| words.fill_argument(text);
        assert_eq!(fill("--edition={option.edition}").unwrap(), "--edition=cat $x %n");
        assert_eq!(fill("{from}..{to}").unwrap(), "3.25.0..3.26.0");
        assert_eq!(fill("{{to} }} $HOME \"é\"").unwrap(), "{to} }} $HOME \"é\"");
        for wrong in
            ["{option.stack}", "{}", "{TO}", "{to", "{option.}", "{ to }", "{install.none}", "{data.}", "{x.y}"]
        {
            assert!(fill(wrong).is_err(), "{wrong}");
        }
        let first = Words { from: None, ..words };
        assert_eq!(first.fill_argument("[{from}]").unwrap(), "[]");
    }
}
