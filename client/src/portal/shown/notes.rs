//! The release notes between what is installed and what is offered.

use super::{Frame, lines, link};
use crate::library::Library;
use crate::portal::desk::Problem;
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::notes::Note;
use crate::report::portal::{self, Label};

/// The page.
///
/// # Errors
/// When there is no upgrade, or its plan cannot be trusted.
pub fn page(frame: &Frame<'_>, product: &Product) -> Result<Element, Problem> {
    let library = Library::of(&frame.portal.places, product)?;
    let report = library.notes(frame.language, false);
    let title = portal::heading(&product.id.to_string(), Label::Notes, frame.language);
    let mut content = vec![element("h1").text(&title)];
    content.extend(report.notes.iter().map(|note| article(frame, product, note)));
    if report.notes.is_empty() {
        content.push(element("p").text(frame.label(Label::NoNotes)));
    }
    content.push(element("p").child(link(&product.id.to_string(), &frame.label(Label::Back))));
    Ok(frame.document(&title, content))
}

/// A note, in its own language. It is the vendor's text: its formatting is ours, and an address in it is no link.
pub fn article(frame: &Frame<'_>, product: &Product, note: &Note) -> Element {
    let said = lines::elements(note.page(&product.id, frame.language));
    element("article").with("lang", note.language.code()).children(said)
}
