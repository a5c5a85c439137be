//! Whose a mirror is on this machine: one user works on it, and root too easily does instead.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PATIENCE, failed};
use crate::cli::{Failure, tell};
use crate::mirror::{Mirror, MirrorError};
use crate::store::StoreError;

/// A mirror to be worked on. Root hears of it where it is somebody else's, who could not go on with what root leaves.
pub fn claimed(folder: &Path) -> Result<Mirror, Failure> {
    if rustix::process::geteuid().is_root()
        && let Some((place, owner)) = owned(folder).filter(|(_, owner)| owner != "root")
    {
        tell(format_args!(
            "warning: {} belongs to {owner}, who may not go on with what root leaves there; better: runuser -u {owner} -- consign mirror ...",
            place.display()
        ));
    }
    Mirror::claimed(folder, PATIENCE).map_err(failed)
}

/// Whose the place is where the system let nobody in.
pub fn hint(error: &MirrorError) -> Option<String> {
    let (MirrorError::Io { place, cause, .. } | MirrorError::Store(StoreError::Io { place, cause, .. })) = error else {
        return None;
    };
    if cause.kind() != io::ErrorKind::PermissionDenied {
        return None;
    }
    let (place, owner) = owned(Path::new(place))?;
    Some(format!("{} belongs to {owner}; all of a mirror belongs to the user who works on it", place.display()))
}

/// A place, or the folder that it will be made in, and the name of its owner.
fn owned(place: &Path) -> Option<(PathBuf, String)> {
    let place = std::path::absolute(place).ok()?;
    let (place, owner) = place.ancestors().find_map(|place| Some((place.to_owned(), place.metadata().ok()?.uid())))?;
    let name = Command::new("id").args(["-nu", "--", &owner.to_string()]).output().ok()?;
    name.status.success().then_some(())?;
    Some((place, String::from_utf8(name.stdout).ok()?.trim().to_owned()))
}
