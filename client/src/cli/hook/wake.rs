//! `consignee hook wake`: tells the service that packages may have changed; on a terminal follows the finish.

use std::time::{Duration, Instant};

use super::super::complaint::Complaint;
use super::super::follow::{self, TURN, Watched};
use super::super::session::{Exit, Session};
use crate::conversation;
use crate::engine::machine::{Activity, State, Upgrade};
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

/// Never fails the package manager, and never makes it wait for itself.
pub fn run(session: &mut Session) -> Exit {
    let woken = conversation::ask(&session.places, &Request::Wake, LIMIT);
    if woken.is_ok() && session.out.is_terminal() {
        let _ = watch(session);
    }
    Exit::Done
}

fn watch(session: &mut Session) -> Result<(), Complaint> {
    let mut watched = Vec::new();
    for product in session.products(None)? {
        match product.newest()? {
            Some(upgrade) if state::standing(&upgrade.state) == Standing::UnderWay => {
                let follower = Follower::of_finish(&product, upgrade.header.upgrade)?;
                watched.push(Watched { product, follower });
            }
            _ => {}
        }
    }
    follow_to_the_end(session, &mut watched)
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
