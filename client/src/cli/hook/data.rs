//! `consignee hook data`: an engine is about to start. The service is asked only where something is wrong:
//! at boot it would else take up what was cut off before the rest of the host is there.

use std::time::Duration;

use consign_metadata::name::ProductId;

use super::super::session::{Exit, Session};
use crate::conversation;
use crate::data::{Found, Probe, Record};
use crate::host;
use crate::product::Product;
use crate::request::Request;
use crate::trust::Trust;

/// Engines are stopped meanwhile.
const LIMIT: Duration = Duration::from_secs(180);

/// Never fails: data that nobody can look at keep no engine from starting.
pub fn run(session: &Session, id: &ProductId) -> Exit {
    let product = Product::new(&session.places, id.clone());
    if differs(session, &product) {
        let asked = conversation::ask(&session.places, &Request::Data { product: id.clone(), accept: None }, LIMIT);
        if let Err(problem) = asked {
            log::error!("{problem}");
        }
    }
    Exit::Done
}

fn differs(session: &Session, product: &Product) -> bool {
    let is_at_work = product.newest().is_ok_and(|upgrade| upgrade.is_some_and(|upgrade| upgrade.is_under_way()));
    if is_at_work {
        return false;
    }
    let Ok(Some(record)) = Record::read(product) else { return false };
    let plans = Trust::read(&session.places).and_then(|trust| trust.installed(&session.places)).unwrap_or_default();
    let plan = plans.into_iter().find_map(|found| found.plan.ok().filter(|(plan, _)| plan.id() == product.id));
    let Some((plan, _)) = plan else { return false };
    let programs = host::programs();
    let probe = Probe { places: &session.places, product, plan: &plan, programs: &*programs, by: "start" };
    matches!(probe.look(), Some(Found::Version(found)) if found != record.version)
}
