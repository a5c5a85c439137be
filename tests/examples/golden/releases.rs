//! What is released, as projects: the example product in both formats, with what an rpm can say and no
//! earlier version had.

use std::path::PathBuf;

use consign_lab::{Product, Vendor, edit};

use crate::Result;

const FORMATS: &str = "revision = 1\nformats = [\"deb\", \"rpm\"]\n";
const WEAK: &str = "recommends.rpm = [\"(curl or wget)\"]\nsuggests.rpm = [\"logrotate >= 3\"]\ndepends.deb =";

/// A release of the example product.
pub fn canopsis(vendor: &Vendor, version: &'static str) -> Result<PathBuf> {
    let project = vendor.project(Product::canopsis(version))?;
    edit(&project.join("consign.toml"), &[("revision = 1\n", FORMATS), ("depends.deb =", WEAK)])?;
    Ok(project)
}
