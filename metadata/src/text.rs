//! Sentences a vendor wrote for people, in the languages the agent speaks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language of release notes and messages (ISO 639-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English; every text has it.
    En,
    /// French; falls back to English.
    Fr,
}

impl Language {
    /// The two-letter code.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The language of a two-letter code; `None` for those that nothing is written in.
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::En, Self::Fr].into_iter().find(|language| language.code() == code)
    }

    /// The language of a POSIX locale name such as `fr_FR.UTF-8`; English for every other.
    pub fn of_locale(locale: &str) -> Self {
        match locale.split(['_', '.', '@']).next() {
            Some("fr") => Self::Fr,
            _ => Self::En,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A short text in English and, where the vendor wrote it, in French.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Text {
    /// English.
    pub en: String,
    /// French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fr: Option<String>,
}

impl Text {
    /// The text in a language, in English where it was not translated.
    pub fn in_language(&self, language: Language) -> &str {
        match (language, &self.fr) {
            (Language::Fr, Some(french)) => french,
            _ => &self.en,
        }
    }
}
