//! `consignee history`: every upgrade, or all that happened in one.

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::library;
use crate::report::history::HistoryReport;

/// Every upgrade: when, how it ended, how long the engines stood, who had a hand in it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only this product, as vendor/product
    product: Option<ProductId>,
    /// Only this upgrade, with everything that happened
    #[arg(long, value_name = "NUMBER", requires = "product")]
    upgrade: Option<u32>,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  consignee history
  consignee history acme/erp
  consignee history acme/erp --upgrade 2
  consignee history acme/erp --json";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let products = session.products(self.product.as_ref())?;
        let mut report = HistoryReport::of(&products, self.upgrade, library::deeds)?;
        if let (Some(product), Some(_), true) = (&self.product, self.upgrade, report.upgrades.is_empty()) {
            return Err(Complaint::NoUpgrade(product.clone()));
        }
        if self.upgrade.is_none() {
            report.generations = library::generations(&session.places, &products)?;
        }
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language, &session.zone))?,
        }
        Ok(Exit::Done)
    }
}
