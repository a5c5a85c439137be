//! `consignee notes`: the release notes between what is installed and what is offered.

use clap::Args;
use consign_metadata::name::ProductId;
use consign_metadata::version::Version;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::library::Library;

/// The release notes between what is installed and what is offered
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// Only the note on this version
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "all")]
    only: Option<Version>,
    /// Every note that came with the release, also those on older versions
    #[arg(long)]
    all: bool,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  consignee notes acme/erp
  consignee notes acme/erp --version 1.5.0
  consignee notes acme/erp --all --json
  consignee --language fr notes acme/erp";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = session.product(&self.product)?;
        let library = Library::of(&session.places, &product)?;
        let mut report = library.notes(session.language, self.all || self.only.is_some());
        if let Some(version) = &self.only {
            report.notes.retain(|note| note.version == *version);
        }
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language))?,
        }
        Ok(Exit::Done)
    }
}
