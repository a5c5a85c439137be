//! An upgrade as it goes: the sentence, the steps, what is written. All of it comes from the journal, so that a page
//! that was closed, loaded again or opened elsewhere shows the same.

use super::{Frame, lines, link};
use crate::engine::journal::JournalError;
use crate::engine::machine::{Activity, State, Upgrade};
use crate::journey::Journey;
use crate::portal::BASE;
use crate::portal::desk::Problem;
use crate::portal::html::{Element, element};
use crate::product::Product;
use crate::report::logbook::Logbook;
use crate::report::page::Page;
use crate::report::portal::{self, Label, StepState};
use crate::report::state::{self, Standing};
use crate::report::status::Overview;

/// How many lines of what is written.
const LINES: usize = 300;
/// How often a browser without scripts loads it again, where somebody wants that, in seconds.
const RELOAD: u32 = 3;

/// The page; `reloads`: by itself, without any script.
///
/// # Errors
/// When the journals cannot be used.
pub fn page(frame: &Frame<'_>, product: &Product, reloads: bool) -> Result<Element, Problem> {
    let newest = product.newest().map_err(|error| error.to_string())?;
    let id = product.id.to_string();
    let moves = newest.as_ref().is_some_and(moves) || sets_out(product);
    let mut live = element("div").with("id", "live").with("data-moves", if moves { "yes" } else { "no" });
    let title = match &newest {
        Some(upgrade) => {
            let header = &upgrade.header;
            portal::upgrade(&product.id, header.from.as_ref(), &header.to, frame.language)
        }
        None => portal::heading(&id, Label::NoUpgrade, frame.language),
    };
    live = live.child(element("h1").text(&title));
    if let Some(upgrade) = &newest {
        live = live.children(standing(frame, upgrade)).child(buttons(frame, moves, reloads));
        live = live.children(written(frame, product, upgrade).map_err(|error| error.to_string())?);
    }
    live = live.children(next(frame, product).map_err(|error| error.to_string())?);
    live = live.child(element("p").child(link(&id, &frame.label(Label::Back))));
    Ok(frame.document_again(&title, (reloads && moves).then_some(RELOAD), [live]))
}

/// Whether the agent goes on with it by itself.
fn moves(upgrade: &Upgrade) -> bool {
    state::standing(&upgrade.state) == Standing::UnderWay
}

/// Whether it is on its way, and nothing keeps the next upgrade of it from beginning.
fn sets_out(product: &Product) -> bool {
    matches!(Journey::read(product), Ok(Some(journey)) if journey.waits.is_empty())
}

fn standing(frame: &Frame<'_>, upgrade: &Upgrade) -> Vec<Element> {
    let states = steps(upgrade);
    let done = states.iter().filter(|(_, state)| *state == StepState::Done).count();
    let text = portal::progress(done, states.len(), frame.language);
    let said = state::sentence(&upgrade.state, &upgrade.header, frame.language);
    let bar = element("progress").with("max", states.len().to_string()).with("value", done.to_string());
    let rows = states.iter().map(|(name, state)| {
        let class = format!("step {state:?}").to_lowercase();
        let row = element("li").with("class", class).text(portal::row(name, *state, frame.language));
        if matches!(state, StepState::Runs | StepState::GoesBack) { row.with("aria-current", "step") } else { row }
    });
    let bar = element("p").with("id", "progress").child(bar.with("aria-label", &text).text(&text)).text(" ");
    vec![
        element("p").with("id", "said").with("class", "said").with("role", "status").text(said),
        bar.child(element("span").text(text)),
        element("h2").text(frame.label(Label::Steps)),
        element("ol").with("id", "steps").children(rows),
    ]
}

/// Every step with what became of it.
fn steps(upgrade: &Upgrade) -> Vec<(&str, StepState)> {
    let items = upgrade.header.items.iter().enumerate();
    items.map(|(index, item)| (item.name.as_str(), step(upgrade, index))).collect()
}

fn step(upgrade: &Upgrade, index: usize) -> StepState {
    let forward = |item: usize, here| match index.cmp(&item) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => here,
        std::cmp::Ordering::Greater => StepState::Ahead,
    };
    let back = |item: i64, here| match i64::try_from(index).unwrap_or(i64::MAX).cmp(&item) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => here,
        std::cmp::Ordering::Greater => StepState::Back,
    };
    match &upgrade.state {
        State::Forward { item, activity: Activity::Busy | Activity::Idle | Activity::Interrupted } => {
            forward(*item, StepState::Runs)
        }
        State::Waiting { item } | State::Halted { item, .. } => forward(*item, StepState::Stands),
        State::Backward { item, .. } => back(*item, StepState::GoesBack),
        State::Stuck { item, .. } => back(*item, StepState::Stands),
        State::Completed => StepState::Done,
        State::Cancelled | State::RolledBack | State::Superseded { .. } | State::Rescued { .. } => StepState::Back,
        State::Planned | State::Held | State::Cleared => StepState::Ahead,
    }
}

/// What only one kind of browser needs: a button for those with scripts, links for those without.
fn buttons(frame: &Frame<'_>, moves: bool, reloads: bool) -> Element {
    let pause = element("button").with("type", "button").with("id", "pause").marked("hidden", true);
    let pause = pause.with("data-go-on", frame.label(Label::GoOn)).text(frame.label(Label::Pause));
    let lost = element("p").with("id", "lost").with("role", "alert").marked("hidden", true);
    let lost = lost.text(frame.label(Label::Lost));
    let again = |query: &str, label| {
        element("a").with("href", format!("{BASE}/{}{query}", frame.path)).text(frame.label(label))
    };
    let other = if reloads { again("", Label::ReloadNever) } else { again("?reload=yes", Label::ReloadAlways) };
    let links = element("p").child(again("", Label::Reload)).text(" ").child(other);
    let all = element("div").with("id", "buttons");
    if moves { all.child(pause).child(lost).child(element("noscript").child(links)) } else { all }
}

fn written(frame: &Frame<'_>, product: &Product, upgrade: &Upgrade) -> Result<[Element; 2], JournalError> {
    let log = Logbook::of(product, upgrade.header.upgrade, None)?;
    let page = log.page(frame.language, &frame.portal.zone);
    let skipped = page.lines.len().saturating_sub(LINES);
    let tail = Page { lines: page.lines.into_iter().skip(skipped).collect() };
    let title = frame.label(Label::Log);
    // It scrolls, which a keyboard has to be able to do.
    let region = element("div").with("id", "log").with("role", "region").with("tabindex", "0");
    Ok([element("h2").text(&title), region.with("aria-label", title).child(lines::log(tail))])
}

/// What a person has to think of it, and to type.
fn next(frame: &Frame<'_>, product: &Product) -> Result<[Element; 2], JournalError> {
    let overview = Overview::of(std::slice::from_ref(product))?.on_host(&frame.portal.places);
    let said = lines::elements(overview.page(frame.language, &frame.portal.zone));
    Ok([element("h2").text(frame.label(Label::Next)), element("div").with("id", "next").children(said)])
}
