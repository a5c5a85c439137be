//! What the offered or running upgrade does.

use super::{Frame, lines, link};
use crate::library::Library;
use crate::portal::desk::Problem;
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::portal::{self, Label};

/// The page.
///
/// # Errors
/// When there is no upgrade, its plan cannot be trusted, or the site's file not be used.
pub fn page(frame: &Frame<'_>, product: &Product) -> Result<Element, Problem> {
    let library = Library::of(&frame.portal.places, product)?;
    let report = library.plan(&frame.portal.places)?;
    let title = portal::heading(&product.id.to_string(), Label::Plan, frame.language);
    let mut content = vec![element("h1").text(&title)];
    content.extend(lines::elements(report.page(frame.language)));
    content.push(element("p").child(link(&product.id.to_string(), &frame.label(Label::Back))));
    Ok(frame.document(&title, content))
}
