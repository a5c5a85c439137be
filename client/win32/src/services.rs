//! The start type of a service, changed and nothing else of it: account, password and program stay as they are.

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::System::Services::{
    ChangeServiceConfig2W, ChangeServiceConfigW, CloseServiceHandle, OpenSCManagerW, OpenServiceW,
    QUERY_SERVICE_CONFIGW, QueryServiceConfig2W, QueryServiceConfigW, SC_HANDLE, SC_MANAGER_CONNECT,
    SERVICE_AUTO_START, SERVICE_CHANGE_CONFIG, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, SERVICE_DELAYED_AUTO_START_INFO,
    SERVICE_NO_CHANGE, SERVICE_QUERY_CONFIG,
};

use super::{done, text, wide};

/// When a service is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartType {
    /// The number that Windows has for it: 2 by itself, 3 by hand, 4 never.
    pub number: u32,
    /// By itself, but only a while after the host has started.
    pub delayed: bool,
}

impl StartType {
    /// By itself.
    pub const AUTOMATIC: Self = Self { number: 2, delayed: false };
    /// Never.
    pub const DISABLED: Self = Self { number: 4, delayed: false };

    /// Whether it is started by itself.
    pub fn is_automatic(self) -> bool {
        self.number <= SERVICE_AUTO_START
    }
}

struct Handle(SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it was opened here.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// When it is started now.
///
/// # Errors
/// When there is no such service, or it may not be looked at.
pub fn start_type(name: &str) -> io::Result<StartType> {
    let service = open(name, SERVICE_QUERY_CONFIG)?;
    let number = configuration(&service, |found| found.dwStartType)?;
    Ok(StartType { number, delayed: is_delayed(&service) })
}

/// Who it runs as, as its configuration has it: `LocalSystem`, `NT AUTHORITY\LocalService`, `ACME\erp$`.
///
/// # Errors
/// When there is no such service, or it may not be looked at.
pub fn account(name: &str) -> io::Result<String> {
    let service = open(name, SERVICE_QUERY_CONFIG)?;
    // SAFETY: it points into the answer, which lives as long as this is called, or nowhere.
    configuration(&service, |found| unsafe { text(found.lpServiceStartName) })
}

fn configuration<T>(service: &Handle, take: impl FnOnce(&QUERY_SERVICE_CONFIGW) -> T) -> io::Result<T> {
    let (mut found, mut needed) = ([0_u64; 1024], 0);
    // SAFETY: the buffer is as long as told, which is the most that the call answers, and aligned for it.
    unsafe {
        let configuration = found.as_mut_ptr().cast::<QUERY_SERVICE_CONFIGW>();
        done(QueryServiceConfigW(service.0, configuration, 8192, &mut needed))?;
        Ok(take(&*configuration))
    }
}

// Windows that does not know the word knows no delay.
fn is_delayed(service: &Handle) -> bool {
    let (mut found, mut needed) = (SERVICE_DELAYED_AUTO_START_INFO::default(), 0);
    let length = u32::try_from(size_of_val(&found)).unwrap_or(0);
    // SAFETY: the kind of the information and its length are those of the value.
    let answer = unsafe {
        let found = std::ptr::from_mut(&mut found).cast();
        QueryServiceConfig2W(service.0, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, found, length, &mut needed)
    };
    answer != 0 && found.fDelayedAutostart != 0
}

/// Sets when it is started.
///
/// # Errors
/// When there is no such service, or it may not be changed.
pub fn set_start_type(name: &str, start: StartType) -> io::Result<()> {
    let service = open(name, SERVICE_CHANGE_CONFIG)?;
    // SAFETY: null stands for what is not changed.
    done(unsafe {
        ChangeServiceConfigW(
            service.0,
            SERVICE_NO_CHANGE,
            start.number,
            SERVICE_NO_CHANGE,
            null(),
            null(),
            null_mut(),
            null(),
            null(),
            null(),
            null(),
        )
    })?;
    if !start.is_automatic() {
        return Ok(());
    }
    let delayed = SERVICE_DELAYED_AUTO_START_INFO { fDelayedAutostart: i32::from(start.delayed) };
    // SAFETY: the kind of the information is that of the value.
    let answer = unsafe {
        let delayed = std::ptr::from_ref(&delayed).cast();
        ChangeServiceConfig2W(service.0, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, delayed)
    };
    if start.delayed { done(answer) } else { Ok(()) }
}

fn open(name: &str, rights: u32) -> io::Result<Handle> {
    // SAFETY: neither a host nor a database is named.
    let manager = handle(unsafe { OpenSCManagerW(null(), null(), SC_MANAGER_CONNECT) })?;
    let name = wide(name);
    // SAFETY: the manager is open, and the name ends with a zero.
    handle(unsafe { OpenServiceW(manager.0, name.as_ptr(), rights) })
}

fn handle(handle: SC_HANDLE) -> io::Result<Handle> {
    if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Handle(handle)) }
}
