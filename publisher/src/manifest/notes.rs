//! Release notes: a folder of `<version>.<language>.md`, those back to supported-from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::{NoteReference, parse_note_file};
use consign_metadata::text::Language;
use consign_metadata::version::Version;
use toml::Value;

use super::spanned::Spanned;

use super::authored;
use super::error::Fault;
use super::files::Ground;

/// A note that people are expected to read is not longer.
const MAXIMUM_SIZE: usize = 256 * 1024;

/// A release note in every language it was written in.
#[derive(Debug, Clone)]
pub struct Note {
    /// The version it speaks of.
    pub version: Version,
    /// Whether a person has to acknowledge it.
    pub acknowledge: bool,
    /// Its texts.
    pub texts: Vec<NoteSource>,
}

/// A release note in one language.
#[derive(Debug, Clone)]
pub struct NoteSource {
    /// The language.
    pub language: Language,
    /// Markdown.
    pub text: String,
}

impl Note {
    /// The note as plans name it.
    pub fn reference(&self) -> NoteReference {
        let digest = |source: &NoteSource| (source.language, Sha256::of(source.text.as_bytes()));
        let texts = self.texts.iter().map(digest).collect();
        NoteReference { version: self.version.clone(), acknowledge: self.acknowledge, texts }
    }
}

impl authored::Notes {
    /// The notes of all versions from `from` to `to`, ascending.
    pub(super) fn validate(&self, ground: &Ground, from: &Version, to: &Version) -> Result<Vec<Note>, Fault> {
        let folder = ground.existing(&self.folder)?;
        let texts = read(&folder, &self.folder)?;
        let required = Acknowledge::of(self.acknowledge.as_ref())?;
        if let Acknowledge::These(versions) = &required
            && let Some(missing) = versions.iter().find(|v| !texts.contains_key(v.get_ref()))
        {
            let message = format!("there is no note on version {} to acknowledge", missing.get_ref());
            return Err(Fault::at(missing.span(), message));
        }
        let mut notes = Vec::new();
        for (version, texts) in texts {
            if !texts.iter().any(|text| text.language == Language::En) {
                let message = format!("the note on {version} has no English text ({version}.en.md)");
                return Err(Fault::at(self.folder.span(), message));
            }
            if *from <= version && version <= *to {
                notes.push(Note { acknowledge: required.asks_for(&version), version, texts });
            }
        }
        Ok(notes)
    }
}

fn read(folder: &Path, named: &Spanned<String>) -> Result<BTreeMap<Version, Vec<NoteSource>>, Fault> {
    let unreadable = |cause| Fault::at(named.span(), format!("{:?} cannot be read: {cause}", named.get_ref()));
    let mut notes: BTreeMap<Version, Vec<NoteSource>> = BTreeMap::new();
    let mut paths: Vec<_> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(unreadable)?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || !name.ends_with(".md") {
            continue;
        }
        let (version, language) = parse_note_file(&name).ok_or_else(|| {
            Fault::at(named.span(), format!("{name:?} in {:?} is not the name of a note", named.get_ref()))
                .help("notes are called <version>.<language>.md, as in 1.1.0.en.md and 1.1.0.fr.md")
        })?;
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        if text.trim().is_empty() || text.len() > MAXIMUM_SIZE {
            let message = format!("the note {name:?} is empty or longer than {MAXIMUM_SIZE} bytes");
            return Err(Fault::at(named.span(), message));
        }
        notes.entry(version).or_default().push(NoteSource { language, text });
    }
    Ok(notes)
}

/// Which notes have to be acknowledged.
enum Acknowledge {
    None,
    All,
    These(Vec<Spanned<Version>>),
}

impl Acknowledge {
    fn of(value: Option<&Spanned<Value>>) -> Result<Self, Fault> {
        let Some(value) = value else { return Ok(Self::None) };
        let wrong = || Fault::at(value.span(), "acknowledge is \"none\", \"all\" or a list of versions");
        match value.get_ref() {
            Value::String(word) if word == "none" => Ok(Self::None),
            Value::String(word) if word == "all" => Ok(Self::All),
            Value::Array(versions) => versions
                .iter()
                .map(|version| {
                    let version = version.as_str().ok_or_else(wrong)?;
                    let version = version.parse().map_err(|e| Fault::at(value.span(), format!("{e}")))?;
                    Ok(Spanned::new(value.span(), version))
                })
                .collect::<Result<_, Fault>>()
                .map(Self::These),
            _ => Err(wrong()),
        }
    }

    fn asks_for(&self, version: &Version) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(versions) => versions.iter().any(|v| v.get_ref() == version),
        }
    }
}
