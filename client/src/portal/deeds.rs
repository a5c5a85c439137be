//! What is asked of the agent's service for a person at the page. It carries names, versions and digests: no command,
//! no path and no argument comes from a browser.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_metadata::digest::Sha256;
use consign_metadata::text::Language;
use hyper::StatusCode;

use super::answer::{self, Answer};
use super::desk::Problem;
use super::sessions::Visitor;
use super::shown::upgrade::{asked, confirmation, tick};
use super::shown::{self, Frame};
use super::visit::Visit;
use super::{Portal, shown::lines};
use crate::acknowledgement::Subject;
use crate::conversation;
use crate::product::Product;
use crate::report::page::Page;
use crate::report::portal::Objection;
use crate::request::{Leg, Reply, Request, Way};

/// Feeds and plans are brought up to date for it.
const LIMIT: Duration = Duration::from_secs(90);

/// The way as it is now, after a look at what is offered.
///
/// # Errors
/// What a person is told who gets none.
pub fn way(portal: &Portal, product: &Product, language: Language) -> Result<Way, Page> {
    ask(portal, &Request::Look { patient: true }, language)?;
    path(portal, product, language)
}

fn path(portal: &Portal, product: &Product, language: Language) -> Result<Way, Page> {
    match ask(portal, &Request::Path { product: product.id.clone(), to: None }, language)? {
        Reply::Path { way } => Ok(way),
        other => Err(lines::sentence(format!("cannot find the way: the service answers {other:?}"))),
    }
}

fn ask(portal: &Portal, request: &Request, language: Language) -> Result<Reply, Page> {
    match conversation::ask(&portal.places, request, LIMIT) {
        Ok(Reply::Failed { cause }) => Err(lines::sentence(cause)),
        Ok(reply) => Ok(reply),
        Err(problem) => Err(lines::sentence(problem.sentence(language))),
    }
}

/// Keeps the ticks; and where that was the button, begins.
///
/// # Errors
/// [`Problem`]
pub fn upgrade(portal: &Portal, visit: &Visit, product: &Product, visitor: &Visitor) -> Result<Answer, Problem> {
    let way = path(portal, product, visit.language).map_err(Problem::Page)?;
    let ticked: BTreeSet<&str> = visit.fields("tick").collect();
    let missing = acknowledge(portal, visit, product, visitor, &way, &ticked)?;
    let here = format!("{}/upgrade", product.id);
    if visit.field("do") != Some("install") {
        return Ok(answer::see(&here));
    }
    let shown: Vec<&str> = visit.fields("plan").collect();
    let objection = match objection(&way, &shown, missing, visit, product) {
        Some(objection) => objection,
        None => match begin(portal, product, visitor, &way, visit.language)? {
            None => return Ok(answer::see(&format!("{}/live", product.id))),
            Some(objection) => objection,
        },
    };
    // What was ticked is not asked for any more.
    let way = path(portal, product, visit.language).map_err(Problem::Page)?;
    let frame = Frame { portal, language: visit.language, visitor: Some(visitor), path: &here };
    let document = shown::upgrade::page(&frame, product, &way, Some(&objection));
    Ok(answer::page(StatusCode::CONFLICT, &document, visit.language))
}

/// What keeps the button from doing anything, the least expected first.
fn objection(way: &Way, shown: &[&str], missing: usize, visit: &Visit, product: &Product) -> Option<Objection> {
    let now: Vec<String> = plans(way).iter().map(ToString::to_string).collect();
    let typed = visit.field("confirm").unwrap_or_default().trim();
    if now != *shown || now.len() != way.legs.len() || now.is_empty() {
        return Some(Objection::Changed);
    }
    if missing > 0 {
        return Some(Objection::NotTicked(missing));
    }
    let is_confirmed = confirmation(way).is_none() || typed == product.id.to_string();
    (!is_confirmed).then_some(Objection::NotConfirmed)
}

fn plans(way: &Way) -> Vec<Sha256> {
    way.legs.iter().filter_map(|leg| leg.plan).collect()
}

/// Of what is asked for, what was ticked; how much was not.
fn acknowledge(
    portal: &Portal,
    visit: &Visit,
    product: &Product,
    visitor: &Visitor,
    way: &Way,
    ticked: &BTreeSet<&str>,
) -> Result<usize, Problem> {
    let mut missing = 0;
    for leg in &way.legs {
        let subjects = chosen(leg, ticked);
        missing += asked(leg).count() - subjects.len();
        if subjects.is_empty() {
            continue;
        }
        let (product, by) = (product.id.clone(), visitor.person.clone());
        log::info!("{} acknowledges {} of {product} {}", by.name, subjects.len(), leg.to);
        let request = Request::Acknowledge { product, version: leg.to.clone(), subjects, by };
        ask(portal, &request, visit.language).map_err(Problem::Page)?;
    }
    Ok(missing)
}

fn chosen(leg: &Leg, ticked: &BTreeSet<&str>) -> Vec<Subject> {
    let subjects = asked(leg).map(|(_, subject)| subject);
    subjects.filter(|subject| ticked.contains(tick(leg, subject).as_str())).collect()
}

/// Sets out; the service compares the plans with those that were shown, where nothing can change in between.
fn begin(
    portal: &Portal,
    product: &Product,
    visitor: &Visitor,
    way: &Way,
    language: Language,
) -> Result<Option<Objection>, Problem> {
    let (to, by) = (way.legs.last().map(|leg| leg.to.clone()), visitor.person.clone());
    log::info!("{} wants {} at {}", by.name, product.id, to.as_ref().map(ToString::to_string).unwrap_or_default());
    let request = Request::Upgrade { product: product.id.clone(), to, plans: plans(way), by };
    match conversation::ask(&portal.places, &request, LIMIT) {
        Ok(Reply::Failed { cause }) => Ok(Some(Objection::Failed(cause))),
        Ok(Reply::Changed) => Ok(Some(Objection::Changed)),
        Ok(_) => Ok(None),
        Err(problem) => Err(Problem::Page(lines::sentence(problem.sentence(language)))),
    }
}
