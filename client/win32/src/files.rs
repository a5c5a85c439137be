//! Volumes and what is free on them; files that wait for a reboot.

use std::io;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Storage::FileSystem::{
    GetDiskFreeSpaceExW, GetVolumeInformationW, GetVolumePathNameW, SetFileAttributesW,
};

use super::{done, wide};

/// How many bytes are free for the user of the process.
///
/// # Errors
/// When there is no such folder.
pub fn free(folder: &Path) -> io::Result<u64> {
    let (folder, mut free) = (wide(folder), 0);
    // SAFETY: the name ends with a zero, and the place for the number is ours; the others are not asked for.
    done(unsafe { GetDiskFreeSpaceExW(folder.as_ptr(), &mut free, null_mut(), null_mut()) })?;
    Ok(free)
}

/// Sets the attributes of a file or folder, as Windows numbers them.
///
/// # Errors
/// When there is no such path, or it may not be changed.
pub fn set_attributes(path: &Path, attributes: u32) -> io::Result<()> {
    let path = wide(path);
    // SAFETY: the name ends with a zero.
    done(unsafe { SetFileAttributesW(path.as_ptr(), attributes) })
}

/// The number of the volume that a path is on.
///
/// # Errors
/// When there is no such path.
pub fn volume(path: &Path) -> io::Result<u64> {
    let (path, mut root, mut number) = (wide(path), [0_u16; 1024], 0);
    // SAFETY: the name ends with a zero, and the length of the buffer is told.
    done(unsafe { GetVolumePathNameW(path.as_ptr(), root.as_mut_ptr(), 1024) })?;
    // SAFETY: the name is what was answered; all but the number is not asked for.
    let answer = unsafe {
        GetVolumeInformationW(root.as_ptr(), null_mut(), 0, &mut number, null_mut(), null_mut(), null_mut(), 0)
    };
    done(answer)?;
    Ok(u64::from(number))
}
