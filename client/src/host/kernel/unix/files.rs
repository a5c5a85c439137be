//! Owners and modes of files, and the room on their file systems.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::path::Path;

/// The unit of `st_blocks`.
const BLOCK: u64 = 512;

/// How a file is opened that is new and has these rights.
pub fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    options.mode(mode)
}

/// How a file is opened that must not be a link.
pub fn unlinked(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
}

/// Creates a folder that has at most these rights.
///
/// # Errors
/// When it is there, or cannot be made.
pub fn create_folder(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)
}

/// Creates a folder with all that is above it.
///
/// # Errors
/// When it cannot be made.
pub fn create_folders(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

/// Sets the rights of a file or folder.
///
/// # Errors
/// When they cannot be set.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Gives a new file the owner and the rights of another one.
///
/// # Errors
/// When it may not be given away.
pub fn make_alike(file: &File, other: &Metadata) -> io::Result<()> {
    fchown(file, Some(other.uid()), Some(other.gid()))?;
    file.set_permissions(other.permissions())
}

/// Makes a file or folder a user's own.
///
/// # Errors
/// When it may not be given away.
pub fn hand_over(path: &Path, owner: (u32, u32)) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    match (found.uid(), found.gid()) == owner {
        true => Ok(()),
        false => chown(path, Some(owner.0), Some(owner.1)),
    }
}

/// Gives a file another name, in the place of what has it.
///
/// # Errors
/// When it cannot be made so.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Makes what happened to the names in a folder durable.
///
/// # Errors
/// When it cannot be made so.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes what was written to a file durable.
///
/// # Errors
/// When it cannot be made so.
pub fn sync_file(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes everything durable that was written to the file system of a path; other disks are not waited for.
///
/// # Errors
/// When it cannot be made so.
pub fn sync_file_system(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(path)?)?)
}

/// The number of the user whose file it is.
pub fn owner(found: &Metadata) -> u32 {
    found.uid()
}

/// Whether it is this user's and nobody else may write it.
pub fn is_own(_path: &Path, found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0
}

/// Why a file is not to be trusted: others than root may change it. A test is its own root.
pub fn why_untrusted(_path: &Path, found: &Metadata) -> Option<String> {
    distrust(found.uid(), found.mode())
}

fn distrust(owner: u32, mode: u32) -> Option<String> {
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Some(format!("it belongs to user {owner}, not to root"));
    }
    (mode & 0o022 != 0).then(|| format!("others than root may write it (mode {:04o})", mode & 0o7777))
}

/// Why a file holds no secret: others than root may read it.
pub fn why_public(_path: &Path, found: &Metadata) -> Option<String> {
    let is_own = [0, rustix::process::geteuid().as_raw()].contains(&found.uid());
    let mode = found.mode() & 0o7777;
    (mode & 0o077 != 0 || !is_own)
        .then(|| format!("others than root may read or write it (mode {mode:04o}); chmod 600"))
}

/// How many bytes it takes on the disk.
pub fn taken(found: &Metadata) -> u64 {
    found.blocks() * BLOCK
}

/// The number of the file system that a path is on.
///
/// # Errors
/// When there is no such path.
pub fn file_system(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.dev())
}

/// How many bytes are free for root's programs on the file system of a path.
///
/// # Errors
/// When there is no such path.
pub fn free(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_may_change_is_not_trusted() {
        let own = rustix::process::geteuid().as_raw();
        assert_eq!(distrust(own, 0o100_644), None);
        assert_eq!(distrust(0, 0o100_600), None);
        assert!(distrust(own + 1, 0o100_644).unwrap().contains("not to root"));
        assert!(distrust(own, 0o100_664).unwrap().contains("(mode 0664)"));
    }
}
