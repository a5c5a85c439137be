//! The release notes between what is installed and what is offered.

use consign_metadata::digest::Sha256;
use consign_metadata::name::ProductId;
use consign_metadata::plan::NoteReference;
use consign_metadata::text::Language;
use consign_metadata::version::Version;
use serde::{Deserialize, Serialize};

use super::page::{Page, Style};
use super::{FORMAT, markdown};

/// The answer of `consignee notes --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotesReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// The version last finished; null before the first installation finished.
    pub from: Option<Version>,
    /// The version offered, or the newest installed.
    pub to: Version,
    /// Ascending by version.
    pub notes: Vec<Note>,
}

/// A release note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The version it speaks of.
    pub version: Version,
    /// Whether a person has to acknowledge it before the upgrade.
    pub to_acknowledge: bool,
    /// Whether one did.
    pub acknowledged: bool,
    /// The digest that an acknowledgement is for.
    pub sha256: Sha256,
    /// The language of the text.
    pub language: Language,
    /// Markdown; null when this host has not got the text.
    pub text: Option<String>,
}

impl Note {
    /// The note in the reader's language, in English where it was not translated.
    /// `text` finds a text by its digest.
    pub fn of(
        note: &NoteReference,
        acknowledged: bool,
        language: Language,
        text: impl Fn(&Sha256) -> Option<String>,
    ) -> Self {
        let in_language = |language| note.texts.get(&language).and_then(&text).map(|text| (language, text));
        let found = in_language(language).or_else(|| in_language(Language::En));
        let shown = found.as_ref().map_or(language, |(language, _)| *language);
        Self {
            version: note.version.clone(),
            to_acknowledge: note.acknowledge,
            acknowledged,
            sha256: note.digest(),
            language: shown,
            text: found.map(|(_, text)| text),
        }
    }

    /// Whether it still has to be acknowledged.
    pub fn is_asked_for(&self) -> bool {
        self.to_acknowledge && !self.acknowledged
    }

    /// As text.
    pub fn page(&self, product: &ProductId, language: Language) -> Page {
        let (mut page, version) = (Page::default(), &self.version);
        let (mark, style) = match (self.acknowledged, self.to_acknowledge) {
            (true, _) => (say!(language, "acknowledged", "acquittée"), Style::Good),
            (false, true) => (say!(language, "not acknowledged", "non acquittée"), Style::Warning),
            (false, false) => (say!(language, "for information", "pour information"), Style::Quiet),
        };
        page.add(0, style, format!("== {product} {version} ({mark}) =="));
        page.gap();
        match &self.text {
            Some(text) => page.append(0, markdown::page(text)),
            None => page.add(
                0,
                Style::Warning,
                say!(
                    language,
                    "its text is not on this host; it comes with the lists of the repository",
                    "son texte n'est pas sur cet hôte ; il arrive avec les listes du dépôt"
                ),
            ),
        }
        page
    }
}

impl NotesReport {
    /// A report on notes that were chosen already.
    pub fn new(product: ProductId, from: Option<Version>, to: Version, notes: Vec<Note>) -> Self {
        Self { format: FORMAT, product, from, to, notes }
    }

    /// As text; the notes to acknowledge are counted at the end.
    pub fn page(&self, language: Language) -> Page {
        let (mut page, product) = (Page::default(), &self.product);
        for note in &self.notes {
            page.gap();
            page.append(0, note.page(product, language));
        }
        let to = &self.to;
        if self.notes.is_empty() {
            page.add(
                0,
                Style::Plain,
                say!(
                    language,
                    "{product}: there is no release note on the way to {to}",
                    "{product} : aucune note de version jusqu'à {to}"
                ),
            );
        }
        let asked = self.notes.iter().filter(|note| note.is_asked_for()).count();
        if asked > 0 {
            page.gap();
            page.add(
                0,
                Style::Warning,
                say!(
                    language,
                    "not acknowledged: {asked}; once read, type: consignee ack {product}",
                    "non acquittées : {asked} ; après lecture, tapez : consignee ack {product}"
                ),
            );
        }
        page
    }
}

/// The notes of one upgrade: above `from`, up to `to`. A first installation has none to read.
pub fn between<'a>(notes: &'a [NoteReference], from: Option<&Version>, to: &Version) -> Vec<&'a NoteReference> {
    let Some(from) = from else { return Vec::new() };
    notes.iter().filter(|note| note.version > *from && note.version <= *to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(version: &str, languages: &[Language]) -> NoteReference {
        let text = |language: &Language| (*language, Sha256::of(format!("{version} {language}").as_bytes()));
        NoteReference {
            version: version.parse().unwrap(),
            acknowledge: true,
            texts: languages.iter().map(text).collect(),
        }
    }

    #[test]
    fn an_untranslated_note_is_shown_in_english() {
        let english = Sha256::of(b"1.5.0 en");
        let text = |digest: &Sha256| (*digest == english).then(|| "Hello".to_owned());
        let note = Note::of(&reference("1.5.0", &[Language::En]), false, Language::Fr, text);
        assert_eq!((note.language, note.text.as_deref()), (Language::En, Some("Hello")));
        assert!(note.is_asked_for());
    }

    #[test]
    fn only_notes_on_the_way_are_shown() {
        let all = ["1.4.0", "1.4.1", "1.5.0", "1.6.0"].map(|version| reference(version, &[Language::En]));
        let (from, to) = ("1.4.0".parse().unwrap(), "1.5.0".parse().unwrap());
        let shown: Vec<_> = between(&all, Some(&from), &to).iter().map(|note| note.version.to_string()).collect();
        assert_eq!(shown, ["1.4.1", "1.5.0"]);
        assert!(between(&all, None, &to).is_empty());
    }
}
