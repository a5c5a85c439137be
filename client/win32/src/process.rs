//! Processes, by their numbers.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::SystemInformation::{ComputerNamePhysicalDnsHostname, GetComputerNameExW};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
    QueryFullProcessImageNameW, WaitForSingleObject,
};

use super::{done, narrow};

/// Waits for the end of a process, no longer than the limit; whether it is gone.
///
/// # Errors
/// When it cannot be looked at.
pub fn wait(pid: u32, limit: Duration) -> io::Result<bool> {
    let process = open(pid, PROCESS_SYNCHRONIZE)?;
    let milliseconds = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX - 1);
    // SAFETY: the handle is open.
    Ok(unsafe { WaitForSingleObject(process.as_raw_handle(), milliseconds) } == WAIT_OBJECT_0)
}

/// The file that a process runs.
///
/// # Errors
/// When it cannot be looked at.
pub fn program(pid: u32) -> io::Result<String> {
    let process = open(pid, PROCESS_QUERY_LIMITED_INFORMATION)?;
    let (mut name, mut length) = (vec![0_u16; 32768], 32768);
    // SAFETY: the handle is open, and the length of the buffer is told.
    done(unsafe {
        QueryFullProcessImageNameW(process.as_raw_handle(), PROCESS_NAME_WIN32, name.as_mut_ptr(), &mut length)
    })?;
    Ok(narrow(&name[..length as usize]))
}

/// What this host is called.
pub fn host_name() -> String {
    let (mut name, mut length) = ([0_u16; 256], 256);
    // SAFETY: the length of the buffer is told.
    let told = unsafe { GetComputerNameExW(ComputerNamePhysicalDnsHostname, name.as_mut_ptr(), &mut length) };
    if told == 0 { String::new() } else { narrow(&name) }
}

fn open(pid: u32, rights: u32) -> io::Result<OwnedHandle> {
    // SAFETY: a number that is no process is answered with null.
    let handle = unsafe { OpenProcess(rights, 0, pid) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was opened here, and nobody else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
