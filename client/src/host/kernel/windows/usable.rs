//! A folder that is about to be written into: whether it takes a file.

use std::fs::{self, File};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use crate::host::HostError;
use crate::host::folder::Unusable;

/// A file that is there for a moment.
const PROBE: &str = ".consignee";
/// `GENERIC_WRITE` and `DELETE` of winnt.h.
const WRITE_AND_DELETE: u32 = 0x4001_0000;
/// `FILE_FLAG_DELETE_ON_CLOSE` of winbase.h: it is gone whatever becomes of the agent.
const FOR_A_MOMENT: u32 = 0x0400_0000;

/// Whether a folder takes a file. One that is not there yet can still be made.
///
/// # Errors
/// None; that nobody can try is an answer of the system's.
pub fn try_to_write(folder: &Path) -> Result<Option<Unusable>, HostError> {
    match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(leads_nowhere(folder)),
        Err(error) => Ok(Some(Unusable::Refused(error.to_string()))),
        Ok(found) if !found.is_dir() => Ok(Some(Unusable::NotAFolder)),
        Ok(_) => Ok(put_a_file_into(folder)),
    }
}

fn leads_nowhere(folder: &Path) -> Option<Unusable> {
    folder.read_link().ok().map(Unusable::LeadsNowhere)
}

fn put_a_file_into(folder: &Path) -> Option<Unusable> {
    let probe = folder.join(format!("{PROBE}.{}", std::process::id()));
    let mut options = File::options();
    options.write(true).create_new(true).access_mode(WRITE_AND_DELETE).custom_flags(FOR_A_MOMENT);
    match options.open(&probe) {
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::StorageFull => None,
        Err(error) => Some(Unusable::Refused(error.to_string())),
    }
}

/// Whether the volume of a path answers: a local one does, and Windows gives up on the others by itself.
pub fn answers(_path: &Path) -> bool {
    true
}
