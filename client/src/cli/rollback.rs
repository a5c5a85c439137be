//! `consignee rollback`: the newest upgrade is taken back, packages and data.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use super::{ask, decide, person};
use crate::going_back::GoingBack;
use crate::host;
use crate::product::Product;
use crate::report::{going_back, say};
use crate::request::Decision;

/// The backup is read again before anything is stopped, which may take long.
pub const LIMIT: Duration = Duration::from_secs(3 * 3600);

/// Take the newest upgrade back: the packages and the data of before
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Rollback {
    /// The product, as vendor/product
    product: ProductId,
    /// What was written since the product served again may be lost
    #[arg(long)]
    accept_data_loss: bool,
    /// Only say whether it can be taken back, and what would be lost
    #[arg(long, conflicts_with_all = ["accept_data_loss", "yes"])]
    check: bool,
    /// With --check: as JSON
    #[arg(long, requires = "check")]
    json: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee rollback acme/erp --check
  sudo consignee rollback acme/erp
  sudo consignee rollback acme/erp --accept-data-loss --yes
Exit status:
  0 it is under way   1 it cannot be   3 it would lose data, which nobody accepted
  with --check: 0 it can be, and nothing is lost   1 it cannot be
  3 it can be, and what was written since would be lost";

impl Rollback {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = session.product(&self.product)?;
        let looked = self.look(session, &product)?;
        if self.check {
            return self.answer(session, &product, &looked);
        }
        person::must_be_root()?;
        if !looked.is_possible() {
            session.err.page(&going_back::page(&product.id, &looked, session.language, &session.zone))?;
            return Ok(Exit::Failed);
        }
        if looked.loses_since.is_some() && !self.accept_data_loss {
            session.err.page(&going_back::page(&product.id, &looked, session.language, &session.zone))?;
            return Ok(Exit::Waits);
        }
        self.confirm(session, &product, &looked)?;
        decide::decide(session, &product, Decision::Rollback { accepts_data_loss: self.accept_data_loss })
    }

    fn look(&self, session: &Session, product: &Product) -> Result<GoingBack, Complaint> {
        let packages = host::package_manager(&session.places);
        GoingBack::of(product, &*packages)?.ok_or_else(|| Complaint::NoUpgrade(product.id.clone()))
    }

    fn answer(&self, session: &mut Session, product: &Product, looked: &GoingBack) -> Result<Exit, Complaint> {
        match self.json {
            true => session.out.json(looked)?,
            false => session.out.page(&going_back::page(&product.id, looked, session.language, &session.zone))?,
        }
        Ok(match (looked.is_possible(), looked.loses_since) {
            (false, _) => Exit::Failed,
            (true, Some(_)) => Exit::Waits,
            (true, None) => Exit::Done,
        })
    }

    fn confirm(&self, session: &mut Session, product: &Product, looked: &GoingBack) -> Result<(), Complaint> {
        if self.yes {
            return Ok(());
        }
        session.err.page(&going_back::page(&product.id, looked, session.language, &session.zone))?;
        let (language, name) = (session.language, &product.id);
        let question = say!(language, "type {name} to go back:", "tapez {name} pour revenir en arrière :");
        ask::word(session, &question, &name.to_string(), "--yes")
    }
}
