//! `consignee ack`: what a person has read and accepts; the hold is lifted by the next look, which is asked for.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::{Label, ProductId};
use consign_metadata::version::Version;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use super::{ask, person};
use crate::conversation;
use crate::engine::event::Reason;
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::library::{self, Library};
use crate::product::Product;
use crate::report::acknowledging::{self, Given};
use crate::report::{say, state};
use crate::request::{Offer, Reply, Request};

/// A look reads lists and writes holds; it is not asked to hurry here.
const LIMIT: Duration = Duration::from_secs(60);

/// Acknowledge release notes and side effects, so that the upgrade is not held for them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// Only if this version is the one that is offered
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// The note on this version; may be given several times
    #[arg(long = "note", value_name = "VERSION")]
    notes: Vec<Version>,
    /// This side effect; may be given several times
    #[arg(long = "side-effect", value_name = "ID")]
    side_effects: Vec<Label>,
    /// Everything that is asked for
    #[arg(long, conflicts_with_all = ["notes", "side_effects"])]
    all: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee ack acme/erp
  sudo consignee ack acme/erp --note 1.5.0 --side-effect reset-root
  sudo consignee ack acme/erp --version 1.5.0 --all";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let (upgrade, offers) = waiting(session, &product)?;
        self.check_version(&upgrade)?;
        let chosen = self.choose(&asked_for(&upgrade))?;
        if chosen.is_empty() {
            session.out.page(&acknowledging::nothing(&product.id, &offers, session.language))?;
            return Ok(state::standing(&upgrade.state).into());
        }
        self.show(session, &product, &chosen)?;
        self.confirm(session)?;
        library::acknowledge(&product, &upgrade.header.to, &chosen, &person::here())?;
        look(session, &product, &upgrade, Given::Acknowledgement)
    }

    fn check_version(&self, upgrade: &Upgrade) -> Result<(), Complaint> {
        let header = &upgrade.header;
        match &self.version {
            Some(version) if *version != header.to => {
                Err(Complaint::OtherOffer { product: header.product.clone(), offered: header.to.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn is_explicit(&self) -> bool {
        self.all || !self.notes.is_empty() || !self.side_effects.is_empty()
    }

    /// Of what is asked for, what was named; everything where nothing was.
    fn choose(&self, asked: &[Reason]) -> Result<Vec<Reason>, Complaint> {
        if self.notes.is_empty() && self.side_effects.is_empty() {
            return Ok(asked.to_vec());
        }
        let note = |wanted: &Version| {
            asked.iter().find(|r| matches!(r, Reason::NoteUnread { version, .. } if version == wanted))
        };
        let effect = |wanted: &Label| {
            asked.iter().find(|r| matches!(r, Reason::SideEffectUnacknowledged { id, .. } if id == wanted))
        };
        let missing = |what: String| Complaint::NotAsked { what };
        let notes = self.notes.iter().map(|wanted| note(wanted).ok_or_else(|| missing(wanted.to_string())));
        let effects = self.side_effects.iter().map(|wanted| effect(wanted).ok_or_else(|| missing(wanted.to_string())));
        notes.chain(effects).map(|found| found.cloned()).collect()
    }

    fn show(&self, session: &mut Session, product: &Product, chosen: &[Reason]) -> Result<(), Complaint> {
        // The plan tells more of each; what is acknowledged is what the gate asked for, with or without it.
        let library = Library::of(&session.places, product).ok();
        let (effects, notes) = match &library {
            Some(library) => (&*library.plan.body.side_effects, library.notes(session.language, true).notes),
            None => (&[][..], Vec::new()),
        };
        session.err.page(&acknowledging::page(&product.id, chosen, effects, &notes, session.language))?;
        Ok(())
    }

    fn confirm(&self, session: &mut Session) -> Result<(), Complaint> {
        let language = session.language;
        match (session.can_answer, self.yes) {
            (true, true) => Ok(()),
            (true, false) => {
                let question = say!(language, "acknowledge this? [y/N]", "acquitter ceci ? [o/N]");
                ask::yes(session, &question, "--all")
            }
            (false, _) if self.is_explicit() => Ok(()),
            (false, _) => Err(Complaint::Unconfirmed { option: "--note, --side-effect, --all" }),
        }
    }
}

/// The newest upgrade. Where none is under way and nothing is asked for, the look after the lists were updated
/// may have been cut short, so another one comes first, with what it found.
fn waiting(session: &Session, product: &Product) -> Result<(Upgrade, Vec<Offer>), Complaint> {
    let (mut newest, mut offers) = (product.newest()?, Vec::new());
    if newest.as_ref().is_none_or(|upgrade| !upgrade.is_under_way() && asked_for(upgrade).is_empty()) {
        offers = offered(session, product).unwrap_or_default();
        newest = product.newest()?;
    }
    Ok((newest.ok_or_else(|| Complaint::NoUpgrade(product.id.clone()))?, offers))
}

/// What a look finds for the product; `None` where the service could not look.
fn offered(session: &Session, product: &Product) -> Option<Vec<Offer>> {
    match conversation::ask(&session.places, &Request::Look { patient: true }, LIMIT) {
        Ok(Reply::Looked { offers, .. }) => Some(offers.into_iter().filter(|o| o.product == product.id).collect()),
        Ok(_) | Err(_) => None,
    }
}

fn asked_for(upgrade: &Upgrade) -> Vec<Reason> {
    let reasons = match &upgrade.state {
        State::Halted { cause: HaltCause::Unsatisfied { reasons }, .. } => reasons,
        _ => upgrade.reasons(),
    };
    let can_be = |r: &&Reason| {
        matches!(r, Reason::NoteUnread { .. } | Reason::SideEffectUnacknowledged { .. } | Reason::TakenBack { .. })
    };
    reasons.iter().filter(can_be).cloned().collect()
}

/// Has the service look again, and says what is offered now.
///
/// # Errors
/// Those of the output.
pub(super) fn look(
    session: &mut Session,
    product: &Product,
    upgrade: &Upgrade,
    given: Given,
) -> Result<Exit, Complaint> {
    let language = session.language;
    if matches!(upgrade.state, State::Halted { .. }) {
        session.out.page(&acknowledging::after_a_halt(&product.id, given, language))?;
        return Ok(Exit::Halted);
    }
    let Some(ours) = offered(session, product) else {
        session.out.page(&acknowledging::not_looked(given, language))?;
        return Ok(Exit::Waits);
    };
    let held = ours.iter().any(|offer| !offer.held.is_empty());
    session.out.page(&acknowledging::looked(&ours, given, language))?;
    Ok(if held { Exit::Waits } else { Exit::Done })
}
