//! `consignee data`: the version that the data is at, and a person's word that it is right.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::ProductId;

use super::complaint::Complaint;
use super::session::{Exit, Session};
use super::{ask, person};
use crate::conversation;
use crate::data::Record;
use crate::product::Product;
use crate::report::data::DataReport;
use crate::report::say;
use crate::request::{Reply, Request};

/// The longest that a probe may take, and engines that are started again.
const LIMIT: Duration = Duration::from_secs(600);

/// Look at the version that the data is at, or accept it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The product, as vendor/product
    product: ProductId,
    /// Take the version that is found now for the right one, and let the engines start on it
    #[arg(long)]
    accept: bool,
    /// Do not ask
    #[arg(long, requires = "accept")]
    yes: bool,
    /// Answer with JSON on stdout
    #[arg(long, conflicts_with = "accept")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee data acme/erp
  sudo consignee data acme/erp --json
  sudo consignee data acme/erp --accept

Exit status:
  0 the data is at the version that was last seen   1 nobody could look
  4 it is at another one";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let product = session.product(&self.product)?;
        let mut report = look(session, &product, false)?;
        if self.accept {
            if let (Some(found), false) = (&report.found, self.yes) {
                confirm(session, &self.product, found)?;
            }
            report = look(session, &product, true)?;
        }
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language, &session.zone))?,
        }
        Ok(match (&report.failure, report.differs()) {
            (Some(_), _) => Exit::Failed,
            (None, true) => Exit::Halted,
            (None, false) => Exit::Done,
        })
    }
}

fn confirm(session: &mut Session, product: &ProductId, found: &str) -> Result<(), Complaint> {
    let question = say!(
        session.language,
        "the data of {product} is at {found}, and the engines will start on it; type {product} to go on:",
        "les données de {product} sont en version {found}, et les moteurs démarreront dessus ; tapez {product} pour continuer :"
    );
    ask::word(session, &question, &product.to_string(), "--yes")
}

fn look(session: &Session, product: &Product, accept: bool) -> Result<DataReport, Complaint> {
    let request = Request::Data { product: product.id.clone(), accept: accept.then(person::here) };
    let (found, failure) = match conversation::ask(&session.places, &request, LIMIT)? {
        Reply::Data { found, failure } => (found, failure),
        Reply::Failed { cause } => return Err(Complaint::Failed(cause)),
        other => return Err(Complaint::Failed(format!("cannot understand the answer {other:?}"))),
    };
    let record = Record::read(product).map_err(|error| Complaint::Unreadable(error.to_string()))?;
    Ok(DataReport::new(product, record, found, failure))
}
