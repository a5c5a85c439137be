//! `consignee plan`: the list of steps of the offered or running upgrade.

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::library::Library;
use super::session::{Exit, Session};

/// What the offered or running upgrade does: every step, its limits, and until when it can be taken back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  consignee plan acme/erp
  consignee plan acme/erp --json";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = session.product(&self.product)?;
        let report = Library::of(&session.places, &product)?.plan(&session.places)?;
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language))?,
        }
        Ok(Exit::Done)
    }
}
