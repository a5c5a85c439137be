//! What the package says it is, and what it takes the place of.

use std::collections::BTreeSet;

use consign_metadata::msi::Tables;

use super::{Faults, rows};
use crate::package::msi::identity::Guid;
use crate::package::msi::version;

const WANTED: [&str; 7] =
    ["ProductCode", "ProductVersion", "ProductName", "ProductLanguage", "Manufacturer", "UpgradeCode", "ALLUSERS"];

pub fn look(tables: &Tables, faults: &mut Faults) {
    let property = |name: &str| tables.property(name).unwrap_or_default().to_owned();
    for name in WANTED.iter().filter(|name| tables.property(name).is_none()) {
        faults.add("ICE24", format!("there is no property {name}"));
    }
    for name in ["ProductCode", "UpgradeCode"] {
        if property(name).parse::<Guid>().is_err() {
            faults.add("ICE24", format!("{name}, {:?}, is no identity", property(name)));
        }
    }
    if version::typed(&property("ProductVersion")).is_err() {
        faults.add("ICE24", format!("ProductVersion, {:?}, is no version", property("ProductVersion")));
    }
    if property("ALLUSERS") != "1" {
        faults.add("ICE43", "it is not installed for the whole host");
    }
    upgrades(tables, &property("UpgradeCode"), faults);
    names(tables, faults);
    let media = tables.column("Media", "DiskId");
    if media != ["1"] {
        faults.add("ICE71", format!("its only disk has not the number 1: {media:?}"));
    }
}

fn upgrades(tables: &Tables, own: &str, faults: &mut Faults) {
    let secure: BTreeSet<_> =
        tables.property("SecureCustomProperties").unwrap_or_default().split(';').map(str::to_owned).collect();
    let upgrades = rows(tables, "Upgrade", ["UpgradeCode", "ActionProperty"]);
    if !upgrades.iter().any(|[code, _]| code == own) {
        faults.add("ICE74", "it takes the place of no version of its own");
    }
    for [_, property] in upgrades.iter().filter(|[_, property]| !secure.contains(property)) {
        faults.add("ICE61", format!("{property} is not among SecureCustomProperties"));
    }
}

/// A folder is a property, too.
fn names(tables: &Tables, faults: &mut Faults) {
    let folders: BTreeSet<_> = tables.column("Directory", "Directory").into_iter().collect();
    for name in tables.column("Property", "Property").iter().filter(|name| folders.contains(*name)) {
        faults.add("ICE99", format!("{name} is a folder and a property"));
    }
    for [folder, parent] in rows(tables, "Directory", ["Directory", "Directory_Parent"]) {
        if parent.is_empty() && folder != "TARGETDIR" {
            faults.add("ICE07", format!("the folder {folder} is in none"));
        }
    }
}
