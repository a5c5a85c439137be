//! What had another name in earlier releases: packages and engines.
//!
//! A package that is renamed leaves a transitional package of its old name, without which a host that has
//! the old one would never be offered the new one: it is empty, needs what took its place, and goes with
//! the next `apt autoremove`.

use std::collections::BTreeMap;

use consign_metadata::name::{PackageName, UnitName, VendorName};

use super::error::Fault;
use super::module::Weak;
use super::{Module, authored};
use crate::package::Architecture;

/// The section that tells apt to keep what took the place of a package, and not the package.
const SECTION: &str = "oldlibs";
const AGENT: &str = "consignee";

impl authored::Manifest {
    /// The names that are no module any more, and the modules that took their place.
    pub(super) fn old_names(&self, vendor: &VendorName) -> Result<BTreeMap<PackageName, Vec<PackageName>>, Fault> {
        let introduction = format!("{vendor}-release");
        let mut old: BTreeMap<PackageName, Vec<PackageName>> = BTreeMap::new();
        for module in &self.modules {
            let own = module.package.get_ref();
            for name in &module.replaces {
                let (replaced, span) = (name.get_ref(), name.span());
                if replaced == own {
                    return Err(Fault::at(span, format!("{replaced} cannot replace itself"))
                        .help("name the package that had its files in an earlier release"));
                }
                if [AGENT, &introduction].contains(&replaced.as_str()) {
                    return Err(Fault::at(span, format!("{replaced} is not a package of a product")));
                }
                // A module of this release only hands files over.
                if self.modules.iter().all(|other| other.package.get_ref() != replaced) {
                    old.entry(replaced.clone()).or_default().push(own.clone());
                }
            }
        }
        Ok(old)
    }

    /// The transitional packages.
    pub(super) fn transitional(&self, vendor: &VendorName) -> Result<Vec<Module>, Fault> {
        let module = |(package, moved_to): (PackageName, Vec<PackageName>)| {
            let names: Vec<_> = moved_to.iter().map(PackageName::as_str).collect();
            Module {
                summary: format!("transitional package to {}", names.join(", ")),
                package,
                architecture: Architecture::All,
                section: SECTION.to_owned(),
                depends_deb: Vec::new(),
                depends_rpm: Vec::new(),
                recommends: Weak::default(),
                suggests: Weak::default(),
                replaces: Vec::new(),
                moved_to,
                files: Vec::new(),
                folders: Vec::new(),
                users: Vec::new(),
                units: Vec::new(),
                windows: None,
            }
        };
        Ok(self.old_names(vendor)?.into_iter().map(module).collect())
    }

    /// The old name of each engine that has a new one.
    pub(super) fn renamed_engines(&self, engines: &[UnitName]) -> Result<BTreeMap<UnitName, UnitName>, Fault> {
        let mut renamed = BTreeMap::new();
        for (new, old) in &self.product.renamed_engines {
            if !engines.contains(new) {
                return Err(Fault::at(old.span(), format!("{new} is no engine of the product"))
                    .help("the new name comes first: renamed_engines = { \"new.service\" = \"old.service\" }"));
            }
            if engines.contains(old.get_ref()) {
                return Err(Fault::at(old.span(), format!("{} is still an engine of the product", old.get_ref())));
            }
            renamed.insert(new.clone(), old.get_ref().clone());
        }
        Ok(renamed)
    }
}
