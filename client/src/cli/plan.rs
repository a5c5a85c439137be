//! `consignee plan`: the list of steps of the offered or running upgrade.

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::library::Library;

/// What the offered or running upgrade does: every step, its limits, and until when it can be taken back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
    /// Answer with a document in Markdown: the same as a procedure that a person could follow by hand
    #[arg(long, conflicts_with = "json")]
    document: bool,
}

const EXAMPLES: &str = "\
Examples:
  consignee plan acme/erp
  consignee plan acme/erp --json
  consignee plan acme/erp --document
  consignee --language fr plan acme/erp --document";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = session.product(&self.product)?;
        let library = Library::of(&session.places, &product)?;
        if self.document {
            let document = library.procedure(&session.places, &product, session.language)?;
            session.out.bytes(document.as_bytes())?;
            return Ok(Exit::Done);
        }
        let report = library.plan(&session.places)?;
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language))?,
        }
        Ok(Exit::Done)
    }
}
