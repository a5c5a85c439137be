//! One product: where it stands, why, and the ways on.

use super::overview::versions;
use super::{Frame, lines, link, why};
use crate::portal::desk::Problem;
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::portal::Label;
use crate::report::state::Standing;
use crate::report::status::Overview;

/// The page.
///
/// # Errors
/// When its journals cannot be read at all.
pub fn page(frame: &Frame<'_>, product: &Product) -> Result<Element, Problem> {
    let (places, language, zone) = (&frame.portal.places, frame.language, &frame.portal.zone);
    let overview = Overview::of(std::slice::from_ref(product)).map_err(|error| error.to_string())?.on_host(places);
    let status = overview.report().products.remove(0);
    let id = product.id.to_string();
    let heads = [Label::Installed, Label::Offered, Label::Class];
    let facts = heads
        .into_iter()
        .zip(versions(frame, &status))
        .flat_map(|(label, text)| [element("dt").text(frame.label(label)), element("dd").text(text)]);
    let mut content = vec![element("h1").text(&id), element("dl").children(facts), ways(frame, &id, status.standing)];
    content.push(element("h2").text(frame.label(Label::State)));
    let mut said = overview.page(language, zone);
    // The heading of the page says it.
    said.lines.drain(..said.lines.len().min(1));
    content.extend(lines::elements(said));
    if matches!(status.standing, Standing::Waits | Standing::Halted) {
        let why = why::of(product, overview.report()).map_err(|error| error.to_string())?;
        let mut why = why.page(language, zone);
        why.lines.drain(..why.lines.len().min(1));
        content.push(element("h2").text(frame.label(Label::Why)));
        content.extend(lines::elements(why));
    }
    Ok(frame.document(&id, content))
}

fn ways(frame: &Frame<'_>, id: &str, standing: Standing) -> Element {
    let (upgrade, live) = match standing {
        Standing::Well => (("upgrade", Label::UpgradeLook), ("live", Label::Watch)),
        Standing::UnderWay => (("live", Label::Watch), ("upgrade", Label::Upgrade)),
        Standing::Waits | Standing::Halted => (("upgrade", Label::Upgrade), ("live", Label::Watch)),
    };
    let all = [upgrade, live, ("notes", Label::Notes), ("plan", Label::Plan), ("history", Label::History)];
    let all = all.into_iter().enumerate().map(|(place, (path, label))| {
        let class = if place == 0 { "action first" } else { "action" };
        element("li").child(link(&format!("{id}/{path}"), &frame.label(label)).with("class", class))
    });
    element("nav").with("aria-label", id).child(element("ul").with("class", "actions").children(all))
}
