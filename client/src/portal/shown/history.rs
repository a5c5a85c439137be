//! The last upgrades of a product, and who had a hand in them.

use super::{Frame, lines, link};
use crate::library;
use crate::portal::desk::Problem;
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::history::HistoryReport;
use crate::report::portal::{self, Label};

/// How many are shown.
const LAST: usize = 20;

/// The page.
///
/// # Errors
/// When a journal cannot be used.
pub fn page(frame: &Frame<'_>, product: &Product) -> Result<Element, Problem> {
    let mut report = HistoryReport::of(std::slice::from_ref(product), None, library::deeds)?;
    report.upgrades.truncate(LAST);
    let title = portal::heading(&product.id.to_string(), Label::History, frame.language);
    let mut content = vec![element("h1").text(&title)];
    if report.upgrades.is_empty() {
        content.push(element("p").text(frame.label(Label::NoUpgrade)));
    }
    content.extend(lines::elements(report.page(frame.language, &frame.portal.zone)));
    content.push(element("p").child(link(&product.id.to_string(), &frame.label(Label::Back))));
    Ok(frame.document(&title, content))
}
