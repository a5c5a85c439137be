//! What `scripts/golden` runs: makes the golden fixtures of a format version with the tree as it is.
//!
//! A vendor publishes three releases of the example product, valid for a few minutes; a host installs the
//! first and loses its power in the middle of the second. `docs/golden.md` says what is kept of it.

mod documents;
mod histories;
mod host;
mod vendor;

use std::path::Path;
use std::time::Duration;

use consign_lab::Lab;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const PRODUCT: &str = "acme/canopsis";
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<()> {
    let version = std::env::args().nth(1).ok_or("which format version?")?;
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
    let vendor = vendor::Publisher::new()?;
    vendor.release("3.25.0")?;
    let site = host::installed(&vendor)?;
    vendor.release("3.26.0")?;
    let state = host::cut_in_mid_upgrade(site)?;
    vendor.release("3.26.1")?;
    vendor.write_to(folder)?;
    state.write_to(&folder.join("host"))?;
    documents::write_to(&folder.join("documents"), &state, &vendor.repository())?;
    histories::write_to(&folder.join("journals"))
}
