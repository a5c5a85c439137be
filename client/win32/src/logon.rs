//! Acting for a moment as somebody else: an account of the system's that has no password, of a service for one.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_sys::Win32::Security::{
    ImpersonateLoggedOnUser, LOGON32_LOGON_SERVICE, LOGON32_PROVIDER, LOGON32_PROVIDER_DEFAULT, LogonUserW,
    RevertToSelf,
};

use super::{done, wide};

/// `LOGON32_PROVIDER_VIRTUAL` of winbase.h: who logs services and application pools on.
const VIRTUAL: LOGON32_PROVIDER = 4;

/// Somebody who is logged on.
#[derive(Debug)]
pub struct Logon(OwnedHandle);

/// As long as it lives this thread acts as somebody else.
struct Acting;

impl Logon {
    /// Logs an account on as the service control manager does it: `NT AUTHORITY` with `LocalService` or
    /// `NetworkService`, `NT SERVICE` with a service, `IIS APPPOOL` with an application pool. It takes the rights of
    /// the system.
    ///
    /// # Errors
    /// When it may not be, or has a password.
    pub fn of_service(domain: &str, name: &str) -> io::Result<Self> {
        let is_of_system = domain.eq_ignore_ascii_case("NT AUTHORITY");
        let provider = if is_of_system { LOGON32_PROVIDER_DEFAULT } else { VIRTUAL };
        let (domain, name, password, mut token) = (wide(domain), wide(name), wide(""), null_mut());
        // SAFETY: the texts end with a zero, and the place for the answer is ours.
        done(unsafe {
            LogonUserW(name.as_ptr(), domain.as_ptr(), password.as_ptr(), LOGON32_LOGON_SERVICE, provider, &mut token)
        })?;
        // SAFETY: it was opened here, and nobody else closes it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(token) }))
    }

    /// Does something as this account, in this thread alone.
    ///
    /// # Errors
    /// When nobody can act as it.
    pub fn act<T>(&self, what: impl FnOnce() -> T) -> io::Result<T> {
        // SAFETY: the token is open.
        done(unsafe { ImpersonateLoggedOnUser(self.0.as_raw_handle()) })?;
        let _acting = Acting;
        Ok(what())
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        // SAFETY: it takes nothing. Whoever cannot become himself again must not go on as somebody else.
        if unsafe { RevertToSelf() } == 0 {
            std::process::abort();
        }
    }
}
