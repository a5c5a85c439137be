//! Whether the add-ons of the product can go along, and whether an add-on fits its base.
//!
//! An installed add-on is a reason to hold when nobody allowed it to join: the product would come up at its
//! new version with an add-on that was not migrated. The site allows it, or says that it is to be ignored.

use consign_metadata::name::ProductId;
use consign_metadata::plan::UpgradePlan;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::add_on::{AddOn, Permission};
use crate::engine::event::Reason;
use crate::site;

/// The gate.
pub struct AddOns;

impl Gate for AddOns {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        // A new packaging of the same version changes nothing between them.
        if *case.from == case.plan.envelope.version {
            return Ok(Verdict::Pass);
        }
        let relations = case.relations;
        let mut reasons: Vec<Reason> = relations.torn.iter().map(torn).collect();
        reasons.extend(relations.add_ons.iter().flat_map(|add_on| of_add_on(case, add_on)));
        if let (Some(joins), Some(version)) = (&case.plan.body.joins, &relations.base)
            && !joins.versions.contains(version)
        {
            let (base, supports) = (joins.product.clone(), joins.versions.clone());
            reasons.push(Reason::BaseUnsupported { base, version: version.clone(), supports });
        }
        Ok(Verdict::refuse(reasons))
    }
}

fn torn(add_on: &ProductId) -> Reason {
    Reason::Unverified { what: add_on.to_string(), cause: "its packages are not all of one release".to_owned() }
}

fn of_add_on(case: &Case<'_>, add_on: &AddOn) -> Vec<Reason> {
    let (id, version) = (add_on.plan.id(), add_on.plan.envelope.version.clone());
    match add_on.permission {
        // The gate of the site's choices says what is wrong with its file.
        Err(_) | Ok(Permission::Ignored) => Vec::new(),
        Ok(Permission::Denied) => {
            vec![Reason::AddOnNotAllowed { add_on: id, version, primary: add_on.primary.clone() }]
        }
        Ok(Permission::Allowed) => {
            let fits = [unsupported(add_on, &case.plan.envelope.version), no_point(add_on, case.plan)];
            let choices = site::options(case.places, &add_on.plan).err();
            let choices = choices.map(|error| Reason::Site { problem: error.to_string() });
            fits.into_iter().chain([choices]).flatten().collect()
        }
    }
}

fn unsupported(add_on: &AddOn, to: &consign_metadata::version::Version) -> Option<Reason> {
    let joins = add_on.plan.body.joins.as_ref().filter(|joins| !joins.versions.contains(to))?;
    let (id, version) = (add_on.plan.id(), add_on.plan.envelope.version.clone());
    Some(Reason::AddOnUnsupported { add_on: id, version, supports: joins.versions.clone() })
}

fn no_point(add_on: &AddOn, base: &UpgradePlan) -> Option<Reason> {
    let point = add_on.missing_point(base)?.clone();
    Some(Reason::AddOnNoPoint { add_on: add_on.plan.id(), version: add_on.plan.envelope.version.clone(), point })
}
