//! Why a product stands as it stands, as far as the last look found: the page asks nobody on the host itself.

use crate::agent::checks::Found;
use crate::engine::journal::JournalError;
use crate::engine::machine::{State, Upgrade};
use crate::looked::Looked;
use crate::product::Product;
use crate::report::status::StatusReport;
use crate::report::why::{Known, WhyReport};

/// The report on the one product that the status is of.
///
/// # Errors
/// [`JournalError`]
pub fn of(product: &Product, mut report: StatusReport) -> Result<WhyReport, JournalError> {
    let status = report.products.remove(0);
    let upgrade = if status.problem.is_some() { None } else { product.newest()? };
    let is_offered = |upgrade: &&Upgrade| matches!(upgrade.state, State::Planned | State::Held | State::Cleared);
    let offered = upgrade.as_ref().filter(is_offered);
    let looked = Looked::read(product);
    Ok(WhyReport::of(Known {
        found: found(offered, looked.as_ref()),
        standing: status.standing,
        opens: status.upgrade.as_ref().filter(|_| offered.is_some()).and_then(|shown| shown.opens),
        kept_back: status.kept_back,
        journey: status.journey,
        gaps: report.gaps,
        problem: status.problem,
        product: product.id.clone(),
        upgrade,
        looked,
    }))
}

fn found(offered: Option<&Upgrade>, looked: Option<&Looked>) -> Found {
    let Some((upgrade, looked)) = offered.zip(looked) else { return Found::default() };
    let offer = looked.offers.iter().find(|offer| offer.offered.as_ref() == Some(&upgrade.header.to));
    let held = offer.iter().flat_map(|offer| &offer.held).filter(|reason| reason.is_of_the_host());
    let told = offer.iter().flat_map(|offer| &offer.told);
    Found { held: held.cloned().collect(), told: told.cloned().collect() }
}
