//! Add-ons: which may join, at which points; and what the product joins, where it is one itself.

use std::collections::BTreeSet;

use consign_metadata::add_on::{AllowedAddOn, JoinedStep, Joins};
use consign_metadata::name::{Label, ProductId};
use consign_metadata::plan::{RESERVED_STEP_NAMES, Step};

use super::authored::{self, Point};
use super::command::Known;
use super::error::Fault;
use super::project::Strictness;
use super::spanned::Spanned;
use super::steps;

impl Point {
    /// Every point that there can be, in the order of an upgrade.
    pub(super) const ALL: [Self; 2] = [Self::BeforeStart, Self::AfterStart];

    /// The name by which plans refer to it.
    pub(super) fn name(self) -> Label {
        let name = match self {
            Self::BeforeStart => "before-start",
            Self::AfterStart => "after-start",
        };
        name.parse().expect("it is a name")
    }
}

/// What a manifest says of add-ons.
#[derive(Debug, Clone, Default)]
pub struct AddOns {
    /// Those that may join.
    pub allowed: Vec<AllowedAddOn>,
    /// What this product joins.
    pub joins: Option<Joins>,
    points: BTreeSet<Point>,
}

impl AddOns {
    pub(super) fn of(
        manifest: &authored::Manifest,
        id: &ProductId,
        known: &Known<'_>,
        strictness: Strictness,
    ) -> Result<Self, Fault> {
        // Whoever names an add-on wants it to join somewhere.
        let all = || if manifest.add_ons.is_empty() { BTreeSet::new() } else { Point::ALL.into() };
        let points = manifest.product.add_on_points.clone().unwrap_or_else(all);
        for step in &manifest.steps {
            let name = step.name.get_ref();
            if let Some(point) = &step.point {
                return Err(Fault::at(point.span(), "only a [[joins.step]] has a point")
                    .help("the product's own steps run after the packages and before the start"));
            }
            if points.iter().any(|point| point.name() == *name) {
                return Err(Fault::at(step.name.span(), format!("{:?} is the name of a point", name.as_str())));
            }
        }
        Ok(Self {
            allowed: allowed(&manifest.add_ons, id)?,
            joins: manifest.joins.as_ref().map(|joins| joins.validate(id, known, strictness)).transpose()?,
            points,
        })
    }

    /// The item of the list that stands for a point, where the product has it.
    pub(super) fn at(&self, point: Point) -> Option<Step> {
        self.points.contains(&point).then(|| Step::AddOns { point: point.name() })
    }
}

fn allowed(add_ons: &[authored::AddOn], id: &ProductId) -> Result<Vec<AllowedAddOn>, Fault> {
    let mut seen = BTreeSet::from([id]);
    let mut allowed = Vec::new();
    for add_on in add_ons {
        let product = add_on.product.get_ref();
        if !seen.insert(product) {
            return Err(Fault::at(add_on.product.span(), format!("{product} is named twice, or is this product")));
        }
        let (primary, versions) = (add_on.primary.clone(), add_on.versions.clone());
        allowed.push(AllowedAddOn { product: product.clone(), primary, versions });
    }
    Ok(allowed)
}

impl authored::Joins {
    fn validate(&self, id: &ProductId, known: &Known<'_>, strictness: Strictness) -> Result<Joins, Fault> {
        if self.product.get_ref() == id {
            return Err(Fault::at(self.product.span(), "a product cannot join itself"));
        }
        let point = |step: &authored::Step| match &step.point {
            Some(point) if RESERVED_STEP_NAMES.contains(&point.get_ref().as_str()) => {
                let message = format!("{:?} is the name of a built-in step, not of a point", point.get_ref().as_str());
                Err(Fault::at(point.span(), message).help("the plan of the base says which points there are"))
            }
            Some(point) => Ok(point.get_ref().clone()),
            None => Ok(Point::BeforeStart.name()),
        };
        let runs = steps::validate(&self.steps, known, strictness)?;
        let more =
            |step: &authored::Step| step.until.as_ref().map(Spanned::span).or(step.scripts.as_ref().map(Spanned::span));
        if let Some(place) = self.steps.iter().find_map(more) {
            return Err(Fault::at(place, "a joined step is one program that runs to its end"));
        }
        let joined = self.steps.iter().zip(runs).map(|(step, run)| Ok(JoinedStep { point: point(step)?, run }));
        let steps = joined.collect::<Result<_, Fault>>()?;
        Ok(Joins { product: self.product.get_ref().clone(), versions: self.versions.clone(), steps })
    }
}
