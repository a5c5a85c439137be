//! What an identity may do with a folder, read from the access list of that: for identities that nobody can act as.

use std::io;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_WRITE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSidToSidW, GetEffectiveRightsFromAclW, GetNamedSecurityInfoW, SE_FILE_OBJECT, TRUSTEE_IS_SID,
    TRUSTEE_IS_UNKNOWN, TRUSTEE_W,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, EqualSid, GetAce, INHERIT_ONLY_ACE,
    LookupAccountNameW, PSID, SidTypeUnknown,
};
use windows_sys::Win32::Storage::FileSystem::FILE_ADD_FILE;
use windows_sys::Win32::System::SystemServices::{ACCESS_ALLOWED_ACE_TYPE, ACCESS_DENIED_ACE_TYPE};

use super::security::Descriptor;
use super::token::{Sid, copy};
use super::{done, numbered, wide};

/// What it takes to make a file in a folder.
const WRITES: u32 = FILE_ADD_FILE | GENERIC_ALL | GENERIC_WRITE;

/// An identity that rights are given to.
#[derive(Debug, Clone, Copy)]
pub struct Identity(Sid);

impl Identity {
    /// One that is written as `S-1-5-…`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> io::Result<Self> {
        let (text, mut sid) = (wide(text), null_mut());
        // SAFETY: the text ends with a zero; what is answered is a whole identity, which is freed here.
        unsafe {
            done(ConvertStringSidToSidW(text.as_ptr(), &mut sid))?;
            let copied = copy(sid);
            LocalFree(sid);
            Ok(Self(copied))
        }
    }

    /// That of an account by its name, as this host or its domain knows it.
    ///
    /// # Errors
    /// When nobody knows it, or nobody can be asked.
    pub fn of_account(name: &str) -> io::Result<Self> {
        let (name, mut sid, mut domain) = (wide(name), [0; 17], [0_u16; 256]);
        let (mut length, mut characters, mut kind) = (68, 256, SidTypeUnknown);
        // SAFETY: the name ends with a zero, and the lengths of both buffers are told.
        done(unsafe {
            LookupAccountNameW(
                std::ptr::null(),
                name.as_ptr(),
                sid.as_mut_ptr().cast(),
                &mut length,
                domain.as_mut_ptr(),
                &mut characters,
                &mut kind,
            )
        })?;
        Ok(Self(sid))
    }

    fn as_ptr(&self) -> PSID {
        std::ptr::from_ref(&self.0).cast_mut().cast()
    }
}

/// Whether somebody who has just these identities may make a file in a folder: the entries of its list from the first
/// to the last, as Windows reads them.
///
/// # Errors
/// When the list cannot be read.
pub fn may_write(folder: &Path, identities: &[Identity]) -> io::Result<bool> {
    with_list(folder, |list| {
        // No list at all: everybody may do everything.
        if list.is_null() {
            return Ok(true);
        }
        // SAFETY: the list is a whole one, and lives as long as this is called.
        let entries = unsafe { entries(list, identities) };
        Ok(entries.into_iter().find(|(_, mask)| mask & WRITES != 0).is_some_and(|(allows, _)| allows))
    })
}

/// Whether an account may, with the groups that it is in, as Windows itself finds out. Not every group is known to it:
/// those that somebody is in only once he is logged on are not.
///
/// # Errors
/// When it cannot be told.
pub fn may_account_write(folder: &Path, account: &Identity) -> io::Result<bool> {
    with_list(folder, |list| {
        let trustee = TRUSTEE_W {
            TrusteeForm: TRUSTEE_IS_SID,
            TrusteeType: TRUSTEE_IS_UNKNOWN,
            ptstrName: account.as_ptr().cast(),
            ..TRUSTEE_W::default()
        };
        let mut rights = 0;
        // SAFETY: the trustee is a whole identity, and the list a whole one, or none.
        numbered(unsafe { GetEffectiveRightsFromAclW(list, &trustee, &mut rights) })?;
        Ok(list.is_null() || rights & WRITES != 0)
    })
}

fn with_list<T>(folder: &Path, look: impl FnOnce(*const ACL) -> io::Result<T>) -> io::Result<T> {
    let (name, mut list, mut descriptor) = (wide(folder), null_mut(), null_mut());
    // SAFETY: the name ends with a zero, and the places for the answers are ours.
    numbered(unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            null_mut(),
            null_mut(),
            &mut list,
            null_mut(),
            &mut descriptor,
        )
    })?;
    let _descriptor = Descriptor(descriptor);
    look(list)
}

/// The entries here that are about one of the identities: whether each allows, and what.
///
/// # Safety
/// The list is a whole one.
unsafe fn entries(list: *const ACL, identities: &[Identity]) -> Vec<(bool, u32)> {
    let mut found = Vec::new();
    // SAFETY: `GetAce` answers a pointer into the list, to an entry whose kind its head tells; one that denies looks
    // like one that allows.
    unsafe {
        for index in 0..u32::from((*list).AceCount) {
            let mut entry = null_mut();
            if GetAce(list, index, &mut entry) == 0 {
                continue;
            }
            let head = *entry.cast::<ACE_HEADER>();
            let kind = u32::from(head.AceType);
            let is_plain = kind == ACCESS_ALLOWED_ACE_TYPE || kind == ACCESS_DENIED_ACE_TYPE;
            if !is_plain || u32::from(head.AceFlags) & INHERIT_ONLY_ACE != 0 {
                continue;
            }
            let plain = entry.cast::<ACCESS_ALLOWED_ACE>();
            let sid: PSID = std::ptr::addr_of_mut!((*plain).SidStart).cast();
            if identities.iter().any(|identity| EqualSid(sid, identity.as_ptr()) != 0) {
                found.push((kind == ACCESS_ALLOWED_ACE_TYPE, (*plain).Mask));
            }
        }
    }
    found
}
