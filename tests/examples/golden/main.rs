//! What `scripts/golden` runs: makes the golden fixtures of a format version with the tree as it is.
//!
//! This tree makes version 2. What made version 1 is in the history of this folder; the next version
//! takes this one's place. In version 2 two vendors publish, valid for a few minutes: Acme the example
//! product, with everything that body format 2 of the plan brought, and Globex an add-on of it. A host has
//! the first release of each, is upgraded to the second of both in one run, and loses its power while the
//! add-on's step is at work. `docs/golden.md` says what is kept of it.
//!
//! - [`vendor`]: keys and publications
//! - [`releases`]: what the two vendors release
//! - [`host`]: the host
//! - [`documents`]: one copy of each published format on its own
//! - [`journals`]: journals with everything that is not in version 1

mod documents;
mod history;
mod host;
mod journals;
mod releases;
mod vendor;

use std::path::Path;
use std::time::Duration;

use consign_lab::{Lab, Release};

use vendor::Publisher;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const VERSION: &str = "2";
const BASE: &str = "acme/canopsis";
const ADD_ON: &str = "globex/snmp";
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<()> {
    let version = std::env::args().nth(1).ok_or("which format version?")?;
    if version != VERSION {
        return Err(format!("this tree makes version {VERSION}, not {version}").into());
    }
    let goal = Lab::repository().join("tests/golden").join(&version);
    if goal.exists() {
        return Err(format!("{} is there: golden fixtures are never made again", goal.display()).into());
    }
    // Beside target, so that it can be renamed: half a fixture is never there under its name.
    let making = Lab::repository().join("target/golden");
    if making.exists() {
        fs_err::remove_dir_all(&making)?;
    }
    fs_err::create_dir_all(&making)?;
    make(&making)?;
    fs_err::create_dir_all(goal.parent().unwrap_or(&goal))?;
    Ok(fs_err::rename(&making, &goal)?)
}

fn make(folder: &Path) -> Result<()> {
    let acme = Publisher::new("acme")?.for_release(Release::Trixie);
    let globex = Publisher::new("globex")?;
    let primary = globex.primary()?;
    acme.publish(&releases::canopsis_3_25_0(&acme.vendor)?)?;
    globex.publish(&releases::snmp(&globex.vendor, "1.0.0")?)?;
    let installed = host::installed(&acme, &globex)?;
    acme.publish(&releases::canopsis_3_26_0(&acme.vendor, &primary)?)?;
    globex.publish(&releases::snmp(&globex.vendor, "2.0.0")?)?;
    let state = host::cut_in_mid_upgrade(installed)?;
    acme.publish(&releases::canopsis_3_26_1(&acme.vendor, &primary)?)?;
    state.write_to(&folder.join("host"))?;
    let add_on = folder.join("add-on");
    for (vendor, product, to) in [(&acme, BASE, folder), (&globex, ADD_ON, &add_on)] {
        vendor.write_to(to)?;
        documents::write_published(&to.join("documents"), &state, &vendor.repository(), product, vendor.channel())?;
    }
    documents::write_kept(&folder.join("documents"), &state)?;
    journals::write_to(&folder.join("journals"))
}
