//! What is known of a file beside its content: times, attributes, owner and access list.

use std::fs::{File, FileTimes, Metadata};
use std::io;
use std::os::windows::fs::{FileTimesExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use consignee_win32::{files, security};
use serde::{Deserialize, Serialize};

/// `FILE_FLAG_BACKUP_SEMANTICS` and `FILE_FLAG_OPEN_REPARSE_POINT` of winbase.h: folders too, whatever their lists
/// say, and links themselves.
pub const AS_BACKUP: u32 = 0x0220_0000;
/// `FILE_WRITE_ATTRIBUTES` of winnt.h.
const CHANGE_ATTRIBUTES: u32 = 0x100;
/// Read-only, hidden, system, archive, not indexed: those that can be set.
const SETTABLE: u32 = 0x2027;
const READ_ONLY: u32 = 0x1;
const NORMAL: u32 = 0x80;
/// The beginning of 1970 in FILETIME: 100 ns since 1601.
const EPOCH: u64 = 116_444_736_000_000_000;

/// Of one file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// When it was made, in 100 ns since 1601.
    pub created: u64,
    /// When its content was changed.
    pub modified: u64,
    /// Those that can be set, as Windows numbers them.
    pub attributes: u32,
    /// Owner, group and access list, as SDDL writes them.
    pub access: String,
}

impl Traits {
    /// Those that a file has.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn of(path: &Path, found: &Metadata) -> io::Result<Self> {
        Ok(Self {
            created: found.creation_time(),
            modified: found.last_write_time(),
            attributes: found.file_attributes() & SETTABLE,
            access: security::written(path)?,
        })
    }

    /// Gives a file these. The access list comes last: it may leave the agent out.
    ///
    /// # Errors
    /// When it may not be changed.
    pub fn set(&self, path: &Path) -> io::Result<()> {
        let times = FileTimes::new().set_created(moment(self.created)).set_modified(moment(self.modified));
        File::options().access_mode(CHANGE_ATTRIBUTES).custom_flags(AS_BACKUP).open(path)?.set_times(times)?;
        files::set_attributes(path, if self.attributes == 0 { NORMAL } else { self.attributes })?;
        security::write(path, &self.access)
    }

    /// Lets a file be removed.
    ///
    /// # Errors
    /// When it may not be changed.
    pub fn unprotect(path: &Path) -> io::Result<()> {
        let attributes = path.symlink_metadata()?.file_attributes();
        if attributes & READ_ONLY == 0 {
            Ok(())
        } else {
            files::set_attributes(path, attributes & SETTABLE & !READ_ONLY)
        }
    }

    /// Whether a file has what a backup must bring back. When it was made is only an attempt, and whether its list was
    /// inherited when it was written says nothing of who may do what.
    pub fn are_alike(was: Option<&Self>, is: Option<&Self>) -> bool {
        let known = |traits: &Self| (traits.modified, traits.attributes, plain(&traits.access));
        was.map(known) == is.map(known)
    }
}

/// Without the flags that say how the list came about ("SDDL: ACL format" of Windows' documentation).
fn plain(access: &str) -> String {
    let Some((before, list)) = access.split_once("D:") else { return access.to_owned() };
    let (flags, entries) = list.split_at(list.find('(').unwrap_or(list.len()));
    format!("{before}D:{}{}", flags.replace("AI", "").replace("AR", ""), entries.replace("ID;", ";"))
}

fn moment(time: u64) -> SystemTime {
    let ticks = |ticks: u64| Duration::from_secs(ticks / 10_000_000) + Duration::from_nanos(ticks % 10_000_000 * 100);
    match time.checked_sub(EPOCH) {
        Some(since) => UNIX_EPOCH + ticks(since),
        None => UNIX_EPOCH - ticks(EPOCH - time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_list_came_about_is_no_difference() {
        let before = "O:SYG:SYD:AI(A;OICIID;FA;;;SY)(A;ID;FR;;;BU)";
        assert_eq!(plain(before), plain("O:SYG:SYD:(A;OICI;FA;;;SY)(A;;FR;;;BU)"));
        assert_ne!(plain(before), plain("O:SYG:SYD:P(A;OICI;FA;;;SY)(A;;FR;;;BU)"));
        assert_ne!(plain(before), plain("O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;ID;FR;;;BU)"));
    }
}
