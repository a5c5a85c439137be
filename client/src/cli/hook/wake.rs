//! `consignee hook wake`: tells the service that packages may have changed; on a terminal follows the finish.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::complaint::Complaint;
use super::super::follow::{self, TURN, Watched};
use super::super::session::{Exit, Session};
use crate::agent::putting_back;
use crate::conversation;
use crate::engine::journal::JournalError;
use crate::engine::machine::{Activity, State, Upgrade};
use crate::product::Product;
use crate::report::advice;
use crate::report::follower::Follower;
use crate::report::page::{Page, Style};
use crate::report::say;
use crate::report::state::{self, Standing};
use crate::request::Request;

/// A wake is answered before any work.
const LIMIT: Duration = Duration::from_secs(5);
/// How long the service may stand still before this terminal leaves.
const PATIENCE: Duration = Duration::from_secs(2);

/// Never fails the package manager, and never makes it wait for itself. `began` is when its run began.
pub fn run(session: &mut Session, began: Option<Timestamp>) -> Exit {
    let woken = conversation::ask(&session.places, &Request::Wake, LIMIT);
    if woken.is_ok() && session.out.is_terminal() {
        let _ = watch(session, began);
    }
    Exit::Done
}

fn watch(session: &mut Session, began: Option<Timestamp>) -> Result<(), Complaint> {
    let mut watched = Vec::new();
    for product in session.products(None)? {
        let Some(upgrade) = product.newest()? else { continue };
        if let Some(follower) = follower(&product, &upgrade, began)? {
            watched.push(Watched { product, follower });
        }
    }
    follow_to_the_end(session, &mut watched)
}

/// Of what is under way, and of what this run of the package manager brought: a quick product may have
/// finished while other packages were still being configured.
fn follower(product: &Product, upgrade: &Upgrade, began: Option<Timestamp>) -> Result<Option<Follower>, JournalError> {
    let number = upgrade.header.upgrade;
    match began {
        _ if state::standing(&upgrade.state) == Standing::UnderWay => Follower::of_finish(product, number).map(Some),
        Some(began) => Follower::of_finish_since(product, number, began),
        None => Ok(None),
    }
}

fn follow_to_the_end(session: &mut Session, watched: &mut [Watched]) -> Result<(), Complaint> {
    let (mut shown, mut last) = (0, Instant::now());
    while follow::show(watched, session)? {
        let records = watched.iter().map(|watched| watched.follower.shown()).sum();
        if records != shown || watched.iter().filter_map(|watched| watched.follower.upgrade()).any(is_at_work) {
            (shown, last) = (records, Instant::now());
        }
        if last.elapsed() > PATIENCE {
            return leave(session, watched);
        }
        std::thread::sleep(TURN);
    }
    if !watched.is_empty() {
        follow::finish(watched, session)?;
    }
    Ok(())
}

/// A step is running. When none is and nothing is written, the service waits: most likely for the package
/// manager that waits for this terminal.
fn is_at_work(upgrade: &Upgrade) -> bool {
    match upgrade.state {
        // The packages are put back when this package manager has ended.
        State::Backward { .. } if putting_back::is_putting_back(upgrade) => false,
        State::Forward { activity, .. } | State::Backward { activity, .. } => activity == Activity::Busy,
        _ => false,
    }
}

fn leave(session: &mut Session, watched: &[Watched]) -> Result<(), Complaint> {
    let (mut page, language) = (Page::default(), session.language);
    for Watched { product, .. } in watched {
        let (command, _) = advice::follow(&product.id, language);
        page.add(
            0,
            Style::Plain,
            say!(
                language,
                "consignee: goes on without this terminal; to watch, type: {command}",
                "consignee : continue sans ce terminal ; pour suivre, tapez : {command}"
            ),
        );
    }
    session.out.page(&page)?;
    Ok(())
}
