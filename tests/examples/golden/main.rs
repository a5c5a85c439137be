//! What `scripts/golden` runs: makes the golden fixtures of a format version with the tree as it is.
//!
//! This tree makes version 5. What made the versions before it is in the history of this folder; the next
//! version takes this one's place. In version 5 Acme publishes its back office for Windows, signed for it and
//! valid for a few minutes. A Windows of Wine's has the first release; the second cannot replace a file that
//! somebody has open, is finished after a restart, and the power goes while its migration runs. `docs/golden.md`
//! says what is kept of it.
//!
//! - [`signers`]: who signs for Windows, and who says when
//! - [`vendor`]: keys and publications
//! - [`releases`]: what is released
//! - [`host`]: the host
//! - [`documents`]: one copy of each published format on its own
//! - [`mirror`]: what a mirror knows of itself

mod documents;
mod host;
mod mirror;
mod releases;
mod signers;
mod vendor;

use std::path::Path;
use std::time::Duration;

use consign_lab::Lab;

use vendor::Publisher;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const VERSION: &str = "5";
const PRODUCT: &str = "acme/backoffice";
const CHANNEL: &str = "stable";
const PATIENCE: Duration = Duration::from_secs(180);

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
    let acme = Publisher::new("acme")?;
    acme.publish(&releases::backoffice_4_0_0(acme.work())?)?;
    let wine = host::installed(&acme)?;
    acme.publish(&releases::backoffice_4_1_0(acme.work())?)?;
    host::cut_in_mid_upgrade(&wine, &acme, folder)?;
    acme.publish(&releases::backoffice_4_1_1(acme.work())?)?;
    acme.write_to(folder)?;
    documents::write(&folder.join("documents"), folder, &acme)?;
    mirror::write(&folder.join("documents"), &acme)
}
