//! What the agent needs of Windows that has no safe crate: a pipe that only administrators can open, who may write
//! a file, acting as somebody else, how much room there is, the end of a process and of all that it started, who holds
//! a file, the registry, when and as whom a service is started, the Event Log.
//!
//! Every function is safe to call. Pointers live in the block that uses them, and handles in [`std::os::windows`]'s
//! own types, which close them.

#![cfg(windows)]

pub mod access;
pub mod console;
pub mod event_log;
pub mod files;
pub mod holders;
pub mod job;
pub mod logon;
pub mod pipe;
pub mod process;
pub mod registry;
pub mod security;
pub mod services;
pub mod token;

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;

/// Text as Windows reads it: UTF-16 with a zero at its end.
fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// The text before the first zero.
fn narrow(text: &[u16]) -> String {
    let end = text.iter().position(|unit| *unit == 0).unwrap_or(text.len());
    String::from_utf16_lossy(&text[..end])
}

/// The text that somebody points to, up to its zero; nothing where he points nowhere.
///
/// # Safety
/// It ends with a zero.
unsafe fn text(start: *const u16) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: nothing behind the zero is looked at.
    unsafe {
        let length = (0..).take_while(|at| *start.add(*at) != 0).count();
        String::from_utf16_lossy(std::slice::from_raw_parts(start, length))
    }
}

/// Of a call that answers whether it went well.
fn done(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Of a call that answers an error number.
fn numbered(error: u32) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error.cast_signed())) }
}
