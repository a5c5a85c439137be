//! Which page answers which path, once whoever asks is let in.

use consign_metadata::name::ProductId;
use hyper::StatusCode;
use hyper::http::request::Parts;
use jiff::Timestamp;

use super::answer::{self, Answer};
use super::refusal::Refusal;
use super::sessions::Visitor;
use super::shown::{self, Frame};
use super::visit::Visit;
use super::{Portal, admission, deeds, tickets};
use crate::library::LibraryError;
use crate::product::Product;
use crate::report::page::{Page, Style};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page that cannot be shown, or a person who is not let in.
#[derive(Debug)]
pub enum Problem {
    /// Not let in.
    Refused(Refusal),
    /// Let in, and told why not.
    Page(Page),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A technical message, in English.
impl From<String> for Problem {
    fn from(cause: String) -> Self {
        let mut page = Page::default();
        page.add(0, Style::Bad, cause);
        Self::Page(page)
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::NoUpgrade(_) => Self::Refused(Refusal::Unknown),
            error => Self::from(error.to_string()),
        }
    }
}

/// Whether more than the head of a request is of any interest: its address, its method, and who sends a form.
///
/// # Errors
/// [`Refusal`]
pub fn admit(portal: &Portal, parts: &Parts) -> Result<(), Refusal> {
    let address = admission::address(parts, portal.port)?;
    admission::method(&parts.method)?;
    if parts.method == hyper::Method::POST { admission::form(parts, &address) } else { Ok(()) }
}

/// Answers whoever was admitted.
pub fn answer(portal: &Portal, parts: &Parts, body: &[u8], now: Timestamp) -> Answer {
    let visit = Visit::of(parts, body, portal.port, portal.language());
    let answered = match &visit.path {
        None if parts.uri.path() == "/" => Ok(answer::see("")),
        None => Err(Refusal::Unknown.into()),
        Some(path) => at(portal, &visit, path, now),
    };
    let answered = answered.unwrap_or_else(|problem| told(portal, &visit, problem, now));
    if visit.has_switched { answer::with_language(answered, portal, visit.language) } else { answered }
}

/// The head was refused, or the body did not come.
pub fn refuse(portal: &Portal, parts: &Parts, refusal: Refusal) -> Answer {
    log::warn!("refused: {} {}: {refusal:?}", parts.method, parts.uri.path());
    let visit = Visit::of(parts, &[], portal.port, portal.language());
    answer::refused(refusal, portal.port, visit.language)
}

fn at(portal: &Portal, visit: &Visit, path: &str, now: Timestamp) -> Result<Answer, Problem> {
    match (visit.is_form, path) {
        (false, "page.css") => Ok(answer::file("text/css; charset=utf-8", STYLE)),
        (false, "page.js") => Ok(answer::file("text/javascript; charset=utf-8", SCRIPT)),
        (false, "login") => Ok(login(visit, None)),
        (true, "login") => log_in(portal, visit, now),
        (false, _) => show(portal, visit, path, &visitor(portal, visit, now)?, now),
        (true, _) => {
            let visitor = visitor(portal, visit, now)?;
            // A cookie is sent by the browser; the token only by a page of ours.
            if visit.field("token") != Some(visitor.token.as_str()) {
                return Err(Refusal::Token.into());
            }
            if !portal.sessions().may(visit.cookie.as_deref().unwrap_or_default(), false, now) {
                return Err(Refusal::Often.into());
            }
            change(portal, visit, path, &visitor)
        }
    }
}

fn visitor(portal: &Portal, visit: &Visit, now: Timestamp) -> Result<Visitor, Refusal> {
    let cookie = visit.cookie.as_deref().ok_or(Refusal::Stranger)?;
    portal.sessions().find(cookie, now).ok_or(Refusal::Stranger)
}

fn login(visit: &Visit, refusal: Option<Refusal>) -> Answer {
    let status = refusal.map_or(StatusCode::OK, Refusal::status);
    answer::page(status, &shown::login::page(visit.language, refusal), visit.language)
}

/// A code that is right opens a session, however many wrong ones others have tried.
fn log_in(portal: &Portal, visit: &Visit, now: Timestamp) -> Result<Answer, Problem> {
    let code = visit.field("code").unwrap_or_default();
    let Some(person) = tickets::redeem(&portal.places, code, now) else {
        return match portal.wrong_codes().take(now) {
            true => {
                log::warn!("somebody came with a code that opens nothing");
                Ok(login(visit, Some(Refusal::Code)))
            }
            false => Err(Refusal::Often.into()),
        };
    };
    log::info!("{} has logged in", person.name);
    let cookie = portal.sessions().open(person, now).map_err(|error| format!("cannot open a session: {error}"))?;
    Ok(answer::with_session(answer::see(""), portal, Some(&cookie)))
}

fn product(portal: &Portal, vendor: &str, product: &str) -> Result<Product, Problem> {
    let id: ProductId = format!("{vendor}/{product}").parse().map_err(|_| Refusal::Unknown)?;
    let all = Product::all(&portal.places).map_err(|error| format!("cannot read the state of the agent: {error}"))?;
    all.into_iter().find(|product| product.id == id).ok_or(Refusal::Unknown.into())
}

fn show(portal: &Portal, visit: &Visit, path: &str, visitor: &Visitor, now: Timestamp) -> Result<Answer, Problem> {
    let frame = Frame { portal, language: visit.language, visitor: Some(visitor), path };
    let document = match path.split('/').collect::<Vec<_>>()[..] {
        [""] => shown::overview::page(&frame)?,
        [vendor, name] => shown::product::page(&frame, &product(portal, vendor, name)?)?,
        [vendor, name, "notes"] => shown::notes::page(&frame, &product(portal, vendor, name)?)?,
        [vendor, name, "plan"] => shown::plan::page(&frame, &product(portal, vendor, name)?)?,
        [vendor, name, "history"] => shown::history::page(&frame, &product(portal, vendor, name)?)?,
        [vendor, name, "live"] => shown::live::page(&frame, &product(portal, vendor, name)?, visit.reloads)?,
        [vendor, name, "upgrade"] => {
            let product = product(portal, vendor, name)?;
            if !portal.sessions().may(visit.cookie.as_deref().unwrap_or_default(), true, now) {
                return Err(Refusal::Often.into());
            }
            let way = deeds::way(portal, &product, visit.language).map_err(Problem::Page)?;
            shown::upgrade::page(&frame, &product, &way, None)
        }
        _ => return Err(Refusal::Unknown.into()),
    };
    Ok(answer::page(StatusCode::OK, &document, visit.language))
}

fn change(portal: &Portal, visit: &Visit, path: &str, visitor: &Visitor) -> Result<Answer, Problem> {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["logout"] => {
            portal.sessions().close(visit.cookie.as_deref().unwrap_or_default());
            log::info!("{} has logged out", visitor.person.name);
            Ok(answer::with_session(answer::see("login"), portal, None))
        }
        [vendor, name, "upgrade"] => deeds::upgrade(portal, visit, &product(portal, vendor, name)?, visitor),
        [_, _] | [_, _, _] | ["login" | ""] => Err(Refusal::Method.into()),
        _ => Err(Refusal::Unknown.into()),
    }
}

/// What somebody is told who came to nothing. A stranger gets the way in, and nothing else.
fn told(portal: &Portal, visit: &Visit, problem: Problem, now: Timestamp) -> Answer {
    let path = visit.path.as_deref().unwrap_or_default();
    let visitor = visitor(portal, visit, now).ok();
    match (problem, &visitor) {
        (Problem::Refused(Refusal::Stranger), _) if !visit.is_form => login(visit, Some(Refusal::Stranger)),
        (Problem::Refused(refusal), Some(_)) => {
            log::warn!("refused: {path}: {refusal:?}");
            let frame = Frame { portal, language: visit.language, visitor: visitor.as_ref(), path };
            let page = shown::lines::sentence(crate::report::portal::refusal(refusal, portal.port, visit.language));
            answer::page(refusal.status(), &shown::problem(&frame, page), visit.language)
        }
        (Problem::Refused(refusal), None) => {
            log::warn!("refused: {path}: {refusal:?}");
            answer::refused(refusal, portal.port, visit.language)
        }
        (Problem::Page(page), _) => {
            let frame = Frame { portal, language: visit.language, visitor: visitor.as_ref(), path };
            answer::page(StatusCode::SERVICE_UNAVAILABLE, &shown::problem(&frame, page), visit.language)
        }
    }
}
