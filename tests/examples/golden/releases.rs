//! What is released, as projects: the back office in three modules. The first release is what the host has, the
//! second what it is upgraded to; the third is only offered, and says everything that a plan can say of Windows.

use std::path::{Path, PathBuf};

use consign_lab::BackOffice;

use crate::Result;

/// Where hosts find the repository, if nobody has told them of a nearer one; nobody answers there.
const URL: &str = "https://packages.acme.example/windows/";
/// Where the product answers. The port is in its programs, as they were compiled then.
pub const HEALTH: &str = "28443";
/// A service of each start type.
const SERVICES: (&str, &str) = (
    "\n[[module]]\npackage = \"acme-backoffice\"\n",
    r#"
[[module.windows.service]]
name = "AcmeDumps"
program = "database.exe"
account = "virtual"
start = "automatic-delayed"

[[module.windows.service]]
name = "AcmeRepair"
program = "database.exe"
account = "LocalService"
start = "disabled"

[[module]]
package = "acme-backoffice"
"#,
);

/// Application pools, which Wine has none of.
const POOLS: (&str, &str) =
    ("install_folder = 'Acme\\WebShop'", "install_folder = 'Acme\\WebShop'\npools = [\"AcmeWebShop\"]");

/// The first one.
pub fn backoffice_4_0_0(folder: &Path) -> Result<PathBuf> {
    project(folder, "4.0.0", &[])
}

/// The one that the host is upgraded to.
pub fn backoffice_4_1_0(folder: &Path) -> Result<PathBuf> {
    project(folder, "4.1.0", &[])
}

/// The one after it, with everything.
pub fn backoffice_4_1_1(folder: &Path) -> Result<PathBuf> {
    project(folder, "4.1.1", &[SERVICES, POOLS])
}

fn project(folder: &Path, version: &str, edits: &[(&str, &str)]) -> Result<PathBuf> {
    let project = folder.join(version);
    BackOffice::write_project(&project, version, [URL, HEALTH], edits)?;
    Ok(project)
}
