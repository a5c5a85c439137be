//! The condition on the agent's flag for units whose packages do not bring it: a drop-in of the agent's
//! own, from the moment their engines are stopped until the new packages' unit files are read.
//!
//! It has the name of the packages' drop-in and lies before it in systemd's order of folders, so that there
//! is one condition and never two.

use std::fs;
use std::path::{Path, PathBuf};

use consign_metadata::name::UnitName;

use super::HostError;
use super::command::HostCommand;
use crate::durable;

const DROP_IN: &str = "50-consign.conf";
const HEAD: &str = "# Written by consignee: nothing starts this unit while an upgrade is unfinished.\n";

/// Keeps the units that are not kept already; whether there were any.
///
/// # Errors
/// [`HostError`]
pub fn set(units: &[UnitName], flag: &Path) -> Result<bool, HostError> {
    let mut written = false;
    let text = format!("{HEAD}[Unit]\nConditionPathExists=!{}\n", flag.display());
    for unit in units {
        if is_kept(unit)? {
            continue;
        }
        let path = path(unit);
        let write = fs::create_dir_all(path.parent().unwrap_or(&path))
            .and_then(|()| durable::replace(&path, text.as_bytes()))
            .and_then(|()| fs::File::open(FOLDER)?.sync_all());
        write.map_err(|cause| HostError {
            action: format!("keep {unit} from starting ({})", path.display()),
            reason: cause.to_string(),
        })?;
        written = true;
    }
    Ok(written)
}

/// Takes away those that were written here; whether there were any.
///
/// # Errors
/// [`HostError`]
pub fn lift(units: &[UnitName]) -> Result<bool, HostError> {
    let mut lifted = false;
    for unit in units {
        let path = path(unit);
        let is_ours = fs::read_to_string(&path).is_ok_and(|text| text.starts_with(HEAD));
        if !is_ours {
            continue;
        }
        durable::remove(&path)
            .map_err(|cause| HostError { action: format!("remove {}", path.display()), reason: cause.to_string() })?;
        // Only an empty one goes: the site may have drop-ins of its own there.
        let _ = path.parent().map(fs::remove_dir);
        lifted = true;
    }
    Ok(lifted)
}

const FOLDER: &str = "/etc/systemd/system";

fn path(unit: &UnitName) -> PathBuf {
    Path::new(FOLDER).join(format!("{}.d", unit.file())).join(DROP_IN)
}

/// Whether systemd has read such a drop-in for the unit.
///
/// # Errors
/// When it cannot be asked.
pub fn is_kept(unit: &UnitName) -> Result<bool, HostError> {
    let answer = HostCommand::new("systemctl").args(["show", "-p", "DropInPaths", "--", unit.as_str()]).output()?;
    Ok(String::from_utf8_lossy(&answer).contains(&format!("/{DROP_IN}")))
}
