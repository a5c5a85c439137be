//! The way to a version, all that a person has to agree to on it, and the button.

use super::{Frame, lines, link, notes};
use crate::acknowledgement::Subject;
use crate::engine::event::Reason;
use crate::library::{self, Library};
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::journey;
use crate::report::notes::{Note, between};
use crate::report::portal::{self, Label, Objection};
use crate::request::{Leg, Way};
use consign_metadata::version::Class;

/// The page; `objection`: why the button did nothing.
pub fn page(frame: &Frame<'_>, product: &Product, way: &Way, objection: Option<&Objection>) -> Element {
    let id = product.id.to_string();
    let title = portal::heading(&id, Label::Upgrade, frame.language);
    let mut content = vec![element("h1").text(&title)];
    if let Some(objection) = objection {
        let said = lines::elements(objection.page(&product.id, frame.language));
        content.push(element("div").with("role", "alert").with("id", "objection").children(said));
    }
    content.push(element("h2").text(frame.label(Label::Way)));
    content.extend(lines::elements(journey::way(&product.id, way, frame.language)));
    if !way.legs.is_empty() {
        content.extend(plan(frame, product, way));
        content.push(form(frame, product, way));
    }
    content.push(element("p").child(link(&id, &frame.label(Label::Back))));
    frame.document(&title, content)
}

/// What a person can agree to here. A task is ticked by whoever has done it, at a terminal.
pub fn asked(leg: &Leg) -> impl Iterator<Item = (&Reason, Subject)> {
    let can_be = |reason: &Reason| !matches!(reason, Reason::TaskOpen { .. });
    let reasons = leg.held.iter().filter(move |reason| can_be(reason));
    reasons.filter_map(|reason| Some((reason, library::subject(reason)?)))
}

/// How a tick is told from others: by what it is about, digest included, and for which version.
pub fn tick(leg: &Leg, subject: &Subject) -> String {
    serde_json::to_string(&(&leg.to, subject)).expect("subjects have string keys and no floats")
}

/// Whether the product's name has to be typed; `Some(true)` where a change is a major one.
pub fn confirmation(way: &Way) -> Option<bool> {
    let is_major = way.legs.iter().any(|leg| leg.class == Class::Major);
    let is_final = way.legs.iter().any(|leg| leg.is_irreversible);
    (is_major || is_final).then_some(is_major)
}

/// The steps of the first upgrade, where its plan is on this host already.
fn plan(frame: &Frame<'_>, product: &Product, way: &Way) -> Option<Element> {
    let library = Library::of(&frame.portal.places, product).ok()?;
    let is_it = |leg: &Leg| leg.plan == Some(library.plan.digest);
    let report = way.legs.first().filter(|leg| is_it(leg)).and_then(|_| library.plan(&frame.portal.places).ok())?;
    let summary = element("summary").text(frame.label(Label::Plan));
    Some(element("details").child(summary).children(lines::elements(report.page(frame.language))))
}

fn form(frame: &Frame<'_>, product: &Product, way: &Way) -> Element {
    let mut form = frame.form(&format!("{}/upgrade", product.id));
    for plan in way.legs.iter().filter_map(|leg| leg.plan) {
        form = form.child(element("input").with("type", "hidden").with("name", "plan").with("value", plan.to_string()));
    }
    form = form.child(element("h2").text(frame.label(Label::ToAgree)));
    let has_nothing = way.legs.iter().all(|leg| asked(leg).next().is_none());
    if has_nothing {
        form = form.child(element("p").text(frame.label(Label::NothingToAgree)));
    }
    form = form.children(way.legs.iter().flat_map(|leg| ticks(frame, product, leg)));
    if let Some(is_major) = confirmation(way) {
        form = form.child(confirm(frame, product, is_major));
    }
    let to = way.legs.last().map(|leg| portal::install(&leg.to, frame.language)).unwrap_or_default();
    let button = |value: &str, text: String| {
        element("button").with("type", "submit").with("name", "do").with("value", value).text(text)
    };
    // The first is what the return key presses: it must not be the one that installs.
    let keep = button("keep", frame.label(Label::Keep));
    let buttons = element("p").with("class", "buttons").child(keep).child(button("install", to).with("class", "first"));
    form.child(element("p").text(frame.label(Label::StartOff))).child(buttons)
}

fn ticks(frame: &Frame<'_>, product: &Product, leg: &Leg) -> Vec<Element> {
    let notes = library::notes_of(&frame.portal.places, &product.id, &leg.notes, frame.language);
    let mut all = Vec::new();
    for (reason, subject) in asked(leg) {
        let value = tick(leg, &subject);
        let id = format!("t{}", consign_metadata::digest::Sha256::of(value.as_bytes()));
        let summary = summary(leg, reason).map(|text| text.in_language(frame.language));
        let label = portal::tick(reason, summary, frame.language);
        let input = element("input").with("type", "checkbox").with("name", "tick").with("value", value).with("id", &id);
        let note = notes.iter().find(|note| is_about(reason, note));
        all.extend(note.map(|note| notes::article(frame, product, note)));
        let row = element("p").with("class", "tick").child(input);
        all.push(row.child(element("label").with("for", id).text(label)));
    }
    all.extend(for_information(frame, product, leg, &notes));
    all
}

fn is_about(reason: &Reason, note: &Note) -> bool {
    matches!(reason, Reason::NoteUnread { version, .. } if *version == note.version)
}

fn summary<'a>(leg: &'a Leg, reason: &Reason) -> Option<&'a consign_metadata::text::Text> {
    let Reason::SideEffectUnacknowledged { id, .. } = reason else { return None };
    leg.side_effects.iter().find(|effect| effect.id == *id).map(|effect| &effect.summary)
}

/// The notes on the way that nobody has to tick, or somebody has ticked.
fn for_information(frame: &Frame<'_>, product: &Product, leg: &Leg, notes: &[Note]) -> Option<Element> {
    let on_the_way = between(&leg.notes, Some(&leg.from), &leg.to);
    let is_asked = |note: &Note| asked(leg).any(|(reason, _)| is_about(reason, note));
    let others = notes.iter().filter(|note| on_the_way.iter().any(|one| one.version == note.version));
    let others: Vec<Element> =
        others.filter(|note| !is_asked(note)).map(|note| notes::article(frame, product, note)).collect();
    let summary = element("summary").text(format!("{} ({})", frame.label(Label::Notes), leg.to));
    (!others.is_empty()).then(|| element("details").child(summary).children(others))
}

fn confirm(frame: &Frame<'_>, product: &Product, is_major: bool) -> Element {
    let label =
        element("label").with("for", "confirm").text(portal::confirmation(&product.id, is_major, frame.language));
    let input = element("input").with("id", "confirm").with("name", "confirm").with("type", "text");
    element("p").child(label).child(input.with("autocomplete", "off").with("spellcheck", "false"))
}
