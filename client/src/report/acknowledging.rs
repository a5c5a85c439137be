//! What is about to be acknowledged, and what follows from it.

use consign_metadata::name::ProductId;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::text::Language;

use super::notes::Note;
use super::page::{Page, Style};
use super::{advice, offers};
use crate::engine::event::Reason;
use crate::host::typed;
use crate::request::Offer;

/// Everything that is about to be acknowledged: notes by their first line, side effects in full.
pub fn page(
    product: &ProductId,
    chosen: &[Reason],
    plan: Option<&UpgradePlan>,
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
                let effect = plan.and_then(|plan| plan.body.side_effects.iter().find(|effect| effect.id == *id));
                page.add(2, Style::Warning, say!(language, "the side effect {id}", "l'effet de bord {id}"));
                page.add(4, Style::Plain, effect.map(|e| e.summary.in_language(language)).unwrap_or_default());
            }
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

/// Nothing of the product waits to be acknowledged.
pub fn nothing(product: &ProductId, language: Language) -> Page {
    let mut page = Page::default();
    page.add(
        0,
        Style::Good,
        say!(language, "{product}: nothing has to be acknowledged", "{product} : il n'y a rien à acquitter"),
    );
    page
}

/// What is offered after the acknowledgement.
pub fn looked(offers: &[Offer], language: Language) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Good, say!(language, "acknowledged", "acquitté"));
    page.append(0, offers::page(offers, language));
    if offers.iter().any(|offer| offer.offered.is_some() && offer.held.is_empty()) {
        advice::show(&mut page, &[advice::package_upgrade(language)], language);
    }
    page
}

/// The acknowledgement is kept, but the service could not look.
pub fn not_looked(language: Language) -> Page {
    let (mut page, refresh) = (Page::default(), typed::REFRESH);
    page.add(
        0,
        Style::Warning,
        say!(
            language,
            "acknowledged; still held, because the agent's service could not look again now. Type: {refresh}",
            "acquitté ; toujours retenue, car le service de l'agent n'a pas pu réexaminer l'offre. Tapez : {refresh}"
        ),
    );
    page
}

/// The packages are there already: the upgrade goes on with a retry.
pub fn after_a_halt(product: &ProductId, language: Language) -> Page {
    let mut page = Page::default();
    page.add(
        0,
        Style::Good,
        say!(
            language,
            "acknowledged; to go on, type: consignee retry {product}",
            "acquitté ; pour continuer, tapez : consignee retry {product}"
        ),
    );
    page
}
