//! Whose a mirror is on this machine: one user works on it, and root too easily does instead.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{PATIENCE, failed};
use crate::cli::{Failure, tell};
use crate::mirror::{Mirror, MirrorError};
use crate::store::StoreError;

/// What to do where the system let nobody in.
pub const HINT: &str = "all of a mirror belongs to the user who works on it; what root left there is found by: \
                        find FOLDER -user root, and given back by chown";

/// A mirror to be worked on. Root hears of it where it is somebody else's, who could not go on with what root writes.
pub fn claimed(folder: &Path) -> Result<Mirror, Failure> {
    if rustix::process::geteuid().is_root()
        && let Some((place, owner)) = owned(folder).filter(|(_, owner)| *owner != 0)
    {
        let (place, user) = (place.display(), name(owner).unwrap_or_else(|| owner.to_string()));
        tell(format_args!(
            "warning: {place} belongs to {user}, who cannot go on with what root writes there; better: runuser -u {user} -- consign mirror ..."
        ));
    }
    Mirror::claimed(folder, PATIENCE).map_err(failed)
}

/// Whether the system let nobody in.
pub fn is_closed(error: &MirrorError) -> bool {
    matches!(error, MirrorError::Io { cause, .. } | MirrorError::Store(StoreError::Io { cause, .. })
        if cause.kind() == io::ErrorKind::PermissionDenied)
}

/// A folder, or the one that it will be made in, and the number of its owner.
fn owned(folder: &Path) -> Option<(PathBuf, u32)> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().find_map(|place| Some((place.to_owned(), place.metadata().ok()?.uid())))
}

/// The name of a user of this machine itself; those of a directory service keep their number.
fn name(user: u32) -> Option<String> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}
