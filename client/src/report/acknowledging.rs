//! What is about to be acknowledged, and what follows from it.

use consign_metadata::name::ProductId;
use consign_metadata::plan::SideEffect;
use consign_metadata::text::Language;

use super::notes::Note;
use super::page::{Page, Style};
use super::{advice, offers, reason};
use crate::engine::event::Reason;
use crate::host::typed;
use crate::request::Offer;

/// What a person gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// Their acknowledgement.
    Acknowledgement,
    /// Their word that a task is done.
    Task,
}

impl Given {
    fn word(self, language: Language) -> String {
        match self {
            Self::Acknowledgement => say!(language, "acknowledged", "acquitté"),
            Self::Task => say!(language, "noted as done", "noté comme fait"),
        }
    }
}

/// Everything that is about to be acknowledged: notes by their first line, side effects in full.
pub fn page(
    product: &ProductId,
    chosen: &[Reason],
    effects: &[SideEffect],
    notes: &[Note],
    language: Language,
) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Heading, say!(language, "{product}: to acknowledge", "{product} : à acquitter"));
    for reason in chosen {
        match reason {
            Reason::NoteUnread { version, .. } => {
                let note = notes.iter().find(|note| note.version == *version);
                page.add(
                    2,
                    Style::Warning,
                    say!(language, "the release note on {version}", "la note de version {version}"),
                );
                page.add(4, Style::Plain, note.and_then(first_line).unwrap_or_default());
            }
            Reason::SideEffectUnacknowledged { id, .. } => {
                let effect = effects.iter().find(|effect| effect.id == *id);
                page.add(2, Style::Warning, say!(language, "the side effect {id}", "l'effet secondaire {id}"));
                page.add(4, Style::Plain, effect.map(|e| e.summary.in_language(language)).unwrap_or_default());
            }
            Reason::TakenBack { .. } => page.add(2, Style::Warning, reason::sentence(reason, language)),
            _ => {}
        }
    }
    page.lines.retain(|line| !line.text.is_empty());
    page.add(
        0,
        Style::Quiet,
        say!(
            language,
            "to read the notes in full: consignee notes {product}",
            "pour lire les notes en entier : consignee notes {product}"
        ),
    );
    page
}

// The first line that is not a heading says what the note is about.
fn first_line(note: &Note) -> Option<String> {
    let text = super::markdown::page(note.text.as_deref()?);
    let line =
        |style| text.lines.iter().find(move |line| !line.text.is_empty() && (line.style == Style::Plain) == style);
    line(true).or_else(|| line(false)).map(|line| line.text.clone())
}

/// Nothing of the product waits to be acknowledged; what is offered, where that was looked at.
pub fn nothing(product: &ProductId, offers: &[Offer], language: Language) -> Page {
    let mut page = Page::default();
    page.add(
        0,
        Style::Good,
        say!(language, "{product}: nothing has to be acknowledged", "{product} : il n'y a rien à acquitter"),
    );
    page.append(0, offers::page(offers, language));
    page
}

/// What is offered after the acknowledgement.
pub fn looked(offers: &[Offer], given: Given, language: Language) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Good, given.word(language));
    page.append(0, offers::page(offers, language));
    if offers.iter().any(|offer| offer.offered.is_some() && offer.held.is_empty()) {
        advice::show(&mut page, &[advice::package_upgrade(language)], language);
    }
    page
}

/// The acknowledgement is kept, but the service could not look.
pub fn not_looked(given: Given, language: Language) -> Page {
    let (mut page, refresh, given) = (Page::default(), typed::here().refresh, given.word(language));
    page.add(
        0,
        Style::Warning,
        say!(
            language,
            "{given}; still held, because the agent's service could not look again now. Type: {refresh}",
            "{given} ; toujours retenue, car le service de l'agent n'a pas pu examiner l'offre de nouveau. Tapez : {refresh}"
        ),
    );
    page
}

/// The packages are there already: the upgrade goes on with a retry.
pub fn after_a_halt(product: &ProductId, given: Given, language: Language) -> Page {
    let (mut page, given) = (Page::default(), given.word(language));
    page.add(
        0,
        Style::Good,
        say!(
            language,
            "{given}; to go on, type: consignee retry {product}",
            "{given} ; pour continuer, tapez : consignee retry {product}"
        ),
    );
    page
}
