//! `consignee log`: the journal of an upgrade and all that its steps wrote, in one reading order.

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::follow::{self, TURN, Watched};
use super::session::{Exit, Session};
use crate::report::follower::Follower;
use crate::report::logbook::Logbook;

/// Everything that happened in an upgrade, with all that its steps wrote, in the order in which it happened
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// This upgrade [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    upgrade: Option<u32>,
    /// Only this step, by its name or its place in the list
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Go on with what happens from now on
    #[arg(long, conflicts_with_all = ["step", "json"])]
    follow: bool,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  consignee log acme/erp
  consignee log acme/erp --upgrade 2 --step init
  consignee log acme/erp --follow
  consignee log acme/erp --json";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = session.product(&self.product)?;
        let numbers = product.upgrades().map_err(|cause| Complaint::Unreadable(cause.to_string()))?;
        let number = self.upgrade.or(numbers.last().copied()).filter(|number| numbers.contains(number));
        let number = number.ok_or_else(|| Complaint::NoUpgrade(product.id.clone()))?;
        let logbook = Logbook::of(&product, number, self.step.as_deref())?;
        if let Some(step) = self.step.as_ref().filter(|_| logbook.entries.is_empty()) {
            let steps = logbook.steps().into_iter().map(str::to_owned).collect();
            return Err(Complaint::NoStep { product: product.id, step: step.clone(), steps });
        }
        match self.json {
            true => session.out.json(&logbook)?,
            false => session.out.page(&logbook.page(session.language, &session.zone))?,
        }
        if !self.follow {
            return Ok(Exit::Done);
        }
        let follower = Follower::after(&product, number, logbook.entries.len())?;
        let mut watched = [Watched { product, follower }];
        while follow::show(&mut watched, session)? {
            std::thread::sleep(TURN);
        }
        follow::finish(&watched, session)
    }
}
