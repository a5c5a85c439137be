//! What `scripts/golden` runs: makes the golden fixtures of a format version with the tree as it is.
//!
//! This tree makes version 4. What made the versions before it is in the history of this folder; the next
//! version takes this one's place. In version 4 Acme publishes the example product, valid for a few minutes,
//! with everything that body format 3 of the plan brought. A host has the first release, walks on to the
//! second, whose last step fails, and loses its power while it is taken back. `docs/golden.md` says what is
//! kept of it.
//!
//! - [`vendor`]: keys and publications
//! - [`releases`]: what is released
//! - [`host`]: the host
//! - [`documents`]: one copy of each published format on its own
//! - [`journals`]: journals with everything that is in no version before

mod documents;
mod history;
mod host;
mod journals;
mod releases;
mod vendor;

use std::path::Path;
use std::time::Duration;

use consign_lab::Lab;

use vendor::Publisher;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const VERSION: &str = "4";
const PRODUCT: &str = "acme/canopsis";
const CHANNEL: &str = "stable";
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
    let acme = Publisher::new("acme")?;
    acme.publish(&releases::canopsis_3_25_0(&acme.vendor)?)?;
    let installed = host::installed(&acme)?;
    acme.publish(&releases::canopsis_3_26_0(&acme.vendor)?)?;
    let state = host::cut_on_the_way_back(installed)?;
    acme.publish(&releases::canopsis_3_26_1(&acme.vendor)?)?;
    state.write_to(&folder.join("host"))?;
    acme.write_to(folder)?;
    documents::write(&folder.join("documents"), &state, &acme.repository())?;
    journals::write_to(&folder.join("journals"))
}
