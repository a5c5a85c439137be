//! `consignee hook preinst`, `arrive`, `remove`, `purge`: what the scripts of our own packages report.

use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::name::{PackageName, ProductId};

use super::super::complaint::Complaint;
use super::super::person;
use super::super::session::{Exit, Session};
use super::barrier;
use crate::conversation::{self, NoAnswer};
use crate::report::offers::Refused;
use crate::request::{Reply, Request};

/// Longer than any plan may take to stop its engines.
const LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

pub fn preinst(
    session: &mut Session,
    product: ProductId,
    package: PackageName,
    plan: PathBuf,
    before: Option<String>,
) -> Result<Exit, Complaint> {
    // Paths in maintainer scripts are relative to where dpkg calls them.
    let plan = std::path::absolute(&plan).unwrap_or(plan);
    let request = Request::Preinst { product, package, plan, before, attended: person::is_there() };
    match barrier::verdict(session, &request, Refused::Package) {
        // The hook has words of its own for a host without the service.
        Err(Complaint::NoAnswer(NoAnswer::Unreachable(_) | NoAnswer::Ended)) => Ok(Exit::Unreachable),
        verdict => verdict,
    }
}

pub fn arrive(
    session: &mut Session,
    product: ProductId,
    package: PackageName,
    archive: Option<PathBuf>,
) -> Result<Exit, Complaint> {
    told(session, &Request::Arrive { product, package, archive, attended: person::is_there() })
}

pub fn remove(session: &mut Session, product: ProductId, package: PackageName) -> Result<Exit, Complaint> {
    told(session, &Request::Remove { product, package })
}

pub fn purge(session: &mut Session, product: ProductId, package: PackageName) -> Result<Exit, Complaint> {
    told(session, &Request::Purge { product, package })
}

fn told(session: &Session, request: &Request) -> Result<Exit, Complaint> {
    match conversation::ask(&session.places, request, LIMIT) {
        Ok(Reply::Failed { cause }) => Err(Complaint::Failed(cause)),
        Ok(_) => Ok(Exit::Done),
        Err(NoAnswer::Unreachable(_) | NoAnswer::Ended) => Ok(Exit::Unreachable),
        Err(error) => Err(error.into()),
    }
}
