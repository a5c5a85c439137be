//! Owners and access lists of files, and the room on their volumes.
//!
//! A mode has no counterpart: a folder of the agent's is closed by the list of the one above it, which is set when
//! the state is first made ([`super::folders::prepare`]), and a file inherits it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use consignee_win32::{files, security};

/// `FILE_FLAG_OPEN_REPARSE_POINT` of winbase.h.
const NOT_FOLLOWED: u32 = 0x0020_0000;
/// What a file takes on NTFS, in bytes, is whole clusters of this size as a rule.
const CLUSTER: u64 = 4096;
/// How long whoever reads a file is waited for, and how often it is looked.
const READERS: Duration = Duration::from_secs(5);
const TURN: Duration = Duration::from_millis(20);

/// How a file is opened that is new; its rights are those of its folder.
pub fn with_mode(options: &mut OpenOptions, _mode: u32) -> &mut OpenOptions {
    options
}

/// How a file is opened that must not be a link.
pub fn unlinked(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(NOT_FOLLOWED)
}

/// Creates a folder; one that is for its owner alone is closed to everybody else.
///
/// # Errors
/// When it is there, or cannot be made.
pub fn create_folder(path: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir(path)?;
    set_mode(path, mode)
}

/// Creates a folder with all that is above it.
///
/// # Errors
/// When it cannot be made.
pub fn create_folders(path: &Path, _mode: u32) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Closes a file or folder to all but the system and administrators, where others have no rights in the mode.
///
/// # Errors
/// When its access list cannot be set.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    if mode & 0o077 == 0 { security::protect(path, security::PRIVATE) } else { Ok(()) }
}

/// A new file inherits what its folder says; so did the other one.
///
/// # Errors
/// None.
pub fn make_alike(_file: &File, _other: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Nothing is handed over: programs of a plan run as the system here.
///
/// # Errors
/// None.
pub fn hand_over(_path: &Path, _owner: (u32, u32)) -> io::Result<()> {
    Ok(())
}

/// Gives a file another name, in the place of what has it. While somebody reads the old one Windows refuses, so it is
/// tried again.
///
/// # Errors
/// When somebody has it open for longer, or anything else fails.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let deadline = Instant::now() + READERS;
    loop {
        match fs::rename(from, to) {
            Err(cause) if is_in_use(&cause) && Instant::now() < deadline => std::thread::sleep(TURN),
            done => return done,
        }
    }
}

/// `ERROR_ACCESS_DENIED`, which is also what is said of a file that somebody reads, and `ERROR_SHARING_VIOLATION`.
fn is_in_use(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(5 | 32))
}

/// NTFS writes the names of a folder to its log by itself, in order; a folder cannot be opened to be synced.
///
/// # Errors
/// None.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes what was written to a file durable, which takes the right to write it.
///
/// # Errors
/// When it cannot be made so.
pub fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// A volume can be flushed by administrators only as a device: what is restored is synced file by file.
///
/// # Errors
/// When a file cannot be synced.
pub fn sync_file_system(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return fs::read_dir(path)?.try_for_each(|entry| sync_file_system(&entry?.path()));
    }
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// Users have no numbers here.
pub fn owner(_found: &Metadata) -> u32 {
    0
}

/// Whether nobody but the system, administrators and this user may change it.
pub fn is_own(path: &Path, _found: &Metadata) -> bool {
    matches!(security::who_else_changes(path), Ok(None))
}

/// Why a file is not to be trusted: others than administrators may change it.
pub fn why_untrusted(path: &Path, _found: &Metadata) -> Option<String> {
    match security::who_else_changes(path) {
        Ok(who) => who.map(|who| format!("others than administrators may write it ({who})")),
        Err(cause) => Some(format!("nobody can tell who may write it ({cause})")),
    }
}

/// Why a file holds no secret: others than administrators may read it.
pub fn why_public(path: &Path, _found: &Metadata) -> Option<String> {
    match security::who_else_reads(path) {
        Ok(who) => who.map(|who| format!("others than administrators may read or write it ({who})")),
        Err(cause) => Some(format!("nobody can tell who may read it ({cause})")),
    }
}

/// How many bytes it takes on the disk.
pub fn taken(found: &Metadata) -> u64 {
    found.file_size().next_multiple_of(CLUSTER)
}

/// The number of the volume that a path is on.
///
/// # Errors
/// When there is no such path.
pub fn file_system(path: &Path) -> io::Result<u64> {
    files::volume(path)
}

/// How many bytes are free on the volume of a path.
///
/// # Errors
/// When there is no such path.
pub fn free(path: &Path) -> io::Result<u64> {
    files::free(path)
}
