//! Who may write or read a file: its owner and its access list.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_READ, GENERIC_WRITE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, ConvertSidToStringSidW,
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT, SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, EqualSid, GROUP_SECURITY_INFORMATION, GetAce,
    INHERIT_ONLY_ACE, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID,
    SetFileSecurityW, WinBuiltinAdministratorsSid, WinLocalSystemSid,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_READ_DATA, FILE_WRITE_DATA, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::ACCESS_ALLOWED_ACE_TYPE;

use super::token::{Sid, user, well_known};
use super::{done, numbered, wide};

/// All that the system and administrators may, and nobody else anything, with what is below it.
pub const PRIVATE: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
/// Everybody may read, and enter.
pub const PUBLIC: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)";

/// `NT SERVICE\TrustedInstaller`, the owner of what Windows itself installed.
const TRUSTED_INSTALLER: &str = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
const CHANGES: u32 = GENERIC_ALL
    | GENERIC_WRITE
    | FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_DELETE_CHILD
    | DELETE
    | WRITE_DAC
    | WRITE_OWNER;
const ALL: u32 = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
const READS: u32 = GENERIC_READ | FILE_READ_DATA;

/// A descriptor that Windows has allocated.
pub(crate) struct Descriptor(pub(crate) PSECURITY_DESCRIPTOR);

impl Descriptor {
    /// As SDDL writes it.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let (text, mut descriptor) = (wide(text), null_mut());
        // SAFETY: the text ends with a zero, and the place for the answer is ours.
        done(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                null_mut(),
            )
        })?;
        Ok(Self(descriptor))
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: it was allocated with LocalAlloc, and nobody else frees it.
        unsafe { LocalFree(self.0) };
    }
}

/// Who beside the system, administrators and the user of the process may change a file, as a name for people.
///
/// # Errors
/// When it cannot be told.
pub fn who_else_changes(path: &Path) -> io::Result<Option<String>> {
    who_else(path, CHANGES)
}

/// Who beside them may read or change it.
///
/// # Errors
/// When it cannot be told.
pub fn who_else_reads(path: &Path) -> io::Result<Option<String>> {
    who_else(path, CHANGES | READS)
}

/// Replaces the access list of a file or folder by one that is written as SDDL; nothing is inherited from above.
///
/// # Errors
/// When it may not be.
pub fn protect(path: &Path, list: &str) -> io::Result<()> {
    let (path, descriptor) = (wide(path), Descriptor::parse(list)?);
    let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    // SAFETY: the name ends with a zero, and the descriptor lives until the end of the block.
    done(unsafe { SetFileSecurityW(path.as_ptr(), what, descriptor.0) })
}

/// Owner, group and access list of a file or folder, as SDDL writes them.
///
/// # Errors
/// When they may not be read.
pub fn written(path: &Path) -> io::Result<String> {
    let (name, mut descriptor) = (wide(path), null_mut());
    // SAFETY: the name ends with a zero, and the place for the answer is ours.
    numbered(unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            ALL,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &mut descriptor,
        )
    })?;
    let (descriptor, mut text) = (Descriptor(descriptor), null_mut());
    // SAFETY: the descriptor is a whole one; what is answered ends with a zero and is freed here.
    unsafe {
        done(ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor.0,
            SDDL_REVISION_1,
            ALL,
            &mut text,
            null_mut(),
        ))?;
        let written = super::text(text);
        LocalFree(text.cast());
        Ok(written)
    }
}

/// Gives a file or folder what [`written`] said, entry by entry. Nothing that is below it is touched.
///
/// # Errors
/// When it may not be.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let (path, descriptor) = (wide(path), Descriptor::parse(text)?);
    // SAFETY: the name ends with a zero, and the descriptor lives until the end of the block.
    done(unsafe { SetFileSecurityW(path.as_ptr(), ALL, descriptor.0) })
}

/// Who owns what is open, where that is neither the system nor the administrators.
pub(crate) fn strange_owner(open: &OwnedHandle) -> io::Result<Option<String>> {
    let (mut owner, mut descriptor) = (null_mut(), null_mut());
    // SAFETY: the handle is open, and the places for the answers are ours.
    numbered(unsafe {
        GetSecurityInfo(
            open.as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &mut descriptor,
        )
    })?;
    let _descriptor = Descriptor(descriptor);
    let known = [well_known(WinBuiltinAdministratorsSid)?, well_known(WinLocalSystemSid)?];
    // SAFETY: the owner lies in the descriptor, which lives until the end of this function.
    Ok(unsafe { stranger(owner, &known) })
}

fn who_else(path: &Path, rights: u32) -> io::Result<Option<String>> {
    let (name, mut owner, mut list, mut descriptor) = (wide(path), null_mut(), null_mut(), null_mut());
    let what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    // SAFETY: the name ends with a zero, and the places for the answers are ours.
    let answer = unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            what,
            &mut owner,
            null_mut(),
            &mut list,
            null_mut(),
            &mut descriptor,
        )
    };
    numbered(answer)?;
    let _descriptor = Descriptor(descriptor);
    let known = [well_known(WinBuiltinAdministratorsSid)?, well_known(WinLocalSystemSid)?, user()?];
    // SAFETY: owner and list lie in the descriptor, which lives until the end of this function.
    unsafe {
        if let Some(name) = stranger(owner, &known) {
            return Ok(Some(format!("{name}, who owns it")));
        }
        // No list at all: everybody may do everything.
        if list.is_null() {
            return Ok(Some("everybody".to_owned()));
        }
        Ok(entries(list).into_iter().filter(|(_, mask)| mask & rights != 0).find_map(|(sid, _)| stranger(sid, &known)))
    }
}

/// The entries that allow something here: whom, and what.
///
/// # Safety
/// The list is a whole one.
unsafe fn entries(list: *const ACL) -> Vec<(PSID, u32)> {
    let mut found = Vec::new();
    // SAFETY: `GetAce` answers a pointer into the list, to an entry whose kind its head tells.
    unsafe {
        for index in 0..u32::from((*list).AceCount) {
            let mut entry = null_mut();
            if GetAce(list, index, &mut entry) == 0 {
                continue;
            }
            let head = *entry.cast::<ACE_HEADER>();
            let is_here = u32::from(head.AceFlags) & INHERIT_ONLY_ACE == 0;
            if is_here && u32::from(head.AceType) == ACCESS_ALLOWED_ACE_TYPE {
                let allowed = entry.cast::<ACCESS_ALLOWED_ACE>();
                found.push((std::ptr::addr_of_mut!((*allowed).SidStart).cast(), (*allowed).Mask));
            }
        }
    }
    found
}

/// The name of an identity that is none of these, nor Windows' own installer.
///
/// # Safety
/// It points to a whole identity.
unsafe fn stranger(sid: PSID, known: &[Sid]) -> Option<String> {
    // SAFETY: both are whole identities.
    let is_known = known.iter().any(|one| unsafe { EqualSid(sid, one.as_ptr().cast_mut().cast()) } != 0);
    if is_known {
        return None;
    }
    // SAFETY: as above.
    let name = unsafe { name(sid) };
    (name != TRUSTED_INSTALLER).then_some(name)
}

/// # Safety
/// It points to a whole identity.
unsafe fn name(sid: PSID) -> String {
    let mut text = null_mut();
    // SAFETY: the place for the answer is ours; what is answered ends with a zero and is freed here.
    unsafe {
        if ConvertSidToStringSidW(sid, &mut text) == 0 {
            return "somebody unknown".to_owned();
        }
        let name = super::text(text);
        LocalFree(text.cast());
        name
    }
}
