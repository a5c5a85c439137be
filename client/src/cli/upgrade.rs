//! `consignee upgrade`: a product is brought to a version, stop by stop; the agent does it, this terminal watches.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::ProductId;
use consign_metadata::version::Version;
use jiff::Timestamp;

use super::complaint::Complaint;
use super::follow::{self, TURN, Watched};
use super::session::{Exit, Session};
use super::{ask, person};
use crate::conversation;
use crate::engine::event::Reason;
use crate::journey::Journey;
use crate::library;
use crate::product::Product;
use crate::report::follower::Follower;
use crate::report::state::{self, Standing};
use crate::report::{acknowledging, journey, say};
use crate::request::{Leg, Reply, Request, Way};

/// Feeds and plans are brought up to date for it.
const LIMIT: Duration = Duration::from_secs(90);

/// Upgrade a product stop by stop: prepare, call the package manager, finish, and on to the next one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// The version to go to; else the newest that can be reached
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// Only show the way
    #[arg(long)]
    plan: bool,
    /// Answer with JSON on stdout
    #[arg(long, requires = "plan")]
    json: bool,
    /// Do not ask, and acknowledge every note and side effect on the way
    #[arg(long)]
    yes: bool,
    /// Do not wait for the end
    #[arg(long)]
    no_wait: bool,
    /// Go no further than the upgrade that is under way
    #[arg(long, conflicts_with_all = ["to", "plan", "yes", "no_wait"])]
    stay: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee upgrade acme/erp
  sudo consignee upgrade acme/erp --plan
  sudo consignee upgrade acme/erp --plan --json
  sudo consignee upgrade acme/erp --to 2.4.0 --yes
  sudo consignee upgrade acme/erp --yes --no-wait
  sudo consignee upgrade acme/erp --stay

It may take days: what is under way goes on after a reboot, after a retry and after an
acknowledgement, and the same command typed again shows it and tries again what waits.

Exit status:
  0 it is there, or there is nothing to go to   1 it could not be done
  3 it waits for a person or a window   4 something halted   5 it goes on without you";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        if self.stay {
            self.ask(session, &Request::Stay { product: product.id.clone(), by: person::here() })?;
            session.out.page(&journey::stays(&product.id, session.language))?;
            return Ok(Exit::Done);
        }
        if is_moving(&product)? && !self.plan {
            return if self.no_wait { Ok(Exit::UnderWay) } else { watch(session, &product, None) };
        }
        let way = self.way(session)?;
        if self.plan || way.legs.is_empty() {
            return self.show(session, &way);
        }
        self.show(session, &way)?;
        self.acknowledge(session, &product, &way)?;
        let begun = Timestamp::now();
        let to = way.legs.last().map(|leg| leg.to.clone());
        self.ask(
            session,
            &Request::Upgrade { product: product.id.clone(), to, plans: Vec::new(), by: person::here() },
        )?;
        if self.no_wait { Ok(Exit::UnderWay) } else { watch(session, &product, Some(begun)) }
    }

    fn ask(&self, session: &Session, request: &Request) -> Result<Reply, Complaint> {
        match conversation::ask(&session.places, request, LIMIT)? {
            Reply::Failed { cause } => Err(Complaint::Failed(cause)),
            reply => Ok(reply),
        }
    }

    /// What is offered may have changed since the last look.
    fn way(&self, session: &Session) -> Result<Way, Complaint> {
        self.ask(session, &Request::Look { patient: true })?;
        match self.ask(session, &Request::Path { product: self.product.clone(), to: self.to.clone() })? {
            Reply::Path { way } => Ok(way),
            other => Err(Complaint::Failed(format!("cannot find the way: the service answers {other:?}"))),
        }
    }

    /// Shows the way; the exit status is that of its first upgrade.
    fn show(&self, session: &mut Session, way: &Way) -> Result<Exit, Complaint> {
        match self.json {
            true => session.out.json(&journey::WayReport::of(&self.product, way))?,
            false => session.out.page(&journey::way(&self.product, way, session.language))?,
        }
        let is_held = match way.legs.first() {
            Some(first) => !first.held.is_empty(),
            None => !way.beyond.is_empty(),
        };
        Ok(if is_held { Exit::Waits } else { Exit::Done })
    }

    /// Everything that a person has to agree to on the whole way, before the first upgrade of it begins.
    fn acknowledge(&self, session: &mut Session, product: &Product, way: &Way) -> Result<(), Complaint> {
        let (language, name) = (session.language, &product.id);
        for leg in way.legs.iter().filter(|leg| !asked(leg).is_empty()) {
            let notes = library::notes_of(&session.places, name, &leg.notes, language);
            let page = acknowledging::page(name, &asked(leg), &leg.side_effects, &notes, language);
            session.err.page(&page)?;
        }
        let to = way.legs.last().map(|leg| leg.to.to_string()).unwrap_or_default();
        if !self.yes {
            let question = match way.legs.iter().all(|leg| asked(leg).is_empty()) {
                true => say!(language, "upgrade {name} to {to}? [y/N]", "mettre {name} à niveau vers {to} ? [o/N]"),
                false => say!(
                    language,
                    "acknowledge this, and upgrade {name} to {to}? [y/N]",
                    "acquitter ceci et mettre {name} à niveau vers {to} ? [o/N]"
                ),
            };
            ask::yes(session, &question, "--yes")?;
        }
        for leg in &way.legs {
            library::acknowledge(product, &leg.to, &asked(leg), &person::here())?;
        }
        Ok(())
    }
}

/// What is acknowledged for an upgrade. A task is ticked by whoever has done it.
fn asked(leg: &Leg) -> Vec<Reason> {
    let can_be = |r: &&Reason| {
        matches!(r, Reason::NoteUnread { .. } | Reason::SideEffectUnacknowledged { .. } | Reason::TakenBack { .. })
    };
    leg.held.iter().filter(can_be).cloned().collect()
}

fn is_moving(product: &Product) -> Result<bool, Complaint> {
    let newest = product.newest()?.is_some_and(|upgrade| state::standing(&upgrade.state) == Standing::UnderWay);
    Ok(newest && Journey::is_begun(product))
}

/// Watches until it is there, or waits. `begun`: records before that are of no interest.
fn watch(session: &mut Session, product: &Product, begun: Option<Timestamp>) -> Result<Exit, Complaint> {
    let mut watched: Vec<Watched> = Vec::new();
    loop {
        // First: what the agent writes down after this is seen at the next turn.
        let going = Journey::read(product).map_err(|problem| Complaint::Unreadable(problem.to_string()))?;
        let newest = product.newest()?.filter(|upgrade| state::standing(&upgrade.state) != Standing::Waits);
        if let Some(upgrade) = newest.filter(|upgrade| is_news(&watched, product, upgrade.header.upgrade, begun)) {
            let number = upgrade.header.upgrade;
            let follower = match begun {
                Some(begun) => Follower::since(product, number, begun)?,
                None => Follower::of_finish(product, number)?,
            };
            watched = vec![Watched { product: product.clone(), follower }];
        }
        let moves = follow::show(&mut watched, session)? && !watched.is_empty();
        let stands = product.newest()?.map(|upgrade| state::standing(&upgrade.state));
        match going {
            None if !moves => return end(session, product),
            Some(going) if !moves && (!going.waits.is_empty() || stands == Some(Standing::Halted)) => {
                return end(session, product);
            }
            Some(_) if !moves && has_asked(product)? => return end(session, product),
            _ => std::thread::sleep(TURN),
        }
    }
}

/// An upgrade of the journey that is not shown yet.
fn is_news(watched: &[Watched], product: &Product, number: u32, begun: Option<Timestamp>) -> bool {
    let is_shown = watched.last().and_then(|watched| watched.follower.upgrade()).map(|shown| shown.header.upgrade);
    let records = product.replay(number).map(|replay| replay.records).unwrap_or_default();
    let is_recent = begun.is_none_or(|begun| records.last().is_some_and(|record| record.at >= begun));
    is_shown != Some(number) && is_recent
}

/// Whether an upgrade that has begun waits for a person's answer.
fn has_asked(product: &Product) -> Result<bool, Complaint> {
    let newest = product.newest()?;
    Ok(newest.is_some_and(|upgrade| upgrade.is_under_way() && state::standing(&upgrade.state) == Standing::Waits))
}

fn end(session: &mut Session, product: &Product) -> Result<Exit, Complaint> {
    let nothing = Follower::new(product, 0);
    follow::finish(&[Watched { product: product.clone(), follower: nothing }], session)
}
