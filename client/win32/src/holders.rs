//! Who holds a file: the Restart Manager, which is only asked. It never stops anybody here.

use std::io;
use std::path::Path;
use std::ptr::null;

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS};
use windows_sys::Win32::System::RestartManager::{
    CCH_RM_SESSION_KEY, RM_PROCESS_INFO, RmEndSession, RmGetList, RmRegisterResources, RmStartSession,
};

use super::{narrow, numbered, wide};

/// A process that has one of the files open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// What it is called for people.
    pub name: String,
    /// The service that it is.
    pub service: Option<String>,
}

/// Everybody who has one of these files open.
///
/// # Errors
/// When it cannot be told.
pub fn of(files: &[&Path]) -> io::Result<Vec<Holder>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let session = Session::begin()?;
    session.register(files)?;
    session.list()
}

struct Session(u32);

impl Session {
    fn begin() -> io::Result<Self> {
        let (mut session, mut key) = (0, [0_u16; CCH_RM_SESSION_KEY as usize + 1]);
        // SAFETY: the buffer has the length that the call asks for.
        numbered(unsafe { RmStartSession(&mut session, 0, key.as_mut_ptr()) })?;
        Ok(Self(session))
    }

    /// All at once: every call of it is written to disk.
    fn register(&self, files: &[&Path]) -> io::Result<()> {
        let names: Vec<Vec<u16>> = files.iter().map(wide).collect();
        let pointers: Vec<*const u16> = names.iter().map(Vec::as_ptr).collect();
        let count = u32::try_from(pointers.len()).map_err(io::Error::other)?;
        // SAFETY: there are as many names as told, each with a zero at its end, and they live until the end of this.
        numbered(unsafe { RmRegisterResources(self.0, count, pointers.as_ptr(), 0, null(), 0, null()) })
    }

    fn list(&self) -> io::Result<Vec<Holder>> {
        let mut room = 16;
        loop {
            let mut found = vec![RM_PROCESS_INFO::default(); room as usize];
            let (mut needed, mut count, mut reasons) = (0, room, 0);
            // SAFETY: there is as much room as told.
            let answer = unsafe { RmGetList(self.0, &mut needed, &mut count, found.as_mut_ptr(), &mut reasons) };
            match answer {
                ERROR_SUCCESS => return Ok(found.iter().take(count as usize).map(holder).collect()),
                // There are more than a moment ago.
                ERROR_MORE_DATA => room = needed + 8,
                error => return numbered(error).map(|()| Vec::new()),
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: it was begun here.
        unsafe { RmEndSession(self.0) };
    }
}

fn holder(found: &RM_PROCESS_INFO) -> Holder {
    let service = narrow(&found.strServiceShortName);
    Holder {
        pid: found.Process.dwProcessId,
        name: narrow(&found.strAppName),
        service: (!service.is_empty()).then_some(service),
    }
}
