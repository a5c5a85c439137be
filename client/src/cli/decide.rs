//! `consignee resume`, `retry`, `skip`, `answer`, `rescue`: a person's decision about an upgrade that stands.

use std::time::Duration;

use clap::{Args, ValueEnum};
use consign_metadata::name::ProductId;
use consign_metadata::version::Version;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use super::{ask, person, rollback};
use crate::conversation;
use crate::engine::event;
use crate::product::Product;
use crate::report::page::{Page, Style};
use crate::report::{advice, say};
use crate::request::{Decision, Reply, Request};

/// Long enough for a service that is busy with another product.
const LIMIT: Duration = Duration::from_secs(60);
/// A retry may have to finish a package transaction first, downloads included.
const RETRY_LIMIT: Duration = Duration::from_secs(3 * 3600);

/// Let an upgrade go on for which only time was missing; what halted takes consignee retry
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sudo consignee resume acme/erp")]
pub struct Resume {
    /// The product, as vendor/product
    product: ProductId,
}

/// Try the step that failed, or the undo that failed, again
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sudo consignee retry acme/erp")]
pub struct Retry {
    /// The product, as vendor/product
    product: ProductId,
}

/// Go on after the step that failed; you answer for having done it by hand
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sudo consignee skip acme/erp\n  sudo consignee skip acme/erp --yes")]
pub struct Skip {
    /// The product, as vendor/product
    product: ProductId,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Decide about a step that was interrupted
#[derive(Debug, Args)]
#[command(after_help = ANSWERS)]
pub struct Answer {
    /// The product, as vendor/product
    product: ProductId,
    /// What to do about the step
    answer: Choice,
}

const ANSWERS: &str = "\
Examples:
  sudo consignee answer acme/erp done
  sudo consignee answer acme/erp rerun
  sudo consignee answer acme/erp undo

undo takes the upgrade back. Where that cannot be done (consignee plan says from which step on) it halts
instead, with the engines stopped: then consignee retry, skip or rescue.";

/// The answers.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Choice {
    /// The step is done, go on after it
    Done,
    /// Run the step again
    Rerun,
    /// Take the upgrade back
    Undo,
}

/// Tell the agent that you have put the host right without it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sudo consignee rescue acme/erp --version 1.5.0")]
pub struct Rescue {
    /// The product, as vendor/product
    product: ProductId,
    /// The version the data is at now; later upgrades start from it
    #[arg(long, value_name = "VERSION")]
    version: Version,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Resume {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        decide(session, &product, Decision::Resume)
    }
}

impl Retry {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        decide(session, &product, Decision::Retry)
    }
}

impl Skip {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let (language, name) = (session.language, &self.product);
        if !self.yes {
            let question = say!(
                language,
                "the step that failed is taken as done, and the engines start on what is there; type {name} to go on:",
                "l'étape en échec sera considérée comme faite et les moteurs démarreront en l'état ; tapez {name} pour continuer :"
            );
            ask::word(session, &question, &name.to_string(), "--yes")?;
        }
        decide(session, &product, Decision::Skip)
    }
}

impl Answer {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let answer = match self.answer {
            Choice::Done => event::Answer::Done,
            Choice::Rerun => event::Answer::Rerun,
            Choice::Undo => event::Answer::Undo,
        };
        decide(session, &product, Decision::Answer { answer })
    }
}

impl Rescue {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let (language, name, version) = (session.language, &self.product, &self.version);
        if !self.yes {
            let question = say!(
                language,
                "the upgrade ends here, and {name} counts as being at {version}; type {name} to go on:",
                "la mise à niveau se termine ici, et {name} sera considéré en version {version} ; tapez {name} pour continuer :"
            );
            ask::word(session, &question, &name.to_string(), "--yes")?;
        }
        decide(session, &product, Decision::Rescue { observed: version.clone() })
    }
}

/// Puts a decision to the service.
///
/// # Errors
/// [`Complaint`]
pub(super) fn decide(session: &mut Session, product: &Product, decision: Decision) -> Result<Exit, Complaint> {
    let limit = match decision {
        Decision::Retry => RETRY_LIMIT,
        Decision::Rollback { .. } => rollback::LIMIT,
        _ => LIMIT,
    };
    let request = Request::Decide { product: product.id.clone(), decision, by: person::here() };
    match conversation::ask(&session.places, &request, limit)? {
        Reply::Failed { cause } => Err(Complaint::Stands { product: product.id.clone(), cause }),
        Reply::Undecidable { upgrade } => Err(Complaint::Undecidable(upgrade)),
        _ => accepted(session, product),
    }
}

fn accepted(session: &mut Session, product: &Product) -> Result<Exit, Complaint> {
    let (mut page, language) = (Page::default(), session.language);
    page.add(
        0,
        Style::Good,
        say!(language, "understood; the agent goes on by itself", "c'est noté ; l'agent poursuit de lui-même"),
    );
    advice::show(&mut page, &[advice::follow(&product.id, language)], language);
    session.out.page(&page)?;
    Ok(Exit::Done)
}
