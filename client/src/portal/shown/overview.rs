//! All products in a table.

use jiff::Timestamp;

use super::{Frame, lines, link};
use crate::notice;
use crate::portal::desk::Problem;
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::portal::{self, Label};
use crate::report::state::Code;
use crate::report::status::{Overview, ProductStatus};
use crate::report::{notices, words};
use crate::trust::Trust;

/// The page.
///
/// # Errors
/// When the state of the agent cannot be read.
pub fn page(frame: &Frame<'_>) -> Result<Element, Problem> {
    let places = &frame.portal.places;
    let products = Product::all(places).map_err(|error| format!("cannot read the state of the agent: {error}"))?;
    let overview = Overview::of(&products).map_err(|error| error.to_string())?.on_host(places);
    let report = overview.report();
    let title = frame.label(Label::Products);
    let mut content = vec![element("h1").text(&title)];
    match report.products.is_empty() {
        true => content.push(element("p").text(frame.label(Label::NoProduct))),
        false => content.push(table(frame, &report.products)),
    }
    let notices = Trust::read(places).map(|trust| notice::all(places, &trust, Timestamp::now())).unwrap_or_default();
    if !notices.is_empty() {
        content.push(element("h2").text(frame.label(Label::Concerns)));
        content.extend(lines::elements(notices::page(&notices, frame.language)));
    }
    Ok(frame.document(&title, content))
}

fn table(frame: &Frame<'_>, products: &[ProductStatus]) -> Element {
    let heads = [Label::Product, Label::Installed, Label::Offered, Label::Class, Label::State];
    let heads = heads.map(|label| element("th").with("scope", "col").text(frame.label(label)));
    let head = element("thead").child(element("tr").children(heads));
    let rows = products.iter().map(|status| row(frame, status));
    let table = element("table").child(head).child(element("tbody").children(rows));
    // A narrow window scrolls it, which a keyboard has to be able to do.
    let region = element("div").with("class", "wide").with("role", "region").with("tabindex", "0");
    region.with("aria-label", frame.label(Label::Products)).child(table)
}

fn row(frame: &Frame<'_>, status: &ProductStatus) -> Element {
    let product = status.product.to_string();
    let name = element("th").with("scope", "row").child(link(&product, &product));
    let cells = versions(frame, status).map(|text| element("td").text(text));
    let standing = portal::standing(status.standing, frame.language);
    let class = format!("standing {:?}", status.standing).to_lowercase();
    let standing = element("td").child(element("span").with("class", class).text(standing));
    element("tr").child(name).children(cells).child(standing)
}

/// Installed, offered, and the class of the change.
pub fn versions(frame: &Frame<'_>, status: &ProductStatus) -> [String; 3] {
    let installed = status.finished.as_ref().map(ToString::to_string);
    let upgrade = status.upgrade.as_ref().filter(|upgrade| is_open(upgrade.state));
    let of_look = status.offers.iter().find_map(|offer| offer.offered.as_ref());
    let offered = upgrade.map(|upgrade| &upgrade.to).or(of_look).map(ToString::to_string);
    let class = upgrade.and_then(|upgrade| upgrade.class).map(|class| words::class(class, frame.language));
    [
        installed.unwrap_or_else(|| frame.label(Label::NotFinished)),
        offered.unwrap_or_else(|| frame.label(Label::NothingNewer)),
        class.unwrap_or_else(|| "–".to_owned()),
    ]
}

fn is_open(state: Code) -> bool {
    match state {
        Code::Planned
        | Code::Held
        | Code::Cleared
        | Code::Forward
        | Code::Waiting
        | Code::Halted
        | Code::Backward
        | Code::Stuck => true,
        Code::Completed | Code::Cancelled | Code::RolledBack | Code::Superseded | Code::Rescued => false,
    }
}
