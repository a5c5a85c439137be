//! Processes, by their numbers.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Win32::Foundation::{INVALID_HANDLE_VALUE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::ProcessStatus::{GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::SystemInformation::{ComputerNamePhysicalDnsHostname, GetComputerNameExW};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, OpenThread, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_SYNCHRONIZE, QueryFullProcessImageNameW, ResumeThread, THREAD_SUSPEND_RESUME, WaitForSingleObject,
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

/// Lets a process run that was made suspended: its first thread is the only one.
///
/// # Errors
/// When it has none, or may not be resumed.
pub fn resume(pid: u32) -> io::Result<()> {
    let thread = first_thread(pid)?;
    // SAFETY: a number that is no thread is answered with null.
    let handle = unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, thread) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was opened here, and nobody else closes it.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    // SAFETY: the handle is open.
    if unsafe { ResumeThread(handle.as_raw_handle()) } == u32::MAX { Err(io::Error::last_os_error()) } else { Ok(()) }
}

// std keeps the handle that `CreateProcessW` gives for it to itself.
fn first_thread(pid: u32) -> io::Result<u32> {
    // SAFETY: nothing is pointed to.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if snapshot == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was made here, and nobody else closes it.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let length = u32::try_from(size_of::<THREADENTRY32>()).unwrap_or(0);
    let mut thread = THREADENTRY32 { dwSize: length, ..THREADENTRY32::default() };
    // SAFETY: the handle is open, and the entry tells its length.
    let mut found = unsafe { Thread32First(snapshot.as_raw_handle(), &mut thread) };
    while found != 0 {
        if thread.th32OwnerProcessID == pid {
            return Ok(thread.th32ThreadID);
        }
        // SAFETY: as above.
        found = unsafe { Thread32Next(snapshot.as_raw_handle(), &mut thread) };
    }
    Err(io::ErrorKind::NotFound.into())
}

/// How much memory this process has in use, in bytes: its working set.
///
/// # Errors
/// When it cannot be told.
pub fn memory() -> io::Result<usize> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let length = u32::try_from(size_of_val(&counters)).unwrap_or(0);
    // SAFETY: the handle of the own process needs no closing, and the length of the answer's place is told.
    done(unsafe { GetProcessMemoryInfo(GetCurrentProcess(), &mut counters, length) })?;
    Ok(counters.WorkingSetSize)
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
