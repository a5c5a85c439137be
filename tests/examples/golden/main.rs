//! What `scripts/golden` runs: makes the golden fixtures of a format version with the tree as it is.
//!
//! This tree makes version 6. What made the versions before it is in the history of this folder; the next
//! version takes this one's place. In version 6 Acme publishes its back office for Windows with the application
//! pools of IIS that run it, signed for Windows and valid for a few minutes. `docs/golden.md` says what is kept.
//!
//! - [`signers`]: who signs for Windows, and who says when
//! - [`vendor`]: keys and publications
//! - [`releases`]: what is released
//! - [`documents`]: one copy of each published format on its own

mod documents;
mod releases;
mod signers;
mod vendor;

use std::path::Path;

use consign_lab::Lab;

use vendor::Publisher;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const VERSION: &str = "6";
const PRODUCT: &str = "acme/backoffice";
const CHANNEL: &str = "stable";

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
    for version in ["4.0.0", "4.1.0"] {
        acme.publish(&releases::backoffice(acme.work(), version)?)?;
    }
    acme.write_to(folder)?;
    documents::write(&folder.join("documents"), &acme)
}
