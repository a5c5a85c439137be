//! A program and all that it starts, ended together: a job object.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::ptr::null;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_JOB_MEMORY, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::CREATE_SUSPENDED;

use super::{done, process};

/// Programs that end together, at the latest with this.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// One with nothing in it yet; `memory` is what all of it may take together, in bytes.
    ///
    /// # Errors
    /// When there can be none.
    pub fn new(memory: Option<u64>) -> io::Result<Self> {
        // SAFETY: neither a name nor a descriptor is given.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was made here, and nobody else closes it.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        job.limit(memory)?;
        Ok(job)
    }

    fn limit(&self, memory: Option<u64>) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        if let Some(bytes) = memory {
            limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
            limits.JobMemoryLimit = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        let length = u32::try_from(size_of_val(&limits)).unwrap_or(0);
        // SAFETY: the kind of the information and its length are those of the value.
        done(unsafe {
            let limits = std::ptr::from_ref(&limits).cast();
            SetInformationJobObject(self.0.as_raw_handle(), JobObjectExtendedLimitInformation, limits, length)
        })
    }

    /// Starts a program in it. Nothing of the program runs before it is in: what it starts is in as well.
    /// `flags` are those of `CreateProcessW`, which replace what the command has.
    ///
    /// # Errors
    /// When it cannot be started, or not be taken in.
    pub fn start(&self, command: &mut Command, flags: u32) -> io::Result<Child> {
        let mut child = command.creation_flags(flags | CREATE_SUSPENDED).spawn()?;
        let begun = self.take(&child).and_then(|()| process::resume(child.id()));
        if begun.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        begun.map(|()| child)
    }

    fn take(&self, child: &Child) -> io::Result<()> {
        // SAFETY: both handles are open.
        done(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), child.as_raw_handle()) })
    }

    /// Ends all of it.
    ///
    /// # Errors
    /// When it may not be ended.
    pub fn end(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        done(unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) })
    }
}
