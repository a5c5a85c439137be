//! The registry of the machine, as 64-bit programs see it. It is only read.

use std::io;
use std::ptr::{null, null_mut};
use std::time::{Duration, SystemTime};

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS, FILETIME};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, REG_NOTIFY_CHANGE_LAST_SET, REG_NOTIFY_CHANGE_NAME,
    RRF_RT_REG_MULTI_SZ, RRF_RT_REG_SZ, RegCloseKey, RegEnumKeyExW, RegGetValueW, RegNotifyChangeKeyValue,
    RegOpenKeyExW, RegQueryInfoKeyW,
};

use super::{narrow, numbered, wide};

/// A key below `HKEY_LOCAL_MACHINE`.
#[derive(Debug)]
pub struct Key(HKEY);

impl Key {
    /// Opens it; `None` where there is none.
    ///
    /// # Errors
    /// When it may not be read.
    pub fn open(path: &str) -> io::Result<Option<Self>> {
        let (path, mut key) = (wide(path), null_mut());
        // SAFETY: the name ends with a zero, and the place for the answer is ours.
        match unsafe { RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.as_ptr(), 0, KEY_READ | KEY_WOW64_64KEY, &mut key) } {
            ERROR_FILE_NOT_FOUND => Ok(None),
            answer => numbered(answer).map(|()| Some(Self(key))),
        }
    }

    /// A text in it.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn text(&self, name: &str) -> io::Result<Option<String>> {
        Ok(self.value(name, RRF_RT_REG_SZ)?.map(|units| narrow(&units)))
    }

    /// A list of texts in it. Empty ones count.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn texts(&self, name: &str) -> io::Result<Option<Vec<String>>> {
        let units = self.value(name, RRF_RT_REG_MULTI_SZ)?;
        Ok(units.map(|units| units.split(|unit| *unit == 0).map(String::from_utf16_lossy).collect()))
    }

    /// The names of the keys in it.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn keys(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        loop {
            // No key has a longer name.
            let (mut name, mut length) = ([0_u16; 256], 256);
            let index = u32::try_from(names.len()).map_err(io::Error::other)?;
            // SAFETY: the length of the buffer is told, and nothing else is asked for.
            let answer = unsafe {
                RegEnumKeyExW(self.0, index, name.as_mut_ptr(), &mut length, null(), null_mut(), null_mut(), null_mut())
            };
            match answer {
                ERROR_NO_MORE_ITEMS => return Ok(names),
                answer => numbered(answer)?,
            }
            names.push(narrow(&name));
        }
    }

    /// Waits until something in it, or below it, is changed.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub fn wait_for_change(&self) -> io::Result<()> {
        let what = REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET;
        // SAFETY: without an event the call returns once there is a change.
        numbered(unsafe { RegNotifyChangeKeyValue(self.0, 1, what, null_mut(), 0) })
    }

    /// When it, or a value in it, was last changed.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn changed(&self) -> io::Result<SystemTime> {
        let mut time = FILETIME::default();
        // SAFETY: nothing but the time is asked for, and the place for it is ours.
        numbered(unsafe {
            RegQueryInfoKeyW(
                self.0,
                null_mut(),
                null_mut(),
                null(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                null_mut(),
                &mut time,
            )
        })?;
        let ticks = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        Ok(SystemTime::UNIX_EPOCH + since_1970(ticks))
    }

    fn value(&self, name: &str, kind: u32) -> io::Result<Option<Vec<u16>>> {
        let name = wide(name);
        let mut bytes = 512_u32;
        loop {
            let mut units = vec![0_u16; bytes.div_ceil(2) as usize];
            // SAFETY: the name ends with a zero, and the buffer has as many bytes as told.
            let answer = unsafe {
                RegGetValueW(self.0, null(), name.as_ptr(), kind, null_mut(), units.as_mut_ptr().cast(), &mut bytes)
            };
            match answer {
                ERROR_FILE_NOT_FOUND => return Ok(None),
                ERROR_MORE_DATA => bytes = bytes.saturating_mul(2),
                answer => {
                    numbered(answer)?;
                    units.truncate((bytes / 2) as usize);
                    return Ok(Some(units));
                }
            }
        }
    }
}

/// From 100 ns since 1601 to the time since 1970.
fn since_1970(ticks: u64) -> Duration {
    const YEARS: u64 = 11_644_473_600 * 10_000_000;
    let ticks = ticks.saturating_sub(YEARS);
    Duration::new(ticks / 10_000_000, u32::try_from(ticks % 10_000_000 * 100).unwrap_or(0))
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it was opened here.
        unsafe { RegCloseKey(self.0) };
    }
}
