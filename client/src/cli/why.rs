//! `consignee why`: why a product is held, refused, halted or not offered.

use std::collections::BTreeSet;

use clap::Args;
use consign_metadata::name::{PackageName, ProductId, UnitName};

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::agent::checks::{self, Found, Subject};
use crate::agent::room;
use crate::engine::event::Reason;
use crate::engine::machine::{State, Upgrade};
use crate::host::{self, PackageManager};
use crate::looked::Looked;
use crate::product::Product;
use crate::report::status::Overview;
use crate::report::why::{Known, WhyReport};
use crate::trust::Trust;

/// Why it is held, refused, halted or not offered: every cause, what is behind it, and what to type
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
  consignee why acme/erp
  sudo consignee why acme/erp   # looks at the host anew
  consignee why acme/erp --json

Exit status: as that of consignee status";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let product = session.product(&self.product)?;
        let packages = host::package_manager(&session.places);
        let overview = Overview::of(std::slice::from_ref(&product))?.with_packages(&*packages).on_host(&session.places);
        let mut report = overview.report();
        let status = report.products.remove(0);
        let upgrade = if status.problem.is_some() { None } else { product.newest()? };
        let looked = Looked::read(&product);
        let found = found(session, &product, upgrade.as_ref(), looked.as_ref(), &*packages);
        let report = WhyReport::of(Known {
            found,
            standing: status.standing,
            opens: status.upgrade.as_ref().filter(|_| is_offered(upgrade.as_ref())).and_then(|shown| shown.opens),
            kept_back: status.kept_back,
            journey: status.journey,
            gaps: report.gaps,
            problem: status.problem,
            product: product.id,
            upgrade,
            looked,
        });
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language, &session.zone))?,
        }
        Ok(report.standing.into())
    }
}

fn is_offered(upgrade: Option<&Upgrade>) -> bool {
    upgrade.is_some_and(|upgrade| matches!(upgrade.state, State::Planned | State::Held | State::Cleared))
}

/// What the host says now; of what only a look or root can find out, what the last look found.
fn found(
    session: &Session,
    product: &Product,
    upgrade: Option<&Upgrade>,
    looked: Option<&Looked>,
    packages: &dyn PackageManager,
) -> Found {
    let Some(upgrade) = upgrade.filter(|upgrade| is_offered(Some(upgrade))) else { return Found::default() };
    let to = &upgrade.header.to;
    let offer = looked.and_then(|looked| looked.offers.iter().find(|offer| offer.offered.as_ref() == Some(to)));
    let can_look = crate::host::kernel::process::is_privileged();
    let stays = |reason: &&Reason| reason.is_of_the_host() && !(can_look && checks::is_quick(reason));
    let mut found = Found::default();
    found.held.extend(room::reasons(&session.places));
    found.held.extend(offer.iter().flat_map(|offer| &offer.held).filter(stays).cloned());
    found.told.extend(offer.iter().flat_map(|offer| &offer.told).filter(stays).cloned());
    if can_look {
        let modules: Vec<PackageName> = upgrade.header.modules.iter().map(|module| module.package.clone()).collect();
        let (places, product, engines) = (&session.places, &product.id, engines(session));
        let now = Subject { places, packages, product, modules, engines }.look();
        found.held.extend(now.held);
        found.told.extend(now.told);
    }
    found
}

fn engines(session: &Session) -> BTreeSet<UnitName> {
    let installed = Trust::read(&session.places).and_then(|trust| trust.installed(&session.places));
    let plans = installed.unwrap_or_default().into_iter().filter_map(|found| found.plan.ok());
    plans.flat_map(|(plan, _)| checks::engines(&plan).collect::<Vec<_>>()).collect()
}
