//! Whose process this is.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, CheckTokenMembership, CreateWellKnownSid, GetSidSubAuthority, GetSidSubAuthorityCount,
    GetTokenInformation, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, PSID, SE_PRIVILEGE_ENABLED,
    TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY, TOKEN_USER, TokenUser, WELL_KNOWN_SID_TYPE,
    WinBuiltinAdministratorsSid, WinLocalSystemSid,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::Win32::System::WindowsProgramming::GetUserNameW;

use super::{done, narrow, wide};

/// The longest identity there is (`SECURITY_MAX_SID_SIZE`), aligned.
pub(crate) type Sid = [u32; 17];

/// Whether the process may change what is the system's: it is the system, or an administrator's whose rights are in
/// force.
pub fn is_privileged() -> bool {
    is_member(WinBuiltinAdministratorsSid) || is_member(WinLocalSystemSid)
}

/// The name of its user.
pub fn user_name() -> String {
    let (mut name, mut length) = ([0_u16; 257], 257);
    // SAFETY: the length of the buffer is told.
    let told = unsafe { GetUserNameW(name.as_mut_ptr(), &mut length) };
    if told == 0 { String::new() } else { narrow(&name) }
}

/// The last number of the identity of its user, which tells the users of one host apart.
///
/// # Errors
/// When it cannot be told.
pub fn user_number() -> io::Result<u32> {
    let user = user()?;
    let sid = std::ptr::from_ref(&user).cast_mut().cast();
    // SAFETY: the identity is a whole one, which has as many numbers as it says.
    Ok(unsafe {
        let count = *GetSidSubAuthorityCount(sid);
        *GetSidSubAuthority(sid, u32::from(count.saturating_sub(1)))
    })
}

/// Puts rights in force that the process has and has not asked for, by their names (`SeBackupPrivilege`).
///
/// # Errors
/// When it has not one of them.
pub fn enable(privileges: &[&str]) -> io::Result<()> {
    let mut handle = null_mut();
    // SAFETY: the handle of the own process needs no closing, and the place for the answer is ours.
    done(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &mut handle) })?;
    // SAFETY: it was opened here, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(handle) };
    for privilege in privileges {
        let (name, mut number) = (wide(privilege), LUID::default());
        // SAFETY: the name ends with a zero, and the place for the answer is ours.
        done(unsafe { LookupPrivilegeValueW(null(), name.as_ptr(), &mut number) })?;
        let one = LUID_AND_ATTRIBUTES { Luid: number, Attributes: SE_PRIVILEGE_ENABLED };
        let wanted = TOKEN_PRIVILEGES { PrivilegeCount: 1, Privileges: [one] };
        // SAFETY: the token is open; what was before is not asked for.
        done(unsafe { AdjustTokenPrivileges(token.as_raw_handle(), 0, &wanted, 0, null_mut(), null_mut()) })?;
        // It answers that all is well where the process has no such right.
        let told = io::Error::last_os_error();
        if told.raw_os_error() == Some(ERROR_NOT_ALL_ASSIGNED.cast_signed()) {
            return Err(told);
        }
    }
    Ok(())
}

/// The identity of the user of this process.
pub(crate) fn user() -> io::Result<Sid> {
    let mut handle = null_mut();
    // SAFETY: the handle of the own process needs no closing, and the place for the answer is ours.
    done(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut handle) })?;
    // SAFETY: it was opened here, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(handle) };
    let (mut found, mut length) = ([0_u64; 32], 0);
    // SAFETY: the length of the buffer is told, and it is aligned for what is answered.
    done(unsafe {
        let room = u32::try_from(size_of_val(&found)).unwrap_or(0);
        GetTokenInformation(token.as_raw_handle(), TokenUser, found.as_mut_ptr().cast(), room, &mut length)
    })?;
    // SAFETY: `TokenUser` answers a `TOKEN_USER`, whose identity lies behind it in the same buffer.
    unsafe { Ok(copy((*found.as_ptr().cast::<TOKEN_USER>()).User.Sid)) }
}

/// # Safety
/// It points to a whole identity.
pub(crate) unsafe fn copy(sid: PSID) -> Sid {
    let mut copied: Sid = [0; 17];
    // SAFETY: an identity is 8 bytes and 4 for each of its numbers, of which there are 15 at most.
    unsafe {
        let numbers = usize::from(*GetSidSubAuthorityCount(sid)).min(15);
        std::ptr::copy_nonoverlapping(sid.cast::<u32>(), copied.as_mut_ptr(), 2 + numbers);
    }
    copied
}

/// One that is the same on every host.
pub(crate) fn well_known(kind: WELL_KNOWN_SID_TYPE) -> io::Result<Sid> {
    let mut sid: Sid = [0; 17];
    let mut length = u32::try_from(size_of_val(&sid)).unwrap_or(0);
    // SAFETY: the length of the buffer is told.
    done(unsafe { CreateWellKnownSid(kind, null_mut(), sid.as_mut_ptr().cast(), &mut length) })?;
    Ok(sid)
}

fn is_member(kind: WELL_KNOWN_SID_TYPE) -> bool {
    let (Ok(mut sid), mut answer) = (well_known(kind), 0) else { return false };
    // SAFETY: without a token it is asked of the own process; the identity is a whole one.
    done(unsafe { CheckTokenMembership(null_mut(), sid.as_mut_ptr().cast(), &mut answer) }).is_ok() && answer != 0
}
